package alarms_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

type world struct {
	*emulator.Cloud
	t      *testing.T
	reader alarms.Reader
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	return world{cloud, t, alarms.Reader{CloudWatch: awsclient.New(cloud.Config("AKIAPERSON")).CloudWatch}}
}

// alarm makes a metric alarm.
func (w world) alarm(name string) {
	w.t.Helper()
	_, err := w.reader.CloudWatch.PutMetricAlarm(w.t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Errors"), Statistic: types.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) set(name string, state types.StateValue) {
	w.t.Helper()
	_, err := w.reader.CloudWatch.SetAlarmState(w.t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("the test says so"),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// An alarm that was red for a moment is known to have been.
func TestReddened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"errors", "latency", "another's"} {
		w.alarm(name)
		w.set(name, types.StateValueAlarm)
	}
	w.RunFor(time.Minute)
	since := w.Now()
	w.RunFor(time.Second)
	w.set("errors", types.StateValueOk)
	w.set("another's", types.StateValueOk)
	w.RunFor(time.Second)
	at := w.Now()
	w.set("errors", types.StateValueAlarm)
	w.set("errors", types.StateValueOk)
	w.set("another's", types.StateValueAlarm)
	got, err := w.reader.Reddened(t.Context(), []string{"errors", "latency"}, since)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]alarms.Red{{Name: "errors", At: at}}, got); diff != "" {
		t.Errorf("reddened (-want +got):\n%s", diff)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, state := range map[string]types.StateValue{
		"good": types.StateValueOk, "bad": types.StateValueAlarm, "new": types.StateValueInsufficientData,
	} {
		w.alarm(name)
		w.set(name, state)
	}
	_, err := w.reader.CloudWatch.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("together"), AlarmRule: aws.String("ALARM(bad) OR ALARM(good)"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.set("together", types.StateValueAlarm)
	got, err := w.reader.Read(t.Context(), []string{"together", "new", "gone", "bad", "good"})
	if err != nil {
		t.Fatal(err)
	}
	want := []rollout.Alarm{
		{Name: "together", State: rollout.AlarmRed},
		{Name: "new", State: rollout.AlarmUnknown},
		{Name: "gone", State: rollout.AlarmMissing},
		{Name: "bad", State: rollout.AlarmRed},
		{Name: "good", State: rollout.AlarmOK},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// One call takes a hundred names.
func TestReadMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for i := range 230 {
		name := fmt.Sprintf("alarm-%03d", i)
		names = append(names, name)
		if i%2 == 0 {
			w.alarm(name)
		}
	}
	slices.Reverse(names)
	got, err := w.reader.Read(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(names) {
		t.Fatalf("%d alarms, want %d", len(got), len(names))
	}
	for i, a := range got {
		want := rollout.AlarmUnknown
		if (len(names)-1-i)%2 == 1 {
			want = rollout.AlarmMissing
		}
		if a.Name != names[i] || a.State != want {
			t.Errorf("alarm %d is %+v, want %s %s", i, a, names[i], want)
		}
	}
}

// Without names nothing is asked: DescribeAlarms without names gives every alarm
// of the account.
func TestReadNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.alarm("somebody-elses")
	asked := 0
	w.Faults.Request = func(*wire.Call) *wire.Fault { asked++; return nil }
	got, err := w.reader.Read(t.Context(), nil)
	if err != nil || len(got) != 0 || asked != 0 {
		t.Errorf("alarms %+v (%v) after %d calls, want none without a call", got, err, asked)
	}
}

func TestReadUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(*wire.Call) *wire.Fault {
		return &wire.Fault{Err: wire.Errorf("AccessDenied", "User is not authorized to perform: cloudwatch:DescribeAlarms")}
	}
	got, err := w.reader.Read(t.Context(), []string{"good"})
	if rollout.KindOf(err) != rollout.KindDenied || got != nil {
		t.Errorf("alarms %+v (%v), want a Denied error", got, err)
	}
}

func TestARN(t *testing.T) {
	t.Parallel()
	near := arn.ARN{Partition: "aws-cn", Service: "ecs", Region: "cn-north-1", AccountID: "123456789012", Resource: "service/shop/blue"}
	if got, want := alarms.ARN(near, "shop 5xx"), "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:shop 5xx"; got != want {
		t.Errorf("ARN is %s, want %s", got, want)
	}
}
