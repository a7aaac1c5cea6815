package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// A grant that is taken away on the way forward: traffic goes back, or never moves, and
// the record says which role may not do what.
func TestDeniedOnTheWayForward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role, action string
		at           string // the state that is waited in when it is taken away; "" is before the rollout
		want         rollout.Outcome
		path         []string
	}{
		{"PrepareFunctionRole", "iam:PassRole", "", rollout.Refused, way(begin[:4], back)},
		{"PrepareFunctionRole", "ecs:RegisterTaskDefinition", "", rollout.Refused, way(begin[:4], back)},
		{"PrepareFunctionRole", "cloudwatch:DescribeAlarms", "", rollout.Refused, way(begin[:4], back)},
		{"PrepareFunctionRole", "elasticloadbalancing:DescribeRules", "", rollout.Refused, way(begin[:4], back)},
		{"AwaitCanaryFunctionRole", "ecs:DescribeServices", "", rollout.RolledBack, way(begin, back)},
		{"ShiftFunctionRole", "elasticloadbalancing:ModifyRule", "AwaitCanary", rollout.RolledBack, way(begin, []string{"Shift"}, back)},
		{"ShiftFunctionRole", "elasticloadbalancing:ModifyRule", "Bake", rollout.RolledBack, way(begin, step, []string{"Shift"}, back)},
		{"JudgeFunctionRole", "cloudwatch:DescribeAlarms", "Bake", rollout.RolledBack, way(begin, []string{"Shift", "Bake", "Judge"}, back)},
	} {
		t.Run(c.role+" "+c.action+" "+c.at, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if c.at == "" {
				b.revoke(c.role, c.action)
			}
			name := b.build(good, 1)
			if c.at != "" {
				b.untilState(name, c.at)
				b.revoke(c.role, c.action)
			}
			b.untilEnded(name)
			b.wantPath(name, c.path...)
			b.wantReason(name, c.want, b.sluice().PhysicalIDs[c.role], "may not "+c.action)
			b.wantAtRest(rollout.Blue, name)
			kind := rollout.KindDenied
			if c.want == rollout.Refused { // before it began, whatever the error was
				kind = rollout.KindRefused
			}
			if got := b.lastError(name); got != kind {
				t.Errorf("it went back because of %s, want %s", got, kind)
			}
		})
	}
}

// What may not go back stays locked and says what to mend. What people were asked is over
// then too.
func TestDeniedOnTheWayBack(t *testing.T) {
	t.Parallel()
	b := newStepBox(t, 1)
	name := b.build(good, 1)
	b.untilAskedAt(name)
	b.revoke("RollbackFunctionRole", "elasticloadbalancing:ModifyRule")
	b.alarm("shop-green-5xx", red)
	b.untilEnded(name)
	b.wantPath(name, way(begin, step, []string{"Shift", "Ask", "Rollback", "Dirty", "Failed"})...)
	b.wantReason(name, rollout.Dirty, b.sluice().PhysicalIDs["RollbackFunctionRole"], "may not elasticloadbalancing:ModifyRule on "+b.service.Rule)
	b.wantDirty(name)
	if q := b.stepQuestion(name, 1); q.Standing != rollout.Void {
		t.Errorf("the question is %s, want it void", q.Standing)
	}
}

// Who has the lock and may not go on with it hands it on to the one who waits.
func TestDeniedToWakeInLock(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.revoke("LockFunctionRole", "states:SendTaskSuccess")
	b.during("lock", "SendTaskSuccess", 1, wire.Fault{Delay: 3 * time.Second})
	releases := b.releases(2)
	first := b.start(releases[0])
	b.untilState(first, "Lock")
	b.RunFor(time.Second)
	second := b.start(releases[1])
	b.untilEnded(first)
	b.wantPath(first, "Start", "Approve", "Lock", "Leave")
	b.wantReason(first, rollout.Refused, b.sluice().PhysicalIDs["LockFunctionRole"], "may not states:SendTaskSuccess")
	b.untilEnded(second)
	b.wantOutcome(second, rollout.Succeeded)
	b.wantAtRest(rollout.Green, first, second)
}

// An alarm whose event may not wake anything is found by the judge.
func TestDeniedToFailTheBake(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.revoke("AlarmFunctionRole", "states:SendTaskFailure")
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.alarm("shop-green-5xx", red)
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake", "Judge"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// A machine that may not call its functions fails, and nothing moves: there is nobody
// left who could.
func TestMachineMayNotCall(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.revoke("MachineRole", "lambda:InvokeFunction")
	if !b.RunUntil(b.Now().Add(patience), func() bool { return b.inState(name, "Failed") || b.inState(name, "Dirty") }) {
		t.Fatalf("the machine went on: %v", b.path(name))
	}
	if got, want := b.weights(), (rollout.Weights{Blue: 90, Green: 10}); got != want {
		t.Errorf("weights are %s, want %s: nobody could change them", got, want)
	}
}
