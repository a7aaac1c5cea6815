package states_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/states"
)

// cloud is a loop with functions and operations that executions call.
type cloud struct {
	loop      *loop.Loop
	services  *states.Services
	functions map[string]func(payload []byte, done func(states.FunctionResult))
	api       func(service, operation string, input json.RawMessage, done func(json.RawMessage, string, string))
	changes   []string // statuses that were told
	tokens    []string // that were sent
}

func newCloud() *cloud {
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c := &cloud{loop: l, functions: map[string]func([]byte, func(states.FunctionResult)){}}
	c.services = &states.Services{
		Loop: l, Region: "us-east-1", Tokens: states.NewTokens(l),
		InvokeLambda: func(_, arn string, payload []byte, done func(states.FunctionResult)) {
			f := c.functions[arn[strings.LastIndex(arn, ":")+1:]]
			if f == nil {
				f = c.functions["f"]
			}
			f(payload, done)
		},
		InvokeAPI: func(_, service, operation string, input json.RawMessage, done func(json.RawMessage, string, string)) {
			c.api(service, operation, input, done)
		},
	}
	return c
}

func (c *cloud) start(t *testing.T, definition, input string) *states.Execution {
	t.Helper()
	d, diagnostics := states.Parse(definition)
	if len(diagnostics) > 0 {
		t.Fatalf("definition refused: %v", diagnostics)
	}
	x, err := states.Start(c.services, d, states.Spec{
		ARN: "arn:aws:states:us-east-1:123456789012:execution:m:e", Name: "e", RoleARN: "snf_role_arn",
		StateMachineARN: "arn:aws:states:us-east-1:123456789012:stateMachine:m", StateMachineName: "m", Input: input,
	}, func(x *states.Execution) { c.changes = append(c.changes, string(x.Status)) })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// anything lets every call of an operation succeed.
func (c *cloud) anything(t *testing.T) {
	t.Helper()
	c.api = func(_, _ string, _ json.RawMessage, done func(json.RawMessage, string, string)) { done(nil, "", "") }
}

// python gives a function that does what the recordings' functions did.
func python(t *testing.T, behaviour string, requests *int) func([]byte, func(states.FunctionResult)) {
	t.Helper()
	switch behaviour {
	case "id_function.py":
		return func(payload []byte, done func(states.FunctionResult)) {
			done(states.FunctionResult{Payload: payload, StatusCode: 200})
		}
	case "raise_exception.py":
		return func(_ []byte, done func(states.FunctionResult)) {
			*requests++
			done(exception(t, "Exception", "Some exception was raised.", fmt.Sprintf("<uuid:%d>", *requests),
				"  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"))
		}
	default:
		t.Fatalf("no function behaves like %s", behaviour)
		return nil
	}
}

func exception(t *testing.T, name, message, request string, stack ...string) states.FunctionResult {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"errorMessage": message, "errorType": name, "requestId": request, "stackTrace": stack})
	if err != nil {
		t.Error(err)
	}
	return states.FunctionResult{Payload: payload, FunctionError: "Unhandled", ErrorType: name, StatusCode: 200}
}
