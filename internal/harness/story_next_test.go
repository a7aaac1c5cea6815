package harness_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// wantBothThrough checks that a deployment got through staging and production, each
// with one rollout; what else ran is recovery.
func (b *box) wantBothThrough(name string) {
	b.t.Helper()
	staging := into("staging", name)
	b.wantOutcome(staging, rollout.Succeeded)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantPath(name, short...)
	b.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	b.in("staging").wantAtRest(rollout.Green, staging)
	b.wantAtRest(rollout.Green, name)
}

// calls counts the requests of a function that had their effect.
func (b *box) calls(function string, each func(n int)) *int {
	n := 0
	b.observe(func(c *wire.Call, _, _ any, _ error) {
		if b.caller(c) == function {
			n++
			each(n)
		}
	})
	return &n
}

// Complete dies after each of its calls in turn: the next environment's rollout is
// started once.
func TestCompleteDiesBeforeTheNext(t *testing.T) {
	t.Parallel()
	for call := 1; ; call++ {
		b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
		b.die("complete", call, 1)
		calls := b.calls("complete", func(int) {})
		name := b.build(good, 1)
		b.untilEnded(name)
		b.untilEnded(into("staging", name))
		b.wantBothThrough(name)
		b.wantExecutions(into("staging", name), name)
		if t.Failed() {
			t.Fatalf("after call %d", call)
		}
		if *calls <= 2*call || call > 40 { // it runs in both environments
			return
		}
	}
}

// Staging's execution is stopped after each of Complete's calls in turn, and its
// function goes on or dies there too: production begins if staging has committed, and
// then once.
func TestStoppedBeforeTheNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ told, dies bool }{{told: true}, {dies: true}} {
		t.Run(fmt.Sprintf("told %v, dies %v", c.told, c.dies), func(t *testing.T) {
			t.Parallel()
			committed, not := 0, 0
			for call, more := 1, true; more && !t.Failed(); call++ {
				b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
				if !c.told {
					b.lose("aws.states")
				}
				if c.dies {
					b.die("complete", call, 1)
				}
				var through bool
				if through, more = b.stopComplete(call); through {
					committed++
				} else {
					not++
				}
				if t.Failed() {
					t.Errorf("after call %d", call)
				}
			}
			if committed == 0 || c.dies && not == 0 {
				t.Errorf("stopped %d times after the commit and %d times before it", committed, not)
			}
		})
	}
}

// stopComplete stops a rollout into staging after a call of its Complete, and reports
// whether it had committed, and whether Complete makes more calls.
func (b *box) stopComplete(call int) (committed, more bool) {
	b.t.Helper()
	name := b.build(good, 1)
	staging := into("staging", name)
	stopped := false
	calls := b.calls("complete", func(n int) {
		if n == call {
			stopped = true
			b.callNow("sfn", "stopExecution", map[string]string{"ExecutionArn": b.arn(staging)})
		}
	})
	b.untilEnded(staging)
	inStaging := *calls
	recovery := b.newest(staging)
	if committed = b.record(staging).Outcome == rollout.Succeeded; !committed {
		b.RunFor(2 * time.Hour)
		b.wantStopped(staging, "staging", "ended in the middle", ends{"staging": rollout.RolledBack, "production": ""})
		b.in("staging").wantAtRest(rollout.Blue, staging)
		b.wantExecutions(staging, recovery)
		return committed, true
	}
	b.untilEnded(name)
	b.wantBothThrough(name)
	if stopped && recovery == staging {
		b.t.Errorf("nothing took the place of %s, which was stopped", staging)
	}
	b.wantPath(recovery, way([]string{"Start"}, finish)...)
	b.wantExecutions(staging, recovery, name)
	return committed, inStaging > 2*call
}

// Staging's execution is stopped in its guard, while production bakes or when it is
// over: recovery goes on with the guard and starts nothing again.
func TestStagingStoppedInItsGuard(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		t.Run(fmt.Sprintf("production over %v", over), func(t *testing.T) {
			t.Parallel()
			b := newStages(t, near("staging", guarded(3*time.Hour)), boxed(inWave(2, time.Minute)))
			name := b.build(good, 1)
			staging := into("staging", name)
			b.untilState(name, "Bake")
			if over {
				b.untilEnded(name)
			}
			b.stop(staging)
			b.untilEnded(staging)
			b.untilEnded(name)
			b.RunFor(time.Hour)
			b.wantBothThrough(name)
			recovery := b.newest(staging)
			b.wantPath(recovery, way([]string{"Start"}, finish)...)
			b.wantExecutions(staging, recovery, name)
		})
	}
}

// The start of the next environment is throttled for a while: it starts once.
func TestStartOfTheNextThrottled(t *testing.T) {
	t.Parallel()
	for _, span := range []time.Duration{5 * time.Minute, 40 * time.Minute} {
		t.Run(span.String(), func(t *testing.T) {
			t.Parallel()
			b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
			b.throttle("complete", "StartExecution", span)
			name := b.build(good, 1)
			b.untilEnded(name)
			b.untilEnded(into("staging", name))
			b.wantBothThrough(name)
			b.wantExecutions(into("staging", name), name)
		})
	}
}

// It is throttled for longer than Complete goes on trying: staging is Dirty, and what
// its deadman starts of production ends before it begins.
func TestStartOfTheNextThrottledForGood(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
	b.throttle("complete", "StartExecution", 24*time.Hour)
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilEnded(name)
	b.wantReason(staging, rollout.Dirty, "start execution "+name)
	if env := b.in("staging").environment(); env.Dirty == nil || env.Owner == "" {
		t.Errorf("staging is not Dirty and locked: %+v", env)
	}
	b.wantReason(name, rollout.Refused, "the deployment stopped at staging")
	b.wantPath(name, "Start", "Approve", "Leave")
	b.wantStopped(name, "staging", "Dirty: ", ends{"staging": rollout.Dirty, "production": rollout.Refused})
	b.wantAtRest(rollout.Blue, name)
}

// Whoever starts the first rollout never gets to start its execution, in all of its
// attempts: the deadman does, once.
func TestStarterFailsBeforeTheStart(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
	b.during("build", "StartExecution", -1, wire.Fault{LoseRequest: true})
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilState(staging, "Approve")
	if began := b.Now().Sub(b.record(staging).At); began < 10*time.Minute {
		t.Errorf("%s began %v after its record, want its deadman to have started it", staging, began)
	}
	b.untilEnded(name)
	b.untilEnded(staging)
	b.wantBothThrough(name)
	b.wantExecutions(staging, name)
}

// Staging's alarm goes red between its commit and the start of the next: production
// begins nothing.
func TestAlarmBeforeTheNext(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed(inWave(2, time.Minute)))
	b.after("complete", "UpdateItem", func() { b.alarmNow("staging-green-5xx", red) })
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilEnded(staging)
	b.RunFor(time.Hour)
	b.wantPath(staging, way(begin, step, []string{"Complete", "Guard"}, back)...)
	b.wantStopped(staging, "staging", "alarm staging-green-5xx", ends{"staging": rollout.RolledBack, "production": rollout.Refused})
	if path := b.path(name); slices.Contains(path, "AwaitCanary") {
		t.Errorf("%s went %v, want it ended before its canary", name, path)
	}
	b.in("staging").wantAtRest(rollout.Blue, staging)
	b.wantAtRest(rollout.Blue)
	b.wantNoTraffic(rollout.Green)
}
