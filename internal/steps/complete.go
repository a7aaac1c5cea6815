package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// CompleteOutput is how long the guard stands.
type CompleteOutput struct {
	Seconds int `json:"seconds"`
}

// Complete commits: from here on the new release is what the environment runs, and
// its deployment goes on to the next.
// AlarmRed, Aborted and ForeignWrite before that send the rollout back.
func (s *Steps) Complete(ctx context.Context, in Run) (CompleteOutput, error) {
	j, err := s.loadMoving(ctx, in)
	if err != nil {
		return CompleteOutput{}, err
	}
	if j.env.Committed != in.Rollout {
		if err := s.allShifted(ctx, &j); err != nil {
			return CompleteOutput{}, err
		}
	}
	env, err := s.Store.Commit(ctx, j.claim, s.facts(&j), s.Now())
	if err != nil {
		return CompleteOutput{}, err
	}
	canary, stable := j.snap.Of(j.snap.Plan.Canary), j.snap.Of(j.snap.StableSlot())
	if canary.Scaling != nil && stable.Scaling != nil {
		if err := j.Scaling.Set(ctx, j.snap.Site.Cluster, canary.Service, *stable.Scaling); err != nil {
			return CompleteOutput{}, err
		}
	}
	if err := s.goOn(ctx, &j); err != nil {
		return CompleteOutput{}, err
	}
	out := CompleteOutput{Seconds: rollout.Remaining(env.CommittedAt, j.spec.Guard, s.Now())}
	if j.record.Kind == rollout.Back {
		out.Seconds = unbaked // the guard ends itself
	}
	s.mention(ctx, j.record, notify.Notice{Moment: rollout.MomentCommitted, Phase: rollout.PhaseComplete})
	return out, nil
}

// allShifted checks that the rule holds what the last step left.
func (s *Steps) allShifted(ctx context.Context, j *job) error {
	want := rollout.Toward(j.snap.Plan.Canary, 100)
	rule, err := s.readRule(ctx, j.snap)
	if err != nil {
		return err
	}
	if rule.Weights != want {
		return foreign(rule, want, want)
	}
	return nil
}

// facts is what is so once the rollout has committed. A rollback leaves no release
// to go back to, so that an alarm cannot send the environment to and fro.
func (s *Steps) facts(j *job) store.Facts {
	facts := store.Facts{
		Site: j.snap.Site, Stable: j.snap.Plan.Canary,
		Weights: rollout.Toward(j.snap.Plan.Canary, 100), Release: j.record.Release,
	}
	if j.record.Kind == rollout.Forward && j.snap.Facts != nil {
		facts.Previous = j.snap.Facts.Release
	}
	if watch := j.spec.WatchAfter; watch > 0 {
		facts.Guarded = s.Now().Add(j.spec.Guard + watch)
	}
	return facts
}
