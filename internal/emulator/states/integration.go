package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// invoke makes the call of the Task's resource.
func (t *task) invoke(done func(output any, f *failure)) {
	r := t.visit.state.resource
	switch {
	case r.function:
		t.invokeFunction(r.arn, jsonata.Encode(t.arguments), func(res FunctionResult, payload any) { done(payload, nil) }, done)
	case r.sdk:
		t.api(done)
	case r.service == "lambda":
		t.invokeLambda(done)
	default:
		t.optimized(done)
	}
}

// invokeLambda is the integration lambda:invoke.
func (t *task) invokeLambda(done func(any, *failure)) {
	o, is := t.arguments.(*jsonata.Object)
	if !is {
		o = &jsonata.Object{}
	}
	name, is := o.Get("FunctionName").(string)
	if !is {
		done(nil, failed(errRuntime, inState(t.visit.state.Name, t.visit.entered, "The parameter 'FunctionName' must be a string")))
		return
	}
	payload := "{}"
	if v := o.Get("Payload"); jsonata.TypeName(v) != "undefined" {
		payload = jsonata.Encode(v)
	}
	t.invokeFunction(name, payload, func(res FunctionResult, value any) {
		done(t.lambdaOutput(res, value), nil)
	}, done)
}

func (t *task) invokeFunction(name, payload string, returned func(FunctionResult, any), done func(any, *failure)) {
	x := t.visit.strand.execution
	x.services.InvokeLambda(x.RoleARN, name, []byte(payload), func(res FunctionResult) {
		if f := functionFailure(res, x); f != nil {
			done(nil, f)
			return
		}
		var value any
		if text := strings.TrimSpace(string(res.Payload)); text != "" {
			var err error
			if value, err = jsonata.Decode(text); err != nil {
				value = string(res.Payload)
			}
		}
		returned(res, value)
	})
}

// functionFailure is why an invocation failed: the function's error under its own
// type with the whole error as the cause, or the error of the call (both recorded
// on AWS; the message's form is that of the AWS SDK for Java 1).
func functionFailure(res FunctionResult, x *Execution) *failure {
	if res.Err != nil {
		code, message, status := "SdkClientException", res.Err.Error(), 400
		if api := smithy.APIError(nil); errors.As(res.Err, &api) {
			code, message = api.ErrorCode(), api.ErrorMessage()
		}
		switch code {
		case "SdkClientException":
			return failed("Lambda.SdkClientException", message)
		case "ResourceNotFoundException":
			status = 404
		case "TooManyRequestsException":
			status = 429
		case "ServiceException":
			status = 500
		case "AccessDeniedException":
			status = 403
		}
		name := "Lambda." + code
		if common(code) && code != "TooManyRequestsException" {
			name = "Lambda.AWSLambdaException"
		}
		return failed(name, fmt.Sprintf("%s (Service: AWSLambda; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
			message, status, code, x.services.Loop.UUID()))
	}
	if res.FunctionError == "" {
		return nil
	}
	name := res.ErrorType
	if name == "" {
		// AWS: Step Functions Developer Guide, error names: Lambda.Unknown is for what
		// Lambda gave no type for.
		return failed("Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type. Returned payload: "+string(res.Payload))
	}
	return failed(name, string(res.Payload))
}

// lambdaOutput is the result of lambda:invoke, as recorded on AWS.
func (t *task) lambdaOutput(res FunctionResult, payload any) *jsonata.Object {
	l := t.visit.strand.execution.services.Loop
	request := l.UUID()
	length := fmt.Sprint(len(res.Payload))
	date := l.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	headers := []struct{ name, value string }{
		{"Connection", "keep-alive"},
		{"Content-Length", length},
		{"Content-Type", "application/json"},
		{"Date", date},
		{"X-Amz-Executed-Version", "$LATEST"},
		{"X-Amzn-Trace-Id", "Root=1-" + l.ID(8) + "-" + l.ID(24)},
		{"x-amzn-Remapped-Content-Length", "0"},
		{"x-amzn-RequestId", request},
	}
	all, single := &jsonata.Object{}, &jsonata.Object{}
	for _, h := range headers {
		all.Set(h.name, []any{h.value})
		single.Set(h.name, h.value)
	}
	return jsonata.NewObject(
		"ExecutedVersion", "$LATEST",
		"Payload", payload,
		"SdkHttpMetadata", jsonata.NewObject("AllHttpHeaders", all, "HttpHeaders", single, "HttpStatusCode", 200.0),
		"SdkResponseMetadata", jsonata.NewObject("RequestId", request),
		"StatusCode", float64(max(res.StatusCode, 200)))
}

// api makes a call of the aws-sdk integration.
func (t *task) api(done func(any, *failure)) {
	x, r := t.visit.strand.execution, t.visit.state.resource
	service, _ := sdkServiceOf(r.service)
	x.services.InvokeAPI(x.RoleARN, r.service, r.action, json.RawMessage(jsonata.Encode(t.arguments)), func(output json.RawMessage, code, message string) {
		if code != "" {
			done(nil, failed(service.errorName(code), fmt.Sprintf("%s (Service: %s, Status Code: 400, Request ID: %s)", message, service.class, x.services.Loop.UUID())))
			return
		}
		t.decoded(output, done)
	})
}

// decoded is the end of a call that gave an output; none is an empty object.
func (t *task) decoded(output json.RawMessage, done func(any, *failure)) {
	if len(output) == 0 {
		output = json.RawMessage("{}")
	}
	value, err := jsonata.Decode(string(output))
	if err != nil {
		done(nil, failed(errRuntime, inState(t.visit.state.Name, t.visit.entered, err.Error())))
		return
	}
	done(value, nil)
}
