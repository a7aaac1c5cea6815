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
func (s *Steps) AwaitCanary(ctx context.Context, in WaitInput) error {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return err
	}
	current, env, err := s.hold(ctx, j.claim, rollout.PhaseAwaitCanary, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	if err := env.Stopped(in.Rollout); err != nil {
		return err
	}
	readiness, why, err := s.look(ctx, &j)
	switch {
	case err != nil:
		return err
	case readiness == ecsservice.Ready:
		return s.Waker.Wake(ctx, in.Token)
	case readiness == ecsservice.Failed:
		return rollout.Errorf(rollout.KindCanaryFailed, "the canary failed: %s", why)
	case s.Now().Sub(j.snap.At) > CanaryDeadline:
		return rollout.Errorf(rollout.KindCanaryFailed, "the canary is not healthy after %v: %s", CanaryDeadline, why)
	default:
		return nil
	}
}

// look asks ECS and the load balancer how far the canary is.
func (s *Steps) look(ctx context.Context, j *job) (ecsservice.Readiness, string, error) {
	site, slot := j.snap.Site, j.snap.Plan.Canary
	services, err := j.Services.Describe(ctx, site.Cluster, site.Services)
	if err != nil {
		return "", "", err
	}
	healthy, err := j.Traffic.Healthy(ctx, site.TargetGroups.Of(slot))
	if err != nil {
		return "", "", err
	}
	readiness, why := ecsservice.Judge(services[slot], j.record.TaskDefinition, healthy)
	return readiness, why, nil
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
	readiness, why, err := s.look(ctx, &j)
	switch {
	case err != nil:
		return err
	case readiness == ecsservice.Ready:
		return s.Waker.Wake(ctx, env.Token.Token)
	case readiness == ecsservice.Failed:
		return s.failWait(ctx, &env, rollout.Errorf(rollout.KindCanaryFailed, "the canary failed: %s", why))
	default:
		return nil
	}
}
