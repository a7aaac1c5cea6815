package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
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
	if text := said(m); !strings.Contains(text, "released") || strings.Contains(text, `"action_id":"approve"`) {
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

func TestExpired(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer  rollout.Answer
		expires time.Duration
		want    rollout.Outcome
	}{
		{rollout.Reject, 90 * time.Minute, rollout.Rejected},
		{rollout.Reject, 20 * time.Second, rollout.Rejected},
		{rollout.Approve, 90 * time.Minute, rollout.Succeeded},
	} {
		t.Run(string(c.answer)+" after "+c.expires.String(), func(t *testing.T) {
			t.Parallel()
			b := newAskingBox(t, func(a *rollout.Approval) { a.OnExpiry, a.Expires = c.answer, c.expires })
			name := b.build(good, 1)
			b.untilState(name, "Approve")
			b.RunFor(time.Second)
			asked := b.question(name).At
			b.untilState(name, map[rollout.Outcome]string{rollout.Rejected: "Leave", rollout.Succeeded: "Lock"}[c.want])
			if late := b.Now().Sub(asked.Add(c.expires)); late < 0 || late > 10*time.Second {
				t.Errorf("it expired %v after its time", late)
			}
			b.untilEnded(name)
			b.wantOutcome(name, c.want)
			if c.want == rollout.Rejected && !strings.Contains(b.record(name).Reason, "expired: 0 of 1") {
				t.Errorf("the reason is %q", b.record(name).Reason)
			}
			b.RunFor(time.Minute)
			if strings.Contains(said(b.message(name)), `"action_id":"approve"`) {
				t.Error("the message still asks")
			}
		})
	}
}

// A click that comes when time is over counts for nothing, although the state has not
// looked yet.
func TestClickAfterTheTime(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Expires = time.Minute })
	name := b.build(good, 1)
	b.untilState(name, "Approve")
	b.RunFor(59 * time.Second)
	b.during("approve", "GetItem", 1, wire.Fault{Delay: 4 * time.Second}) // the state's look is slow
	b.RunFor(2 * time.Second)
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
	b.wantWhisper(ada, "not open any more: expired")
}

func TestQuorumOfTwo(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Quorum = 2 })
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(ada, name, "approve")
	b.wantStanding(name, rollout.Open)
	if text := said(b.message(name)); !strings.Contains(text, "Approvals: 1 of 2 so far: ada") {
		t.Errorf("the message says %q", text)
	}
	b.press(ada, name, "approve") // one person is not two
	b.wantStanding(name, rollout.Open)
	b.wantWhisper(ada, "ada has answered this already")
	b.press(bob, name, "approve")
	b.wantStanding(name, rollout.Approved)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	if why := b.question(name).Why; why != "approved by ada and bob" {
		t.Errorf("it is %q", why)
	}
}

func TestOneRejectsOfTwo(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Quorum = 2 })
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(ada, name, "approve")
	b.reject(ada, name, "on second thoughts, no")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
}

func TestAuthorMayNot(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.NotAuthor = true })
	b.author = "Dana D. <Dana@Example.com>"
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(dana, name, "approve")
	b.wantStanding(name, rollout.Open)
	b.wantWhisper(dana, "is the author of this release")
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	recorded := b.decisions(name, store.DecidedApproval)
	if recorded[0].Kind != rollout.KindRefused || recorded[0].Inputs["id"] != dana {
		t.Errorf("the refusal is recorded as %+v", recorded[0])
	}
}

// The author may reject.
func TestAuthorRejects(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.NotAuthor = true })
	b.author = "dana@example.com"
	name := b.build(good, 1)
	b.untilAsked(name)
	b.reject(dana, name, "I forgot the migration")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
}

// Where the author may not approve, somebody whose e-mail address is hidden may not
// either: they could be the author.
func TestHiddenAddress(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.NotAuthor = true })
	b.Do(func() {
		b.Slack.AddUser(slack.User{ID: dana, Name: "dana", RealName: "Dana", Email: "dana@example.com", HidesEmail: true})
	})
	b.author = "dana@example.com"
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(dana, name, "approve")
	b.wantStanding(name, rollout.Open)
	b.wantWhisper(dana, "no e-mail address of")
}

