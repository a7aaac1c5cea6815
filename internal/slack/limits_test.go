package slack_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluice-deploy/sluice/internal/slack"
)

// limits walks a message as Slack gets it and says what Slack would refuse, from
// its reference of blocks, block elements and composition objects.
type limits struct {
	t     *testing.T
	total int // of all texts
}

// checkMessage holds a message against Slack's limits, and against mentions and
// links that we did not make.
func checkMessage(t *testing.T, m slack.Message) {
	t.Helper()
	l := &limits{t: t}
	l.length("text", m.Text, 4000)
	l.markup(m.Text)
	encoded, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []map[string]any
	if err := json.Unmarshal(encoded, &blocks); err != nil {
		t.Fatal(err)
	}
	if len(blocks) > 50 {
		t.Errorf("%d blocks, want at most 50", len(blocks))
	}
	for _, b := range blocks {
		l.block(b)
	}
	if l.total > 10000 {
		t.Errorf("the blocks' texts have %d characters, want at most 10000", l.total)
	}
}

func (l *limits) block(b map[string]any) {
	l.t.Helper()
	switch b["type"] {
	case "header":
		l.text("header", b["text"], "plain_text", 150)
	case "section":
		l.text("section", b["text"], "mrkdwn", 3000)
	case "context":
		elements, _ := b["elements"].([]any)
		l.count("context", len(elements), 10)
		for _, e := range elements {
			l.text("context", e, "mrkdwn", 3000)
		}
	case "actions":
		elements, _ := b["elements"].([]any)
		l.count("actions", len(elements), 25)
		seen := map[string]bool{}
		for _, e := range elements {
			button, _ := e.(map[string]any)
			l.button(button)
			id, _ := button["action_id"].(string)
			if seen[id] {
				l.t.Errorf("two buttons of a block have the action_id %q", id)
			}
			seen[id] = true
		}
	default:
		l.t.Errorf("a block of type %v, which the reference is not held against", b["type"])
	}
}

func (l *limits) button(b map[string]any) {
	l.t.Helper()
	if b["type"] != "button" {
		l.t.Errorf("an element of type %v, want a button", b["type"])
	}
	l.text("button", b["text"], "plain_text", 75)
	for name, limit := range map[string]int{"action_id": 255, "value": 2000, "accessibility_label": 75} {
		value, _ := b[name].(string)
		l.length("button's "+name, value, limit)
	}
	confirm, ok := b["confirm"].(map[string]any)
	if !ok {
		return
	}
	for name, limit := range map[string]int{"title": 100, "text": 300, "confirm": 30, "deny": 30} {
		l.text("confirm's "+name, confirm[name], "plain_text", limit)
	}
}

func (l *limits) count(what string, n, limit int) {
	l.t.Helper()
	if n < 1 || n > limit {
		l.t.Errorf("%s has %d elements, want 1 to %d", what, n, limit)
	}
}

func (l *limits) text(what string, object any, kind string, limit int) {
	l.t.Helper()
	o, _ := object.(map[string]any)
	if o["type"] != kind {
		l.t.Errorf("%s is %v, want %s", what, o["type"], kind)
	}
	text, _ := o["text"].(string)
	l.length(what, text, limit)
	l.total += len(utf16.Encode([]rune(text)))
	if kind == "mrkdwn" {
		l.markup(text)
		if o["verbatim"] != true {
			l.t.Errorf("%s is not verbatim: Slack would make links of its own", what)
		}
	}
}

func (l *limits) length(what, text string, limit int) {
	l.t.Helper()
	if n := len(utf16.Encode([]rune(text))); n < 1 || n > limit {
		l.t.Errorf("%s has %d characters, want 1 to %d: %.100q", what, n, limit, text)
	}
}

// ours is all markup that a message may have: mentions of approvers, dates, links
// whose text has none of the control characters, and escapes.
var ours = regexp.MustCompile(strings.Join([]string{
	`<@[UW][A-Z0-9]+>`,
	`<!subteam\^S[A-Z0-9]+>`,
	`<!date\^-?[0-9]+\^\{date_short_pretty\} \{time\}\|[-0-9: ]+ UTC>`,
	`<https?://[^<>| ]+\|[^<>]+>`,
	`&amp;`, `&lt;`, `&gt;`,
}, "|"))

func (l *limits) markup(text string) {
	l.t.Helper()
	rest := ours.ReplaceAllString(text, "")
	if strings.ContainsAny(rest, "<>&") {
		l.t.Errorf("markup that is not ours: %.300q", rest)
	}
	if strings.ContainsAny(text, "\x00\r\u202e") {
		l.t.Errorf("control characters are left in %.300q", text)
	}
}

// The validator itself finds what it is there for.
func TestLimitsAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<!channel>", "<@U1|x>", "<https://evil.example|a<b>", "a & b", "<!subteam^S1|x>"} {
		if rest := ours.ReplaceAllString(text, ""); !strings.ContainsAny(rest, "<>&") {
			t.Errorf("%s passes for markup of ours", text)
		}
	}
	if got := ours.ReplaceAllString(fmt.Sprintf("<@U1> %s", "&lt;!channel&gt;"), ""); got != " !channel" {
		t.Errorf("what is ours leaves %q, want %q", got, " !channel")
	}
}
