package handler_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

const alarmARN = "arn:aws:cloudwatch:us-east-1:" + account + ":alarm:"

// place is where the rollouts of these tests are.
func place() store.Place { return store.Place{App: "shop", Environment: "production"} }

// own makes a forward rollout the environment's owner, which watches the alarm.
func (w *world) owned(alarm string) store.Claim {
	w.tb.Helper()
	record := store.Record{
		Name: "shop-production-7", Place: place(), Kind: rollout.Forward, Number: 7, Release: 7,
		Execution: w.execution("shop-production-7"), At: w.Now(),
	}
	if _, err := w.Steps.Store.PutRecord(w.tb.Context(), record); err != nil {
		w.tb.Fatal(err)
	}
	claim := record.Claim(record.Execution)
	if got, env, err := w.Steps.Store.Acquire(w.tb.Context(), claim); err != nil || !got {
		w.tb.Fatalf("acquire: %t, %+v, %v", got, env, err)
	}
	if err := w.Steps.Store.PutWatch(w.tb.Context(), alarm, place()); err != nil {
		w.tb.Fatal(err)
	}
	return claim
}

func (w *world) execution(name string) string {
	return strings.Replace(w.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

func (w *world) environment() store.Environment {
	w.tb.Helper()
	env, err := w.Steps.Store.Environment(w.tb.Context(), place())
	if err != nil {
		w.tb.Fatal(err)
	}
	return env
}

func alarmDetail(name string, state rollout.AlarmState) fields {
	return fields{"alarmName": name, "state": fields{"value": state, "timestamp": "2026-03-01T11:58:30.123+0000"}}
}

func alarmed(arn string, detail fields) fields {
	return event("aws.cloudwatch", "CloudWatch Alarm State Change", detail).with("resources", []string{arn})
}

func TestAlarmRed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.owned(alarmARN + "shop-5xx")
	for range 2 { // the same event again changes nothing
		w.take("alarm", alarmed(alarmARN+"shop-5xx", alarmDetail("shop-5xx", rollout.AlarmRed)))
	}
	env := w.environment()
	want := time.Date(2026, 3, 1, 11, 58, 30, 123e6, time.UTC)
	if env.LatchRollout != "shop-production-7" || env.LatchAlarm != "shop-5xx" || !env.LatchAt.Equal(want) {
		t.Errorf("latched %s by %s at %v, want shop-production-7 by shop-5xx at %v", env.LatchRollout, env.LatchAlarm, env.LatchAt, want)
	}
}

// When it was red matters less than that it is.
func TestAlarmOfAnUnknownTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.owned(alarmARN + "shop-5xx")
	detail := alarmDetail("shop-5xx", rollout.AlarmRed).with("state", fields{"value": "ALARM", "timestamp": "just now"})
	w.take("alarm", alarmed(alarmARN+"shop-5xx", detail))
	env := w.environment()
	if want := time.Date(2026, 3, 1, 11, 59, 0, 0, time.UTC); env.LatchRollout == "" || !env.LatchAt.Equal(want) {
		t.Errorf("latched %q at %v, want it at the event's time, %v", env.LatchRollout, env.LatchAt, want)
	}
}

// The sample of a composite alarm is understood like a metric alarm's.
func TestCompositeAlarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := events.Files.ReadFile("cloudwatch-composite-alarm.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Resources []string `json:"resources"`
	}
	if err := json.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	w.owned(sample.Resources[0])
	if err := w.invoke("alarm", text); err != nil {
		t.Fatal(err)
	}
	if env := w.environment(); env.LatchRollout != "shop-production-7" {
		t.Errorf("latched %q, want shop-production-7", env.LatchRollout)
	}
}

// One environment's trouble does not keep another's alarm from being latched, and
// brings the event again.
func TestAlarmOfTwoEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.owned(alarmARN + "shop-5xx")
	other := store.Place{App: "cart", Environment: "production"}
	if err := w.Steps.Store.PutWatch(t.Context(), alarmARN+"shop-5xx", other); err != nil {
		t.Fatal(err)
	}
	w.Faults.Request = func(c *wire.Call) *wire.Fault {
		in, ok := c.Input().(*dynamodb.UpdateItemInput)
		if !ok {
			return nil
		}
		if pk, ok := in.Key["pk"].(*types.AttributeValueMemberS); !ok || pk.Value != "app#cart" {
			return nil
		}
		return &wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
	}
	err := w.invoke("alarm", w.json(alarmed(alarmARN+"shop-5xx", alarmDetail("shop-5xx", rollout.AlarmRed))))
	wantType(t, err, rollout.KindThrottled)
	if env := w.environment(); env.LatchRollout != "shop-production-7" {
		t.Errorf("latched %q, want shop-production-7 although cart's table was throttled", env.LatchRollout)
	}
}

