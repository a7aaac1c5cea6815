package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// buildFile is the documented event that both scenarios put on the bus.
const buildFile = "codebuild-build-succeeded.json"

// build is a build of the app as CodeBuild's event tells of it.
type build struct {
	event  eventbridge.Event
	id     string // project:uuid
	commit string
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
		} `json:"additional-information"`
	}
	if err := json.Unmarshal(b.event.Detail, &detail); err != nil {
		return build{}, fmt.Errorf("read the detail of %s: %w", buildFile, err)
	}
	_, b.id, _ = strings.Cut(detail.Build, ":build/")
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
// its exported variable IMAGE, and CodeBuild's event is put on the bus. It gives
// the name of the rollout that is to come.
func (e *environment) finish(ctx context.Context, b build, app *WebApp) (string, error) {
	if _, err := e.push(ctx, b.tag(), app); err != nil {
		return "", err
	}
	registered, err := e.Steps.Store.App(ctx, e.spec.App)
	if err != nil {
		return "", err
	}
	e.Do(func() {
		err = e.CodeBuild.RecordBuild(types.Build{
			Id: &b.id, BuildStatus: types.StatusTypeSucceeded, ResolvedSourceVersion: &b.commit,
			ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{
				{Name: aws.String("IMAGE"), Value: aws.String(e.spec.Containers["web"] + ":" + b.tag())},
			},
		})
		if err == nil {
			e.EventBridge.Emit(b.event.Source, b.event.DetailType, b.event.Resources, b.event.Detail)
			recent := e.EventBridge.Recent()
			e.observed.put[recent[len(recent)-1].ID] = e.Now()
		}
	})
	next := rollout.Release{App: e.spec.App, Number: registered.Counter + 1}
	return next.Name(e.place.Environment), err
}

// Scenario is how one of the two went.
type Scenario struct {
	Rollout string
	Version string          // that it brought in
	Want    rollout.Outcome // how it should end
	Got     rollout.Outcome
	Reason  string
	Weights struct{ Want, Got rollout.Weights } // of the rule at the end
	Traffic Counts                              // from the event to the end
	Took    time.Duration                       // of the cloud's time
}

// OK reports whether it ended as it should.
func (s Scenario) OK() bool { return s.Got == s.Want && s.Weights.Got == s.Weights.Want }

// patience is how long a rollout of the demo may take, on the cloud's clock: well
// above all its waits.
const patience = 30 * time.Minute

// play has a build finish and waits until its rollout has ended.
func (e *environment) play(ctx context.Context, b build, app *WebApp, want rollout.Outcome) (Scenario, error) {
	s := Scenario{Version: app.Version, Want: want}
	before, err := e.weights(ctx)
	if err != nil {
		return s, err
	}
	counts, begun := e.load.Counts(), e.Now()
	if s.Rollout, err = e.finish(ctx, b, app); err != nil {
		return s, err
	}
	err = until(ctx, func() (bool, error) {
		record, err := e.Steps.Store.Record(ctx, s.Rollout)
		if e.Now().Sub(begun) > patience {
			return false, fmt.Errorf("rollout %s has not ended after %v of the cloud's time", s.Rollout, patience)
		}
		if rollout.KindOf(err) == rollout.KindNotFound {
			return false, nil
		}
		s.Got, s.Reason = record.Outcome, record.Reason
		return record.Told, err
	})
	if err != nil {
		return s, err
	}
	s.Traffic, s.Took = e.load.Counts().Since(counts), e.Now().Sub(begun)
	s.Weights.Want = before
	if want == rollout.Succeeded {
		s.Weights.Want = rollout.Weights{Blue: before.Green, Green: before.Blue}
	}
	s.Weights.Got, err = e.weights(ctx)
	return s, err
}

func (e *environment) weights(ctx context.Context) (rollout.Weights, error) {
	rule, err := e.Steps.Reach(awsclient.Away{}).Traffic.Read(ctx, e.service.Rule, e.groups())
	return rule.Weights, err
}

func (e *environment) groups() rollout.Names {
	return rollout.Names{Blue: e.service.BlueGroup, Green: e.service.GreenGroup}
}
