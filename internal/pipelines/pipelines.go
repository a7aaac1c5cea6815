// Package pipelines reads and answers manual approvals of AWS CodePipeline, and answers
// the jobs of actions that invoke a function.
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
	state, err := p.state(ctx, a)
	if err != nil {
		return nil, err
	}
	latest := state.LatestExecution
	if latest == nil || aws.ToString(latest.Token) == "" || latest.Status != types.ActionExecutionStatusInProgress {
		return nil, nil //nolint:nilnil // nothing waits is an answer
	}
	return &Pending{
		Execution: aws.ToString(latest.ActionExecutionId), Token: *latest.Token,
		Summary: aws.ToString(latest.Summary), Link: aws.ToString(state.EntityUrl),
	}, nil
}

// Ending is how an approval's action has ended.
type Ending string

// The endings. Unknown is one that runs, or that the pipeline does not tell of any
// more because the action has run again.
const (
	Unknown  Ending = ""
	Approved Ending = "approved"
	Failed   Ending = "failed" // rejected, or nobody answered in time
)

// Ended reads how an execution of the action has ended.
func (p Pipelines) Ended(ctx context.Context, a Action, execution string) (Ending, error) {
	state, err := p.state(ctx, a)
	if err != nil {
		return Unknown, err
	}
	latest := state.LatestExecution
	if latest == nil || aws.ToString(latest.ActionExecutionId) != execution {
		return Unknown, nil
	}
	switch latest.Status {
	case types.ActionExecutionStatusSucceeded:
		return Approved, nil
	case types.ActionExecutionStatusFailed:
		return Failed, nil
	default:
		return Unknown, nil
	}
}

// state reads how the action stands; the zero state where the pipeline has none of
// that name.
func (p Pipelines) state(ctx context.Context, a Action) (types.ActionState, error) {
	out, err := p.CodePipeline.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &a.Pipeline})
	if err != nil {
		return types.ActionState{}, wrap(err, "read the state of pipeline %s", a.Pipeline)
	}
	for _, stage := range out.StageStates {
		if aws.ToString(stage.StageName) != a.Stage {
			continue
		}
		for _, action := range stage.ActionStates {
			if aws.ToString(action.ActionName) == a.Action {
				return action, nil
			}
		}
	}
	return types.ActionState{}, nil
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
	why = shortened(why, maxSummary)
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
