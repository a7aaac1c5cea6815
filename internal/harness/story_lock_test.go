package harness_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

var (
	whole = way(begin, step, step, step, finish)
	leave = []string{"Start", "Approve", "Lock", "Leave"}
)

func TestTwoBuildsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.RunFor(time.Second)
	second := b.build(good, 1)
	b.untilEnded(second)
	b.wantPath(first, whole...)
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Blue, first, second)
}

func TestThreeBuildsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.RunFor(time.Second)
	second := b.build(good, 1)
	b.RunFor(time.Second)
	third := b.build(good, 1)
	b.untilEnded(third)
	b.wantPath(first, whole...)
	b.wantPath(second, leave...)
	b.wantPath(third, whole...)
	b.wantOutcome(second, rollout.Superseded)
	b.wantAtRest(rollout.Blue, first, second, third)
}

// An older release never follows a newer one, even if its event comes late.
func TestOlderReleaseComesLate(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.Faults.Function = func(name string, n int) lambda.FunctionFault {
		if b.folder(name) == "lock" && n == 1 {
			return lambda.FunctionFault{DieBeforeCall: 1} // the first rollout's Lock is tried again later
		}
		return lambda.FunctionFault{}
	}
	first := b.build(good, 1)
	b.RunFor(500 * time.Millisecond)
	second := b.build(good, 1)
	b.untilEnded(second)
	b.untilEnded(first)
	b.wantPath(first, leave...)
	b.wantOutcome(first, rollout.Superseded)
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Green, first, second)
}

// releases records n releases, oldest first, and starts nothing.
func (b *box) releases(n int) []rollout.Release {
	b.t.Helper()
	var all []rollout.Release
	for i := range n {
		tag := fmt.Sprintf("release-%d", i+1)
		release, err := b.Steps.Store.PutRelease(b.ctx(), rollout.Release{
			App: "shop", Images: map[string]string{"web": b.push(tag, good)}, Spec: shop(), Cause: rollout.Cause{Key: tag},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, release)
	}
	return all
}

// start sends a release on its way and gives the name of its rollout.
func (b *box) start(release rollout.Release) string {
	b.t.Helper()
	if err := b.Steps.Deploy(b.ctx(), release); err != nil {
		b.t.Fatal(err)
	}
	return release.Name("production")
}

// A release that comes when a newer one is through does not take it back.
func TestOlderReleaseAfterANewer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	releases := b.releases(2)
	newer := b.start(releases[1])
	b.untilEnded(newer)
	older := b.start(releases[0])
	b.untilEnded(older)
	b.wantPath(newer, whole...)
	b.wantPath(older, leave...)
	b.wantOutcome(older, rollout.Superseded)
	b.wantAtRest(rollout.Green, older, newer)
}

// A release is superseded by a newer one that came, even if that one was stopped
// while it waited.
func TestOlderReleaseAfterANewerThatWasStopped(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	releases := b.releases(3)
	first := b.start(releases[0])
	b.untilState(first, "Bake")
	newest := b.start(releases[2])
	b.untilState(newest, "Lock")
	b.RunFor(time.Second)
	b.stop(newest)
	b.untilEnded(first)
	b.untilEnded(newest)
	older := b.start(releases[1])
	b.untilEnded(older)
	b.wantPath(older, leave...)
	b.wantOutcome(older, rollout.Superseded)
	b.wantAtRest(rollout.Green, first, older, newest)
}

func TestSameEventFiveTimes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 5)
	b.untilEnded(name)
	b.RunFor(time.Hour)
	b.wantPath(name, whole...)
	b.wantAtRest(rollout.Green, name)
	out, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Executions) != 1 {
		t.Errorf("%d executions, want 1", len(out.Executions))
	}
}

// A release that arrives in the guard does not wait for its end.
func TestWaiterArrivesInTheGuard(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Guard")
	began := b.Now()
	second := b.build(good, 1)
	b.untilEnded(first)
	if took := b.Now().Sub(began); took > time.Minute {
		t.Errorf("the guard went on for %v although a release waited", took)
	}
	b.untilEnded(second)
	b.wantPath(first, whole...)
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Blue, first, second)
}

// The holder is stopped when it has handed the lock over but not yet said so.
func TestHolderStoppedBetweenHandOverAndWake(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		t.Run(map[bool]string{true: "told by an event", false: "by the deadman"}[told], func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if !told {
				b.lose("aws.states")
			}
			first := b.build(good, 1)
			b.untilState(first, "Bake")
			second := b.build(good, 1)
			b.untilState(second, "Lock")
			woken := false
			b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
				if c.Operation != "SendTaskSuccess" || b.caller(c) != "retire" {
					return nil
				}
				woken = true
				return &wire.Fault{LoseRequest: true}
			})
			if !b.RunUntil(b.Now().Add(patience), func() bool { return woken }) {
				t.Fatal("it never came to the wake-up")
			}
			b.stop(first)
			b.untilEnded(second)
			if told {
				b.wantPath(second, whole...) // woken at once
			} else {
				b.wantPath(second, way([]string{"Start", "Approve", "Lock"}, whole[2:])...) // it looked again
			}
			b.wantOutcome(first, rollout.Succeeded)
			b.RunFor(time.Hour) // the deadman comes
			b.wantAtRest(rollout.Blue, first, second)
		})
	}
}

