package codepipeline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
)

// functions is CodePipeline whose pipeline invokes a function, and what the function
// was invoked with.
type functions struct {
	*world
	run     string // of the pipeline
	invoked []invocation
	refuse  error // an invocation
}

type invocation struct {
	role, function string
	job            jobEvent
	text           string
}

type jobEvent struct {
	ID      string `json:"id"`
	Account string `json:"accountId"`
	Data    struct {
		Continuation string `json:"continuationToken"`
	} `json:"data"`
}

// invoking is a pipeline that fetches, and has a function deploy.
func invoking(change ...func(d *types.PipelineDeclaration)) *types.PipelineDeclaration {
	d := declaration()
	d.Stages[0].Actions[0].Namespace = new("SourceVariables")
	invoke := action("Invoke", types.ActionCategoryInvoke, "Lambda")
	invoke.InputArtifacts = []types.InputArtifact{{Name: new("SourceCode")}}
	invoke.OutputArtifacts = []types.OutputArtifact{{Name: new("Report")}}
	invoke.Configuration = map[string]string{
		"FunctionName": "deploy:live", "UserParameters": `{"run":"#{codepipeline.PipelineExecutionId}","commit":"#{SourceVariables.CommitId}"}`,
	}
	d.Stages[1].Actions = []types.ActionDeclaration{invoke}
	for _, c := range change {
		c(d)
	}
	return d
}

func newFunctions(t *testing.T, change ...func(d *types.PipelineDeclaration)) *functions {
	t.Helper()
	f := &functions{world: newWorld(t)}
	f.deps = func(d *codepipeline.Deps) {
		d.Invoke = func(role, function string, payload []byte) error {
			var e struct {
				Job jobEvent `json:"CodePipeline.job"`
			}
			if err := json.Unmarshal(payload, &e); err != nil {
				t.Error(err)
			}
			f.invoked = append(f.invoked, invocation{role, function, e.Job, string(payload)})
			return f.refuse
		}
		d.Credentials = func(string) (codepipeline.Credentials, error) {
			return codepipeline.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: "secret", SessionToken: "token", Expires: start.Add(time.Hour)}, nil
		}
		d.Action = func(_ codepipeline.Action, done func(codepipeline.Result)) {
			done(codepipeline.Result{Revision: "3f2c1e0", Variables: map[string]string{"CommitId": "3f2c1e0"}})
		}
	}
	f.make(t)
	f.run = f.create(t, invoking(change...))
	return f
}

// job is the ID of the newest job.
func (f *functions) job() string { return f.invoked[len(f.invoked)-1].job.ID }

func (f *functions) succeed(t *testing.T, in client.PutJobSuccessResultInput) error {
	t.Helper()
	_, err := f.client.PutJobSuccessResult(t.Context(), &in)
	return err
}

func (f *functions) fail(t *testing.T, job string) error {
	t.Helper()
	_, err := f.client.PutJobFailureResult(t.Context(), &client.PutJobFailureResultInput{JobId: &job, FailureDetails: &types.FailureDetails{
		Type: types.FailureTypeJobFailed, Message: new("no capacity"), ExternalExecutionId: new("d-1"),
	}})
	return err
}

func (f *functions) action(t *testing.T) types.ActionExecution {
	t.Helper()
	return *f.production(t).ActionStates[0].LatestExecution
}

func wantState(t *testing.T, what string, err error) {
	t.Helper()
	if _, ok := errors.AsType[*types.InvalidJobStateException](err); !ok {
		t.Errorf("%s: %v, want an InvalidJobStateException", what, err)
	}
}

