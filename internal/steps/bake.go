package steps

import (
	"context"
	"log/slog"
	"slices"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Bake lets a step stand: the wait's timeout is the bake. AlarmRed or Aborted when
// the rollout has been stopped already. A step without a bake ends at once.
func (s *Steps) Bake(ctx context.Context, in WaitInput) error {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return err
	}
	current, env, err := s.hold(ctx, j.claim, rollout.PhaseBake, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	s.tellShift(ctx, &j, in.Step)
	if err := env.Stopped(in.Rollout); err != nil {
		return err
	}
	if j.snap.Plan.Steps[in.Step].Bake == 0 {
		return s.Waker.Wake(ctx, in.Token)
	}
	return nil
}

// tellShift tells of the step that bakes now, once its token is kept: whoever is told can
// pause it. That of a bake that goes on is the same notice again.
func (s *Steps) tellShift(ctx context.Context, j *job, step int) {
	intent := j.env.Intent
	if intent == nil || intent.Rollout != j.record.Name || intent.To != j.snap.Plan.After(step) {
		return // the rule was there already
	}
	s.mention(ctx, j.record, notify.Notice{Moment: rollout.MomentShifted, Phase: rollout.PhaseShift, Weights: &intent.To, At: intent.At})
}

// Hold keeps a paused rollout where it is until somebody resumes it. AlarmRed or
// Aborted when it has been stopped.
func (s *Steps) Hold(ctx context.Context, in WaitInput) error {
	claim := in.claim()
	current, env, err := s.hold(ctx, claim, rollout.PhaseHold, in.Wait, in.span())
	if err != nil || !current {
		return err
	}
	s.tellPause(ctx, in.Rollout)
	return env.Stopped(in.Rollout)
}

// tellPause tells who has paused a rollout, once its token is kept: whoever is told can
// resume it. A pause does not depend on it.
func (s *Steps) tellPause(ctx context.Context, name string) {
	record, err := s.Store.Record(ctx, name)
	var decisions []store.Decision
	if err == nil {
		decisions, err = s.Store.Decisions(ctx, name)
	}
	if err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "pause not told", slog.String("rollout", name), slog.String("error", err.Error()))
		return
	}
	for _, d := range slices.Backward(decisions) {
		if who, ok := d.Inputs["who"].(string); ok && d.Of == store.DecidedCommand && d.Inputs["action"] == string(approvals.Pause) {
			s.mention(ctx, record, notify.Notice{Moment: rollout.MomentPaused, Phase: rollout.PhaseHold, Why: approvals.Pause.Past() + " by " + who, At: d.At})
			return
		}
	}
}
