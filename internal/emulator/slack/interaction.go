package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Outcome is what a press or a submission came to.
type Outcome struct {
	Failure string         // what the person sees if it failed; "" if it went well
	Sent    *wire.Request  // what the app was sent; nil if nothing was
	Answer  *wire.Response // nil if none came in time
}

// Sign gives the headers with which Slack sends a body at a time (Slack: Verifying
// requests from Slack).
func (s *Service) Sign(body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.options.SigningSecret))
	mac.Write(fmt.Appendf(nil, "v0:%s:%s", stamp, body))
	return http.Header{
		"Content-Type":              {"application/x-www-form-urlencoded"},
		"User-Agent":                {"Slackbot 1.0 (+https://api.slack.com/robots)"},
		"X-Slack-Request-Timestamp": {stamp},
		"X-Slack-Signature":         {"v0=" + hex.EncodeToString(mac.Sum(nil))},
	}
}

// Button is a button of a message, and who presses it.
type Button struct {
	User, Channel, TS string
	Action            string // action_id
	Block             string // block_id; "" takes the first button with that action
}

// Press has a user press a button and waits for what comes of it, as loop.Await
// does. It gives an error if the user sees no such button.
func (s *Service) Press(user, channel, ts, actionID string) (Outcome, error) {
	var out Outcome
	var err error
	s.loop.Await(func(done func()) {
		err = s.StartPress(Button{User: user, Channel: channel, TS: ts, Action: actionID}, func(o Outcome) {
			out = o
			done()
		})
		if err != nil {
			done()
		}
	})
	return out, err
}

// StartPress is Press on the loop: it gives the outcome to done, once, unless it
// gives an error.
func (s *Service) StartPress(b Button, done func(Outcome)) error {
	c, m, err := s.sees(b.User, b.Channel, b.TS)
	if err != nil {
		return err
	}
	block, element := m.button(b.Block, b.Action)
	if element == nil {
		return fmt.Errorf("press %q of message %s in %s: it has no such button", b.Action, b.TS, b.Channel)
	}
	at := seen{b.User, c.ID, m.TS}
	s.send(s.blockActions(b.User, c, m, block, element), func(o Outcome) {
		delete(s.failures, at)
		if o.Failure != "" {
			s.failures[at] = o.Failure
		}
		s.changed()
		done(o)
	})
	return nil
}

// sees gives a message that a user can see.
func (s *Service) sees(user, in, ts string) (*channel, *Message, error) {
	c := s.channels[in]
	if _, known := s.users[user]; !known || c == nil || !c.has(user) {
		return nil, nil, fmt.Errorf("look into channel %q as %q: there is no such channel or user, or they are not in it", in, user)
	}
	m := c.find(ts)
	if m == nil || m.OnlyFor != "" && m.OnlyFor != user {
		return nil, nil, fmt.Errorf("look at message %s in %s as %s: there is none", ts, in, user)
	}
	return c, m, nil
}

func (m *Message) button(block, action string) (*Block, *Element) {
	for i := range m.Blocks {
		b := &m.Blocks[i]
		for _, e := range b.interactive() {
			if (block == "" || b.ID == block) && e.ActionID == action {
				return b, e
			}
		}
	}
	return nil, nil
}

// send posts a payload to the request URL, once, and says what came of it. Only
// status 200 in time is well (Slack: Handling user interaction, acknowledgment
// response).
func (s *Service) send(payload answer, done func(Outcome)) {
	target, err := url.Parse(s.options.RequestURL)
	if err != nil || target.Host == "" {
		done(Outcome{Failure: "This app is not configured to handle interactive responses."})
		return
	}
	document, err := json.Marshal(payload)
	if err != nil {
		done(Outcome{Failure: fmt.Sprintf("write the interaction: %v", err)})
		return
	}
	body := []byte(url.Values{"payload": {string(document)}}.Encode())
	r := &wire.Request{
		ID: s.loop.UUID(), Method: http.MethodPost, Host: target.Host, Path: target.EscapedPath(), Query: target.RawQuery,
		Header: s.Sign(body, s.loop.Now()), Body: body,
	}
	if r.Path == "" {
		r.Path = "/"
	}
	s.web.Send(r, s.options.AnswerWithin, func(resp *wire.Response, err error) {
		done(Outcome{Failure: s.failure(resp, err), Sent: r, Answer: resp})
	})
}

func (s *Service) failure(resp *wire.Response, err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s did not answer within %v.", s.options.AppName, s.options.AnswerWithin)
	case err != nil:
		return fmt.Sprintf("%s cannot be reached: %v.", s.options.AppName, err)
	case resp.Status != http.StatusOK:
		return fmt.Sprintf("%s answered with status %d.", s.options.AppName, resp.Status)
	default:
		return ""
	}
}

// origin is what every interaction says of where it comes from.
func (s *Service) origin(kind, user string) answer {
	u := s.users[user]
	return answer{
		"type": kind, "token": "", "api_app_id": s.options.App, "enterprise": nil, "is_enterprise_install": false,
		"team":       answer{"id": s.options.Team, "domain": s.options.Domain},
		"user":       answer{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": s.options.Team},
		"trigger_id": s.newTrigger(u.ID),
	}
}

// blockActions is the payload of a press (Slack: block_actions payload).
func (s *Service) blockActions(user string, c *channel, m *Message, b *Block, e *Element) answer {
	p := s.origin("block_actions", user)
	p["container"] = answer{"type": "message", "message_ts": m.TS, "channel_id": c.ID, "is_ephemeral": m.OnlyFor != ""}
	p["channel"] = answer{"id": c.ID, "name": c.Name}
	p["state"] = answer{"values": answer{}}
	p["response_url"] = s.newHook(user, c.ID, m.TS)
	if m.OnlyFor == "" {
		p["message"] = s.document(c, m)
	}
	action := answer{
		"type": e.Type, "action_id": e.ActionID, "block_id": b.ID, "text": e.Text,
		"action_ts": stampOf(s.loop.Now().UnixMicro()),
	}
	for member, value := range map[string]string{"value": e.Value, "style": e.Style, "url": e.URL} {
		if value != "" {
			action[member] = value
		}
	}
	if e.Confirm != nil {
		action["confirm"] = e.Confirm
	}
	p["actions"] = []answer{action}
	return p
}
