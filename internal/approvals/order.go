package approvals

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// OrderDetailType marks the events of orders.
const OrderDetailType = "Sluice Order"

// Verb is what an order asks for.
type Verb string

// The verbs.
const (
	Deploy   Verb = "deploy"   // Images, or those tagged with Commit, into App's environments, or Environment alone
	Rollback Verb = "rollback" // App's Environment, to the release To; 0 is the one before
	Freeze   Verb = "freeze"   // App, its Environment alone, or with neither every app, Until then, for a Reason
	Thaw     Verb = "thaw"     // the freeze of App, of its Environment, or with neither of every app
	Repair   Verb = "repair"   // App's Environment out of Dirty, by a Move
)

// Order is what a person asks for that is no answer to a question and steers no
// rollout: the detail of the event.
type Order struct {
	ID     string         `json:"id,omitempty"` // the same for every copy of one request
	Verb   Verb           `json:"verb"`
	Person rollout.Person `json:"person,omitzero"`
	At     time.Time      `json:"at,omitzero"`
	Reason string         `json:"reason,omitempty"`

	App         string `json:"app,omitempty"`
	Environment string `json:"environment,omitempty"`

	Images map[string]string `json:"images,omitempty"` // container to image; "" is an app's only container
	Commit string            `json:"commit,omitempty"`
	Author string            `json:"author,omitempty"` // of the commit, where the person has no e-mail address
	Link   string            `json:"link,omitempty"`   // to the build

	Committed time.Time `json:"committedAt,omitzero"` // when the commit was made; zero where nobody knows

	BreakGlass string `json:"breakGlass,omitempty"` // why a deployment passes freezes and windows

	To    int       `json:"to,omitempty"`
	Move  string    `json:"move,omitempty"` // back or accept
	Until time.Time `json:"until,omitzero"`
}

// MaxFreeze is the longest that a freeze may last: an execution of Step Functions lives
// for a year (AWS: Step Functions Developer Guide, service quotas).
const MaxFreeze = 180 * 24 * time.Hour

// maxText is the longest text in an order, in bytes, that is a name.
const maxText = 1024

// Check says what is wrong with an order that came from outside: EventInvalid with the
// field.
func (o Order) Check() error {
	var wrong string
	switch {
	case o.ID == "" || len(o.ID) > MaxSubject:
		wrong = "no id, or one that is too long"
	case o.Person.ID == "" || o.Person.Name == "" || o.Person.Way != rollout.ByIAM:
		wrong = "nobody who orders"
	case o.At.IsZero():
		wrong = "no time"
	case max(utf8.RuneCountInString(o.Reason), utf8.RuneCountInString(o.BreakGlass)) > MaxReason:
		wrong = fmt.Sprintf("a reason of more than %d characters", MaxReason)
	case o.App == "" && (o.Environment != "" || o.Verb != Freeze && o.Verb != Thaw):
		wrong = "no app"
	case max(len(o.App), len(o.Environment), len(o.Commit), len(o.Author), len(o.Link), len(o.Move)) > maxText:
		wrong = fmt.Sprintf("a name of more than %d bytes", maxText)
	default:
		wrong = o.wrongVerb()
	}
	if wrong == "" {
		return nil
	}
	return rollout.Errorf(rollout.KindEventInvalid, "the order has %s", wrong)
}

// wrongVerb says what is wrong with what the verb needs.
func (o Order) wrongVerb() string {
	switch o.Verb {
	case Deploy:
		if len(o.Images) == 0 && o.Commit == "" {
			return "to name images, or the commit that they are tagged with"
		}
	case Rollback:
		if o.Environment == "" {
			return "no environment to roll back"
		}
		if o.To < 0 {
			return fmt.Sprintf("the release %d, and releases count from 1", o.To)
		}
	case Freeze:
		switch {
		case o.Reason == "":
			return "no reason, and who is held by a freeze wants to know it"
		case !o.Until.After(o.At):
			return "no end after now"
		case o.Until.Sub(o.At) > MaxFreeze:
			return fmt.Sprintf("an end more than %d days from now", int(MaxFreeze.Hours()/24))
		}
	case Thaw:
	case Repair:
		if o.Environment == "" || o.Move == "" {
			return "no environment to repair, or no move"
		}
	default:
		return fmt.Sprintf("the verb %.20q, want deploy, rollback, freeze, thaw or repair", o.Verb)
	}
	return ""
}

// PutOrder puts an order on the bus. When it returns nil the bus has it.
func (b Bus) PutOrder(ctx context.Context, o Order) error {
	return b.put(ctx, OrderDetailType, o.ID, o.At, o)
}
