package slack

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// trigger lets the app open one view for who pressed, as long as it may take to
// answer (Slack: Handling user interaction, trigger_id: 3 seconds as well).
type trigger struct {
	user    string
	expires time.Time
	used    bool
}

// Dialog is a modal view that a user has open.
type Dialog struct {
	View

	ID     string // V…
	User   string
	Errors map[string]string // what the app or Slack has against a block's value, by block ID
	Failed string            // why the last submission came to nothing; "" if it did not

	hash   string
	values map[string]string // what was submitted last, by block ID
}

// View is a modal as the app describes it (Slack: Modal views).
type View struct {
	Type            string  `json:"type"`
	Title           Text    `json:"title"`
	Blocks          []Block `json:"blocks"`
	Close           *Text   `json:"close"`
	Submit          *Text   `json:"submit"`
	PrivateMetadata string  `json:"private_metadata"`
	CallbackID      string  `json:"callback_id"`
	ExternalID      string  `json:"external_id"`
	ClearOnClose    bool    `json:"clear_on_close"`
	NotifyOnClose   bool    `json:"notify_on_close"`
}

// Dialogs are those that a user has open, the oldest first.
func (s *Service) Dialogs(user string) []Dialog {
	var open []Dialog
	for _, d := range s.dialogs {
		if d.User == user {
			open = append(open, *d)
		}
	}
	return open
}

// CloseDialog closes a dialog, as its user does by its close button. One that is
// closed stays so.
func (s *Service) CloseDialog(user, view string) {
	s.dialogs = slices.DeleteFunc(s.dialogs, func(d *Dialog) bool { return d.User == user && d.ID == view })
	s.changed()
}

func (s *Service) newTrigger(user string) string {
	id := digits(s.loop.ID(12)) + "." + digits(s.loop.ID(12)) + "." + s.loop.ID(32)
	s.triggers[id] = &trigger{user: user, expires: s.loop.Now().Add(s.options.AnswerWithin)}
	return id
}

// digits makes a decimal number of hexadecimal characters.
func digits(id string) string {
	return strings.Map(func(r rune) rune { return '0' + r%10 }, id)
}

func (s *Service) openView(a arguments) (answer, error) {
	v, err := s.readView(a["view"])
	if err != nil {
		return nil, err
	}
	t := s.triggers[a["trigger_id"]]
	switch {
	case a["trigger_id"] == "":
		return nil, invalid("missing required field: trigger_id")
	case t == nil:
		return nil, refuse("invalid_trigger_id")
	case t.used:
		return nil, refuse("exchanged_trigger_id")
	case !s.loop.Now().Before(t.expires):
		return nil, refuse("expired_trigger_id")
	case v.ExternalID != "" && slices.ContainsFunc(s.dialogs, func(d *Dialog) bool { return d.ExternalID == v.ExternalID }):
		return nil, refuse("duplicate_external_id")
	}
	t.used = true
	d := &Dialog{View: *v, ID: "V" + strings.ToUpper(s.loop.ID(10)), User: t.user, hash: stampOf(s.loop.Now().UnixMicro()) + s.loop.ID(8)}
	s.dialogs = append(s.dialogs, d)
	s.changed()
	return answer{"view": s.viewDocument(d)}, nil
}

func (s *Service) readView(text string) (*View, error) {
	if len(text) > largestView {
		return nil, refuse("view_too_large")
	}
	document, err := decode(text)
	if err != nil {
		return nil, invalid("view is no JSON")
	}
	c := &check{view: true, ids: map[string]bool{}}
	c.modal(document)
	if len(c.wrong) > 0 {
		return nil, invalid(c.wrong...)
	}
	var v View
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, invalid("view is no view: " + err.Error())
	}
	s.name(v.Blocks)
	return &v, nil
}

// viewDocument is a view as Slack gives it to the app (Slack: views.open, and View
// interaction payloads).
func (s *Service) viewDocument(d *Dialog) answer {
	values := answer{}
	for _, b := range d.Blocks {
		if b.Type != "input" {
			continue
		}
		var value any // null where nothing was written
		if given, ok := d.values[b.ID]; ok && given != "" {
			value = given
		}
		values[b.ID] = answer{b.Element.ActionID: answer{"type": b.Element.Type, "value": value}}
	}
	return answer{
		"id": d.ID, "team_id": s.options.Team, "app_id": s.options.App, "bot_id": s.options.Bot,
		"app_installed_team_id": s.options.Team, "type": d.Type, "title": d.Title, "blocks": d.Blocks, "close": d.Close,
		"submit": d.Submit, "private_metadata": d.PrivateMetadata, "callback_id": d.CallbackID,
		"external_id": d.ExternalID, "clear_on_close": d.ClearOnClose, "notify_on_close": d.NotifyOnClose,
		"hash": d.hash, "root_view_id": d.ID, "previous_view_id": nil, "state": answer{"values": values},
	}
}
