package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Guard keeps the old slot warm after the commit. AlarmRed or Aborted when the
// rollout is to flip back. It ends at once for whoever waits for the environment,
// after a rollback, and when it has been closed already.
func (s *Steps) Guard(ctx context.Context, in WaitInput) error {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return err
	}
	current, env, err := s.hold(ctx, j.claim, rollout.PhaseGuard, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	closed := env.GuardClosed == in.Rollout
	if !closed {
		if err := env.Stopped(in.Rollout); err != nil {
			return err
		}
	}
	if closed || j.record.Kind == rollout.Back || env.Waiter != nil || env.RollbackWaiter != nil {
		return s.Waker.Wake(ctx, in.Token)
	}
	return nil
}
