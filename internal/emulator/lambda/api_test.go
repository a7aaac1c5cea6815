package lambda_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// client is a real SDK client of the world's Lambda.
func (w *world) client() *sdk.Client {
	mux := wire.NewMux("123456789012", "us-east-1", w.service.Wire())
	return sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.Loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

// failure is what a client sees of an error: status, code and message.
func failure(t *testing.T, err error) (int, string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	resp, http := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || !http {
		t.Fatalf("error = %v, want an API error with a response", err)
	}
	return resp.HTTPStatusCode(), api.ErrorCode() + ": " + api.ErrorMessage()
}

func TestInvokeByClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{}, func(ctx context.Context, payload []byte) ([]byte, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		if want := "arn:aws:lambda:us-east-1:123456789012:function:f"; lc.InvokedFunctionArn != want {
			t.Errorf("function ARN = %q, want %q", lc.InvokedFunctionArn, want)
		}
		if string(payload) == `"fail"` {
			return nil, &LockLostError{"b"}
		}
		return payload, nil
	})
	client := w.client()
	invoke := func(kind types.InvocationType, payload string) *sdk.InvokeOutput {
		t.Helper()
		out, err := client.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: new("f"), InvocationType: kind, Payload: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	ok := invoke(types.InvocationTypeRequestResponse, `{"a":1}`)
	if ok.StatusCode != http.StatusOK || string(ok.Payload) != `{"a":1}` || ok.FunctionError != nil || aws.ToString(ok.ExecutedVersion) != "$LATEST" {
		t.Errorf("answer = %d %s, error %v, version %v; want 200, the payload, none, $LATEST", ok.StatusCode, ok.Payload, ok.FunctionError, ok.ExecutedVersion)
	}
	failed := invoke("", `"fail"`)
	if failed.StatusCode != http.StatusOK || aws.ToString(failed.FunctionError) != "Unhandled" ||
		string(failed.Payload) != `{"errorMessage":"the lock is b's","errorType":"LockLostError"}` {
		t.Errorf("answer = %d %s, error %v; want 200, the error, Unhandled", failed.StatusCode, failed.Payload, failed.FunctionError)
	}
	if got := invoke(types.InvocationTypeEvent, `{}`); got.StatusCode != http.StatusAccepted || len(got.Payload) != 0 {
		t.Errorf("answer to an event = %d %s, want 202 and nothing", got.StatusCode, got.Payload)
	}
	if got := invoke(types.InvocationTypeDryRun, `{}`); got.StatusCode != http.StatusNoContent {
		t.Errorf("answer to a dry run = %d, want 204", got.StatusCode)
	}
}

func TestInvokeErrorsByClient(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in         sdk.InvokeInput
		wantStatus int
		want       string
	}{
		"ErrUnknown": {
			sdk.InvokeInput{FunctionName: new("g")},
			http.StatusNotFound,
			"ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:g",
		},
		"ErrThrottled": {
			sdk.InvokeInput{FunctionName: new("busy")}, http.StatusTooManyRequests, "TooManyRequestsException: Rate Exceeded.",
		},
		"ErrNotJSON": {
			sdk.InvokeInput{FunctionName: new("f"), Payload: []byte("hello")},
			http.StatusBadRequest,
			"InvalidRequestContentException: Could not parse request body into json: invalid character 'h' looking for beginning of value",
		},
		"ErrTail": {
			sdk.InvokeInput{FunctionName: new("f"), LogType: types.LogTypeTail},
			http.StatusBadRequest,
			"InvalidParameterValueException: Invoke with LogType Tail is not emulated: functions log to the process they run in",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{})
			w.register(t, "f", lambda.FunctionConfig{}, echo)
			w.register(t, "busy", lambda.FunctionConfig{}, echo)
			w.reserve(t, "busy", new(0))
			_, err := w.client().Invoke(t.Context(), &test.in)
			status, got := failure(t, err)
			if status != test.wantStatus || got != test.want {
				t.Errorf("error = %d %s\nwant    %d %s", status, got, test.wantStatus, test.want)
			}
		})
	}
}

func TestFunctionLifeByClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	client := w.client()
	create := &sdk.CreateFunctionInput{
		FunctionName: new("f"), Role: new("arn:aws:iam::123456789012:role/f"), Code: &types.FunctionCode{ZipFile: []byte("zip")},
		Runtime: types.RuntimeProvidedal2023, Handler: new("bootstrap"), Timeout: new(int32(30)), MemorySize: new(int32(256)),
		Environment: &types.Environment{Variables: map[string]string{"TABLE": "t"}},
	}
	_, err := client.CreateFunction(t.Context(), create)
	if err == nil || !strings.Contains(err.Error(), "the code of f is not emulated") {
		t.Errorf("creating a function without a handler: %v, want a refusal by name", err)
	}
	w.service.Provide("f", lambda.InProcess("f", handler(echo)))
	if _, err := client.CreateFunction(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	if _, err = client.CreateFunction(t.Context(), create); err == nil || !strings.Contains(err.Error(), "ResourceConflictException: Function already exist: f") {
		t.Errorf("creating it again: %v, want a ResourceConflictException", err)
	}
	got, err := client.GetFunctionConfiguration(t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: new("f")})
	if err != nil {
		t.Fatal(err)
	}
	if *got.Timeout != 30 || *got.MemorySize != 256 || got.State != types.StateActive || *got.LastModified != "2026-01-01T00:00:00.000+0000" {
		t.Errorf("timeout %d, memory %d, state %s, modified %s; want 30, 256, Active, 2026-01-01T00:00:00.000+0000",
			*got.Timeout, *got.MemorySize, got.State, *got.LastModified)
	}
	if diff := cmp.Diff(map[string]string{"TABLE": "t"}, got.Environment.Variables); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if _, err := client.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: new("f")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("a deleted function: %v, want a ResourceNotFoundException", err)
	}
}

func TestListFunctionsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	for _, name := range []string{"c", "a", "b"} {
		w.register(t, name, lambda.FunctionConfig{}, echo)
	}
	var got []string
	pages := sdk.NewListFunctionsPaginator(w.client(), &sdk.ListFunctionsInput{MaxItems: new(int32(2))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			got = append(got, *f.FunctionName)
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff([]string{"a", "b", "|", "c", "|"}, got); diff != "" {
		t.Errorf("functions by page (-want +got):\n%s", diff)
	}
}

func TestEventInvokeConfigByClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	runs := 0
	w.register(t, "f", lambda.FunctionConfig{}, func(context.Context, []byte) ([]byte, error) {
		runs++
		return nil, &LockLostError{"b"}
	})
	client := w.client()
	get := &sdk.GetFunctionEventInvokeConfigInput{FunctionName: new("f")}
	_, err := client.GetFunctionEventInvokeConfig(t.Context(), get)
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("before it is set: %v, want a ResourceNotFoundException", err)
	}
	_, err = client.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: new("f"), MaximumRetryAttempts: new(int32(1))})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetFunctionEventInvokeConfig(t.Context(), get)
	if err != nil {
		t.Fatal(err)
	}
	if *got.MaximumRetryAttempts != 1 || got.MaximumEventAgeInSeconds != nil || !got.LastModified.Equal(start) {
		t.Errorf("attempts %d, age %v, modified %v; want 1, none, %v", *got.MaximumRetryAttempts, got.MaximumEventAgeInSeconds, got.LastModified, start)
	}
	w.invokeAsync(t, `{}`)
	w.RunFor(time.Hour)
	if runs != 2 {
		t.Errorf("%d runs, want 2: one and its retry", runs)
	}
}
