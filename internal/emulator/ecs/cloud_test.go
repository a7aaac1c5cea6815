package ecs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	account = "123456789012"
	region  = "us-east-1"
	group   = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
)

// cloud is an ECS with a load balancer and containers that are a model: what a
// container does is the tag of its image.
type cloud struct {
	t       *testing.T
	loop    *loop.Loop
	ecs     *ecs.Service
	client  *sdk.Client
	targets *targets
	runner  *runner
	events  []event
}

type event struct {
	detailType string
	resource   string
	detail     map[string]any
	at         time.Time
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c := &cloud{t: t, loop: l}
	c.runner = &runner{loop: l, tasks: map[string]*running{}}
	c.targets = &targets{loop: l, runner: c.runner, states: map[string]string{}, delay: 30 * time.Second}
	c.ecs = ecs.New(l, account, region, ecs.Deps{Targets: c.targets, Runner: c.runner, Emit: c.record, Secret: secret})
	c.client = sdk.NewFromConfig(aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, wire.NewMux(account, region, c.ecs.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := c.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{ClusterName: aws.String("prod")}); err != nil {
		t.Fatalf("create cluster: %v", err)
	}
	return c
}

func secret(_, _, valueFrom string) (string, error) {
	if valueFrom == "arn:aws:secretsmanager:us-east-1:123456789012:secret:token" {
		return "s3cret", nil
	}
	return "", fmt.Errorf("no secret %s", valueFrom)
}

func (c *cloud) record(_, detailType string, resources []string, detail any) {
	text, err := json.Marshal(detail)
	if err != nil {
		c.t.Errorf("marshal %s: %v", detailType, err)
	}
	e := event{detailType: detailType, resource: resources[0], at: c.loop.Now()}
	if err := json.Unmarshal(text, &e.detail); err != nil {
		c.t.Errorf("unmarshal %s: %v", detailType, err)
	}
	c.events = append(c.events, e)
}

// named are the names of the events of a type, in order.
func (c *cloud) named(detailType string) []string {
	var names []string
	for _, e := range c.events {
		if e.detailType == detailType {
			names = append(names, fmt.Sprint(e.detail["eventName"]))
		}
	}
	return names
}

// definition registers a task definition whose container does as the tag says,
// and gives its ARN.
func (c *cloud) definition(tag string) string {
	c.t.Helper()
	out, err := c.client.RegisterTaskDefinition(c.t.Context(), definitionInput(tag))
	if err != nil {
		c.t.Fatalf("register task definition: %v", err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

func definitionInput(tag string) *sdk.RegisterTaskDefinitionInput {
	return &sdk.RegisterTaskDefinitionInput{
		Family: aws.String("web"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("shop:" + tag),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
		}},
	}
}

func serviceInput(definition string, desired int32) *sdk.CreateServiceInput {
	return &sdk.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("web"), TaskDefinition: aws.String(definition),
		DesiredCount: aws.Int32(desired), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{
			AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}},
		},
		LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: aws.String(group), ContainerName: aws.String("web"), ContainerPort: aws.Int32(8080),
		}},
	}
}

func breaker(rollback bool) *types.DeploymentConfiguration {
	return &types.DeploymentConfiguration{
		DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: rollback},
	}
}

func (c *cloud) create(in *sdk.CreateServiceInput) {
	c.t.Helper()
	if _, err := c.client.CreateService(c.t.Context(), in); err != nil {
		c.t.Fatalf("create service: %v", err)
	}
}

// steady creates a service that runs healthy, and forgets the events of that.
func (c *cloud) steady(in *sdk.CreateServiceInput) {
	c.t.Helper()
	c.create(in)
	c.until("the first deployment has completed", func(svc types.Service) bool {
		return len(svc.Deployments) == 1 && svc.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted
	})
	c.events = nil
}

func (c *cloud) update(in *sdk.UpdateServiceInput) {
	c.t.Helper()
	in.Cluster, in.Service = aws.String("prod"), aws.String("web")
	if _, err := c.client.UpdateService(c.t.Context(), in); err != nil {
		c.t.Fatalf("update service: %v", err)
	}
}

func (c *cloud) service() types.Service {
	c.t.Helper()
	out, err := c.client.DescribeServices(c.t.Context(), &sdk.DescribeServicesInput{
		Cluster: aws.String("prod"), Services: []string{"web"},
	})
	if err != nil || len(out.Services) != 1 {
		c.t.Fatalf("describe services: %v, %v", out, err)
	}
	return out.Services[0]
}

// until drives the cloud, second by second, for at most an hour.
func (c *cloud) until(what string, cond func(types.Service) bool) types.Service {
	c.t.Helper()
	for range 3600 {
		if svc := c.service(); cond(svc) {
			return svc
		}
		c.loop.RunFor(time.Second)
	}
	svc := c.service()
	c.t.Fatalf("after an hour still not: %s; %s", what, summary(svc))
	return svc
}

