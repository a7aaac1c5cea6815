package ecsservice_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	cluster = "shop-production"
	image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"
)

// names are the services' names.
func names() rollout.Names { return rollout.Names{Blue: "shop-blue", Green: "shop-green"} }

// world is a cloud with an app's environment: two tasks in blue, none in green.
type world struct {
	*harness.Harness
	t        *testing.T
	ecs      *ecs.Client
	services ecsservice.Services
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.DeployService(map[string]string{"App": "shop", "Environment": "production", "Image": image + ":v0"})
	if err != nil {
		t.Fatal(err)
	}
	h.RunFor(5 * time.Minute)
	c := awsclient.New(h.Config("AKIAPERSON"))
	return world{h, t, c.ECS, ecsservice.Services{ECS: c.ECS, Once: c.ECSOnce}}
}

func (w world) describe() map[rollout.Slot]ecsservice.Service {
	w.t.Helper()
	found, err := w.services.Describe(w.t.Context(), cluster, names())
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := w.describe()
	blue, green := found[rollout.Blue], found[rollout.Green]
	if blue.Name != "shop-blue" || blue.Desired != 2 || blue.Running != 2 || blue.Pending != 0 || !blue.Steady() {
		t.Errorf("blue is %+v, want two tasks that run", blue)
	}
	if green.Name != "shop-green" || green.Desired != 0 || green.Running != 0 {
		t.Errorf("green is %+v, want no tasks", green)
	}
	if blue.TargetGroup == green.TargetGroup || !strings.Contains(blue.TargetGroup, "shop-production-blue") {
		t.Errorf("the target groups are %s and %s", blue.TargetGroup, green.TargetGroup)
	}
	primary := blue.Primary()
	if primary.ID == "" || primary.State != "COMPLETED" || primary.TaskDefinition != blue.TaskDefinition {
		t.Errorf("blue's deployment is %+v, want it COMPLETED with %s", primary, blue.TaskDefinition)
	}
}

func TestDescribeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name    string
		cluster string
		names   rollout.Names
		part    string
	}{
		{"no cluster", "elsewhere", names(), `cluster "elsewhere" does not exist`},
		{"no blue", cluster, rollout.Names{Blue: "shop-bleu", Green: "shop-green"}, `the blue slot is missing: cluster "shop-production" has no service "shop-bleu"`},
		{"no green", cluster, rollout.Names{Blue: "shop-blue", Green: "shop-gruen"}, `the green slot is missing`},
	} {
		_, err := w.services.Describe(t.Context(), c.cluster, c.names)
		if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v, want a Refused error that says %q", c.name, err, c.part)
		}
	}
	bare := w.create("bare")
	_, err := w.services.Describe(t.Context(), cluster, rollout.Names{Blue: "shop-blue", Green: bare})
	if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), "0 target groups") {
		t.Errorf("a service without a target group: %v, want a Refused error", err)
	}
	if _, err := w.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String(cluster), Service: &bare}); err != nil {
		t.Fatal(err)
	}
	_, err = w.services.Describe(t.Context(), cluster, rollout.Names{Blue: "shop-blue", Green: bare})
	if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), "must be ACTIVE") {
		t.Errorf("a deleted service: %v, want a Refused error", err)
	}
}

// create makes a service without tasks.
func (w world) create(name string) string {
	w.t.Helper()
	_, err := w.ecs.CreateService(w.t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String(cluster), ServiceName: &name, DesiredCount: aws.Int32(0),
		TaskDefinition: aws.String(w.describe()[rollout.Blue].TaskDefinition), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return name
}

// Starting with the same task definition is a deployment of its own.
func TestStartAndScale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	green := w.describe()[rollout.Green]
	before := green.Primary().ID
	if err := w.services.Start(t.Context(), green, green.TaskDefinition, 3); err != nil {
		t.Fatal(err)
	}
	green = w.describe()[rollout.Green]
	if green.Primary().ID == before || green.Desired != 3 {
		t.Errorf("after the start green has deployment %s and %d tasks, want another than %s and 3",
			green.Primary().ID, green.Desired, before)
	}
	w.RunFor(5 * time.Minute)
	started := w.describe()[rollout.Green]
	if !started.Steady() || started.Running != 3 {
		t.Errorf("green runs %d tasks, want 3", started.Running)
	}
	if err := w.services.Scale(t.Context(), started, 1); err != nil {
		t.Fatal(err)
	}
	scaled := w.describe()[rollout.Green]
	if scaled.Desired != 1 || scaled.Primary().ID != started.Primary().ID {
		t.Errorf("scaled to %d tasks by deployment %s, want 1 by %s", scaled.Desired, scaled.Primary().ID, started.Primary().ID)
	}
}

