package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Submit has a user submit a dialog with values by block ID, and waits for what
// comes of it, as loop.Await does. What lacks or is too long is held against its
// block without asking the app. It gives an error if the user has no such dialog
// open.
func (s *Service) Submit(user, viewID string, values map[string]string) (Outcome, error) {
	var out Outcome
	var err error
	s.loop.Await(func(done func()) {
		err = s.StartSubmit(user, viewID, values, func(o Outcome) {
			out = o
			done()
		})
		if err != nil {
			done()
		}
	})
	return out, err
}

// StartSubmit is Submit on the loop: it gives the outcome to done, once, unless it
// gives an error.
func (s *Service) StartSubmit(user, viewID string, values map[string]string, done func(Outcome)) error {
	d := s.dialog(user, viewID)
	if d == nil {
		return fmt.Errorf("submit view %s as %s: no such dialog is open", viewID, user)
	}
	for id := range values {
		if d.input(id) == nil {
			return fmt.Errorf("submit view %s: no input has block_id %q", viewID, id)
		}
	}
	d.values, d.Failed = values, ""
	d.Errors = d.incomplete()
	s.changed()
	if len(d.Errors) > 0 {
		done(Outcome{Failure: "The dialog is not complete."})
		return nil
	}
	payload := s.origin("view_submission", user)
	payload["view"] = s.viewDocument(d)
	payload["response_urls"] = []answer{}
	s.send(payload, func(o Outcome) {
		if o.Failure == "" {
			o.Failure = s.acknowledged(d, o.Answer.Body)
		}
		d.Failed = o.Failure
		s.changed()
		done(o)
	})
	return nil
}

func (s *Service) dialog(user, viewID string) *Dialog {
	for _, d := range s.dialogs {
		if d.User == user && d.ID == viewID {
			return d
		}
	}
	return nil
}

func (d *Dialog) input(id string) *Element {
	for _, b := range d.Blocks {
		if b.Type == "input" && b.ID == id {
			return b.Element
		}
	}
	return nil
}

// incomplete is what Slack's client has against the values, by block ID.
func (d *Dialog) incomplete() map[string]string {
	wrong := map[string]string{}
	for _, b := range d.Blocks {
		if b.Type != "input" {
			continue
		}
		longest := b.Element.longest()
		switch length := utf8.RuneCountInString(d.values[b.ID]); {
		case length == 0 && !b.Optional:
			wrong[b.ID] = "Please complete this required field."
		case length == 0:
		case length < b.Element.Shortest:
			wrong[b.ID] = fmt.Sprintf("Must be at least %d characters.", b.Element.Shortest)
		case length > longest:
			wrong[b.ID] = fmt.Sprintf("Must be at most %d characters.", longest)
		}
	}
	return wrong
}

// longest is how many characters an input takes.
func (e *Element) longest() int {
	if e.Longest == 0 {
		return longestInput
	}
	return e.Longest
}

// acknowledged does what the app's answer to a submission says and gives what the
// user sees if it cannot be done (Slack: Modals, response actions).
func (s *Service) acknowledged(d *Dialog, body []byte) string {
	var said struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
	}
	if body = bytes.TrimSpace(body); len(body) > 0 {
		if err := json.Unmarshal(body, &said); err != nil {
			return fmt.Sprintf("%s gave an answer that is no JSON.", s.options.AppName)
		}
	}
	switch said.Action {
	case "", "clear":
		s.CloseDialog(d.User, d.ID)
		return ""
	case "errors":
		for id := range said.Errors {
			if d.input(id) == nil {
				return fmt.Sprintf("%s named a block that is no input.", s.options.AppName)
			}
		}
		if len(said.Errors) == 0 {
			return fmt.Sprintf("%s gave response_action errors without errors.", s.options.AppName)
		}
		d.Errors = said.Errors
		return ""
	default:
		return fmt.Sprintf("response_action %q is not emulated.", said.Action)
	}
}
