package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// ShiftInput is a step that is to be taken.
type ShiftInput struct {
	Run
	Step int `json:"step"`
}

// ShiftOutput is what the rule holds now, and how long it is to bake.
type ShiftOutput struct {
	Step    int             `json:"step"`
	Weights rollout.Weights `json:"weights"`
	Seconds int             `json:"seconds"`
	Alarms  []rollout.Alarm `json:"alarms,omitempty"` // as it found them
}

// unbaked is the timeout of a bake that has no length and ends itself.
const unbaked = 60

// Shift moves the rule from one step's weights to the next's. NotReady while the
// canary is smaller than the stable slot is now, Unapproved while the step waits for
// people; Rejected, AlarmRed, Aborted, CanaryFailed
// and ForeignWrite send the rollout back; Dirty when the rule cannot be understood.
func (s *Steps) Shift(ctx context.Context, in ShiftInput) (ShiftOutput, error) {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return ShiftOutput{}, err
	}
	plan := j.snap.Plan
	if in.Step < 0 || in.Step >= len(plan.Steps) {
		return ShiftOutput{}, rollout.Errorf(rollout.KindInternal, "rollout %s has no step %d", in.Rollout, in.Step)
	}
	out := ShiftOutput{Step: in.Step, Weights: plan.After(in.Step), Seconds: unbaked}
	if bake := plan.Steps[in.Step].Bake; bake > 0 {
		out.Seconds = int(bake / time.Second)
	}
	if err := j.env.Stopped(in.Rollout); err != nil {
		return out, err
	}
	if err := s.stepApproved(ctx, &j, in.Step); err != nil {
		return out, err
	}
	if _, err := s.readRule(ctx, j.snap); err != nil {
		return out, err // no sense in waiting for a canary that the rule has lost
	}
	err = s.stillGreen(ctx, &j)
	out.Alarms = j.read
	if err != nil {
		return out, err
	}
	if err := s.fit(ctx, &j); err != nil {
		return out, err
	}
	return out, s.move(ctx, &j, in.Step)
}

// stepApproved uses up the approval that the spec asks for before a step.
func (s *Steps) stepApproved(ctx context.Context, j *job, step int) error {
	rule := j.snap.Plan.Steps[step].Approval
	if rule == nil || j.record.Kind == rollout.Back {
		return nil
	}
	return s.use(ctx, question{record: j.record, release: j.release, step: step, rule: *rule})
}

// stillGreen is AlarmRed when an alarm is red or gone. Rollbacks do not ask.
func (s *Steps) stillGreen(ctx context.Context, j *job) error {
	if j.record.Kind == rollout.Back {
		return nil
	}
	var err error
	if j.read, err = j.Alarms.Read(ctx, j.spec.AlarmNames()); err != nil {
		return err
	}
	if v := rollout.Judge(j.spec, j.snap.Plan.Canary, j.read); v.Verdict == rollout.Fail {
		return rollout.Errorf(rollout.KindAlarmRed, "%s", v.Why)
	}
	return nil
}

// fit makes sure that the canary can carry what the stable slot carries now. It
// raises a canary that is too small and says NotReady.
func (s *Steps) fit(ctx context.Context, j *job) error {
	site, slot := j.snap.Site, j.snap.Plan.Canary
	services, err := j.Services.Describe(ctx, site.Cluster, site.Services)
	if err != nil {
		return err
	}
	canary := services[slot]
	if primary := canary.Primary(); primary.TaskDefinition != j.record.TaskDefinition {
		return rollout.Errorf(rollout.KindCanaryFailed, "service %s runs %s, not %s",
			canary.Name, primary.TaskDefinition, j.record.TaskDefinition)
	}
	need := rollout.Size(services[slot.Other()].Desired)
	if canary.Desired < need {
		if err := j.Services.Scale(ctx, canary, need); err != nil {
			return err
		}
		return rollout.Errorf(rollout.KindNotReady, "service %s had %d tasks and needs %d, as many as the stable slot has now; raised",
			canary.Name, canary.Desired, need)
	}
	healthy, err := j.Traffic.Healthy(ctx, site.TargetGroups.Of(slot))
	if err != nil {
		return err
	}
	if healthy < need {
		return rollout.Errorf(rollout.KindNotReady, "service %s has %d healthy targets and needs %d", canary.Name, healthy, need)
	}
	return nil
}

// move reads the rule, writes the intent and then the rule, and reads it back; nothing
// when the rule is there already. Bake tells of it.
func (s *Steps) move(ctx context.Context, j *job, step int) error {
	from, to := j.snap.Plan.Before(step), j.snap.Plan.After(step)
	rule, err := s.readRule(ctx, j.snap)
	if err != nil {
		return err
	}
	switch rollout.Compare(rule.Weights, from, to) {
	case rollout.MoveDone:
		return nil
	case rollout.MoveForeign:
		return foreign(rule, from, to)
	case rollout.MoveWrite:
	}
	intent := store.Intent{Rollout: j.record.Name, From: from, To: to, Fence: j.env.Fence, At: s.Now()}
	if err := s.Store.WriteIntent(ctx, j.claim, intent); err != nil {
		return err
	}
	if err := j.Traffic.Write(ctx, rule, to); err != nil {
		return err
	}
	back, err := s.readRule(ctx, j.snap)
	if err != nil {
		return err
	}
	switch rollout.Compare(back.Weights, from, to) {
	case rollout.MoveDone:
		return nil
	case rollout.MoveWrite:
		return rollout.Errorf(rollout.KindUnavailable, "listener rule %s still reads %s after it was set to %s", rule.ARN, from, to)
	case rollout.MoveForeign:
	}
	return foreign(back, from, to)
}

func foreign(rule traffic.Rule, from, to rollout.Weights) error {
	return rollout.Errorf(rollout.KindForeignWrite,
		"listener rule %s has weights %s; Sluice was moving it from %s to %s. Somebody else writes it", rule.ARN, rule.Weights, from, to)
}

// readRule reads the environment's rule. Dirty when it is gone or has another
// structure: nothing we could write would be right.
func (s *Steps) readRule(ctx context.Context, snap *store.Snapshot) (traffic.Rule, error) {
	rule, err := s.at(snap.Site).Traffic.Read(ctx, snap.Site.Rule, snap.Site.TargetGroups)
	switch rollout.KindOf(err) { //nolint:exhaustive // the others keep their meaning
	case rollout.KindNotFound, rollout.KindRuleChanged:
		return rule, rollout.Errorf(rollout.KindDirty, "%w; put it right by hand", err)
	default:
		return rule, err
	}
}