// A waiter that was stopped is not handed the lock, or if it is, gives it back.
func TestWaiterStopped(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		t.Run(map[bool]string{true: "told by an event", false: "by the deadman"}[told], func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if !told {
				b.lose("aws.states")
			}
			first := b.build(good, 1)
			b.untilState(first, "Bake")
			second := b.build(good, 1)
			b.untilState(second, "Lock")
			b.RunFor(time.Second)
			b.stop(second)
			b.untilEnded(first)
			b.untilEnded(second)
			b.wantOutcome(first, rollout.Succeeded)
			b.wantAtRest(rollout.Green, first, second)

			third := b.roll(good)
			b.wantPath(third, whole...)
			b.wantAtRest(rollout.Blue, first, second, third)
		})
	}
}

// The first attempt of a wait is slow; its token comes when the second's is there.
func TestLateTokenOfAZombie(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("bake", "UpdateItem", 1, wire.Fault{Delay: 40 * time.Second})
	b.during("bake", "UpdateItem", 2, wire.Fault{LoseRequest: true}) // the SDK's own attempts
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(2 * time.Minute)
	if env := b.environment(); env.Token == nil || env.Token.Retry == 0 {
		t.Errorf("the token is %+v, want the second attempt's", env.Token)
	}
	b.alarm("shop-green-5xx", red)
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantAtRest(rollout.Blue, name)
}

func TestRollbackAskedForWhileARolloutRuns(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	second := b.build(good, 1)
	b.untilState(second, "Bake")
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: production, Cause: "1", Why: "ana asked for it"})
	if err != nil {
		t.Fatal(err)
	}
	// A release arrives while the rollback waits.
	b.RunFor(5 * time.Second)
	third := b.build(good, 1)
	b.untilEnded(third)
	b.untilEnded(asked)
	b.wantPath(second, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantOutcome(second, rollout.RolledBack)
	// What it was to leave has no traffic any more.
	b.wantPath(asked, way([]string{"Start", "Lock", "Prepare"}, back)...)
	b.wantOutcome(asked, rollout.Succeeded)
	b.wantPath(third, whole...)
	b.wantAtRest(rollout.Blue, first, second, asked, third)
}

func TestRollbackToTheReleaseBefore(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first, second := b.roll(good), b.roll(good)
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: production, Cause: "1", Why: "ana asked for it"})
	if err != nil {
		t.Fatal(err)
	}
	b.untilEnded(asked)
	b.wantPath(asked, way(beginBack, step, finish)...)
	b.wantAtRest(rollout.Green, first, second, asked)
	if want := b.record(first).TaskDefinition; b.record(asked).TaskDefinition != want {
		t.Errorf("it runs %s, want what release 1 ran: %s", b.record(asked).TaskDefinition, want)
	}
	if b.Now().Sub(b.record(asked).At) > 3*time.Minute {
		t.Errorf("it took %v: steps and bakes were not skipped", b.Now().Sub(b.record(asked).At))
	}
}

// An alarm does not stop a rollback.
func TestAlarmDuringARollback(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first, second := b.roll(good), b.roll(good)
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: production, Cause: "1", Why: "ana asked for it"})
	if err != nil {
		t.Fatal(err)
	}
	b.untilState(asked, "AwaitCanary")
	b.alarm("shop-blue-5xx", red)
	b.alarm("shop-green-5xx", red)
	b.untilEnded(asked)
	b.wantPath(asked, way(beginBack, step, finish)...)
	b.RunFor(5 * time.Minute)
	b.wantAtRest(rollout.Green, first, second, asked)
}

// An alarm that comes twice during a forward rollout's rollback changes nothing.
func TestAlarmWhileItGoesBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.alarm("shop-green-5xx", red)
	b.untilState(name, "Settle")
	b.alarm("shop-green-latency", red)
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.RunFor(5 * time.Minute)
	b.wantAtRest(rollout.Blue, name)
}

