package handler_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	account  = "123456789012"
	registry = account + ".dkr.ecr.us-east-1.amazonaws.com"
	build    = "shop-build:00000001-0000-4000-8000-000000000000"
	buildARN = "arn:aws:codebuild:us-east-1:" + account + ":build/" + build
)

// world is a cloud with Sluice in it and two apps: shop, which builds trigger, and
// pushed, which pushes of tags v* trigger. Both repositories have an image v1.
type world struct {
	*harness.Harness
	tb       testing.TB
	aws      awsclient.Clients
	handlers map[string]handler.Func
	log      *bytes.Buffer
	digest   string               // of every v1
	put      []approvals.Decision // on the bus for decisions
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	tb.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{Harness: h, tb: tb, aws: awsclient.New(h.Config("AKIAPERSON")), log: &bytes.Buffer{}}
	wired, err := app.New(app.World{AWS: h.Config("AKIAPERSON"), HTTP: h.Web.Client(0), Now: h.Now, Log: slog.New(slog.NewTextHandler(w.log, nil))}, h.Settings)
	if err != nil {
		tb.Fatal(err)
	}
	w.handlers = wired.Handlers()
	w.Observe = w.observe
	w.push("shop")
	w.push("pushed")
	w.register("shop", "shop", rollout.Triggers{CodeBuild: []string{"shop-build"}})
	w.register("pushed", "pushed", rollout.Triggers{ECR: []rollout.ECRTrigger{{Repository: "pushed", Tag: "v*"}}})
	return w
}

