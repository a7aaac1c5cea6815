package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Alarm is an alarm that went red.
type Alarm struct {
	ARN  string
	Name string
	At   time.Time
	Why  string // as CloudWatch explains it
}

// inputs is what a decision on the alarm rests on.
func (a Alarm) inputs() map[string]any {
	inputs := map[string]any{"alarm": a.Name, "at": a.At.UTC().Format(time.RFC3339Nano)}
	if a.Why != "" {
		inputs["reason"] = a.Why
	}
	return inputs
}

// AlarmRed latches every environment that the alarm concerns and wakes what waits
// there. Where no rollout can be latched any more and the release has committed,
// it starts a rollback rollout; where there is nothing to go back to, it keeps the
// release from later environments at least.
func (s *Steps) AlarmRed(ctx context.Context, a Alarm) error {
	return s.concerned(ctx, a.ARN, func(place store.Place) error { return s.red(ctx, place, a) })
}

func (s *Steps) red(ctx context.Context, place store.Place, a Alarm) error {
	latched, env, err := s.Store.Latch(ctx, place, a.Name, a.At)
	if err != nil {
		return err
	}
	if latched {
		// Without a token nothing waits: the next state to look finds the latch.
		return s.failWait(ctx, &env, env.Stopped(env.Rollout), a.inputs())
	}
	if env.Dirty != nil || env.Owner != "" && env.Kind == rollout.Back {
		return nil // a person is called already, or it goes back already
	}
	return s.redAfterGuard(ctx, place, &env, a)
}

// redAfterGuard goes back from a release whose guard has closed, if the alarm
// speaks of the slot that has the traffic.
func (s *Steps) redAfterGuard(ctx context.Context, place store.Place, env *store.Environment, a Alarm) error {
	facts := env.Facts
	if facts == nil || facts.Release == 0 || !facts.Guarded.IsZero() && s.Now().After(facts.Guarded) {
		return nil
	}
	release, err := s.Store.Release(ctx, place.App, facts.Release)
	if err != nil {
		return err
	}
	spec, ok := release.Spec.Environment(place.Environment)
	if !ok || !spec.Speaks(a.Name, facts.Stable) {
		return nil
	}
	if gone, err := s.spokeOfOneThatLeft(ctx, env, a); err != nil || gone {
		return err
	}
	why := fmt.Sprintf("alarm %s went red at %s, after the guard", a.Name, a.At.UTC().Format(time.RFC3339))
	if facts.Previous == 0 {
		if err := s.halt(ctx, place, facts.Release, why); err != nil {
			return err
		}
		return s.Teller.Tell(ctx, notify.Notice{
			App: place.App, Environment: place.Environment, Release: facts.Release,
			Moment: rollout.MomentEnded, Phase: rollout.PhaseRetire,
			Kind: rollout.KindAlarmRed, Why: why + "; there is no release to go back to", At: a.At,
		})
	}
	name, err := s.StartBack(ctx, BackRequest{
		Place: place, Cause: fmt.Sprintf("alarm#%d", facts.Release), Why: why,
		Leave: facts.Release, To: facts.Previous,
	})
	if err != nil {
		return err
	}
	return s.Store.Decided(ctx, store.Decision{
		Rollout: name, At: s.Now(), Of: store.DecidedAlarm, Kind: rollout.KindAlarmRed, What: why, Inputs: a.inputs(), Keep: release.Spec.Keep,
	})
}

// spokeOfOneThatLeft reports whether the alarm went red while a rollout was there
// that has gone back since, or one that went back from what it spoke of. Its event
// may come late, or twice; the release that has the traffic now is innocent.
func (s *Steps) spokeOfOneThatLeft(ctx context.Context, env *store.Environment, a Alarm) (bool, error) {
	if env.Snapshot == nil {
		return false, nil
	}
	last, err := s.Store.Record(ctx, env.Snapshot.Rollout)
	if err != nil {
		return false, err
	}
	left := last.Outcome == rollout.RolledBack || last.Kind == rollout.Back && last.Outcome == rollout.Succeeded
	return left && !a.At.After(last.EndedAt), nil
}
