// Package slack is Slack as Sluice uses it: messages about rollouts and questions
// in Block Kit, the Web API's calls behind them, what people press and write, and
// the signature that proves it came from Slack.
package slack

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Card is all that a message shows: of a rollout, which it follows from the first
// question to the end, or of a pipeline's approval.
type Card struct {
	App         string
	Environment string // "" for a pipeline's approval
	Rollout     string // its name; "" for a pipeline's approval
	Release     int
	Back        bool // a rollback rollout

	Headline string // what is so now, in a few words: "10 percent on the new version"
	Tone     Tone
	Why      string // a sentence, where there is one to say
	Weights  *rollout.Weights
	Canary   rollout.Slot // "" before it is known

	Changes  Changes
	Earlier  []Earlier // environments before this one, in their order
	Question *Question // the one that is open or was answered last; nil if nobody was asked
	Controls []Action  // what people may do now: some of promote, pause, resume, abort
	Wait     string    // which wait promote, pause and resume would end
	Links    []Link
}

// Tone is how a card looks.
type Tone string

// The tones.
const (
	Waiting Tone = "waiting" // for people
	Moving  Tone = "moving"
	Good    Tone = "good"
	Bad     Tone = "bad"
)

// Changes is what the release brings.
type Changes struct {
	Images         []ImageChange // of each container, by name
	TaskDefinition Change        // families and revisions; zero before one was registered
	Commits        []rollout.Commit
	Compare        string // URL of the difference, where it is known
	Author         string
	First          bool // nothing was released here before
}

// ImageChange is the image of one container.
type ImageChange struct {
	Container string
	Change    // of references by digest; From is "" where there was none
}

// Change is what something was and what it becomes.
type Change struct{ From, To string }

// Earlier is how the release fared in an environment before.
type Earlier struct {
	Environment string
	Outcome     rollout.Outcome // "" while its guard still stands
	Took        time.Duration   // from its start to its commit
	Verdicts    []string        // such as "10 percent: pass, all 4 alarms are green"
}

// Question is what people are asked.
type Question struct {
	Approval  string // the approval's ID, which the buttons carry
	Subject   string // "before production", "before step 2 (50 percent)", "at stage Deploy, action Approve"
	Approvers []string
	Quorum    int
	NotAuthor bool
	Expires   time.Time // zero: it does not
	OnExpiry  rollout.Answer
	Hash      string // of release and spec
	Votes     []Vote
	Open      bool
	Result    string // once it is not open: "approved", "rejected by Ada: …", "expired", "superseded by shop-production-8"
}

// Vote is one person's answer.
type Vote struct {
	Name   string // as people know them
	User   string // Slack user ID; "" if they came another way
	Answer rollout.Answer
	Reason string
	At     time.Time
}

// Link is a place to read more.
type Link struct{ Text, URL string }

// Action is what a button asks for.
type Action string

// The actions.
const (
	Approve Action = "approve"
	Reject  Action = "reject"
	Promote Action = "promote"
	Pause   Action = "pause"
	Resume  Action = "resume"
	Abort   Action = "abort"
)
