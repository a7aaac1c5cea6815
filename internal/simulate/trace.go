package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Trace is all that happened in a run: a line for each request with its input, for each
// answer, event, state, act and fault.
type Trace struct {
	full  io.Writer // what every line is written to, if not nil
	lines int
	notes []Note
	calls []Call
}

// Call is a request of a function.
type Call struct {
	By, Operation string
	Stale         bool // it may read what was before
}

// Note is a line of the timeline: what a person wants to see.
type Note struct {
	At   time.Time
	Kind string // state, weights, alarm, act, fault, outcome, broken
	Text string
}

func (n Note) String() string {
	return fmt.Sprintf("%s  %-8s %s", n.At.Format("15:04:05.000"), n.Kind, n.Text)
}

// Lines is how many lines the trace has.
func (t *Trace) Lines() int { return t.lines }

// Timeline is what a person wants to see of the run.
func (t *Trace) Timeline() []Note { return t.notes }

func (t *Trace) line(at time.Time, format string, args ...any) {
	t.lines++
	if t.full != nil {
		_, _ = fmt.Fprintf(t.full, at.Format(time.RFC3339Nano)+" "+format+"\n", args...) // whoever looks at it sees that it is cut off
	}
}

// note adds to the timeline, and to the trace.
func (t *Trace) note(at time.Time, kind, format string, args ...any) {
	n := Note{at, kind, fmt.Sprintf(format, args...)}
	t.notes = append(t.notes, n)
	t.line(at, "%s %s", kind, n.Text)
}

func (t *Trace) sent(at time.Time, n int, inv *lambda.Invocation, c *wire.Call) {
	t.calls = append(t.calls, Call{By: functionOf(inv), Operation: c.Operation, Stale: canBeStale(c)})
	t.line(at, "%d %s#%d sends %s %s %s", n, inv.Function, inv.N, c.Service, c.Operation, input{c})
}

// functionOf is the name of a function, which is that of its folder.
func functionOf(inv *lambda.Invocation) string { return strings.TrimPrefix(inv.Function, "sluice-") }

// input is what a call asks for, as text.
type input struct{ *wire.Call }

func (i input) String() string {
	text, err := json.Marshal(i.Input())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (t *Trace) landed(at time.Time, c *wire.Call, s *sent, err error) {
	who := "somebody"
	if s != nil {
		who = s.invocation.Function
	}
	t.line(at, "%s %s of %s: %v", c.RequestID, c.Operation, who, err)
}

func (t *Trace) event(at time.Time, e eventbridge.Event, target string) {
	t.line(at, "event %s %q to %s: %s", e.Source, e.DetailType, target, e.Detail)
}
