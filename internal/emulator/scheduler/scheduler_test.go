package scheduler_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/scheduler"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	target = "arn:aws:lambda:us-east-1:123456789012:function:recover"
	role   = "arn:aws:iam::123456789012:role/scheduler"
	queue  = "arn:aws:sqs:us-east-1:123456789012:dead"
)

// call is an invocation of a target.
type call struct {
	After   time.Duration
	Payload string
}

// world is a Scheduler with a client, and a target that notes its calls.
type world struct {
	loop   *loop.Loop
	client *client.Client
	calls  []call
	dead   []map[string]string
	answer func() error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{loop: loop.NewVirtual(start)}
	service := scheduler.New(w.loop, "123456789012", "us-east-1", scheduler.Deps{
		Deliver: func(to scheduler.Address, payload []byte, done func(error)) {
			if to.Target != target {
				t.Errorf("delivered to %s, want %s", to.Target, target)
			}
			w.calls = append(w.calls, call{w.loop.Now().Sub(start), string(payload)})
			if w.answer == nil {
				done(nil)
				return
			}
			done(w.answer())
		},
		DeadLetter: func(_ scheduler.Address, queueARN, body string, attributes map[string]string) error {
			attributes["queue"], attributes["body"] = queueARN, body
			w.dead = append(w.dead, attributes)
			return nil
		},
	})
	mux := wire.NewMux("123456789012", "us-east-1", service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return w
}

// deadman is a request for a schedule at a time.
func deadman(expression string) *client.CreateScheduleInput {
	return &client.CreateScheduleInput{
		Name: aws.String("deadman"), ScheduleExpression: &expression,
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target:             &types.Target{Arn: aws.String(target), RoleArn: aws.String(role), Input: aws.String(`{"app":"shop"}`)},
	}
}

func (w *world) create(t *testing.T, in *client.CreateScheduleInput) {
	t.Helper()
	if _, err := w.client.CreateSchedule(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (w *world) exists(t *testing.T) bool {
	t.Helper()
	out, err := w.client.ListSchedules(t.Context(), &client.ListSchedulesInput{NamePrefix: aws.String("deadman")})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Schedules) == 1
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("error = %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func TestOneTimeScheduleFiresOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, expression, zone string
		after                  time.Duration
	}{
		{"UTC", "at(2026-01-01T10:00:30)", "", 10*time.Hour + 30*time.Second},
		{"Zone", "at(2026-01-01T10:00:00)", "America/New_York", 15 * time.Hour},
		{"SummerTime", "at(2026-07-01T10:00:00)", "Europe/Berlin", 181*24*time.Hour + 8*time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := deadman(tc.expression)
			if tc.zone != "" {
				in.ScheduleExpressionTimezone = &tc.zone
			}
			w.create(t, in)
			w.loop.RunFor(tc.after + 48*time.Hour)
			if diff := cmp.Diff([]call{{tc.after, `{"app":"shop"}`}}, w.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if !w.exists(t) {
				t.Error("the schedule is gone, want it kept: ActionAfterCompletion is NONE")
			}
		})
	}
}

func TestScheduleIsRemovedAfterCompletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := deadman("at(2026-01-01T00:01:00)")
	in.ActionAfterCompletion = types.ActionAfterCompletionDelete
	w.create(t, in)
	w.loop.RunFor(59 * time.Second)
	if !w.exists(t) {
		t.Error("the schedule is gone before it was due")
	}
	w.loop.RunFor(time.Minute)
	if w.exists(t) || len(w.calls) != 1 {
		t.Errorf("exists = %v after %d calls, want it gone after one", w.exists(t), len(w.calls))
	}
}

func TestUpdateMovesTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := deadman("at(2026-01-01T01:00:00)")
	w.create(t, in)
	w.loop.RunFor(30 * time.Minute)
	update := &client.UpdateScheduleInput{
		Name: in.Name, ScheduleExpression: aws.String("at(2026-01-01T02:00:00)"), FlexibleTimeWindow: in.FlexibleTimeWindow,
		Target: &types.Target{Arn: aws.String(target), RoleArn: aws.String(role), Input: aws.String(`"later"`)},
	}
	if _, err := w.client.UpdateSchedule(t.Context(), update); err != nil {
		t.Fatal(err)
	}
	w.loop.RunFor(3 * time.Hour)
	if diff := cmp.Diff([]call{{2 * time.Hour, `"later"`}}, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	update.Name = aws.String("nobody")
	update.ScheduleExpression = aws.String("at(2026-02-01T00:00:00)")
	_, err := w.client.UpdateSchedule(t.Context(), update)
	wantError(t, err, "ResourceNotFoundException", "Schedule nobody does not exist.")
}

func TestDeletedAndDisabledSchedulesDoNotFire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, deadman("at(2026-01-01T01:00:00)"))
	off := deadman("at(2026-01-01T01:00:00)")
	off.Name, off.State = aws.String("off"), types.ScheduleStateDisabled
	w.create(t, off)
	if _, err := w.client.DeleteSchedule(t.Context(), &client.DeleteScheduleInput{Name: aws.String("deadman")}); err != nil {
		t.Fatal(err)
	}
	w.loop.RunFor(2 * time.Hour)
	if len(w.calls) != 0 {
		t.Errorf("calls = %v, want none", w.calls)
	}
	_, err := w.client.DeleteSchedule(t.Context(), &client.DeleteScheduleInput{Name: aws.String("deadman")})
	wantError(t, err, "ResourceNotFoundException", "Schedule deadman does not exist.")
}

