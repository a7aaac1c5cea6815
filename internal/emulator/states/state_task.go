package states

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// task is one attempt of a Task state.
type task struct {
	visit     *visit
	arguments any
	timeout   time.Duration // 0: none was given
	heartbeat time.Duration // 0: none was given
	silence   *loop.Timer
}

// defaultTimeout is for a Task without TimeoutSeconds (AWS: Step Functions
// Developer Guide, Task workflow state).
const defaultTimeout = 99999999 * time.Second

// call makes a Task's call, and takes its result or waits for its token.
func (v *visit) call() {
	t := &task{visit: v}
	if v.state.resource.callback {
		v.token = v.strand.execution.services.Tokens.issue(&callback{v.current(t)})
	}
	if failure := t.prepare(); failure != nil {
		v.evaluationFailed(failure)
		return
	}
	if len(jsonata.Encode(t.arguments)) > maxPayload {
		v.fail(tooLarge(v.state.Name))
		return
	}
	t.scheduled()
	if v.strand.over {
		return
	}
	timeout := defaultTimeout
	if t.timeout > 0 {
		timeout = t.timeout
	}
	v.in(timeout, expired{v.current(t)})
	if v.state.resource.callback {
		t.listen()
	}
	v.calls = t
	now := v.current(t)
	t.invoke(func(output any, f *failure) {
		if !now.over() {
			t.returned(output, f)
		}
	})
}

func (t *task) prepare() (failure *evaluationError) {
	v := t.visit
	env := v.environment(nil)
	t.arguments = v.input
	if v.state.arguments != nil {
		if t.arguments, failure = v.state.arguments.evaluate(env); failure != nil {
			return failure
		}
	}
	if v.state.timeout != nil {
		if t.timeout, failure = v.state.timeout.seconds(env, 1); failure != nil {
			return failure
		}
	}
	if v.state.heartbeat != nil {
		t.heartbeat, failure = v.state.heartbeat.seconds(env, 1)
	}
	return failure
}

// listen gives a Task that waits for its token its time of silence. A Task that
// does not wait for a token cannot send a heartbeat and is not held to it.
func (t *task) listen() {
	t.silence.Stop()
	if t.heartbeat > 0 {
		t.silence = t.visit.in(t.heartbeat, expired{t.visit.current(t)})
	}
}

// returned takes the answer to the call itself.
func (t *task) returned(output any, f *failure) {
	t.visit.calls = nil
	if f != nil {
		f.task = true
		t.failed(f)
		return
	}
	encoded := jsonata.Encode(output)
	if len(encoded) > maxPayload {
		t.failed(t.tooLarge())
		return
	}
	if t.visit.state.resource.callback {
		t.submitted(encoded)
		return
	}
	t.succeeded(output, encoded)
}

func (t *task) tooLarge() *failure {
	name := t.visit.state.resource.service
	if r := t.visit.state.resource; r.function {
		name = r.arn
	}
	f := tooLarge(name)
	f.task = true
	return f
}

// answered takes the output that came with the token.
func (t *task) answered(output string) {
	if len(output) > maxPayload {
		t.failed(t.tooLarge())
		return
	}
	value, err := jsonata.Decode(output)
	if err != nil {
		t.failed(failed(errRuntime, err.Error()))
		return
	}
	t.succeeded(value, jsonata.Encode(value))
}

func (t *task) add(e types.HistoryEvent) {
	s := t.visit.strand
	s.prev = s.execution.add(s.prev, e)
}

func (t *task) scheduled() {
	r := t.visit.state.resource
	arguments := aws.String(jsonata.Encode(t.arguments))
	if r.function {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionScheduled, LambdaFunctionScheduledEventDetails: &types.LambdaFunctionScheduledEventDetails{
			Resource: aws.String(r.arn), Input: arguments, InputDetails: whole(), TimeoutInSeconds: wholeSeconds(t.timeout),
		}})
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionStarted})
		return
	}
	t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskScheduled, TaskScheduledEventDetails: &types.TaskScheduledEventDetails{
		Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()), Region: aws.String(t.visit.strand.execution.services.Region),
		Parameters: arguments, TimeoutInSeconds: wholeSeconds(t.timeout), HeartbeatInSeconds: wholeSeconds(t.heartbeat),
	}})
	t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskStarted, TaskStartedEventDetails: &types.TaskStartedEventDetails{
		Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()),
	}})
}

func wholeSeconds(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	return aws.Int64(int64(d / time.Second))
}

func (t *task) submitted(output string) {
	r := t.visit.state.resource
	t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskSubmitted, TaskSubmittedEventDetails: &types.TaskSubmittedEventDetails{
		Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()), Output: aws.String(output), OutputDetails: whole(),
	}})
}

func (t *task) succeeded(value any, encoded string) {
	v, r := t.visit, t.visit.state.resource
	v.rest()
	if r.function {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionSucceeded, LambdaFunctionSucceededEventDetails: &types.LambdaFunctionSucceededEventDetails{
			Output: aws.String(encoded), OutputDetails: whole(),
		}})
	} else {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskSucceeded, TaskSucceededEventDetails: &types.TaskSucceededEventDetails{
			Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()), Output: aws.String(encoded), OutputDetails: whole(),
		}})
	}
	v.leave(v.state.flow, &result{value: value}, v.state.Next)
}

func (t *task) failed(f *failure) {
	v, r := t.visit, t.visit.state.resource
	v.rest()
	if r.function {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionFailed, LambdaFunctionFailedEventDetails: &types.LambdaFunctionFailedEventDetails{
			Error: f.name, Cause: f.cause,
		}})
	} else {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskFailed, TaskFailedEventDetails: &types.TaskFailedEventDetails{
			Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()), Error: f.name, Cause: f.cause,
		}})
	}
	v.fail(f)
}

// expired ends a Task that took too long, or was silent too long: both are
// States.Timeout (recorded on AWS).
func (t *task) expired() {
	v, r := t.visit, t.visit.state.resource
	f := timedOut()
	v.rest()
	if r.function {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionTimedOut, LambdaFunctionTimedOutEventDetails: &types.LambdaFunctionTimedOutEventDetails{Error: f.name}})
	} else {
		t.add(types.HistoryEvent{Type: types.HistoryEventTypeTaskTimedOut, TaskTimedOutEventDetails: &types.TaskTimedOutEventDetails{
			Resource: aws.String(r.suffix()), ResourceType: aws.String(r.kind()), Error: f.name,
		}})
	}
	v.fail(f)
}
