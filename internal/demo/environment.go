package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// environment is one of the app's, and the load on it.
type environment struct {
	spec    rollout.Environment
	place   store.Place
	service harness.Service
	load    *Load
}

// sized is how an environment is made and what goes through it.
type sized struct {
	alarms string // what the names of its alarms begin with
	tasks  string
	rate   int // of its load, in requests a second of the wall clock
}

// stagingRate and productionRate are how many requests a second the demo sends, by
// the wall clock.
const (
	stagingRate    = 2
	productionRate = 200
)

// sizeOf says how large an environment is. Staging is as small as staging is.
func sizeOf(name string) sized {
	if name == stagingName {
		return sized{alarms: "shop-staging", tasks: "1", rate: stagingRate}
	}
	return sized{tasks: "2", rate: productionRate}
}

// The environments of sluice.yaml.
const (
	stagingName    = "staging"
	productionName = "production"
)

// furnish makes what an environment needs around it, its first slot with an image.
func (w *world) furnish(ctx context.Context, name, image string) (*environment, error) {
	spec, ok := w.spec.Environment(name)
	if !ok {
		return nil, fmt.Errorf("sluice.yaml has no environment %q", name)
	}
	e := &environment{spec: spec, place: store.Place{App: w.spec.App, Environment: name}}
	size := sizeOf(name)
	var err error
	if e.service, err = w.DeployService(map[string]string{ //nolint:contextcheck // it has none: the cloud answers at once
		"App": e.place.App, "Environment": e.place.Environment, "Image": image, "Tasks": size.tasks, "Alarms": size.alarms,
	}); err != nil {
		return nil, err
	}
	address := ""
	if err := until(ctx, func() (bool, error) {
		address = w.Host.Address(e.service.Listener)
		return address != "", nil
	}); err != nil {
		return nil, fmt.Errorf("wait for the load balancer of %s: %w", e.place, err)
	}
	e.load = &Load{URL: "http://" + address + "/", PerSecond: size.rate}
	return e, nil
}

// awaitFirsts waits until the first slots are healthy, and starts the load on them.
func (w *world) awaitFirsts(ctx context.Context) error {
	for _, e := range w.environments() {
		if err := w.awaitFirst(ctx, e); err != nil {
			return fmt.Errorf("wait for %s of %s: %w", e.spec.Slots.Blue, e.place, err)
		}
	}
	sending, stop := context.WithCancel(ctx)
	w.stopLoad = stop
	for _, e := range w.environments() {
		w.loading.Go(func() { e.load.Run(sending) })
	}
	return nil
}

// firstPatience is how long a first slot may take, on the cloud's clock.
const firstPatience = 5 * time.Minute

func (w *world) awaitFirst(ctx context.Context, e *environment) error {
	begun, away := w.Now(), w.Steps.Reach(awsclient.Away{})
	return until(ctx, func() (bool, error) {
		healthy, err := away.Traffic.Healthy(ctx, e.service.BlueGroup)
		if err != nil || healthy > 0 || w.Now().Sub(begun) < firstPatience {
			return healthy > 0, err
		}
		services, err := away.Services.Describe(ctx, e.spec.Cluster, e.spec.Slots)
		if err != nil {
			return false, err
		}
		return false, fmt.Errorf("no task is healthy after %v of the cloud's time: %s", firstPatience, services[rollout.Blue].Primary().Reason)
	})
}

// weights is what the environment's rule holds.
func (w *world) weights(ctx context.Context, e *environment) (rollout.Weights, error) {
	rule, err := w.Steps.Reach(awsclient.Away{}).Traffic.Read(ctx, e.service.Rule, e.groups())
	return rule.Weights, err
}

// weightsIn is the weights that a change of the environment's rule sets.
func (e *environment) weightsIn(in *elb.ModifyRuleInput) rollout.Weights {
	var weights rollout.Weights
	for _, action := range in.Actions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, group := range action.ForwardConfig.TargetGroups {
			switch aws.ToString(group.TargetGroupArn) {
			case e.service.BlueGroup:
				weights.Blue = int(aws.ToInt32(group.Weight))
			case e.service.GreenGroup:
				weights.Green = int(aws.ToInt32(group.Weight))
			}
		}
	}
	return weights
}

// alarmPrefix is what the names of the environment's alarms begin with.
func (e *environment) alarmPrefix() string {
	if alarms := sizeOf(e.spec.Name).alarms; alarms != "" {
		return alarms + "-"
	}
	return e.place.App + "-"
}

func (e *environment) groups() rollout.Names {
	return rollout.Names{Blue: e.service.BlueGroup, Green: e.service.GreenGroup}
}
