package codepipeline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is CodePipeline with a client, and what it told.
type world struct {
	*loop.Loop
	client *client.Client
	events []event
	told   []string // "subject: message"
	work   map[string]func(codepipeline.Result)
	deps   func(*codepipeline.Deps) // changes what CodePipeline reaches out to
}

type event struct {
	kind      string
	resources []string
	detail    map[string]any
}

// newWorld has actions named Deploy wait until their work is done by a test.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Loop: loop.NewVirtual(start), work: map[string]func(codepipeline.Result){}}
	t.Cleanup(w.Close)
	w.make(t)
	return w
}

// make makes the service and its client.
func (w *world) make(t *testing.T) {
	t.Helper()
	deps := codepipeline.Deps{
		Emit: func(_, kind string, resources []string, detail any) { w.emitted(t, kind, resources, detail) },
		Publish: func(_, topic, subject, message string) error {
			if topic != "arn:aws:sns:us-east-1:123456789012:approvals" {
				return errors.New("Topic does not exist")
			}
			w.told = append(w.told, subject+": "+message)
			return nil
		},
		Action: func(a codepipeline.Action, done func(codepipeline.Result)) {
			if a.Name != "Deploy" {
				done(codepipeline.Result{})
				return
			}
			w.work[a.Execution] = done
		},
	}
	if w.deps != nil {
		w.deps(&deps)
	}
	service := codepipeline.New(w.Loop, "123456789012", "us-east-1", deps)
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.Loop, wire.NewMux("123456789012", "us-east-1", service.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func (w *world) emitted(t *testing.T, kind string, resources []string, detail any) {
	t.Helper()
	data, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	e := event{kind: strings.TrimSuffix(strings.TrimPrefix(kind, "CodePipeline "), " Execution State Change"), resources: resources}
	if err := json.Unmarshal(data, &e.detail); err != nil {
		t.Fatal(err)
	}
	w.events = append(w.events, e)
}

// action is an action of AWS's.
func action(name string, category types.ActionCategory, provider string) types.ActionDeclaration {
	return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
		Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: new("1"),
	}}
}

