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
	outputs := make([]any, len(v.state.branches))
	left := len(outputs)
	v.inside = nil
	for i, m := range v.state.branches {
		v.inside = append(v.inside, v.inner(m, s.prev, func(branch *strand, output any, f *failure) {
			if f != nil {
				v.branchFailed(branch, f)
				return
			}
			outputs[i] = output
			left--
			if left == 0 {
				s.prev = branch.prev
				x.add(s.prev, types.HistoryEvent{Type: types.HistoryEventTypeParallelStateSucceeded})
				v.leave(v.state.flow, &result{value: outputs}, v.state.Next)
			}
		}))
	}
	for _, branch := range v.inside {
		branch.enter(branch.machine.StartAt, input)
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