// push makes a repository with an image v1.
func (w *world) push(repository string) {
	w.tb.Helper()
	if _, err := w.aws.ECR.CreateRepository(w.tb.Context(), &ecr.CreateRepositoryInput{RepositoryName: &repository}); err != nil {
		w.tb.Fatal(err)
	}
	out, err := w.aws.ECR.PutImage(w.tb.Context(), &ecr.PutImageInput{
		RepositoryName: &repository, ImageTag: aws.String("v1"),
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest:          aws.String(`{"schemaVersion":2}`),
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.digest = aws.ToString(out.Image.ImageId.ImageDigest)
}

// register registers an app with one container, web, of the repository.
func (w *world) register(name, repository string, triggers rollout.Triggers) {
	w.tb.Helper()
	err := w.Steps.Register(w.tb.Context(), rollout.Spec{
		App: name, Containers: map[string]string{"web": registry + "/" + repository}, Triggers: triggers,
		Environments: []rollout.Environment{{
			Name: "production", Cluster: name, Slots: rollout.Names{Blue: name + "-blue", Green: name + "-green"},
			Steps: []rollout.Step{{Weight: 100, Bake: time.Minute}}, Guard: time.Minute,
		}},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// record makes CodeBuild know a build that has succeeded and exports an image,
// unless change says otherwise.
func (w *world) record(change func(*types.Build)) {
	w.tb.Helper()
	b := types.Build{
		Id: aws.String(build), Arn: aws.String(buildARN), ProjectName: aws.String("shop-build"),
		BuildStatus: types.StatusTypeSucceeded, ResolvedSourceVersion: aws.String("3f2c1e0d"),
		ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{
			{Name: aws.String("IMAGE"), Value: aws.String(registry + "/shop:v1")},
		},
	}
	if change != nil {
		change(&b)
	}
	w.Do(func() {
		if err := w.CodeBuild.RecordBuild(b); err != nil {
			w.tb.Error(err)
		}
	})
}

// artifact leaves an object in a bucket and gives it to a build that exports
// nothing.
func (w *world) artifact(body []byte) func(*types.Build) {
	w.tb.Helper()
	if _, err := w.aws.S3.CreateBucket(w.tb.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		w.tb.Fatal(err)
	}
	_, err := w.aws.S3.PutObject(w.tb.Context(), &s3.PutObjectInput{
		Bucket: aws.String("artifacts"), Key: aws.String("shop/out"), Body: bytes.NewReader(body),
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return func(b *types.Build) {
		b.ExportedEnvironmentVariables = nil
		b.Artifacts = &types.BuildArtifacts{Location: aws.String("arn:aws:s3:::artifacts/shop/out")}
	}
}

// fields are an object of JSON.
type fields map[string]any

// with is the object with other values; nil takes a field out.
func (f fields) with(name string, value any) fields {
	out := maps.Clone(f)
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

func event(source, detailType string, detail any) fields {
	return fields{
		"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "source": source, "detail-type": detailType,
		"account": account, "region": "us-east-1", "time": "2026-03-01T11:59:00Z", "resources": []string{}, "detail": detail,
	}
}

func buildDetail() fields {
	return fields{"build-status": "SUCCEEDED", "project-name": "shop-build", "build-id": buildARN}
}

func built(detail fields) fields {
	return event("aws.codebuild", "CodeBuild Build State Change", detail)
}

func pushDetail(digest string) fields {
	return fields{
		"action-type": "PUSH", "result": "SUCCESS", "repository-name": "pushed", "image-digest": digest, "image-tag": "v1",
	}
}

func pushed(detail fields) fields { return event("aws.ecr", "ECR Image Action", detail) }

func ownDetail() fields {
	return fields{"app": "shop", "build": buildARN, "images": fields{"web": registry + "/shop:v1"}, "commit": "3f2c1e0d"}
}

func own(detail fields) fields { return event("sluice.build", "Sluice Build Succeeded", detail) }

func (w *world) json(v any) []byte {
	w.tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		w.tb.Fatal(err)
	}
	return text
}

// invoke calls a function's handler.
func (w *world) invoke(function string, payload []byte) error {
	w.tb.Helper()
	_, err := w.handlers[function].Invoke(w.tb.Context(), payload)
	return err
}

// take has a function take an event well: without an error for Lambda.
func (w *world) take(function string, e any) {
	w.tb.Helper()
	if err := w.invoke(function, w.json(e)); err != nil {
		w.tb.Fatalf("function %s: %v", function, err)
	}
}

// executions are the names of all executions, in order.
func (w *world) executions() []string {
	w.tb.Helper()
	out, err := w.aws.SFN.ListExecutions(w.tb.Context(), &sfn.ListExecutionsInput{StateMachineArn: &w.Settings.Machine})
	if err != nil {
		w.tb.Fatal(err)
	}
	var names []string
	for _, e := range out.Executions {
		names = append(names, aws.ToString(e.Name))
	}
	slices.Sort(names)
	return names
}

func (w *world) wantExecutions(want ...string) {
	w.tb.Helper()
	if got := w.executions(); !slices.Equal(got, want) {
		w.tb.Errorf("executions are %q, want %q", got, want)
	}
}

// letter is an event that nobody could follow.
type letter struct{ body, kind, reason string }

// letters takes the dead letters out of their queue.
func (w *world) letters() []letter {
	w.tb.Helper()
	out, err := w.aws.SQS.ReceiveMessage(w.tb.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &w.Settings.DeadLetters, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	var letters []letter
	for _, m := range out.Messages {
		_, err := w.aws.SQS.DeleteMessage(w.tb.Context(), &sqs.DeleteMessageInput{
			QueueUrl: &w.Settings.DeadLetters, ReceiptHandle: m.ReceiptHandle,
		})
		if err != nil {
			w.tb.Fatal(err)
		}
		letters = append(letters, letter{
			aws.ToString(m.Body), aws.ToString(m.MessageAttributes["KIND"].StringValue),
			aws.ToString(m.MessageAttributes["REASON"].StringValue),
		})
	}
	return letters
}

// wantRefused fails the test unless the event lies with the dead letters, for a
// reason of that kind that speaks of the parts, and nothing was started.
func (w *world) wantRefused(payload []byte, kind rollout.ErrorKind, parts ...string) {
	w.tb.Helper()
	letters := w.letters()
	if len(letters) != 1 {
		w.tb.Fatalf("%d dead letters, want 1; log:\n%s", len(letters), w.log)
	}
	if l := letters[0]; l.body != string(payload) || l.kind != string(kind) {
		w.tb.Errorf("the dead letter is %s of kind %s, want %s of kind %s", l.body, l.kind, payload, kind)
	}
	for _, part := range parts {
		if !strings.Contains(letters[0].reason, part) {
			w.tb.Errorf("the reason %q does not speak of %q", letters[0].reason, part)
		}
	}
	w.wantExecutions()
}

// wantIgnored fails the test unless the event was logged and nothing else.
func (w *world) wantIgnored() {
	w.tb.Helper()
	if letters := w.letters(); len(letters) != 0 {
		w.tb.Errorf("dead letters are %+v, want none", letters)
	}
	if !strings.Contains(w.log.String(), "event ignored") {
		w.tb.Errorf("the log does not say that the event was ignored:\n%s", w.log)
	}
	w.wantExecutions()
}

// release is a release of shop or pushed.
func (w *world) release(app string, number int) rollout.Release {
	w.tb.Helper()
	r, err := w.Steps.Store.Release(w.tb.Context(), app, number)
	if err != nil {
		w.tb.Fatal(err)
	}
	return r
}

// image is the image v1 of a repository by digest.
func (w *world) image(repository string) string {
	return fmt.Sprintf("%s/%s@%s", registry, repository, w.digest)
}
