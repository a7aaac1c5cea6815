package states

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// What stands in variables, inputs and outputs.
var (
	_ = keep.Type[*jsonata.Object]()
	_ = keep.Type[jsonata.Undefined]()
)

// Resume has an execution that was kept go on from where it stood. A Task whose call
// had not returned fails as one whose function has died does: nobody is left to whom it
// could return.
func (x *Execution) Resume(s *Services, d *Definition, changed func(*Execution)) {
	x.services, x.definition, x.changed = s, d, changed
	x.main.resume(&d.Machine)
}

// resume finds where the strand is in the definition.
func (s *strand) resume(m *Machine) {
	s.machine = m
	v := s.at
	if v == nil {
		return
	}
	v.state = m.States[v.name]
	for _, inner := range v.inside {
		if v.state.Type == TypeMap {
			inner.resume(v.state.processor)
		} else {
			inner.resume(v.state.branches[inner.index])
		}
	}
	if t := v.calls; t != nil {
		now := v.current(t)
		s.execution.services.Loop.Post(func() {
			if !now.over() {
				t.returned(nil, t.cutOff())
			}
		})
	}
}

// cutOff is the failure of a call that the cloud's stop has cut off.
func (t *task) cutOff() *failure {
	const why = "Runtime exited with error: the local cloud was stopped while it ran"
	if r := t.visit.state.resource; r.function || r.service == "lambda" {
		return &failure{name: aws.String("Runtime.ExitError"), cause: aws.String(`{"errorMessage":"` + why + `","errorType":"Runtime.ExitError"}`)}
	}
	return failed(errTaskFailed, "the local cloud was stopped during the call")
}
