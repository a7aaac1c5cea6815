package harness_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// What does not carry Slack's own signature, now and for the first time, moves
// nothing.
func TestNotFromSlack(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	m := b.untilAsked(name)
	body := b.pressed(ada, m.TS, "approve", b.question(name).ID)
	signed := func(body []byte, ago time.Duration) http.Header {
		var header http.Header
		b.Do(func() { header = b.Slack.Sign(body, b.Now().Add(-ago)) })
		return header
	}
	with := func(h http.Header, name, value string) http.Header {
		h = h.Clone()
		h.Set(name, value)
		return h
	}
	const signature, timestamp = "X-Slack-Signature", "X-Slack-Request-Timestamp"
	other := b.pressed(bob, m.TS, "approve", b.question(name).ID)
	large := append([]byte("payload="), bytes.Repeat([]byte("a"), 1<<20)...)
	for _, c := range []struct {
		name   string
		header http.Header
		body   []byte
		want   int
	}{
		{"unsigned", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, body, http.StatusUnauthorized},
		{"another body's signature", signed(other, 0), body, http.StatusUnauthorized},
		{"a made-up signature", with(signed(body, 0), signature, "v0="+strings.Repeat("a", 64)), body, http.StatusUnauthorized},
		{"no hexadecimal digits", with(signed(body, 0), signature, "v0="+strings.Repeat("x", 64)), body, http.StatusUnauthorized},
		{"another version", with(signed(body, 0), signature, strings.Replace(signed(body, 0).Get(signature), "v0", "v1", 1)), body, http.StatusUnauthorized},
		{"stale", signed(body, 6*time.Minute), body, http.StatusUnauthorized},
		{"from the future", signed(body, -20*time.Minute), body, http.StatusUnauthorized},
		{"a new timestamp on an old signature", with(signed(body, 6*time.Minute), timestamp, signed(body, 0).Get(timestamp)), body, http.StatusUnauthorized},
		{"a timestamp that is none", with(signed(body, 0), timestamp, "now"), body, http.StatusUnauthorized},
		{"a megabyte", signed(large, 0), large, http.StatusRequestEntityTooLarge},
		{"a megabyte, unsigned", http.Header{}, large, http.StatusRequestEntityTooLarge},
		{"not a form", signed([]byte("{"), 0), []byte("{"), http.StatusBadRequest},
	} {
		if got := b.postWith(c.header, c.body); got.Status != c.want {
			t.Errorf("%s: answered %d (%s), want %d", c.name, got.Status, got.Body, c.want)
		}
	}
	b.wantStanding(name, rollout.Open)
	if clicks, err := b.Steps.Store.Clicks(b.ctx(), b.question(name).ID); err != nil || len(clicks) > 0 {
		t.Errorf("clicks %+v (%v), want none", clicks, err)
	}

	// The real one counts, once. Its repeat is refused, whatever its digits' case.
	header := signed(body, 0)
	if got := b.postWith(header, body); got.Status != http.StatusOK {
		t.Errorf("the real one: answered %d (%s)", got.Status, got.Body)
	}
	upper := with(header, signature, "v0="+strings.ToUpper(strings.TrimPrefix(header.Get(signature), "v0=")))
	for _, again := range []http.Header{header, upper} {
		if got := b.postWith(again, body); got.Status != http.StatusUnauthorized {
			t.Errorf("replayed: answered %d (%s), want 401", got.Status, got.Body)
		}
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	if got := b.decisions(name, store.DecidedApproval); len(got) != 2 { // ada's, and what it led to
		t.Errorf("recorded %+v, want the click once", got)
	}
}

// A replay is refused for as long as its timestamp counts, on another day by its
// timestamp.
func TestReplayedLater(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Quorum = 2 })
	name := b.build(good, 1)
	b.untilAsked(name)
	out := b.press(ada, name, "approve")
	for _, wait := range []time.Duration{4 * time.Minute, time.Minute, time.Hour, 24 * time.Hour} {
		if got := b.postWith(out.Sent.Header, out.Sent.Body); got.Status != http.StatusUnauthorized {
			t.Errorf("answered %d, want 401", got.Status)
		}
		b.RunFor(wait)
	}
}

