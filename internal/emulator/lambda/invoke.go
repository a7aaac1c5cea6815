package lambda

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Invoke runs the function, or the version or alias that the name or ARN is
// qualified with, and calls done on the loop when it has ended, or at once when it
// cannot be run.
func (s *Service) Invoke(arnOrName string, payload []byte, done func(Result)) {
	t, err := s.find(arnOrName, "")
	if err == nil {
		payload, err = checkPayload(payload, maxRequest, types.InvocationTypeRequestResponse)
	}
	if err != nil {
		done(refused(err))
		return
	}
	s.start(t, request{requestID: s.loop.UUID(), payload: payload, done: done})
}

// request is what an invocation begins with.
type request struct {
	requestID string
	payload   []byte
	client    lambdacontext.ClientContext
	done      func(Result)
}

// start runs the function in a warm environment or a new one, if the
// concurrency limits let it.
func (s *Service) start(t target, r request) {
	f := t.function
	if err := s.enter(f); err != nil {
		r.done(refused(err))
		return
	}
	f.invocations++
	inv := &Invocation{
		Function: f.name, RequestID: r.requestID, N: f.invocations,
		service: s, function: f, version: t.version, arn: s.arn(t), reserved: f.reserved != nil,
		payload: r.payload, client: r.client, done: r.done,
	}
	if s.deps.Fault != nil {
		inv.fault = s.deps.Fault(f.name, f.invocations)
	}
	if inv.fault.Start == 0 {
		if h := t.version.warm(); h != nil {
			inv.place.put(h)
			inv.run()
			return
		}
	}
	inv.print = func(string) {}
	if s.deps.Started != nil {
		inv.print = s.deps.Started(t.name, t.version.config)
	}
	s.loop.After(s.deps.ColdStart+inv.fault.Start, inv.initialize) //nolint:forbidigo // an invocation dies with the process
}

// checkPayload refuses what is too large or not JSON; no payload is an empty
// object.
// AWS: Lambda Developer Guide, Lambda quotas: 6 MB synchronous, 1 MB asynchronous.
func checkPayload(payload []byte, limit int, kind types.InvocationType) ([]byte, error) {
	if len(payload) == 0 {
		return []byte("{}"), nil
	}
	if len(payload) > limit {
		return nil, wire.Errorf("RequestEntityTooLargeException",
			"%d byte payload is too large for the %s invocation type (limit %d bytes)", len(payload), kind, limit)
	}
	var value json.RawMessage
	if err := json.Unmarshal(payload, &value); err != nil {
		return nil, &types.InvalidRequestContentException{
			Message: new(fmt.Sprintf("Could not parse request body into json: %v", err)), Type: new("User"),
		}
	}
	return payload, nil
}

// refused is the result of a function that was not run.
func refused(err error) Result {
	r := Result{Err: err, StatusCode: 400}
	if _, ok := errors.AsType[*types.TooManyRequestsException](err); ok {
		r.StatusCode = 429
	}
	return r
}
