package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Abort sends the forward rollout that has the environment back. Refused when
// there is none, or its guard has closed.
func (s *Steps) Abort(ctx context.Context, place store.Place, why string) error {
	env, err := s.Store.Environment(ctx, place)
	if err != nil {
		return err
	}
	held, env, err := s.Store.Abort(ctx, place, env.Rollout, why)
	if err != nil {
		return err
	}
	if !held {
		return rollout.Errorf(rollout.KindRefused, "no rollout in %s can be aborted", place)
	}
	return s.failWait(ctx, &env, env.Stopped(env.Rollout))
}

// Promote ends a bake early; the judge still judges. Refused when nothing bakes.
func (s *Steps) Promote(ctx context.Context, place store.Place) error {
	token, err := s.waitingIn(ctx, place, rollout.PhaseBake)
	if err != nil {
		return err
	}
	return s.Waker.Wake(ctx, token.Token)
}

// Pause ends a bake with what remains of it, which Resume gives back. Refused when
// nothing bakes.
func (s *Steps) Pause(ctx context.Context, place store.Place) error {
	token, err := s.waitingIn(ctx, place, rollout.PhaseBake)
	if err != nil {
		return err
	}
	left := rollout.Remaining(s.Now(), token.Until.Sub(s.Now()), s.Now())
	return s.Waker.FailWith(ctx, token.Token, rollout.Errorf(rollout.KindPaused, "%d", left))
}

// Resume goes on with a paused bake. Refused when nothing is paused.
func (s *Steps) Resume(ctx context.Context, place store.Place) error {
	token, err := s.waitingIn(ctx, place, rollout.PhaseHold)
	if err != nil {
		return err
	}
	return s.Waker.Wake(ctx, token.Token)
}

// waitingIn is the token of the environment's owner, if it waits in that phase and
// the wait is not over.
func (s *Steps) waitingIn(ctx context.Context, place store.Place, phase rollout.Phase) (store.Token, error) {
	env, err := s.Store.Environment(ctx, place)
	if err != nil {
		return store.Token{}, err
	}
	if env.Token == nil || env.Token.Phase != phase || env.Token.Until.Before(s.Now().Add(-time.Second)) {
		return store.Token{}, rollout.Errorf(rollout.KindRefused, "no rollout in %s is in %s", place, phase)
	}
	return *env.Token, nil
}
