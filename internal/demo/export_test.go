package demo

import (
	"io"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// RuleWrites is one change of a rule.
func RuleWrites(at time.Time, weights rollout.Weights) []ruleWrite {
	return []ruleWrite{{at: at, weights: weights}}
}

// MeasureReturn is measureReturn.
func MeasureReturn(events []eventbridge.Event, writes []ruleWrite, since time.Time, to rollout.Weights, speed float64) (Return, error) {
	return measureReturn(events, writes, since, to, speed)
}

// Frame is frame.
func Frame(s State, timeline []Happening, width, height int) string {
	return frame(s, timeline, width, height)
}

// Told is told.
func Told(e eventbridge.Event) (Happening, bool) { return told(e) }

// Decided is decided.
func Decided(d store.Decision) (Happening, bool) { return decided(d) }

// Asking is asking.
func Asking(a store.Approval) Happening { return asking(a) }

// Headlines are what headlines finds: when, and what.
func Headlines(m slack.Message) (at []time.Time, texts []string) {
	for _, h := range headlines(m) {
		at, texts = append(at, h.at), append(texts, h.text)
	}
	return at, texts
}

// Before is before.
func Before(decisions []store.Decision, moment time.Time) string { return before(decisions, moment) }

// WriteReport is writeReport.
func WriteReport(out io.Writer, r Report) { writeReport(out, r) }

// BuildNames are the ids and tags of the builds of both scenarios.
func BuildNames() (good, bad [2]string, err error) {
	g, err := goodBuild()
	if err != nil {
		return good, bad, err
	}
	b, err := badBuild()
	return [2]string{g.id, g.tag()}, [2]string{b.id, b.tag()}, err
}

// WriteGuide writes what is printed when the cloud stays at an endpoint.
func WriteGuide(out io.Writer, endpoint string) error {
	return writeGuide(out, guide{Endpoint: endpoint, Region: "us-east-1", App: "shop", Cluster: "shop-production", Page: endpoint + "/slack/"})
}

// Remember is remember.
func Remember(timeline, news []Happening) []Happening { return remember(timeline, news) }

// SpecFile is the demo's sluice.yaml.
func SpecFile() []byte { return specFile }
