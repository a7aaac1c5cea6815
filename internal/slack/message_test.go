package slack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	slackgo "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

var update = flag.Bool("update", false, "write the golden files of the cards")

func TestRender(t *testing.T) {
	t.Parallel()
	for name, card := range cards() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := slack.Render(card)
			checkMessage(t, m)
			got := encode(t, m)
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file) //nolint:gosec // a golden file of this package
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("card (-want +got):\n%s", diff)
			}
		})
	}
}

// encode shows a message as people can read it.
func encode(t *testing.T, m slack.Message) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Text   string          `json:"text"`
		Blocks []slackgo.Block `json:"blocks"`
	}{m.Text, m.Blocks})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every card obeys Slack's limits, whatever is in it.
func TestRenderRandomCards(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		checkMessage(t, slack.Render(dice{rand.New(rand.NewPCG(seed, 1))}.card())) //nolint:gosec // any card will do, and the same each time
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// dice makes cards up.
type dice struct{ *rand.Rand }

func (d dice) text() string {
	pieces := []string{
		"a", "<!channel>", "&", "<", ">", "|", "`", "*", "\n", "\u202e", "🔥", "é", "\xff", "<@U1|", "https://x.example/?a=1&b=<", "arn:aws:iam::1:", "@sha256:", "U123", "S123", "/", " ",
	}
	if d.IntN(4) == 0 {
		return ""
	}
	var out strings.Builder
	for range d.IntN([]int{3, 20, 700}[d.IntN(3)]) {
		out.WriteString(pieces[d.IntN(len(pieces))])
	}
	return out.String()
}

// times makes up to so many of something.
func times[T any](d dice, n int, one func() T) []T {
	var all []T
	for range d.IntN(n) {
		all = append(all, one())
	}
	return all
}

func (d dice) change() slack.Change { return slack.Change{From: d.text(), To: d.text()} }

func (d dice) at() time.Time { return time.Unix(d.Int64N(1<<40)-1<<39, 0) }

func (d dice) card() slack.Card {
	return slack.Card{
		App: d.text(), Environment: d.text(), Rollout: d.text(), Release: d.IntN(1000) - 10, Back: d.IntN(2) == 0,
		Headline: d.text(), Tone: slack.Tone(d.text()), Why: d.text(),
		Weights: &rollout.Weights{Blue: d.IntN(300) - 100, Green: d.IntN(300) - 100}, Canary: rollout.Slot(d.text()),
		Changes: slack.Changes{
			Images: times(d, 40, func() slack.ImageChange {
				return slack.ImageChange{Container: d.text(), Change: d.change()}
			}),
			TaskDefinition: d.change(),
			Commits: times(d, 40, func() rollout.Commit {
				return rollout.Commit{ID: d.text(), Author: d.text(), Message: d.text()}
			}),
			Compare: "https://x.example/" + d.text(), Author: d.text(), First: d.IntN(2) == 0,
		},
		Earlier: times(d, 9, func() slack.Earlier {
			return slack.Earlier{Environment: d.text(), Outcome: rollout.Outcome(d.text()), Took: time.Duration(d.Int64()), Verdicts: times(d, 9, d.text)}
		}),
		Question: d.question(),
		Controls: times(d, 9, func() slack.Action {
			return []slack.Action{slack.Approve, slack.Reject, slack.Promote, slack.Pause, slack.Resume, slack.Abort, slack.Action(d.text())}[d.IntN(7)]
		}),
		Links: times(d, 30, func() slack.Link { return slack.Link{Text: d.text(), URL: "https://x.example/?" + d.text()} }),
	}
}

func (d dice) question() *slack.Question {
	if d.IntN(5) == 0 {
		return nil
	}
	return &slack.Question{
		Approval: d.text(), Subject: d.text(), Approvers: times(d, 30, d.text), Quorum: d.IntN(9), NotAuthor: d.IntN(2) == 0,
		Expires: d.at(), OnExpiry: rollout.Answer(d.text()), Hash: d.text(), Open: d.IntN(2) == 0, Result: d.text(),
		Votes: times(d, 20, func() slack.Vote {
			answer := []rollout.Answer{rollout.Approve, rollout.Reject}[d.IntN(2)]
			return slack.Vote{Name: d.text(), User: d.text(), Answer: answer, Reason: d.text(), At: d.at()}
		}),
	}
}

// Buttons are there only while they do something.
func TestButtons(t *testing.T) {
	t.Parallel()
	long := waiting()
	long.Question.Approval = strings.Repeat("a", 2001)
	nameless := moving()
	nameless.Rollout = ""
	confused := moving()
	confused.Controls = []slack.Action{slack.Approve, slack.Reject, slack.Resume, "restart", slack.Resume}
	for name, c := range map[string]struct {
		card slack.Card
		want []string
	}{
		"asked":    {waiting(), []string{"approve apr-01hx", "reject apr-01hx", "abort shop-production-7"}},
		"answered": {answered("approved"), []string{"abort shop-production-7"}},
		"moving": {moving(), []string{
			"promote shop-production-7@2026-03-01T12:00:00.000Z", "pause shop-production-7@2026-03-01T12:00:00.000Z", "abort shop-production-7",
		}},
		"an ID that does not fit": {long, []string{"abort shop-production-7"}},
		"no rollout":              {nameless, nil},
		"controls that are none":  {confused, []string{"resume shop-production-7@2026-03-01T12:00:00.000Z"}},
		"a pipeline":              {pipeline(), []string{"approve apr-pipeline", "reject apr-pipeline"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, b := range slack.Render(c.card).Blocks {
				actions, ok := b.(*slackgo.ActionBlock)
				if !ok {
					continue
				}
				for _, e := range actions.Elements.ElementSet {
					if button, ok := e.(*slackgo.ButtonBlockElement); ok {
						got = append(got, button.ActionID+" "+button.Value)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("buttons (-want +got):\n%s", diff)
			}
		})
	}
}

// An abort asks once more, and says what of.
func TestAbortAsks(t *testing.T) {
	t.Parallel()
	text := string(encode(t, slack.Render(moving())))
	want := "All traffic of shop in production goes back to the version that had it before this rollout, and the rollout ends."
	if got := strings.Count(text, want); got != 1 || strings.Count(text, "Abort this rollout?") != 1 {
		t.Errorf("%d buttons ask %q, want the one that aborts:\n%s", got, want, text)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://x.example/a?b=1&c=2":      "<https://x.example/a?b=1&amp;c=2|Build>",
		"https://x.example/?a=<b>|c":       "<https://x.example/?a=%3Cb%3E%7Cc|Build>",
		"https://x.example/?\u202e":        "<https://x.example/?%E2%80%AE|Build>",
		"javascript:alert(1)":              "Build",
		"https://github.com@evil.example/": "Build",
		"//x.example/":                     "Build",
		"https://":                         "Build",
		"":                                 "Build",
		"https://x.example/" + strings.Repeat("a", 600): "Build",
	} {
		m := slack.Render(slack.Card{Links: []slack.Link{{Text: "Build", URL: address}}})
		last, ok := m.Blocks[len(m.Blocks)-1].(*slackgo.ContextBlock)
		if !ok {
			t.Errorf("%s: the last block is a %s, want a context", address, m.Blocks[len(m.Blocks)-1].BlockType())
			continue
		}
		text, _ := last.ContextElements.Elements[0].(*slackgo.TextBlockObject)
		if text.Text != want {
			t.Errorf("%s is shown as %q, want %q", address, text.Text, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	got := slack.Line(noon, "Shift: blue 90,\ngreen 10 <!here>")
	want := slack.Message{Text: "<!date^1772366400^{date_short_pretty} {time}|2026-03-01 12:00 UTC> Shift: blue 90, green 10 &lt;!here&gt;"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
	checkMessage(t, slack.Line(noon, strings.Repeat(hostile, 200)))
}

func TestTold(t *testing.T) {
	t.Parallel()
	if got, want := slack.Told("<!channel> a & b").Text, "&lt;!channel&gt; a &amp; b"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if got := slack.Told(strings.Repeat("&", 3000)).Text; !strings.HasSuffix(got, "&amp;…") {
		t.Errorf("a text that was cut ends with %q, want a whole escape and an ellipsis", got[len(got)-10:])
	}
	checkMessage(t, slack.Told(strings.Repeat(hostile, 200)))
}
