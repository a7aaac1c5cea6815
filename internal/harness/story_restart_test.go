package harness_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// The cloud is stopped in a state of a rollout and started again from what it has kept: as the
// state is entered, when its function runs or waits to, and while it waits. The rollout ends
// as if the cloud had run all the time.
func TestRestart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state string
		nth   int
		bad   bool
	}{
		{"Lock", 1, false},
		{"Prepare", 1, false},
		{"AwaitCanary", 1, false},
		{"Shift", 1, false},
		{"Bake", 1, false},
		{"Bake", 3, false},
		{"Judge", 2, false},
		{"Complete", 1, false},
		{"Guard", 1, false},
		{"Retire", 1, false},
		{"Rollback", 1, true},
		{"Settle", 1, true},
		{"Restore", 1, true},
	} {
		for _, stay := range []time.Duration{0, 30 * time.Millisecond, 20 * time.Second} {
			t.Run(c.state+" after "+stay.String(), func(t *testing.T) {
				t.Parallel()
				b := newBox(t)
				behaviour, want, slot, outcome := good, whole, rollout.Green, rollout.Succeeded
				if c.bad {
					behaviour = failing(0.08, 4*time.Second)
					want, slot, outcome = way(begin, []string{"Shift", "Bake"}, back), rollout.Blue, rollout.RolledBack
				}
				name := b.build(behaviour, 1)
				b.untilNth(name, c.state, c.nth)
				b.RunFor(stay)
				b.reopen()
				b.untilEnded(name)
				b.wantPath(name, want...)
				b.wantOutcome(name, outcome)
				b.wantAtRest(slot, name)
			})
		}
	}
}

// blockID is what Slack has given a block. IDs differ: functions start anew, and their logs.
var blockID = regexp.MustCompile(`"block_id":"[0-9a-f]+",?`)

// saying is what there is to say of a rollout when it has ended.
type saying struct {
	Path      []string
	Record    store.Record
	Decisions []store.Decision
	Message   string
}

// However often the cloud is stopped and started, what happens in a rollout is to the second
// what would have happened: who decided what and when, and what people read.
func TestRestartAllTheTime(t *testing.T) {
	t.Parallel()
	for _, behaviour := range []model.Behaviour{good, failing(0.08, 4*time.Second)} {
		story := func(restarts bool) saying {
			b := newAskingBox(t)
			name := b.build(behaviour, 1)
			b.untilAsked(name)
			if restarts {
				b.reopen()
			}
			b.press(ada, name, "approve")
			for end := b.Now().Add(40 * time.Minute); b.Now().Before(end); b.RunFor(53 * time.Second) {
				if restarts && b.Lambda.Busy() == 0 {
					b.reopen()
				}
			}
			record := b.record(name)
			if record.Outcome == "" {
				t.Errorf("%s has not ended: it went %v", name, b.path(name))
			}
			decisions, err := b.Steps.Store.Decisions(b.ctx(), name)
			if err != nil {
				t.Fatal(err)
			}
			return saying{b.path(name), record, decisions, blockID.ReplaceAllString(said(b.message(name)), "")}
		}
		if diff := cmp.Diff(story(false), story(true)); diff != "" {
			t.Errorf("a cloud that was stopped differs from one that was not (-without +with):\n%s", diff)
		}
	}
}

// What waits for people waits for them after a start: their click wakes it.
func TestRestartWhileAsking(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.reopen()
	if out := b.press(ada, name, "approve"); out.Failure != "" {
		t.Errorf("Approve: %s", out.Failure)
	}
	b.reopen()
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.wantAtRest(rollout.Green, name)

	name = b.build(good, 1)
	b.untilAsked(name)
	b.reject(bob, name, "not today")
	b.reopen()
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
}

// Two rollouts are in line when the cloud is stopped.
func TestRestartWithAQueue(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Bake")
	second := b.build(good, 1)
	b.untilState(second, "Lock")
	b.RunFor(time.Second)
	b.reopen()
	b.untilEnded(second)
	b.wantPath(first, whole...)
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Blue, first, second)
}

// A window opens while the cloud is stopped, a bake ends, and an alarm's rule goes red when it
// is back.
func TestRestartInGateAndHold(t *testing.T) {
	t.Parallel()
	b := newBox(t, weekday)
	name := b.build(good, 1)
	b.untilState(name, "Gate")
	b.RunFor(30 * time.Hour)
	b.reopen()
	b.untilNth(name, "Bake", 1)
	if opened := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC); b.Now().Before(opened) || b.Now().After(opened.Add(5*time.Minute)) {
		t.Errorf("it bakes at %s, want as the window has opened", b.Now())
	}
	b.RunFor(time.Minute)
	if err := b.Steps.Pause(b.ctx(), production); err != nil {
		t.Fatal(err)
	}
	b.untilState(name, "Hold")
	b.reopen()
	b.RunFor(3 * time.Hour)
	if !b.inState(name, "Hold") {
		t.Errorf("it went %v, want it to be held", b.path(name))
	}
	b.alarm("shop-green-5xx", red)
	b.reopen()
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// A state that another version of Sluice has left is brought to this one, as a deployment of
// it would: the rollout that was under way goes on with the machine that it began with.
func TestRestartAsAnotherVersion(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if err := b.Update(harness.Version{Format: 2}); err != nil {
		t.Fatal(err)
	}
	if text := b.machine(); !strings.Contains(text, `"format": 2`) {
		t.Fatalf("the other version's machine is\n%s", text)
	}
	b.Steps.Store.Format = store.Format
	b.reopen()
	if text := b.machine(); !strings.Contains(text, `"format": 1`) {
		t.Errorf("the machine is\n%s\nwant this version's", text)
	}
	name := b.roll(good)
	b.wantPath(name, whole...)
	b.wantAtRest(rollout.Green, name)
}

// machine is the definition of the state machine.
func (b *box) machine() string {
	b.t.Helper()
	out, err := b.aws.SFN.DescribeStateMachine(b.ctx(), &sfn.DescribeStateMachineInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		b.t.Fatal(err)
	}
	return *out.Definition
}

// What was due while the cloud was away happens when it is back, in its order.
func TestRestartAfterANight(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Minute)
	b.reopenAfter(8 * time.Hour)
	woke := b.Now()
	b.untilState(name, "Judge")
	if late := b.Now().Sub(woke); late > time.Minute {
		t.Errorf("the bake ended %s after the start, want it to be over", late)
	}
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.wantOutcome(name, rollout.Succeeded)
}
