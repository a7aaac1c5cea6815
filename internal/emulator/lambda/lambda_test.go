package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// handler is a function as a lambda.Handler.
type handler func(ctx context.Context, payload []byte) ([]byte, error)

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return h(ctx, payload) }

// world is a Lambda and what it sent to dead-letter queues.
type world struct {
	*loop.Loop
	service *lambda.Service
	letters []lambda.DeadLetter
}

func newWorld(t *testing.T, deps lambda.Deps) *world {
	t.Helper()
	w := &world{Loop: loop.NewVirtual(start)}
	deps.DeadLetter = func(d lambda.DeadLetter) error { w.letters = append(w.letters, d); return nil }
	w.service = lambda.New(w.Loop, "123456789012", "us-east-1", deps)
	t.Cleanup(w.Close)
	return w
}

func (w *world) register(t *testing.T, name string, config lambda.FunctionConfig, h handler) {
	t.Helper()
	if err := w.service.Register(name, config, lambda.InProcess(name, h)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) reserve(t *testing.T, name string, concurrency *int) {
	t.Helper()
	if err := w.service.Reserve(name, concurrency); err != nil {
		t.Fatal(err)
	}
}

// invoke runs a function and drives the loop until it has ended.
func (w *world) invoke(name, payload string) lambda.Result {
	var r lambda.Result
	w.Await(func(done func()) {
		w.service.Invoke(name, []byte(payload), func(got lambda.Result) { r = got; done() })
	})
	return r
}

// invokeAsync queues an event for the function f.
func (w *world) invokeAsync(t *testing.T, payload string) {
	t.Helper()
	w.Do(func() {
		if err := w.service.InvokeAsync("f", []byte(payload)); err != nil {
			t.Error(err)
		}
	})
}

// pause lets cloud time pass inside a function.
func pause(ctx context.Context, l *loop.Loop, d time.Duration) {
	loop.FromContext(ctx).Await(func(done func()) { l.After(d, done) })
}

func echo(_ context.Context, payload []byte) ([]byte, error) { return payload, nil }

type LockLostError struct{ Owner string }

func (e *LockLostError) Error() string { return "the lock is " + e.Owner + "'s" }

func TestResult(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler handler
		payload string
		want    lambda.Result
	}{
		"OK":                       {echo, `{"a":1}`, lambda.Result{Payload: []byte(`{"a":1}`), StatusCode: 200}},
		"NoPayloadIsAnEmptyObject": {echo, "", lambda.Result{Payload: []byte("{}"), StatusCode: 200}},
		"ErrTypeOfPointer": {
			func(context.Context, []byte) ([]byte, error) { return nil, &LockLostError{"b"} }, `{}`,
			failed("LockLostError", `{"errorMessage":"the lock is b's","errorType":"LockLostError"}`),
		},
		"ErrOutermostTypeCounts": {
			func(context.Context, []byte) ([]byte, error) { return nil, fmt.Errorf("take: %w", &LockLostError{"b"}) }, `{}`,
			failed("wrapError", `{"errorMessage":"take: the lock is b's","errorType":"wrapError"}`),
		},
		"ErrReadyMadeIsPassedThrough": {
			func(context.Context, []byte) ([]byte, error) {
				return nil, messages.InvokeResponse_Error{Type: "Refused", Message: "red"}
			}, `{}`,
			failed("Refused", `{"errorMessage":"red","errorType":"Refused"}`),
		},
		"ErrResponseTooLarge": {
			func(context.Context, []byte) ([]byte, error) { return make([]byte, 6*1024*1024+101), nil }, `{}`,
			failed("Function.ResponseSizeTooLarge",
				`{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{})
			w.register(t, "f", lambda.FunctionConfig{}, test.handler)
			if diff := cmp.Diff(test.want, w.invoke("f", test.payload)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func failed(errorType, payload string) lambda.Result {
	return lambda.Result{Payload: []byte(payload), FunctionError: "Unhandled", ErrorType: errorType, StatusCode: 200}
}

func TestPanicIsAFunctionError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{}, func(context.Context, []byte) ([]byte, error) {
		panic(errors.New("no such step"))
	})
	got := w.invoke("f", `{}`)
	if got.ErrorType != "errorString" || got.FunctionError != "Unhandled" {
		t.Errorf("error type %q, function error %q, want errorString, Unhandled", got.ErrorType, got.FunctionError)
	}
	for _, want := range []string{`"errorMessage":"no such step"`, `"stackTrace":[{"path":"`, `TestPanicIsAFunctionError`} {
		if !strings.Contains(string(got.Payload), want) {
			t.Errorf("payload %s lacks %s", got.Payload, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ function, payload, want string }{
		"ErrUnknown":        {"g", `{}`, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:g"},
		"ErrVersion":        {"f:7", `{}`, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:7"},
		"ErrOtherAccount":   {"arn:aws:lambda:us-east-1:210987654321:function:f", `{}`, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:210987654321:function:f"},
		"ErrNotJSON":        {"f", `{`, "InvalidRequestContentException: Could not parse request body into json: unexpected end of JSON input"},
		"ErrTooLarge":       {"f", `"` + strings.Repeat("x", 6*1024*1024) + `"`, "api error RequestEntityTooLargeException: 6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		"OKLatest":          {"f:$LATEST", `{}`, ""},
		"OKPartialARN":      {"123456789012:function:f", `{}`, ""},
		"OKARN":             {"arn:aws:lambda:us-east-1:123456789012:function:f", `{}`, ""},
		"OKLargestAccepted": {"f", `"` + strings.Repeat("x", 6*1024*1024-2) + `"`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{})
			w.register(t, "f", lambda.FunctionConfig{}, echo)
			got := ""
			if err := w.invoke(test.function, test.payload).Err; err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error = %q, want %q", got, test.want)
			}
		})
	}
}

func TestTimeoutKillsTheFunctionButNotWhatItSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	var landed, after, cleaned bool
	w.register(t, "f", lambda.FunctionConfig{Timeout: 30 * time.Second}, func(ctx context.Context, _ []byte) ([]byte, error) {
		defer func() { cleaned = true }()
		if deadline, ok := ctx.Deadline(); !ok || !deadline.Equal(start.Add(30*time.Second)) {
			t.Errorf("deadline = %v, %v, want %v", deadline, ok, start.Add(30*time.Second))
		}
		loop.FromContext(ctx).Await(func(done func()) {
			w.After(31*time.Second, func() { landed = true; done() })
		})
		after = true
		return nil, nil
	})
	got := w.invoke("f", `{}`)
	if got.ErrorType != "Sandbox.Timedout" || !strings.HasSuffix(string(got.Payload), `Error: Task timed out after 30.00 seconds","errorType":"Sandbox.Timedout"}`) {
		t.Errorf("result %s of type %q, want a timeout after 30.00 seconds", got.Payload, got.ErrorType)
	}
	if passed := w.Now().Sub(start); passed != 30*time.Second {
		t.Errorf("result came after %v, want 30s", passed)
	}
	w.RunFor(time.Minute)
	if !landed || !cleaned {
		t.Errorf("landed %v, cleaned up %v; want both", landed, cleaned)
	}
	if after {
		t.Error("the function went on after its timeout")
	}
}

func TestTimeoutEndsTheContextOnALiveLoop(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(1000)
	go l.Run(t.Context()) //nolint:errcheck // it ends with the test
	service := lambda.New(l, "123456789012", "us-east-1", lambda.Deps{})
	ended := make(chan error, 1)
	var got lambda.Result
	l.Await(func(done func()) {
		err := service.Register("f", lambda.FunctionConfig{Timeout: time.Second}, lambda.InProcess("f", handler(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, nil
		})))
		if err != nil {
			t.Error(err)
		}
		service.Invoke("f", nil, func(r lambda.Result) { got = r; done() })
	})
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the function's context ended with %v, want %v", err, context.Canceled)
	}
	if got.ErrorType != "Sandbox.Timedout" {
		t.Errorf("error type = %q, want Sandbox.Timedout", got.ErrorType)
	}
}

func TestZombieGoesOnAfterItsTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{Fault: func(_ string, n int) lambda.FunctionFault { return lambda.FunctionFault{Zombie: n == 1} }})
	var wrote []string
	w.register(t, "f", lambda.FunctionConfig{Timeout: time.Second}, func(ctx context.Context, payload []byte) ([]byte, error) {
		pause(ctx, w.Loop, 10*time.Second)
		wrote = append(wrote, string(payload))
		return payload, nil
	})
	for _, payload := range []string{`1`, `2`} {
		if got := w.invoke("f", payload); got.ErrorType != "Sandbox.Timedout" {
			t.Errorf("error type = %q, want Sandbox.Timedout", got.ErrorType)
		}
	}
	w.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"1"}, wrote); diff != "" {
		t.Errorf("written after the timeout (-want +got):\n%s", diff)
	}
}

