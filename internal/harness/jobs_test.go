package harness_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// shopPipeline is the pipeline that deploys the app of the stories.
const shopPipeline = "shop"

// deploying is a box whose app is deployed by a stage of a pipeline: Source, Build,
// Deploy.
type deploying struct {
	*box
	client     *client.Client
	file       string                                // in the artifact of the build
	text       string                                // of the file; "" names the image that was pushed last
	parameters string                                // of the action
	change     func(deploy *types.ActionDeclaration) // of the pipeline
	zip        func(text string) []byte              // the build's artifact; nil is none
}

// newDeploying is that box, whose app goes through these environments.
func newDeploying(t *testing.T, environments ...rollout.Environment) *deploying {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments = environments
		s.Triggers = rollout.Triggers{CodePipeline: true}
	})
	b.people()
	for _, env := range environments {
		if env.Name != production.Environment {
			b.deployStage(b.Cloud, env, "shop")
		}
	}
	b.RunFor(5 * time.Minute)
	d := &deploying{
		box: b, client: client.NewFromConfig(b.Config("AKIAPERSON")), file: "imagedefinitions.json",
		parameters: `{"app":"shop","pipeline":"shop","execution":"#{codepipeline.PipelineExecutionId}",` +
			`"commit":"#{SourceVariables.CommitId}","author":"#{SourceVariables.AuthorEmail}"}`,
	}
	b.act, d.zip = d.work, d.zipped
	if _, err := b.aws.S3.CreateBucket(b.ctx(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	d.createRole()
	return d
}

// createRole makes the pipeline's role: it may invoke the function build and work on
// artifacts.
func (d *deploying) createRole() {
	d.t.Helper()
	people := iam.NewFromConfig(d.Config("AKIAPERSON"))
	_, err := people.CreateRole(d.ctx(), &iam.CreateRoleInput{
		RoleName: aws.String("pipeline"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codepipeline.amazonaws.com"}}]}`),
	})
	if err == nil {
		_, err = people.PutRolePolicy(d.ctx(), &iam.PutRolePolicyInput{
			RoleName: aws.String("pipeline"), PolicyName: aws.String("deploy"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:123456789012:function:sluice-build*"},` +
				`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::artifacts/*"}]}`),
		})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// work does what the pipeline's other actions do: a commit is there, and a build
// leaves the images' names.
func (d *deploying) work(a codepipeline.Action, done func(codepipeline.Result)) {
	if a.Name != "Build" {
		done(codepipeline.Result{Revision: "3f2c1e0d", Variables: map[string]string{"CommitId": "3f2c1e0d", "AuthorEmail": "Dana <dana@example.com>"}})
		return
	}
	text := d.text
	if text == "" {
		text = fmt.Sprintf(`[{"name":"web","imageUri":%q}]`, fmt.Sprintf("%s:v%d", repository, d.builds))
	}
	body := d.zip(text)
	if body == nil {
		done(codepipeline.Result{})
		return
	}
	d.Go(func(ctx context.Context) {
		_, err := d.aws.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &a.Outputs[0].Bucket, Key: &a.Outputs[0].Key, Body: bytes.NewReader(body),
		})
		if err != nil {
			d.t.Error(err)
		}
	}, func() { done(codepipeline.Result{}) })
}

func (d *deploying) zipped(text string) []byte {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	file, err := z.Create(d.file)
	if err == nil {
		_, err = file.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		d.t.Error(err)
	}
	return archive.Bytes()
}

// release has a change of that behaviour come through the pipeline of that name, which
// is made when it first does, and gives the run's ID.
func (d *deploying) release(pipeline string, behaviour model.Behaviour) string {
	d.t.Helper()
	d.builds++
	d.push(fmt.Sprintf("v%d", d.builds), behaviour)
	_, err := d.client.GetPipelineState(d.ctx(), &client.GetPipelineStateInput{Name: &pipeline})
	if err != nil {
		d.create(pipeline)
	} else if _, err := d.client.StartPipelineExecution(d.ctx(), &client.StartPipelineExecutionInput{Name: &pipeline}); err != nil {
		d.t.Fatal(err)
	}
	d.RunFor(10 * time.Second)
	out, err := d.client.ListActionExecutions(d.ctx(), &client.ListActionExecutionsInput{PipelineName: &pipeline})
	if err != nil {
		d.t.Fatal(err)
	}
	return aws.ToString(out.ActionExecutionDetails[0].PipelineExecutionId)
}

func (d *deploying) create(name string) {
	d.t.Helper()
	act := func(name, provider string, category types.ActionCategory) types.ActionDeclaration {
		return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
			Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: aws.String("1"),
		}}
	}
	source := act("Fetch", "CodeStarSourceConnection", types.ActionCategorySource)
	source.OutputArtifacts, source.Namespace = []types.OutputArtifact{{Name: aws.String("SourceCode")}}, aws.String("SourceVariables")
	build := act("Build", "CodeBuild", types.ActionCategoryBuild)
	build.InputArtifacts = []types.InputArtifact{{Name: aws.String("SourceCode")}}
	build.OutputArtifacts = []types.OutputArtifact{{Name: aws.String("Images")}}
	deploy := act("Sluice", "Lambda", types.ActionCategoryInvoke)
	deploy.InputArtifacts = []types.InputArtifact{{Name: aws.String("Images")}}
	deploy.Configuration = map[string]string{"FunctionName": "sluice-build", "UserParameters": d.parameters}
	if d.change != nil {
		d.change(&deploy)
	}
	_, err := d.client.CreatePipeline(d.ctx(), &client.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: &name, RoleArn: aws.String("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: aws.String("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: aws.String("Build"), Actions: []types.ActionDeclaration{build}},
			{Name: aws.String("Deploy"), Actions: []types.ActionDeclaration{deploy}},
		},
	}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// stage is how the pipeline's deploy stage stands.
