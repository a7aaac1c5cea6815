package rollout

import (
	"fmt"
	"strings"
)

// AlarmState is the state of a CloudWatch alarm.
type AlarmState string

// The states, as CloudWatch names them.
const (
	AlarmOK      AlarmState = "OK"
	AlarmRed     AlarmState = "ALARM"
	AlarmUnknown AlarmState = "INSUFFICIENT_DATA"
	AlarmMissing AlarmState = "MISSING" // no alarm has that name
)

// Alarm is an alarm's name and what it said when it was read.
type Alarm struct {
	Name  string     `json:"name"`
	State AlarmState `json:"state"`
}

// Verdict is what the judge says after a bake.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// Judgement is a verdict and the sentence that explains it.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	Alarms  []Alarm `json:"alarms"`
}

// Judge decides on the alarms. One red or missing alarm fails. An alarm that says
// something about the canary and has no data makes the verdict inconclusive.
func Judge(env Environment, canary Slot, alarms []Alarm) Judgement {
	j := Judgement{Verdict: Pass, Why: "all alarms are green", Alarms: alarms}
	if len(alarms) == 0 {
		j.Why = "the spec names no alarms"
	}
	var unknown []string
	for _, a := range alarms {
		switch {
		case a.State == AlarmRed:
			j.Verdict, j.Why = Fail, fmt.Sprintf("alarm %s is red", a.Name)
			return j
		case a.State == AlarmMissing:
			j.Verdict, j.Why = Fail, fmt.Sprintf("alarm %s does not exist any more", a.Name)
			return j
		case a.State != AlarmOK && env.Speaks(a.Name, canary):
			unknown = append(unknown, a.Name)
		}
	}
	if len(unknown) > 0 {
		j.Verdict = Inconclusive
		j.Why = "no data yet for " + strings.Join(unknown, ", ")
	}
	return j
}

// Next is what follows a judgement.
type Next string

// What can follow; the names are the machine's states, but for Stop.
const (
	NextShift    Next = "Shift"
	NextBake     Next = "Bake"
	NextComplete Next = "Complete"
	NextStop     Next = "Stop"
)

// After decides what follows a verdict on step i when the bakes before were
// inconclusive that many times in a row.
func After(p Plan, rule InconclusiveRule, v Verdict, i, inconclusive int) Next {
	switch {
	case v == Fail:
		return NextStop
	case v == Inconclusive && inconclusive < rule.Retries:
		return NextBake
	case v == Inconclusive && rule.Then != ChooseProceed:
		return NextStop
	case p.Last(i):
		return NextComplete
	default:
		return NextShift
	}
}
