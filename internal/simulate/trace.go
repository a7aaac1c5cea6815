package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
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
	sum   hash.Hash
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

// Sum is a hash of the whole trace: two runs with the same are the same to the byte.
func (t *Trace) Sum() string {
	if t.sum == nil {
		return ""
	}
	return hex.EncodeToString(t.sum.Sum(nil))
}

// Lines is how many lines the trace has.
func (t *Trace) Lines() int { return t.lines }

// Timeline is what a person wants to see of the run.
func (t *Trace) Timeline() []Note { return t.notes }

func (t *Trace) line(at time.Time, format string, args ...any) {
	if t.sum == nil {
		t.sum = sha256.New()
	}
	t.lines++
	text := at.Format(time.RFC3339Nano) + " " + fmt.Sprintf(format, args...) + "\n"
	_, _ = io.WriteString(t.sum, text) // a hash takes all
	if t.full != nil {
		_, _ = io.WriteString(t.full, text) // whoever looks at it sees that it is cut off
	}
}

// note adds to the timeline, and to the trace.
func (t *Trace) note(at time.Time, kind, format string, args ...any) {
	n := Note{at, kind, fmt.Sprintf(format, args...)}
	t.notes = append(t.notes, n)
	t.line(at, "%s %s", kind, n.Text)
}

func (t *Trace) sent(at time.Time, n int, inv *lambda.Invocation, c *wire.Call) {
	text, err := json.Marshal(c.Input())
	if err != nil {
		text = []byte(err.Error())
	}
	t.calls = append(t.calls, Call{By: strings.TrimPrefix(inv.Function, "sluice-"), Operation: c.Operation, Stale: canBeStale(c)})
	t.line(at, "%d %s#%d sends %s %s %s", n, inv.Function, inv.N, c.Service, c.Operation, text)
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