// Changes of capacity are sent once; the machine repeats them.
func TestChangesAreSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	green := w.describe()[rollout.Green]
	for name, change := range map[string]func() error{
		"start": func() error { return w.services.Start(t.Context(), green, green.TaskDefinition, 1) },
		"scale": func() error { return w.services.Scale(t.Context(), green, 1) },
	} {
		sent := 0
		w.Faults.Request = func(*wire.Call) *wire.Fault {
			sent++
			return &wire.Fault{LoseAnswer: true}
		}
		if err := change(); rollout.KindOf(err) != rollout.KindUnavailable {
			t.Errorf("%s without an answer: %v, want an Unavailable error", name, err)
		}
		if sent != 1 {
			t.Errorf("%s sent %d requests, want 1", name, sent)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const ours, old = "shop:2", "shop:1"
	completed := ecsservice.Deployment{ID: "a", Primary: true, TaskDefinition: ours, State: "COMPLETED"}
	with := func(change func(*ecsservice.Deployment)) ecsservice.Deployment {
		d := completed
		change(&d)
		return d
	}
	active := ecsservice.Deployment{ID: "b", TaskDefinition: old, State: "COMPLETED"}
	for _, c := range []struct {
		name        string
		deployments []ecsservice.Deployment
		running     int
		pending     int
		healthy     int
		want        ecsservice.Readiness
		why         string
	}{
		{"all is well", []ecsservice.Deployment{completed}, 2, 0, 2, ecsservice.Ready, "healthy"},
		{"more targets than tasks", []ecsservice.Deployment{completed}, 2, 0, 3, ecsservice.Ready, "healthy"},
		{
			"the circuit breaker acted",
			[]ecsservice.Deployment{with(func(d *ecsservice.Deployment) { d.State, d.Reason = "FAILED", "tasks failed to start" })},
			2, 0, 2, ecsservice.Failed, "tasks failed to start",
		},
		{
			"the circuit breaker rolled back",
			[]ecsservice.Deployment{with(func(d *ecsservice.Deployment) { d.TaskDefinition = old })},
			2, 0, 2, ecsservice.Failed, old,
		},
		{"no deployment at all", nil, 0, 0, 0, ecsservice.Failed, "instead"},
		{"an older deployment drains", []ecsservice.Deployment{completed, active}, 2, 0, 2, ecsservice.Waiting, "older"},
		{
			"under way",
			[]ecsservice.Deployment{with(func(d *ecsservice.Deployment) { d.State = "IN_PROGRESS" })},
			2, 0, 2, ecsservice.Waiting, "under way",
		},
		{"too few run", []ecsservice.Deployment{completed}, 1, 0, 2, ecsservice.Waiting, "run"},
		{"too many run", []ecsservice.Deployment{completed}, 3, 0, 3, ecsservice.Waiting, "run"},
		{"one is pending", []ecsservice.Deployment{completed}, 2, 1, 2, ecsservice.Waiting, "run"},
		{"one is not healthy", []ecsservice.Deployment{completed}, 2, 0, 1, ecsservice.Waiting, "healthy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := ecsservice.Service{Desired: 2, Running: c.running, Pending: c.pending, Deployments: c.deployments}
			got, why := ecsservice.Judge(service, ours, c.healthy)
			if got != c.want || !strings.Contains(why, c.why) {
				t.Errorf("it is %s because %q, want %s because of %q", got, why, c.want, c.why)
			}
		})
	}
}
