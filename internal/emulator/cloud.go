// Package emulator is the part of AWS that the project uses, in one process: the
// emulated services on one event loop, wired to each other as AWS wires them.
//
// A cloud is an account in a Region. Others on the same loop are made when they are
// asked for, by Partition.In or by a request that is for them. IAM is one an account,
// and names of buckets are taken for all. Across accounts and Regions roles are assumed
// and events go from bus to bus; an ARN of another account or Region is refused or not
// found by every other operation.
//
// What a role's session asks for is decided by policies, as AWS does, before an operation
// runs; so is what services do for somebody (access.go). All IAM users are administrators
// of their account, whom only a resource's own policy can keep out.
package emulator

import (
	"net/http"
	"time"

	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/actions"
	"github.com/sluice-deploy/sluice/internal/emulator/apigateway"
	"github.com/sluice-deploy/sluice/internal/emulator/autoscaling"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudwatch"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codedeploy"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb"
	"github.com/sluice-deploy/sluice/internal/emulator/ecr"
	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/logs"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/s3"
	"github.com/sluice-deploy/sluice/internal/emulator/scheduler"
	"github.com/sluice-deploy/sluice/internal/emulator/secretsmanager"
	"github.com/sluice-deploy/sluice/internal/emulator/sns"
	"github.com/sluice-deploy/sluice/internal/emulator/sqs"
	"github.com/sluice-deploy/sluice/internal/emulator/ssm"
	"github.com/sluice-deploy/sluice/internal/emulator/stepfunctions"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Options say what cloud is made. The zero value of a field is its default.
type Options struct {
	Account string // "123456789012"
	// Region is the home's ("us-east-1"). All others are in its partition: ARNs and hosts
	// of cn-north-1 are those of China, of us-gov-west-1 those of GovCloud.
	Region string
	// Organization is the one that all accounts belong to ("o-a1b2c3d4e5"); "" is none.
	Organization string

	// Runner runs the containers of tasks and Traffic carries the requests of
	// load balancers. Where one is nil, Cloud.World does it.
	Runner  ecs.Runner
	Traffic elbv2.Traffic

	// Builder does the work of builds; without one StartBuild is refused. Cloud.Assume
	// gives it the project's role.
	Builder func(build *buildtypes.Build, done func(codebuild.Result))

	// Action does the work of pipelines' actions that are neither approvals nor invoke
	// functions, nor builds where there is a Builder; without one they succeed at once.
	// Cloud.Assume gives it the pipeline's role.
	Action func(a codepipeline.Action, done func(codepipeline.Result))

	// Package makes code of a deployment package; without it packages are refused, and
	// functions run the code that the cloud's owner has for them.
	Package func(zip []byte) (lambda.Code, error)

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
	// Invocation, when set, is asked in Request's place for requests that a function of
	// this process sends.
	Invocation func(i *lambda.Invocation, c *wire.Call) *wire.Fault
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
	*Partition

	Account string
	Region  string
	Mux     *wire.Mux `keep:"-"`

	actions *actions.Table `keep:"-"`

	APIGateway     *apigateway.Service
	AutoScaling    *autoscaling.Service
	CloudFormation *cloudformation.Service
	CloudWatch     *cloudwatch.Service
	CodeBuild      *codebuild.Service
	CodeDeploy     *codedeploy.Service
	CodePipeline   *codepipeline.Service
	DynamoDB       *dynamodb.Service
	ECR            *ecr.Service
	ECS            *ecs.Service
	ELBv2          *elbv2.Service
	EventBridge    *eventbridge.Service
	IAM            *iam.Service // of the account
	Lambda         *lambda.Service
	Logs           *logs.Service
	S3             *s3.Service
	SNS            *sns.Service
	SQS            *sqs.Service
	SSM            *ssm.Service
	Scheduler      *scheduler.Service
	SecretsManager *secretsmanager.Service
	StepFunctions  *stepfunctions.Service
}

// New makes an empty cloud: the home of a partition of clouds (see Partition.In). It
// panics for what is no Region of AWS, AWS in China or AWS GovCloud (US).
func New(l *loop.Loop, o Options) *Cloud {
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if !partition.Known(o.Region) {
		panic("emulator: there is no Region " + o.Region)
	}
	p := newPartition(l, o)
	home := p.newCloud(o.Account, o.Region)
	p.clouds = append(p.clouds, home)
	return home
}

func (p *Partition) newCloud(account, region string) *Cloud {
	c := &Cloud{Loop: p.loop, Partition: p, Account: account, Region: region, IAM: p.iamOf(account)}
	c.makeStores()
	c.makeEvents(p.options)
	c.makeCompute(p.options)
	c.makeCloudFormation(p.options)
	c.Mux = wire.NewMux(c.Account, c.Region,
		c.APIGateway.Wire(), c.AutoScaling.Wire(), c.CloudFormation.Wire(), c.CloudWatch.Wire(), c.CodeBuild.Wire(), c.CodeDeploy.Wire(), c.CodePipeline.Wire(), c.DynamoDB.Wire(), c.ECR.Wire(), c.ECS.Wire(),
		c.ELBv2.Wire(), c.EventBridge.Wire(), c.IAM.Wire(), c.Lambda.Wire(), c.Logs.Wire(), c.S3.Wire(), c.SNS.Wire(), c.SQS.Wire(), c.SSM.Wire(),
		c.STS.Wire(), c.Scheduler.Wire(), c.SecretsManager.Wire(), c.StepFunctions.Wire(),
	)
	c.actions = actions.NewTable(account, region, state{c})
	c.Mux.Authenticate, c.Mux.Authorize = p.authenticate, c.authorize
	return c
}

// makeStores makes the services that only keep things.
func (c *Cloud) makeStores() {
	c.DynamoDB = dynamodb.New(c.Loop, c.Account, c.Region, dynamodb.Deps{
		Stale: func(table string) bool { return c.Faults.Stale != nil && c.Faults.Stale(table) },
	})
	c.S3 = s3.New(c.Loop, c.Account, c.Region, s3.Deps{All: c.allS3, MayList: c.mayList})
	c.Logs = logs.New(c.Loop, c.Account, c.Region)
	c.SQS = sqs.New(c.Loop, c.Account, c.Region)
	c.SSM = ssm.New(c.Loop, c.Account, c.Region)
	c.SecretsManager = secretsmanager.New(c.Loop, c.Account, c.Region)
}

// makeEvents makes the services that listen and run.
func (c *Cloud) makeEvents(o Options) {
	c.EventBridge = eventbridge.New(c.Loop, c.Account, c.Region, eventbridge.Deps{
		Deliver: c.deliverEvent, DeadLetter: c.buryEvent, Forward: c.mayForward, Peer: c.eventBridge, Fault: c.deliveryFault,
	})
	c.Scheduler = scheduler.New(c.Loop, c.Account, c.Region, scheduler.Deps{Deliver: c.deliverSchedule, DeadLetter: c.burySchedule})
	c.Lambda = lambda.New(c.Loop, c.Account, c.Region, lambda.Deps{
		DeadLetter: c.deadLetter, ColdStart: o.ColdStart, Concurrency: o.Concurrency, Fault: c.functionFault,
		Web: c.Web, Identity: c.identify, Package: o.Package, Permit: c.mayUseURL, Started: c.logs,
	})
	c.APIGateway = apigateway.New(c.Loop, c.Account, c.Region, apigateway.Deps{
		Web: c.Web, Identity: c.identify, MayInvoke: c.mayUseRoute, Invoke: c.invokeForAPI,
	})
	c.SNS = sns.New(c.Loop, c.Account, c.Region, sns.Deps{Queue: c.sendToQueue, Function: c.sendToFunction})
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
	c.CodePipeline = codepipeline.New(c.Loop, c.Account, c.Region, codepipeline.Deps{
		Emit: emit, Publish: c.tellOfApproval, Action: c.act, Caller: c.callerARN,
		Invoke: c.invokeForPipeline, Credentials: c.pipelineCredentials,
	})
	c.ECR = ecr.New(c.Loop, c.Account, c.Region, ecr.Deps{Emit: emit, Web: c.Web})
	c.ELBv2 = elbv2.New(c.Loop, c.Account, c.Region, elbv2.Deps{Traffic: o.Traffic, PutMetric: c.CloudWatch.Put})
	c.ECS = ecs.New(c.Loop, c.Account, c.Region, ecs.Deps{
		Emit: emit, Targets: c.ELBv2, Runner: o.Runner, Secret: c.secret, Permit: c.permitTask, Log: c.openTaskLog, Network: len(c.clouds), ProvisionTime: o.ProvisionTime,
	})
	c.CodeDeploy = codedeploy.New(c.Loop, codedeploy.Deps{Deploys: c.ECS.ByCodeDeploy, MayAssume: func(role string) bool {
		_, err := c.assume("codedeploy", role, "", "codedeploy")
		return err == nil
	}})
	c.AutoScaling = autoscaling.New(c.Loop, c.Account, c.Region, autoscaling.Deps{ECS: c.ECS})
}

// Handler serves the clouds of all accounts and Regions on a port, for any SDK or the
// aws CLI. A request to a host that Web knows goes to its site.
func (c *Cloud) Handler() http.Handler { return wire.NewServer(c.Loop, hosts{c.Partition}) }

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