func TestJobEvent(t *testing.T) {
	t.Parallel()
	f := newFunctions(t, func(d *types.PipelineDeclaration) {
		d.ArtifactStore.EncryptionKey = &types.EncryptionKey{Id: new("alias/artifacts"), Type: types.EncryptionKeyTypeKms}
	})
	got := f.invoked[0]
	if got.role != "arn:aws:iam::123456789012:role/pipeline" || got.function != "deploy:live" {
		t.Errorf("%s was invoked as %s", got.function, got.role)
	}
	key := func(name string) string {
		_, rest, _ := strings.Cut(got.text, `"objectKey":"shop/`+name+`/`)
		end, _, _ := strings.Cut(rest, `"`)
		return "shop/" + name + "/" + end
	}
	want := `{"CodePipeline.job":{"id":"` + got.job.ID + `","accountId":"123456789012","data":{` +
		`"actionConfiguration":{"configuration":{"FunctionName":"deploy:live","UserParameters":"{\"run\":\"` + f.run + `\",\"commit\":\"3f2c1e0\"}"}},` +
		`"inputArtifacts":[{"location":{"s3Location":{"bucketName":"artifacts","objectKey":"` + key("SourceCode") + `"},"type":"S3"},"revision":"3f2c1e0","name":"SourceCode"}],` +
		`"outputArtifacts":[{"location":{"s3Location":{"bucketName":"artifacts","objectKey":"` + key("Report") + `"},"type":"S3"},"revision":null,"name":"Report"}],` +
		`"artifactCredentials":{"accessKeyId":"ASIA1","secretAccessKey":"secret","sessionToken":"token","expirationTime":1767229200000},` +
		`"encryptionKey":{"id":"alias/artifacts","type":"KMS"}}}}`
	if diff := cmp.Diff(want, got.text); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestJobSucceeds(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	job := f.job()
	if err := f.succeed(t, client.PutJobSuccessResultInput{
		JobId: &job, ExecutionDetails: &types.ExecutionDetails{Summary: new("all is well"), ExternalExecutionId: new("d-1"), PercentComplete: new(int32(100))},
		OutputVariables: map[string]string{"Answer": "42"},
	}); err != nil {
		t.Fatal(err)
	}
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusSucceeded || *a.Summary != "all is well" || *a.ExternalExecutionId != "d-1" || *a.PercentComplete != 100 {
		t.Errorf("the action is %+v", a)
	}
	if got := f.status(t, f.run); got != types.PipelineExecutionStatusSucceeded {
		t.Errorf("the pipeline is %s, want Succeeded", got)
	}
	out, err := f.client.ListActionExecutions(t.Context(), &client.ListActionExecutionsInput{PipelineName: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.ActionExecutionDetails[0]; got.Output.OutputVariables["Answer"] != "42" ||
		got.Input.Configuration["UserParameters"] == got.Input.ResolvedConfiguration["UserParameters"] || !strings.Contains(got.Input.ResolvedConfiguration["UserParameters"], f.run) {
		t.Errorf("the action's execution is %+v", got)
	}
	wantState(t, "a second success", f.succeed(t, client.PutJobSuccessResultInput{JobId: &job}))
	wantState(t, "a failure after it", f.fail(t, job))
	f.RunFor(48 * time.Hour)
	if len(f.invoked) != 1 {
		t.Errorf("invoked %d times, want once", len(f.invoked))
	}
}

func TestJobFails(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	if err := f.fail(t, f.job()); err != nil {
		t.Fatal(err)
	}
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusFailed || *a.ErrorDetails.Code != "JobFailed" || *a.ErrorDetails.Message != "no capacity" || *a.ExternalExecutionId != "d-1" {
		t.Errorf("the action is %+v, %+v", a, a.ErrorDetails)
	}
	last := f.events[len(f.events)-3].detail
	want := map[string]any{"external-execution-id": "d-1", "external-execution-summary": "no capacity", "error-code": "JobFailed"}
	if diff := cmp.Diff(want, last["execution-result"]); diff != "" || last["state"] != "FAILED" {
		t.Errorf("event %v (-want +got):\n%s", last, diff)
	}
	wantState(t, "a success after it", f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.job())}))
}

