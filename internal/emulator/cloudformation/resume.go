package cloudformation

import (
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Busy reports whether an operation of a stack runs. It must be called on the loop.
func (s *Service) Busy() bool {
	return slices.ContainsFunc(s.stacks, func(st *stack) bool { return st.running })
}

// Resume ends the operations that ran when the cloud was stopped: what was being made or
// changed goes back, as when a resource of it fails, what was going back or being deleted goes
// on. It must be called on the loop.
func (s *Service) Resume() error {
	for _, st := range s.stacks {
		if !st.running {
			continue
		}
		j := st.journal
		if j == nil { // it had not begun
			j = &journal{creating: st.status == types.StackStatusCreateInProgress, before: st.source}
		}
		s.run(st, st.roleARN, nil, func(t Target) error {
			o := &operation{Target: t, stack: st, schemas: readSchemas(), pace: pace, journal: j}
			return o.resume()
		}, func(error) {
			if st.gone() {
				st.deleted = new(s.loop.Now())
			}
		})
	}
	return nil
}

// resume ends an operation from where it stood.
func (o *operation) resume() error {
	switch o.stack.status {
	case types.StackStatusDeleteInProgress:
		return o.delete()
	case types.StackStatusUpdateCompleteCleanupInProgress:
		o.cleanUp(false)
		o.tell(types.StackStatusUpdateComplete, "")
	case types.StackStatusUpdateRollbackCompleteCleanupInProgress:
		o.cleanUp(true)
		o.tell(types.StackStatusUpdateRollbackComplete, "")
	case types.StackStatusCreateInProgress, types.StackStatusRollbackInProgress:
		o.cutOff()
		o.undoCreation()
	default:
		o.cutOff()
		o.undoUpdate()
		o.Do(func() { o.stack.source = o.before })
	}
	return nil
}

// cutOff tells of what was in progress that it has failed.
func (o *operation) cutOff() {
	for _, c := range o.changes {
		switch c.now.status {
		case types.ResourceStatusCreateInProgress, types.ResourceStatusUpdateInProgress:
			o.failed(c.now, c.was == nil, errors.New("Resource handler was cut off: the local cloud was stopped.")) //nolint:staticcheck // as CloudFormation writes
		}
	}
}
