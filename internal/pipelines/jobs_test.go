package pipelines_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// working is a world whose pipeline's second stage invokes a function.
type working struct {
	world
	jobs []string
}

func newWorking(t *testing.T) *working {
	t.Helper()
	w := &working{world: newWorld(t)}
	w.Do(func() {
		if err := w.Lambda.Register("deploy", lambda.FunctionConfig{}, lambda.InProcess("deploy", w)); err != nil {
			t.Error(err)
		}
	})
	people := iam.NewFromConfig(w.Config("AKIAPERSON"))
	_, err := people.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("pipeline"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codepipeline.amazonaws.com"}}]}`),
	})
	if err == nil {
		_, err = people.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("pipeline"), PolicyName: aws.String("deploy"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:123456789012:function:deploy"}]}`),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	declared, err := w.client.GetPipeline(t.Context(), &codepipeline.GetPipelineInput{Name: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	p := declared.Pipeline
	p.Name = aws.String("deploy")
	p.Stages[1].Actions = []types.ActionDeclaration{{
		Name: aws.String("Deploy"), Configuration: map[string]string{"FunctionName": "deploy"},
		ActionTypeId: &types.ActionTypeId{
			Category: types.ActionCategoryInvoke, Owner: types.ActionOwnerAws, Provider: aws.String("Lambda"), Version: aws.String("1"),
		},
	}}
	if _, err := w.client.CreatePipeline(t.Context(), &codepipeline.CreatePipelineInput{Pipeline: p}); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Second)
	return w
}

// Invoke is the function: it keeps the job.
func (w *working) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	var e struct {
		Job struct {
			ID string `json:"id"`
		} `json:"CodePipeline.job"`
	}
	err := json.Unmarshal(payload, &e)
	w.jobs = append(w.jobs, e.Job.ID)
	return []byte("null"), err
}

// action is how the action stands.
func (w *working) action() types.ActionExecution {
	w.t.Helper()
	out, err := w.client.GetPipelineState(w.t.Context(), &codepipeline.GetPipelineStateInput{Name: aws.String("deploy")})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.StageStates[1].ActionStates[0].LatestExecution
}

func (w *working) job() string { return w.jobs[len(w.jobs)-1] }

func TestJobIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	word := pipelines.Word{Summary: strings.Repeat("ä", 3000), External: "shop-production-7"}
	if err := w.GoOn(t.Context(), w.job(), "shop/7", word); err != nil {
		t.Fatal(err)
	}
	if a := w.action(); a.Status != types.ActionExecutionStatusInProgress || *a.ExternalExecutionId != word.External || !strings.HasSuffix(*a.Summary, "ä…") {
		t.Errorf("the action is %+v, want it going on", a)
	}
	if err := w.Succeed(t.Context(), w.job(), word); rollout.KindOf(err) != rollout.KindSuperseded {
		t.Errorf("a job that was answered: %v, want Superseded", err)
	}
	w.RunFor(time.Minute)
	if err := w.Succeed(t.Context(), w.job(), pipelines.Word{Summary: "all is well"}); err != nil {
		t.Fatal(err)
	}
	if a := w.action(); a.Status != types.ActionExecutionStatusSucceeded || *a.Summary != "all is well" || a.ExternalExecutionId != nil {
		t.Errorf("the action is %+v, want it succeeded", a)
	}
	if err := w.Fail(t.Context(), w.job(), pipelines.Failure{Word: word, Type: types.FailureTypeJobFailed}); rollout.KindOf(err) != rollout.KindSuperseded {
		t.Errorf("a failure after the success: %v, want Superseded", err)
	}
}

func TestJobIsFailed(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	long := pipelines.Failure{Word: pipelines.Word{Summary: strings.Repeat("x", 6000)}, Type: types.FailureTypePermissionError}
	if err := w.Fail(t.Context(), w.job(), long); err != nil {
		t.Fatal(err)
	}
	if a := w.action(); *a.ErrorDetails.Code != "PermissionError" || !strings.HasSuffix(*a.ErrorDetails.Message, "x…") {
		t.Errorf("the action is %+v", a)
	}
}

// An answer is one attempt, and what went wrong has a kind.
func TestJobAnswerErrors(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	if err := w.Succeed(t.Context(), "00000000-0000-4000-8000-000000000000", pipelines.Word{Summary: "x"}); rollout.KindOf(err) != rollout.KindNotFound {
		t.Errorf("a job of nobody: %v, want NotFound", err)
	}
	for _, c := range []struct {
		fault wire.Fault
		want  rollout.ErrorKind
	}{
		{wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}, rollout.KindThrottled},
		{wire.Fault{Err: wire.Errorf("AccessDeniedException", "no")}, rollout.KindDenied},
		{wire.Fault{LoseRequest: true}, rollout.KindUnavailable},
	} {
		calls := 0
		w.Faults.Request = func(*wire.Call) *wire.Fault { calls++; return &c.fault }
		for _, err := range []error{
			w.Succeed(t.Context(), w.job(), pipelines.Word{Summary: "x"}), w.GoOn(t.Context(), w.job(), "t", pipelines.Word{Summary: "x"}),
			w.Fail(t.Context(), w.job(), pipelines.Failure{Word: pipelines.Word{Summary: "x"}, Type: types.FailureTypeJobFailed}),
		} {
			if rollout.KindOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		}
		if calls != 3 {
			t.Errorf("%s: %d requests for three answers", c.want, calls)
		}
	}
}
