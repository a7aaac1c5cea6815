package slack

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Characters that a message's text may have. Slack: chat.postMessage, truncating
// content, names 40,000; chat.update takes 4,000.
const (
	longestText   = 40_000
	longestUpdate = 4_000
)

// longestBlocks is how many characters all texts of a message's blocks may have.
// Slack does not say it; it refuses above about 13,200 (slackapi/bolt-js issue
// 2509).
const longestBlocks = 13_200

func (s *Service) postMessage(a arguments) (answer, error) {
	c, err := s.destination(a["channel"])
	if err != nil {
		return nil, err
	}
	if !c.HasBot && !s.granted(scopePublic) {
		return nil, refuse("not_in_channel")
	}
	m, err := s.content(a, longestText)
	if err != nil {
		return nil, err
	}
	s.post(c, m, a["thread_ts"])
	return answer{"channel": c.ID, "ts": m.TS, "message": s.document(c, m)}, nil
}

func (s *Service) postEphemeral(a arguments) (answer, error) {
	c, err := s.destination(a["channel"])
	if err != nil {
		return nil, err
	}
	user, known := s.users[a["user"]]
	switch {
	case !c.HasBot:
		return nil, refuse("not_in_channel")
	case !known || !c.has(user.ID):
		return nil, refuse("user_not_in_channel")
	}
	m, err := s.content(a, longestText)
	if err != nil {
		return nil, err
	}
	m.OnlyFor = user.ID
	s.post(c, m, a["thread_ts"])
	return answer{"message_ts": m.TS}, nil
}

// updateMessage changes a message of the app. A text without blocks takes the
// blocks away (Slack: chat.update, blocks).
func (s *Service) updateMessage(a arguments) (answer, error) {
	c := s.channels[a["channel"]]
	if c == nil {
		return nil, refuse("channel_not_found")
	}
	old := c.find(a["ts"])
	switch {
	case old == nil || old.OnlyFor != "":
		return nil, refuse("message_not_found")
	case !old.bot:
		return nil, refuse("cant_update_message")
	}
	m, err := s.content(a, longestUpdate)
	if err != nil {
		return nil, err
	}
	s.update(old, m.Text, m.Blocks)
	return answer{"channel": c.ID, "ts": old.TS, "text": old.Text, "message": s.document(c, old)}, nil
}

func (s *Service) permalink(a arguments) (answer, error) {
	c := s.channels[a["channel"]]
	if c == nil {
		return nil, refuse("channel_not_found")
	}
	m := c.find(a["message_ts"])
	if m == nil || m.OnlyFor != "" {
		return nil, refuse("message_not_found")
	}
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", s.options.Domain, c.ID, strings.ReplaceAll(m.TS, ".", ""))
	if m.reply() {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + c.ID
	}
	return answer{"channel": c.ID, "permalink": link}, nil
}

// destination is a channel by its ID or its name, as chat.postMessage takes them.
func (s *Service) destination(given string) (*channel, error) {
	if c := s.named(given); c != nil {
		return c, nil
	}
	if _, person := s.users[given]; person {
		return nil, invalid("channel " + given + " is a user; direct messages are not emulated")
	}
	return nil, refuse("channel_not_found")
}

func (s *Service) named(given string) *channel {
	if c := s.channels[given]; c != nil {
		return c
	}
	for _, id := range s.order {
		if s.channels[id].Name == strings.TrimPrefix(given, "#") {
			return s.channels[id]
		}
	}
	return nil
}

// content is a message of the bot with the text and the blocks of a call.
func (s *Service) content(a arguments, longest int) (*Message, error) {
	m := &Message{User: s.options.BotUser, Text: a["text"], bot: true}
	if a["blocks"] != "" {
		blocks, err := s.readBlocks(a["blocks"])
		if err != nil {
			return nil, err
		}
		m.Blocks = blocks
	}
	switch {
	case m.Text == "" && len(m.Blocks) == 0:
		return nil, refuse("no_text")
	case utf8.RuneCountInString(m.Text) > longest:
		return nil, refuse("msg_too_long")
	case characters(m.Blocks) > longestBlocks:
		return nil, refuse("msg_blocks_too_long")
	}
	return m, nil
}

// document is a message as Slack gives it to the app.
func (s *Service) document(c *channel, m *Message) answer {
	doc := answer{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": s.options.Team}
	if m.bot {
		doc["bot_id"] = s.options.Bot
		doc["app_id"] = s.options.App
		doc["bot_profile"] = answer{"id": s.options.Bot, "app_id": s.options.App, "name": s.options.AppName, "team_id": s.options.Team, "deleted": false}
	}
	if len(m.Blocks) > 0 {
		doc["blocks"] = m.Blocks
	}
	if m.Edited {
		doc["edited"] = answer{"user": m.User, "ts": stampOf(m.Edits[len(m.Edits)-1].At.UnixMicro())}
	}
	if m.ThreadTS != "" {
		doc["thread_ts"] = m.ThreadTS
	}
	if m.reply() {
		if parent := c.find(m.ThreadTS); parent != nil {
			doc["parent_user_id"] = parent.User
		}
	} else if replies := s.Replies(c.ID, m.TS); len(replies) > 0 {
		doc["reply_count"] = len(replies)
		doc["latest_reply"] = replies[len(replies)-1].TS
	}
	return doc
}
