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
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// shopPipeline is the pipeline that deploys the app of the stories, of
// infra/pipeline.yaml. What it does is decided by the roles there.
const shopPipeline = "shop"

// push is a push to what that pipeline reads.
func push() codepipeline.Push {
	return codepipeline.Push{
		Connection: "arn:aws:codeconnections:us-east-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef",
		Repository: "example/shop", Branch: "main",
	}
}

// deploying is a box whose app is deployed by a stage of a pipeline: Source, Build,
// Deploy.
type deploying struct {
	*box
	client     *client.Client
	stack      *cloudformation.Stack                 // the pipeline's
	file       string                                // in the artifact of the build
	text       string                                // of the file; "" names the image that was pushed last
	parameters string                                // of the action; "" is what the template has
	change     func(deploy *types.ActionDeclaration) // of the template's pipeline
	zip        func(text string) []byte              // the build's artifact; nil is none
}

// newDeploying is that box, whose app goes through these environments.
func newDeploying(t *testing.T, environments ...rollout.Environment) *deploying {
	t.Helper()
	d := &deploying{file: "imagedefinitions.json"}
	d.zip = d.zipped
	newBoxOf(t, origin{region: "us-east-1", repository: d.install, builder: d.build}, func(s *rollout.Spec) {
		s.Environments = environments
		s.Triggers = rollout.Triggers{CodePipeline: true}
	})
	d.people()
	for _, env := range environments {
		if env.Name != production.Environment {
			d.deployStage(d.Cloud, env, "shop")
		}
	}
	d.RunFor(5 * time.Minute)
	return d
}

// install makes the pipeline and the repository of its images. Nobody has pushed yet, so
// that its first run finds no source.
func (d *deploying) install(b *box) {
	b.t.Helper()
	d.box, d.client = b, client.NewFromConfig(b.Config("AKIAPERSON"))
	b.act = d.fetch
	stack, err := b.DeployStack(b.Cloud, "shop-pipeline", "infra/pipeline.yaml", map[string]string{
		"Repository": push().Repository, "Connection": push().Connection,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	d.stack = stack
}

// let has a policy of the story let the pipeline's role invoke a function that the
// template's does not know.
func (d *deploying) let(function string) {
	d.t.Helper()
	_, err := iam.NewFromConfig(d.Config("AKIAPERSON")).PutRolePolicy(d.ctx(), &iam.PutRolePolicyInput{
		RoleName: aws.String(d.stack.PhysicalIDs["PipelineRole"]), PolicyName: aws.String("story"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:InvokeFunction",` +
			`"Resource":"arn:aws:lambda:us-east-1:123456789012:function:` + function + `"}}`),
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// fetch is the source action, which leaves what it read as the pipeline's role.
func (d *deploying) fetch(a codepipeline.Action, done func(codepipeline.Result)) {
	if d.builds == 0 {
		done(codepipeline.Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: "No Branch [main] found for FullRepositoryName [example/shop]"})
		return
	}
	key, err := d.Assume("codepipeline", a.Role, "", "codepipeline")
	if err != nil {
		d.t.Error(err)
	}
	d.leave(key, a.Outputs[0].Bucket, a.Outputs[0].Key, d.zipOf("codebuild_clone_ref", "{}"), func(error) {
		done(codepipeline.Result{Revision: "3f2c1e0d", Variables: map[string]string{"CommitId": "3f2c1e0d"}})
	})
}

// build is a build, which leaves the images' names as the project's role.
func (d *deploying) build(b *buildtypes.Build, done func(codebuild.Result)) {
	succeeded := codebuild.Result{Status: buildtypes.StatusTypeSucceeded, ExportedEnvironmentVariables: []buildtypes.ExportedEnvironmentVariable{
		{Name: aws.String("AUTHOR"), Value: aws.String("dana@example.com")},
		{Name: aws.String("COMMITTED_AT"), Value: aws.String("2026-03-02T09:57:11+01:00")},
	}}
	text := d.text
	if text == "" {
		text = fmt.Sprintf(`[{"name":"web","imageUri":%q}]`, fmt.Sprintf("%s:v%d", repository, d.builds))
	}
	body := d.zip(text)
	if body == nil {
		done(succeeded)
		return
	}
	key, err := d.Assume("codebuild", *b.ServiceRole, *b.Arn, "AWSCodeBuild")
	if err != nil {
		d.t.Error(err)
	}
	bucket, object, _ := strings.Cut(strings.TrimPrefix(*b.Artifacts.Location, "arn:aws:s3:::"), "/")
	d.leave(key, bucket, object, body, func(error) { done(succeeded) })
}

// leave puts an object with an access key.
func (d *deploying) leave(accessKey, bucket, key string, body []byte, done func(error)) {
	var err error
	d.Go(func(ctx context.Context) {
		_, err = s3.NewFromConfig(d.Config(accessKey)).PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		if err != nil {
			d.t.Error(err)
		}
	}, func() { done(err) })
}

func (d *deploying) zipped(text string) []byte { return d.zipOf(d.file, text) }

func (d *deploying) zipOf(name, text string) []byte {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	file, err := z.Create(name)
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

// release has a change of that behaviour come through the pipeline of that name, and
// gives the run's ID. Another pipeline than the template's is a copy of it, and runs as
// it is made; so does one that the story changes.
func (d *deploying) release(pipeline string, behaviour model.Behaviour) string {
	d.t.Helper()
	d.builds++
	d.push(fmt.Sprintf("v%d", d.builds), behaviour)
	changed := d.change != nil || d.parameters != ""
	if pipeline != shopPipeline || changed && d.builds == 1 {
		d.copy(pipeline)
	} else {
		d.Do(func() { d.CodePipeline.Pushed(push()) })
	}
	d.RunFor(20 * time.Second)
	out, err := d.client.ListActionExecutions(d.ctx(), &client.ListActionExecutionsInput{PipelineName: &pipeline})
	if err != nil {
		d.t.Fatal(err)
	}
	return aws.ToString(out.ActionExecutionDetails[0].PipelineExecutionId)
}

// copy makes a pipeline like the template's, with the story's changes; of the same name
// it takes the other's place.
func (d *deploying) copy(name string) {
	d.t.Helper()
	out, err := d.client.GetPipeline(d.ctx(), &client.GetPipelineInput{Name: aws.String(shopPipeline)})
	if err != nil {
		d.t.Fatal(err)
	}
	declared := out.Pipeline
	declared.Name = &name
	deploy := &declared.Stages[2].Actions[0]
	if d.parameters != "" {
		deploy.Configuration["UserParameters"] = d.parameters
	}
	if d.change != nil {
		d.change(deploy)
	}
	_, err = d.client.DeletePipeline(d.ctx(), &client.DeletePipelineInput{Name: &name})
	if err == nil {
		_, err = d.client.CreatePipeline(d.ctx(), &client.CreatePipelineInput{Pipeline: declared})
	}
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
	d.let(name)
	d.change = func(a *types.ActionDeclaration) { a.Configuration["FunctionName"] = name }
}

// invoke has build run with the payload; on the loop.
func (d *deploying) invoke(payload []byte) {
	if err := d.Lambda.InvokeAsync("sluice-build:live", payload); err != nil {
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
