package wire_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// recorder is an ECS that keeps when each update landed.
type recorder struct {
	loop   *loop.Loop
	landed []time.Duration
	took   time.Duration
}

func (r *recorder) wire() *wire.Service {
	return wire.NewService("ecs", wire.AsyncOp("UpdateService",
		func(_ *wire.Call, in *ecs.UpdateServiceInput, reply func(*ecs.UpdateServiceOutput, error)) {
			r.landed = append(r.landed, r.loop.Now().Sub(start))
			r.loop.After(r.took, func() {
				reply(&ecs.UpdateServiceOutput{Service: &types.Service{ServiceName: in.Service, Status: aws.String("done")}}, nil)
			})
		}))
}

// update sends one request and says how long it took.
func (r *recorder) update(t *testing.T, o wire.TransportOptions, attempts int) (time.Duration, error) {
	t.Helper()
	cfg := configOn(r.loop, o, r.wire())
	if attempts > 1 {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) {
				s.MaxAttempts = attempts
				s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		}
	}
	began := r.loop.Now()
	_, err := ecs.NewFromConfig(cfg).UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web")})
	return r.loop.Now().Sub(began), err
}

func TestTransportTakesCloudTime(t *testing.T) {
	t.Parallel()
	r := &recorder{loop: loop.NewVirtual(start), took: time.Second}
	took, err := r.update(t, wire.TransportOptions{Latency: 20 * time.Millisecond}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1040 * time.Millisecond; took != want {
		t.Errorf("the call took %v, want %v", took, want)
	}
	if diff := cmp.Diff([]time.Duration{20 * time.Millisecond}, r.landed); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	isReset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	isTimeout := func(err error) bool {
		var n net.Error
		return errors.As(err, &n) && n.Timeout()
	}
	isThrottle := func(err error) bool {
		var api smithy.APIError
		return errors.As(err, &api) && api.ErrorCode() == "ThrottlingException" && api.ErrorMessage() == "Rate exceeded"
	}
	tests := map[string]struct {
		fault  wire.Fault
		is     func(error) bool
		took   time.Duration
		landed []time.Duration
	}{
		"Throttled":   {wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}, isThrottle, 2 * time.Second, nil},
		"LostRequest": {wire.Fault{LoseRequest: true}, isReset, time.Second, nil},
		"LostAnswer":  {wire.Fault{LoseAnswer: true}, isReset, 3 * time.Second, []time.Duration{time.Second}},
		"LandsLate":   {wire.Fault{Delay: 30 * time.Second}, isTimeout, 10 * time.Second, []time.Duration{31 * time.Second}},
		"LateAnswer":  {wire.Fault{AnswerDelay: 30 * time.Second}, isTimeout, 10 * time.Second, []time.Duration{time.Second}},
		"Delayed":     {wire.Fault{Delay: time.Second}, func(err error) bool { return err == nil }, 4 * time.Second, []time.Duration{2 * time.Second}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{loop: loop.NewVirtual(start), took: time.Second}
			took, err := r.update(t, wire.TransportOptions{
				Latency: time.Second, Timeout: 10 * time.Second, Fault: func(context.Context, *wire.Call) *wire.Fault { return &tc.fault },
			}, 1)
			if !tc.is(err) {
				t.Errorf("error = %v", err)
			}
			if took != tc.took {
				t.Errorf("the call took %v, want %v", took, tc.took)
			}
			r.loop.RunFor(time.Minute)
			if diff := cmp.Diff(tc.landed, r.landed); diff != "" {
				t.Errorf("effects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSDKRetriesWaitInCloudTime(t *testing.T) {
	t.Parallel()
	type sent struct {
		Attempt   int
		Service   string
		Operation string
		AccessKey string
		At        time.Duration
		Input     string
	}
	r := &recorder{loop: loop.NewVirtual(start)}
	var got []sent
	took, err := r.update(t, wire.TransportOptions{
		Backoff: func(attempt int) time.Duration { return time.Duration(attempt) * time.Second },
		Fault: func(_ context.Context, c *wire.Call) *wire.Fault {
			in := c.Input().(*ecs.UpdateServiceInput)
			got = append(got, sent{c.Attempt, c.Service, c.Operation, c.AccessKey, r.loop.Now().Sub(start), *in.Service})
			switch c.Attempt {
			case 1:
				return &wire.Fault{LoseRequest: true}
			case 2:
				return &wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
			}
			return nil
		},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []sent{
		{1, "ecs", "UpdateService", "AKIDEXAMPLE", 0, "web"},
		{2, "ecs", "UpdateService", "AKIDEXAMPLE", 2 * time.Second, "web"},
		{3, "ecs", "UpdateService", "AKIDEXAMPLE", 5 * time.Second, "web"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if took != 5*time.Second || len(r.landed) != 1 {
		t.Errorf("the call took %v and landed %d times, want 5s and once", took, len(r.landed))
	}
}

func TestObserveSeesEffects(t *testing.T) {
	t.Parallel()
	r := &recorder{loop: loop.NewVirtual(start)}
	var got []string
	observe := func(c *wire.Call, in, out any, err error) {
		line := c.Operation + " " + aws.ToString(in.(*ecs.UpdateServiceInput).Service)
		if err != nil {
			line += " " + err.Error()
		} else {
			line += " " + aws.ToString(out.(*ecs.UpdateServiceOutput).Service.Status)
		}
		got = append(got, line)
	}
	if _, err := r.update(t, wire.TransportOptions{Observe: observe, Fault: func(context.Context, *wire.Call) *wire.Fault {
		return &wire.Fault{LoseAnswer: true}
	}}, 1); err == nil {
		t.Error("a lost answer gave no error")
	}
	if _, err := r.update(t, wire.TransportOptions{Observe: observe, Fault: func(context.Context, *wire.Call) *wire.Fault {
		return &wire.Fault{Err: wire.Errorf("ServerException", "down")}
	}}, 1); err == nil {
		t.Error("a refused request gave no error")
	}
	want := []string{"UpdateService web done", "UpdateService web api error ServerException: down"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestCancelledContextSendsNothing(t *testing.T) {
	t.Parallel()
	r := &recorder{loop: loop.NewVirtual(start)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := ecs.NewFromConfig(configOn(r.loop, wire.TransportOptions{}, r.wire())).
		UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	if len(r.landed) != 0 {
		t.Errorf("%d requests landed, want none", len(r.landed))
	}
}

func TestCoroutinesCallThroughTheTransport(t *testing.T) {
	t.Parallel()
	r := &recorder{loop: loop.NewVirtual(start), took: time.Second}
	client := ecs.NewFromConfig(configOn(r.loop, wire.TransportOptions{Latency: time.Second}, r.wire()))
	var errs []error
	call := func(ctx context.Context) {
		_, err := client.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web")})
		errs = append(errs, err)
	}
	r.loop.Post(func() {
		r.loop.Go(call, func() {})
		killed := r.loop.Go(call, func() { t.Error("a killed coroutine completed") })
		r.loop.After(1500*time.Millisecond, killed.Kill)
	})
	r.loop.RunFor(time.Minute)
	if diff := cmp.Diff([]time.Duration{time.Second, time.Second}, r.landed); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if len(errs) != 1 || errs[0] != nil {
		t.Errorf("answers = %v, want one without an error", errs)
	}
}

func TestLiveServerAndCancellation(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	r := &recorder{loop: l, took: time.Second}

	server := httptest.NewServer(wire.NewServer(l, wire.NewMux(account, region, r.wire())))
	t.Cleanup(server.Close)
	cfg := configOn(l, wire.TransportOptions{})
	cfg.HTTPClient, cfg.BaseEndpoint = server.Client(), aws.String(server.URL)
	out, err := ecs.NewFromConfig(cfg).UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web")})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.Service.ServiceName); got != "web" {
		t.Errorf("service = %q, want web", got)
	}

	r.took = 1e6 * time.Hour
	asking, stop := context.WithCancel(t.Context())
	landed := func(*wire.Call, any, any, error) {}
	cfg = configOn(l, wire.TransportOptions{Observe: landed, Fault: func(context.Context, *wire.Call) *wire.Fault { stop(); return nil }}, r.wire())
	if _, err := ecs.NewFromConfig(cfg).UpdateService(asking, &ecs.UpdateServiceInput{Service: aws.String("web")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

func TestServerRefusesBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	h := wire.NewServer(loop.NewVirtual(start), wire.NewMux(account, region))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 64<<20+1))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status = %d, want %d", w.Code, http.StatusRequestEntityTooLarge)
	}
}
