// Package pipelines reads and answers manual approvals of AWS CodePipeline.
package pipelines

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Pipelines talks to CodePipeline.
type Pipelines struct{ CodePipeline *codepipeline.Client }

// Action names an approval action of a pipeline.
type Action struct{ Pipeline, Stage, Action string }

// Pending is an approval that waits.
type Pending struct {
	Execution string // ID of the action's execution
	Token     string // which PutApprovalResult asks for
	Summary   string // what the pipeline says about it
	Link      string // the page that it asks to be reviewed, "" if there is none
}

// Pending reads the approval that waits in the action; nil if none does, because it
// has been answered or the pipeline went on.
func (p Pipelines) Pending(ctx context.Context, a Action) (*Pending, error) {
	out, err := p.CodePipeline.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &a.Pipeline})
	if err != nil {
		return nil, wrap(err, "read the state of pipeline %s", a.Pipeline)
	}
	for _, stage := range out.StageStates {
		if aws.ToString(stage.StageName) != a.Stage {
			continue
		}
		for _, action := range stage.ActionStates {
			latest := action.LatestExecution
			if aws.ToString(action.ActionName) != a.Action || latest == nil || aws.ToString(latest.Token) == "" ||
				latest.Status != types.ActionExecutionStatusInProgress {
				continue
			}
			return &Pending{
				Execution: aws.ToString(latest.ActionExecutionId), Token: *latest.Token,
				Summary: aws.ToString(latest.Summary), Link: aws.ToString(action.EntityUrl),
			}, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing waits is an answer
}

// maxSummary is how long a summary may be, in characters (AWS: CodePipeline API
// Reference, ApprovalResult).
const maxSummary = 512

// Answer gives an answer to an approval that waits. An approval that has been
// answered meanwhile, or waits no longer, is Superseded.
func (p Pipelines) Answer(ctx context.Context, a Action, token string, approved bool, why string) error {
	status := types.ApprovalStatusRejected
	if approved {
		status = types.ApprovalStatusApproved
	}
	if runes := []rune(why); len(runes) > maxSummary {
		why = string(runes[:maxSummary-1]) + "…"
	}
	_, err := p.CodePipeline.PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
		PipelineName: &a.Pipeline, StageName: &a.Stage, ActionName: &a.Action, Token: &token,
		Result: &types.ApprovalResult{Status: status, Summary: &why},
	})
	if awsclient.Is(err, "ApprovalAlreadyCompletedException", "InvalidApprovalTokenException") {
		return rollout.Errorf(rollout.KindSuperseded, "pipeline %s does not wait for this answer any more", a.Pipeline)
	}
	return wrap(err, "answer the approval %s of pipeline %s", a.Action, a.Pipeline)
}

func wrap(err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case awsclient.Is(err, "PipelineNotFoundException", "StageNotFoundException", "ActionNotFoundException"):
		return rollout.Errorf(rollout.KindNotFound, format+": %w", append(args, err)...)
	default:
		return awsclient.Wrap(err, format, args...)
	}
}
