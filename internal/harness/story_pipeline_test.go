package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

const (
	running   = types.PipelineExecutionStatusInProgress
	succeeded = types.PipelineExecutionStatusSucceeded
	failed    = types.PipelineExecutionStatusFailed
)

func TestPipelineApproved(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.wantRun(run, running)
	p.wantSaid("waits for approval", "stage Production, action Approve")
	p.press(ada, "approve")
	p.wantRun(run, succeeded)
	p.wantSaid("pipeline shop-infra: approved")
	if got := p.asked("shop"); got.Standing != rollout.Approved || got.Used == "" {
		t.Errorf("the question is %s, used by %q, want it approved and used", got.Standing, got.Used)
	}
	p.wantThread("ada approved it")
}

func TestPipelineRejected(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.reject(bob, "no room for a table")
	p.wantRun(run, failed)
	if got := aws.ToString(p.approvalAction().Summary); got != "rejected by bob: no room for a table" {
		t.Errorf("the action's summary is %q", got)
	}
	p.wantSaid("pipeline shop-infra: rejected", "no room for a table")
}

func TestPipelineQuorum(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", "", func(a *rollout.Approval) { a.Quorum = 2 }))
	run := p.create(infra)
	p.press(ada, "approve")
	p.press(ada, "approve")
	p.wantRun(run, running)
	p.press(bob, "approve")
	p.wantRun(run, succeeded)
}

func TestPipelineNotAnApprover(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.press(eve, "approve")
	p.wantWhisper(eve, "not among those who may approve")
	p.wantRun(run, running)
	p.wantSaid("waits for approval")
	d := p.decisions(p.asked("shop").ID, store.DecidedApproval)
	if len(d) != 1 || d[0].Kind != rollout.KindRefused || d[0].Inputs["id"] != eve {
		t.Errorf("recorded %+v, want that eve was refused", d)
	}
}

// Somebody answers in the console: nobody is asked any more.
func TestPipelineAnsweredInTheConsole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status types.ApprovalStatus
		event  string
		want   types.PipelineExecutionStatus
	}{
		{types.ApprovalStatusApproved, "SUCCEEDED", succeeded}, {types.ApprovalStatusRejected, "FAILED", failed},
	} {
		t.Run(string(c.status), func(t *testing.T) {
			t.Parallel()
			p := newPiped(t, asksFor("", ""))
			run := p.create(infra)
			p.console(c.status, "in the console")
			p.RunFor(10 * time.Second)
			p.wantSaid("went on", "without an answer from here: "+c.event)
			if strings.Contains(said(p.message()), `"action_id":"approve"`) {
				t.Error("the message still has buttons")
			}
			// Who still sees the old message presses its button.
			p.late(ada)
			p.wantRun(run, c.want)
			p.wantWhisper(ada, "not open any more")
			if got := p.asked("shop"); got.Standing != rollout.Void || len(got.Votes) != 0 {
				t.Errorf("the question is %s with votes %+v, want it void without", got.Standing, got.Votes)
			}
		})
	}
}

// late puts the decision of somebody whose screen still shows the buttons.
func (p *piped) late(user string) {
	p.t.Helper()
	p.decide(approvals.Decision{Action: approvals.Approve, Subject: p.asked("shop").ID, Channel: deploys, Person: inSlack(user, "ada")})
	p.RunFor(10 * time.Second)
}

// The console answers, its event is not here yet, and somebody presses: what the
// pipeline took counts, and the message says so.
func TestPipelineOvertaken(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.lose("aws.codepipeline")
	p.console(types.ApprovalStatusRejected, "in the console")
	p.press(ada, "approve")
	p.wantRun(run, failed)
	if got := p.asked("shop"); got.Standing != rollout.Void || !strings.Contains(got.Why, "the action had failed") {
		t.Errorf("the question is %s (%s), want it void and why", got.Standing, got.Why)
	}
	p.wantSaid("went on", "the action had failed")
}

// The answer to PutApprovalResult is lost; its repeat finds the approval answered, and
// that is by us.
func TestPipelineAnswerLost(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.during("approval", "PutApprovalResult", 1, wire.Fault{LoseAnswer: true})
	p.press(ada, "approve")
	p.wantRun(run, succeeded)
	p.wantSaid("pipeline shop-infra: approved")
	if got := p.asked("shop"); got.Standing != rollout.Approved {
		t.Errorf("the question is %s (%s), want it approved", got.Standing, got.Why)
	}
}

