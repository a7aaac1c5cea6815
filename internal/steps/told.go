package steps

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// done is what a decision says that a step has done.
const done = "done"

// Told says what was decided, and why where that is another thing. Of an error it is
// the kind, and why is its sentence.
func Told(d store.Decision) (what, why string) {
	switch {
	case d.Of == store.DecidedApproval || d.Of == store.DecidedCommand:
		return d.What, ""
	case d.Kind == rollout.KindClosed: // its sentence is a number, for the machine
		return "a freeze or the windows hold it", ""
	case d.Kind != "":
		return string(d.Kind), d.What
	case d.What != done:
		return d.What, ""
	}
	var f facts
	if text, err := json.Marshal(d.Inputs); err != nil || json.Unmarshal(text, &f) != nil {
		return "", ""
	}
	why = f.Why
	if f.Cause != nil {
		why = cmp.Or(f.Cause.Reason(), why)
	}
	return f.done(d.Phase), why
}

// facts are what a step took and gave, as far as it is told in a sentence.
type facts struct {
	Plan           *rollout.Plan    `json:"plan"`
	TaskDefinition string           `json:"taskDefinition"`
	Size           int              `json:"size"`
	Seconds        int              `json:"seconds"`
	Weights        *rollout.Weights `json:"weights"`
	Verdict        rollout.Verdict  `json:"verdict"`
	Why            string           `json:"why"`
	Next           rollout.Next     `json:"next"`
	Cause          *Cause           `json:"cause"`
	Behind         string           `json:"behind"`
	Approval       string           `json:"approval"`
}

// done says what a step did that went well.
func (f facts) done(phase rollout.Phase) string {
	span := time.Duration(f.Seconds) * time.Second
	switch phase {
	case rollout.PhaseApprove, rollout.PhaseAsk:
		if f.Approval == "" {
			return "nobody has to be asked"
		}
		return "asks for an answer to " + f.Approval
	case rollout.PhaseGate:
		return "looks whether a freeze or the windows hold it"
	case rollout.PhaseLock:
		if f.Behind != "" {
			return "waits for " + f.Behind
		}
		return "has the environment"
	case rollout.PhasePrepare:
		if f.Plan != nil {
			return fmt.Sprintf("%s starts with %s of %s", f.Plan.Canary, tasks(f.Size), familyAndRevision(f.TaskDefinition))
		}
	case rollout.PhaseAwaitCanary:
		return "waits until the canary is healthy"
	case rollout.PhaseShift, rollout.PhaseRollback:
		if f.Weights != nil {
			return f.Weights.String()
		}
	case rollout.PhaseBake:
		return fmt.Sprintf("watches for %v", span)
	case rollout.PhaseJudge:
		return fmt.Sprintf("%s, then %s", f.Verdict, f.Next)
	case rollout.PhaseComplete:
		return "the release is committed"
	case rollout.PhaseGuard:
		return fmt.Sprintf("keeps the old slot warm for %v", span)
	case rollout.PhaseRetire:
		return "the old slot goes to zero"
	case rollout.PhaseAccept:
		return "what has the traffic is what the environment runs"
	case rollout.PhaseRestore:
		return "the canary goes to zero"
	case rollout.PhaseHold:
		return "is paused until somebody resumes it"
	case rollout.PhaseLeave, rollout.PhaseDirty:
	}
	return ""
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}
