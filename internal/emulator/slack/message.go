package slack

import (
	"fmt"
	"slices"
	"time"
)

// Message is one that people see.
type Message struct {
	TS       string // its ID within the channel
	ThreadTS string // of the message it replies to; its own where it has replies; "" else
	User     string // who wrote it: a person, or the app's bot
	Text     string
	Blocks   []Block // with the IDs that Slack gives what has none
	Edits    []Edit  // what it was before, the oldest first
	Edited   bool    // people see that it was edited
	OnlyFor  string  // the user that an ephemeral message is for; "" is everybody

	bot bool
}

// Edit is what a message was before it was changed.
type Edit struct {
	At     time.Time
	Text   string
	Blocks []Block
}

// channel keeps its messages in the order of their TS, replies and ephemeral ones
// among them.
type channel struct {
	Channel
	messages []*Message
	last     int64 // microseconds of the newest TS
}

// Messages are a channel's messages that everybody sees, without replies, the
// oldest first.
func (s *Service) Messages(channel string) []Message {
	return s.pick(channel, func(m *Message) bool { return m.OnlyFor == "" && !m.reply() })
}

// Replies are the replies in a thread that everybody sees, the oldest first.
func (s *Service) Replies(channel, ts string) []Message {
	return s.pick(channel, func(m *Message) bool { return m.OnlyFor == "" && m.reply() && m.ThreadTS == ts })
}

// Ephemerals are the messages of a channel that only one user sees, the oldest
// first.
func (s *Service) Ephemerals(channel, user string) []Message {
	return s.pick(channel, func(m *Message) bool { return m.OnlyFor == user && user != "" })
}

// Failure is what a user's last press at a message came to, if it failed and no
// later one went well: the words that the user sees beside the message.
func (s *Service) Failure(user, channel, ts string) string {
	return s.failures[seen{user, channel, ts}]
}

// Say has a person write a message and gives its TS. thread is the message it
// replies to, or "".
func (s *Service) Say(user, channel, thread, text string) (string, error) {
	c := s.channels[channel]
	switch {
	case c == nil:
		return "", fmt.Errorf("write in channel %q: no such channel; add it with AddChannel", channel)
	case s.users[user].ID == "":
		return "", fmt.Errorf("write as user %q: no such user; add them with AddUser", user)
	case !c.has(user):
		return "", fmt.Errorf("write in channel %q: %s is not a member", channel, user)
	}
	m := &Message{User: user, Text: text}
	s.post(c, m, thread)
	return m.TS, nil
}

func (s *Service) pick(id string, wanted func(*Message) bool) []Message {
	c := s.channels[id]
	if c == nil {
		return nil
	}
	var picked []Message
	for _, m := range c.messages {
		if wanted(m) {
			picked = append(picked, *m)
		}
	}
	return picked
}

// post adds a message as the newest. A thread that is not there is ignored, as
// Slack does (slack-go/slack issue 1571); a reply's thread is its parent's.
func (s *Service) post(c *channel, m *Message, thread string) {
	m.TS = s.stamp(c)
	if parent := c.find(thread); parent != nil && parent.OnlyFor == "" {
		if parent.ThreadTS == "" && m.OnlyFor == "" {
			parent.ThreadTS = parent.TS
		}
		m.ThreadTS = parent.TS
		if parent.reply() {
			m.ThreadTS = parent.ThreadTS
		}
	}
	c.messages = append(c.messages, m)
	s.changed()
}

// stamp gives a TS that the channel does not have yet.
func (s *Service) stamp(c *channel) string {
	c.last = max(c.last+1, s.loop.Now().UnixMicro())
	return stampOf(c.last)
}

func stampOf(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }

// update changes what a message says. People see that only where it shows its text
// (Slack: chat.update, blocks).
func (s *Service) update(m *Message, text string, blocks []Block) {
	m.Edits = append(m.Edits, Edit{At: s.loop.Now(), Text: m.Text, Blocks: m.Blocks})
	m.Edited = m.Edited || len(blocks) == 0
	m.Text, m.Blocks = text, blocks
	s.changed()
}

func (s *Service) remove(c *channel, m *Message) {
	c.messages = slices.DeleteFunc(c.messages, func(other *Message) bool { return other == m })
	s.changed()
}

func (m *Message) reply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

func (c *channel) find(ts string) *Message {
	for _, m := range c.messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}
