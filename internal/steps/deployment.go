package steps

import (
	"context"
	"fmt"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Deploy sends a recorded release on its way: into the environments of its first
// wave. Later waves follow as earlier ones commit. It can be repeated.
func (s *Steps) Deploy(ctx context.Context, release rollout.Release) error {
	d := store.Deployment{
		App: release.App, Release: release.Number, At: s.Now(), Environments: map[string]store.Stage{},
	}
	for _, env := range release.Spec.Environments {
		d.Environments[env.Name] = store.Stage{
			Rollout: release.Name(env.Name), Wave: release.Spec.WaveOf(env.Name),
		}
	}
	if err := s.Store.PutDeployment(ctx, d); err != nil {
		return err
	}
	return s.startWave(ctx, release, release.Spec.Waves()[0])
}

// startWave starts a release's rollouts into the environments of a wave, by their
// names, so that a repeat starts nothing twice.
func (s *Steps) startWave(ctx context.Context, release rollout.Release, wave []rollout.Environment) error {
	for _, env := range wave {
		record := store.Record{
			Name: release.Name(env.Name), Place: store.Place{App: release.App, Environment: env.Name},
			Kind: rollout.Forward, Number: release.Number, Release: release.Number, Keep: release.Spec.Keep,
		}
		if env.Approval != nil {
			record.Look = lookSeconds(*env.Approval)
		}
		if err := s.Start(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

// goOn notes that a rollout has committed, and starts the next wave if it was the
// last of its own. Of two that commit at once, at least one sees the other.
func (s *Steps) goOn(ctx context.Context, j *job) error {
	if j.record.Kind == rollout.Back {
		return nil
	}
	d, err := s.Store.SetCommitted(ctx, j.record.Place, j.release.Number, s.Now())
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil // it was started by itself, not as a deployment's
	}
	if err != nil {
		return err
	}
	wave := j.release.Spec.WaveOf(j.spec.Name)
	if !d.Through(wave) {
		return nil
	}
	waves := j.release.Spec.Waves()
	if wave == len(waves) {
		return nil // it was the last
	}
	return s.startWave(ctx, j.release, waves[wave])
}

// mayGoOn is Refused when an earlier environment has stopped the rollout's
// deployment.
func (s *Steps) mayGoOn(ctx context.Context, record store.Record) error {
	if record.Kind == rollout.Back {
		return nil
	}
	d, err := s.Store.Deployment(ctx, record.Place.App, record.Release)
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if environment, why := d.Halted(d.Environments[record.Place.Environment].Wave); environment != "" {
		return halted(environment, why)
	}
	return nil
}

func halted(environment, why string) error {
	return rollout.Errorf(rollout.KindRefused, "the deployment stopped at %s: %s", environment, why)
}

// ended notes in the deployment how a rollout ended. One that did not succeed stops
// the deployment.
func (s *Steps) ended(ctx context.Context, record store.Record) error {
	if record.Kind == rollout.Back {
		return nil
	}
	_, err := s.Store.SetEnded(ctx, record.Place, record.Release, record.Outcome, record.Reason, record.EndedAt)
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil
	}
	if err != nil || record.Outcome == rollout.Succeeded {
		return err
	}
	why := string(record.Outcome)
	if record.Reason != "" {
		why += ": " + record.Reason
	}
	return s.halt(ctx, record.Place, record.Release, why)
}

// halt keeps later waves of a release's deployment from going on, and sends back
// what has not committed there: written first, so that what is about to begin finds
// it. It can be repeated.
func (s *Steps) halt(ctx context.Context, place store.Place, number int, why string) error {
	d, err := s.Store.Halt(ctx, place, number, why, s.Now())
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	release, err := s.Store.Release(ctx, place.App, number)
	if err != nil {
		return err
	}
	here := d.Environments[place.Environment].Wave
	reason := halted(place.Environment, why)
	for _, env := range release.Spec.Environments {
		if d.Environments[env.Name].Wave <= here {
			continue
		}
		if err := s.recall(ctx, store.Place{App: place.App, Environment: env.Name}, release, reason); err != nil {
			return fmt.Errorf("stop %s: %w", release.Name(env.Name), err)
		}
	}
	return nil
}

// recall ends a rollout that has not committed, wherever it stands: before a
// question, at the gate, in the queue, or in its environment.
func (s *Steps) recall(ctx context.Context, place store.Place, release rollout.Release, why error) error {
	name := release.Name(place.Environment)
	asked := store.Binding{Rollout: name, Step: rollout.BeforeAll, Hash: release.Hash()}
	if err := s.void(ctx, asked.ID(), why); err != nil {
		return err
	}
	env, err := s.Store.Environment(ctx, place)
	if err != nil {
		return err
	}
	if env.Rollout != name {
		return s.failOutside(ctx, &env, name, why)
	}
	if env.Committed == name {
		return nil
	}
	held, env, err := s.Store.Abort(ctx, place, store.Abortion{Rollout: name, Why: why.Error(), Uncommitted: true})
	if err != nil || !held {
		return err
	}
	return s.failWait(ctx, &env, env.Stopped(name), map[string]any{"why": why.Error()})
}

// failOutside ends a rollout that waits in the queue of an environment or at its gate. A
// token that nothing waits on any more does nothing.
func (s *Steps) failOutside(ctx context.Context, env *store.Environment, name string, why error) error {
	for _, waits := range []*store.Waiter{env.Waiter, env.Held} {
		if waits != nil && waits.Rollout == name {
			if err := s.Waker.FailWith(ctx, waits.Token, why); err != nil {
				return err
			}
		}
	}
	return nil
}
