package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// buildFile is the documented event that both scenarios put on the bus.
const buildFile = "codebuild-build-succeeded.json"

// build is a build of the app as CodeBuild's event tells of it.
type build struct {
	event  eventbridge.Event
	id     string // project:uuid
	commit string

	repository, logs string // URLs
}

// readBuild reads the documented event, as it stands or told of another build.
func readBuild(other ...string) (build, error) {
	text, err := events.Files.ReadFile(buildFile)
	if err != nil {
		return build{}, fmt.Errorf("read %s: %w", buildFile, err)
	}
	text = []byte(strings.NewReplacer(other...).Replace(string(text)))
	var b build
	if err := json.Unmarshal(text, &b.event); err != nil {
		return build{}, fmt.Errorf("read %s: %w", buildFile, err)
	}
	var detail struct {
		Build       string `json:"build-id"`
		Information struct {
			SourceVersion string `json:"source-version"`
			Source        struct {
				Location string `json:"location"`
			} `json:"source"`
			Logs struct {
				Link string `json:"deep-link"`
			} `json:"logs"`
		} `json:"additional-information"`
	}
	if err := json.Unmarshal(b.event.Detail, &detail); err != nil {
		return build{}, fmt.Errorf("read the detail of %s: %w", buildFile, err)
	}
	_, b.id, _ = strings.Cut(detail.Build, ":build/")
	b.repository, b.logs = detail.Information.Source.Location, detail.Information.Logs.Link
	if b.commit = detail.Information.SourceVersion; len(b.commit) < tagLength || b.id == "" {
		return build{}, fmt.Errorf("%s names no build or no commit", buildFile)
	}
	return b, nil
}

// tagLength is how much of a commit the image's tag is.
const tagLength = 7

func (b build) tag() string { return b.commit[:tagLength] }

// goodBuild is the build of the documented event; badBuild a later one.
func goodBuild() (build, error) { return readBuild() }

func badBuild() (build, error) {
	return readBuild(
		"8745a7a9-c340-456a-9166-edf953571be0", "b1f0c2d4-7e35-4c1a-8f6b-2d9e0a4c7b13",
		"3f2c1e0a9d5b4c8e7f6a1b2c3d4e5f60718293a4", "9b1d4e7f02c8a6b35d1e4f7a8c9b0d2e3f415263",
	)
}

// finish has the build finish: its image is in ECR, CodeBuild knows the build and
// its exported variables IMAGE and AUTHOR, and CodeBuild's event is put on the bus. It
// gives the release that is to come.
func (w *world) finish(ctx context.Context, b build, app *WebApp) (rollout.Release, error) {
	if _, err := w.push(ctx, b.tag(), app); err != nil {
		return rollout.Release{}, err
	}
	registered, err := w.Steps.Store.App(ctx, w.spec.App)
	if err != nil {
		return rollout.Release{}, err
	}
	exported := func(name, value string) types.ExportedEnvironmentVariable {
		return types.ExportedEnvironmentVariable{Name: aws.String(name), Value: aws.String(value)}
	}
	w.Do(func() {
		err = w.CodeBuild.RecordBuild(types.Build{
			Id: &b.id, BuildStatus: types.StatusTypeSucceeded, ResolvedSourceVersion: &b.commit,
			Logs:   &types.LogsLocation{DeepLink: &b.logs},
			Source: &types.ProjectSource{Type: types.SourceTypeGithub, Location: &b.repository},
			ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{
				exported("IMAGE", w.spec.Containers["web"]+":"+b.tag()),
				exported("AUTHOR", "Dana Reyes <"+localcloud.DanaEmail+">"),
			},
		})
		if err == nil {
			w.EventBridge.Emit(b.event.Source, b.event.DetailType, b.event.Resources, b.event.Detail)
			recent := w.EventBridge.Recent()
			w.observed.put[recent[len(recent)-1].ID] = w.Now()
		}
	})
	return rollout.Release{App: w.spec.App, Number: registered.Counter + 1}, err
}
