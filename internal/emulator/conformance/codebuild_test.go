package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

func codebuildStories() []story {
	project := &codebuild.CreateProjectInput{
		Name: new("shop-build"), ServiceRole: new("arn:aws:iam::123456789012:role/build"),
		Source:    &types.ProjectSource{Type: types.SourceTypeGithub, Location: new("https://github.com/acme/shop.git")},
		Artifacts: &types.ProjectArtifacts{Type: types.ArtifactsTypeNoArtifacts},
		Environment: &types.ProjectEnvironment{
			Type: types.EnvironmentTypeLinuxContainer, Image: new("aws/codebuild/standard:7.0"), ComputeType: types.ComputeTypeBuildGeneral1Small,
		},
	}
	return []story{
		{name: "codebuild/Projects", steps: []step{
			ok(project, want("Project.Name", "shop-build"), want("Project.Arn", "arn:aws:codebuild:us-east-1:123456789012:project/shop-build")),
			fails("ResourceAlreadyExistsException", project),
			ok(&codebuild.ListProjectsInput{}, want("Projects.#", 1), want("Projects.0", "shop-build")),
			fails("InvalidInputException", &codebuild.ListProjectsInput{NextToken: new("made-up")},
				moto("moto_server does not page; AWS: CodeBuild API Reference, ListProjects: InvalidInputException")),
			ok(&codebuild.BatchGetProjectsInput{Names: []string{"shop-build", "none"}},
				want("Projects.#", 1), want("Projects.0.Source.Type", "GITHUB"), want("ProjectsNotFound.0", "none"),
				motoValue("moto_server leaves it out; AWS: CodeBuild API Reference, BatchGetProjects: projectsNotFound")),
			fails("InvalidInputException", &codebuild.BatchGetProjectsInput{Names: []string{}},
				moto("moto_server does not check; AWS: model, ProjectNames has the minimum 1")),
			ok(&codebuild.DeleteProjectInput{Name: new("shop-build")}),
			ok(&codebuild.ListProjectsInput{}, want("Projects.#", 0)),
			fails("InvalidInputException", &codebuild.DeleteProjectInput{Name: new("")}),
		}},
		{name: "codebuild/NoBuilds", steps: []step{
			ok(project),
			fails("ResourceNotFoundException", &codebuild.StartBuildInput{ProjectName: new("none")}),
			fails("ResourceNotFoundException", &codebuild.ListBuildsForProjectInput{ProjectName: new("none")}),
			ok(&codebuild.ListBuildsForProjectInput{ProjectName: new("shop-build")}, want("Ids.#", 0)),
			fails("ResourceNotFoundException", &codebuild.StopBuildInput{Id: new("shop-build:11111111-1111-1111-1111-111111111111")}),
		}},
		{name: "codebuild/Builds", notMoto: "its StartBuild answers with times that are no numbers, which clients do not read; AWS: smithy.io, AWS JSON 1.1: timestamps are epoch-seconds", steps: []step{
			ok(project),
			ok(&codebuild.StartBuildInput{ProjectName: new("shop-build")}, want("Build.BuildStatus", "IN_PROGRESS"), want("Build.BuildNumber", 1),
				like("Build.Id", "shop-build:[0-9a-f-]{36}"), save("one", "Build.Id")),
			wait(2 * time.Minute),
			ok(&codebuild.StartBuildInput{ProjectName: new("shop-build")}, want("Build.BuildNumber", 2), save("two", "Build.Id")),
			ok(&codebuild.StopBuildInput{Id: new("${two}")}, want("Build.BuildStatus", "STOPPED")),
			ok(&codebuild.BatchGetBuildsInput{Ids: []string{"${one}", "${two}", "none:1"}},
				want("Builds.#", 2), want("Builds.0.BuildStatus", "SUCCEEDED"), want("Builds.1.BuildStatus", "STOPPED"), want("BuildsNotFound.0", "none:1")),
			fails("InvalidInputException", &codebuild.BatchGetBuildsInput{Ids: []string{}}),
			ok(&codebuild.ListBuildsForProjectInput{ProjectName: new("shop-build")}, want("Ids.#", 2), want("Ids.0", "${two}")),
		}},
	}
}
