package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Approval says who has to agree before an environment, or before a step.
type Approval struct {
	Slack     string        `json:"slack,omitempty"`     // the channel that is asked: #name or ID
	Approvers []string      `json:"approvers"`           // Slack users (U…, W…), Slack user groups (S…), IAM ARNs
	Quorum    int           `json:"quorum"`              // how many different people
	Expires   time.Duration `json:"expires,omitempty"`   // after it was asked; zero only for pipelines, which time out by themselves
	OnExpiry  Answer        `json:"onExpiry,omitempty"`  // what expiry means
	NotAuthor bool          `json:"notAuthor,omitempty"` // the commit's author may not approve
}

// Look is how long a state waits before it looks at the question again: Expires in
// the fewest equal parts of at most an hour, each in whole seconds and at least one,
// which is the shortest timeout that a state can have.
func (a Approval) Look() time.Duration {
	parts := max(ceil(int64(a.Expires), int64(time.Hour)), 1)
	seconds := ceil(int64(a.Expires), parts*int64(time.Second))
	return time.Duration(max(seconds, 1)) * time.Second
}

// ceil divides and rounds up.
func ceil(n, by int64) int64 { return (n + by - 1) / by }

// Answer is what a person says to a question, or what its expiry means.
type Answer string

// The answers.
const (
	Approve Answer = "approve"
	Reject  Answer = "reject"
)

// Moment is what a notice is about.
type Moment string

// The moments of a rollout that people and programs are told of.
const (
	MomentAsked      Moment = "asked"      // somebody has to approve
	MomentAnswered   Moment = "answered"   // somebody has answered
	MomentQueued     Moment = "queued"     // another rollout has the environment
	MomentHeld       Moment = "held"       // a freeze, or the windows, hold it
	MomentBroken     Moment = "broken"     // it passes a freeze or the windows by break-glass
	MomentBegun      Moment = "begun"      // the canary starts
	MomentShifted    Moment = "shifted"    // traffic moved forward
	MomentJudged     Moment = "judged"     // a verdict
	MomentPaused     Moment = "paused"     // a person paused a bake
	MomentResumed    Moment = "resumed"    // and resumed it
	MomentCommitted  Moment = "committed"  // the release is what the environment runs
	MomentRolledBack Moment = "rolledBack" // traffic went back
	MomentEnded      Moment = "ended"      // it has an outcome
	MomentRepaired   Moment = "repaired"   // what was Dirty is put right, as a person chose
)

// Moments are all of them, in the order of a rollout.
func Moments() []Moment {
	return []Moment{
		MomentAsked, MomentAnswered, MomentQueued, MomentHeld, MomentBroken, MomentBegun, MomentShifted, MomentJudged, MomentPaused, MomentResumed, MomentCommitted,
		MomentRolledBack, MomentEnded, MomentRepaired,
	}
}

// Pipeline is a CodePipeline whose manual approvals are asked for as ours are.
type Pipeline struct {
	Name     string   `json:"name"`
	Stage    string   `json:"stage,omitempty"`  // empty is every stage
	Action   string   `json:"action,omitempty"` // empty is every approval action
	Approval Approval `json:"approval"`
}

// Pipeline is the entry that says how an approval action of a pipeline is asked for:
// the one that names it most exactly, the stage counting more than the action.
func (s Spec) Pipeline(name, stage, action string) (Pipeline, bool) {
	var best Pipeline
	exact := 0
	for _, p := range s.Pipelines {
		if p.Name != name || p.Stage != "" && p.Stage != stage || p.Action != "" && p.Action != action {
			continue
		}
		here := 1
		if p.Stage != "" {
			here += 2
		}
		if p.Action != "" {
			here++
		}
		if here > exact {
			best, exact = p, here
		}
	}
	return best, exact > 0
}

// Hash is what an approval of a release is bound to: its digests and the spec it
// was made with.
func (r Release) Hash() string {
	bound := struct {
		App    string            `json:"app"`
		Number int               `json:"number"`
		Images map[string]string `json:"images"`
		Spec   Spec              `json:"spec"`
	}{r.App, r.Number, r.Images, r.Spec}
	text, err := json.Marshal(bound)
	if err != nil {
		panic("rollout: a release is not JSON: " + err.Error()) // its fields are strings, numbers and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
