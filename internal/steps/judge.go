package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// JudgeInput is a step that has baked.
type JudgeInput struct {
	Run
	Step         int `json:"step"`
	Inconclusive int `json:"inconclusive"` // verdicts in a row that decided nothing
}

// JudgeOutput is the verdict and what follows it.
type JudgeOutput struct {
	rollout.Judgement
	Next         rollout.Next `json:"next"`
	Step         int          `json:"step"`    // of what follows
	Seconds      int          `json:"seconds"` // of the next bake, when that follows
	Inconclusive int          `json:"inconclusive"`
}

// Judge reads latch and alarms and says what follows. AlarmRed when one is red,
// VerdictFailed when the verdict ends the rollout otherwise. What it cannot read
// has not passed.
func (s *Steps) Judge(ctx context.Context, in JudgeInput) (JudgeOutput, error) {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return JudgeOutput{}, err
	}
	if err := j.env.Stopped(in.Rollout); err != nil {
		return JudgeOutput{}, err
	}
	var read []rollout.Alarm
	if j.record.Kind == rollout.Forward {
		if read, err = j.Alarms.Read(ctx, j.spec.AlarmNames()); err != nil {
			return JudgeOutput{}, err
		}
	}
	out := JudgeOutput{Judgement: rollout.Judge(j.spec, j.snap.Plan.Canary, read), Step: in.Step, Seconds: unbaked}
	out.Next = rollout.After(j.snap.Plan, j.spec.Inconclusive, out.Verdict, in.Step, in.Inconclusive)
	switch out.Next {
	case rollout.NextStop:
		kind := rollout.KindVerdictFailed
		if out.Verdict == rollout.Fail {
			kind = rollout.KindAlarmRed
		}
		return out, rollout.Errorf(kind, "%s", out.Why)
	case rollout.NextBake:
		out.Inconclusive = in.Inconclusive + 1
		if bake := j.snap.Plan.Steps[in.Step].Bake; bake > 0 {
			out.Seconds = int(bake / time.Second)
		}
	case rollout.NextShift:
		out.Step++
	case rollout.NextComplete:
	}
	s.judged(ctx, &j, out.Judgement)
	return out, nil
}

func (s *Steps) judged(ctx context.Context, j *job, verdict rollout.Judgement) {
	s.mention(ctx, j.record, notify.Notice{
		Moment: rollout.MomentJudged, Phase: rollout.PhaseJudge, Why: fmt.Sprintf("%s: %s", verdict.Verdict, verdict.Why),
	})
}