func (d *deploying) stage(pipeline string) types.ActionExecution {
	d.t.Helper()
	out, err := d.client.GetPipelineState(d.ctx(), &client.GetPipelineStateInput{Name: &pipeline})
	if err != nil {
		d.t.Fatal(err)
	}
	action := out.StageStates[2].ActionStates[0].LatestExecution
	if action == nil {
		d.t.Fatal("the pipeline has not come to its deploy stage")
	}
	return *action
}

// says is all that the stage says.
func (d *deploying) says(pipeline string) string {
	a := d.stage(pipeline)
	text := aws.ToString(a.Summary)
	if a.ErrorDetails != nil {
		text += " " + aws.ToString(a.ErrorDetails.Code) + ": " + aws.ToString(a.ErrorDetails.Message)
	}
	return text
}

// untilStage runs until the deploy stage has that status.
func (d *deploying) untilStage(pipeline string, want types.ActionExecutionStatus) {
	d.t.Helper()
	for limit := d.Now().Add(2 * patience); d.Now().Before(limit); d.RunFor(time.Minute) {
		if d.stage(pipeline).Status == want {
			return
		}
	}
	d.t.Fatalf("the stage is %s, want %s; it says %s", d.stage(pipeline).Status, want, d.says(pipeline))
}

// wantStage fails the test unless the deploy stage stands so and says all of it.
func (d *deploying) wantStage(pipeline string, want types.ActionExecutionStatus, says ...string) {
	d.t.Helper()
	if got := d.stage(pipeline).Status; got != want {
		d.t.Errorf("the stage is %s, want %s", got, want)
	}
	text := d.says(pipeline)
	for _, part := range says {
		if !strings.Contains(text, part) {
			d.t.Errorf("the stage does not say %q: %s", part, text)
		}
	}
}

// retry retries the deploy stage.
func (d *deploying) retry(pipeline, run string) {
	d.t.Helper()
	_, err := d.client.RetryStageExecution(d.ctx(), &client.RetryStageExecutionInput{
		PipelineName: &pipeline, StageName: aws.String("Deploy"), PipelineExecutionId: &run, RetryMode: types.StageRetryModeFailedActions,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.RunFor(10 * time.Second)
}

// abandon stops a run of the pipeline at once.
func (d *deploying) abandon(pipeline, run string) {
	d.t.Helper()
	_, err := d.client.StopPipelineExecution(d.ctx(), &client.StopPipelineExecutionInput{
		PipelineName: &pipeline, PipelineExecutionId: &run, Abandon: true,
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// notes are what is recorded of a rollout about its pipeline.
func (d *deploying) notes(name string) []string {
	d.t.Helper()
	var notes []string
	for _, decision := range d.decisions(name, store.DecidedNotice) {
		notes = append(notes, decision.What)
	}
	return notes
}

// wantNotes fails the test unless exactly these were recorded, each saying its part.
func (d *deploying) wantNotes(name string, parts ...string) {
	d.t.Helper()
	notes := d.notes(name)
	if len(notes) != len(parts) {
		d.t.Errorf("recorded of %s %q, want %d notes", name, notes, len(parts))
		return
	}
	for i, part := range parts {
		if !strings.Contains(notes[i], part) {
			d.t.Errorf("recorded of %s %q, want %q", name, notes[i], part)
		}
	}
}

// answers are the calls that answer jobs, from now on: the operation, and what came of
// it.
func (d *deploying) answers() *[]string {
	var calls []string
	d.observe(func(c *wire.Call, in, _ any, err error) {
		if !strings.HasPrefix(c.Operation, "PutJob") {
			return
		}
		what := c.Operation
		if ok, is := in.(*client.PutJobSuccessResultInput); is && ok.ContinuationToken != nil {
			what = "goes on"
		}
		if err != nil {
			what += " refused"
		}
		calls = append(calls, what)
	})
	return &calls
}

// relay has jobs go through a function of the story's on their way to build: what it
// sends reaches build after a time.
func (d *deploying) relay(handle func(payload []byte, send func(after time.Duration, payload []byte))) {
	d.t.Helper()
	const name = "sluice-build-relay"
	d.Do(func() {
		err := d.Lambda.Register(name, lambda.FunctionConfig{}, lambda.InProcess(name, relay(func(payload []byte) {
			handle(payload, func(after time.Duration, payload []byte) {
				d.Post(func() { d.After(after, func() { d.invoke(payload) }) })
			})
		})))
		if err != nil {
			d.t.Error(err)
		}
	})
	d.change = func(a *types.ActionDeclaration) { a.Configuration["FunctionName"] = name }
}

// invoke has build run with the payload; on the loop.
func (d *deploying) invoke(payload []byte) {
	if err := d.Lambda.InvokeAsync("sluice-build", payload); err != nil {
		d.t.Error(err)
	}
}

type relay func(payload []byte)

func (r relay) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	r(payload)
	return []byte("null"), nil
}

// jobEvent is what CodePipeline invokes the function build with, as the story has it.
func jobEvent(id string, data map[string]any) []byte {
	text, err := json.Marshal(map[string]any{"CodePipeline.job": map[string]any{"id": id, "accountId": "123456789012", "data": data}})
	if err != nil {
		panic(err)
	}
	return text
}