func TestPauseResumePromoteAbort(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Minute)
	if err := b.Steps.Pause(b.ctx(), production); err != nil {
		t.Fatal(err)
	}
	b.untilState(name, "Hold")
	b.RunFor(5 * time.Hour)
	if err := b.Steps.Promote(b.ctx(), production); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("promoting a paused rollout: %v, want it refused", err)
	}
	resumed := b.Now()
	if err := b.Steps.Resume(b.ctx(), production); err != nil {
		t.Fatal(err)
	}
	b.untilState(name, "Judge")
	if left := b.Now().Sub(resumed).Round(10 * time.Second); left != 2*time.Minute {
		t.Errorf("after the pause it baked %v, want the 2m0s that were left", left)
	}
	b.untilNth(name, "Bake", 3)
	b.RunFor(time.Second)
	if err := b.Steps.Promote(b.ctx(), production); err != nil {
		t.Fatal(err)
	}
	b.RunFor(10 * time.Second)
	b.untilNth(name, "Bake", 4)
	b.RunFor(time.Second)
	if err := b.Steps.Abort(b.ctx(), production, "ben has seen enough"); err != nil {
		t.Fatal(err)
	}
	b.untilEnded(name)
	b.wantPath(name, way(begin,
		[]string{"Shift", "Bake", "Hold", "Bake", "Judge", "Next"}, step, []string{"Shift", "Bake"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// Two apps share an alarm: both hear of it.
func TestTwoAppsShareAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	other := shop()
	other.App, other.Triggers.CodeBuild = "cart", []string{"shop-build"}
	env := &other.Environments[0]
	env.Cluster, env.Slots = "cart-production", rollout.Names{Blue: "cart-blue", Green: "cart-green"}
	env.Alarms = []string{"shop-{slot}-5xx"}
	b.deploy("cart", "production", b.push("c0", good))
	if err := b.Steps.Register(b.ctx(), other); err != nil {
		t.Fatal(err)
	}
	b.RunFor(5 * time.Minute)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.untilState("cart-production-1", "Bake")
	b.RunFor(time.Second)
	b.alarm("shop-green-5xx", red)
	for _, name := range []string{name, "cart-production-1"} {
		b.untilEnded(name)
		b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
		b.wantOutcome(name, rollout.RolledBack)
	}
	b.wantAtRest(rollout.Blue, name)
}

// An app that names another's services is refused: a rule has one writer.
func TestTwoAppsClaimOneRule(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	thief := shop()
	thief.App, thief.Triggers.CodeBuild = "thief", []string{"shop-build"}
	if err := b.Steps.Register(b.ctx(), thief); err != nil {
		t.Fatal(err)
	}
	second := b.build(good, 1)
	b.untilEnded(second)
	b.untilEnded("thief-production-1")
	b.wantOutcome("thief-production-1", rollout.Refused)
	if reason := b.record("thief-production-1").Reason; !strings.Contains(reason, "shop/production") {
		t.Errorf("the reason %q does not say whose the rule is", reason)
	}
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Blue, first, second)
}

// The spec names other services than the last release went to.
func TestSlotsRenamed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	renamed := shop()
	renamed.Environments[0].Cluster = "moved-production"
	renamed.Environments[0].Slots = rollout.Names{Blue: "moved-blue", Green: "moved-green"}
	b.deploy("moved", "production", b.push("m0", good))
	b.RunFor(5 * time.Minute)

	// While a rollout runs, the environment cannot move.
	second := b.build(good, 1)
	b.untilState(second, "Bake")
	if err := b.Steps.Register(b.ctx(), renamed); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("moving an environment that is not free: %v, want it refused", err)
	}
	b.untilEnded(second)
	b.wantAtRest(rollout.Blue, first, second)

	if err := b.Steps.Register(b.ctx(), renamed); err != nil {
		t.Fatal(err)
	}
	third := b.roll(good)
	b.wantPath(third, whole...)
	b.wantOutcome(third, rollout.Succeeded)
	if site := b.environment().Facts.Site; site.Services != renamed.Environments[0].Slots {
		t.Errorf("the environment is at %+v, want the renamed slots", site)
	}
}

// A release that was made with another spec than the environment is at does not
// move it.
func TestReleaseOfAnotherPlace(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	moved := b.build(good, 0)
	spec := shop()
	spec.Environments[0].Slots = rollout.Names{Blue: "shop-green", Green: "shop-blue"}
	app, err := b.Steps.Store.App(b.ctx(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	release, err := b.Steps.Store.PutRelease(b.ctx(), rollout.Release{
		App: "shop", Images: map[string]string{"web": b.push("x", good)}, Spec: spec, Cause: rollout.Cause{Key: "x"},
	})
	if err != nil || release.Number != app.Counter+1 {
		t.Fatalf("release %d, %v", release.Number, err)
	}
	if err := b.Steps.Deploy(b.ctx(), release); err != nil {
		t.Fatal(err)
	}
	b.untilEnded(moved)
	b.wantOutcome(moved, rollout.Refused)
	if reason := b.record(moved).Reason; !strings.Contains(reason, "was last released to shop-blue and shop-green") {
		t.Errorf("the reason %q does not say where the environment is", reason)
	}
	b.wantAtRest(rollout.Green, first, moved)
}
