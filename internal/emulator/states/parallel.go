package states

import (
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// parallel runs all branches on the state's arguments; the result is the array of
// their outputs. The first failure of a branch is the state's.
func (v *visit) parallel() {
	s, x := v.strand, v.strand.execution
	input := v.input
	if v.state.arguments != nil {
		value, failure := v.state.arguments.evaluate(v.environment(nil))
		if failure != nil {
			v.evaluationFailed(failure)
			return
		}
		input = value
	}
	s.prev = x.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeParallelStateStarted})
	all := &branches{visit: v, outputs: make([]any, len(v.state.branches)), left: len(v.state.branches)}
	v.inside = nil
	for i, m := range v.state.branches {
		branch := v.inner(m, s.prev, all)
		branch.index = i
		v.inside = append(v.inside, branch)
	}
	for _, branch := range v.inside {
		branch.enter(branch.machine.StartAt, input)
	}
}

// branches are those of one attempt at a Parallel state.
type branches struct {
	visit   *visit
	outputs []any
	left    int
}

// ended takes a branch's output, or its failure.
func (b *branches) ended(branch *strand, output any, f *failure) {
	v, s := b.visit, b.visit.strand
	if f != nil {
		v.branchFailed(branch, f)
		return
	}
	b.outputs[branch.index] = output
	b.left--
	if b.left == 0 {
		s.prev = branch.prev
		s.execution.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeParallelStateSucceeded})
		v.leave(v.state.flow, &result{value: b.outputs}, v.state.Next)
	}
}

// branchFailed gives up the other branches and fails the state. A Task that failed
// its branch is told as aborted too (recorded on AWS).
func (v *visit) branchFailed(branch *strand, f *failure) {
	if branch.at.state.Type == TypeTask {
		branch.tellAborted()
	}
	v.giveUpInside(true)
	v.strand.prev = branch.prev
	v.fail(f)
}

func (v *visit) giveUpInside(tell bool) {
	inside := v.inside
	v.inside = nil
	for _, s := range inside {
		s.abort(tell)
	}
}
