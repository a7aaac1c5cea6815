// Package rollout is the domain: releases and the environments they go into,
// steps, weights, phases and verdicts, and the rules that decide what a rollout
// does next. It knows no AWS and does no work: every function takes values and
// gives values, and is told the time.
package rollout

import (
	"fmt"
	"time"
)

// Slot is one of the two ECS services an environment has.
type Slot string

// The two slots.
const (
	Blue  Slot = "blue"
	Green Slot = "green"
)

// Other is the other slot.
func (s Slot) Other() Slot {
	if s == Blue {
		return Green
	}
	return Blue
}

// Weights is how a rule's traffic is divided, in percent. On a rule of ours they
// sum to 100.
type Weights struct {
	Blue  int `json:"blue"`
	Green int `json:"green"`
}

// Toward gives slot the weight and the other slot the rest.
func Toward(slot Slot, weight int) Weights {
	if slot == Blue {
		return Weights{Blue: weight, Green: 100 - weight}
	}
	return Weights{Blue: 100 - weight, Green: weight}
}

// Of is the weight of one slot.
func (w Weights) Of(slot Slot) int {
	if slot == Blue {
		return w.Blue
	}
	return w.Green
}

// Whole is the slot that has all the traffic, if one has.
func (w Weights) Whole() (Slot, bool) {
	switch {
	case w.Blue == 100 && w.Green == 0:
		return Blue, true
	case w.Green == 100 && w.Blue == 0:
		return Green, true
	default:
		return "", false
	}
}

func (w Weights) String() string { return fmt.Sprintf("blue %d, green %d", w.Blue, w.Green) }

// Step is a weight, in percent of the traffic on the canary, and how long it
// stays there, watched.
type Step struct {
	Weight   int           `json:"weight"`
	Bake     time.Duration `json:"bake"`               // nanoseconds in JSON
	Approval *Approval     `json:"approval,omitempty"` // before the step
}

// Kind tells what a rollout is for.
type Kind string

// The kinds of rollouts.
const (
	// Forward brings a release in, step by step.
	Forward Kind = "forward"
	// Back returns to an earlier release at once.
	Back Kind = "rollback"
)

// Outcome is how a rollout ended.
type Outcome string

// The outcomes.
const (
	Succeeded  Outcome = "Succeeded"
	RolledBack Outcome = "RolledBack"
	Superseded Outcome = "Superseded"
	Refused    Outcome = "Refused"
	Rejected   Outcome = "Rejected"
	Dirty      Outcome = "Dirty"
)

// Ended is the outcome that an error of kind k leads to when the way out has
// been walked to its end.
func Ended(k ErrorKind) Outcome {
	switch k { //nolint:exhaustive // whatever else went wrong, it went back
	case KindSuperseded:
		return Superseded
	case KindRefused, KindUnapproved:
		return Refused
	case KindRejected:
		return Rejected
	case KindUnneeded:
		return Succeeded
	case KindDirty:
		return Dirty
	default:
		return RolledBack
	}
}

// Phase is how far a rollout is: the state whose work was last begun. The names
// are the machine's state names.
type Phase string

// The phases.
const (
	PhaseApprove     Phase = "Approve"
	PhaseLock        Phase = "Lock"
	PhaseGate        Phase = "Gate"
	PhasePrepare     Phase = "Prepare"
	PhaseAwaitCanary Phase = "AwaitCanary"
	PhaseShift       Phase = "Shift"
	PhaseAsk         Phase = "Ask"
	PhaseBake        Phase = "Bake"
	PhaseHold        Phase = "Hold"
	PhaseJudge       Phase = "Judge"
	PhaseComplete    Phase = "Complete"
	PhaseGuard       Phase = "Guard"
	PhaseRetire      Phase = "Retire"
	PhaseRollback    Phase = "Rollback"
	PhaseRestore     Phase = "Restore"
	PhaseAccept      Phase = "Accept"
	PhaseLeave       Phase = "Leave"
	PhaseDirty       Phase = "Dirty"
)

// WaitsFor says what a state waits for; "" for one that works.
func (p Phase) WaitsFor() string {
	switch p {
	case PhaseApprove, PhaseAsk:
		return "an answer"
	case PhaseGate:
		return "a freeze, or its windows"
	case PhaseLock:
		return "the rollout before it to end"
	case PhaseAwaitCanary:
		return "a healthy canary"
	case PhaseBake:
		return "the bake to pass"
	case PhaseHold:
		return "somebody to resume it"
	case PhaseGuard:
		return "the guard to run out"
	case PhasePrepare, PhaseShift, PhaseJudge, PhaseComplete, PhaseRetire, PhaseRollback, PhaseRestore, PhaseAccept, PhaseLeave, PhaseDirty:
	}
	return ""
}

// Release is what is rolled out. It never changes once recorded.
type Release struct {
	App    string            `json:"app"`
	Number int               `json:"number"` // from the app's counter; a higher one is newer
	Images map[string]string `json:"images"` // container to repository@sha256:digest
	Spec   Spec              `json:"spec"`   // the spec it was made with
	Cause  Cause             `json:"cause"`
	At     time.Time         `json:"at"`
}

// Cause is what brought a release about.
type Cause struct {
	Key    string `json:"key"`              // what makes two events the same cause
	Source string `json:"source"`           // codebuild, ecr, event, codepipeline, order
	By     string `json:"by,omitempty"`     // who ordered it
	Commit string `json:"commit,omitempty"` // full hash, where the source tells
	Author string `json:"author,omitempty"` // e-mail address, where the source tells
	Link   string `json:"link,omitempty"`   // to the build
	// CommittedAt is when the commit was made, zero where the source does not tell.
	CommittedAt time.Time `json:"committedAt,omitzero"`
	// Repository is the web page of the source's repository, and Commits are what
	// the release brings beside what came before, the newest first, where the source
	// tells.
	Repository string   `json:"repository,omitempty"`
	Commits    []Commit `json:"commits,omitempty"`
	// Job is the job of CodePipeline whose action waits for the deployment, "" if none
	// does, and Execution is that of its pipeline, where the pipeline tells.
	Job       string `json:"job,omitempty"`
	Execution string `json:"execution,omitempty"`
	// BreakGlass is why it passes freezes and windows; "" does not.
	BreakGlass string `json:"breakGlass,omitempty"`
}

// Commit is one change in the source.
type Commit struct {
	ID      string `json:"id"`
	Author  string `json:"author,omitempty"` // e-mail address
	Message string `json:"message,omitempty"`
}

// Name is the name of the rollout that takes the release into an environment, and
// of its execution and its schedule.
func (r Release) Name(environment string) string {
	return NameOf(Forward, r.App, environment, r.Number)
}

// NameOf is the name of a rollout. Of the 64 characters that a schedule's name may
// have (AWS: EventBridge Scheduler API Reference, CreateSchedule), an app and an
// environment of 24 each leave the number of a rollback five.
func NameOf(kind Kind, app, environment string, number int) string {
	return fmt.Sprintf("%s-%d", NamePrefix(kind, app, environment), number)
}

// NamePrefix is what the names of an environment's rollouts of that kind begin
// with. Another app and environment can have the same: both may have hyphens.
func NamePrefix(kind Kind, app, environment string) string {
	if kind == Back {
		return app + "-" + environment + "-rollback"
	}
	return app + "-" + environment
}
