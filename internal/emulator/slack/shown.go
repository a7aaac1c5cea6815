package slack

import (
	"strconv"
	"strings"
	"time"
)

// shown is the page as one user sees it.
type shown struct {
	Team, App string
	Token     string
	Version   int
	Me        User
	Users     []User
	Channels  []Channel
	Channel   *Channel // nil where there are none
	Days      []shownDay
	Dialog    *shownDialog
}

type shownDay struct {
	Date     string
	Messages []shownMessage
}

type shownMessage struct {
	Page    *shown
	TS      string
	Author  string
	Initial string
	Bot     bool
	Clock   string
	Time    string
	Edited  bool
	Private bool
	Blocks  []shownBlock
	Failure string
	Replies []shownMessage
}

type shownBlock struct {
	Type      string
	ID        string
	Text      []span
	Fields    [][]span
	Elements  []shownElement
	Accessory *shownElement
}

type shownElement struct {
	Message *shownMessage
	Block   string
	Element
	Spans   []span
	Confirm *shownConfirm
}

type shownConfirm struct{ Title, Text, Confirm, Deny, Style string }

type shownDialog struct {
	Dialog
	Page   *shown
	Title  string
	Close  string
	Submit string
	Parts  []shownPart
}

// shownPart is a block of a dialog.
type shownPart struct {
	shownBlock
	Label, Hint, Error, Value, Placeholder string
	Input                                  *Element
	Optional                               bool
	Longest                                int
}

func (s *Service) shown(user, in string) *shown {
	p := &shown{Team: s.options.TeamName, App: s.options.AppName, Token: s.token, Version: s.version, Users: s.people(), Me: s.users[user]}
	if p.Me.ID == "" && len(p.Users) > 0 {
		p.Me = p.Users[0]
	}
	for _, id := range s.order {
		if c := s.channels[id]; c.has(p.Me.ID) {
			p.Channels = append(p.Channels, c.Channel)
			if p.Channel == nil || c.ID == in {
				p.Channel = &c.Channel
			}
		}
	}
	if p.Channel != nil {
		p.Days = s.days(p)
	}
	if open := s.Dialogs(p.Me.ID); len(open) > 0 {
		p.Dialog = s.shownDialog(p, open[len(open)-1])
	}
	return p
}

// days are the messages of the page's channel that its user sees, with replies
// under the message they reply to.
func (s *Service) days(p *shown) []shownDay {
	var days []shownDay
	c := s.channels[p.Channel.ID]
	for _, m := range c.messages {
		if m.reply() || m.OnlyFor != "" && m.OnlyFor != p.Me.ID {
			continue
		}
		top := s.shownMessage(p, m)
		for _, reply := range c.messages {
			if reply.reply() && reply.ThreadTS == m.TS && (reply.OnlyFor == "" || reply.OnlyFor == p.Me.ID) {
				top.Replies = append(top.Replies, *s.shownMessage(p, reply))
			}
		}
		date := timeOf(m.TS).Format("Monday, 2 January 2006")
		if len(days) == 0 || days[len(days)-1].Date != date {
			days = append(days, shownDay{Date: date})
		}
		day := &days[len(days)-1]
		day.Messages = append(day.Messages, *top)
	}
	return days
}

func timeOf(ts string) time.Time {
	seconds, _, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func (s *Service) shownMessage(p *shown, m *Message) *shownMessage {
	author := s.users[m.User].RealName
	if m.bot {
		author = s.options.AppName
	}
	at := timeOf(m.TS)
	out := &shownMessage{
		Page: p, TS: m.TS, Author: author, Bot: m.bot, Initial: initial(author), Edited: m.Edited, Private: m.OnlyFor != "",
		Clock: at.Format("15:04"), Time: at.Format(time.RFC3339), Failure: s.Failure(p.Me.ID, p.Channel.ID, m.TS),
	}
	blocks := m.Blocks
	if len(blocks) == 0 {
		blocks = []Block{{Type: "section", Text: &Text{Type: mrkdwn, Text: m.Text}}}
	}
	for i := range blocks {
		out.Blocks = append(out.Blocks, s.shownBlock(out, &blocks[i]))
	}
	return out
}

func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}

func (s *Service) shownBlock(m *shownMessage, b *Block) shownBlock {
	out := shownBlock{Type: b.Type, ID: b.ID, Text: spans(b.Text, s.called)}
	for i := range b.Fields {
		out.Fields = append(out.Fields, spans(&b.Fields[i], s.called))
	}
	for i := range b.Elements {
		out.Elements = append(out.Elements, s.shownElement(m, b, &b.Elements[i]))
	}
	if b.Accessory != nil {
		accessory := s.shownElement(m, b, b.Accessory)
		out.Accessory = &accessory
	}
	return out
}

func (s *Service) shownElement(m *shownMessage, b *Block, e *Element) shownElement {
	out := shownElement{Message: m, Block: b.ID, Element: *e, Spans: spans(e.Text, s.called)}
	if c := e.Confirm; c != nil {
		style := c.Style
		if style == "" {
			style = "primary"
		}
		out.Confirm = &shownConfirm{
			Title: s.flat(&c.Title), Text: s.flat(&c.Text), Confirm: s.flat(&c.Confirm), Deny: s.flat(&c.Deny), Style: style,
		}
	}
	return out
}

func (s *Service) shownDialog(p *shown, d Dialog) *shownDialog {
	out := &shownDialog{Dialog: d, Page: p, Title: s.flat(&d.Title), Close: "Cancel"}
	if d.Close != nil {
		out.Close = s.flat(d.Close)
	}
	if d.Submit != nil {
		out.Submit = s.flat(d.Submit)
	}
	for i := range d.Blocks {
		b := &d.Blocks[i]
		part := shownPart{shownBlock: s.shownBlock(nil, b), Label: s.flat(b.Label), Hint: s.flat(b.Hint), Optional: b.Optional, Error: d.Errors[b.ID]}
		if e := b.Element; e != nil {
			part.Input, part.Placeholder, part.Value, part.Longest = e, s.flat(e.Placeholder), e.Initial, e.longest()
			if given, ok := d.values[b.ID]; ok {
				part.Value = given
			}
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

// flat is a text without its marks.
func (s *Service) flat(t *Text) string {
	return flatten(spans(t, s.called))
}

func flatten(all []span) string {
	var out strings.Builder
	for _, sp := range all {
		if sp.Kind == "break" {
			out.WriteString("\n")
		}
		out.WriteString(sp.Text + flatten(sp.Children))
	}
	return out.String()
}

// called is what people read for a mention.
func (s *Service) called(mention string) string {
	sign, id := mention[:1], mention[1:]
	switch {
	case s.users[id].ID != "":
		return "@" + s.users[id].RealName
	case id == s.options.BotUser:
		return "@" + s.options.AppName
	case s.groups[id].ID != "":
		return "@" + s.groups[id].Handle
	case s.channels[id] != nil:
		return "#" + s.channels[id].Name
	default:
		return sign + id
	}
}