func TestAlarmIgnores(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]fields{
		"green again":             alarmed(alarmARN+"shop-5xx", alarmDetail("shop-5xx", rollout.AlarmOK)),
		"no data":                 alarmed(alarmARN+"shop-5xx", alarmDetail("shop-5xx", rollout.AlarmUnknown)),
		"an alarm nobody watches": alarmed(alarmARN+"cart-5xx", alarmDetail("cart-5xx", rollout.AlarmRed)),
		"an unknown kind":         event("aws.cloudwatch", "CloudWatch Alarm Configuration Change", alarmDetail("shop-5xx", rollout.AlarmRed)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.owned(alarmARN + "shop-5xx")
			before := w.environment()
			w.take("alarm", e)
			if after := w.environment(); after.LatchRollout != "" || after.Fence != before.Fence {
				t.Errorf("the environment changed: %+v", after)
			}
			if letters := w.letters(); len(letters) != 0 {
				t.Errorf("dead letters are %+v, want none", letters)
			}
		})
	}
}

func deployed(service string) fields {
	return event("aws.ecs", "ECS Deployment State Change", fields{"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}).
		with("resources", []string{service})
}

func ended(detail fields) fields {
	return event("aws.states", "Step Functions Execution Status Change", detail)
}

func TestWakersRefuse(t *testing.T) {
	t.Parallel()
	detail := alarmDetail("shop-5xx", rollout.AlarmRed)
	for _, c := range []struct {
		name     string
		function string
		event    fields
		part     string
	}{
		{"an alarm without a name", "alarm", alarmed(alarmARN+"a", detail.with("alarmName", nil)), "alarmName"},
		{"an alarm without a state", "alarm", alarmed(alarmARN+"a", detail.with("state", nil)), "state.value"},
		{"an alarm without an ARN", "alarm", alarmed(alarmARN+"a", detail).with("resources", nil), "resources"},
		{"an alarm whose state is a text", "alarm", alarmed(alarmARN+"a", detail.with("state", "ALARM")), "CloudWatch Alarm State Change"},
		{"a deployment without a service", "service", deployed("").with("resources", nil), "resources"},
		{"an execution without an ARN", "recover", ended(fields{"status": "FAILED"}), "executionArn"},
		{"an execution without a status", "recover", ended(fields{"executionArn": "arn:a"}), "status"},
		{"an execution whose detail is none", "recover", ended(nil).with("detail", nil), "Step Functions Execution Status Change"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.take(c.function, c.event)
			w.wantRefused(w.json(c.event), rollout.KindEventInvalid, c.part)
		})
	}
}

func TestServiceNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const service = "arn:aws:ecs:us-east-1:" + account + ":service/shop/shop-green"
	w.take("service", deployed(service)) // nobody watches it
	w.owned(service)
	w.take("service", deployed(service)) // nobody waits for it
	if letters := w.letters(); len(letters) != 0 {
		t.Errorf("dead letters are %+v, want none", letters)
	}
}

// Executions of other machines, and names that are no rollout's, are let be.
func TestRecoverForeignExecutions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ machine, execution, status string }{
		"another machine's":            {"billing", "shop-production-7", "FAILED"},
		"somebody's by hand":           {"rollout", "trying-something", "ABORTED"},
		"one that succeeded":           {"rollout", "shop-production-7", "SUCCEEDED"},
		"a status that is part of one": {"rollout", "shop-production-7", "ED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.owned(alarmARN + "shop-5xx")
			w.take("recover", ended(fields{
				"executionArn":    strings.Replace(w.execution(c.execution), "rollout", c.machine, 1),
				"stateMachineArn": strings.Replace(w.Settings.Machine, "rollout", c.machine, 1), "status": c.status,
			}))
			if letters := w.letters(); len(letters) != 0 {
				t.Errorf("dead letters are %+v, want none", letters)
			}
			w.wantExecutions()
		})
	}
}

// An owner whose execution Step Functions does not know is started by recovery,
// whoever tells of it first and however often.
func TestRecover(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]func(w *world) any{
		"told by the deadman": func(*world) any { return fields{"deadman": "shop-production-7"} },
		"told by an event": func(w *world) any {
			return ended(fields{
				"executionArn": w.execution("shop-production-7"), "stateMachineArn": w.Settings.Machine, "status": "ABORTED",
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.owned(alarmARN + "shop-5xx")
			for range 2 {
				w.take("recover", e(w))
			}
			w.wantExecutions("shop-production-7")
			out, err := w.aws.SFN.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{
				ExecutionArn: aws.String(w.execution("shop-production-7")),
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(aws.ToString(out.Input), `"from":"start"`) {
				t.Errorf("its input is %s, want it to begin at the start", aws.ToString(out.Input))
			}
		})
	}
}

func TestRecoverOfNoRollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.invoke("recover", []byte(`{"deadman":"shop-production-8"}`))
	wantType(t, err, rollout.KindNotFound)
	w.wantExecutions()
}

// wantType fails the test unless Lambda is told an error of that type.
func wantType(t *testing.T, err error, want rollout.ErrorKind) {
	t.Helper()
	var told messages.InvokeResponse_Error
	if !errors.As(err, &told) {
		t.Fatalf("%v is not an error that Lambda passes on", err)
	}
	if told.Type != string(want) || told.Message == "" {
		t.Errorf("the error is %s: %s; want it of type %s", told.Type, told.Message, want)
	}
}
