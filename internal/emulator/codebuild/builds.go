package codebuild

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// tokenLife is how long an idempotency token counts (AWS: CodeBuild API
// Reference, StartBuild).
const tokenLife = 5 * time.Minute

// RecordBuild makes a build known as it is given, or replaces the one with its
// id. It needs an Id of the form project:uuid and a BuildStatus; the ARN, the
// project's name and its build number are filled in where they are missing. It
// must be called on the loop.
func (s *Service) RecordBuild(b types.Build) error {
	project, suffix, ok := strings.Cut(aws.ToString(b.Id), ":")
	if !ok || project == "" || suffix == "" {
		return fmt.Errorf("record build %q: the id is not of the form project:uuid", aws.ToString(b.Id))
	}
	if !slices.Contains(b.BuildStatus.Values(), b.BuildStatus) {
		return fmt.Errorf("record build %q: unknown status %q", *b.Id, b.BuildStatus)
	}
	if b.Arn == nil {
		b.Arn = aws.String(s.arn("build/" + *b.Id))
	}
	if b.ProjectName == nil {
		b.ProjectName = &project
	}
	if b.BuildNumber == nil {
		s.numbers[project]++
		b.BuildNumber = aws.Int64(s.numbers[project])
	}
	if known := s.find(*b.Id); known != nil {
		*known = b
		return nil
	}
	s.builds = append(s.builds, &b)
	return nil
}

func (s *Service) find(idOrARN string) *types.Build {
	id := s.id("build", idOrARN)
	at := slices.IndexFunc(s.builds, func(b *types.Build) bool { return *b.Id == id })
	if at < 0 {
		return nil
	}
	return s.builds[at]
}

func (s *Service) startBuild(_ *wire.Call, in *codebuild.StartBuildInput) (*codebuild.StartBuildOutput, error) {
	if err := onlyEmulated(in, "ProjectName", "SourceVersion", "EnvironmentVariablesOverride", "TimeoutInMinutesOverride", "IdempotencyToken"); err != nil {
		return nil, err
	}
	p, ok := s.projects[s.id("project", *in.ProjectName)]
	switch {
	case !ok:
		return nil, notFound("Project cannot be found: %s", s.arn("project/"+s.id("project", *in.ProjectName)))
	case s.deps.Builder == nil:
		return nil, invalid("StartBuild is not emulated here: nothing was given that builds")
	}
	request, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("compare StartBuild of %s: %w", *in.ProjectName, err)
	}
	now := s.loop.Now()
	if token := aws.ToString(in.IdempotencyToken); token != "" {
		if before, ok := s.tokens[token]; ok && now.Sub(before.at) < tokenLife {
			if before.request != string(request) {
				return nil, invalid("The idempotency token %s was used with other parameters", token)
			}
			return &codebuild.StartBuildOutput{Build: before.build}, nil
		}
	}
	b := s.newBuild(p, now)
	b.Environment.EnvironmentVariables = override(b.Environment.EnvironmentVariables, in.EnvironmentVariablesOverride)
	if in.SourceVersion != nil {
		b.SourceVersion = in.SourceVersion
	}
	if in.TimeoutInMinutesOverride != nil {
		b.TimeoutInMinutes = in.TimeoutInMinutesOverride
	}
	if token := aws.ToString(in.IdempotencyToken); token != "" {
		s.tokens[token] = started{build: b, request: string(request), at: now}
	}
	answer := *b
	s.run(b)
	return &codebuild.StartBuildOutput{Build: &answer}, nil
}

// ForPipeline is a build that a pipeline's action wants.
type ForPipeline struct {
	Project, Pipeline string // their names
	// Source and Artifact are ARNs of objects: what is built, and where what comes of it
	// is to be left; "" is nothing.
	Source, Artifact string
}

// StartForPipeline starts a build for a pipeline's action. It must be called on the
// loop.
// AWS: CodeBuild User Guide, Environment variables in build environments,
// CODEBUILD_SOURCE_VERSION and CODEBUILD_INITIATOR.
func (s *Service) StartForPipeline(f ForPipeline) (*types.Build, error) {
	p, ok := s.projects[f.Project]
	switch {
	case !ok:
		return nil, notFound("Project cannot be found: %s", s.arn("project/"+f.Project))
	case s.deps.Builder == nil:
		return nil, invalid("StartBuild is not emulated here: nothing was given that builds")
	}
	b := s.newBuild(p, s.loop.Now())
	b.Initiator = aws.String("codepipeline/" + f.Pipeline)
	if f.Source != "" {
		b.SourceVersion = &f.Source
	}
	if f.Artifact != "" {
		b.Artifacts = &types.BuildArtifacts{Location: &f.Artifact}
	}
	s.run(b)
	return b, nil
}

