package states

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// Services is what executions reach outside themselves. All functions are called
// on the loop and must call done on it, once.
type Services struct {
	Loop   *loop.Loop
	Region string
	Tokens *Tokens
	// Entered, if not nil, is told of each state that an execution enters.
	Entered func(x *Execution, state string)
	// InvokeLambda calls a function, by ARN or name, as the role.
	InvokeLambda func(roleARN, function string, payload []byte, done func(FunctionResult))
	// InvokeAPI calls any operation as the role. Service and operation are spelled as
	// in the aws-sdk integration (sfn, startExecution), and members begin with a
	// capital. The error code is the error's name in the service's model; "" is success.
	InvokeAPI func(roleARN, service, operation string, input json.RawMessage, done func(output json.RawMessage, errorCode, errorMessage string))
}

// FunctionResult is how an invocation of a Lambda function ended.
type FunctionResult struct {
	Payload       []byte
	FunctionError string // "" if the function succeeded
	ErrorType     string // of the function's error
	StatusCode    int
	Err           error // the call itself failed; the rest is empty
}

// Spec is what an execution is started with.
type Spec struct {
	ARN, Name                         string
	RoleARN                           string
	StateMachineARN, StateMachineName string
	Input                             string // JSON
}

// Execution is one run of a definition. All its methods must be called on the loop.
type Execution struct {
	Spec
	// StartTime is when it started, StopTime when it last ended.
	StartTime, StopTime time.Time
	// Status is where it stands.
	Status types.ExecutionStatus
	// Output is the JSON that it succeeded with.
	Output string
	// Error and Cause are why it ended otherwise; nil if none was given.
	Error, Cause *string
	// RedriveCount is how often it was redriven, RedriveTime when it last was.
	RedriveCount int
	RedriveTime  time.Time

	definition  *Definition      `keep:"-"` // Resume gives it
	services    *Services        `keep:"-"` // likewise
	changed     func(*Execution) `keep:"-"` // likewise
	history     []types.HistoryEvent
	path        []string
	transitions int
	main        *strand
	deadline    *loop.Timer
	input       any
}

// maxHistory is how many events a history holds (AWS: Step Functions quotas).
const maxHistory = 25_000

// maxPayload is the size, in bytes, of an input, an output, a variable (AWS: Step
// Functions quotas).
const maxPayload = 256 << 10

// Start begins an execution; its first state is entered when the loop comes to it.
// Changed is called at the start and whenever the execution's status changes. The
// input must be JSON.
func Start(s *Services, d *Definition, spec Spec, changed func(*Execution)) (*Execution, error) {
	input, err := jsonata.Decode(spec.Input)
	if err != nil {
		return nil, err
	}
	x := &Execution{
		Spec: spec, StartTime: s.Loop.Now(), Status: types.ExecutionStatusRunning,
		definition: d, services: s, changed: changed, input: input,
	}
	x.add(0, types.HistoryEvent{Type: types.HistoryEventTypeExecutionStarted, ExecutionStartedEventDetails: &types.ExecutionStartedEventDetails{
		Input: aws.String(spec.Input), InputDetails: whole(), RoleArn: aws.String(spec.RoleARN),
	}})
	x.arm()
	x.main = &strand{execution: x, machine: &d.Machine, variables: map[string]any{}, outer: x}
	x.main.enter(d.StartAt, input)
	x.changed(x)
	return x, nil
}

// arm starts the execution's own timeout.
func (x *Execution) arm() {
	if x.definition.TimeoutSeconds > 0 {
		x.deadline = x.services.Loop.DueIn(time.Duration(x.definition.TimeoutSeconds)*time.Second, deadline{x})
	}
}

// deadline is the end of an execution that has taken too long.
type deadline struct{ execution *Execution }

var _ = keep.Type[deadline]()

// Happen implements loop.Event.
func (d deadline) Happen() {
	d.execution.end(types.ExecutionStatusTimedOut, types.HistoryEvent{
		Type:                          types.HistoryEventTypeExecutionTimedOut,
		ExecutionTimedOutEventDetails: &types.ExecutionTimedOutEventDetails{},
	})
}

// History is every event so far, oldest first. The caller must not change it.
func (x *Execution) History() []types.HistoryEvent { return x.history }

// Path is the names of the states that were entered, in that order.
func (x *Execution) Path() []string { return slices.Clone(x.path) }

// Transitions is how many state transitions would be billed: every entry of a
// state and every retry (AWS: Step Functions pricing).
func (x *Execution) Transitions() int { return x.transitions }

// Running reports whether the execution has not ended.
func (x *Execution) Running() bool { return x.Status == types.ExecutionStatusRunning }

// ended is told how the strand of the whole definition ended.
func (x *Execution) ended(s *strand, output any, f *failure) {
	if f == nil {
		x.Output = jsonata.Encode(output)
		x.finish(types.ExecutionStatusSucceeded, s.prev, types.HistoryEvent{
			Type: types.HistoryEventTypeExecutionSucceeded,
			ExecutionSucceededEventDetails: &types.ExecutionSucceededEventDetails{
				Output: aws.String(x.Output), OutputDetails: whole(),
			},
		})
		return
	}
	x.fail(s.prev, f)
}

