package steps

import (
	"context"
	"slices"

	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Ending is what the last step of a rollout gives.
type Ending struct {
	Outcome rollout.Outcome `json:"outcome"`
	Reason  string          `json:"reason,omitempty"`
}

// Retire closes the guard, takes the old slot to zero and hands the environment
// over. AlarmRed or Aborted when the rollout is to flip back after all; Dirty when
// the old slot has weight, because no slot with weight is ever scaled down.
func (s *Steps) Retire(ctx context.Context, in Run) (Ending, error) {
	j, err := s.loadMoving(ctx, in)
	if err != nil {
		return s.endedBefore(ctx, in, err)
	}
	if _, err := s.Store.CloseGuard(ctx, j.claim); err != nil {
		return Ending{}, err
	}
	rule, err := s.readRule(ctx, j.snap)
	if err != nil {
		return Ending{}, err
	}
	old := j.snap.StableSlot()
	if rule.Weights.Of(old) != 0 || rule.Weights.Of(old.Other()) != 100 {
		return Ending{}, rollout.Errorf(rollout.KindDirty,
			"listener rule %s has weights %s after the release was committed; Sluice left the %s slot at 0. Find out who writes it",
			rule.ARN, rule.Weights, old)
	}
	if err := s.empty(ctx, j.snap, old); err != nil {
		return Ending{}, err
	}
	if err := s.dropOldWatches(ctx, &j); err != nil {
		return Ending{}, err
	}
	return s.finish(ctx, j.record, j.claim, Ending{Outcome: rollout.Succeeded}, nil)
}

// dropOldWatches takes back the watches on alarms that the release before named
// and this one does not.
func (s *Steps) dropOldWatches(ctx context.Context, j *job) error {
	old, err := s.alarmsBefore(ctx, j.record.Place, j.snap)
	if err != nil {
		return err
	}
	return s.unwatch(ctx, j.record.Place, j.snap, old, j.spec.AlarmNames())
}

// alarmsBefore are the alarms that the release before named, none if there was
// none.
func (s *Steps) alarmsBefore(ctx context.Context, place store.Place, snap *store.Snapshot) ([]string, error) {
	if snap.Facts == nil || snap.Facts.Release == 0 {
		return nil, nil
	}
	release, err := s.Store.Release(ctx, place.App, snap.Facts.Release)
	if err != nil {
		return nil, err
	}
	spec, _ := release.Spec.Environment(place.Environment)
	return spec.AlarmNames(), nil
}

// unwatch takes back the watches on alarms of the release that leaves and not of
// the one that stays.
func (s *Steps) unwatch(ctx context.Context, place store.Place, snap *store.Snapshot, leaving, staying []string) error {
	stale := slices.DeleteFunc(leaving, func(name string) bool { return slices.Contains(staying, name) })
	arns, err := alarmARNs(snap.Blue.ARN, stale)
	if err != nil {
		return err
	}
	for _, alarm := range arns {
		if err := s.Store.DropWatch(ctx, alarm, place); err != nil {
			return err
		}
	}
	return nil
}

// empty takes a slot without weight to no tasks and keeps autoscaling from
// raising it again.
func (s *Steps) empty(ctx context.Context, snap *store.Snapshot, slot rollout.Slot) error {
	state, reach := snap.Of(slot), s.at(snap.Site)
	if state.Scaling != nil {
		if err := reach.Scaling.Set(ctx, snap.Site.Cluster, state.Service, state.Scaling.Idle()); err != nil {
			return err
		}
	}
	return reach.Services.Scale(ctx, ecsservice.Service{Cluster: snap.Site.Cluster, Name: state.Service}, 0)
}
