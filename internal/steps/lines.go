package steps

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// line is one detail of a rollout for people.
type line struct {
	order string // of the decision that it tells of
	at    time.Time
	text  string
}

// lines are the details that a thread has.
func lines(decisions []store.Decision) []line {
	var all []line
	for _, d := range decisions {
		if text, ok := lineOf(d); ok {
			all = append(all, line{order: d.Order, at: d.At, text: text})
		}
	}
	return all
}

// lineOf is a decision in a sentence, and whether it is worth one: what a state did
// on the way, and what is tried again by itself, is not.
func lineOf(d store.Decision) (string, bool) {
	switch d.Of {
	case store.DecidedApproval, store.DecidedCommand, store.DecidedAlarm, store.DecidedNotice:
		return d.What, true
	case store.DecidedVerdict, store.DecidedGate, store.DecidedRollback, store.DecidedStep:
	}
	switch d.Kind { //nolint:exhaustive // the others are worth a line
	case "":
	case rollout.KindClosed, rollout.KindThrottled, rollout.KindUnavailable, rollout.KindNotReady, rollout.KindUnapproved, rollout.KindLockLost:
		return "", false
	default:
		return fmt.Sprintf("%s: %s", d.Phase, d.What), true
	}
	switch d.Phase { //nolint:exhaustive // the others are on the way
	case rollout.PhaseJudge:
		return fmt.Sprintf("verdict: %v, %v%s", d.Inputs["verdict"], d.Inputs["why"], alarmCount(d)), true
	case rollout.PhaseShift, rollout.PhaseRollback:
		if w := weightsIn(d); w != nil {
			return fmt.Sprintf("%s: %s", d.Phase, w), true
		}
		return "", false
	case rollout.PhaseGate:
		return d.What, d.Inputs["why"] != nil
	case rollout.PhaseComplete:
		return "committed: the release is what the environment runs", true
	case rollout.PhaseRetire, rollout.PhaseRestore, rollout.PhaseLeave, rollout.PhaseDirty:
		return fmt.Sprintf("ended: %v", d.Inputs["outcome"]), true
	default:
		return "", false
	}
}

// alarmCount is how many alarms a verdict rests on.
func alarmCount(d store.Decision) string {
	alarms, ok := d.Inputs["alarms"].([]any)
	if !ok || len(alarms) == 0 {
		return ""
	}
	green := 0
	for _, a := range alarms {
		if one, ok := a.(map[string]any); ok && one["state"] == string(rollout.AlarmOK) {
			green++
		}
	}
	if green == len(alarms) {
		return fmt.Sprintf(" (%d of %d)", green, len(alarms))
	}
	return fmt.Sprintf(" (%d of %d alarms are green)", green, len(alarms))
}

// weightsIn is what a decision says that the rule holds, nil if it says nothing of
// it.
func weightsIn(d store.Decision) *rollout.Weights {
	if d.Kind != "" || d.Inputs["weights"] == nil {
		return nil
	}
	text, err := json.Marshal(d.Inputs["weights"])
	if err != nil {
		return nil
	}
	var w rollout.Weights
	if json.Unmarshal(text, &w) != nil || w.Blue+w.Green != 100 {
		return nil
	}
	return &w
}