func (s *Service) newBuild(p *types.Project, now time.Time) *types.Build {
	s.numbers[*p.Name]++
	uuid := s.loop.UUID()
	id := *p.Name + ":" + uuid
	environment := *p.Environment
	b := &types.Build{
		Id: &id, Arn: aws.String(s.arn("build/" + id)), ProjectName: p.Name, BuildNumber: aws.Int64(s.numbers[*p.Name]),
		BuildStatus: types.StatusTypeInProgress, CurrentPhase: aws.String(string(types.BuildPhaseTypeSubmitted)), StartTime: &now,
		SourceVersion: p.SourceVersion, Source: p.Source, Environment: &environment, ServiceRole: p.ServiceRole,
		TimeoutInMinutes: p.TimeoutInMinutes, QueuedTimeoutInMinutes: p.QueuedTimeoutInMinutes,
		EncryptionKey: p.EncryptionKey, Cache: p.Cache, Initiator: aws.String("root"),
		Phases: []types.BuildPhase{{PhaseType: types.BuildPhaseTypeSubmitted, StartTime: &now}},
		Logs:   &types.LogsLocation{GroupName: aws.String("/aws/codebuild/" + *p.Name), StreamName: &uuid},
	}
	if l := p.LogsConfig; l != nil && l.CloudWatchLogs != nil && l.CloudWatchLogs.GroupName != nil {
		b.Logs.GroupName = l.CloudWatchLogs.GroupName
	}
	s.builds = append(s.builds, b)
	return b
}

// override replaces variables by name and adds those that are new.
func override(variables, with []types.EnvironmentVariable) []types.EnvironmentVariable {
	out := slices.Clone(variables)
	for _, v := range with {
		at := slices.IndexFunc(out, func(old types.EnvironmentVariable) bool { return *old.Name == *v.Name })
		if at < 0 {
			out = append(out, v)
		} else {
			out[at] = v
		}
	}
	return out
}

// run gives a build to the Builder and waits for its result or its timeout.
func (s *Service) run(b *types.Build) {
	s.emit(b)
	s.timers[*b.Id] = s.loop.DueIn(time.Duration(*b.TimeoutInMinutes)*time.Minute, timedOut{s, b})
	s.deps.Builder(b, func(r Result) { s.end(b, r) })
}

// timedOut is the end of a build that takes too long.
type timedOut struct {
	service *Service
	build   *types.Build
}

var _ = keep.Type[timedOut]()

// Happen implements loop.Event.
func (t timedOut) Happen() { t.service.end(t.build, Result{Status: types.StatusTypeTimedOut}) }

// end finishes a build that runs; of one that has ended nothing changes.
func (s *Service) end(b *types.Build, r Result) {
	if b.BuildStatus != types.StatusTypeInProgress {
		return
	}
	s.timers[*b.Id].Stop()
	delete(s.timers, *b.Id)
	now := s.loop.Now()
	b.BuildStatus, b.BuildComplete, b.EndTime = r.Status, true, &now
	b.CurrentPhase = aws.String(string(types.BuildPhaseTypeCompleted))
	b.ExportedEnvironmentVariables = r.ExportedEnvironmentVariables
	if r.Artifacts != nil {
		b.Artifacts = r.Artifacts
	}
	if r.ResolvedSourceVersion != "" {
		b.ResolvedSourceVersion = &r.ResolvedSourceVersion
	}
	b.Phases = []types.BuildPhase{
		phase(types.BuildPhaseTypeSubmitted, types.StatusTypeSucceeded, *b.StartTime, *b.StartTime),
		phase(types.BuildPhaseTypeBuild, r.Status, *b.StartTime, now),
		{PhaseType: types.BuildPhaseTypeCompleted, StartTime: &now},
	}
	s.emit(b)
}

func phase(kind types.BuildPhaseType, status types.StatusType, from, to time.Time) types.BuildPhase {
	return types.BuildPhase{
		PhaseType: kind, PhaseStatus: status, StartTime: &from, EndTime: &to,
		DurationInSeconds: aws.Int64(int64(to.Sub(from).Seconds())),
	}
}

func (s *Service) stopBuild(_ *wire.Call, in *codebuild.StopBuildInput) (*codebuild.StopBuildOutput, error) {
	b := s.find(*in.Id)
	if b == nil {
		return nil, notFound("Build %s cannot be found", *in.Id)
	}
	s.end(b, Result{Status: types.StatusTypeStopped})
	return &codebuild.StopBuildOutput{Build: b}, nil
}

func (s *Service) batchGetBuilds(_ *wire.Call, in *codebuild.BatchGetBuildsInput) (*codebuild.BatchGetBuildsOutput, error) {
	out := &codebuild.BatchGetBuildsOutput{Builds: []types.Build{}, BuildsNotFound: []string{}}
	for _, id := range in.Ids {
		if b := s.find(id); b != nil {
			out.Builds = append(out.Builds, *b)
		} else {
			out.BuildsNotFound = append(out.BuildsNotFound, id)
		}
	}
	return out, nil
}

// listBuildsForProject lists the newest first, unless asked otherwise.
func (s *Service) listBuildsForProject(_ *wire.Call, in *codebuild.ListBuildsForProjectInput) (*codebuild.ListBuildsForProjectOutput, error) {
	project := s.id("project", *in.ProjectName)
	if _, ok := s.projects[project]; !ok {
		return nil, notFound("Project cannot be found: %s", s.arn("project/"+project))
	}
	ids := []string{}
	for _, b := range s.builds {
		if *b.ProjectName == project {
			ids = append(ids, *b.Id)
		}
	}
	if in.SortOrder != types.SortOrderTypeAscending {
		slices.Reverse(ids)
	}
	ids, next, err := page(ids, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &codebuild.ListBuildsForProjectOutput{Ids: ids, NextToken: next}, nil
}
