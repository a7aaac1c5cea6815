package infra_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// newSluice is a workshop in whose cloud Sluice is, with an app that nothing has been
// made for: its releases are taken, and stopped.
func newSluice(t *testing.T, l *loop.Loop, triggers rollout.Triggers) (*workshop, *harness.Harness) {
	t.Helper()
	w := &workshop{t: t, images: "shop"}
	h, err := harness.New(l, harness.Options{
		Log: slog.New(slog.DiscardHandler), Cloud: emulator.Options{Action: w.fetch, Builder: w.codeBuild},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.open(h.Cloud)
	t.Cleanup(w.actions.Wait)
	err = h.Steps.Register(t.Context(), rollout.Spec{
		App: "shop", Containers: map[string]string{"web": registry + "/shop"}, Triggers: triggers,
		Environments: []rollout.Environment{{
			Name: "production", Cluster: "shop-production", Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps: []rollout.Step{{Weight: 100, Bake: time.Minute}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, h
}

// fetch is the pipeline's source action, which leaves what it read as the pipeline's role.
func (w *workshop) fetch(a codepipeline.Action, done func(codepipeline.Result)) {
	if !w.pushed {
		done(codepipeline.Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: "No Branch [main] found"})
		return
	}
	key, err := w.cloud.Assume("codepipeline", a.Role, "", "codepipeline")
	if err != nil {
		w.t.Error(err)
	}
	w.actions.Go(func() {
		commit := strings.TrimSpace(w.must("git", "rev-parse", "HEAD"))
		w.leave(key, a.Outputs[0].Bucket, a.Outputs[0].Key, "codebuild_clone_ref", []byte(commit))
		w.cloud.Post(func() { done(codepipeline.Result{Revision: commit, Variables: map[string]string{"CommitId": commit}}) })
	})
}

// codeBuild does a build: as the project's role it gets what is built, runs the
// buildspec, and leaves the artifact.
func (w *workshop) codeBuild(b *buildtypes.Build, done func(codebuild.Result)) {
	_, id, _ := strings.Cut(*b.Id, ":")
	key, err := w.cloud.Assume("codebuild", *b.ServiceRole, *b.Arn, "AWSCodeBuild-"+id)
	if err != nil {
		w.t.Error(err)
	}
	w.actions.Go(func() {
		result := w.work(key, b)
		w.cloud.Post(func() { done(result) })
	})
}

func (w *workshop) work(key string, b *buildtypes.Build) codebuild.Result {
	failed := codebuild.Result{Status: buildtypes.StatusTypeFailed}
	bucket, object := place(*b.SourceVersion)
	if _, err := s3.NewFromConfig(w.cloud.Config(key)).GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &object}); err != nil {
		w.t.Errorf("the build's source: %v", err)
		return failed
	}
	exported := filepath.Join(w.tools, "exported")
	out, err := w.run(key, *b.Arn, b.Environment.EnvironmentVariables, "EXPORTED="+exported)
	if err != nil {
		w.t.Errorf("build: %v\n%s", err, out)
		return failed
	}
	definitions, err := os.ReadFile(filepath.Join(w.folder, "imagedefinitions.json"))
	if err != nil {
		w.t.Error(err)
	}
	bucket, object = place(*b.Artifacts.Location)
	w.leave(key, bucket, object, "imagedefinitions.json", definitions)
	result := codebuild.Result{Status: buildtypes.StatusTypeSucceeded}
	values, err := os.ReadFile(exported) //nolint:gosec // a file of the test
	if err != nil {
		w.t.Error(err)
	}
	for line := range strings.Lines(string(values)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		result.ExportedEnvironmentVariables = append(result.ExportedEnvironmentVariables, buildtypes.ExportedEnvironmentVariable{Name: &name, Value: &value})
	}
	return result
}

// place is the bucket and the key of an object's ARN.
func place(arn string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(arn, "arn:aws:s3:::"), "/")
	return bucket, key
}

// leave puts a zip file with one file in it.
func (w *workshop) leave(accessKey, bucket, key, name string, text []byte) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	file, err := z.Create(name)
	if err == nil {
		_, err = file.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		_, err = s3.NewFromConfig(w.cloud.Config(accessKey)).PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(archive.Bytes())})
	}
	if err != nil {
		w.t.Errorf("leave %s: %v", name, err)
	}
}

// until waits until it holds, for two minutes at most.
func (w *workshop) until(what string, holds func() bool) {
	w.t.Helper()
	for range 240 {
		if holds() {
			return
		}
		w.cloud.Await(func(done func()) { w.cloud.After(500*time.Millisecond, done) })
	}
	w.t.Fatalf("%s: not after two minutes", what)
}

const connection = "arn:aws:codeconnections:us-east-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"