// Slack is down for an hour: the rollout goes its way as if it were not, and the
// message catches up.
func TestSlackDownForAnHour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault web.Fault
	}{
		{"429", web.Fault{Answer: &wire.Response{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"90"}}}}},
		{"500", web.Fault{Answer: &wire.Response{Status: http.StatusInternalServerError, Header: http.Header{}}}},
		{"no connection", web.Fault{Refuse: true}},
		{"no answer", web.Fault{Delay: 2 * time.Hour}},
		{"the answer is lost", web.Fault{LoseAnswer: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newAskingBox(t)
			calls := b.slackFails(c.fault)
			name := b.build(good, 1)
			b.untilState(name, "Approve")
			b.RunFor(20 * time.Minute)
			if got := *calls; got == 0 || got > 20 {
				t.Errorf("Slack was called %d times in 20 minutes, want a few", got)
			}
			// Meanwhile somebody approves by the other way.
			b.decide(approvals.Decision{
				Action: approvals.Approve, Subject: b.question(name).ID, Person: inSlack(ada, "ada"),
			})
			b.RunFor(40 * time.Minute) // nobody can say yet who is in the group, so the click waits
			b.wantStanding(name, rollout.Open)
			b.Web.Fault = nil
			b.RunFor(16 * time.Minute)
			b.wantStanding(name, rollout.Approved)
			b.untilEnded(name)
			b.wantOutcome(name, rollout.Succeeded)
			b.RunFor(20 * time.Minute)
			b.wantCaughtUp(name, c.fault.LoseAnswer)
		})
	}
}

// slackFails has every call of Slack's API go wrong, and counts them.
func (b *box) slackFails(fault web.Fault) *int {
	calls := 0
	b.Web.Fault = func(r *wire.Request) web.Fault {
		if r.Host != "slack.com" {
			return web.Fault{}
		}
		calls++
		return fault
	}
	return &calls
}

// wantCaughtUp checks that the message says how the rollout ended and its thread has
// the details, and that nothing waits to be tried again. Where answers were lost,
// Slack may have a message that Sluice does not know of.
func (b *box) wantCaughtUp(name string, twice bool) {
	b.t.Helper()
	var about []slack.Message
	b.Do(func() {
		for _, m := range b.Slack.Messages(deploys) {
			if strings.Contains(said(m), "`"+name+"`") {
				about = append(about, m)
			}
		}
	})
	if len(about) == 0 || len(about) > 1 && !twice {
		b.t.Fatalf("%d messages are about %s, want 1", len(about), name)
	}
	last := about[len(about)-1]
	if text := said(last); !strings.Contains(text, "released") {
		b.t.Errorf("the message says %q", text)
	}
	b.Do(func() {
		if replies := b.Slack.Replies(deploys, last.TS); len(replies) < 8 {
			b.t.Errorf("its thread has %d replies, want the details", len(replies))
		}
	})
	b.wantNothingScheduled()
}

// Who is in a group is asked at the click; when Slack does not say, the click is
// counted later, and before the question expires.
func TestClickWhileSlackIsDown(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.slackFails(web.Fault{Answer: &wire.Response{Status: http.StatusInternalServerError, Header: http.Header{}}})
	if out := b.press(ada, name, "approve"); out.Failure != "" {
		t.Errorf("Approve: %s", out.Failure)
	}
	b.RunFor(30 * time.Minute)
	b.wantStanding(name, rollout.Open)
	b.Web.Fault = nil
	b.RunFor(16 * time.Minute)
	b.wantStanding(name, rollout.Approved)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// Where the list names people, Slack is not needed to know them.
func TestNamedApproverWhileSlackIsDown(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Approvers = []string{ada} })
	name := b.build(good, 1)
	b.untilAsked(name)
	b.slackFails(web.Fault{Answer: &wire.Response{Status: http.StatusInternalServerError, Header: http.Header{}}})
	b.press(ada, name, "approve")
	b.wantStanding(name, rollout.Approved)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// Slack waits three seconds. When the function cannot take a click in that time, its