func TestFunctionDiesAtACall(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault lambda.FunctionFault
		want  []string
	}{
		"None":   {lambda.FunctionFault{}, []string{"sent 1", "got 1", "sent 2", "got 2", "sent 3", "got 3"}},
		"Before": {lambda.FunctionFault{DieBeforeCall: 2}, []string{"sent 1", "got 1"}},
		"After":  {lambda.FunctionFault{DieAfterCall: 2}, []string{"sent 1", "got 1", "sent 2"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{Fault: func(string, int) lambda.FunctionFault { return test.fault }})
			var got []string
			w.register(t, "f", lambda.FunctionConfig{}, func(ctx context.Context, payload []byte) ([]byte, error) {
				inv := lambda.FromContext(ctx)
				for range 3 {
					n := inv.BeginCall(ctx)
					got = append(got, fmt.Sprint("sent ", n))
					inv.EndCall(ctx, n)
					got = append(got, fmt.Sprint("got ", n))
				}
				return payload, nil
			})
			result := w.invoke("f", `{}`)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			wantType := "Runtime.ExitError"
			if name == "None" {
				wantType = ""
			}
			if result.ErrorType != wantType {
				t.Errorf("error type = %q, want %q", result.ErrorType, wantType)
			}
		})
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deps     lambda.Deps
		reserved *int
		want     string
	}{
		"Reserved": {lambda.Deps{}, new(2), "ReservedFunctionConcurrentInvocationLimitExceeded"},
		"Account":  {lambda.Deps{Concurrency: 2}, nil, "ConcurrentInvocationLimitExceeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.deps)
			w.register(t, "f", lambda.FunctionConfig{}, func(ctx context.Context, payload []byte) ([]byte, error) {
				pause(ctx, w.Loop, time.Second)
				return payload, nil
			})
			w.reserve(t, "f", test.reserved)
			var results []lambda.Result
			run := func() { w.service.Invoke("f", nil, func(r lambda.Result) { results = append(results, r) }) }
			w.Do(func() { run(); run(); run() })
			w.RunFor(time.Second)
			w.Do(run)
			w.RunFor(time.Second)
			if len(results) != 4 {
				t.Fatalf("%d results, want 4", len(results))
			}
			if throttle := throttled(results[0].Err); throttle != test.want || results[0].StatusCode != http.StatusTooManyRequests {
				t.Errorf("third at once: %q, %d, want %q, 429", throttle, results[0].StatusCode, test.want)
			}
			for _, r := range results[1:] {
				if r.Err != nil {
					t.Errorf("within the limit: %v, want no error", r.Err)
				}
			}
		})
	}
}

func TestColdStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{ColdStart: 100 * time.Millisecond})
	var began []time.Duration
	w.register(t, "f", lambda.FunctionConfig{}, func(context.Context, []byte) ([]byte, error) {
		began = append(began, w.Now().Sub(start))
		if len(began) == 2 {
			panic("take the environment down")
		}
		return nil, nil
	})
	for range 3 {
		w.invoke("f", `{}`)
	}
	if diff := cmp.Diff([]time.Duration{100 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}, began); diff != "" {
		t.Errorf("starts (-want +got):\n%s", diff)
	}
}

func TestRegisterRefusesBadSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config lambda.FunctionConfig
		want   string
	}{
		"Timeout":     {lambda.FunctionConfig{Timeout: time.Hour}, "register function f: timeout 1h0m0s is not between 1s and 15m0s"},
		"Memory":      {lambda.FunctionConfig{MemoryMB: 64}, "register function f: memory 64 MB is not between 128 and 10240"},
		"Environment": {lambda.FunctionConfig{Environment: map[string]string{"A": strings.Repeat("x", 4096)}}, "exceeded the 4KB limit"},
		"Variable":    {lambda.FunctionConfig{Environment: map[string]string{"AWS_REGION": "x"}}, "Reserved keys used in this request: AWS_REGION"},
		"Levels":      {lambda.FunctionConfig{Logging: lambda.Logging{SystemLevel: types.SystemLogLevelWarn}}, "ApplicationLogLevel and SystemLogLevel need LogFormat JSON, not Text"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{})
			err := w.service.Register("f", test.config, lambda.InProcess("f", handler(echo)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
}

func TestReserveLeavesSomeForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{}, echo)
	for n, want := range map[int]string{901: "below its minimum value of [100]", -1: "reserved concurrency -1 is below 0"} {
		if err := w.service.Reserve("f", &n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("reserving %d: error = %v, want %q", n, err, want)
		}
	}
}

func TestAccessKeyNamesTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	w.register(t, "f", lambda.FunctionConfig{}, echo)
	w.register(t, "g", lambda.FunctionConfig{}, echo)
	key := w.service.AccessKey("g")
	if !strings.HasPrefix(key, "ASIA") || len(key) != 20 {
		t.Errorf("access key %q, want ASIA and 16 characters", key)
	}
	if got := w.service.Caller(key); got != "g" {
		t.Errorf("caller of %s = %q, want g", key, got)
	}
	if got := w.service.Caller("AKIDEXAMPLE"); got != "" {
		t.Errorf("caller of a stranger's key = %q, want none", got)
	}
}

func throttled(err error) string {
	if e, ok := errors.AsType[*types.TooManyRequestsException](err); ok {
		return string(e.Reason)
	}
	return ""
}