// A job is not known, or asks for what is not there.
func TestJobRefused(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	unknown := "00000000-0000-4000-8000-000000000000"
	if _, ok := errors.AsType[*types.JobNotFoundException](f.succeed(t, client.PutJobSuccessResultInput{JobId: &unknown})); !ok {
		t.Error("success of an unknown job was taken")
	}
	if _, ok := errors.AsType[*types.JobNotFoundException](f.fail(t, unknown)); !ok {
		t.Error("failure of an unknown job was taken")
	}
	for name, c := range map[string]struct {
		in   client.PutJobSuccessResultInput
		want string
	}{
		"an ID that is none": {client.PutJobSuccessResultInput{JobId: new("job")}, "ValidationException"},
		"variables and a token": {client.PutJobSuccessResultInput{
			JobId: new(f.job()), ContinuationToken: new("t"), OutputVariables: map[string]string{"a": "b"},
		}, "ValidationException: Output variables"},
		"a revision": {client.PutJobSuccessResultInput{
			JobId: new(f.job()), CurrentRevision: &types.CurrentRevision{Revision: new("1"), ChangeIdentifier: new("1")},
		}, "currentRevision is not emulated"},
	} {
		if err := f.succeed(t, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if got := f.action(t).Status; got != types.ActionExecutionStatusInProgress {
		t.Errorf("the action is %s, want InProgress", got)
	}
}

// A job that goes on is asked for again by another job, for a day at most.
func TestJobGoesOn(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	first := f.job()
	for n := range 100 {
		if f.action(t).Status != types.ActionExecutionStatusInProgress {
			break
		}
		job := f.job()
		err := f.succeed(t, client.PutJobSuccessResultInput{
			JobId: &job, ContinuationToken: new("again"), ExecutionDetails: &types.ExecutionDetails{Summary: new("on its way"), ExternalExecutionId: new("d-1")},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantState(t, "a job that went on", f.succeed(t, client.PutJobSuccessResultInput{JobId: &job}))
		f.RunFor(time.Minute)
		if len(f.invoked) != n+2 || f.job() == job || f.invoked[n+1].job.Data.Continuation != "again" {
			t.Fatalf("invoked %d times, the last with %+v, want again with the token", len(f.invoked), f.invoked[len(f.invoked)-1].job)
		}
		f.RunFor(18 * time.Minute)
	}
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusFailed || !strings.Contains(*a.ErrorDetails.Message, "24 hours") || *a.ExternalExecutionId != "d-1" {
		t.Errorf("the action is %s (%+v), want it failed after 24 hours", a.Status, a.ErrorDetails)
	}
	if took := a.LastStatusChange.Sub(start); took != 24*time.Hour {
		t.Errorf("it failed after %v, want 24 hours", took)
	}
	wantState(t, "the last job", f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.job())}))
	wantState(t, "the first job", f.fail(t, first))
}

// Without a word for 20 minutes the action fails.
func TestJobWithoutAnswer(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	f.RunFor(20*time.Minute - time.Second)
	if got := f.action(t).Status; got != types.ActionExecutionStatusInProgress {
		t.Errorf("the action is %s before 20 minutes are over", got)
	}
	f.RunFor(time.Second)
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusFailed || !strings.Contains(*a.ErrorDetails.Message, "function deploy:live failed to return a result") {
		t.Errorf("the action is %s (%+v), want it failed for want of an answer", a.Status, a.ErrorDetails)
	}
	wantState(t, "a late answer", f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.job())}))
}

func TestFunctionCannotBeInvoked(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	if err := f.fail(t, f.job()); err != nil {
		t.Fatal(err)
	}
	f.refuse = errors.New("Function not found")
	f.retry(t, types.StageRetryModeFailedActions)
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusFailed || *a.ErrorDetails.Message != "The AWS Lambda function deploy:live could not be invoked: Function not found" {
		t.Errorf("the action is %s (%+v), want it failed", a.Status, a.ErrorDetails)
	}
}

func TestUnknownVariable(t *testing.T) {
	t.Parallel()
	f := newFunctions(t, func(d *types.PipelineDeclaration) {
		d.Stages[1].Actions[0].Configuration["UserParameters"] = "#{SourceVariables.Colour}"
	})
	a := f.action(t)
	if a.Status != types.ActionExecutionStatusFailed || *a.ErrorDetails.Message != "no action has given a value to #{SourceVariables.Colour}" || len(f.invoked) != 0 {
		t.Errorf("the action is %s (%+v), want it failed", a.Status, a.ErrorDetails)
	}
}

func (f *functions) retry(t *testing.T, mode types.StageRetryMode) {
	t.Helper()
	out, err := f.client.RetryStageExecution(t.Context(), &client.RetryStageExecutionInput{
		PipelineName: new("shop"), StageName: new("Production"), PipelineExecutionId: &f.run, RetryMode: mode,
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.PipelineExecutionId != f.run {
		t.Errorf("retried %s, want %s", *out.PipelineExecutionId, f.run)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	second := action("Check", types.ActionCategoryTest, "CodeBuild")
	second.InputArtifacts = []types.InputArtifact{{Name: new("SourceCode")}}
	for mode, want := range map[types.StageRetryMode][]string{
		types.StageRetryModeFailedActions: {"Pipeline RESUMED", "Stage Production RESUMED", "Action Production Invoke STARTED"},
		types.StageRetryModeAllActions: {
			"Pipeline RESUMED", "Stage Production RESUMED", "Action Production Invoke STARTED", "Action Production Check STARTED", "Action Production Check SUCCEEDED",
		},
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newFunctions(t, func(d *types.PipelineDeclaration) { d.Stages[1].Actions = append(d.Stages[1].Actions, second) })
			if err := f.fail(t, f.job()); err != nil {
				t.Fatal(err)
			}
			before, first := len(f.events), f.job()
			f.RunFor(time.Minute)
			f.retry(t, mode)
			if diff := cmp.Diff(want, f.path()[before:]); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if got := f.events[before+1].detail; got["pipeline-execution-attempt"] != 2.0 || got["stage-last-retry-attempt-time"] != "2026-01-01T00:01:00.000Z" {
				t.Errorf("the stage's event says %v, want the second attempt and when", got)
			}
			if f.job() == first || f.status(t, f.run) != types.PipelineExecutionStatusInProgress {
				t.Error("the retry has no job of its own, or does not run")
			}
			if err := f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.job())}); err != nil {
				t.Fatal(err)
			}
			if got := f.status(t, f.run); got != types.PipelineExecutionStatusSucceeded {
				t.Errorf("the pipeline is %s, want Succeeded", got)
			}
		})
	}
}

