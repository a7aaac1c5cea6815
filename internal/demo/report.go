package demo

import (
	"cmp"
	"fmt"
	"io"
	"time"
)

// Report is what the demo measured.
type Report struct {
	Speed      float64
	FirstEvent time.Duration // from the start to the first event
	Good, Bad  Scenario
	Return     Return
	All        Counts
	Elapsed    time.Duration
	Memory     int64 // bytes; 0 if it is not known
}

// OK reports whether both scenarios ended as they should.
func (r Report) OK() bool { return r.Good.OK() && r.Bad.OK() }

// writeReport writes the summary, in lines that a program can find by their first
// words.
func writeReport(out io.Writer, r Report) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // a terminal that is gone hears nothing
	line("")
	line("summary: good version: %s", r.Good)
	line("summary: bad version: %s", r.Bad)
	if r.Return.Alarm != "" {
		line("summary: traffic back: %d ms of the wall clock after alarm %s went red", r.Return.Wall.Milliseconds(), r.Return.Alarm)
	}
	line("summary: failed requests: %d of %d with the good version, %d of %d with the bad",
		r.Good.Traffic.Failed, r.Good.Traffic.Requests, r.Bad.Traffic.Failed, r.Bad.Traffic.Requests)
	line("summary: share of traffic that saw the bad version: %.1f percent (%d of %d)",
		r.Bad.Traffic.Share(r.Bad.Version), r.Bad.Traffic.Versions[r.Bad.Version], r.Bad.Traffic.Requests)
	line("summary: load: %.0f requests a second of the wall clock, %d in all", r.All.Rate(), r.All.Requests)
	line("summary: first event after %.1f s, whole run %.1f s, at %g times the wall clock",
		r.FirstEvent.Seconds(), r.Elapsed.Seconds(), r.Speed)
	if r.Memory > 0 {
		line("summary: memory: at most %d MB, besides the app's processes", r.Memory>>20)
	}
	verdict := "both ended as they should"
	if !r.OK() {
		verdict = "NOT as it should"
	}
	line("summary: result: %s", verdict)
}

// String says how a scenario ended.
func (s Scenario) String() string {
	text := fmt.Sprintf("%s %s after %v of the cloud's time, %s", s.Version, s.Got, s.Took.Round(time.Second), s.Weights.Got)
	if s.OK() {
		return text
	}
	return fmt.Sprintf("%s; wanted %s, %s: %s", text, s.Want, s.Weights.Want, cmp.Or(s.Reason, "no reason was recorded"))
}
