package eventbridge_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	alarms = `{"source":["aws.cloudwatch"],"detail":{"state":{"value":["ALARM"]}}}`
	queue  = "arn:aws:sqs:us-east-1:123456789012:dead"
)

func TestServiceEventReachesItsTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "alarms", alarms, types.Target{})
	w.emit("OK")
	w.emit("ALARM")
	w.loop.RunFor(time.Minute)
	if len(w.arrivals) != 1 {
		t.Fatalf("%d deliveries, want the one that matches", len(w.arrivals))
	}
	got := decode(t, w.arrivals[0].payload)
	if id, ok := got["id"].(string); !ok || len(id) != 36 {
		t.Errorf("id = %v, want a UUID", got["id"])
	}
	delete(got, "id")
	want := map[string]any{
		"version": "0", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
		"account": "123456789012", "region": "us-east-1", "time": "2026-01-01T00:00:00Z",
		"resources": []any{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"},
		"detail":    map[string]any{"alarmName": "a", "state": map[string]any{"value": "ALARM"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if w.arrivals[0].after <= 0 || w.arrivals[0].after > time.Second {
		t.Errorf("delivered after %v, want a latency of less than a second", w.arrivals[0].after)
	}
}

func TestDisabledRuleDeliversNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "alarms", alarms, types.Target{})
	disable(t, w, "alarms")
	w.emit("ALARM")
	w.loop.RunFor(time.Minute)
	if len(w.arrivals) != 0 {
		t.Errorf("a disabled rule delivered %v", w.arrivals)
	}
}

func TestInputAndInputPath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		target types.Target
		want   string
	}{
		{"Input", types.Target{Input: aws.String(`{"a": 1}`)}, `{"a": 1}`},
		{"Detail", types.Target{InputPath: aws.String("$.detail.state")}, `{"value":"ALARM"}`},
		{"HyphenatedField", types.Target{InputPath: aws.String("$.detail-type")}, `"CloudWatch Alarm State Change"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rule(t, "alarms", alarms, tc.target)
			w.emit("ALARM")
			w.loop.RunFor(time.Minute)
			if len(w.arrivals) != 1 || w.arrivals[0].payload != tc.want {
				t.Errorf("deliveries = %v, want payload %s", w.arrivals, tc.want)
			}
		})
	}
}

func TestFailedDeliveryIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "alarms", alarms, types.Target{})
	fails := 3
	w.answer = func() error {
		if fails--; fails >= 0 {
			return wire.Errorf("TooManyRequestsException", "slow down")
		}
		return nil
	}
	w.emit("ALARM")
	w.loop.RunFor(24 * time.Hour)
	if len(w.arrivals) != 4 {
		t.Fatalf("%d attempts, want 4", len(w.arrivals))
	}
	for i := 2; i < len(w.arrivals); i++ {
		before, now := w.arrivals[i-1].after-w.arrivals[i-2].after, w.arrivals[i].after-w.arrivals[i-1].after
		if now <= before {
			t.Errorf("waits of %v and then %v, want them to grow", before, now)
		}
		if w.arrivals[i].payload != w.arrivals[0].payload {
			t.Errorf("attempt %d brought %s, want the event of the first", i, w.arrivals[i].payload)
		}
	}
}

func TestExhaustedRetriesGoToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		policy    *types.RetryPolicy
		condition string
		attempts  string
		calls     int
	}{
		{"Default", nil, "MaximumRetryAttempts", "185", 186},
		{"Attempts", &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2)}, "MaximumRetryAttempts", "2", 3},
		{"None", &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)}, "MaximumRetryAttempts", "0", 1},
		// attempts after 1, 2, 4, 8 and 16 seconds; the next would be too late
		{"Age", &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(60)}, "MaximumEventAgeInSeconds", "5", 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answer = func() error { return wire.Errorf("ServiceException", "out of order") }
			w.rule(t, "alarms", alarms, types.Target{RetryPolicy: tc.policy, DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(queue)}})
			w.emit("ALARM")
			w.loop.RunFor(25 * time.Hour)
			if len(w.arrivals) != tc.calls {
				t.Errorf("%d attempts, want %d", len(w.arrivals), tc.calls)
			}
			want := []deadLetter{{queue, w.arrivals[0].payload, map[string]string{
				"RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/alarms", "TARGET_ARN": target,
				"ERROR_CODE": "ERROR_FROM_TARGET", "ERROR_MESSAGE": "out of order",
				"EXHAUSTED_RETRY_CONDITION": tc.condition, "RETRY_ATTEMPTS": tc.attempts,
			}}}
			if diff := cmp.Diff(want, w.dead, cmp.AllowUnexported(deadLetter{})); diff != "" {
				t.Errorf("dead letters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTargetThatIsGoneIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func() error { return wire.Errorf("ResourceNotFoundException", "no such function") }
	// InputPath: the dead letter is the event all the same.
	w.rule(t, "alarms", alarms, types.Target{InputPath: aws.String("$.detail"), DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(queue)}})
	w.emit("ALARM")
	w.loop.RunFor(25 * time.Hour)
	if len(w.arrivals) != 1 || len(w.dead) != 1 {
		t.Fatalf("%d attempts and %d dead letters, want 1 and 1", len(w.arrivals), len(w.dead))
	}
	want := map[string]string{
		"RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/alarms", "TARGET_ARN": target,
		"ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "no such function",
	}
	if diff := cmp.Diff(want, w.dead[0].attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if got := decode(t, w.dead[0].body)["source"]; got != "aws.cloudwatch" {
		t.Errorf("body's source = %v, want the whole event", got)
	}
}

func TestFaultsOfDelivery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault eventbridge.DeliveryFault
		want  int
		after time.Duration
	}{
		{"Lost", eventbridge.DeliveryFault{Lose: true}, 0, 0},
		{"Doubled", eventbridge.DeliveryFault{Copies: 1}, 2, 0},
		{"Late", eventbridge.DeliveryFault{Delay: time.Hour}, 1, time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fault = func(eventbridge.Event, string) eventbridge.DeliveryFault { return tc.fault }
			w.rule(t, "alarms", alarms, types.Target{})
			w.emit("ALARM")
			w.loop.RunFor(2 * time.Hour)
			if len(w.arrivals) != tc.want {
				t.Fatalf("%d deliveries, want %d", len(w.arrivals), tc.want)
			}
			for _, a := range w.arrivals {
				if a.after < tc.after || a.payload != w.arrivals[0].payload {
					t.Errorf("delivery %v, want the same event not before %v", a, tc.after)
				}
			}
		})
	}
}
