// Package approvals knows how what people decide travels: as events on a bus of
// its own, to which only those functions may write that have found out who the
// person is.
package approvals

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Source and DetailType mark the events.
const (
	Source     = "sluice.decision"
	DetailType = "Sluice Decision"
)

// Action is what a person decided.
type Action string

// The actions. The first two answer a question, the others steer a rollout.
const (
	Approve Action = "approve"
	Reject  Action = "reject"
	Promote Action = "promote"
	Pause   Action = "pause"
	Resume  Action = "resume"
	Abort   Action = "abort"
)

// Known reports whether there is such an action.
func (a Action) Known() bool {
	switch a {
	case Approve, Reject, Promote, Pause, Resume, Abort:
		return true
	default:
		return false
	}
}

// Past is the action as something done.
func (a Action) Past() string {
	switch a {
	case Approve, Promote, Pause, Resume:
		return strings.TrimSuffix(string(a), "e") + "ed"
	case Reject, Abort:
		return string(a) + "ed"
	default:
		return string(a)
	}
}

// Answers reports whether the action answers a question.
func (a Action) Answers() bool { return a == Approve || a == Reject }

// Decision is the detail of the event.
type Decision struct {
	ID      string         `json:"id"`      // the same for every copy of one click or request
	Action  Action         `json:"action"`  //
	Subject string         `json:"subject"` // the approval's ID, or the rollout's name
	Person  rollout.Person `json:"person"`
	Reason  string         `json:"reason,omitempty"`
	Saw     string         `json:"saw,omitempty"`  // the hash of release and spec that they were shown
	Wait    string         `json:"wait,omitempty"` // which wait of the rollout is to end; "" is the one that it is in
	At      time.Time      `json:"at"`
	Channel string         `json:"channel,omitempty"` // of Slack, where to answer
}

// Limits of what a person may write.
const (
	MaxReason  = 500
	MaxSubject = 128
)

// Check says what is wrong with a decision that came from outside: EventInvalid
// with the field.
func (d Decision) Check() error {
	var wrong string
	switch {
	case d.ID == "" || len(d.ID) > MaxSubject:
		wrong = "id"
	case !d.Action.Known():
		wrong = fmt.Sprintf("action %.20q (want approve, reject, promote, pause, resume or abort)", d.Action)
	case d.Subject == "" || len(d.Subject) > MaxSubject:
		wrong = "subject"
	case d.Person.ID == "" || d.Person.Name == "" || d.Person.Way != rollout.BySlack && d.Person.Way != rollout.ByIAM:
		wrong = "person"
	case len(d.Wait) > MaxSubject:
		wrong = "wait"
	case d.At.IsZero():
		wrong = "at"
	default:
		return nil
	}
	return rollout.Errorf(rollout.KindEventInvalid, "the decision is missing or has a wrong %s", wrong)
}

// Bus is where decisions are put.
type Bus struct {
	EventBridge *eventbridge.Client
	Name        string // or ARN
}

// Put puts a decision on the bus. When it returns nil the bus has it.
func (b Bus) Put(ctx context.Context, d Decision) error {
	return b.put(ctx, DetailType, d.ID, d.At, d)
}

func (b Bus) put(ctx context.Context, detailType, id string, at time.Time, said any) error {
	detail, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", detailType, id, err)
	}
	out, err := b.EventBridge.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &b.Name, Source: aws.String(Source), DetailType: &detailType,
		Detail: aws.String(string(detail)), Time: &at,
	}}})
	if err != nil {
		return awsclient.Wrap(err, "put %s %s", detailType, id)
	}
	if out.FailedEntryCount > 0 {
		e := out.Entries[0]
		return rollout.Errorf(rollout.KindUnavailable, "put %s %s: %s: %s", detailType, id, aws.ToString(e.ErrorCode), aws.ToString(e.ErrorMessage))
	}
	return nil
}
