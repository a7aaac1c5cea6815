package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Bake lets a step stand: the wait's timeout is the bake. AlarmRed or Aborted when
// the rollout has been stopped already. A step without a bake ends at once.
func (s *Steps) Bake(ctx context.Context, in WaitInput) error {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return err
	}
	current, env, err := s.hold(ctx, j.claim, rollout.PhaseBake, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	if err := env.Stopped(in.Rollout); err != nil {
		return err
	}
	if j.snap.Plan.Steps[in.Step].Bake == 0 {
		return s.Waker.Wake(ctx, in.Token)
	}
	return nil
}

// Hold keeps a paused rollout where it is until somebody resumes it. AlarmRed or
// Aborted when it has been stopped.
func (s *Steps) Hold(ctx context.Context, in WaitInput) error {
	claim := in.claim()
	current, env, err := s.hold(ctx, claim, rollout.PhaseHold, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	return env.Stopped(in.Rollout)
}
