// Package notify tells people and programs what a rollout does: a Teller puts
// notices as events on the bus, and from there they go to the channels that a spec
// names, an SNS topic (SNS), a signed webhook (Webhook) or Microsoft Teams (Teams).
//
// A delivery is one attempt. An error of kind Unavailable or Throttled may pass, and
// a *RetryLater in its chain says how long the receiver wants to be left alone;
// after any other kind another attempt would end the same.
package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Source and DetailType mark our events.
const (
	Source     = "sluice"
	DetailType = "Sluice Rollout State Change"
)

// Notice is the detail of the event.
type Notice struct {
	ID          string            `json:"id"` // the same for every copy of one notice
	App         string            `json:"app"`
	Environment string            `json:"environment"`
	Rollout     string            `json:"rollout"`
	Release     int               `json:"release"`
	Moment      rollout.Moment    `json:"moment,omitempty"`
	Phase       rollout.Phase     `json:"phase"`
	Outcome     rollout.Outcome   `json:"outcome,omitempty"` // once it has ended
	Kind        rollout.ErrorKind `json:"kind,omitempty"`    // of what went wrong
	Why         string            `json:"why,omitempty"`
	Weights     *rollout.Weights  `json:"weights,omitempty"` // where they have changed
	At          time.Time         `json:"at"`
}

// identity is what Tell gives a notice as its ID: letters and digits, because the ID
// is signed between full stops.
func (n Notice) identity() string {
	var weights rollout.Weights
	if n.Weights != nil {
		weights = *n.Weights
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %s %s",
		n.App, n.Environment, n.Rollout, n.Moment, n.Phase, n.At.UTC().Format(time.RFC3339Nano), weights))
	return hex.EncodeToString(sum[:12])
}

// Teller puts notices on the bus.
type Teller struct {
	EventBridge *eventbridge.Client
	Bus         string // name or ARN; "" is the default bus
}

// Tell puts a notice on the bus. One without an ID gets its own: a hash over the
// rollout and its place, the moment, the phase, the time and the weights, so that
// what is told twice is one notice.
func (t Teller) Tell(ctx context.Context, n Notice) error {
	if n.ID == "" {
		n.ID = n.identity()
	}
	detail, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice of %s: %w", n.Rollout, err)
	}
	entry := types.PutEventsRequestEntry{
		Source: aws.String(Source), DetailType: aws.String(DetailType),
		Detail: aws.String(string(detail)), Time: &n.At,
	}
	if t.Bus != "" {
		entry.EventBusName = &t.Bus
	}
	out, err := t.EventBridge.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return awsclient.Wrap(err, "put a notice of %s", n.Rollout)
	}
	if out.FailedEntryCount > 0 {
		return awsclient.Wrap(refusal(out.Entries[0]), "put a notice of %s", n.Rollout)
	}
	return nil
}

// refusal is the error of an entry that was not taken. Of those that AWS lists,
// InternalFailure is its own fault (AWS: EventBridge API Reference,
// PutEventsResultEntry).
func refusal(entry types.PutEventsResultEntry) error {
	err := &smithy.GenericAPIError{
		Code: aws.ToString(entry.ErrorCode), Message: aws.ToString(entry.ErrorMessage), Fault: smithy.FaultClient,
	}
	if err.Code == "InternalFailure" {
		err.Fault = smithy.FaultServer
	}
	return err
}