func TestRetryRefused(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	retry := func(stage, run string) error {
		_, err := f.client.RetryStageExecution(t.Context(), &client.RetryStageExecutionInput{
			PipelineName: new("shop"), StageName: &stage, PipelineExecutionId: &run, RetryMode: types.StageRetryModeFailedActions,
		})
		return err
	}
	want := func(what, code string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	want("a stage that is not there", "StageNotFoundException", retry("Staging", f.run))
	want("a run that is not there", "StageNotRetryableException", retry("Production", "00000000-0000-4000-8000-000000000000"))
	want("a stage that runs", "StageNotRetryableException", retry("Production", f.run))
	want("a stage that succeeded", "StageNotRetryableException", retry("Source", f.run))
	if err := f.fail(t, f.job()); err != nil {
		t.Fatal(err)
	}
	f.start(t)
	want("a run that is not the latest", "NotLatestPipelineExecutionException", retry("Production", f.run))
}

func (f *functions) stop(t *testing.T, run string, abandon bool) error {
	t.Helper()
	_, err := f.client.StopPipelineExecution(t.Context(), &client.StopPipelineExecutionInput{PipelineName: new("shop"), PipelineExecutionId: &run, Abandon: abandon})
	return err
}

func TestStopAndAbandon(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	next := f.start(t) // waits for the stage
	before := len(f.events)
	if err := f.stop(t, f.run, true); err != nil {
		t.Fatal(err)
	}
	want := []string{"Pipeline STOPPING", "Stage Production STOPPING", "Action Production Invoke ABANDONED", "Stage Production STOPPED", "Pipeline STOPPED"}
	if diff := cmp.Diff(want, f.path()[before:before+len(want)]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantState(t, "the abandoned job", f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.invoked[0].job.ID)}))
	if f.status(t, f.run) != types.PipelineExecutionStatusStopped || *f.production(t).LatestExecution.PipelineExecutionId != next {
		t.Errorf("the run is %s, and in the stage is %+v", f.status(t, f.run), f.production(t).LatestExecution)
	}
	if _, ok := errors.AsType[*types.PipelineExecutionNotStoppableException](f.stop(t, f.run, true)); !ok {
		t.Error("a run that is stopped was stopped again")
	}
}

func TestStopAndWait(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	if err := f.stop(t, f.run, false); err != nil {
		t.Fatal(err)
	}
	if got := f.status(t, f.run); got != types.PipelineExecutionStatusStopping {
		t.Errorf("the run is %s, want Stopping", got)
	}
	if _, ok := errors.AsType[*types.DuplicatedStopRequestException](f.stop(t, f.run, false)); !ok {
		t.Error("a run was stopped twice")
	}
	if err := f.succeed(t, client.PutJobSuccessResultInput{JobId: new(f.job())}); err != nil {
		t.Fatal(err)
	}
	if got, action := f.status(t, f.run), f.action(t).Status; got != types.PipelineExecutionStatusStopped || action != types.ActionExecutionStatusSucceeded {
		t.Errorf("the run is %s and its action %s, want Stopped and Succeeded", got, action)
	}
	if _, ok := errors.AsType[*types.PipelineExecutionNotStoppableException](f.stop(t, "00000000-0000-4000-8000-000000000000", false)); !ok {
		t.Error("a run that is not there was stopped")
	}
}

// A run that waits before a stage is taken away from there.
func TestStopBeforeAStage(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	next := f.start(t)
	if err := f.stop(t, next, false); err != nil {
		t.Fatal(err)
	}
	if got := f.status(t, next); got != types.PipelineExecutionStatusStopped {
		t.Errorf("the run is %s, want Stopped", got)
	}
	if err := f.succeed(t, client.PutJobSuccessResultInput{JobId: aws.String(f.job())}); err != nil {
		t.Fatal(err)
	}
	if len(f.invoked) != 1 {
		t.Errorf("invoked %d times, want once", len(f.invoked))
	}
}
