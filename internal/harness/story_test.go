package harness_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestSuccess(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
	b.Do(func() {
		if got := b.StepFunctions.Transitions(b.arn(name)); got > 20 {
			t.Errorf("%d transitions, want at most 20", got)
		}
	})

	// The roles swap.
	name = b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantAtRest(rollout.Blue, name)
}

func TestBadVersionIsTakenBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.roll(failing(0.08, 4*time.Second))
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// TestAlarm has an alarm go red at a moment of a rollout; the rollout goes back
// from wherever it was.
func TestAlarm(t *testing.T) {
	t.Parallel()
	baking := []string{"Shift", "Bake"}
	for _, c := range []struct {
		name  string
		state string
		nth   int
		want  []string
	}{
		{"at 10", "Bake", 1, way(begin, baking, back)},
		{"at 50", "Bake", 2, way(begin, step, baking, back)},
		{"in the last bake", "Bake", 3, way(begin, step, step, baking, back)},
		{"in the guard", "Guard", 1, way(begin, step, step, step, []string{"Complete", "Guard"}, back)},
		{"while the canary starts", "AwaitCanary", 1, way(begin, back)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			name := b.build(good, 1)
			b.untilNth(name, c.state, c.nth)
			b.RunFor(10 * time.Second)
			b.alarm("shop-green-5xx", red)
			b.untilEnded(name)
			b.wantPath(name, c.want...)
			b.wantOutcome(name, rollout.RolledBack)
			b.wantAtRest(rollout.Blue, name)
			if env := b.environment(); env.Facts != nil && env.Facts.Release != 0 {
				t.Errorf("release %d is recorded, want none", env.Facts.Release)
			}
		})
	}
}

func TestAlarmRedBefore(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.alarm("shop-blue-5xx", red)
	name := b.build(good, 1)
	b.untilEnded(name)
	b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
	b.wantOutcome(name, rollout.Refused)
	b.RunFor(5 * time.Minute)
	b.wantAtRest(rollout.Blue, name)
}

// The alarm is red only for a moment between two states; the latch remembers.
func TestAlarmGreenAgainBeforeTheBake(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("bake", "GetItem", 1, wire.Fault{Delay: 2 * time.Second})
	b.after("shift", "ModifyRule", func() {
		b.alarmNow("shop-green-5xx", red)
		b.After(time.Second, func() { b.alarmNow("shop-green-5xx", green) })
	})
	name := b.roll(good)
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

func TestAlarmDuringJudge(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.after("judge", "DescribeAlarms", func() { b.alarmNow("shop-green-5xx", red) })
	name := b.roll(good)
	b.wantPath(name, way(begin, step, []string{"Shift"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

func TestAlarmDuringComplete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		slow time.Duration // how long the commit travels
		want []string
	}{
		{"before the commit lands", 2 * time.Second, way(begin, step, step, step, []string{"Complete"}, back)},
		{"after the commit", 0, way(begin, step, step, step, []string{"Complete", "Guard"}, back)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.during("complete", "UpdateItem", 1, wire.Fault{Delay: c.slow})
			b.after("complete", "DescribeRules", func() { b.alarmNow("shop-green-5xx", red) })
			name := b.roll(good)
			b.wantPath(name, c.want...)
			b.wantOutcome(name, rollout.RolledBack)
			b.wantAtRest(rollout.Blue, name)
		})
	}
}

// No event comes of any alarm; the judge, or the next shift, reads the alarms.
func TestAlarmEventLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.lose("aws.cloudwatch")
	name := b.roll(failing(0.08, 4*time.Second))
	b.wantPath(name, way(begin, []string{"Shift", "Bake", "Judge"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

func TestAlarmAfterRetire(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first, second := b.roll(good), b.roll(good)
	b.alarm("shop-blue-5xx", red)
	third := "shop-production-rollback-3"
	b.untilEnded(third)
	b.wantPath(third, way(beginBack, step, finish)...)
	b.wantOutcome(third, rollout.Succeeded)
	b.wantAtRest(rollout.Green, first, second, third)
	if env := b.environment(); env.Facts.Release != 1 || env.Facts.Previous != 0 {
		t.Errorf("facts %+v, want release 1 and no release before it", env.Facts)
	}

	// Red again: there is nothing to go back to, so nothing starts.
	b.alarm("shop-green-5xx", red)
	b.RunFor(time.Hour)
	b.wantAtRest(rollout.Green)
}

func TestAlarmBetweenGuardAndRetire(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("retire", "UpdateItem", 1, wire.Fault{Delay: 2 * time.Second})
	b.after("retire", "GetItem", func() { b.alarmNow("shop-green-5xx", red) })
	name := b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// A latch of an earlier rollout counts for nothing in the next.
func TestLatchOfAnEarlierRollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Bake")
	b.alarm("shop-green-5xx", red)
	b.untilEnded(first)
	b.RunFor(5 * time.Minute) // green again
	if env := b.environment(); env.LatchRollout != first {
		t.Fatalf("the latch names %q, want %q", env.LatchRollout, first)
	}
	second := b.roll(good)
	b.wantPath(second, way(begin, step, step, step, finish)...)
	b.wantAtRest(rollout.Green, first, second)
}

func TestCanaryNeverHealthy(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	never := good
	never.NeverHealthy = true
	name := b.build(never, 1)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	b.wantNoTraffic(rollout.Green)
	b.wantPath(name, way(begin, back)...) // ECS's circuit breaker acts
}

// The canary's tasks never start, and nobody says so.
func TestCanaryNeverStarts(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.roll(model.Behaviour{StartAfter: 24 * time.Hour})
	// It looks every five minutes, until half an hour has passed.
	looks := slices.Repeat([]string{"AwaitCanary"}, 6)
	b.wantPath(name, way(begin, looks, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	b.wantNoTraffic(rollout.Green)
}

func TestCircuitBreaker(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.roll(model.Behaviour{FailsToStart: "CannotPullContainerError: pull image manifest has been retried 1 time(s)"})
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	b.wantNoTraffic(rollout.Green)
	b.wantPath(name, way(begin, back)...)
	if kind := b.lastError(name); kind != rollout.KindCanaryFailed {
		t.Errorf("it went back because of %s, want %s", kind, rollout.KindCanaryFailed)
	}
}

func TestTaskDefinitionRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("prepare", "RegisterTaskDefinition", 9, wire.Fault{Err: wire.Errorf("ClientException", "Too many container definitions.")})
	name := b.roll(good)
	b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
	b.wantOutcome(name, rollout.Refused)
	b.wantAtRest(rollout.Blue, name)
}
