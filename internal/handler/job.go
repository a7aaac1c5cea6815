package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// job is what CodePipeline invokes a function with for an action of a pipeline (AWS:
// CodePipeline User Guide, Invoke an AWS Lambda function in a pipeline, Example JSON
// event).
type job struct {
	ID      string  `json:"id"`
	Account string  `json:"accountId"`
	Data    jobData `json:"data"`
}

type jobData struct {
	Action struct {
		Configuration struct {
			UserParameters string `json:"UserParameters"`
		} `json:"configuration"`
	} `json:"actionConfiguration"`
	Inputs       []artifact  `json:"inputArtifacts"`
	Credentials  credentials `json:"artifactCredentials,omitzero"`
	Continuation string      `json:"continuationToken,omitempty"`
}

type artifact struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
	Location struct {
		S3 struct {
			Bucket string `json:"bucketName"`
			Key    string `json:"objectKey"`
		} `json:"s3Location"`
	} `json:"location"`
}

// credentials are a session of the pipeline's role, given for its artifacts. They go
// into no log and no queue.
type credentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
}

// parameters are what a pipeline's action says in UserParameters.
type parameters struct {
	App      string `json:"app"`
	Artifact string `json:"artifact"` // name of the input artifact; the only one
	File     string `json:"file"`     // in it; imagedefinitions.json

	// For the record and for people. Pipelines fill them in with variables.
	Pipeline   string `json:"pipeline"`
	Execution  string `json:"execution"` // #{codepipeline.PipelineExecutionId}
	Commit     string `json:"commit"`
	Author     string `json:"author"`
	Committed  string `json:"committedAt"`
	Repository string `json:"repository"`
}

const definitionsFile = "imagedefinitions.json"

// jobs serves CodePipeline's invocation beside events.
func (b Build) jobs(events Func) Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var e struct {
			Job json.RawMessage `json:"CodePipeline.job"`
		}
		if json.Unmarshal(payload, &e) != nil || e.Job == nil {
			return events(ctx, payload)
		}
		return []byte("null"), b.job(ctx, e.Job)
	}
}

func (b Build) job(ctx context.Context, text []byte) error {
	var j job
	if err := json.Unmarshal(text, &j); err != nil || j.ID == "" {
		return b.unanswerable(ctx, j, rollout.Errorf(rollout.KindEventInvalid, "a job of CodePipeline that cannot be read, or has no id"))
	}
	err := b.deployJob(ctx, j)
	switch {
	case err == nil:
		return nil
	case !final(err) && rollout.KindOf(err) != rollout.KindDenied:
		return err // Lambda tries again
	}
	b.Log.LogAttrs(ctx, slog.LevelWarn, "job refused", slog.String("job", j.ID), slog.String("kind", string(rollout.KindOf(err))),
		slog.String("reason", err.Error()))
	refused := b.Steps.JobRefused(ctx, j.ID, err)
	switch rollout.KindOf(refused) { //nolint:exhaustive // the others may pass
	case rollout.KindSuperseded:
		return nil // it was refused before, or nobody waits any more
	case rollout.KindNotFound:
		return b.unanswerable(ctx, j, fmt.Errorf("%w (%w)", refused, err))
	default:
		return refused
	}
}

// deployJob does what a job asks for.
func (b Build) deployJob(ctx context.Context, j job) error {
	if j.Data.Continuation != "" {
		return b.Steps.JobGoesOn(ctx, j.ID, j.Data.Continuation)
	}
	release, err := b.releaseOf(ctx, j)
	if err != nil {
		return err
	}
	if release, err = b.Steps.Store.PutRelease(ctx, release); err != nil {
		return err
	}
	return b.Steps.JobBegins(ctx, j.ID, release)
}

// unanswerable puts a job that has no pipeline here to be answered to into the dead
// letters, without the credentials that it brought.
func (b Build) unanswerable(ctx context.Context, j job, why error) error {
	j.Data.Credentials = credentials{}
	text, err := json.Marshal(map[string]job{"CodePipeline.job": j})
	if err != nil {
		return fmt.Errorf("encode job %s: %w", j.ID, err)
	}
	return b.Letters.put(ctx, text, why)
}