// TestPipeline has a push come through the pipeline, by its roles, to Sluice.
func TestPipeline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		p        parameters
		triggers rollout.Triggers
		push     func(c *emulator.Cloud)
		source   string
	}{
		{"a connection and a stage", parameters{"Repository": "example/shop", "Connection": connection}, rollout.Triggers{CodePipeline: true}, func(c *emulator.Cloud) {
			c.CodePipeline.Pushed(codepipeline.Push{Connection: connection, Repository: "example/shop", Branch: "main"})
		}, "codepipeline"},
		{"CodeCommit and an event", parameters{"Repository": "shop", "Deploy": "event"}, rollout.Triggers{Event: true}, func(c *emulator.Cloud) {
			c.EventBridge.Emit("aws.codecommit", "CodeCommit Repository State Change", []string{"arn:aws:codecommit:us-east-1:123456789012:shop"},
				map[string]string{"event": "referenceUpdated", "referenceType": "branch", "referenceName": "main"})
		}, "event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, h := newSluice(t, live(t), c.triggers)
			stack := w.install("infra/pipeline.yaml", c.p)
			w.cloud.Do(func() {
				w.pushed = true
				c.push(w.cloud)
			})
			client := pipelines.NewFromConfig(w.cloud.Config("AKIAPERSON"))
			w.until("the release", func() bool {
				_, err := h.Steps.Store.Deployment(t.Context(), "shop", 1)
				if err != nil && w.ended(client, stack.Outputs["Pipeline"]) == types.ActionExecutionStatusFailed {
					t.Fatalf("the pipeline ended without a release: %s", w.told(client, stack.Outputs["Pipeline"]))
				}
				return err == nil
			})
			w.actions.Wait() // the build ends after it has put its event
			release, err := h.Steps.Store.Release(t.Context(), "shop", 1)
			if err != nil {
				t.Fatal(err)
			}
			commit := strings.TrimSpace(w.must("git", "rev-parse", "HEAD"))
			if cause := release.Cause; cause.Source != c.source || cause.Commit != commit || cause.Author != "dana@example.com" {
				t.Errorf("the cause is %+v, want %s, commit %s of dana@example.com", cause, c.source, commit)
			}
			if got, want := release.Images["web"], registry+"/shop@"+w.digest(commit[:12]); got != want {
				t.Errorf("the image is %s, want %s", got, want)
			}
		})
	}
}

// ended is how the last action of the pipeline that has begun stands.
func (w *workshop) ended(client *pipelines.Client, pipeline string) types.ActionExecutionStatus {
	w.t.Helper()
	out, err := client.ListActionExecutions(w.t.Context(), &pipelines.ListActionExecutionsInput{PipelineName: &pipeline})
	if err != nil {
		w.t.Fatal(err)
	}
	if d := out.ActionExecutionDetails[0]; *d.StageName != "Source" {
		return d.Status
	}
	return types.ActionExecutionStatusInProgress
}

// told is what the pipeline's actions say.
func (w *workshop) told(client *pipelines.Client, pipeline string) string {
	w.t.Helper()
	out, err := client.GetPipelineState(w.t.Context(), &pipelines.GetPipelineStateInput{Name: &pipeline})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, s := range out.StageStates {
		for _, a := range s.ActionStates {
			if e := a.LatestExecution; e != nil && e.ErrorDetails != nil {
				all = append(all, fmt.Sprintf("%s: %s %s", *a.ActionName, e.Status, aws.ToString(e.ErrorDetails.Message)))
			}
		}
	}
	return strings.Join(all, "; ")
}

// TestDocumentsHaveTheStage compares the stage that docs/events.md shows with that of
// infra/pipeline.yaml.
func TestDocumentsHaveTheStage(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	mustDeploy(t, c, "infra/pipeline.yaml", "pipeline", parameters{"Repository": "example/shop", "Connection": connection})
	out, err := pipelines.NewFromConfig(c.Config("AKIAPERSON")).GetPipeline(t.Context(), &pipelines.GetPipelineInput{Name: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	made := out.Pipeline.Stages[2]
	a := made.Actions[0]
	want := shownStage{Name: *made.Name, Actions: []shownAction{{
		Name: *a.Name, Type: map[string]string{
			"Category": string(a.ActionTypeId.Category), "Owner": string(a.ActionTypeId.Owner), "Provider": *a.ActionTypeId.Provider, "Version": *a.ActionTypeId.Version,
		},
		Inputs: []map[string]string{{"Name": *a.InputArtifacts[0].Name}}, Configuration: a.Configuration,
	}}}
	text, err := os.ReadFile(filepath.Join(root, "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(text), "```yaml\n- Name: Deploy\n")
	shown, _, _ = strings.Cut("- Name: Deploy\n"+shown, "```")
	var got []shownStage
	if err := yaml.NewDecoder(strings.NewReader(shown), yaml.Strict()).DecodeContext(context.WithoutCancel(t.Context()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]shownStage{want}, got); diff != "" {
		t.Errorf("the stage in docs/events.md (-template +document):\n%s", diff)
	}
}

// shownStage is a stage as CloudFormation has it.
type shownStage struct {
	Name    string        `yaml:"Name"`
	Actions []shownAction `yaml:"Actions"`
}

type shownAction struct {
	Name          string              `yaml:"Name"`
	Type          map[string]string   `yaml:"ActionTypeId"`
	Inputs        []map[string]string `yaml:"InputArtifacts"`
	Configuration map[string]string   `yaml:"Configuration"`
}
