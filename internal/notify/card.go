package notify

import (
	"strconv"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// How many characters of a text a card shows. Escaped for Markdown and for JSON, one
// becomes at most eight bytes, and Teams takes messages of up to 28 KB (Microsoft
// Teams documentation, Create an Incoming Webhook).
const (
	longestTitle = 500
	longestName  = 100
	longestWhy   = 2000
)

// envelope is a message with one card (Microsoft Teams documentation, Create and send
// messages, Send Adaptive Cards using an Incoming Webhook).
type envelope struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

// card is an Adaptive Card (Adaptive Cards, Schema Explorer).
type card struct {
	Schema  string    `json:"$schema"`
	Type    string    `json:"type"`
	Version string    `json:"version"`
	Body    []element `json:"body"`
}

// element is a Container, a TextBlock or a FactSet.
type element struct {
	Type   string    `json:"type"`
	Style  string    `json:"style,omitempty"`
	Bleed  bool      `json:"bleed,omitempty"`
	Text   string    `json:"text,omitempty"`
	Size   string    `json:"size,omitempty"`
	Weight string    `json:"weight,omitempty"`
	Wrap   bool      `json:"wrap,omitempty"`
	Items  []element `json:"items,omitempty"`
	Facts  []fact    `json:"facts,omitempty"`
}

type fact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// cardOf shows a notice: its sentence on the colour of its moment, and the facts.
func cardOf(n Notice) envelope {
	title := element{
		Type: "TextBlock", Text: plain(Sentence(n), longestTitle), Size: "Medium", Weight: "Bolder", Wrap: true,
	}
	content := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.5",
		Body: []element{
			{Type: "Container", Style: colour(n), Bleed: true, Items: []element{title}},
			{Type: "FactSet", Facts: facts(n)},
		},
	}
	return envelope{Type: "message", Attachments: []attachment{
		{ContentType: "application/vnd.microsoft.card.adaptive", Content: content},
	}}
}

// facts leave out what the notice does not say.
func facts(n Notice) []fact {
	weights := ""
	if n.Weights != nil {
		weights = n.Weights.String()
	}
	var said []fact
	for _, f := range []struct {
		title, value string
		most         int
	}{
		{"App", n.App, longestName},
		{"Environment", n.Environment, longestName},
		{"Release", strconv.Itoa(n.Release), longestName},
		{"Weights", weights, longestName},
		{"Outcome", string(n.Outcome), longestName},
		{"Why", n.Why, longestWhy},
	} {
		if value := plain(f.value, f.most); value != "" {
			said = append(said, fact{f.title, value})
		}
	}
	return said
}

// colour is a container's style: attention is red, warning yellow, good green and
// accent blue (Adaptive Cards, Schema Explorer, Container).
func colour(n Notice) string {
	switch n.Outcome {
	case rollout.Succeeded:
		return "good"
	case rollout.RolledBack, rollout.Refused, rollout.Rejected, rollout.Dirty:
		return "attention"
	case rollout.Superseded:
		return "warning"
	}
	switch n.Moment {
	case rollout.MomentCommitted:
		return "good"
	case rollout.MomentRolledBack, rollout.MomentBroken:
		return "attention"
	case rollout.MomentAsked, rollout.MomentQueued, rollout.MomentHeld, rollout.MomentPaused:
		return "warning"
	case rollout.MomentAnswered, rollout.MomentBegun, rollout.MomentShifted, rollout.MomentJudged, rollout.MomentResumed,
		rollout.MomentEnded, rollout.MomentRepaired:
	}
	if n.Kind != "" {
		return "attention"
	}
	return "accent"
}

// plain is a text that shows as it is. Text blocks and facts are Markdown, a subset
// of CommonMark, with functions such as {{DATE(…)}} in it (Adaptive Cards, Text
// features). What has no meaning inside a line stays unescaped: some mobile clients
// show the backslash.
func plain(text string, most int) string {
	var escaped strings.Builder
	start := true // nothing but digits so far
	for _, r := range cut(oneLine(text), most) {
		if strings.ContainsRune("\\*_[]`~<&{}", r) || start && strings.ContainsRune("-+#>.)", r) {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
		start = start && r >= '0' && r <= '9'
	}
	return escaped.String()
}
