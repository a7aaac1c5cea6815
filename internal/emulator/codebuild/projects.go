package codebuild

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// AWS's time limits of a build, in minutes (CodeBuild API Reference,
// CreateProject).
const (
	defaultTimeout       = 60
	defaultQueuedTimeout = 480
)

func (s *Service) createProject(_ *wire.Call, in *codebuild.CreateProjectInput) (*codebuild.CreateProjectOutput, error) {
	if err := onlyEmulated(in, "Name", "Description", "Source", "SourceVersion", "Artifacts", "Environment", "ServiceRole",
		"TimeoutInMinutes", "QueuedTimeoutInMinutes", "EncryptionKey", "Tags", "Cache", "LogsConfig"); err != nil {
		return nil, err
	}
	arn := s.arn("project/" + *in.Name)
	if _, exists := s.projects[*in.Name]; exists {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Project already exists: %s", arn)
	}
	now := s.loop.Now()
	p := &types.Project{
		Arn: &arn, Name: in.Name, Description: in.Description, Source: in.Source, SourceVersion: in.SourceVersion,
		Artifacts: in.Artifacts, Environment: in.Environment, ServiceRole: in.ServiceRole, Tags: in.Tags,
		TimeoutInMinutes: in.TimeoutInMinutes, QueuedTimeoutInMinutes: in.QueuedTimeoutInMinutes,
		EncryptionKey: in.EncryptionKey, Created: &now, LastModified: &now,
		Cache: in.Cache, LogsConfig: in.LogsConfig, Badge: &types.ProjectBadge{},
	}
	if p.Cache == nil {
		p.Cache = &types.ProjectCache{Type: types.CacheTypeNoCache}
	}
	if p.TimeoutInMinutes == nil {
		p.TimeoutInMinutes = aws.Int32(defaultTimeout)
	}
	if p.QueuedTimeoutInMinutes == nil {
		p.QueuedTimeoutInMinutes = aws.Int32(defaultQueuedTimeout)
	}
	if p.EncryptionKey == nil {
		p.EncryptionKey = aws.String(partition.ARN("kms", s.region, s.account, "alias/aws/s3"))
	}
	s.projects[*in.Name] = p
	return &codebuild.CreateProjectOutput{Project: p}, nil
}

func (s *Service) batchGetProjects(_ *wire.Call, in *codebuild.BatchGetProjectsInput) (*codebuild.BatchGetProjectsOutput, error) {
	out := &codebuild.BatchGetProjectsOutput{Projects: []types.Project{}, ProjectsNotFound: []string{}}
	for _, name := range in.Names {
		if p, ok := s.projects[s.id("project", name)]; ok {
			out.Projects = append(out.Projects, *p)
		} else {
			out.ProjectsNotFound = append(out.ProjectsNotFound, name)
		}
	}
	return out, nil
}

func (s *Service) listProjects(_ *wire.Call, in *codebuild.ListProjectsInput) (*codebuild.ListProjectsOutput, error) {
	names := slices.Sorted(maps.Keys(s.projects))
	switch in.SortBy {
	case "", types.ProjectSortByTypeName:
	case types.ProjectSortByTypeCreatedTime, types.ProjectSortByTypeLastModifiedTime:
		// No operation changes a project, so that both times are one.
		slices.SortStableFunc(names, func(a, b string) int { return s.projects[a].Created.Compare(*s.projects[b].Created) })
	}
	if in.SortOrder == types.SortOrderTypeDescending {
		slices.Reverse(names)
	}
	names, next, err := page(names, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &codebuild.ListProjectsOutput{Projects: names, NextToken: next}, nil
}

// deleteProject succeeds for a project that is not there, and keeps its builds,
// as AWS does.
func (s *Service) deleteProject(_ *wire.Call, in *codebuild.DeleteProjectInput) (*codebuild.DeleteProjectOutput, error) {
	delete(s.projects, s.id("project", *in.Name))
	return &codebuild.DeleteProjectOutput{}, nil
}