func summary(svc types.Service) string {
	var out strings.Builder
	fmt.Fprintf(&out, "desired %d, running %d, pending %d", svc.DesiredCount, svc.RunningCount, svc.PendingCount)
	for _, d := range svc.Deployments {
		fmt.Fprintf(&out, "; %s %s %s %s failed %d", *d.Status, d.RolloutState, lastPart(*d.TaskDefinition), *d.RolloutStateReason, d.FailedTasks)
	}
	return out.String()
}

func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// tasks of the service with that desired status, oldest first by start.
func (c *cloud) tasks(status types.DesiredStatus) []types.Task {
	c.t.Helper()
	list, err := c.client.ListTasks(c.t.Context(), &sdk.ListTasksInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("web"), DesiredStatus: status,
	})
	if err != nil {
		c.t.Fatalf("list tasks: %v", err)
	}
	if len(list.TaskArns) == 0 {
		return nil
	}
	out, err := c.client.DescribeTasks(c.t.Context(), &sdk.DescribeTasksInput{Cluster: aws.String("prod"), Tasks: list.TaskArns})
	if err != nil {
		c.t.Fatalf("describe tasks: %v", err)
	}
	return out.Tasks
}

func messages(svc types.Service) string {
	var out strings.Builder
	for _, e := range svc.Events {
		out.WriteString(*e.Message + "\n")
	}
	return out.String()
}

// runner is containers that do as their image's tag says: nopull never starts,
// slow takes a minute to start, crash ends after three seconds, dies after ten
// minutes, all others run.
type runner struct {
	loop   *loop.Loop
	tasks  map[string]*running // by task id
	specs  []ecs.TaskSpec
	stops  []string
	refuse int // so many starts, whatever the tag
}

type running struct {
	spec    ecs.TaskSpec
	events  ecs.TaskEvents
	started bool
}

func (r *runner) Start(spec ecs.TaskSpec, events ecs.TaskEvents) {
	task := &running{spec: spec, events: events}
	r.tasks[spec.ID] = task
	r.specs = append(r.specs, spec)
	_, tag, _ := strings.Cut(spec.Containers[0].Image, ":")
	var delay time.Duration
	if tag == "slow" {
		delay = time.Minute
	}
	if r.refuse > 0 {
		r.refuse--
		tag = "nopull"
	}
	r.loop.After(delay, func() {
		switch tag {
		case "nopull":
			events.Failed("CannotPullContainerError: pull image manifest has been retried 1 time(s)")
			return
		case "crash":
			r.loop.After(3*time.Second, func() { events.Exited(1, "") })
		case "dies":
			r.loop.After(10*time.Minute, func() { events.Exited(2, "OutOfMemoryError: Container killed due to memory usage") })
		}
		task.started = true
		events.Running()
	})
}

func (r *runner) Stop(id string, grace time.Duration) {
	r.stops = append(r.stops, grace.String())
	task := r.tasks[id]
	r.loop.After(2*time.Second, func() {
		if !task.started {
			task.events.Failed("CannotStartContainerError: stopped while starting")
			return
		}
		task.events.Exited(143, "")
	})
}

// tag of the image of the task with that address.
func (r *runner) tag(ip string) string {
	for _, task := range r.tasks {
		if task.spec.IP == ip {
			_, tag, _ := strings.Cut(task.spec.Containers[0].Image, ":")
			return tag
		}
	}
	return ""
}

// targets are healthy ten seconds after their registration; where the image's
// tag is sick they are unhealthy then, where it is idle unused.
type targets struct {
	loop   *loop.Loop
	runner *runner
	states map[string]string
	delay  time.Duration
	watch  func(group, ip string, port int32, state string)
}

func (g *targets) Attached(arn string) bool { return arn == group }

func (g *targets) Watch(fn func(group, ip string, port int32, state string)) { g.watch = fn }

func (g *targets) State(_, ip string, _ int32) string { return g.states[ip] }

func (g *targets) set(arn, ip string, port int32, state string) {
	g.states[ip] = state
	g.watch(arn, ip, port, state)
}

func (g *targets) Register(arn, ip string, port int32) error {
	g.set(arn, ip, port, "initial")
	g.loop.After(10*time.Second, func() {
		if g.states[ip] != "initial" {
			return
		}
		switch g.runner.tag(ip) {
		case "sick":
			g.set(arn, ip, port, "unhealthy")
		case "idle":
			g.set(arn, ip, port, "unused")
		default:
			g.set(arn, ip, port, "healthy")
		}
	})
	return nil
}

func (g *targets) Deregister(arn, ip string, port int32, drained loop.Event) {
	g.set(arn, ip, port, "draining")
	g.loop.After(g.delay, func() {
		delete(g.states, ip)
		drained.Happen()
	})
}
