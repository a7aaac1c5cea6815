package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// weekday is a window that is open from 09:00 to 17:00 UTC on weekdays. The stories begin
// at midnight before a Sunday, 2026-03-01.
func weekday(s *rollout.Spec) {
	s.Environments[0].Windows = []rollout.Window{{
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: 9 * 60, To: 17 * 60, Zone: "UTC",
	}}
}

// A rollout waits for its window, and one that has begun goes on when the window closes.
func TestGateWindow(t *testing.T) {
	t.Parallel()
	b := newBox(t, weekday)
	name := b.build(good, 1)
	b.untilState(name, "Gate")
	b.RunFor(30 * time.Hour)
	b.untilState(name, "AwaitCanary")
	if opened := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC); b.Now().Before(opened) || b.Now().After(opened.Add(time.Minute)) {
		t.Errorf("it began at %s, want as the window opens", b.Now())
	}
	b.untilEnded(name)
	b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Gate"}, begin[2:], step, step, step, finish)...)
	held := b.gated(name)
	if len(held) != 1 || !strings.Contains(held[0].What, "outside of the windows of production; the next opens at 2026-03-02T09:00:00Z") {
		t.Errorf("recorded %+v, want why it was held", held)
	}
	late := time.Date(2026, 3, 2, 16, 58, 0, 0, time.UTC)
	b.RunFor(late.Sub(b.Now()))
	second := b.roll(good)
	b.wantOutcome(second, rollout.Succeeded)
	if b.Now().Day() != 2 {
		t.Errorf("the second ended at %s, want it to go on when its window has closed", b.Now())
	}
}

// A rollout that is handed the environment after its window has closed lets go of it
// again, and begins when the window opens.
func TestGateClosesInTheQueue(t *testing.T) {
	t.Parallel()
	b, second := closing(t)
	b.untilEnded(second)
	b.wantOutcome(second, rollout.Succeeded)
	if b.Now().Day() != 3 {
		t.Errorf("the second ended at %s, want it to have begun on the next day", b.Now())
	}
}

// What runs is watched while another is held: its alarm starts a rollback, which takes the
// place of whatever waits, as it does before a question.
func TestGateAlarmMeanwhile(t *testing.T) {
	t.Parallel()
	b, second := closing(t)
	b.alarm("shop-blue-5xx", red)
	b.untilEnded("shop-production-rollback-4")
	b.wantOutcome("shop-production-rollback-4", rollout.Succeeded)
	b.untilEnded(second)
	b.wantReason(second, rollout.Superseded, "shop-production-rollback-4 has come after "+second)
}

// closing is a box in which release 2 is released and release 3 held, having waited in the
// queue when the window closed.
func closing(t *testing.T) (b *box, second string) {
	t.Helper()
	b = newBox(t, weekday)
	until := func(hour, minute int) { b.RunFor(time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC).Sub(b.Now())) }
	until(9, 1)
	b.roll(good)
	until(16, 51)
	first := b.build(good, 1)
	b.untilState(first, "Bake")
	second = b.build(good, 1)
	b.untilState(second, "Lock")
	b.untilEnded(first)
	b.untilState(second, "Gate")
	b.RunFor(time.Minute)
	if env := b.environment(); env.Owner != "" || env.Held == nil || env.Held.Rollout != second {
		t.Errorf("the environment is %+v, want it free, and %s held", env, second)
	}
	return b, second
}

// Whoever dies at the gate is recovered: the rollout ends, and the next one begins.
func TestGateStopped(t *testing.T) {
	t.Parallel()
	b := newBox(t, weekday)
	name := b.build(good, 1)
	b.untilState(name, "Gate")
	b.RunFor(time.Minute)
	b.stop(name)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Refused)
	b.RunFor(33 * time.Hour)
	next := b.roll(good)
	b.wantOutcome(next, rollout.Succeeded)
}

// A release that breaks the glass begins at once; everybody is told.
func TestGateBroken(t *testing.T) {
	t.Parallel()
	b := newBox(t, weekday)
	b.push("v1", good)
	b.push("v2", good)
	order := func(tag, why string) {
		b.order(user("carl"), map[string]any{"verb": "deploy", "app": "shop", "images": map[string]string{"web": b.repository() + ":" + tag}, "breakGlass": why})
	}
	order("v1", "")
	b.untilState("shop-production-1", "Gate")
	b.RunFor(time.Minute)
	order("v2", "the shop is down")
	b.untilEnded("shop-production-1")
	b.wantReason("shop-production-1", rollout.Superseded, "shop-production-2 has come after")
	b.untilEnded("shop-production-2")
	b.wantOutcome("shop-production-2", rollout.Succeeded)
	broken := b.gated("shop-production-2")
	if len(broken) == 0 || broken[0].Inputs["breakGlass"] != "the shop is down" || broken[0].Inputs["who"] != "carl" {
		t.Errorf("recorded %+v, want who broke the glass and why", broken)
	}
	if b.Now().Day() != 1 {
		t.Errorf("it ended at %s, want it at once", b.Now())
	}
}

// gated is what the gate decided of a rollout.
func (b *box) gated(name string) []store.Decision {
	b.t.Helper()
	return slices.DeleteFunc(b.everyDecision(name), func(d store.Decision) bool { return d.Phase != rollout.PhaseGate || d.Inputs["why"] == nil })
}
