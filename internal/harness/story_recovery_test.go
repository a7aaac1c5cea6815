package harness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// newest is the name of the rollout's newest execution.
func (b *box) newest(name string) string {
	b.t.Helper()
	execution := b.record(name).Execution
	return execution[strings.LastIndex(execution, ":")+1:]
}

// wantNextToPass checks that the environment still works: the next release goes
// through.
func (b *box) wantNextToPass(names ...string) {
	b.t.Helper()
	before := b.weights()
	slot, ok := before.Whole()
	if !ok {
		b.t.Fatalf("the traffic is divided: %s", before)
	}
	b.RunFor(10 * time.Minute) // alarms are green again
	next := b.roll(good)
	b.wantOutcome(next, rollout.Succeeded)
	b.wantAtRest(slot.Other(), append(names, next)...)
}

// TestStoppedAtEveryState stops the execution by hand in each state in turn, with
// and without the event that tells of it. The rollout always ends with all the
// traffic on one slot and the environment free.
func TestStoppedAtEveryState(t *testing.T) {
	t.Parallel()
	// What Complete has sent lands or not; both are right, if the rest follows.
	either, committed := "Complete", []string{"Guard", "Retire"}
	for _, bad := range []bool{false, true} {
		path := way(begin, step[:3], finish)
		if bad {
			path = back
		}
		for _, state := range path {
			if state == "Start" {
				continue // over before anybody can stop there
			}
			for _, told := range toldOrNot(t) {
				t.Run(fmt.Sprintf("%s, told %v", state, told), func(t *testing.T) {
					t.Parallel()
					b := newBox(t)
					if !told {
						b.lose("aws.states")
					}
					behaviour, slot := good, rollout.Blue
					if bad {
						behaviour = failing(0.08, 4*time.Second)
					}
					if slices.Contains(committed, state) {
						slot = rollout.Green
					}
					name := b.build(behaviour, 1)
					b.untilState(name, state)
					b.stop(name)
					b.untilEnded(name)
					if state == "Approve" || state == "Lock" && isHere(t) { // in Lock a process ends before it has the lock
						b.RunFor(time.Hour) // the deadman comes once more, in case Lock had something under way
					}
					if state == either && b.record(name).Outcome == rollout.Succeeded {
						slot = rollout.Green
					}
					b.wantAtRest(slot, name)
					if got := b.record(name).Outcome == rollout.Succeeded; got != (slot == rollout.Green) {
						t.Errorf("it ended %s with the traffic on %s", b.record(name).Outcome, slot)
					}
					b.wantRecoveryPath(name, state)
					b.wantNextToPass(name)
				})
			}
		}
	}
}

// An alarm in the guard sends the rollout back, and on that way its execution is
// stopped.
func TestStoppedOnTheWayBackFromTheGuard(t *testing.T) {
	t.Parallel()
	for _, state := range back {
		for _, told := range toldOrNot(t) {
			t.Run(fmt.Sprintf("%s, told %v", state, told), func(t *testing.T) {
				t.Parallel()
				b := newBox(t)
				if !told {
					b.lose("aws.states")
				}
				name := b.build(good, 1)
				b.untilState(name, "Guard")
				b.RunFor(time.Minute)
				b.alarm("shop-green-5xx", red)
				b.untilState(name, state)
				b.stop(name)
				b.untilEnded(name)
				b.RunFor(time.Hour)
				b.wantOutcome(name, rollout.RolledBack)
				b.wantAtRest(rollout.Blue, name)
				b.wantNextToPass(name)
			})
		}
	}
}

// wantRecoveryPath checks the way of the execution that took a stopped one's
// place. One that had not got the environment yet needs none.
func (b *box) wantRecoveryPath(name, stopped string) {
	b.t.Helper()
	execution := b.newest(name)
	switch {
	case execution == name && (stopped == "Approve" || stopped == "Lock"):
	case execution == name && (stopped == "Retire" || stopped == "Restore"):
		// Its function went on to the end although the execution had been stopped.
	case execution == name:
		b.t.Errorf("nothing took the place of the execution that was stopped in %s", stopped)
	case b.record(name).Outcome == rollout.Succeeded:
		b.wantPath(execution, way([]string{"Start"}, finish)...)
	default:
		b.wantPath(execution, way([]string{"Start"}, back)...)
	}
}

// TestStoppedRightAfterTheCommit stops the execution when Complete has committed
// but not yet answered.
func TestStoppedRightAfterTheCommit(t *testing.T) {
	t.Parallel()
	for _, told := range toldOrNot(t) {
		t.Run(fmt.Sprintf("told %v", told), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if !told {
				b.lose("aws.states")
			}
			name := ""
			b.after("complete", "UpdateItem", func() {
				b.callNow("sfn", "stopExecution", map[string]string{"ExecutionArn": b.arn(name)})
			})
			name = b.build(good, 1)
			b.untilEnded(name)
			b.wantPath(b.newest(name), "Start", "Complete", "Guard", "Retire")
			b.wantOutcome(name, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name)
		})
	}
}

