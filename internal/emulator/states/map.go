package states

import (
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// maxIterations is how many iterations of an inline Map run at a time (AWS: Step
// Functions Developer Guide, Using Map state in Inline mode).
const maxIterations = 40

// iteration runs a Map state's processor over its items.
type iteration struct {
	visit     *visit
	items     []any
	outputs   []any
	dropped   []bool // failed, within the tolerance
	started   int
	done      int
	failures  int
	tolerance *int // nil: none was given
}

// iterate starts a Map state.
func (v *visit) iterate() {
	s, x := v.strand, v.strand.execution
	env := v.environment(nil)
	items, failure := v.itemsOf(env)
	if failure != nil {
		v.evaluationFailed(failure)
		return
	}
	it := &iteration{visit: v, items: items, outputs: make([]any, len(items)), dropped: make([]bool, len(items))}
	width, failure := it.bounds(env)
	if failure != nil {
		v.evaluationFailed(failure)
		return
	}
	s.prev = x.add(s.prev, types.HistoryEvent{
		Type:                        types.HistoryEventTypeMapStateStarted,
		MapStateStartedEventDetails: &types.MapStateStartedEventDetails{Length: int32(len(items))}, //nolint:gosec // bounded by the payload
	})
	v.inside = nil
	if len(items) == 0 {
		it.succeed(s.prev)
		return
	}
	first := s.prev
	for it.started < min(width, len(items)) {
		it.start(first)
	}
}

// itemsOf evaluates Items, by default the state's input. It must be an array.
func (v *visit) itemsOf(env jsonata.Environment) ([]any, *evaluationError) {
	if v.state.items == nil {
		items, is := v.input.([]any)
		if !is {
			return nil, &evaluationError{message: "Map state input must be an array but was: " + jsonata.Encode(v.input)}
		}
		return items, nil
	}
	value, failure := v.state.items.evaluate(env)
	if failure != nil {
		return nil, failure
	}
	items, is := value.([]any)
	if !is {
		return nil, wrongType(v.state.items.root.expression, v.state.items.field, wantArray, value)
	}
	return items, nil
}

// bounds evaluates how many iterations may run at a time and how many may fail.
func (it *iteration) bounds(env jsonata.Environment) (width int, failure *evaluationError) {
	state := it.visit.state
	width = maxIterations
	if state.concurrency != nil {
		n, failure := state.concurrency.whole(env, 0, math.MaxInt32)
		if failure != nil {
			return 0, failure
		}
		if n > 0 {
			width = min(n, maxIterations)
		}
	}
	if state.toleratedCount != nil {
		n, failure := state.toleratedCount.whole(env, 0, math.MaxInt32)
		if failure != nil {
			return 0, failure
		}
		it.tolerance = &n
	}
	if state.toleratedPct != nil {
		pct, failure := state.toleratedPct.whole(env, 0, 100)
		if failure != nil {
			return 0, failure
		}
		n := pct * len(it.items) / 100
		if it.tolerance == nil || n < *it.tolerance {
			it.tolerance = &n
		}
	}
	return width, nil
}

// start begins the next iteration; prev is the event that it follows.
func (it *iteration) start(prev int64) {
	v := it.visit
	index := it.started
	it.started++
	child := v.inner(v.state.processor, prev, it)
	child.index = index
	child.item = jsonata.NewObject("Index", float64(index), "Value", it.items[index])
	input := it.items[index]
	if v.state.selector != nil {
		env := v.environment(nil)
		context := env.Variables["states"].(*jsonata.Object).Get("context").(*jsonata.Object)
		context.Set("Map", jsonata.NewObject("Item", child.item))
		value, failure := v.state.selector.evaluate(env)
		if failure != nil {
			it.giveUp()
			v.evaluationFailed(failure)
			return
		}
		input = value
	}
	child.prev = v.strand.execution.add(prev, types.HistoryEvent{
		Type: types.HistoryEventTypeMapIterationStarted, MapIterationStartedEventDetails: it.details(index),
	})
	v.inside = append(v.inside, child)
	child.enter(child.machine.StartAt, input)
}

func (it *iteration) details(index int) *types.MapIterationEventDetails {
	return &types.MapIterationEventDetails{Name: aws.String(it.visit.state.Name), Index: int32(index)} //nolint:gosec // bounded by the payload
}

// ended takes an iteration's output, or its failure, and starts the next one. The
// ids that events follow are as recorded on AWS: the next iteration follows the
// last event inside the one that made room for it.
func (it *iteration) ended(s *strand, output any, f *failure) {
	v, x, index := it.visit, it.visit.strand.execution, s.index
	if f != nil {
		x.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeMapIterationFailed, MapIterationFailedEventDetails: it.details(index)})
		if !it.tolerates() {
			v.strand.prev = s.prev
			it.giveUp()
			if it.tolerance != nil {
				f = failed(errTolerance, "The specified tolerated failure threshold was exceeded")
			}
			v.fail(f)
			return
		}
		it.dropped[index] = true
		it.done++
		it.next(s.prev, s.prev)
		return
	}
	it.outputs[index] = output
	it.done++
	id := x.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeMapIterationSucceeded, MapIterationSucceededEventDetails: it.details(index)})
	it.next(s.prev, id)
}

func (it *iteration) tolerates() bool {
	it.failures++
	return it.tolerance != nil && it.failures <= *it.tolerance
}

func (it *iteration) next(inside, last int64) {
	switch {
	case it.started < len(it.items):
		it.start(inside)
	case it.done == len(it.items):
		it.succeed(last)
	}
}

// giveUp aborts the iterations that still run and starts no more.
func (it *iteration) giveUp() {
	v := it.visit
	inside := v.inside
	v.inside = nil
	it.started = len(it.items)
	for i, s := range inside {
		running := !s.over
		s.abort(true)
		if running {
			v.strand.execution.add(s.prev, types.HistoryEvent{
				Type: types.HistoryEventTypeMapIterationAborted, MapIterationAbortedEventDetails: it.details(i),
			})
		}
	}
}

// succeed leaves the state with the outputs in the order of the items. Those of
// iterations that failed within the tolerance are left out, as in a distributed
// Map; for an inline one this is not confirmed.
func (it *iteration) succeed(last int64) {
	v := it.visit
	v.strand.prev = last
	v.strand.execution.add(last, types.HistoryEvent{Type: types.HistoryEventTypeMapStateSucceeded})
	outputs := []any{}
	for i, output := range it.outputs {
		if !it.dropped[i] {
			outputs = append(outputs, output)
		}
	}
	v.leave(v.state.flow, &result{value: outputs}, v.state.Next)
}
