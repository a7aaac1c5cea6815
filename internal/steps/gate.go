package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// longestGate is how long Gate waits until it looks again: windows come round in a week.
const longestGate = 7 * 24 * time.Hour

// closed says what keeps a rollout from beginning now, nil if nothing does. Rollbacks, and
// releases that break the glass, are kept by nothing.
func (s *Steps) closed(ctx context.Context, record store.Record, spec rollout.Environment) (*rollout.Closure, error) {
	if record.Kind == rollout.Back {
		return nil, nil //nolint:nilnil // nothing closes it
	}
	freezes, err := s.Store.Freezes(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	return spec.Closed(record.Place.App, freezes, s.Now())
}

// atGate is Closed, with the seconds until it may, for a rollout that a freeze or the
// windows keep from beginning. One that breaks the glass may, and people are told.
func (s *Steps) atGate(ctx context.Context, record store.Record, release rollout.Release, spec rollout.Environment) error {
	closed, err := s.closed(ctx, record, spec)
	if err != nil || closed == nil {
		return err
	}
	if why := release.Cause.BreakGlass; why != "" {
		what := fmt.Sprintf("%s broke the glass (%s): %s", release.Cause.By, why, closed.Why)
		s.mention(ctx, record, notify.Notice{Moment: rollout.MomentBroken, Phase: rollout.PhaseGate, Why: what, At: record.At})
		return s.gated(ctx, record, what, map[string]any{"why": closed.Why, "until": closed.Until, "who": release.Cause.By, "breakGlass": why})
	}
	left := min(closed.Until.Sub(s.Now()), longestGate)
	return rollout.Errorf(rollout.KindClosed, "%d", max(int(left.Round(time.Second).Seconds()), 1))
}

// Gate holds a rollout that a freeze or the windows keep from beginning. It has, or lets
// go of, no lock; of several the newest waits. It is woken when a freeze ends early, and
// its timeout is when the gate opens. Superseded when a newer release has come; LockLost for
// an attempt that comes when its rollout has gone on.
func (s *Steps) Gate(ctx context.Context, in WaitInput) error {
	record, _, spec, err := s.about(ctx, in.Rollout)
	if err != nil {
		return err
	}
	if err := s.Deadman.Arm(ctx, in.Rollout, s.Now().Add(in.span()+Slack)); err != nil {
		return err
	}
	claim := record.Claim(in.Execution)
	claim.Entered = in.Entered
	if err := s.yield(ctx, claim); err != nil {
		return err
	}
	held, before, err := s.Store.Hold(ctx, claim, store.Token{Token: in.Token, Entered: in.Entered, Retry: in.Retry})
	if err != nil {
		return err
	}
	if !held && before.Held != nil && before.Held.Number > record.Number {
		return rollout.Errorf(rollout.KindSuperseded, "release %d of %s has come after release %d", before.Held.Number, record.Place, record.Number)
	}
	if err := s.replaceHeld(ctx, record, &before); err != nil {
		return err
	}
	if err := s.mayGoOn(ctx, record); err != nil {
		return err
	}
	closed, err := s.closed(ctx, record, spec)
	if err != nil {
		return err
	}
	if closed == nil {
		return s.Waker.Wake(ctx, in.Token)
	}
	s.mention(ctx, record, notify.Notice{Moment: rollout.MomentHeld, Phase: rollout.PhaseGate, Why: closed.Why, At: record.At})
	return s.gated(ctx, record, "held: "+closed.Why, map[string]any{"why": closed.Why, "until": closed.Until})
}

// gated keeps what the gate decided.
func (s *Steps) gated(ctx context.Context, record store.Record, what string, inputs map[string]any) error {
	return s.Store.Decided(ctx, store.Decision{
		Rollout: record.Name, At: s.Now(), Of: store.DecidedGate, Phase: rollout.PhaseGate, What: what, Inputs: inputs, Keep: record.Keep,
	})
}

// yield lets go of an environment that the rollout was handed while the gate closed.
func (s *Steps) yield(ctx context.Context, claim store.Claim) error {
	grant, err := s.Store.Yield(ctx, claim)
	if err != nil || grant == nil {
		return err
	}
	return s.Waker.Wake(ctx, grant.Token)
}

// replaceHeld ends an older rollout that the gate holds.
func (s *Steps) replaceHeld(ctx context.Context, record store.Record, env *store.Environment) error {
	older := env.Held
	if older == nil || older.Number >= record.Number {
		return nil
	}
	return s.Waker.FailWith(ctx, older.Token, rollout.Errorf(rollout.KindSuperseded, "%s has come after %s", record.Name, older.Rollout))
}

// Freeze keeps rollouts from beginning in what the freeze names.
func (s *Steps) Freeze(ctx context.Context, f rollout.Freeze) error {
	if _, err := s.frozen(ctx, f.App, f.Environment); err != nil {
		return err
	}
	return s.Store.PutFreeze(ctx, f)
}

// Thaw ends a freeze of exactly that scope, and wakes what it held: each looks for itself
// whether something else still does. Refused when nothing was frozen so.
func (s *Steps) Thaw(ctx context.Context, app, environment string) error {
	places, err := s.frozen(ctx, app, environment)
	if err != nil {
		return err
	}
	f, found, err := s.Store.Freeze(ctx, app, environment)
	if err != nil {
		return err
	}
	if !found || !s.Now().Before(f.Until) {
		return rollout.Errorf(rollout.KindRefused, "%s is not frozen by itself; `sluice freezes` lists what is", rollout.Freeze{App: app, Environment: environment}.Scope())
	}
	f.Until = s.Now()
	if err := s.Store.PutFreeze(ctx, f); err != nil {
		return err
	}
	for _, place := range places {
		env, err := s.Store.Environment(ctx, place)
		if err != nil {
			return err
		}
		if env.Held != nil {
			if err := s.Waker.Wake(ctx, env.Held.Token); err != nil {
				return err
			}
		}
	}
	return nil
}

// frozen are the environments that a freeze of that scope concerns.
func (s *Steps) frozen(ctx context.Context, app, environment string) ([]store.Place, error) {
	apps := []string{app}
	if app == "" {
		var err error
		if apps, err = s.Store.Apps(ctx); err != nil {
			return nil, err
		}
	}
	var places []store.Place
	for _, name := range apps {
		registered, err := s.Store.App(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, env := range registered.Spec.Environments {
			if environment == "" || environment == env.Name {
				places = append(places, store.Place{App: name, Environment: env.Name})
			}
		}
	}
	if environment != "" && len(places) == 0 {
		return nil, rollout.Errorf(rollout.KindNotFound, "app %s has no environment %q", app, environment)
	}
	return places, nil
}
