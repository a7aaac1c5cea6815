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
	held, told := b.hears(rollout.MomentHeld), b.hears(rollout.MomentBroken)
	order("v1", "")
	b.untilState("shop-production-1", "Gate")
	b.RunFor(time.Minute)
	order("v2", "the shop is down")
	b.untilEnded("shop-production-1")
	b.wantReason("shop-production-1", rollout.Superseded, "shop-production-2 has come after")
	b.untilEnded("shop-production-2")
	b.wantOutcome("shop-production-2", rollout.Succeeded)
	broken := b.gated("shop-production-2")
	if len(broken) != 1 || broken[0].Inputs["breakGlass"] != "the shop is down" || broken[0].Inputs["who"] != "carl" {
		t.Errorf("recorded %+v, want who broke the glass and why", broken)
	}
	if *held != 1 || *told != 1 {
		t.Errorf("people were told %d times of what is held and %d of the glass, want once each", *held, *told)
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

// freeze freezes shop for so long.
func (b *box) freeze(span time.Duration) {
	b.t.Helper()
	b.freezeUntil(b.Now().Add(span))
}

func (b *box) freezeUntil(end time.Time) {
	b.t.Helper()
	err := b.Steps.Freeze(b.ctx(), rollout.Freeze{App: "shop", Person: rollout.Person{Name: "ada"}, Reason: "the sale", At: b.Now(), Until: end})
	if err != nil {
		b.t.Fatal(err)
	}
}

// A freeze that ends early lets go at once of what it held, and not of what another freeze
// holds still.
func TestGateThaw(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	order := func(verb string, fields map[string]any) {
		fields["verb"] = verb
		if came := b.order(user("carl"), fields); came.Refused {
			t.Fatalf("%s was refused: %s", verb, came.Result)
		}
	}
	end := b.Now().Add(48 * time.Hour).Format(time.RFC3339)
	order("freeze", map[string]any{"app": "shop", "until": end, "reason": "the sale"})
	order("freeze", map[string]any{"until": end, "reason": "the move"})
	name := b.build(good, 1)
	b.untilState(name, "Gate")
	b.RunFor(time.Hour)
	order("thaw", map[string]any{})
	b.RunFor(time.Hour)
	b.wantPath(name, "Start", "Approve", "Lock", "Gate", "Lock", "Gate")
	order("thaw", map[string]any{"app": "shop"})
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// A gate that opens on the way to it holds nobody.
func TestGateOpensOnTheWay(t *testing.T) {
	t.Parallel()
	reach := func(end time.Time) (*box, string) {
		b := newBox(t)
		b.freezeUntil(end)
		name := b.build(good, 1)
		b.untilState(name, "Gate")
		return b, name
	}
	b, _ := reach(midnight.Add(48 * time.Hour))
	entered := b.Now()
	b, name := reach(entered)
	if late := b.Now().Sub(entered); late > time.Millisecond {
		t.Fatalf("the second came to the gate %v later", late)
	}
	b.untilState(name, "Prepare")
	if waited := b.Now().Sub(entered); waited > 900*time.Millisecond {
		t.Errorf("it waited for %v, want it woken as it came", waited)
	}
}

// Of two that come to a closed gate the newer stays, even where the older comes late: here
// from the queue, while people were asked about the newer.
func TestGateKeepsTheNewest(t *testing.T) {
	t.Parallel()
	b := newBox(t, weekday, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking(func(a *rollout.Approval) { a.Approvers = []string{homeARN + "user/carl"} })
	})
	b.people()
	asked := func() string {
		name := b.build(good, 1)
		b.untilState(name, "Approve")
		b.RunFor(5 * time.Second)
		return name
	}
	b.RunFor(time.Date(2026, 3, 2, 16, 51, 0, 0, time.UTC).Sub(b.Now()))
	first := asked()
	b.approve(user("carl"), b.question(first).ID)
	b.untilState(first, "Bake")
	older := asked()
	b.approve(user("carl"), b.question(older).ID)
	newer := asked()
	b.untilState(older, "Gate")
	b.RunFor(time.Minute)
	b.approve(user("carl"), b.question(newer).ID)
	b.untilEnded(older)
	b.wantReason(older, rollout.Superseded, newer+" has come after "+older)
	b.untilEnded(newer)
	b.wantOutcome(newer, rollout.Succeeded)
}
