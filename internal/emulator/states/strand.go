package states

import (
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// strand is one line of control: the whole execution, a branch of a Parallel
// state, or one iteration of a Map state. It is in at most one state.
type strand struct {
	execution *Execution
	machine   *Machine `keep:"-"` // of the definition
	variables map[string]any
	item      *jsonata.Object // $states.context.Map.Item
	index     int             // of the branch or iteration
	prev      int64           // id of the event that the next one follows
	outer     outer           // told when it has ended

	at        *visit // nil between states
	next      string // the state to be entered, between states
	nextInput any
	over      bool
}

// outer is what a strand is a part of: an execution, or a Parallel or Map state. It is
// told how the strand ended.
type outer interface {
	ended(s *strand, output any, f *failure)
}

var (
	_ = keep.Type[*Execution]()
	_ = keep.Type[*branches]()
	_ = keep.Type[*iteration]()
)

// inner is a strand for a part of the state that v visits. It sees v's variables
// and assigns its own.
func (v *visit) inner(m *Machine, prev int64, o outer) *strand {
	s := v.strand
	return &strand{execution: s.execution, machine: m, variables: maps.Clone(s.variables), item: s.item, prev: prev, outer: o}
}

// enter goes to a state, when the loop comes to it.
func (s *strand) enter(name string, input any) {
	s.at, s.next, s.nextInput = nil, name, input
	s.execution.services.Loop.Post(func() {
		if s.over || s.at != nil || !s.execution.Running() {
			return
		}
		s.visit(s.machine.States[name], input)
	})
}

// visit is one stay in a state, retries included.
type visit struct {
	strand     *strand
	state      *State `keep:"-"` // of the strand's machine, by name
	name       string
	input      any
	entered    int64 // id of the event of entering
	before     int64 // id of the event before it
	since      time.Time
	tried      []int // how often each retrier has retried
	retryCount int
	attempt    int
	token      string
	calls      *task // the Task whose call has not returned
	timers     []*loop.Timer
	inside     []*strand // running branches or iterations
	caught     bool
	over       bool
}

func (s *strand) visit(state *State, input any) {
	x := s.execution
	v := &visit{strand: s, state: state, name: state.Name, input: input, before: s.prev, since: x.services.Loop.Now(), tried: make([]int, len(state.retriers))}
	s.at = v
	x.path = append(x.path, state.Name)
	x.transitions++
	if x.services.Entered != nil {
		x.services.Entered(x, state.Name)
	}
	s.prev = x.add(s.prev, types.HistoryEvent{
		Type: types.HistoryEventType(string(state.Type) + "StateEntered"),
		StateEnteredEventDetails: &types.StateEnteredEventDetails{
			Name: aws.String(state.Name), Input: aws.String(jsonata.Encode(input)), InputDetails: whole(),
		},
	})
	v.entered = s.prev
	if !s.over {
		v.run()
	}
}

// run does what the state does, for the first time or again.
func (v *visit) run() {
	v.attempt++
	switch v.state.Type {
	case TypePass, TypeSucceed:
		v.leave(v.state.flow, nil, v.state.Next)
	case TypeChoice:
		v.choose()
	case TypeWait:
		v.wait()
	case TypeFail:
		v.raise()
	case TypeTask:
		v.call()
	case TypeParallel:
		v.parallel()
	case TypeMap:
		v.iterate()
	}
}

// guarded makes a callback that does nothing once this attempt is over.
func (v *visit) guarded(f func()) func() {
	a := v.current(nil)
	return func() {
		if !a.over() {
			f()
		}
	}
}

// attempt is what follows in an attempt at a state, and does not once that is over.
type attempt struct {
	visit *visit
	n     int
	task  *task // nil outside of Tasks
}

func (v *visit) current(t *task) attempt { return attempt{v, v.attempt, t} }

// over reports whether the attempt is.
func (a attempt) over() bool {
	v := a.visit
	return v.over || v.attempt != a.n || v.strand.over || !v.strand.execution.Running()
}

// What comes of an attempt when its time has come.
type (
	again   struct{ attempt }
	waited  struct{ attempt }
	expired struct{ attempt }
)

var (
	_ = keep.Type[again]()
	_ = keep.Type[waited]()
	_ = keep.Type[expired]()
)

// Happen implements loop.Event: the state is retried.
func (a again) Happen() {
	if !a.over() {
		a.visit.run()
	}
}

// Happen implements loop.Event: a Wait state is left.
func (a waited) Happen() {
	if v := a.visit; !a.over() {
		v.leave(v.state.flow, nil, v.state.Next)
	}
}

// Happen implements loop.Event: a Task has taken too long.
func (a expired) Happen() {
	if !a.over() {
		a.task.expired()
	}
}

func (v *visit) in(d time.Duration, e loop.Event) *loop.Timer {
	timer := v.strand.execution.services.Loop.DueIn(d, e)
	v.timers = append(v.timers, timer)
	return timer
}

// rest stops all that this attempt has set going.
func (v *visit) rest() {
	for _, timer := range v.timers {
		timer.Stop()
	}
	v.timers, v.calls = nil, nil
	if v.token != "" {
		v.strand.execution.services.Tokens.retire(v.token)
		v.token = ""
	}
}

// result is the value of $states.result, nil if there is none, or, in a catcher,
// of $states.errorOutput.
type result struct {
	value   any
	errored bool
}

// leave evaluates output and assignments and goes on to the next state, or ends
// the strand if there is none.
func (v *visit) leave(f flow, r *result, next string) {
	s, x := v.strand, v.strand.execution
	env := v.environment(r)
	output := v.input
	if r != nil {
		output = r.value
	}
	assigned, failure := v.assigned(f, env)
	if failure == nil && f.output != nil {
		output, failure = f.output.evaluate(env)
	}
	if failure != nil {
		v.evaluationFailed(failure)
		return
	}
	encoded := jsonata.Encode(output)
	if len(encoded) > maxPayload {
		v.fail(tooLarge(v.state.Name))
		return
	}
	v.over = true
	v.rest()
	s.prev = x.add(s.prev, types.HistoryEvent{
		Type: types.HistoryEventType(string(v.state.Type) + "StateExited"),
		StateExitedEventDetails: &types.StateExitedEventDetails{
			Name: aws.String(v.state.Name), Output: aws.String(encoded), OutputDetails: whole(),
			AssignedVariables: encodedMembers(assigned), AssignedVariablesDetails: assignedDetails(assigned),
		},
	})
	if s.over {
		return
	}
	for _, name := range assigned.Keys() {
		s.variables[name] = assigned.Get(name)
	}
	if next == "" {
		s.over = true
		s.outer.ended(s, output, nil)
		return
	}
	s.enter(next, output)
}

// assigned evaluates Assign. All expressions see the variables as they were.
func (v *visit) assigned(f flow, env jsonata.Environment) (*jsonata.Object, *evaluationError) {
	if f.assign == nil {
		return &jsonata.Object{}, nil
	}
	values, failure := f.assign.evaluate(env)
	if failure != nil {
		return nil, failure
	}
	assigned := values.(*jsonata.Object)
	for _, name := range assigned.Keys() {
		if len(jsonata.Encode(assigned.Get(name))) > maxPayload {
			return nil, &evaluationError{location: f.assign.field + "/" + name, message: "The value of the variable '" + name + "' exceeds the maximum number of bytes service limit."}
		}
	}
	return assigned, nil
}

func encodedMembers(o *jsonata.Object) map[string]string {
	if len(o.Keys()) == 0 {
		return nil
	}
	members := map[string]string{}
	for _, name := range o.Keys() {
		members[name] = jsonata.Encode(o.Get(name))
	}
	return members
}

func assignedDetails(o *jsonata.Object) *types.AssignedVariablesDetails {
	if len(o.Keys()) == 0 {
		return nil
	}
	return &types.AssignedVariablesDetails{}
}

func tooLarge(what string) *failure {
	return failed(errDataLimit, "The state/task '"+what+"' returned a result with a size exceeding the maximum number of bytes service limit.")
}

// evaluationFailed fails the state because a field has no value.
func (v *visit) evaluationFailed(e *evaluationError) {
	cause := inState(v.state.Name, v.entered, e.message)
	details := &types.EvaluationFailedEventDetails{
		Error: aws.String(errQuery), Cause: aws.String(cause), State: aws.String(v.state.Name),
	}
	if e.location != "" {
		details.Location = aws.String(e.location)
	}
	prev := v.strand.prev
	if prev == v.entered && v.state.Type != TypeWait && v.state.Type != TypeTask {
		// Recorded on AWS: in a state that does nothing but evaluate, the event follows
		// the one before entering; in Wait it follows the entering. Task is not
		// recorded and is taken to be like Wait.
		prev = v.before
	}
	v.strand.prev = v.strand.execution.add(prev, types.HistoryEvent{
		Type: types.HistoryEventTypeEvaluationFailed, EvaluationFailedEventDetails: details,
	})
	v.fail(failed(errQuery, cause))
}

// fail retries, goes where a Catch says, or ends the strand.
func (v *visit) fail(f *failure) {
	s := v.strand
	v.rest()
	if s.over || !v.caught && v.retry(f) {
		return
	}
	switch v.state.Type {
	case TypeMap:
		s.prev = s.execution.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeMapStateFailed})
	case TypeParallel:
		s.prev = s.execution.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeParallelStateFailed})
	case TypeTask, TypePass, TypeChoice, TypeWait, TypeSucceed, TypeFail:
	}
	for _, c := range v.state.catchers {
		if !v.caught && f.matches(c.errors) {
			v.caught = true
			v.leave(c.flow, &result{value: f.output(), errored: true}, c.next)
			return
		}
	}
	if s.over {
		return
	}
	v.over, s.over = true, true
	s.outer.ended(s, nil, f)
}

// abort gives up the state that the strand is in and all inside it. With the
// execution still running, the history tells of it.
func (s *strand) abort(tell bool) {
	running := !s.over && s.at != nil && !s.at.over
	s.over = true
	if s.at == nil {
		return
	}
	s.at.giveUpInside(tell)
	s.at.rest()
	s.at.over = true
	if running && tell {
		s.tellAborted()
	}
}

// tellAborted adds the event that a state was given up, for the types that have one.
func (s *strand) tellAborted() {
	switch s.at.state.Type {
	case TypeTask, TypeWait, TypeMap, TypeParallel:
		s.execution.add(s.prev, types.HistoryEvent{Type: types.HistoryEventType(string(s.at.state.Type) + "StateAborted")})
	case TypePass, TypeChoice, TypeSucceed, TypeFail:
	}
}

// redrive runs the state again, as if it had just been entered.
func (v *visit) redrive() {
	v.over, v.caught, v.retryCount = false, false, 0
	clear(v.tried)
	v.strand.execution.transitions++
	v.strand.execution.services.Loop.Post(v.guarded(v.run))
}
