package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// infra is the pipeline of the stories.
const infra = "shop-infra"

// piped is a box whose app is asked for the manual approvals of a pipeline.
type piped struct {
	*box
	client  *codepipeline.Client
	minutes *int32 // how long its approvals wait; nil is CodePipeline's week
}

// asksFor is an entry of a spec's pipelines.
func asksFor(stage, action string, change ...func(*rollout.Approval)) rollout.Pipeline {
	rule := asking(change...)
	rule.Expires, rule.OnExpiry = 0, ""
	return rollout.Pipeline{Name: infra, Stage: stage, Action: action, Approval: *rule}
}

// newPiped makes the pipeline's people and the app that names it.
func newPiped(t *testing.T, entries ...rollout.Pipeline) *piped {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) { s.Pipelines = entries })
	b.people()
	return &piped{box: b, client: newPipelines(b)}
}

func newPipelines(b *box) *codepipeline.Client {
	return codepipeline.NewFromConfig(b.Config("AKIAPERSON"))
}

// create makes a pipeline, which runs at once and comes to its approval, and gives
// the run's ID.
func (p *piped) create(name string) string {
	p.t.Helper()
	act := func(name, provider string, category types.ActionCategory) types.ActionDeclaration {
		return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
			Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: aws.String("1"),
		}}
	}
	source := act("Fetch", "S3", types.ActionCategorySource)
	source.OutputArtifacts = []types.OutputArtifact{{Name: aws.String("SourceCode")}}
	approve := act("Approve", "Manual", types.ActionCategoryApproval)
	approve.Configuration = map[string]string{"CustomData": "a new table", "ExternalEntityLink": "https://example.com/change/7"}
	approve.TimeoutInMinutes = p.minutes
	deploy := act("Deploy", "ECS", types.ActionCategoryDeploy)
	deploy.InputArtifacts, deploy.RunOrder = []types.InputArtifact{{Name: aws.String("SourceCode")}}, aws.Int32(2)
	_, err := p.client.CreatePipeline(p.ctx(), &codepipeline.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: &name, RoleArn: aws.String("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: aws.String("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: aws.String("Production"), Actions: []types.ActionDeclaration{approve, deploy}},
		},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.RunFor(10 * time.Second)
	out, err := p.client.GetPipelineState(p.ctx(), &codepipeline.GetPipelineStateInput{Name: &name})
	if err != nil {
		p.t.Fatal(err)
	}
	return aws.ToString(out.StageStates[1].LatestExecution.PipelineExecutionId)
}

// wantRun fails the test if a run of the pipeline stands otherwise.
func (p *piped) wantRun(id string, want types.PipelineExecutionStatus) {
	p.t.Helper()
	out, err := p.client.GetPipelineExecution(p.ctx(), &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String(infra), PipelineExecutionId: &id})
	if err != nil {
		p.t.Fatal(err)
	}
	if got := out.PipelineExecution.Status; got != want {
		p.t.Errorf("the pipeline is %s, want %s", got, want)
	}
}

// approvalAction is how the pipeline's approval stands.
func (p *piped) approvalAction() types.ActionExecution {
	p.t.Helper()
	out, err := p.client.GetPipelineState(p.ctx(), &codepipeline.GetPipelineStateInput{Name: aws.String(infra)})
	if err != nil {
		p.t.Fatal(err)
	}
	return *out.StageStates[1].ActionStates[0].LatestExecution
}

// console answers the approval as a person does in AWS's console.
func (p *piped) console(status types.ApprovalStatus, summary string) {
	p.t.Helper()
	_, err := p.client.PutApprovalResult(p.ctx(), &codepipeline.PutApprovalResultInput{
		PipelineName: aws.String(infra), StageName: aws.String("Production"), ActionName: aws.String("Approve"),
		Token: p.approvalAction().Token, Result: &types.ApprovalResult{Status: status, Summary: &summary},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// asked is the question of the app about the newest run of the action.
func (p *piped) asked(app string) store.Approval {
	p.t.Helper()
	return p.approval(store.Binding{Rollout: aws.ToString(p.approvalAction().ActionExecutionId), Step: rollout.BeforeAll, Hash: app}.ID())
}

// questions are the messages in #deploys about pipelines.
func (p *piped) questions() []slack.Message {
	var found []slack.Message
	p.Do(func() {
		found = slices.DeleteFunc(p.Slack.Messages(deploys), func(m slack.Message) bool { return !strings.Contains(said(m), infra) })
	})
	return found
}

// message is the newest message about the pipeline.
func (p *piped) message() slack.Message {
	p.t.Helper()
	all := p.questions()
	if len(all) == 0 {
		p.t.Fatal("no message is about the pipeline")
	}
	return all[len(all)-1]
}

// press has somebody press a button of it.
func (p *piped) press(user, action string) {
	p.t.Helper()
	out, err := p.Slack.Press(user, deploys, p.message().TS, action)
	if err != nil || out.Failure != "" {
		p.t.Fatalf("press %s: %v %s", action, err, out.Failure)
	}
	p.RunFor(10 * time.Second)
}

// reject has somebody press Reject and give a reason.
func (p *piped) reject(user, reason string) {
	p.t.Helper()
	p.press(user, "reject")
	var open []slack.Dialog
	p.Do(func() { open = p.Slack.Dialogs(user) })
	if len(open) != 1 {
		p.t.Fatalf("%d dialogs are open, want 1", len(open))
	}
	if out, err := p.Slack.Submit(user, open[0].ID, map[string]string{"reason": reason}); err != nil || out.Failure != "" {
		p.t.Fatalf("submit the reason: %v %s", err, out.Failure)
	}
	p.RunFor(10 * time.Second)
}

// wantSaid fails the test unless that message says so.
func (p *piped) wantSaid(parts ...string) {
	p.t.Helper()
	text := said(p.message())
	for _, part := range parts {
		if !strings.Contains(text, part) {
			p.t.Errorf("the message does not say %q: %s", part, text)
		}
	}
}

// wantThread fails the test unless its thread says so, once.
func (p *piped) wantThread(text string) {
	p.t.Helper()
	count := 0
	ts := p.message().TS
	p.Do(func() {
		for _, m := range p.Slack.Replies(deploys, ts) {
			count += strings.Count(said(m), text) / 2 // in the text and in the blocks
			if strings.Count(said(m), text) == 1 {
				count++
			}
		}
	})
	if count != 1 {
		p.t.Errorf("the thread says %q %d times, want once", text, count)
	}
}
