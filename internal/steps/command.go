package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/notify"
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
	return s.abort(ctx, place, env.Rollout, why)
}

func (s *Steps) abort(ctx context.Context, place store.Place, name, why string) error {
	held, env, err := s.Store.Abort(ctx, place, store.Abortion{Rollout: name, Why: why})
	if err != nil {
		return err
	}
	if !held {
		return rollout.Errorf(rollout.KindRefused, "no rollout in %s can be aborted", place)
	}
	return s.failWait(ctx, &env, env.Stopped(env.Rollout), map[string]any{"why": why})
}

// abortOne is abort for a rollout that may not have begun yet.
func (s *Steps) abortOne(ctx context.Context, record store.Record, why string) error {
	env, err := s.Store.Environment(ctx, record.Place)
	if err != nil {
		return err
	}
	if env.Rollout != record.Name && env.Waits(record.Name) {
		return s.failOutside(ctx, &env, record.Name, rollout.Errorf(rollout.KindAborted, "aborted %s", why))
	}
	return s.abort(ctx, record.Place, record.Name, why)
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
	return s.pauseAt(ctx, token)
}

func (s *Steps) pauseAt(ctx context.Context, token store.Token) error {
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

// steer does what a person who may asks of a rollout that runs. A click that came
// upon one wait ends no other, however often its event comes.
func (s *Steps) steer(ctx context.Context, click *store.Click) (string, error) {
	record, _, spec, err := s.about(ctx, click.Subject)
	if err != nil {
		return "", err
	}
	person, err := s.identify(ctx, click.Person, spec.Operators, false)
	if err != nil {
		return "", err
	}
	click.Person = person
	if !person.In(spec.Operators) {
		return "", rollout.Errorf(rollout.KindRefused, "%s is not among those who may %s in %s: the spec's operators",
			person.Name, click.Action, record.Place)
	}
	err = s.Store.Decided(ctx, store.Decision{
		Rollout: record.Name, At: click.At, Of: store.DecidedCommand, Keep: record.Keep,
		What: fmt.Sprintf("%s asks to %s", person.Name, click.Action), Inputs: clickInputs(click),
	})
	if err != nil {
		return "", err
	}
	return click.Action, s.obey(ctx, record, click)
}

func (s *Steps) obey(ctx context.Context, record store.Record, click *store.Click) error {
	action := approvals.Action(click.Action)
	if action == approvals.Abort {
		why := "by " + click.Person.Name
		if click.Reason != "" {
			why += ": " + click.Reason
		}
		return s.abortOne(ctx, record, why)
	}
	env, err := s.Store.Environment(ctx, record.Place)
	if err != nil {
		return err
	}
	phase := map[approvals.Action]rollout.Phase{
		approvals.Promote: rollout.PhaseBake, approvals.Pause: rollout.PhaseBake, approvals.Resume: rollout.PhaseHold,
	}[action]
	if why := env.Stopped(record.Name); why != nil {
		return rollout.Errorf(rollout.KindRefused, "%w; %s goes back, and there is nothing to %s", why, record.Name, action)
	}
	if env.Rollout != record.Name || env.Token == nil || env.Token.Entered != click.Wait || env.Token.Phase != phase {
		return rollout.Errorf(rollout.KindRefused, "%s is not in %s any more; there is nothing to %s", record.Name, phase, action)
	}
	if action == approvals.Pause {
		err = s.pauseAt(ctx, *env.Token)
	} else {
		err = s.Waker.Wake(ctx, env.Token.Token)
	}
	if err == nil && action == approvals.Resume { // a promotion is judged, and that is told; of a pause Hold tells
		s.mention(ctx, record, notify.Notice{Moment: rollout.MomentResumed, Phase: rollout.PhaseHold, Why: action.Past() + " by " + click.Person.Name})
	}
	return err
}
