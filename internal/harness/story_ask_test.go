package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// newStepBox is a box whose step is asked for, by its index.
func newStepBox(t *testing.T, step int, change ...func(*rollout.Approval)) *box {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Steps[step].Approval = asking(append(change, func(a *rollout.Approval) { a.Expires = min(a.Expires, 4*time.Hour) })...)
		s.Environments[0].Operators = []string{deployers}
	})
	b.people()
	return b
}

// untilAskedAt runs until a step's question is on the screen.
func (b *box) untilAskedAt(name string) {
	b.t.Helper()
	b.untilState(name, "Ask")
	b.RunFor(10 * time.Second)
	if b.here != nil {
		return
	}
	if text := said(b.message(name)); !strings.Contains(text, "before step") {
		b.t.Errorf("the message says %q", text)
	}
}

// stepQuestion is the question before a step of a rollout.
func (b *box) stepQuestion(name string, step int) store.Approval {
	b.t.Helper()
	release, err := b.Steps.Store.Release(b.ctx(), "shop", b.record(name).Release)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.approval(store.Binding{Rollout: name, Step: step, Hash: release.Hash()}.ID())
}

var askedStep = []string{"Shift", "Ask", "Shift", "Bake", "Judge", "Next"}

func TestStepApproved(t *testing.T) {
	t.Parallel()
	for i, want := range [][]string{
		way(begin, askedStep, step, step, finish), way(begin, step, askedStep, step, finish), way(begin, step, step, askedStep, finish),
	} {
		b := newStepBox(t, i)
		name := b.build(good, 1)
		b.untilAskedAt(name)
		weights := b.weights()
		b.RunFor(10 * time.Minute)
		if got := b.weights(); got != weights {
			t.Errorf("step %d: traffic moved from %s to %s while people were asked", i, weights, got)
		}
		b.press(ada, name, "approve")
		b.untilEnded(name)
		b.wantPath(name, want...)
		b.wantOutcome(name, rollout.Succeeded)
		b.wantAtRest(rollout.Green, name)
		if a := b.stepQuestion(name, i); a.Used != name {
			t.Errorf("step %d: the approval was used by %q", i, a.Used)
		}
	}
}

func TestStepRejected(t *testing.T) {
	t.Parallel()
	b := newStepBox(t, 1)
	name := b.build(good, 1)
	b.untilAskedAt(name)
	b.reject(bob, name, "the queue grows")
	b.untilEnded(name)
	b.wantPath(name, way(begin, step, []string{"Shift", "Ask"}, back)...)
	b.wantOutcome(name, rollout.Rejected)
	b.wantAtRest(rollout.Blue, name)
	if reason := b.record(name).Reason; reason != "rejected by bob: the queue grows" {
		t.Errorf("the reason is %q", reason)
	}
}

func TestStepExpired(t *testing.T) {
	t.Parallel()
	for answer, want := range map[rollout.Answer]rollout.Outcome{
		rollout.Reject: rollout.Rejected, rollout.Approve: rollout.Succeeded,
	} {
		b := newStepBox(t, 1, func(a *rollout.Approval) { a.OnExpiry, a.Expires = answer, 90*time.Minute })
		name := b.build(good, 1)
		b.untilAskedAt(name)
		b.untilEnded(name)
		b.wantOutcome(name, want)
		if asked := b.stepQuestion(name, 1); asked.SettledAt.Sub(asked.At) > 91*time.Minute {
			t.Errorf("%s: it was settled %v after it was asked", answer, asked.SettledAt.Sub(asked.At))
		}
	}
}

// An alarm, or a person, ends the wait for an answer.
func TestStoppedWhileAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		stop func(b *box, name string)
	}{
		{"alarm", func(b *box, _ string) { b.alarm("shop-green-5xx", red) }},
		{"abort", func(b *box, name string) { b.press(ada, name, "abort") }},
		{"execution stopped", func(b *box, name string) { b.stop(name) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newStepBox(t, 1)
			name := b.build(good, 1)
			b.untilAskedAt(name)
			m := b.message(name)
			c.stop(b, name)
			b.untilEnded(name)
			b.wantOutcome(name, rollout.RolledBack)
			b.wantAtRest(rollout.Blue, name)
			if a := b.stepQuestion(name, 1); a.Standing != rollout.Void {
				t.Errorf("the question is %s, want void", a.Standing)
			}
			b.send(ada, m.TS, m.Blocks, "approve")
			b.wantWhisper(ada, "not open any more")
			b.wantAtRest(rollout.Blue, name)
		})
	}
}

// An alarm between the approval and the shift keeps traffic where it is.
func TestAlarmRightAfterTheApproval(t *testing.T) {
	t.Parallel()
	b := newStepBox(t, 1)
	name := b.build(good, 1)
	b.untilAskedAt(name)
	b.after("approval", "SendTaskSuccess", func() { b.alarmNow("shop-green-5xx", red) })
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// The environment and a step are asked for apart: one answer is not the other.
func TestEnvironmentAndStepAreAskedApart(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking()
		s.Environments[0].Steps[0].Approval = asking(func(a *rollout.Approval) { a.Expires = time.Hour })
	})
	b.people()
	name := b.build(good, 1)
	m := b.untilAsked(name)
	b.press(ada, name, "approve")
	b.untilAskedAt(name)
	b.send(bob, m.TS, m.Blocks, "approve") // the first question's button, again
	if !b.inState(name, "Ask") {
		t.Errorf("it went %v, want Ask", b.path(name))
	}
	b.wantWhisper(bob, "not open any more: approved by ada")
	b.press(bob, name, "approve")
	b.untilEnded(name)
	b.wantPath(name, way(begin, askedStep, step, step, finish)...)
}