// releaseOf is the release that a first job brings.
func (b Build) releaseOf(ctx context.Context, j job) (rollout.Release, error) {
	p, err := j.parameters()
	if err != nil {
		return rollout.Release{}, err
	}
	registered, err := b.Steps.Store.App(ctx, p.App)
	if err != nil {
		return rollout.Release{}, err
	}
	spec := registered.Spec
	if !spec.Triggers.CodePipeline {
		return rollout.Release{}, rollout.Errorf(rollout.KindEventInvalid,
			"app %q is not deployed by a pipeline; make `codepipeline` its trigger in sluice.yaml", p.App)
	}
	from, err := j.input(p.Artifact)
	if err != nil {
		return rollout.Release{}, err
	}
	made, err := b.definitions(ctx, j.Data.Credentials, from, p.File)
	if err != nil {
		return rollout.Release{}, err
	}
	cause := b.causeOf(j, p, from)
	if cause.CommittedAt, err = committedAt(p.Committed); err != nil {
		return rollout.Release{}, fmt.Errorf("UserParameters of the action: %w", err)
	}
	return b.pinned(ctx, rollout.Release{App: p.App, Spec: spec, Cause: cause, At: b.Steps.Now()}, made)
}

// definitions are the images that a file of an artifact names, read with the
// credentials that the pipeline gave for it.
func (b Build) definitions(ctx context.Context, c credentials, from artifact, file string) (map[string]string, error) {
	if file == "" {
		file = definitionsFile
	}
	reader := b.Artifacts(aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken})
	text, err := reader.File(ctx, from.Location.S3.Bucket, from.Location.S3.Key, file)
	if err != nil {
		return nil, err
	}
	return images.Definitions(text)
}

func (b Build) causeOf(j job, p parameters, from artifact) rollout.Cause {
	c := rollout.Cause{
		Key: "job#" + j.ID, Source: "codepipeline", Job: j.ID, Execution: p.Execution, Commit: p.Commit, Author: address(p.Author),
		Repository: strings.TrimSuffix(p.Repository, ".git"),
	}
	if c.Commit == "" {
		c.Commit = from.Revision
	}
	if p.Pipeline != "" {
		c.Link = fmt.Sprintf("https://%[1]s.console.aws.amazon.com/codesuite/codepipeline/pipelines/%[2]s/view?region=%[1]s", b.Region, url.PathEscape(p.Pipeline))
	}
	return c
}

// parameters reads UserParameters.
func (j *job) parameters() (parameters, error) {
	var p parameters
	text := j.Data.Action.Configuration.UserParameters
	switch err := strict([]byte(text), &p); {
	case text == "":
		return p, rollout.Errorf(rollout.KindEventInvalid, `the action has no UserParameters; give it {"app": "<name of the app in sluice.yaml>"}`)
	case err != nil:
		return p, rollout.Errorf(rollout.KindEventInvalid, `UserParameters of the action are not what Sluice takes, {"app": "<name>"} and what docs/events.md lists: %w`, err)
	case p.App == "":
		return p, rollout.Errorf(rollout.KindEventInvalid, `UserParameters of the action name no app; add "app": "<name of the app in sluice.yaml>"`)
	case len(p.App) > maxName:
		return p, rollout.Errorf(rollout.KindEventInvalid, "UserParameters of the action: app is longer than %d bytes", maxName)
	}
	return p, nil
}

// input is the input artifact of that name; the only one for "".
func (j *job) input(name string) (artifact, error) {
	var names []string
	for _, a := range j.Data.Inputs {
		if a.Name == name || name == "" && len(j.Data.Inputs) == 1 {
			return a, nil
		}
		names = append(names, a.Name)
	}
	switch {
	case len(names) == 0:
		return artifact{}, rollout.Errorf(rollout.KindEventInvalid,
			"the action has no input artifact; give it the one in which the build left %s", definitionsFile)
	case name == "":
		return artifact{}, rollout.Errorf(rollout.KindEventInvalid,
			`the action has %d input artifacts (%s); say in UserParameters which one has the images: "artifact": "…"`, len(names), strings.Join(names, ", "))
	default:
		return artifact{}, rollout.Errorf(rollout.KindEventInvalid,
			"the action has no input artifact %q, which UserParameters name; it has %s", name, strings.Join(names, ", "))
	}
}
