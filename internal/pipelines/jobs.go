package pipelines

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// How long CodePipeline waits for the function that an action invokes: JobTimeout for
// each answer, ActionTimeout for the one that ends the action (AWS: CodePipeline User
// Guide, Quotas in AWS CodePipeline).
const (
	JobTimeout    = 20 * time.Minute
	ActionTimeout = 24 * time.Hour
)

// Answer limits (AWS: CodePipeline API Reference, ExecutionDetails, FailureDetails).
const (
	maxDetails = 2048
	maxFailure = 5000
)

// Word is what a job is answered with.
type Word struct {
	Summary  string // for people
	External string // name of what does the work
}

// Failure is a Word that ends an action badly.
type Failure struct {
	Word

	Type types.FailureType
}

// GoOn says that a job's work is not done yet. CodePipeline invokes the function again,
// with the token, for another job. Like the other answers it is one attempt;
// Superseded if CodePipeline does not wait for it any more, NotFound if it knows no
// such job.
func (p Pipelines) GoOn(ctx context.Context, job, token string, w Word) error {
	return p.succeed(ctx, job, &token, w)
}

// Succeed ends a job's action well.
func (p Pipelines) Succeed(ctx context.Context, job string, w Word) error {
	return p.succeed(ctx, job, nil, w)
}

func (p Pipelines) succeed(ctx context.Context, job string, token *string, w Word) error {
	_, err := p.CodePipeline.PutJobSuccessResult(ctx, &codepipeline.PutJobSuccessResultInput{
		JobId: &job, ContinuationToken: token,
		ExecutionDetails: &types.ExecutionDetails{Summary: aws.String(shortened(w.Summary, maxDetails)), ExternalExecutionId: named(w.External)},
	}, once)
	return answered(err, job)
}

// Fail ends a job's action badly.
func (p Pipelines) Fail(ctx context.Context, job string, f Failure) error {
	_, err := p.CodePipeline.PutJobFailureResult(ctx, &codepipeline.PutJobFailureResultInput{
		JobId: &job, FailureDetails: &types.FailureDetails{
			Type: f.Type, Message: aws.String(shortened(f.Summary, maxFailure)), ExternalExecutionId: named(f.External),
		},
	}, once)
	return answered(err, job)
}

// once keeps the SDK from repeating an answer by itself: its caller has to know whether
// it was the first.
func once(o *codepipeline.Options) { o.Retryer = aws.NopRetryer{} }

func answered(err error, job string) error {
	switch {
	case awsclient.Is(err, "InvalidJobStateException"):
		return rollout.Errorf(rollout.KindSuperseded, "CodePipeline does not wait for job %s any more: %w", job, err)
	case awsclient.Is(err, "JobNotFoundException"):
		return rollout.Errorf(rollout.KindNotFound, "CodePipeline knows no job %s in this account and Region: %w", job, err)
	default:
		return wrap(err, "answer job %s of CodePipeline", job)
	}
}

// named is an ID that AWS takes, which is not empty.
func named(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

// shortened cuts what is longer than AWS takes.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