// presser sees that, and can press again.
func TestClickThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.during("slack", "PutItem", 3, wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")})
	if out := b.press(ada, name, "approve"); out.Failure == "" {
		t.Error("a click that was not taken looks as if it had been")
	}
	b.during("slack", "PutEvents", 3, wire.Fault{LoseRequest: true})
	if out := b.press(ada, name, "approve"); out.Failure == "" {
		t.Error("a click that was not taken looks as if it had been")
	}
	b.wantStanding(name, rollout.Open)
	if out := b.press(ada, name, "approve"); out.Failure != "" {
		t.Errorf("Approve: %s", out.Failure)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// The approval function dies at each of its calls, and its event comes again.
func TestApprovalFunctionDies(t *testing.T) {
	t.Parallel()
	for call := 1; call <= 12; call++ {
		for _, after := range []bool{false, true} {
			b := newAskingBox(t, func(a *rollout.Approval) { a.Quorum = 2 })
			name := b.build(good, 1)
			b.untilAsked(name)
			dead := false
			b.Faults.Function = func(function string, _ int) lambda.FunctionFault {
				if b.folder(function) != "approval" || dead {
					return lambda.FunctionFault{}
				}
				dead = true
				if after {
					return lambda.FunctionFault{DieAfterCall: call}
				}
				return lambda.FunctionFault{DieBeforeCall: call}
			}
			b.press(ada, name, "approve")
			b.RunFor(5 * time.Minute) // Lambda tries again
			dead = false
			b.press(bob, name, "approve")
			b.RunFor(5 * time.Minute)
			b.untilEnded(name)
			b.wantOutcome(name, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name)
			if votes := b.question(name).Cast(); len(votes) != 2 {
				t.Errorf("died at call %d: %d votes, want 2", call, len(votes))
			}
			if got := b.decisions(name, store.DecidedApproval); len(got) != 3 {
				t.Errorf("died at call %d: recorded %d times, want ada, bob and the result: %+v", call, len(got), got)
			}
		}
	}
}

// A command on what is not there is refused to who gave it, rather than left behind.
func TestButtonOfNoRollout(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.post(b.pressed(ada, b.message(name).TS, "pause", "shop-production-99"))
	b.RunFor(time.Minute)
	b.wantWhisper(ada, `no rollout is named "shop-production-99"`)
}

func TestButtons(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(ada, name, "approve")
	b.untilState(name, "Bake")
	b.RunFor(10 * time.Second)

	b.press(eve, name, "pause")
	if !b.inState(name, "Bake") {
		t.Error("somebody who may not has paused it")
	}
	b.wantWhisper(eve, "the spec's operators")

	b.press(ada, name, "pause")
	if !b.inState(name, "Hold") {
		t.Fatalf("it went %v, want Hold", b.path(name))
	}
	if text := said(b.message(name)); !strings.Contains(text, "paused at 10 percent") {
		t.Errorf("the message says %q", text)
	}
	b.RunFor(2 * time.Hour)
	b.press(bob, name, "resume")
	if !b.inState(name, "Bake") {
		t.Fatalf("it went %v, want Bake", b.path(name))
	}
	old := b.message(name)
	b.press(ada, name, "promote")
	b.untilNth(name, "Bake", 3)

	// The promote button of the bake before does not end this one.
	b.send(ada, old.TS, old.Blocks, "promote")
	b.wantSees(ada, "is not in Bake any more")
	if path := b.path(name); len(path) != 13 || !b.inState(name, "Bake") {
		t.Errorf("it went %v: the button of one bake has ended another", path)
	}
	b.untilNth(name, "Bake", 4)
	b.RunFor(10 * time.Second)
	b.press(ada, name, "abort")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	if reason := b.record(name).Reason; !strings.Contains(reason, "aborted: by ada") {
		t.Errorf("the reason is %q", reason)
	}
	var what []string
	for _, d := range b.decisions(name, store.DecidedCommand) {
		what = append(what, d.What)
	}
	if len(what) < 5 {
		t.Errorf("recorded %q", what)
	}
}

// A rollout that goes back, whatever for, has nothing to promote or to pause: not on
// its message, and who presses it on an old one hears so.
func TestButtonsWhileItGoesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		why  func(b *box)
		sees string
	}{
		{"alarm", func(b *box) { b.alarm("shop-green-5xx", red) }, "goes back, and there is nothing to "},
		{"somebody else's weights", func(b *box) { b.setWeights(80, 20) }, "is not in Bake any more; there is nothing to "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, func(s *rollout.Spec) {
				s.Environments[0].Operators, s.Notify = []string{deployers}, []rollout.Channel{{Slack: "#deploys"}}
			})
			b.people()
			name := b.build(good, 1)
			old := b.drawn(name, "Bake")
			c.why(b)
			b.drawn(name, "Settle")
			for _, button := range []string{"promote", "pause"} {
				if strings.Contains(said(b.message(name)), `"action_id":"`+button+`"`) {
					t.Errorf("the message still has the button %s", button)
				}
				b.send(ada, old.TS, old.Blocks, button)
				b.wantSees(ada, c.sees+button)
			}
			b.untilEnded(name)
			b.wantOutcome(name, rollout.RolledBack)
		})
	}
}

// A click on a button whose event comes twice moves one thing once.
func TestPromoteTwice(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Approvers = []string{ada} })
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(ada, name, "approve")
	b.untilState(name, "Bake")
	b.RunFor(10 * time.Second)
	d := approvals.Decision{ID: "one-click", Action: approvals.Promote, Subject: name, Person: inSlack(ada, "ada")}
	d.At = b.Now()
	b.decide(d)
	b.untilNth(name, "Bake", 2)
	b.decide(d)
	b.RunFor(2 * time.Minute)
	if path := b.path(name); !b.inState(name, "Bake") {
		t.Errorf("it went %v: the click promoted twice", path)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}
