package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// WaitInput is a state that waits, and for how long until it looks again.
type WaitInput struct {
	Run
	Wait
	Step    int `json:"step"`
	Seconds int `json:"seconds"`
}

func (in WaitInput) span() time.Duration { return time.Duration(in.Seconds) * time.Second }

// AwaitCanary waits until the canary runs the release and is healthy. CanaryFailed
// when ECS gave up, or when the deadline has passed.
func (s *Steps) AwaitCanary(ctx context.Context, in WaitInput) (CanaryOutput, error) {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return CanaryOutput{}, err
	}
	current, env, err := s.hold(ctx, j.claim, rollout.PhaseAwaitCanary, in.Wait, in.span())
	if err != nil || !current {
		return CanaryOutput{}, err
	}
	if err := env.Stopped(in.Rollout); err != nil {
		return CanaryOutput{}, err
	}
	out, err := s.canary(ctx, &j)
	switch {
	case err != nil:
		return out, err
	case out.Readiness == ecsservice.Ready:
		return out, s.Waker.Wake(ctx, in.Token)
	case out.Readiness == ecsservice.Failed:
		return out, rollout.Errorf(rollout.KindCanaryFailed, "the canary failed: %s", out.Why)
	case s.Now().Sub(j.snap.At) > CanaryDeadline:
		return out, rollout.Errorf(rollout.KindCanaryFailed, "the canary is not healthy after %v: %s", CanaryDeadline, out.Why)
	default:
		return out, nil
	}
}

// CanaryOutput is how far the canary is.
type CanaryOutput struct {
	Readiness ecsservice.Readiness `json:"readiness"`
	Why       string               `json:"why"`
	Desired   int                  `json:"desired"`
	Running   int                  `json:"running"`
	Healthy   int                  `json:"healthy"`
}

// inputs is what a decision on the canary rests on.
func (c CanaryOutput) inputs() map[string]any {
	return map[string]any{"readiness": c.Readiness, "why": c.Why, "desired": c.Desired, "running": c.Running, "healthy": c.Healthy}
}

// canary asks ECS and the load balancer how far the canary is.
func (s *Steps) canary(ctx context.Context, j *job) (CanaryOutput, error) {
	site, slot := j.snap.Site, j.snap.Plan.Canary
	services, err := j.Services.Describe(ctx, site.Cluster, site.Services)
	if err != nil {
		return CanaryOutput{}, err
	}
	healthy, err := j.Traffic.Healthy(ctx, site.TargetGroups.Of(slot))
	if err != nil {
		return CanaryOutput{}, err
	}
	out := CanaryOutput{Desired: services[slot].Desired, Running: services[slot].Running, Healthy: healthy}
	out.Readiness, out.Why = ecsservice.Judge(services[slot], j.record.TaskDefinition, healthy)
	return out, nil
}

// ServiceChanged wakes the environments that wait for a service, if it is time.
// It is told by events, and looks for itself.
func (s *Steps) ServiceChanged(ctx context.Context, service string) error {
	return s.concerned(ctx, service, func(place store.Place) error { return s.lookAgain(ctx, place) })
}

func (s *Steps) lookAgain(ctx context.Context, place store.Place) error {
	env, err := s.Store.Environment(ctx, place)
	if err != nil || env.Token == nil || env.Token.Phase != rollout.PhaseAwaitCanary {
		return err
	}
	j, err := s.loadMoving(ctx, Run{App: place.App, Environment: place.Environment, Rollout: env.Rollout, Execution: env.Owner})
	if err != nil {
		return err
	}
	now, err := s.canary(ctx, &j)
	switch {
	case err != nil:
		return err
	case now.Readiness == ecsservice.Ready:
		if err := s.Waker.Wake(ctx, env.Token.Token); err != nil {
			return err
		}
		return s.Store.Decided(ctx, store.Decision{
			Rollout: env.Rollout, At: s.Now(), Of: store.DecidedStep, Phase: rollout.PhaseAwaitCanary,
			What: "the canary is ready: " + now.Why, Inputs: now.inputs(), Keep: j.record.Keep,
		})
	case now.Readiness == ecsservice.Failed:
		return s.failWait(ctx, &env, rollout.Errorf(rollout.KindCanaryFailed, "the canary failed: %s", now.Why), now.inputs())
	default:
		return nil
	}
}
