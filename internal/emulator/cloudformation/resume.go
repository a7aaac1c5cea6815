package cloudformation

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Busy reports whether an operation of a stack runs. It must be called on the loop.
func (s *Service) Busy() bool {
	return slices.ContainsFunc(s.stacks, func(st *stack) bool { return st.running })
}

// Resume has the operations go on that ran when the cloud was stopped, with the resource
// that each was at: its request is made again. It must be called on the loop.
func (s *Service) Resume() error {
	for _, st := range s.stacks {
		if !st.running {
			continue
		}
		if st.journal == nil { // it had not begun
			st.journal = &journal{creating: st.status == types.StackStatusCreateInProgress, before: st.source}
		}
		s.run(st, st.roleARN, nil, func(t Target) error {
			o := &operation{Target: t, stack: st, schemas: readSchemas(), pace: pace, journal: st.journal}
			return o.resume(func() (*Plan, error) { return st.template.Resolve(s.settings(st, st.parameters)) })
		}, func(error) {
			if st.gone() {
				st.deleted = new(s.loop.Now())
			}
		})
	}
	return nil
}

// resume goes on from where the operation stood. What it is to bring about, it works out
// again: resources that are as they are to be are left so.
func (o *operation) resume(plan func() (*Plan, error)) (err error) {
	switch o.stack.status {
	case types.StackStatusCreateInProgress, types.StackStatusUpdateInProgress:
		o.Do(func() {
			if o.plan, err = plan(); err == nil {
				maps.Copy(o.plan.scope.created, o.stack.known())
			}
		})
		switch {
		case err == nil:
			return o.bringAbout()
		case o.creating:
			o.undoCreation()
		default:
			o.undoUpdate()
		}
		return err
	case types.StackStatusDeleteInProgress:
		return o.delete()
	case types.StackStatusUpdateCompleteCleanupInProgress:
		o.cleanUp(false)
		o.tell(types.StackStatusUpdateComplete, "")
	case types.StackStatusUpdateRollbackCompleteCleanupInProgress:
		o.cleanUp(true)
		o.tell(types.StackStatusUpdateRollbackComplete, "")
	case types.StackStatusRollbackInProgress:
		o.undoCreation()
	default:
		o.undoUpdate()
		o.Do(func() { o.stack.source = o.before })
	}
	return nil
}