// A release without an author cannot be held against one.
func TestNobodyKnowsTheAuthor(t *testing.T) {
	t.Parallel()
	for _, author := range []string{"", "dana"} {
		b := newAskingBox(t, func(a *rollout.Approval) { a.NotAuthor = true })
		b.author = author
		name := b.build(good, 1)
		b.untilEnded(name)
		b.wantPath(name, "Start", "Approve", "Leave")
		b.wantOutcome(name, rollout.Refused)
		if reason := b.record(name).Reason; !strings.Contains(reason, "have the build name the author's e-mail address") {
			t.Errorf("author %q: the reason is %q", author, reason)
		}
	}
}

func TestNotAnApprover(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	b.press(eve, name, "approve")
	b.wantStanding(name, rollout.Open)
	b.wantWhisper(eve, "not among those who may approve")
	b.reject(eve, name, "because I can")
	b.wantStanding(name, rollout.Open)
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

func TestDoubleClick(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	m := b.untilAsked(name)
	both := 0
	b.Do(func() {
		for range 2 {
			err := b.Slack.StartPress(slack.Button{User: ada, Channel: deploys, TS: m.TS, Action: "approve"}, func(o slack.Outcome) {
				if o.Failure != "" {
					t.Errorf("Approve: %s", o.Failure)
				}
				both++
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.wantOutcome(name, rollout.Succeeded)
	if both != 2 {
		t.Errorf("%d clicks were answered, want 2", both)
	}
	if votes := b.question(name).Cast(); len(votes) != 1 {
		t.Errorf("%d votes, want 1", len(votes))
	}
}

func TestTwoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		quorum int
		slow   time.Duration // the first one's vote travels so long
	}{
		{"one is enough", 1, 0},
		{"one is enough, the first is slow", 1, 2 * time.Second},
		{"both are needed", 2, 0},
		{"both are needed, the first is slow", 2, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newAskingBox(t, func(a *rollout.Approval) { a.Quorum = c.quorum })
			name := b.build(good, 1)
			m := b.untilAsked(name)
			b.during("approval", "UpdateItem", 1, wire.Fault{Delay: c.slow})
			b.Do(func() {
				for _, who := range []string{ada, bob} {
					if err := b.Slack.StartPress(slack.Button{User: who, Channel: deploys, TS: m.TS, Action: "approve"}, func(slack.Outcome) {}); err != nil {
						t.Error(err)
					}
				}
			})
			b.untilEnded(name)
			b.wantPath(name, whole...)
			b.wantOutcome(name, rollout.Succeeded)
			if votes := b.question(name).Cast(); len(votes) < c.quorum {
				t.Errorf("%d votes, want %d", len(votes), c.quorum)
			}
		})
	}
}

// The button of a message whose question a newer release has replaced does nothing.
func TestOldMessageAfterSuperseding(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	first := b.build(good, 1)
	m := b.untilAsked(first)
	old := m.Blocks // as it was on a screen that has not been brought up to date
	second := b.build(good, 1)
	b.untilAsked(second)
	b.untilEnded(first)
	b.wantPath(first, "Start", "Approve", "Leave")
	b.wantOutcome(first, rollout.Superseded)
	b.RunFor(time.Minute)
	if text := said(b.message(first)); strings.Contains(text, `"action_id":"approve"`) || !strings.Contains(text, "superseded") {
		t.Errorf("the old message says %q", text)
	}
	b.send(ada, m.TS, old, "approve")
	b.wantStanding(first, rollout.Void)
	b.wantStanding(second, rollout.Open)
	b.wantWhisper(ada, second+" has come after "+first)
	b.press(ada, second, "approve")
	b.untilEnded(second)
	b.wantOutcome(second, rollout.Succeeded)
	b.wantAtRest(rollout.Green, first, second)
}

// A newer release that needs no approval replaces an older one's question as well.
func TestSupersededByOneThatNeedsNone(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	first := b.build(good, 1)
	b.untilAsked(first)
	spec := shop()
	if err := b.Steps.Register(b.ctx(), spec); err != nil {
		t.Fatal(err)
	}
	second := b.build(good, 1)
	b.untilEnded(first)
	b.wantOutcome(first, rollout.Superseded)
	b.untilEnded(second)
	b.wantPath(second, whole...)
	b.wantAtRest(rollout.Green, first, second)
}

// An older release that comes to its question when a newer one has asked, or has
// passed, does not ask.
func TestOlderComesLater(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	b.during("approve", "GetItem", 1, wire.Fault{Delay: 4900 * time.Millisecond})
	first := b.build(good, 1)
	b.untilState(first, "Approve")
	second := b.build(good, 1)
	b.untilAsked(second)
	b.untilEnded(first)
	b.wantOutcome(first, rollout.Superseded)
	b.press(ada, second, "approve")
	b.untilEnded(second)
	b.wantAtRest(rollout.Green, first, second)
}

// An approval that was given and not used yet is worth nothing when a newer release
// has come.
func TestApprovedAndSuperseded(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	holder := b.build(good, 1)
	b.untilAsked(holder)
	b.press(ada, holder, "approve")
	b.untilState(holder, "Bake")
	second := b.build(good, 1)
	b.untilAsked(second)
	b.press(ada, second, "approve")
	b.untilState(second, "Lock")
	third := b.build(good, 1)
	b.untilAsked(third) // does not replace one that was approved and waits for the lock
	if !b.inState(second, "Lock") {
		t.Errorf("%s went %v, want it to wait in Lock", second, b.path(second))
	}
	b.press(bob, third, "approve")
	b.untilEnded(second)
	b.wantOutcome(second, rollout.Superseded)
	b.untilEnded(third)
	b.wantOutcome(third, rollout.Succeeded)
	b.wantAtRest(rollout.Blue, holder, second, third)
}

// The click comes before the state that waits has kept its token: it looks for
// itself.
func TestApprovalBeforeTheWaitIsStored(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	slow := 0
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		update, ok := c.Input().(*dynamodb.UpdateItemInput)
		if !ok || slow > 0 || b.caller(c) != "approve" ||
			!strings.Contains(aws.ToString(update.UpdateExpression), "#token = :token") {
			return nil
		}
		slow++
		return &wire.Fault{Delay: 4 * time.Second}
	})
	name := b.build(good, 1)
	b.untilState(name, "Approve")
	b.RunFor(time.Second)
	id := b.question(name).ID
	if b.question(name).Token != nil {
		t.Fatal("the token is kept already")
	}
	b.decide(approvals.Decision{Action: approvals.Approve, Subject: id, Person: inSlack(ada, "ada")})
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.wantOutcome(name, rollout.Succeeded)
}

func TestApprovalAfterTheExecutionWasStopped(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		b := newAskingBox(t)
		if !told {
			b.lose("aws.states")
		}
		name := b.build(good, 1)
		b.untilAsked(name)
		b.stop(name)
		b.press(ada, name, "approve")
		b.untilEnded(name)
		b.RunFor(time.Hour)
		b.wantOutcome(name, rollout.Refused)
		b.wantAtRest(rollout.Blue, name)
		b.wantNoTraffic(rollout.Green)
		if got := b.decisions(name, store.DecidedApproval); len(got) == 0 {
			t.Errorf("told %t: the click is not recorded", told)
		}
		b.wantStanding(name, rollout.Void)
		next := b.build(good, 1)
		b.untilAsked(next)
		b.press(ada, next, "approve")
		b.untilEnded(next)
		b.wantOutcome(next, rollout.Succeeded)
	}
}

// Whoever can end a wait in Step Functions cannot approve by that: the lock asks for
// the approval itself.
func TestWaitEndedByHand(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	name := b.build(good, 1)
	b.untilAsked(name)
	token := b.question(name).Token.Token
	if _, err := b.aws.SFN.SendTaskSuccess(b.ctx(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("{}")}); err != nil {
		t.Fatal(err)
	}
	b.untilEnded(name)
	b.wantPath(name, "Start", "Approve", "Lock", "Leave")
	b.wantOutcome(name, rollout.Refused)
	b.wantNoTraffic(rollout.Green)
}

// A rollback is never asked for.
func TestRollbackIsNotAskedFor(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	var names []string
	for range 2 {
		name := b.build(good, 1)
		b.untilAsked(name)
		b.press(ada, name, "approve")
		b.untilEnded(name)
		names = append(names, name)
	}
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: production, Cause: "1", Why: "ana asked for it"})
	if err != nil {
		t.Fatal(err)
	}
	b.untilEnded(asked)
	b.wantPath(asked, way(beginBack, step, finish)...)
	b.wantAtRest(rollout.Green, append(names, asked)...)
}
