package slack

import (
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// Messages of a page (Slack: conversations.history and conversations.replies,
// limit).
const (
	usualHistory = 100
	usualReplies = 1000
	mostMessages = 999
)

var stampForm = regexp.MustCompile(`^\d{1,10}(\.\d{1,6})?$`)

func (s *Service) history(a arguments) (answer, error) {
	c, err := s.readable(a)
	if err != nil {
		return nil, err
	}
	messages := s.Messages(c.ID)
	slices.Reverse(messages)
	return s.page(c, messages, a, usualHistory)
}

func (s *Service) replies(a arguments) (answer, error) {
	c, err := s.readable(a)
	if err != nil {
		return nil, err
	}
	m := c.find(a["ts"])
	if m == nil || m.OnlyFor != "" {
		return nil, refuse("thread_not_found")
	}
	if m.reply() {
		m = c.find(m.ThreadTS)
	}
	if m == nil {
		return nil, refuse("thread_not_found")
	}
	return s.page(c, append([]Message{*m}, s.Replies(c.ID, m.TS)...), a, usualReplies)
}

// userConversations are the channels that the app is a member of. All are public and none
// is archived here (Slack: users.conversations).
func (s *Service) userConversations(a arguments) (answer, error) {
	channels := []answer{}
	for kind := range strings.SplitSeq(cmp.Or(a["types"], "public_channel"), ",") {
		switch kind {
		case "public_channel":
			for _, id := range s.order {
				if c := s.channels[id]; c.HasBot {
					channels = append(channels, answer{"id": c.ID, "name": c.Name, "is_channel": true, "is_private": false, "is_archived": false})
				}
			}
		case "private_channel":
			if !s.granted(scopeGroups) {
				return nil, &callError{code: "missing_scope", needed: scopeGroups}
			}
		default:
			return nil, refuse("invalid_types")
		}
	}
	return answer{"channels": channels, "response_metadata": answer{"next_cursor": ""}}, nil
}

func (s *Service) readable(a arguments) (*channel, error) {
	c := s.channels[a["channel"]]
	switch {
	case c == nil:
		return nil, refuse("channel_not_found")
	case !c.HasBot:
		return nil, refuse("not_in_channel")
	case a["latest"] != "" && !stampForm.MatchString(a["latest"]):
		return nil, refuse("invalid_ts_latest")
	case a["oldest"] != "" && !stampForm.MatchString(a["oldest"]):
		return nil, refuse("invalid_ts_oldest")
	}
	return c, nil
}

// page is the part of the messages that the call asks for: those within its times,
// from its cursor on, no more than its limit (Slack: Pagination, cursors).
func (s *Service) page(c *channel, messages []Message, a arguments, usual int) (answer, error) {
	limit, err := a.number("limit", usual, max(usual, mostMessages))
	if err != nil {
		return nil, err
	}
	messages = slices.DeleteFunc(messages, func(m Message) bool { return !within(m.TS, a) })
	if a["cursor"] != "" {
		at := slices.IndexFunc(messages, func(m Message) bool { return cursor(m.TS) == a["cursor"] })
		if at < 0 {
			return nil, refuse("invalid_cursor")
		}
		messages = messages[at:]
	}
	out := answer{"has_more": len(messages) > limit}
	if len(messages) > limit {
		out["response_metadata"] = answer{"next_cursor": cursor(messages[limit].TS)}
		messages = messages[:limit]
	}
	documents := []answer{}
	for _, m := range messages {
		documents = append(documents, s.document(c, &m))
	}
	out["messages"] = documents
	return out, nil
}

// within reports whether a TS lies between oldest and latest. The two themselves
// count where the call is inclusive.
func within(ts string, a arguments) bool {
	if a.yes("inclusive") && (ts == a["oldest"] || ts == a["latest"]) {
		return true
	}
	return (a["oldest"] == "" || later(ts, a["oldest"])) && (a["latest"] == "" || later(a["latest"], ts))
}

func later(a, b string) bool { return padded(a) > padded(b) }

// padded is a TS in a form whose order is that of time.
func padded(ts string) string {
	seconds, micros, _ := strings.Cut(ts, ".")
	return strings.Repeat("0", 10-len(seconds)) + seconds + (micros + "000000")[:6]
}

func cursor(ts string) string {
	return base64.StdEncoding.EncodeToString([]byte("next_ts:" + strings.ReplaceAll(ts, ".", "")))
}
