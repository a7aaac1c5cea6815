package codebuild_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 9, 1, 16, 12, 29, 0, time.UTC)

// event is an event that CodeBuild emitted.
type event struct {
	resources []string
	detail    string
}

type world struct {
	loop    *loop.Loop
	service *codebuild.Service
	client  *client.Client
	events  []event
}

// newWorld gives CodeBuild with a client and a project "shop-build".
func newWorld(t *testing.T, builder func(l *loop.Loop, b *types.Build, done func(codebuild.Result))) *world {
	t.Helper()
	w := &world{loop: loop.NewVirtual(start)}
	deps := codebuild.Deps{Emit: func(source, detailType string, resources []string, detail any) {
		if source != "aws.codebuild" || detailType != "CodeBuild Build State Change" {
			t.Errorf("event %s of %s", detailType, source)
		}
		body, err := json.Marshal(detail)
		if err != nil {
			t.Error(err)
		}
		w.events = append(w.events, event{resources, string(body)})
	}}
	if builder != nil {
		deps.Builder = func(b *types.Build, done func(codebuild.Result)) { builder(w.loop, b, done) }
	}
	w.service = codebuild.New(w.loop, "123456789012", "us-west-2", deps)
	mux := wire.NewMux("123456789012", "us-west-2", w.service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-west-2",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	w.project(t, "shop-build")
	return w
}

func (w *world) project(t *testing.T, name string) {
	t.Helper()
	_, err := w.client.CreateProject(t.Context(), &client.CreateProjectInput{
		Name: &name, ServiceRole: aws.String("arn:aws:iam::123456789012:role/build"), SourceVersion: aws.String("main"),
		Source:    &types.ProjectSource{Type: types.SourceTypeGithub, Location: aws.String("https://github.com/acme/shop.git")},
		Artifacts: &types.ProjectArtifacts{Type: types.ArtifactsTypeNoArtifacts},
		Environment: &types.ProjectEnvironment{
			Type: types.EnvironmentTypeLinuxContainer, Image: aws.String("aws/codebuild/standard:7.0"), ComputeType: types.ComputeTypeBuildGeneral1Small,
			EnvironmentVariables: []types.EnvironmentVariable{{Name: aws.String("STAGE"), Value: aws.String("prod")}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) build(t *testing.T, id string) types.Build {
	t.Helper()
	out, err := w.client.BatchGetBuilds(t.Context(), &client.BatchGetBuildsInput{Ids: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Builds) != 1 {
		t.Fatalf("build %s is not found", id)
	}
	return out.Builds[0]
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("error = %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

// succeedAfter is a builder that needs a time and exports an image.
func succeedAfter(d time.Duration) func(*loop.Loop, *types.Build, func(codebuild.Result)) {
	return func(l *loop.Loop, _ *types.Build, done func(codebuild.Result)) {
		l.After(d, func() {
			done(codebuild.Result{
				Status: types.StatusTypeSucceeded, ResolvedSourceVersion: "3f2c1e0",
				ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{{Name: aws.String("IMAGE"), Value: aws.String("shop@sha256:aa")}},
			})
		})
	}
}

func TestBuildRunsAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, succeedAfter(2*time.Minute))
	out, err := w.client.StartBuild(t.Context(), &client.StartBuildInput{
		ProjectName: aws.String("shop-build"), SourceVersion: aws.String("v2"),
		EnvironmentVariablesOverride: []types.EnvironmentVariable{{Name: aws.String("STAGE"), Value: aws.String("test")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.Build.BuildStatus != types.StatusTypeInProgress || *out.Build.BuildNumber != 1 || *out.Build.SourceVersion != "v2" ||
		*out.Build.Environment.EnvironmentVariables[0].Value != "test" {
		t.Errorf("started build = %+v", out.Build)
	}
	w.loop.RunFor(3 * time.Minute)
	got := w.build(t, *out.Build.Arn)
	if got.BuildStatus != types.StatusTypeSucceeded || !got.BuildComplete || *got.ResolvedSourceVersion != "3f2c1e0" ||
		*got.ExportedEnvironmentVariables[0].Value != "shop@sha256:aa" || got.EndTime.Sub(*got.StartTime) != 2*time.Minute {
		t.Errorf("ended build = %+v", got)
	}
	var statuses []string
	for _, e := range w.events {
		var detail struct {
			Status string `json:"build-status"`
		}
		if err := json.Unmarshal([]byte(e.detail), &detail); err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, detail.Status)
	}
	if diff := cmp.Diff([]string{"IN_PROGRESS", "SUCCEEDED"}, statuses); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEventIsAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	end := start.Add(2 * time.Minute)
	id := "svc-web:8745a7a9-c340-456a-9166-edf953571bEX"
	b := types.Build{
		Id: &id, BuildNumber: aws.Int64(55), BuildStatus: types.StatusTypeSucceeded, BuildComplete: true, CurrentPhase: aws.String("COMPLETED"),
		StartTime: &start, EndTime: &end, SourceVersion: aws.String("3f2c1e0"), Initiator: aws.String("codepipeline/svc-web"), TimeoutInMinutes: aws.Int32(60),
		Source:    &types.ProjectSource{Type: types.SourceTypeGithub, Location: aws.String("https://github.com/acme/web.git")},
		Artifacts: &types.BuildArtifacts{Location: aws.String("arn:aws:s3:::out/svc-web.zip"), Md5sum: aws.String("da"), Sha256sum: aws.String("6c")},
		Environment: &types.ProjectEnvironment{
			Image: aws.String("aws/codebuild/standard:7.0"), PrivilegedMode: aws.Bool(true), ComputeType: types.ComputeTypeBuildGeneral1Small, Type: types.EnvironmentTypeLinuxContainer,
			EnvironmentVariables: []types.EnvironmentVariable{{Name: aws.String("STAGE"), Value: aws.String("prod")}},
		},
		ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{{Name: aws.String("IMAGE"), Value: aws.String("x")}},
		Phases: []types.BuildPhase{
			{PhaseType: types.BuildPhaseTypeBuild, PhaseStatus: types.StatusTypeSucceeded, StartTime: &start, EndTime: &end, DurationInSeconds: aws.Int64(120)},
			{PhaseType: types.BuildPhaseTypeCompleted, StartTime: &end},
		},
	}
	w.loop.Do(func() {
		if err := errors.Join(w.service.RecordBuild(b), w.service.Announce(id)); err != nil {
			t.Error(err)
		}
		if err := w.service.Announce("svc-web:no"); err == nil {
			t.Error("Announce of an unknown build succeeded")
		}
	})
	arn := "arn:aws:codebuild:us-west-2:123456789012:build/" + id
	if len(w.events) != 1 || !cmp.Equal(w.events[0].resources, []string{arn}) {
		t.Fatalf("events = %v, want one of %s", w.events, arn)
	}
	want := `{"build-status":"SUCCEEDED","project-name":"svc-web","build-id":"` + arn + `","additional-information":{` +
		`"artifact":{"md5sum":"da","sha256sum":"6c","location":"arn:aws:s3:::out/svc-web.zip"},` +
		`"environment":{"image":"aws/codebuild/standard:7.0","privileged-mode":true,"compute-type":"BUILD_GENERAL1_SMALL","type":"LINUX_CONTAINER","environment-variables":[{"name":"STAGE","type":"PLAINTEXT","value":"prod"}]},` +
		`"timeout-in-minutes":60.0,"build-complete":true,"build-number":55.0,"initiator":"codepipeline/svc-web","build-start-time":"Sep 1, 2026 4:12:29 PM",` +
		`"source":{"location":"https://github.com/acme/web.git","type":"GITHUB"},"source-version":"3f2c1e0","logs":{},"phases":[` +
		`{"start-time":"Sep 1, 2026 4:12:29 PM","end-time":"Sep 1, 2026 4:14:29 PM","duration-in-seconds":120.0,"phase-type":"BUILD","phase-status":"SUCCEEDED"},` +
		`{"start-time":"Sep 1, 2026 4:14:29 PM","phase-type":"COMPLETED"}]},"current-phase":"COMPLETED","current-phase-context":"[]","version":"1"}`
	if diff := cmp.Diff(want, w.events[0].detail); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
}

func TestRecordBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.loop.Do(func() {
		if err := w.service.RecordBuild(types.Build{Id: aws.String("shop-build:1"), BuildStatus: types.StatusTypeFailed}); err != nil {
			t.Error(err)
		}
		if err := w.service.RecordBuild(types.Build{Id: aws.String("shop-build:1"), BuildStatus: types.StatusTypeSucceeded}); err != nil {
			t.Error(err)
		}
		for _, bad := range []types.Build{{}, {Id: aws.String("shop-build"), BuildStatus: types.StatusTypeFailed}, {Id: aws.String("shop-build:2"), BuildStatus: "DONE"}} {
			if err := w.service.RecordBuild(bad); err == nil {
				t.Errorf("RecordBuild of id %q and status %q succeeded", aws.ToString(bad.Id), bad.BuildStatus)
			}
		}
	})
	out, err := w.client.BatchGetBuilds(t.Context(), &client.BatchGetBuildsInput{Ids: []string{"shop-build:1", "shop-build:9"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Builds) != 1 || out.Builds[0].BuildStatus != types.StatusTypeSucceeded || *out.Builds[0].ProjectName != "shop-build" {
		t.Errorf("builds = %+v, want the recorded one", out.Builds)
	}
	if diff := cmp.Diff([]string{"shop-build:9"}, out.BuildsNotFound); diff != "" {
		t.Errorf("buildsNotFound (-want +got):\n%s", diff)
	}
	if len(w.events) != 0 {
		t.Errorf("events = %v, want none before Announce", w.events)
	}
}

func TestStoppedBuildDoesNotHearItsBuilder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, succeedAfter(time.Minute))
	out, err := w.client.StartBuild(t.Context(), &client.StartBuildInput{ProjectName: aws.String("shop-build")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.StopBuild(t.Context(), &client.StopBuildInput{Id: out.Build.Id}); err != nil {
		t.Fatal(err)
	}
	w.loop.RunFor(time.Hour)
	if got := w.build(t, *out.Build.Id); got.BuildStatus != types.StatusTypeStopped {
		t.Errorf("status = %s, want STOPPED", got.BuildStatus)
	}
	if len(w.events) != 2 {
		t.Errorf("%d events, want IN_PROGRESS and STOPPED", len(w.events))
	}
	_, err = w.client.StopBuild(t.Context(), &client.StopBuildInput{Id: aws.String("shop-build:9")})
	wantError(t, err, "ResourceNotFoundException", "shop-build:9")
}

func TestBuildTimesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(*loop.Loop, *types.Build, func(codebuild.Result)) {})
	out, err := w.client.StartBuild(t.Context(), &client.StartBuildInput{ProjectName: aws.String("shop-build"), TimeoutInMinutesOverride: aws.Int32(5)})
	if err != nil {
		t.Fatal(err)
	}
	w.loop.RunFor(5*time.Minute - time.Second)
	if got := w.build(t, *out.Build.Id).BuildStatus; got != types.StatusTypeInProgress {
		t.Errorf("status before the timeout = %s, want IN_PROGRESS", got)
	}
	w.loop.RunFor(time.Second)
	if got := w.build(t, *out.Build.Id).BuildStatus; got != types.StatusTypeTimedOut {
		t.Errorf("status after the timeout = %s, want TIMED_OUT", got)
	}
}

func TestStartBuildIsIdempotentByToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, succeedAfter(time.Minute))
	in := &client.StartBuildInput{ProjectName: aws.String("shop-build"), IdempotencyToken: aws.String("t")}
	ids := map[string]bool{}
	for range 2 {
		out, err := w.client.StartBuild(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		ids[*out.Build.Id] = true
	}
	if len(ids) != 1 {
		t.Errorf("the same token started %d builds, want 1", len(ids))
	}
	in.SourceVersion = aws.String("other")
	_, err := w.client.StartBuild(t.Context(), in)
	wantError(t, err, "InvalidInputException", "token t")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx := t.Context()
	_, err := w.client.StartBuild(ctx, &client.StartBuildInput{ProjectName: aws.String("shop-build")})
	wantError(t, err, "InvalidInputException", "StartBuild is not emulated here: nothing was given that builds")
	_, err = w.client.StartBuild(ctx, &client.StartBuildInput{ProjectName: aws.String("nobody")})
	wantError(t, err, "ResourceNotFoundException", "Project cannot be found: arn:aws:codebuild:us-west-2:123456789012:project/nobody")
	_, err = w.client.StartBuild(ctx, &client.StartBuildInput{ProjectName: aws.String("shop-build"), ImageOverride: aws.String("x")})
	wantError(t, err, "InvalidInputException", "ImageOverride is not emulated")
	_, err = w.client.ListBuildsForProject(ctx, &client.ListBuildsForProjectInput{ProjectName: aws.String("nobody")})
	wantError(t, err, "ResourceNotFoundException", "Project cannot be found")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx := t.Context()
	w.loop.RunFor(time.Second)
	w.project(t, "api-build")
	out, err := w.client.BatchGetProjects(ctx, &client.BatchGetProjectsInput{Names: []string{"arn:aws:codebuild:us-west-2:123456789012:project/shop-build", "nobody"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Projects) != 1 || *out.Projects[0].TimeoutInMinutes != 60 || *out.Projects[0].QueuedTimeoutInMinutes != 480 || !cmp.Equal(out.ProjectsNotFound, []string{"nobody"}) {
		t.Errorf("projects = %+v, not found %v", out.Projects, out.ProjectsNotFound)
	}
	for sortBy, want := range map[types.ProjectSortByType][]string{
		"": {"api-build", "shop-build"}, types.ProjectSortByTypeCreatedTime: {"shop-build", "api-build"},
	} {
		list, err := w.client.ListProjects(ctx, &client.ListProjectsInput{SortBy: sortBy})
		if err != nil || !cmp.Equal(list.Projects, want) {
			t.Errorf("projects by %q = %v, %v; want %v", sortBy, list, err, want)
		}
	}
	if _, err := w.client.DeleteProject(ctx, &client.DeleteProjectInput{Name: aws.String("api-build")}); err != nil {
		t.Fatal(err)
	}
	list, err := w.client.ListProjects(ctx, &client.ListProjectsInput{})
	if err != nil || !cmp.Equal(list.Projects, []string{"shop-build"}) {
		t.Errorf("projects after a delete = %v, %v", list, err)
	}
}

func TestListBuildsInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.loop.Do(func() {
		for i := range 150 {
			if err := w.service.RecordBuild(types.Build{Id: aws.String(fmt.Sprintf("shop-build:%03d", i)), BuildStatus: types.StatusTypeSucceeded}); err != nil {
				t.Error(err)
			}
		}
	})
	first, err := w.client.ListBuildsForProject(t.Context(), &client.ListBuildsForProjectInput{ProjectName: aws.String("shop-build")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.client.ListBuildsForProject(t.Context(), &client.ListBuildsForProjectInput{ProjectName: aws.String("shop-build"), NextToken: first.NextToken})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Ids) != 100 || len(second.Ids) != 50 || second.NextToken != nil || first.Ids[0] != "shop-build:149" || second.Ids[49] != "shop-build:000" {
		t.Errorf("pages of %d and %d from %s to %s", len(first.Ids), len(second.Ids), first.Ids[0], second.Ids[len(second.Ids)-1])
	}
}
