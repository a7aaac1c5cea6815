package lambda

import (
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) invoke(c *wire.Call, in *lambda.InvokeInput, reply func(*lambda.InvokeOutput, error)) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err == nil {
		err = notEmulated(in)
	}
	if err != nil {
		reply(nil, err)
		return
	}
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		reply(&lambda.InvokeOutput{StatusCode: 204}, nil)
	case types.InvocationTypeEvent:
		err := s.enqueue(t, in.Payload)
		reply(&lambda.InvokeOutput{StatusCode: 202}, err)
	case types.InvocationTypeRequestResponse, "":
		s.invokeAndWait(c, t, in, reply)
	default:
		reply(nil, wire.Errorf("InvalidParameterValueException", "Unknown invocation type %s", in.InvocationType))
	}
}

func (s *Service) invokeAndWait(c *wire.Call, t target, in *lambda.InvokeInput, reply func(*lambda.InvokeOutput, error)) {
	payload, err := checkPayload(in.Payload, maxRequest, types.InvocationTypeRequestResponse)
	if err != nil {
		reply(nil, err)
		return
	}
	client, err := clientContext(aws.ToString(in.ClientContext))
	if err != nil {
		reply(nil, err)
		return
	}
	s.start(t, request{requestID: c.RequestID, payload: payload, client: client, done: func(r Result) {
		if r.Err != nil {
			reply(nil, r.Err)
			return
		}
		out := &lambda.InvokeOutput{StatusCode: int32(r.StatusCode), Payload: r.Payload, ExecutedVersion: aws.String(t.version.number)} //nolint:gosec // an HTTP status
		if r.FunctionError != "" {
			out.FunctionError = &r.FunctionError
		}
		reply(out, nil)
	}})
}

// notEmulated refuses the parts of an invocation that are not there.
func notEmulated(in *lambda.InvokeInput) error {
	switch {
	case in.LogType == types.LogTypeTail:
		return wire.Errorf("InvalidParameterValueException", "Invoke with LogType Tail is not emulated: functions log to the process they run in")
	case in.DurableExecutionName != nil:
		return wire.Errorf("InvalidParameterValueException", "Invoke with DurableExecutionName is not emulated")
	case in.TenantId != nil:
		return wire.Errorf("InvalidParameterValueException", "Invoke with TenantId is not emulated")
	}
	return nil
}

func clientContext(encoded string) (lambdacontext.ClientContext, error) {
	var client lambdacontext.ClientContext
	if encoded == "" {
		return client, nil
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = json.Unmarshal(data, &client)
	}
	if err != nil {
		return client, &types.InvalidRequestContentException{
			Message: new("Client context must be a valid Base64-encoded JSON object."), Type: new("User"),
		}
	}
	return client, nil
}
