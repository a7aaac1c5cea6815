package lambda_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

func TestAsyncRetriesThenDeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	type attempt struct {
		At string
		ID string
	}
	var attempts []attempt
	w.register(t, "f", lambda.FunctionConfig{DeadLetterARN: "arn:aws:sqs:us-east-1:123456789012:dead"}, func(ctx context.Context, _ []byte) ([]byte, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		attempts = append(attempts, attempt{w.Now().Sub(start).String(), lc.AwsRequestID})
		return nil, &LockLostError{"b"}
	})
	w.invokeAsync(t, `{"event":1}`)
	w.RunFor(24 * time.Hour)
	if len(attempts) == 0 {
		t.Fatal("the function was not run")
	}
	id := attempts[0].ID
	if diff := cmp.Diff([]attempt{{"0s", id}, {"1m0s", id}, {"3m0s", id}}, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	want := []lambda.DeadLetter{{
		Function: "f",
		QueueARN: "arn:aws:sqs:us-east-1:123456789012:dead", Body: []byte(`{"event":1}`),
		RequestID: id, ErrorCode: 200, ErrorMessage: "the lock is b's",
	}}
	if diff := cmp.Diff(want, w.letters); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

func TestAsyncWithoutRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	runs := 0
	w.register(t, "f", lambda.FunctionConfig{DeadLetterARN: "arn:dead"}, func(context.Context, []byte) ([]byte, error) {
		runs++
		return nil, &LockLostError{"b"}
	})
	w.retries(t, sdk.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: new(int32(0))})
	w.invokeAsync(t, `{}`)
	w.RunFor(24 * time.Hour)
	if runs != 1 || len(w.letters) != 1 {
		t.Errorf("%d runs, %d dead letters, want 1 and 1", runs, len(w.letters))
	}
}

// retries says how events of the function f are tried again.
func (w *world) retries(t *testing.T, in sdk.PutFunctionEventInvokeConfigInput) {
	t.Helper()
	in.FunctionName = new("f")
	if _, err := w.client().PutFunctionEventInvokeConfig(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
}

func TestAsyncThrottledUntilTooOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{DeadLetterARN: "arn:dead"}, echo)
	w.reserve(t, "f", new(0))
	w.retries(t, sdk.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: new(int32(600))})
	w.invokeAsync(t, `{}`)
	w.RunFor(10 * time.Minute)
	if len(w.letters) != 0 {
		t.Fatalf("given up before its age: %+v", w.letters)
	}
	w.RunFor(10 * time.Minute)
	if len(w.letters) != 1 {
		t.Fatalf("%d dead letters, want 1", len(w.letters))
	}
	if got := w.letters[0]; got.ErrorCode != 429 || got.ErrorMessage != "TooManyRequestsException: Rate Exceeded." {
		t.Errorf("dead letter = %d %q, want 429 TooManyRequestsException: Rate Exceeded.", got.ErrorCode, got.ErrorMessage)
	}
}

func TestAsyncPayloadLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{}, echo)
	var err error
	w.Do(func() { err = w.service.InvokeAsync("f", []byte(`"`+strings.Repeat("x", 1024*1024)+`"`)) })
	want := "api error RequestEntityTooLargeException: 1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}
