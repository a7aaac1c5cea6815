package harness_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// From the alarm's event to the write of the rule there are few calls, and none
// of them polls.
func TestCallsFromAlarmToRule(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	var calls []string
	b.observe(func(c *wire.Call, _, _ any, _ error) {
		if len(calls) > 0 && calls[len(calls)-1] == "ModifyRule" {
			return
		}
		switch b.caller(c) {
		case "alarm", "rollback":
			calls = append(calls, c.Operation)
		}
	})
	b.alarm("shop-green-5xx", red)
	b.untilState(name, "Settle")
	if n := len(calls) - 1; n > 7 || n < 1 || calls[n] != "ModifyRule" {
		t.Errorf("%d calls before the write, want at most 7: %v", n, calls)
	}
}

// dataless makes an alarm that never has data, and so says nothing.
func (b *box) dataless(name string) {
	b.t.Helper()
	_, err := b.aws.CloudWatch.PutMetricAlarm(b.ctx(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Checkouts"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: cwtypes.ComparisonOperatorLessThanThreshold,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestInconclusive(t *testing.T) {
	t.Parallel()
	again := []string{"Shift", "Bake", "Judge", "Next", "Bake", "Judge", "Next", "Bake", "Judge"}
	for _, c := range []struct {
		then    rollout.Choice
		want    []string
		outcome rollout.Outcome
		slot    rollout.Slot
	}{
		{rollout.ChooseRollback, way(begin, again, back), rollout.RolledBack, rollout.Blue},
		{rollout.ChooseProceed, way(begin, again, []string{"Next"}, step, step, finish), rollout.Succeeded, rollout.Green},
	} {
		t.Run(string(c.then), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, func(s *rollout.Spec) {
				s.Environments[0].Alarms = append(s.Environments[0].Alarms, "checkouts")
				s.Environments[0].Inconclusive.Then = c.then
			})
			b.dataless("checkouts")
			name := b.build(good, 1)
			if c.then == rollout.ChooseProceed {
				// Later the alarm has its data.
				b.untilNth(name, "Judge", 3)
				b.RunFor(time.Second)
				_, err := b.aws.CloudWatch.DeleteAlarms(b.ctx(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"checkouts"}})
				if err != nil {
					t.Fatal(err)
				}
				b.quiet("checkouts")
			}
			b.untilEnded(name)
			b.wantPath(name, c.want...)
			b.wantOutcome(name, c.outcome)
			b.wantAtRest(c.slot, name)
		})
	}
}

// quiet makes an alarm that is green although it has no data.
func (b *box) quiet(name string) {
	b.t.Helper()
	_, err := b.aws.CloudWatch.PutMetricAlarm(b.ctx(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Checkouts"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: cwtypes.ComparisonOperatorLessThanThreshold, TreatMissingData: aws.String("notBreaching"),
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// An alarm that is gone in the middle is as good as red: what cannot be read has
// not passed.
func TestAlarmDeletedInTheMiddle(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	_, err := b.aws.CloudWatch.DeleteAlarms(b.ctx(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"shop-green-latency"}})
	if err != nil {
		t.Fatal(err)
	}
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake", "Judge"}, back)...)
	b.wantAtRest(rollout.Blue, name)
}

// Behind a Dirty environment a release waits, and a rollback is refused.
func TestBehindDirty(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first, second := b.roll(good), b.build(failing(0.08, 4*time.Second), 1)
	b.untilState(second, "Bake")
	b.scale("shop-green", 0)
	b.untilEnded(second)
	b.wantDirty(second)

	third := b.build(good, 1)
	b.RunFor(time.Hour)
	if !b.inState(third, "Lock") {
		t.Errorf("the release went %v, want it to wait", b.path(third))
	}
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: production, Cause: "1", Why: "ana asked for it", Leave: 2, To: 1})
	if err != nil {
		t.Fatal(err)
	}
	b.untilEnded(asked)
	b.wantPath(asked, "Start", "Lock", "Leave")
	b.wantOutcome(asked, rollout.Refused)

	// It does not wait for ever.
	b.RunFor(25 * time.Hour)
	b.wantOutcome(third, rollout.Refused)
	b.wantOutcome(first, rollout.Succeeded)
	b.wantNoDeadman(third)
}

// The watches on alarms that a new release does not name any more are dropped.
func TestOldWatchesAreDropped(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Alarms = append(s.Environments[0].Alarms, "checkouts") })
	b.quiet("checkouts")
	b.RunFor(2 * time.Minute)
	b.roll(good)
	alarm := "arn:aws:cloudwatch:us-east-1:123456789012:alarm:checkouts"
	if places, err := b.Steps.Store.Watching(b.ctx(), alarm); err != nil || len(places) != 1 {
		t.Fatalf("watched by %v, %v; want one", places, err)
	}
	if err := b.Steps.Register(b.ctx(), shop()); err != nil {
		t.Fatal(err)
	}
	b.roll(good)
	if places, err := b.Steps.Store.Watching(b.ctx(), alarm); err != nil || len(places) != 0 {
		t.Errorf("watched by %v, %v; want nobody", places, err)
	}
}

// Autoscaling does not shrink a slot while traffic moves, and may again when it
// has moved.
func TestNoScaleInWhileTrafficMoves(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.scale("shop-blue", 4)
	b.RunFor(3 * time.Minute)
	name := b.build(good, 1)
	for n := range 3 {
		b.untilNth(name, "Bake", n+1)
		for _, service := range []string{"shop-blue", "shop-green"} {
			if got := b.scaled(service, 2); got != 4 {
				t.Errorf("in bake %d autoscaling took %s to %d tasks, want it kept at 4", n+1, service, got)
			}
		}
	}
	b.untilState(name, "Guard")
	if got := b.scaled("shop-blue", 2); got != 4 {
		t.Errorf("in the guard autoscaling took the old slot to %d tasks, want it kept at 4", got)
	}
	b.untilEnded(name)
	if got := b.scaled("shop-green", 3); got != 3 {
		t.Errorf("after the rollout autoscaling left the new slot at %d tasks, want 3", got)
	}
	b.wantAtRest(rollout.Green, name)
}

// scaled plays a scaling policy that wants n tasks, and gives what the service
// wants then.
func (b *box) scaled(service string, n int32) int32 {
	b.t.Helper()
	var got int32
	b.Do(func() {
		// Suspended or out of bounds is an answer too; the count tells.
		_ = b.account.AutoScaling.Scale("service/shop-production/"+service, n)
		got, _ = b.account.ECS.DesiredCount("shop-production", service)
	})
	return got
}
