package slack

import (
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Message is what is posted. Text is what notifications and screen readers get of
// one that has blocks, and all there is of one that has none.
type Message struct {
	Text   string
	Blocks []slackgo.Block
}

// Slack's limits (Slack: Block Kit reference, blocks, block elements, composition
// objects). All blocks of a message together have one too, which is not
// documented: chat.postMessage was seen to refuse with msg_blocks_too_long from
// about 11,000 characters on (slackapi/bolt-js issues 2509 and 2867). The lengths
// of a card's parts add up to less than 10,000.
const (
	maxHeader = 150
	maxButton = 75
	maxValue  = 2000
	maxText   = 2900 // of 3,000 that a text object holds
)

// Render shows a card in Block Kit. It obeys Slack's limits for every card: what is
// too long is cut. Whatever others wrote is escaped.
func Render(c Card) Message {
	blocks := []slackgo.Block{slackgo.NewHeaderBlock(plainText(plain(title(c), maxHeader)))}
	for _, text := range []string{state(c), artifacts(c.Changes), commits(c.Changes), earlier(c.Earlier)} {
		if text != "" {
			blocks = append(blocks, slackgo.NewSectionBlock(markdown(text), nil, nil))
		}
	}
	if c.Question != nil {
		text := markdown(question(*c.Question, c.Changes.Author))
		blocks = append(blocks, slackgo.NewSectionBlock(text, nil, nil, slackgo.SectionBlockOptionExpand(true)))
		if answers := answerButtons(c); len(answers) > 0 {
			blocks = append(blocks, slackgo.NewActionBlock("", answers...))
		}
	}
	if controls := controlButtons(c); len(controls) > 0 {
		blocks = append(blocks, slackgo.NewActionBlock("", controls...))
	}
	if text := footer(c); text != "" {
		blocks = append(blocks, slackgo.NewContextBlock("", markdown(text)))
	}
	return Message{Text: spoken(c), Blocks: blocks}
}

// Line is one detail, for the thread under a card. The text is shown as it is.
func Line(at time.Time, text string) Message {
	return Message{Text: date(at) + " " + free(text, maxText)}
}

// Told is a short text, shown as it is.
func Told(text string) Message { return Message{Text: free(text, maxText)} }

// plainText takes what has been cut.
func plainText(text string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, text, false, false)
}

// markdown takes what has been escaped. Verbatim, so that Slack makes no links and
// mentions of its own of what it finds in it (Slack: text object, verbatim).
func markdown(text string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.MarkdownType, text, false, true)
}

// title names what the card is about, and then what is so.
func title(c Card) string {
	parts := []string{emoji(c.Tone)}
	if where := where(c); where != "" {
		parts = append(parts, where+":")
	}
	return strings.Join(append(parts, c.Headline), " ")
}

func emoji(t Tone) string {
	switch t {
	case Waiting:
		return "✋"
	case Moving:
		return "🔷"
	case Good:
		return "✅"
	case Bad:
		return "🚨"
	}
	return "▫️"
}

// where is the app, the environment and the release, in plain text.
func where(c Card) string {
	place := strings.TrimSpace(plain(c.App, 50) + " " + plain(c.Environment, 50))
	if c.Release > 0 {
		release := "release"
		if c.Back {
			release = "back to release"
		}
		place += fmt.Sprintf(", %s %d", release, c.Release)
	}
	return strings.TrimPrefix(place, ", ")
}

// spoken is the card without its blocks.
func spoken(c Card) string {
	parts := []string{free(title(c), 300)}
	if c.Why != "" {
		parts = append(parts, free(c.Why, 500))
	}
	if q := c.Question; q != nil && q.Open {
		parts = append(parts, "Approval needed "+free(q.Subject, 200))
	}
	return strings.Join(parts, "\n")
}

// state says why it is so and where the traffic is.
func state(c Card) string {
	var lines []string
	if c.Why != "" {
		lines = append(lines, free(c.Why, 500))
	}
	if c.Weights != nil {
		lines = append(lines, weights(*c.Weights, c))
	}
	return strings.Join(lines, "\n")
}

// weights shows the canary's share where it is known which slot that is.
func weights(w rollout.Weights, c Card) string {
	shown, is, was := c.Canary, ", the new version", ", the old version"
	if c.Release > 0 {
		is = fmt.Sprintf(", release %d", c.Release)
	}
	if shown != rollout.Blue && shown != rollout.Green {
		shown, is, was = rollout.Blue, "", ""
	}
	other := shown.Other()
	if w.Of(other) == 0 {
		was = "" // it is on its way out
	}
	return fmt.Sprintf("`%s` *%d\u00a0%%* on %s%s; %d\u00a0%% on %s%s", bar(w.Of(shown)), w.Of(shown), shown, is, w.Of(other), other, was)
}

// bar is empty for nothing and full for everything, and neither for what is
// between.
func bar(percent int) string {
	const cells = 10
	filled := (percent + 5) / cells
	if percent > 0 && percent < 100 {
		filled = min(max(filled, 1), cells-1)
	}
	filled = min(max(filled, 0), cells)
	return strings.Repeat("▓", filled) + strings.Repeat("░", cells-filled)
}

// footer has the rollout's name, which every command takes, and where to read more.
func footer(c Card) string {
	var parts []string
	if c.Rollout != "" {
		parts = append(parts, code(c.Rollout, 80))
	}
	for _, l := range c.Links {
		if text := link(l.URL, l.Text, 60); text != "" {
			parts = append(parts, text)
		}
	}
	return fit(parts, " · ", 1800)
}
