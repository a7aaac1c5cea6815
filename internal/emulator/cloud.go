// Package emulator is the part of AWS that the project uses, in one process: the
// emulated services on one event loop, wired to each other as AWS wires them.
package emulator

import (
	"net/http"
	"time"

	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/autoscaling"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudwatch"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb"
	"github.com/sluice-deploy/sluice/internal/emulator/ecr"
	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/s3"
	"github.com/sluice-deploy/sluice/internal/emulator/scheduler"
	"github.com/sluice-deploy/sluice/internal/emulator/secretsmanager"
	"github.com/sluice-deploy/sluice/internal/emulator/sns"
	"github.com/sluice-deploy/sluice/internal/emulator/sqs"
	"github.com/sluice-deploy/sluice/internal/emulator/ssm"
	"github.com/sluice-deploy/sluice/internal/emulator/stepfunctions"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Options say what cloud is made. The zero value of a field is its default.
type Options struct {
	Account string // "123456789012"
	Region  string // "us-east-1"

	// Runner runs the containers of tasks and Traffic carries the requests of
	// load balancers. Where one is nil, Cloud.World does it.
	Runner  ecs.Runner
	Traffic elbv2.Traffic

	// Builder does the work of builds; without one StartBuild is refused.
	Builder func(build *buildtypes.Build, done func(codebuild.Result))

	// Action does the work of pipelines' actions that are no approvals; without one
	// they succeed at once.
	Action func(a codepipeline.Action, done func(codepipeline.Result))

	// Latency is how long a request to the cloud travels, and again its answer.
	Latency time.Duration
	// RequestTimeout is when a client stops waiting for an answer; 0 is never.
	RequestTimeout time.Duration
	// ColdStart is how long a function's new environment takes to start.
	ColdStart time.Duration
	// Concurrency is how many functions may run at a time; 0 is AWS's 1,000.
	Concurrency int
	// ProvisionTime is how long a task takes until its containers start; 0 is the
	// ECS emulation's own.
	ProvisionTime time.Duration

	// Faults are the first value of Cloud.Faults.
	Faults Faults
}

// Faults say what goes wrong. A nil one is nothing. They may be set at any time,
// on the loop or while a virtual loop stands still.
type Faults struct {
	// Request is asked for each request of a client when it is sent.
	Request func(c *wire.Call) *wire.Fault
	// Function is asked for each invocation of a function, n counting from 1.
	Function func(name string, n int) lambda.FunctionFault
	// Delivery is asked for each event on its way from a bus to a target.
	Delivery func(e eventbridge.Event, targetARN string) eventbridge.DeliveryFault
	// Stale is asked for each read of a table that is not strongly consistent.
	Stale func(table string) bool
}

// Cloud is an AWS account in one Region. What is called on its services must be
// called on the loop.
type Cloud struct {
	*loop.Loop

	Account string
	Region  string
	Mux     *wire.Mux

	// Faults may be changed.
	Faults Faults
	// Observe, when set, is told on the loop of every request of a client that
	// was answered.
	Observe func(c *wire.Call, in, out any, err error)
	// World runs tasks and carries traffic as a model, unless Options brought
	// others.
	World *model.World
	// Web is the hosts that code in the cloud reaches by HTTP, function URLs among
	// them.
	Web *web.Web

	AutoScaling    *autoscaling.Service
	CloudWatch     *cloudwatch.Service
	CodeBuild      *codebuild.Service
	CodePipeline   *codepipeline.Service
	DynamoDB       *dynamodb.Service
	ECR            *ecr.Service
	ECS            *ecs.Service
	ELBv2          *elbv2.Service
	EventBridge    *eventbridge.Service
	Lambda         *lambda.Service
	S3             *s3.Service
	SNS            *sns.Service
	SQS            *sqs.Service
	SSM            *ssm.Service
	STS            *sts.Service
	Scheduler      *scheduler.Service
	SecretsManager *secretsmanager.Service
	StepFunctions  *stepfunctions.Service

	transport *wire.Transport
}

// New makes an empty cloud.
func New(l *loop.Loop, o Options) *Cloud {
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	c := &Cloud{Loop: l, Account: o.Account, Region: o.Region, Faults: o.Faults, World: model.New(l), Web: web.New(l)}
	if o.Runner == nil {
		o.Runner = c.World
	}
	if o.Traffic == nil {
		o.Traffic = c.World
	}
	c.makeStores()
	c.makeEvents(o)
	c.makeCompute(o)
	c.World.Observe = c.ELBv2.Observe
	c.Mux = wire.NewMux(c.Account, c.Region,
		c.AutoScaling.Wire(), c.CloudWatch.Wire(), c.CodeBuild.Wire(), c.CodePipeline.Wire(), c.DynamoDB.Wire(), c.ECR.Wire(), c.ECS.Wire(),
		c.ELBv2.Wire(), c.EventBridge.Wire(), c.Lambda.Wire(), c.S3.Wire(), c.SNS.Wire(), c.SQS.Wire(), c.SSM.Wire(), c.STS.Wire(),
		c.Scheduler.Wire(), c.SecretsManager.Wire(), c.StepFunctions.Wire(),
	)
	c.transport = wire.NewTransport(l, c.Mux, wire.TransportOptions{
		Latency: o.Latency, Timeout: o.RequestTimeout, Backoff: backoff, Fault: c.requestFault, Observe: c.observe,
	})
	return c
}

// makeStores makes the services that only keep things.
func (c *Cloud) makeStores() {
	c.DynamoDB = dynamodb.New(c.Loop, c.Account, c.Region, dynamodb.Deps{
		Stale: func(table string) bool { return c.Faults.Stale != nil && c.Faults.Stale(table) },
	})
	c.S3 = s3.New(c.Loop, c.Account, c.Region)
	c.SQS = sqs.New(c.Loop, c.Account, c.Region)
	c.SSM = ssm.New(c.Loop, c.Account, c.Region)
	c.SecretsManager = secretsmanager.New(c.Loop, c.Account, c.Region)
	c.STS = sts.New(c.Loop, c.Account, c.Region)
}

// makeEvents makes the services that listen and run.
func (c *Cloud) makeEvents(o Options) {
	c.EventBridge = eventbridge.New(c.Loop, c.Account, c.Region, eventbridge.Deps{
		Deliver: c.deliver, DeadLetter: c.SQS.Send, Fault: c.deliveryFault,
	})
	c.Scheduler = scheduler.New(c.Loop, c.Account, c.Region, scheduler.Deps{
		Deliver: c.deliver, DeadLetter: c.SQS.Send,
	})
	c.Lambda = lambda.New(c.Loop, c.Account, c.Region, lambda.Deps{
		DeadLetter: c.deadLetter, ColdStart: o.ColdStart, Concurrency: o.Concurrency, Fault: c.functionFault,
		Web: c.Web,
	})
	c.SNS = sns.New(c.Loop, c.Account, c.Region, sns.Deps{Queue: c.sendToQueue, Function: c.Lambda.InvokeAsync})
	c.StepFunctions = stepfunctions.New(c.Loop, c.Account, c.Region, stepfunctions.Deps{
		Emit: c.EventBridge.Emit, InvokeLambda: c.invokeLambda, InvokeAPI: c.invokeAPI,
	})
}

// makeCompute makes the services that build and run containers, bring traffic to
// them and watch it.
func (c *Cloud) makeCompute(o Options) {
	emit := c.EventBridge.Emit
	c.CloudWatch = cloudwatch.New(c.Loop, c.Account, c.Region, cloudwatch.Deps{Emit: emit})
	c.CodeBuild = codebuild.New(c.Loop, c.Account, c.Region, codebuild.Deps{Builder: o.Builder, Emit: emit})
	c.CodePipeline = codepipeline.New(c.Loop, c.Account, c.Region, codepipeline.Deps{Emit: emit, Publish: c.publish, Action: o.Action})
	c.ECR = ecr.New(c.Loop, c.Account, c.Region, ecr.Deps{Emit: emit})
	c.ELBv2 = elbv2.New(c.Loop, c.Account, c.Region, elbv2.Deps{Traffic: o.Traffic, PutMetric: c.CloudWatch.Put})
	c.ECS = ecs.New(c.Loop, c.Account, c.Region, ecs.Deps{
		Emit: emit, Targets: c.ELBv2, Runner: o.Runner, Secret: c.secret, ProvisionTime: o.ProvisionTime,
	})
	c.AutoScaling = autoscaling.New(c.Loop, c.Account, c.Region, autoscaling.Deps{ECS: c.ECS})
}

// Handler serves the cloud on a port, for any SDK or the aws CLI. A request to a
// host that Web knows goes to its site.
func (c *Cloud) Handler() http.Handler { return wire.NewServer(c.Loop, hosts{c}) }

func (c *Cloud) requestFault(call *wire.Call) *wire.Fault {
	if c.Faults.Request == nil {
		return nil
	}
	return c.Faults.Request(call)
}

func (c *Cloud) functionFault(name string, n int) lambda.FunctionFault {
	if c.Faults.Function == nil {
		return lambda.FunctionFault{}
	}
	return c.Faults.Function(name, n)
}

func (c *Cloud) deliveryFault(e eventbridge.Event, targetARN string) eventbridge.DeliveryFault {
	if c.Faults.Delivery == nil {
		return eventbridge.DeliveryFault{}
	}
	return c.Faults.Delivery(e, targetARN)
}

func (c *Cloud) observe(call *wire.Call, in, out any, err error) {
	if c.Observe != nil {
		c.Observe(call, in, out, err)
	}
}