func TestClientTokenMakesRequestsRepeatable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := deadman("at(2026-01-01T01:00:00)")
	in.ClientToken = aws.String("once")
	w.create(t, in)
	w.create(t, in)
	other := deadman("at(2026-01-01T02:00:00)")
	other.ClientToken = in.ClientToken
	_, err := w.client.CreateSchedule(t.Context(), other)
	wantError(t, err, "ConflictException", "once")
	in.ClientToken = aws.String("twice")
	_, err = w.client.CreateSchedule(t.Context(), in)
	wantError(t, err, "ConflictException", "Schedule deadman already exists.")
	w.loop.RunFor(3 * time.Hour)
	if len(w.calls) != 1 {
		t.Errorf("%d calls, want 1", len(w.calls))
	}
}

func TestFailedInvocationIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := deadman("at(2026-01-01T01:00:00)")
	in.ActionAfterCompletion = types.ActionAfterCompletionDelete
	in.Target.Input = aws.String(`{"attempt":"<aws.scheduler.attempt-number>","at":"<aws.scheduler.scheduled-time>"}`)
	in.Target.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2)}
	in.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(queue)}
	w.answer = func() error { return wire.Errorf("TooManyRequestsException", "slow down") }
	w.create(t, in)
	w.loop.RunFor(time.Hour)
	if !w.exists(t) {
		t.Error("the schedule is gone while its invocation is retried")
	}
	w.loop.RunFor(time.Hour)
	want := []call{
		{time.Hour, `{"attempt":"1","at":"2026-01-01T01:00:00Z"}`},
		{time.Hour + time.Second, `{"attempt":"2","at":"2026-01-01T01:00:00Z"}`},
		{time.Hour + 3*time.Second, `{"attempt":"3","at":"2026-01-01T01:00:00Z"}`},
	}
	if diff := cmp.Diff(want, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if len(w.dead) != 1 {
		t.Fatalf("%d dead letters, want 1", len(w.dead))
	}
	if id := w.dead[0]["EXECUTION_ID"]; id == "" {
		t.Error("the dead letter has no EXECUTION_ID")
	}
	delete(w.dead[0], "EXECUTION_ID")
	letter := map[string]string{
		"queue": queue, "body": `{"attempt":"3","at":"2026-01-01T01:00:00Z"}`,
		"ERROR_CODE": "TooManyRequestsException", "ERROR_MESSAGE": "slow down", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
		"IS_PAYLOAD_TRUNCATED": "false", "RETRY_ATTEMPTS": "2", "SCHEDULED_TIME": "2026-01-01T01:00:00Z",
		"SCHEDULE_ARN": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/deadman", "TARGET_ARN": target,
	}
	if diff := cmp.Diff(letter, w.dead[0]); diff != "" {
		t.Errorf("dead letter (-want +got):\n%s", diff)
	}
	if w.exists(t) {
		t.Error("the schedule is there after its last attempt, want it gone: ActionAfterCompletion is DELETE")
	}
}

func TestTargetWithoutInputGetsANotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := deadman("at(2026-01-01T01:00:00)")
	in.Target.Input = nil
	w.create(t, in)
	w.loop.RunFor(2 * time.Hour)
	if len(w.calls) != 1 {
		t.Fatalf("%d calls, want 1", len(w.calls))
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(w.calls[0].Payload), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "id")
	want := map[string]any{
		"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "123456789012",
		"time": "2026-01-01T01:00:00Z", "region": "us-east-1", "detail": "{}",
		"resources": []any{"arn:aws:scheduler:us-east-1:123456789012:schedule/default/deadman"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

func TestGetScheduleShowsDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, deadman("at(2026-01-01T01:00:00)"))
	got, err := w.client.GetSchedule(t.Context(), &client.GetScheduleInput{Name: aws.String("deadman")})
	if err != nil {
		t.Fatal(err)
	}
	if *got.GroupName != "default" || got.State != types.ScheduleStateEnabled || got.ActionAfterCompletion != types.ActionAfterCompletionNone ||
		*got.ScheduleExpressionTimezone != "UTC" || *got.Target.RetryPolicy.MaximumRetryAttempts != 185 || *got.Target.RetryPolicy.MaximumEventAgeInSeconds != 86400 {
		t.Errorf("schedule = %+v with target %+v", got, got.Target)
	}
	_, err = w.client.GetSchedule(t.Context(), &client.GetScheduleInput{Name: aws.String("deadman"), GroupName: aws.String("others")})
	wantError(t, err, "ResourceNotFoundException", "Schedule group others does not exist.")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(*client.CreateScheduleInput)
		message string
	}{
		{"Rate", func(in *client.CreateScheduleInput) { in.ScheduleExpression = aws.String("rate(5 minutes)") }, "The recurring schedule rate(5 minutes) is not emulated"},
		{"Cron", func(in *client.CreateScheduleInput) { in.ScheduleExpression = aws.String("cron(0 10 * * ? *)") }, "The recurring schedule cron(0 10 * * ? *) is not emulated"},
		{"Expression", func(in *client.CreateScheduleInput) {
			in.ScheduleExpression = aws.String("at(2026-01-01 10:00)")
		}, "Invalid Schedule Expression at(2026-01-01 10:00)."},
		{"NoSuchDay", func(in *client.CreateScheduleInput) {
			in.ScheduleExpression = aws.String("at(2026-02-30T10:00:00)")
		}, "Invalid Schedule Expression"},
		{"Zone", func(in *client.CreateScheduleInput) { in.ScheduleExpressionTimezone = aws.String("Mars/Base") }, "Invalid Schedule Expression Timezone Mars/Base."},
		{"Past", func(in *client.CreateScheduleInput) {
			in.ScheduleExpression = aws.String("at(2025-12-31T23:00:00)")
		}, "at(2025-12-31T23:00:00), is not emulated"},
		{"WindowWithoutLength", func(in *client.CreateScheduleInput) {
			in.FlexibleTimeWindow.Mode = types.FlexibleTimeWindowModeFlexible
		}, "MaximumWindowInMinutes must be specified"},
		{"Target", func(in *client.CreateScheduleInput) { in.Target.Arn = aws.String("recover") }, "Provided Arn is not in correct format."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := deadman("at(2026-01-01T01:00:00)")
			tc.change(in)
			_, err := w.client.CreateSchedule(t.Context(), in)
			wantError(t, err, "ValidationException", tc.message)
			if w.exists(t) {
				t.Error("the refused schedule exists")
			}
		})
	}
}