// declaration fetches, asks and deploys.
func declaration() *types.PipelineDeclaration {
	source := action("Fetch", types.ActionCategorySource, "S3")
	source.OutputArtifacts = []types.OutputArtifact{{Name: new("SourceCode")}}
	deploy := action("Deploy", types.ActionCategoryDeploy, "ECS")
	deploy.InputArtifacts = []types.InputArtifact{{Name: new("SourceCode")}}
	deploy.RunOrder = new(int32(2))
	return &types.PipelineDeclaration{
		Name: new("shop"), RoleArn: new("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: new("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: new("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: new("Production"), Actions: []types.ActionDeclaration{action("Approve", types.ActionCategoryApproval, "Manual"), deploy}},
		},
	}
}

// create makes a pipeline and gives the id of its first run.
func (w *world) create(t *testing.T, d *types.PipelineDeclaration) string {
	t.Helper()
	if _, err := w.client.CreatePipeline(t.Context(), &client.CreatePipelineInput{Pipeline: d}); err != nil {
		t.Fatal(err)
	}
	return w.events[0].detail["execution-id"].(string)
}

func (w *world) start(t *testing.T) string {
	t.Helper()
	out, err := w.client.StartPipelineExecution(t.Context(), &client.StartPipelineExecutionInput{Name: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.PipelineExecutionId
}

func (w *world) status(t *testing.T, id string) types.PipelineExecutionStatus {
	t.Helper()
	out, err := w.client.GetPipelineExecution(t.Context(), &client.GetPipelineExecutionInput{PipelineName: new("shop"), PipelineExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.PipelineExecution.Status
}

// production is the state of the stage that asks.
func (w *world) production(t *testing.T) types.StageState {
	t.Helper()
	out, err := w.client.GetPipelineState(t.Context(), &client.GetPipelineStateInput{Name: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	return out.StageStates[1]
}

func (w *world) answer(t *testing.T, status types.ApprovalStatus) error {
	t.Helper()
	_, err := w.client.PutApprovalResult(t.Context(), &client.PutApprovalResultInput{
		PipelineName: new("shop"), StageName: new("Production"), ActionName: new("Approve"),
		Token: w.production(t).ActionStates[0].LatestExecution.Token, Result: &types.ApprovalResult{Status: status, Summary: new("looks good")},
	})
	return err
}

// path is the events in short.
func (w *world) path() []string {
	var out []string
	for _, e := range w.events {
		words := []string{e.kind}
		for _, name := range []string{"stage", "action", "state"} {
			if value, ok := e.detail[name].(string); ok {
				words = append(words, value)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func TestApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, declaration())
	w.RunFor(time.Minute)
	if err := w.answer(t, types.ApprovalStatusApproved); err != nil {
		t.Fatal(err)
	}
	w.Do(func() { w.work[id](codepipeline.Result{ExternalID: "d-1", ExternalURL: "https://example.com/d-1"}) })
	if got := w.status(t, id); got != types.PipelineExecutionStatusSucceeded {
		t.Errorf("status = %s, want Succeeded", got)
	}
	want := []string{
		"Pipeline STARTED", "Stage Source STARTED", "Action Source Fetch STARTED", "Action Source Fetch SUCCEEDED", "Stage Source SUCCEEDED",
		"Stage Production STARTED", "Action Production Approve STARTED", "Action Production Approve SUCCEEDED",
		"Action Production Deploy STARTED", "Action Production Deploy SUCCEEDED", "Stage Production SUCCEEDED", "Pipeline SUCCEEDED",
	}
	if diff := cmp.Diff(want, w.path()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	approval := w.production(t).ActionStates[0].LatestExecution
	if approval.Token != nil || *approval.Summary != "looks good" || *approval.LastUpdatedBy != "arn:aws:iam::123456789012:user/AKIDEXAMPLE" ||
		!approval.LastStatusChange.Equal(start.Add(time.Minute)) {
		t.Errorf("approval = %+v, want it answered after a minute, without a token", approval)
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, declaration())
	if err := w.answer(t, types.ApprovalStatusRejected); err != nil {
		t.Fatal(err)
	}
	want := []string{"Action Production Approve FAILED", "Stage Production FAILED", "Pipeline FAILED"}
	path := w.path()
	if diff := cmp.Diff(want, path[len(path)-3:]); diff != "" {
		t.Errorf("last events (-want +got):\n%s", diff)
	}
	if got := w.status(t, id); got != types.PipelineExecutionStatusFailed {
		t.Errorf("status = %s, want Failed", got)
	}
	if len(w.work) != 0 {
		t.Error("it deployed all the same")
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, declaration())
	byState := func(kind, state, action string) event {
		for _, e := range w.events {
			name, _ := e.detail["action"].(string)
			if e.kind == kind && e.detail["state"] == state && name == action {
				return e
			}
		}
		t.Fatalf("no event of %s %s %s", kind, action, state)
		return event{}
	}
	approval := byState("Action", "STARTED", "Approve")
	delete(approval.detail, "action-execution-id")
	fetched := byState("Action", "SUCCEEDED", "Fetch").detail["output-artifacts"].([]any)[0].(map[string]any)
	if location := fetched["s3location"].(map[string]any); location["bucket"] != "artifacts" || !strings.HasPrefix(location["key"].(string), "shop/SourceCode/") {
		t.Errorf("artifact at %v, want it in the pipeline's bucket", location)
	}
	tests := map[string]struct {
		got  map[string]any
		want map[string]any
	}{
		"Pipeline": {byState("Pipeline", "STARTED", "").detail, map[string]any{
			"pipeline": "shop", "execution-id": id, "start-time": "2026-01-01T00:00:00.000Z", "state": "STARTED", "version": 1.0,
			"pipeline-execution-attempt": 1.0,
			"execution-trigger":          map[string]any{"trigger-type": "CreatePipeline", "trigger-detail": "arn:aws:iam::123456789012:user/AKIDEXAMPLE"},
		}},
		"Stage": {byState("Stage", "STARTED", "").detail, map[string]any{
			"pipeline": "shop", "execution-id": id, "start-time": "2026-01-01T00:00:00.000Z", "stage": "Source", "state": "STARTED",
			"version": 1.0, "pipeline-execution-attempt": 1.0,
		}},
		"Approval": {approval.detail, map[string]any{
			"pipeline": "shop", "execution-id": id, "start-time": "2026-01-01T00:00:00.000Z", "stage": "Production", "action": "Approve",
			"state": "STARTED", "region": "us-east-1", "version": 1.0, "pipeline-execution-attempt": 1.0,
			"type": map[string]any{"owner": "AWS", "category": "Approval", "provider": "Manual", "version": "1"},
		}},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"arn:aws:codepipeline:us-east-1:123456789012:shop"}, approval.resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

func TestWaitingExecutionIsSuperseded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.create(t, declaration())
	second, third := w.start(t), w.start(t)
	stage := w.production(t)
	if *stage.LatestExecution.PipelineExecutionId != first || stage.InboundExecution == nil || *stage.InboundExecution.PipelineExecutionId != third {
		t.Errorf("stage = %+v, want the first in it and the third before it", stage)
	}
	for id, want := range map[string]types.PipelineExecutionStatus{first: "InProgress", second: "Superseded", third: "InProgress"} {
		if got := w.status(t, id); got != want {
			t.Errorf("status of %s = %s, want %s", id, got, want)
		}
	}
	if err := w.answer(t, types.ApprovalStatusRejected); err != nil {
		t.Fatal(err)
	}
	stage = w.production(t)
	if *stage.LatestExecution.PipelineExecutionId != third || stage.InboundExecution != nil || stage.ActionStates[0].LatestExecution.Token == nil {
		t.Errorf("stage = %+v, want the third in it, asking", stage)
	}
}

func TestFailedActionLetsOthersEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := declaration()
	d.Stages[1].Actions[1].RunOrder = nil
	id := w.create(t, d)
	w.Do(func() {
		w.work[id](codepipeline.Result{Failed: true, ErrorCode: "JobFailed", ErrorMessage: "no capacity"})
		w.work[id](codepipeline.Result{}) // only the first counts
	})
	if got := w.production(t).LatestExecution.Status; got != types.StageExecutionStatusInProgress {
		t.Errorf("stage with an open approval = %s, want InProgress", got)
	}
	if err := w.answer(t, types.ApprovalStatusApproved); err != nil {
		t.Fatal(err)
	}
	if got := w.production(t); got.LatestExecution.Status != types.StageExecutionStatusFailed || *got.ActionStates[1].LatestExecution.ErrorDetails.Message != "no capacity" {
		t.Errorf("stage = %+v, want it failed for lack of capacity", got)
	}
}

func TestStartIsIdempotentByToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, declaration())
	var ids []string
	for range 2 {
		out, err := w.client.StartPipelineExecution(t.Context(), &client.StartPipelineExecutionInput{Name: new("shop"), ClientRequestToken: new("t-1")})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *out.PipelineExecutionId)
	}
	if ids[0] != ids[1] {
		t.Errorf("executions %v, want one", ids)
	}
}

func TestDeletedPipelineRunsNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, declaration())
	if _, err := w.client.DeletePipeline(t.Context(), &client.DeletePipelineInput{Name: new("shop")}); err != nil {
		t.Fatal(err)
	}
	told := len(w.events)
	w.RunFor(8 * 24 * time.Hour)
	if len(w.events) != told {
		t.Errorf("events after the end: %v, want none", w.path()[told:])
	}
}

func TestListActionExecutionsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, declaration())
	pages := client.NewListActionExecutionsPaginator(w.client, &client.ListActionExecutionsInput{PipelineName: new("shop"), MaxResults: new(int32(1))})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.ActionExecutionDetails {
			names = append(names, *a.ActionName)
		}
	}
	if diff := cmp.Diff([]string{"Approve", "Fetch"}, names); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}
