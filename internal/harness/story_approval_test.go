package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

func TestApproved(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	m := b.untilAsked(name)
	if !strings.Contains(said(m), "waits for approval") {
		t.Errorf("the message says %q", said(m))
	}
	b.RunFor(3 * time.Hour) // the state looks again and again
	if env := b.environment(); env.Owner != "" {
		t.Errorf("%s has the environment while people are asked", env.Owner)
	}
	if out := b.press(ada, name, "approve"); out.Failure != "" {
		t.Errorf("Approve: %s", out.Failure)
	}
	b.wantStanding(name, rollout.Approved)
	b.untilEnded(name)
	path := b.path(name)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
	if path[1] != "Approve" || path[5] != "Lock" { // asked at 0, 1, 2 and 3 hours
		t.Errorf("it went %v, want Approve four times, then Lock", path)
	}
	b.RunFor(time.Minute)
	m = b.message(name)
	if text := said(m); !strings.Contains(text, "released") || strings.Contains(text, "ActionID:approve") {
		t.Errorf("at the end the message says %q", text)
	}
	recorded := b.decisions(name, store.DecidedApproval)
	if len(recorded) != 2 || recorded[0].Inputs["id"] != ada || recorded[0].Inputs["way"] != "slack" ||
		recorded[0].Inputs["saw"] != b.question(name).Hash || recorded[0].Inputs["at"] == "" {
		t.Errorf("recorded %+v, want who, when, by which way and what they saw", recorded)
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.reject(bob, name, "not on a <Friday>")
	b.untilEnded(name)
	b.wantPath(name, "Start", "Approve", "Leave")
	b.wantOutcome(name, rollout.Rejected)
	b.wantAtRest(rollout.Blue, name)
	b.wantNoTraffic(rollout.Green)
	b.RunFor(time.Minute)
	if text := said(b.message(name)); !strings.Contains(text, "rejected by bob: not on a &lt;Friday&gt;") {
		t.Errorf("the message says %q", text)
	}
	if reason := b.record(name).Reason; reason != "rejected by bob: not on a <Friday>" {
		t.Errorf("the reason is %q", reason)
	}
}
