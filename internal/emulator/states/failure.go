package states

import (
	"fmt"
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// The predefined error names (AWS: Step Functions Developer Guide, Handling errors
// in workflows).
const (
	errAll          = "States.ALL"
	errTaskFailed   = "States.TaskFailed"
	errTimeout      = "States.Timeout"
	errDataLimit    = "States.DataLimitExceeded"
	errRuntime      = "States.Runtime"
	errQuery        = "States.QueryEvaluationError"
	errNoChoice     = "States.NoChoiceMatched"
	errTolerance    = "States.ExceedToleratedFailureThreshold"
	errHeartbeat    = "States.HeartbeatTimeout"
	errPermissions  = "States.Permissions"
	errBranchFailed = "States.BranchFailed"
)

func predefined() []string {
	return []string{
		errAll, errTaskFailed, errTimeout, errDataLimit, errRuntime, errQuery, errNoChoice, errTolerance, errHeartbeat, errPermissions, errBranchFailed,
		"States.ResultPathMatchFailure", "States.ParameterPathFailure", "States.IntrinsicFailure", "States.ItemReaderFailed", "States.ResultWriterFailed",
	}
}

// failure is why a state failed. A name or cause that was not given is nil.
type failure struct {
	name, cause *string
	task        bool // of a Task's call, so that States.TaskFailed names it
	timeout     bool
}

func failed(name, cause string) *failure { return &failure{name: &name, cause: &cause} }

// timedOut is the failure of a Task that ran out of time. The history shows no
// cause; a Catch sees an empty one (recorded on AWS).
func timedOut() *failure {
	name := errTimeout
	return &failure{name: &name, timeout: true}
}

// output is what a Catch sees as $states.errorOutput.
func (f *failure) output() *jsonata.Object {
	value := func(s *string) any {
		if s == nil {
			return nil
		}
		return *s
	}
	if f.timeout && f.cause == nil {
		return jsonata.NewObject("Error", value(f.name), "Cause", "")
	}
	return jsonata.NewObject("Error", value(f.name), "Cause", value(f.cause))
}

func (f *failure) is(name string) bool { return f.name != nil && *f.name == name }

// matches reports whether an ErrorEquals names the failure. States.ALL names all
// but States.Runtime: the documentation excepts States.DataLimitExceeded too, but
// on AWS a Catch for States.ALL was recorded to handle it when a Task's result was
// too large. States.TaskFailed names every failure of a Task but a timeout.
func (f *failure) matches(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		switch name {
		case errAll:
			return !f.is(errRuntime)
		case errTaskFailed:
			return f.task && !f.timeout
		case errHeartbeat:
			return false // a missed heartbeat is States.Timeout (recorded on AWS)
		default:
			return f.is(name)
		}
	})
}

// inState is AWS's sentence for a failure of the state itself.
func inState(state string, entered int64, message string) string {
	return fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). %s", state, entered, message)
}