// TestStoppedInRetire stops the execution after each of Retire's calls.
func TestStoppedInRetire(t *testing.T) {
	t.Parallel()
	for call := 1; call <= 14; call++ {
		t.Run(fmt.Sprintf("after call %d", call), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			name := b.build(good, 1)
			calls := 0
			b.observe(func(c *wire.Call, _, _ any, _ error) {
				if b.caller(c) != "retire" {
					return
				}
				if calls++; calls == call {
					b.callNow("sfn", "stopExecution", map[string]string{"ExecutionArn": b.arn(name)})
				}
			})
			b.untilEnded(name)
			b.RunFor(time.Hour)
			if calls < call {
				t.Fatalf("Retire made %d calls", calls)
			}
			b.wantOutcome(name, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name)
			b.wantNextToPass(name)
		})
	}
}

func TestRecoverCalledTwice(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.lose("aws.states")
	b.stop(name)
	b.RunFor(time.Second)
	for range 2 {
		if err := b.Steps.Recover(b.ctx(), name); err != nil {
			t.Fatal(err)
		}
	}
	b.untilEnded(name)
	b.wantPath(b.newest(name), way([]string{"Start"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	out, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Executions) != 2 {
		t.Errorf("%d executions, want the rollout's and one recovery", len(out.Executions))
	}
}

// Every attempt of the call that recovers dies when it has taken the environment
// over: the call has armed the deadman first, so another comes.
func TestRecoverDiesHalfWay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.lose("aws.states")
	// The first dies after the take-over, the two repeats of the invocation before
	// they can start what follows.
	calls := map[int]int{1: 6, 2: 4, 3: 4}
	died := 0
	b.Faults.Function = func(name string, n int) lambda.FunctionFault {
		if b.folder(name) != "recover" || calls[n] == 0 {
			return lambda.FunctionFault{}
		}
		died++
		return lambda.FunctionFault{DieAfterCall: calls[n]}
	}
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.stop(name)
	b.untilEnded(name)
	if died != len(calls) {
		t.Errorf("%d attempts died, want %d", died, len(calls))
	}
	b.wantPath(b.newest(name), way([]string{"Start"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// The deadman stands a little behind the end of every wait.
func TestDeadmanStandsBehindEveryWait(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	for _, state := range []string{"AwaitCanary", "Bake", "Guard"} {
		b.untilState(name, state)
		b.RunFor(time.Second)
		out, err := b.aws.Scheduler.GetSchedule(b.ctx(), &scheduler.GetScheduleInput{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("at(2006-01-02T15:04:05)", aws.ToString(out.ScheduleExpression))
		if err != nil {
			t.Fatal(err)
		}
		until := b.environment().Token.Until
		if late := at.Sub(until).Round(time.Minute); late != steps.Slack {
			t.Errorf("in %s the deadman goes off %v after the wait's end, want %v", state, late, steps.Slack)
		}
	}
	b.untilEnded(name)
	b.wantAtRest(rollout.Green, name)
}

// Recovery itself is stopped, again and again.
func TestRecoveryStopped(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.stop(name)
	for range 3 {
		dead := b.newest(name)
		if !b.RunUntil(b.Now().Add(patience), func() bool {
			return b.StepFunctions.Path(b.arn(dead)) != nil
		}) {
			t.Fatal("no recovery came")
		}
		b.RunFor(5 * time.Second)
		b.stop(b.newest(name))
		b.RunFor(5 * time.Second)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// An execution that was stopped, and recovered from, is redriven by hand.
func TestOldExecutionRedriven(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Shift", "Bake", "Judge"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			name := b.build(good, 1)
			b.untilState(name, state)
			b.stop(name)
			b.untilEnded(name)
			b.wantAtRest(rollout.Blue, name)
			next := b.build(good, 1)
			b.untilState(next, "Bake")
			before := b.weights()
			_, err := b.aws.SFN.RedriveExecution(b.ctx(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(b.arn(name))})
			if err != nil {
				t.Fatal(err)
			}
			b.RunFor(30 * time.Second)
			if got := b.weights(); got != before {
				t.Errorf("the redriven execution moved the traffic from %s to %s", before, got)
			}
			path := b.path(name)
			if path[len(path)-1] != "LockLost" {
				t.Errorf("it went %v, want it to end in LockLost", path)
			}
			b.untilEnded(next)
			b.wantOutcome(next, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name, next)
		})
	}
}

// The lock holder dies without a word, and a release waits for it.
func TestLockHolderDead(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.lose("aws.states")
	first := b.build(good, 1)
	b.untilState(first, "Bake")
	b.stop(first)
	second := b.build(good, 1)
	b.untilEnded(second)
	b.wantOutcome(first, rollout.RolledBack)
	b.wantOutcome(second, rollout.Succeeded)
	b.wantAtRest(rollout.Green, first, second)
}

// ModifyRule is throttled, and meanwhile the execution is stopped.
func TestThrottledAndStopped(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.throttle("shift", "ModifyRule", 10*time.Minute)
	b.throttle("rollback", "ModifyRule", 10*time.Minute)
	name := b.build(good, 1)
	b.untilState(name, "Shift")
	b.RunFor(time.Minute)
	b.stop(name)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// TestFunctionDiesAfterItsEffect kills each function after each of its calls in
// turn, once. The machine repeats it, and nothing differs.
func TestFunctionDiesAfterItsEffect(t *testing.T) {
	t.Parallel()
	functions := []string{"lock", "prepare", "awaitcanary", "shift", "bake", "judge", "complete", "guard", "retire"}
	for _, function := range functions {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			for call := 1; ; call++ {
				b := newBox(t)
				b.Faults.Function = func(name string, n int) lambda.FunctionFault {
					if b.folder(name) == function && n == 1 {
						return lambda.FunctionFault{DieAfterCall: call}
					}
					return lambda.FunctionFault{}
				}
				calls := 0
				b.observe(func(c *wire.Call, _, _ any, _ error) {
					if b.caller(c) == function {
						calls++
					}
				})
				name := b.roll(good)
				b.wantOutcome(name, rollout.Succeeded)
				b.wantAtRest(rollout.Green, name)
				if t.Failed() {
					t.Fatalf("after call %d of %s; it went %v", call, function, b.path(name))
				}
				if calls <= call || call > 40 {
					return
				}
			}
		})
	}
}

// The same for the functions of the way back.
func TestFunctionOfTheWayBackDiesAfterItsEffect(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"alarm", "rollback", "restore"} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			for call := 1; call <= 14; call++ {
				b := newBox(t)
				b.Faults.Function = func(name string, n int) lambda.FunctionFault {
					if b.folder(name) == function && n == 1 {
						return lambda.FunctionFault{DieAfterCall: call}
					}
					return lambda.FunctionFault{}
				}
				name := b.roll(failing(0.08, 4*time.Second))
				b.wantOutcome(name, rollout.RolledBack)
				b.wantAtRest(rollout.Blue, name)
				if t.Failed() {
					t.Fatalf("after call %d of %s; it went %v", call, function, b.path(name))
				}
			}
		})
	}
}

// Prepare is tried again after everything it does.
func TestRetriedPrepareMakesNothingTwice(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("prepare", "UpdateService", 1, wire.Fault{LoseAnswer: true})
	started := 0
	b.observe(func(c *wire.Call, _, _ any, _ error) {
		if c.Operation == "UpdateService" && b.caller(c) == "prepare" {
			started++
		}
	})
	name := b.roll(good)
	if started != 1 {
		t.Errorf("the canary was started %d times, want once", started)
	}
	b.wantPath(name, whole...)
	b.wantAtRest(rollout.Green, name)
	if got := b.record(name).TaskDefinition; !strings.HasSuffix(got, ":2") {
		t.Errorf("it runs %s, want revision 2: a repeat must not register another", got)
	}
	services, err := b.Steps.Reach(awsclient.Away{}).Services.Describe(b.ctx(), "shop-production", rollout.Names{Blue: "shop-blue", Green: "shop-green"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(services[rollout.Green].Deployments); n != 1 {
		t.Errorf("%d deployments, want 1", n)
	}
}

// The function's time is over although what it did has happened.
func TestFunctionTimedOutAfterItsEffect(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"shift", "complete", "retire"} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			slow := 0
			b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
				if b.caller(c) != function || c.Operation != "GetItem" {
					return nil
				}
				if slow++; slow > 9 {
					return nil
				}
				return &wire.Fault{AnswerDelay: 4 * time.Second}
			})
			name := b.roll(good)
			b.wantOutcome(name, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name)
		})
	}
}

// An execution that ended badly says so only when it is Dirty.
func TestEveryEndIsASuccessButDirty(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	succeeded, rolledBack := b.roll(good), b.roll(failing(0.08, 4*time.Second))
	for _, name := range []string{succeeded, rolledBack} {
		if got := b.status(name); got != sfntypes.ExecutionStatusSucceeded {
			t.Errorf("%s is %s, want SUCCEEDED", name, got)
		}
	}
}