func TestPipelineExpires(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	p.minutes = aws.Int32(90)
	run := p.create(infra)
	p.RunFor(2 * time.Hour)
	p.wantRun(run, failed)
	p.wantSaid("went on", "FAILED")
	if got := p.asked("shop"); got.Standing != rollout.Void {
		t.Errorf("the question is %s, want it void", got.Standing)
	}
}

func TestPipelineEventTwice(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	p.twice()
	run := p.create(infra)
	p.press(ada, "approve")
	p.wantRun(run, succeeded)
	p.wantSaid("pipeline shop-infra: approved")
	p.wantThread("ada approved it")
	if got := p.asked("shop"); len(got.Votes) != 1 {
		t.Errorf("%d votes, want one", len(got.Votes))
	}
}

// The event that the action has begun comes when it has ended: nobody is asked.
func TestPipelineEventLate(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	p.Faults.Delivery = func(e eventbridge.Event, _ string) eventbridge.DeliveryFault {
		if strings.Contains(string(e.Detail), `"state":"STARTED"`) {
			return eventbridge.DeliveryFault{Delay: time.Hour}
		}
		return eventbridge.DeliveryFault{}
	}
	p.create(infra)
	p.console(types.ApprovalStatusApproved, "in the console")
	p.RunFor(2 * time.Hour)
	if m := p.questions(); len(m) != 0 {
		t.Errorf("%d messages, want none", len(m))
	}
}

func TestPipelineThatNobodyNames(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("Staging", ""), rollout.Pipeline{Name: "other", Approval: *asking()})
	run := p.create(infra)
	p.RunFor(time.Minute)
	p.wantRun(run, running)
	if m := p.questions(); len(m) != 0 {
		t.Errorf("%d messages, want none", len(m))
	}
}

// Two apps name the pipeline: both ask, one answer is enough, the other question ends.
func TestPipelineOfTwoApps(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	other := rollout.Spec{App: "store", Containers: map[string]string{"web": repository}, Pipelines: []rollout.Pipeline{asksFor("", "")}}
	if err := p.Steps.Register(p.ctx(), other); err != nil {
		t.Fatal(err)
	}
	run := p.create(infra)
	if m := p.questions(); len(m) != 2 {
		t.Fatalf("%d messages, want one of each app", len(m))
	}
	p.decide(approvals.Decision{Action: approvals.Approve, Subject: p.asked("store").ID, Channel: deploys, Person: inSlack(ada, "ada")})
	p.RunFor(10 * time.Second)
	p.wantRun(run, succeeded)
	if a, b := p.asked("store").Standing, p.asked("shop").Standing; a != rollout.Approved || b != rollout.Void {
		t.Errorf("the questions are %s and %s, want approved and void", a, b)
	}
}

// The entry that names the action most exactly says who may approve.
func TestPipelineOfTheMostExactEntry(t *testing.T) {
	t.Parallel()
	only := func(who string) func(*rollout.Approval) {
		return func(a *rollout.Approval) { a.Approvers = []string{who} }
	}
	p := newPiped(t, asksFor("", "", only(eve)), asksFor("Production", "Approve", only(dana)), asksFor("Production", "", only(bob)))
	run := p.create(infra)
	for _, who := range []string{eve, bob} {
		p.press(who, "approve")
		p.wantRun(run, running)
	}
	p.press(dana, "approve")
	p.wantRun(run, succeeded)
}

// A run that starts again is asked for again, in a message of its own.
func TestPipelineRunsAgain(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	p.create(infra)
	p.press(ada, "approve")
	if _, err := p.client.StartPipelineExecution(p.ctx(), &codepipeline.StartPipelineExecutionInput{Name: aws.String(infra)}); err != nil {
		t.Fatal(err)
	}
	p.RunFor(10 * time.Second)
	if m := p.questions(); len(m) != 2 || p.asked("shop").Standing != rollout.Open {
		t.Errorf("%d messages, the newest question is %s; want two, and it open", len(m), p.asked("shop").Standing)
	}
}
