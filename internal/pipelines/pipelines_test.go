package pipelines_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

var approve = pipelines.Action{Pipeline: "shop", Stage: "Production", Action: "Approve"}

// world is a cloud with a pipeline that waits for an approval.
type world struct {
	*emulator.Cloud
	t      *testing.T
	client *codepipeline.Client
	pipelines.Pipelines
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{Latency: 5 * time.Millisecond})
	client := codepipeline.NewFromConfig(cloud.Config("AKIAPERSON"))
	act := func(name, provider string, category types.ActionCategory) types.ActionDeclaration {
		return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
			Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: aws.String("1"),
		}}
	}
	source := act("Fetch", "S3", types.ActionCategorySource)
	source.OutputArtifacts = []types.OutputArtifact{{Name: aws.String("SourceCode")}}
	asks := act("Approve", "Manual", types.ActionCategoryApproval)
	asks.TimeoutInMinutes = aws.Int32(60)
	_, err := client.CreatePipeline(t.Context(), &codepipeline.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: aws.String("shop"), RoleArn: aws.String("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: aws.String("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: aws.String("Production"), Actions: []types.ActionDeclaration{asks}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	cloud.RunFor(time.Minute)
	return world{cloud, t, client, pipelines.Pipelines{CodePipeline: client}}
}

// latest is the newest run of the approval.
func (w world) latest() types.ActionExecution {
	w.t.Helper()
	out, err := w.client.GetPipelineState(w.t.Context(), &codepipeline.GetPipelineStateInput{Name: aws.String("shop")})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.StageStates[1].ActionStates[0].LatestExecution
}

func (w world) pending() *pipelines.Pending {
	w.t.Helper()
	p, err := w.Pending(w.t.Context(), approve)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w world) wantEnded(execution string, want pipelines.Ending) {
	w.t.Helper()
	if got, err := w.Ended(w.t.Context(), approve, execution); err != nil || got != want {
		w.t.Errorf("it ended %q, %v, want %q", got, err, want)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		approved bool
		status   types.ActionExecutionStatus
		ending   pipelines.Ending
	}{
		{true, types.ActionExecutionStatusSucceeded, pipelines.Approved},
		{false, types.ActionExecutionStatusFailed, pipelines.Failed},
	} {
		w := newWorld(t)
		p := w.pending()
		if p == nil || p.Token == "" || p.Execution != *w.latest().ActionExecutionId {
			t.Fatalf("what waits is %+v", p)
		}
		w.wantEnded(p.Execution, pipelines.Unknown)
		if err := w.Answer(t.Context(), approve, p.Token, c.approved, strings.Repeat("é", 600)); err != nil {
			t.Fatal(err)
		}
		latest := w.latest()
		if latest.Status != c.status || len([]rune(*latest.Summary)) != 512 || !strings.HasSuffix(*latest.Summary, "é…") {
			t.Errorf("the action is %s with %q, want %s and a summary cut at 512 characters", latest.Status, *latest.Summary, c.status)
		}
		if p := w.pending(); p != nil {
			t.Errorf("after the answer %+v waits, want nothing", p)
		}
		w.wantEnded(p.Execution, c.ending)
		w.wantEnded("another", pipelines.Unknown)
		err := w.Answer(t.Context(), approve, p.Token, !c.approved, "too late")
		if rollout.KindOf(err) != rollout.KindSuperseded {
			t.Errorf("a second answer: %v, want Superseded", err)
		}
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.pending()
	w.RunFor(2 * time.Hour)
	if now := w.pending(); now != nil {
		t.Errorf("%+v waits, want nothing", now)
	}
	w.wantEnded(p.Execution, pipelines.Failed)
	if err := w.Answer(t.Context(), approve, p.Token, true, "yes"); rollout.KindOf(err) != rollout.KindSuperseded {
		t.Errorf("an answer after it: %v, want Superseded", err)
	}
}

// An action that is not an approval, or is not there, has nothing that waits.
func TestNothingWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range []pipelines.Action{
		{Pipeline: "shop", Stage: "Source", Action: "Fetch"}, {Pipeline: "shop", Stage: "Production", Action: "Other"},
		{Pipeline: "shop", Stage: "Staging", Action: "Approve"},
	} {
		if p, err := w.Pending(t.Context(), a); err != nil || p != nil {
			t.Errorf("%+v: %+v, %v, want nothing", a, p, err)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault error
		a     pipelines.Action
		want  rollout.ErrorKind
	}{
		{"no pipeline", nil, pipelines.Action{Pipeline: "gone", Stage: "Production", Action: "Approve"}, rollout.KindNotFound},
		{"throttled", wire.Errorf("ThrottlingException", "Rate exceeded"), approve, rollout.KindThrottled},
		{"denied", wire.Errorf("AccessDeniedException", "not authorized"), approve, rollout.KindDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := w.pending().Token
			if c.fault != nil {
				w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{Err: c.fault} }
			}
			_, pending := w.Pending(t.Context(), c.a)
			_, ended := w.Ended(t.Context(), c.a, "1")
			for call, err := range map[string]error{
				"Pending": pending, "Ended": ended, "Answer": w.Answer(t.Context(), c.a, token, true, "yes"),
			} {
				if rollout.KindOf(err) != c.want || !strings.Contains(err.Error(), c.a.Pipeline) {
					t.Errorf("%s: %v, want %s that names the pipeline", call, err, c.want)
				}
			}
		})
	}
}
