// Package simulate runs Sluice in a world of its own on virtual time and looks whether
// its promises hold: the real handlers, state machine and SDK clients, in the emulated
// cloud, with anything going wrong.
//
// A run follows from its Plan alone, to the byte: what is asked for and when, what goes
// wrong and at which request, and a seed for the order of all that is left open.
package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Plan is what happens in a run.
type Plan struct {
	Name string
	// Seed orders what happens at the same time, and says how long each request travels.
	// 0 has all travel alike and take their turn.
	Seed uint64
	// Specs are of the apps. Each environment's services stand, with alarms and load,
	// when the run begins.
	Specs []rollout.Spec
	// Acts are what people and the world do, each when its moment has come.
	Acts []Act
	// Faults are what goes wrong.
	Faults []Fault
	// Left are the acts that a plan was made without, to make it shorter.
	Left []Act
	// Empty are the environments, as app/environment, in which nothing runs yet.
	Empty []string
	// Around is the world that it happens in.
	Around Around
}

// Around is the world of a run. The zero value is that of the stories.
type Around struct {
	Start    time.Time     // when virtual time begins; zero is a Sunday's midnight
	Load     float64       // requests a second that each environment gets; 0 is 100
	Silent   bool          // no requests come at all
	Tasks    int           // of the slot with the traffic; 0 is 2
	Patience time.Duration // how long all may take after the last act and fault; 0 is 36 hours
	Watched  bool          // what is seen of the run is kept: Result.Seen
	Released bool          // each app has a release already: the plan's first build makes the second
}

// with is the plan with other faults.
func (p Plan) with(faults ...Fault) Plan {
	p.Faults = faults
	return p
}

// Command is how a person repeats the run, in which no other faults are.
func (p Plan) Command() string {
	text := []string{"sluice simulate " + p.Name}
	if p.Seed != 0 && len(p.Faults) == 0 {
		text = append(text, "--no-faults")
	}
	for _, f := range p.Faults {
		text = append(text, "--fault "+f.String())
	}
	for _, a := range p.Left {
		text = append(text, fmt.Sprintf("--without %q", a.String()))
	}
	return strings.Join(text, " ")
}

// Without is the plan without the first act that is written so; false if there is none.
func (p Plan) Without(act string) (Plan, bool) {
	i := slices.IndexFunc(p.Acts, func(a Act) bool { return a.String() == act })
	if i < 0 {
		return p, false
	}
	return p.without(i), true
}

func (p Plan) without(i int) Plan {
	p.Left = append(slices.Clone(p.Left), p.Acts[i])
	p.Acts = slices.Delete(slices.Clone(p.Acts), i, i+1)
	return p
}

// Moment is when something is done: After an execution has entered a state, or after
// the run's beginning where no Execution is named.
type Moment struct {
	Execution string
	State     string // or "weight 10": the canary has come to that weight
	Nth       int    // which time it enters the state; 0 is the first
	After     time.Duration
}

func (m Moment) String() string {
	if m.Execution == "" {
		return m.After.String()
	}
	text := fmt.Sprintf("%s of %s", m.State, m.Execution)
	if m.Nth > 1 {
		text += fmt.Sprintf(" (%d)", m.Nth)
	}
	return text + " + " + m.After.String()
}

// Act is something that people or the world do.
type Act struct {
	At   Moment
	Verb string // one of verbs
	Args string // as the verb wants them
}

func (a Act) String() string { return strings.TrimSpace(a.Verb + " " + a.Args) }

// at makes an act at a moment of an execution, in a form for lists.
func at(execution, state string, after time.Duration, verb string, args ...string) Act {
	return Act{Moment{Execution: execution, State: state, After: after}, verb, strings.Join(args, " ")}
}

// after makes an act at a time since the run began.
func after(d time.Duration, verb string, args ...string) Act {
	return Act{Moment{After: d}, verb, strings.Join(args, " ")}
}
