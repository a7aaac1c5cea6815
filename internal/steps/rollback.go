package steps

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Cause is why a rollout goes back: an error as the machine caught it.
type Cause struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"` // JSON of waits.Cause where Lambda or Sluice wrote it
}

// Kind is the error's kind.
func (c Cause) Kind() rollout.ErrorKind { return rollout.ErrorKind(c.Error) }

// Reason is the sentence for people.
func (c Cause) Reason() string {
	var told waits.Cause
	if json.Unmarshal([]byte(c.Cause), &told) == nil && told.Message != "" {
		return told.Message
	}
	if c.Cause == "" {
		return c.Error
	}
	return c.Error + ": " + c.Cause
}

// BackInput is a rollout that goes back, and why.
type BackInput struct {
	Run
	Cause Cause `json:"cause"`
}

// BackOutput is what the rule holds now; nil when the rollout never came so far as
// to touch one.
type BackOutput struct {
	Weights *rollout.Weights `json:"weights,omitempty"`
}

// Rollback puts all traffic on the stable slot, and then, if the rollout had
// committed, stops what its deployment has begun in later environments, even if the
// traffic could not be put back yet. Dirty when that slot cannot take it; then the
// weights stay as they are.
func (s *Steps) Rollback(ctx context.Context, in BackInput) (BackOutput, error) {
	env, err := s.Store.RaiseFence(ctx, in.claim())
	if err != nil {
		return BackOutput{}, err
	}
	snap := env.SnapshotOf(in.Rollout)
	if snap == nil {
		return BackOutput{}, nil
	}
	moved, err := s.toStable(ctx, snap)
	if err != nil {
		// Later environments must not go on for as long as this one cannot go back.
		return BackOutput{}, errors.Join(err, s.haltCommitted(ctx, in, &env))
	}
	out := BackOutput{Weights: &snap.Weights}
	if moved {
		record, err := s.Store.Record(ctx, in.Rollout)
		if err != nil {
			return out, err
		}
		s.mention(ctx, record, notify.Notice{
			Moment: rollout.MomentRolledBack, Phase: rollout.PhaseRollback,
			Kind: in.Cause.Kind(), Why: in.Cause.Reason(), Weights: out.Weights,
		})
	}
	return out, s.haltCommitted(ctx, in, &env)
}

// haltCommitted stops the deployment of a forward rollout that goes back although it
// had committed.
func (s *Steps) haltCommitted(ctx context.Context, in BackInput, env *store.Environment) error {
	if env.Committed != in.Rollout || env.Kind == rollout.Back {
		return nil
	}
	record, err := s.Store.Record(ctx, in.Rollout)
	if err != nil {
		return err
	}
	return s.halt(ctx, record.Place, record.Release, in.Cause.Reason())
}

// toStable gives the stable slot all the traffic, as the snapshot found it, and
// reads it back. It reports false when it had it already.
func (s *Steps) toStable(ctx context.Context, snap *store.Snapshot) (bool, error) {
	rule, err := s.readRule(ctx, snap)
	if err != nil || rule.Weights == snap.Weights {
		return false, err
	}
	stable := snap.StableSlot()
	if snap.Plan.First {
		return false, rollout.Errorf(rollout.KindDirty,
			"the first release has traffic (%s) and there is nothing to go back to; repair it, or release again", rule.Weights)
	}
	healthy, err := s.at(snap.Site).Traffic.Healthy(ctx, snap.Site.TargetGroups.Of(stable))
	if err != nil {
		return false, err
	}
	if healthy == 0 {
		return false, rollout.Errorf(rollout.KindDirty,
			"the stable slot (%s) has no healthy target, so its weight was not raised; listener rule %s stays at %s",
			snap.Of(stable).Service, rule.ARN, rule.Weights)
	}
	if err := s.at(snap.Site).Traffic.Write(ctx, rule, snap.Weights); err != nil {
		return false, err
	}
	back, err := s.readRule(ctx, snap)
	if err == nil && back.Weights != snap.Weights {
		err = rollout.Errorf(rollout.KindUnavailable, "listener rule %s still reads %s after it was set to %s",
			rule.ARN, back.Weights, snap.Weights)
	}
	return true, err
}

// Restore comes when no write of the rollout can be under way any more: it looks at
// the rule again, takes the canary to zero, gives autoscaling its settings back,
// hears no more of the alarms that were the release's alone, and hands the
// environment over.
func (s *Steps) Restore(ctx context.Context, in BackInput) (Ending, error) {
	record, err := s.Store.Record(ctx, in.Rollout)
	if err != nil {
		return Ending{}, err
	}
	claim := record.Claim(in.Execution)
	env, err := s.Store.Owned(ctx, claim)
	if err != nil {
		return s.endedBefore(ctx, in.Run, err)
	}
	ending := Ending{Outcome: rollout.Ended(in.Cause.Kind()), Reason: in.Cause.Reason()}
	snap := env.SnapshotOf(in.Rollout)
	if snap == nil {
		if ending.Outcome == rollout.RolledBack {
			ending.Outcome = rollout.Refused // nothing was moved that could have gone back
		}
		s.repaired(ctx, record, &env, rollout.PhaseRestore)
		return s.finish(ctx, record, claim, ending, nil)
	}
	if _, err := s.toStable(ctx, snap); err != nil {
		return Ending{}, err
	}
	if err := s.empty(ctx, snap, snap.Plan.Canary); err != nil {
		return Ending{}, err
	}
	if err := s.restoreScaling(ctx, snap); err != nil {
		return Ending{}, err
	}
	if err := s.dropOwnWatches(ctx, record, snap); err != nil {
		return Ending{}, err
	}
	s.repaired(ctx, record, &env, rollout.PhaseRestore)
	return s.finish(ctx, record, claim, ending, before(&env, snap))
}

// dropOwnWatches takes back the watches on alarms that only the release that has
// gone back named: what they say is nothing to the next one.
func (s *Steps) dropOwnWatches(ctx context.Context, record store.Record, snap *store.Snapshot) error {
	release, err := s.Store.Release(ctx, record.Place.App, record.Release)
	if err != nil {
		return err
	}
	own, _ := release.Spec.Environment(record.Place.Environment)
	staying, err := s.alarmsBefore(ctx, record.Place, snap)
	if err != nil {
		return err
	}
	return s.unwatch(ctx, record.Place, snap, own.AlarmNames(), staying)
}

// restoreScaling gives both slots the settings that the snapshot found. The idle
// slot's minimum stays at zero: Application Auto Scaling raises a service to its
// minimum whenever the target is set (AWS: API_RegisterScalableTarget).
func (s *Steps) restoreScaling(ctx context.Context, snap *store.Snapshot) error {
	for _, slot := range []rollout.Slot{snap.StableSlot(), snap.Plan.Canary} {
		state := snap.Of(slot)
		if state.Scaling == nil || slot == snap.StableSlot() && snap.Plan.First {
			continue // there is none, or Prepare left it alone
		}
		settings := *state.Scaling
		if slot == snap.Plan.Canary {
			settings.Min = 0
		}
		if err := s.at(snap.Site).Scaling.Set(ctx, snap.Site.Cluster, state.Service, settings); err != nil {
			return err
		}
	}
	return nil
}

// before is the facts to put back: nil when the rollout had not committed.
func before(env *store.Environment, snap *store.Snapshot) *store.Facts {
	if env.Committed != snap.Rollout {
		return nil
	}
	if snap.Facts != nil {
		return snap.Facts
	}
	return &store.Facts{Site: snap.Site, Stable: snap.StableSlot(), Weights: snap.Weights}
}
