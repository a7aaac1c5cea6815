package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Report is what the demo measured.
type Report struct {
	Speed      float64
	FirstEvent time.Duration // from the start to the first event
	Good, Bad  Scenario
	Return     Return
	Slack      Conversation
	Page       string // URL of the stand-in for Slack; "" if it is gone
	All        Counts
	Elapsed    time.Duration
	Memory     int64 // bytes; 0 if it is not known
}

// OK reports whether everything was as it should be.
func (r Report) OK() bool { return len(r.wrong()) == 0 }

// wrong is what was not as it should be, in sentences.
func (r Report) wrong() []string {
	return slices.Concat(r.Good.wrong(), r.Bad.wrong(), r.Slack.Wrong)
}

// writeReport writes the summary, in lines that a program can find by their first
// words.
func writeReport(out io.Writer, r Report) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // a terminal that is gone hears nothing
	line("")
	line("summary: good version: %s", r.Good)
	line("summary: bad version: %s", r.Bad)
	for _, s := range []Scenario{r.Good, r.Bad} {
		if s.Question.Standing != "" {
			line("summary: question about %s: %s", s.Version, s.Question.told(r.Speed))
		}
		if s.Question.Tried {
			line("summary: author of %s: refused: %s", s.Version, cmp.Or(s.Question.Refusal, "not at all"))
		}
	}
	line("summary: slack: %d messages, one for each rollout; %d edits, %d replies in their threads", r.Slack.Messages, r.Slack.Edits, r.Slack.Replies)
	if r.Return.Alarm != "" {
		line("summary: traffic back: %d ms of the wall clock after alarm %s went red", r.Return.Wall.Milliseconds(), r.Return.Alarm)
	}
	line("summary: failed requests in production: %d of %d with the good version, %d of %d with the bad",
		r.Good.Traffic.Failed, r.Good.Traffic.Requests, r.Bad.Traffic.Failed, r.Bad.Traffic.Requests)
	line("summary: share of production's traffic that saw the bad version: %.1f percent (%d of %d)",
		r.Bad.Traffic.Share(r.Bad.Version), r.Bad.Traffic.Versions[r.Bad.Version], r.Bad.Traffic.Requests)
	line("summary: load on production: %.0f requests a second of the wall clock, %d in all", r.All.Rate(), r.All.Requests)
	line("summary: first event after %.1f s, whole run %.1f s, at %g times the wall clock",
		r.FirstEvent.Seconds(), r.Elapsed.Seconds(), r.Speed)
	if r.Memory > 0 {
		line("summary: memory: at most %d MB, besides the app's processes", r.Memory>>20)
	}
	if r.Page != "" {
		line("summary: page: %s", r.Page)
	}
	for _, wrong := range r.wrong() {
		line("summary: wrong: %s", wrong)
	}
	verdict := "both ended as they should"
	if !r.OK() {
		verdict = "NOT as it should"
	}
	line("summary: result: %s", verdict)
}

// String says how a scenario ended.
func (s Scenario) String() string {
	text := fmt.Sprintf("%s %s after %v of the cloud's time, %s", s.Version, cmp.Or(string(s.Got), "came to no end in production"),
		s.Took.Round(time.Second), s.Weights.Got)
	if s.Want == rollout.Rejected && s.Got == s.Want {
		text += fmt.Sprintf(", as it should: %s", s.Reason)
	}
	return text
}

// told says how long a question was open and what was answered.
func (q Question) told(speed float64) string {
	wall := time.Duration(float64(q.Open) / speed)
	return fmt.Sprintf("%s, after %v of the cloud's time (%.1f s of yours)", q.Why, q.Open.Round(time.Second), wall.Seconds())
}
