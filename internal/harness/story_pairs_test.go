package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// sharedAlarm makes an alarm that speaks of both slots one of the spec's.
func sharedAlarm(s *rollout.Spec) {
	s.Environments[0].Alarms = append(s.Environments[0].Alarms, "checkouts")
}

// An alarm of both slots is red while a release has traffic; its event comes again
// when that release has gone back. The release that has the traffic now is innocent.
func TestAlarmEventAgainAfterTheRollback(t *testing.T) {
	t.Parallel()
	b := newBox(t, sharedAlarm)
	b.quiet("checkouts")
	first, second := b.roll(good), b.roll(good)
	third := b.build(good, 1)
	b.untilState(third, "Bake")
	b.RunFor(time.Second)
	event := steps.Alarm{
		ARN: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:checkouts", Name: "checkouts", At: b.Now(),
	}
	b.alarm("checkouts", red)
	b.untilEnded(third)
	b.RunFor(10 * time.Minute)
	if err := b.Steps.AlarmRed(b.ctx(), event); err != nil {
		t.Fatal(err)
	}
	b.RunFor(30 * time.Minute)
	b.wantOutcome(third, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, first, second, third)
	if facts := b.environment().Facts; facts.Release != 2 {
		t.Errorf("release %d has the environment, want 2", facts.Release)
	}
}

// The answer to a token's write is lost, and the SDK writes it again: it is the
// same attempt, which goes on to look.
func TestAnswerOfTheTokenLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("bake", "UpdateItem", 1, wire.Fault{LoseAnswer: true})
	b.after("shift", "ModifyRule", func() { b.alarmNow("shop-green-5xx", red) })
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	began := b.Now()
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	if took := b.Now().Sub(began); took > 2*time.Minute {
		t.Errorf("it went back only after %v: the bake did not look", took)
	}
}

// The same when a release takes its place in the queue: the guard still yields.
func TestAnswerOfTheQueueLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Guard")
	began := b.Now()
	requests := 0
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation != "UpdateItem" || b.caller(c) != "lock" {
			return nil
		}
		if requests++; requests == 2 { // the first asks for the lock, the second queues
			return &wire.Fault{LoseAnswer: true}
		}
		return nil
	})
	b.build(good, 1)
	b.untilEnded(first)
	if took := b.Now().Sub(began); took > time.Minute {
		t.Errorf("the guard went on for %v although a release waited", took)
	}
}

// A rollout is stopped while what Lock sends is under way; it lands when the
// rollout has been ended. The environment does not stay with the dead.
func TestLockLandsAfterTheEnd(t *testing.T) {
	t.Parallel()
	for _, waits := range []bool{false, true} {
		t.Run(map[bool]string{false: "free", true: "behind another"}[waits], func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			requests, late := 0, 1
			if waits {
				late = 2 // the first asks for the lock, the second queues
				b.untilState(b.build(good, 1), "Bake")
			}
			b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
				if c.Operation != "UpdateItem" || b.caller(c) != "lock" {
					return nil
				}
				if requests++; requests == late {
					return &wire.Fault{Delay: 4 * time.Second}
				}
				return nil
			})
			name := b.build(good, 1)
			b.untilState(name, "Lock")
			b.RunFor(time.Second)
			b.stop(name)
			b.untilEnded(name)
			b.RunFor(2 * time.Hour)
			env := b.environment()
			if env.Owner != "" || env.Waiter != nil {
				t.Errorf("the environment is %q's and %+v waits", env.Owner, env.Waiter)
			}
			b.wantNoDeadman(name)
			b.wantNextToPass(name)
		})
	}
}

// An app whose rollouts would have the names of another's is not registered.
func TestNamesOfAnotherAppsRollouts(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Name = "eu-production" })
	for app, environment := range map[string]string{"shop-eu": "production", "shop-eu-production": "rollback"} {
		other := shop()
		other.App, other.Environments[0].Name = app, environment
		if err := b.Steps.Register(b.ctx(), other); rollout.KindOf(err) != rollout.KindRefused {
			t.Errorf("%s into %s: %v, want it refused", app, environment, err)
		}
		if _, err := b.Steps.Store.App(b.ctx(), app); rollout.KindOf(err) != rollout.KindNotFound {
			t.Errorf("%s: %v, want it not registered", app, err)
		}
	}
	again := shop()
	again.Environments[0].Name = "eu-production"
	if err := b.Steps.Register(b.ctx(), again); err != nil {
		t.Errorf("the same app again: %v", err)
	}
}

// An alarm of a release that has gone back does not stop the next one.
func TestAlarmOfAReleaseThatHasGoneBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.quiet("checkouts")
	first := b.roll(good)
	flaky := shop()
	sharedAlarm(&flaky)
	if err := b.Steps.Register(b.ctx(), flaky); err != nil {
		t.Fatal(err)
	}
	second := b.build(good, 1)
	b.untilState(second, "Bake")
	b.alarm("checkouts", red)
	b.untilEnded(second)
	b.wantOutcome(second, rollout.RolledBack)
	b.alarm("checkouts", green)
	if err := b.Steps.Register(b.ctx(), shop()); err != nil {
		t.Fatal(err)
	}
	third := b.build(good, 1)
	b.untilState(third, "Bake")
	b.RunFor(time.Second)
	b.alarm("checkouts", red)
	b.untilEnded(third)
	b.wantOutcome(third, rollout.Succeeded)
	b.wantAtRest(rollout.Blue, first, second, third)
}

// An event with a character that SQS refuses is in the dead letters all the same.
func TestLetterWithACharacterThatSQSRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, err := b.aws.EventBridge.PutEvents(b.ctx(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String("sluice.build"), DetailType: aws.String("Sluice Build Succeeded"),
		Detail: aws.String(`{"app": "shop", "build": "1", "images": {"web": "a` + "\uffff" + `b"}}`),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	b.RunFor(10 * time.Minute)
	out, err := b.aws.SQS.ReceiveMessage(b.ctx(), &sqs.ReceiveMessageInput{QueueUrl: &b.Settings.DeadLetters})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 1 || !strings.Contains(aws.ToString(out.Messages[0].Body), `a\uffffb`) {
		t.Errorf("%d dead letters, want the event: %+v", len(out.Messages), out.Messages)
	}
}