func (x *Execution) fail(prev int64, f *failure) {
	x.Error, x.Cause = f.name, f.cause
	x.finish(types.ExecutionStatusFailed, prev, types.HistoryEvent{
		Type:                        types.HistoryEventTypeExecutionFailed,
		ExecutionFailedEventDetails: &types.ExecutionFailedEventDetails{Error: f.name, Cause: f.cause},
	})
}

// Stop ends the execution as ABORTED. What runs is given up, and no Catch sees it
// (AWS: API reference, StopExecution).
func (x *Execution) Stop(name, cause *string) {
	if !x.Running() {
		return
	}
	x.Error, x.Cause = name, cause
	x.end(types.ExecutionStatusAborted, types.HistoryEvent{
		Type:                         types.HistoryEventTypeExecutionAborted,
		ExecutionAbortedEventDetails: &types.ExecutionAbortedEventDetails{Error: name, Cause: cause},
	})
}

// end gives up what runs and finishes. The event follows no other: it does not
// come from a state.
func (x *Execution) end(status types.ExecutionStatus, event types.HistoryEvent) {
	x.main.abort(true)
	x.finish(status, 0, event)
}

func (x *Execution) finish(status types.ExecutionStatus, prev int64, event types.HistoryEvent) {
	x.add(prev, event)
	x.main.abort(false)
	x.deadline.Stop()
	x.Status, x.StopTime = status, x.services.Loop.Now()
	x.changed(x)
}

// add writes an event to the history and gives its id. The last place is kept for
// the end: an execution that would need more fails (AWS: Step Functions quotas;
// the wording of the error is not confirmed).
func (x *Execution) add(prev int64, event types.HistoryEvent) int64 {
	if !x.Running() {
		return prev
	}
	if len(x.history) == maxHistory-1 && !final(event.Type) {
		x.fail(prev, failed(errRuntime, "The execution reached the maximum number of history events (25000)."))
		return prev
	}
	event.Id = int64(len(x.history)) + 1
	event.PreviousEventId = prev
	event.Timestamp = aws.Time(x.services.Loop.Now())
	x.history = append(x.history, event)
	return event.Id
}

func final(t types.HistoryEventType) bool {
	return t == types.HistoryEventTypeExecutionSucceeded || t == types.HistoryEventTypeExecutionFailed ||
		t == types.HistoryEventTypeExecutionAborted || t == types.HistoryEventTypeExecutionTimedOut
}

// whole says that an event shows all of its data.
func whole() *types.HistoryEventExecutionDataDetails {
	return &types.HistoryEventExecutionDataDetails{}
}

// redrivable reports whether an execution that ended so can be redriven.
func redrivable(status types.ExecutionStatus) bool {
	return status == types.ExecutionStatusFailed || status == types.ExecutionStatusAborted || status == types.ExecutionStatusTimedOut
}

// redriveWindow is how long after its end an execution can be redriven (AWS: Step
// Functions Developer Guide, Restarting state machine executions with redrive).
const redriveWindow = 14 * 24 * time.Hour

// Redrivable says whether the execution can be redriven, and if not why.
func (x *Execution) Redrivable() (reason string, ok bool) {
	switch {
	case x.Status == types.ExecutionStatusSucceeded:
		return "Execution is SUCCEEDED and cannot be redriven", false
	case !redrivable(x.Status):
		return "Execution is RUNNING and cannot be redriven", false
	case x.services.Loop.Now().Sub(x.StopTime) > redriveWindow:
		return "Execution ended more than 14 days ago and cannot be redriven", false
	case len(x.history) >= maxHistory-1:
		return "Execution history event limit exceeded", false
	default:
		return "", true
	}
}

// InParallel reports whether the execution ended inside a Map or Parallel state,
// from where the emulator does not redrive.
func (x *Execution) InParallel() bool {
	v := x.main.at
	return v != nil && (v.state.Type == TypeMap || v.state.Type == TypeParallel)
}

// Redrive runs the execution on from the state in which it ended, with that
// state's input and fresh retries. It must be Redrivable.
func (x *Execution) Redrive() {
	x.RedriveCount++
	x.RedriveTime = x.services.Loop.Now()
	x.Status, x.Error, x.Cause = types.ExecutionStatusRunning, nil, nil
	s := x.main
	s.over = false
	s.prev = x.add(s.prev, types.HistoryEvent{
		Type:                          types.HistoryEventTypeExecutionRedriven,
		ExecutionRedrivenEventDetails: &types.ExecutionRedrivenEventDetails{RedriveCount: aws.Int32(int32(x.RedriveCount))}, //nolint:gosec // far below
	})
	x.arm()
	if s.at == nil {
		s.enter(s.next, s.nextInput)
	} else {
		s.at.redrive()
	}
	x.changed(x)
}
