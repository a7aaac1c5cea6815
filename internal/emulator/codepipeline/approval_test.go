package codepipeline_test

import (
	"errors"
	"testing"
	"time"

	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/google/go-cmp/cmp"
)

func TestApprovalExpires(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		minutes *int32
		after   time.Duration
	}{
		"Default": {nil, 7 * 24 * time.Hour},
		"Own":     {new(int32(5)), 5 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := declaration()
			d.Stages[1].Actions[0].TimeoutInMinutes = test.minutes
			id := w.create(t, d)
			w.RunFor(test.after - time.Second)
			if got := w.status(t, id); got != types.PipelineExecutionStatusInProgress {
				t.Errorf("status before = %s, want InProgress", got)
			}
			token := w.production(t).ActionStates[0].LatestExecution.Token
			w.RunFor(time.Second)
			if got := w.status(t, id); got != types.PipelineExecutionStatusFailed {
				t.Errorf("status after = %s, want Failed", got)
			}
			_, err := w.client.PutApprovalResult(t.Context(), &client.PutApprovalResultInput{
				PipelineName: new("shop"), StageName: new("Production"), ActionName: new("Approve"), Token: token,
				Result: &types.ApprovalResult{Status: types.ApprovalStatusApproved, Summary: new("late")},
			})
			if _, ok := errors.AsType[*types.InvalidApprovalTokenException](err); !ok {
				t.Errorf("late answer: %v, want an InvalidApprovalTokenException", err)
			}
		})
	}
}

func TestApprovalTellsItsTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := declaration()
	d.Stages[1].Actions[0].Configuration = map[string]string{
		"NotificationArn": "arn:aws:sns:us-east-1:123456789012:approvals", "CustomData": "Review build 42", "ExternalEntityLink": "https://ci.example/42",
	}
	w.create(t, d)
	if len(w.told) != 1 {
		t.Fatalf("told %v, want one message", w.told)
	}
	token := *w.production(t).ActionStates[0].LatestExecution.Token
	const console = "https://console.aws.amazon.com/codepipeline/home?region=us-east-1#/view/shop"
	want := `APPROVAL NEEDED: AWS CodePipeline shop for action Approve: {"region":"us-east-1","consoleLink":"` + console + `",` +
		`"approval":{"pipelineName":"shop","stageName":"Production","actionName":"Approve","token":"` + token + `","expires":"2026-01-08T00:00Z",` +
		`"externalEntityLink":"https://ci.example/42","approvalReviewLink":"` + console + `/Production/Approve/approve/` + token + `","customData":"Review build 42"}}`
	if diff := cmp.Diff(want, w.told[0]); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

func TestApprovalFailsWithoutItsTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := declaration()
	d.Stages[1].Actions[0].Configuration = map[string]string{"NotificationArn": "arn:aws:sns:us-east-1:123456789012:none"}
	id := w.create(t, d)
	if got := w.status(t, id); got != types.PipelineExecutionStatusFailed {
		t.Errorf("status = %s, want Failed", got)
	}
	if got := w.production(t).ActionStates[0].LatestExecution.ErrorDetails; got == nil || *got.Code != "ConfigurationError" {
		t.Errorf("error = %+v, want ConfigurationError", got)
	}
}
