package slack

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Interaction is that a person pressed one of our buttons, or sent a dialog.
type Interaction struct {
	Action    Action
	Subject   string // approval ID or rollout name
	Wait      string // which of the rollout's waits the button ends; "" for buttons that end none
	Submitted bool   // a dialog came back, rather than a button
	Reason    string // of a dialog; "" if there was nothing but spaces
	User      string // IDs; whether they may is decided on these, never on the name
	Team      string
	App       string
	UserName  string
	Channel   string // of the message; "" where Slack does not say
	TS        string
	Trigger   string // opens one dialog, within 3 seconds
	ActionTS  string // of a button: when it was pressed, the same for the same press
}

// maxBody is how large a request's body may be, in bytes. Slack sends the message
// along, so it is several times as large as one of ours.
const maxBody = 1 << 20

// payload is what we read of an interaction (Slack: block_actions and
// view_submission payloads). The message itself is not read: what it shows may be
// old.
type payload struct {
	Type string `json:"type"`
	User struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
	} `json:"user"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	App       string `json:"api_app_id"`
	Trigger   string `json:"trigger_id"`
	Container struct {
		Channel string `json:"channel_id"`
		TS      string `json:"message_ts"`
	} `json:"container"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Message struct {
		TS string `json:"ts"`
	} `json:"message"`
	Actions []pressed `json:"actions"`
	View    view      `json:"view"`
}

type pressed struct {
	Type     string `json:"type"`
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
	TS       string `json:"action_ts"`
}

type view struct {
	CallbackID string `json:"callback_id"`
	Metadata   string `json:"private_metadata"`
	State      struct {
		Values map[string]map[string]struct {
			Value string `json:"value"`
		} `json:"values"`
	} `json:"state"`
}

// Parse reads the body of a request that was verified. It gives nil for what asks
// for nothing of us: other kinds of interaction, and buttons that are not ours, such
// as those that open a page. An error is of kind EventInvalid and names the field.
func Parse(body []byte) (*Interaction, error) {
	if len(body) > maxBody {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "the request has %d bytes, want at most %d", len(body), maxBody)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "the request is no form: %w", err)
	}
	if n := len(form["payload"]); n != 1 {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "field payload is there %d times, want once", n)
	}
	var p payload
	if err := json.Unmarshal([]byte(form.Get("payload")), &p); err != nil {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "field payload: %w", err)
	}
	switch p.Type {
	case "block_actions":
		return p.button()
	case "view_submission":
		return p.dialog()
	case "":
		return nil, rollout.Errorf(rollout.KindEventInvalid, "field type is missing")
	default:
		return nil, nil //nolint:nilnil // it asks for nothing
	}
}

// button is a press. Slack sends one action with each (Slack: block_actions
// payload).
func (p payload) button() (*Interaction, error) {
	for _, a := range p.Actions {
		if a.Type != "button" || !Action(a.ActionID).known() {
			continue
		}
		if err := p.check(field{"actions[].value", a.Value, maxValue, true}, field{"actions[].action_ts", a.TS, maxID, true}); err != nil {
			return nil, err
		}
		subject, wait, _ := strings.Cut(a.Value, waitMark)
		i := p.interaction(Action(a.ActionID), subject)
		i.Wait = wait
		i.Channel, i.TS, i.ActionTS = either(p.Channel.ID, p.Container.Channel), either(p.Message.TS, p.Container.TS), a.TS
		return i, nil
	}
	return nil, nil //nolint:nilnil // it asks for nothing
}

func (p payload) dialog() (*Interaction, error) {
	if p.View.CallbackID != reasonDialog {
		return nil, nil //nolint:nilnil // it asks for nothing
	}
	var c carried
	if err := json.Unmarshal([]byte(p.View.Metadata), &c); err != nil {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "field view.private_metadata: %w", err)
	}
	if !c.Action.known() {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "field view.private_metadata: action %q is none of ours", first(string(c.Action), 50))
	}
	reason := strings.TrimSpace(p.View.State.Values[reasonInput][reasonInput].Value)
	err := p.check(
		field{"view.private_metadata: subject", c.Subject, maxValue, true},
		field{"view.private_metadata: channel", c.Channel, maxID, false},
		field{"view.private_metadata: ts", c.TS, maxID, false},
		field{"view.state.values." + reasonInput, reason, maxReason * 2, false}, // Slack may count two units as one
	)
	if err != nil {
		return nil, err
	}
	i := p.interaction(c.Action, c.Subject)
	i.Submitted, i.Reason, i.Channel, i.TS = true, reason, c.Channel, c.TS
	return i, nil
}

func (p payload) interaction(action Action, subject string) *Interaction {
	return &Interaction{
		Action: action, Subject: subject, User: p.User.ID, Team: p.Team.ID, App: p.App,
		UserName: either(p.User.Name, p.User.Username), Trigger: p.Trigger,
	}
}

func either(one, other string) string {
	if one != "" {
		return one
	}
	return other
}

func (a Action) known() bool {
	switch a {
	case Approve, Reject, Promote, Pause, Resume, Abort:
		return true
	}
	return false
}

// maxID is how long an ID, a name, a timestamp or a trigger may be, in characters.
const maxID = 255

// field is what is checked of one.
type field struct {
	name, value string
	limit       int
	required    bool
}

// check checks the fields given and those that every interaction has.
func (p payload) check(fields ...field) error {
	fields = append(
		fields,
		field{"user.id", p.User.ID, maxID, true},
		field{"team.id", p.Team.ID, maxID, true},
		field{"api_app_id", p.App, maxID, true},
		field{"user.name", p.User.Name, maxID, false},
		field{"user.username", p.User.Username, maxID, false},
		field{"trigger_id", p.Trigger, maxID, false},
		field{"channel.id", p.Channel.ID, maxID, false},
		field{"message.ts", p.Message.TS, maxID, false},
		field{"container.channel_id", p.Container.Channel, maxID, false},
		field{"container.message_ts", p.Container.TS, maxID, false},
	)
	for _, f := range fields {
		if f.required && f.value == "" {
			return rollout.Errorf(rollout.KindEventInvalid, "field %s is missing", f.name)
		}
		if n := units(f.value); n > f.limit {
			return rollout.Errorf(rollout.KindEventInvalid, "field %s has %d characters, want at most %d", f.name, n, f.limit)
		}
	}
	return nil
}
