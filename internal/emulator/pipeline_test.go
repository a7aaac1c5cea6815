package emulator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/emulator"
	builds "github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

const connection = "arn:aws:codeconnections:us-east-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"

// delivery is a cloud with the pipeline shop, Source and Build, whose build takes a minute.
type delivery struct {
	*emulator.Cloud
	t      *testing.T
	client *pipelines.Client
	built  []string // what builds were started for
}

// newDelivery has the role of the pipeline do these actions on everything.
func newDelivery(t *testing.T, may string) *delivery {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	d := &delivery{t: t}
	d.Cloud = emulator.New(l, emulator.Options{Builder: func(b *buildtypes.Build, done func(builds.Result)) {
		d.built = append(d.built, aws.ToString(b.SourceVersion)+" for "+*b.Initiator)
		l.After(time.Minute, func() {
			done(builds.Result{Status: buildtypes.StatusTypeSucceeded, ExportedEnvironmentVariables: []buildtypes.ExportedEnvironmentVariable{
				{Name: aws.String("IMAGE"), Value: aws.String("shop:v1")},
			}})
		})
	}})
	d.role("pipeline", "codepipeline", may)
	_, err := codebuild.NewFromConfig(d.Config("AKIAPERSON")).CreateProject(t.Context(), &codebuild.CreateProjectInput{
		Name: aws.String("shop-build"), ServiceRole: aws.String("arn:aws:iam::123456789012:role/build"),
		Source:    &buildtypes.ProjectSource{Type: buildtypes.SourceTypeCodepipeline},
		Artifacts: &buildtypes.ProjectArtifacts{Type: buildtypes.ArtifactsTypeCodepipeline},
		Environment: &buildtypes.ProjectEnvironment{
			Type: buildtypes.EnvironmentTypeLinuxContainer, Image: aws.String("aws/codebuild/standard:7.0"), ComputeType: buildtypes.ComputeTypeBuildGeneral1Small,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.client = pipelines.NewFromConfig(d.Config("AKIAPERSON"))
	d.create()
	return d
}

// create makes the pipeline, which begins to run.
func (d *delivery) create() {
	d.t.Helper()
	source := types.ActionDeclaration{
		Name: aws.String("Source"), OutputArtifacts: []types.OutputArtifact{{Name: aws.String("Source")}},
		ActionTypeId:  &types.ActionTypeId{Category: types.ActionCategorySource, Owner: types.ActionOwnerAws, Provider: aws.String("CodeStarSourceConnection"), Version: aws.String("1")},
		Configuration: map[string]string{"ConnectionArn": connection, "FullRepositoryId": "example/shop", "BranchName": "main"},
	}
	build := types.ActionDeclaration{
		Name: aws.String("Build"), InputArtifacts: []types.InputArtifact{{Name: aws.String("Source")}}, Namespace: aws.String("Built"),
		ActionTypeId:  &types.ActionTypeId{Category: types.ActionCategoryBuild, Owner: types.ActionOwnerAws, Provider: aws.String("CodeBuild"), Version: aws.String("1")},
		Configuration: map[string]string{"ProjectName": "shop-build"},
	}
	_, err := d.client.CreatePipeline(d.t.Context(), &pipelines.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: aws.String("shop"), PipelineType: types.PipelineTypeV2, RoleArn: aws.String("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("artifacts")},
		Triggers: []types.PipelineTriggerDeclaration{{
			ProviderType: types.PipelineTriggerProviderTypeCodeStarSourceConnection,
			GitConfiguration: &types.GitConfiguration{SourceActionName: aws.String("Source"), Push: []types.GitPushFilter{
				{Branches: &types.GitBranchFilterCriteria{Includes: []string{"main"}}},
			}},
		}},
		Stages: []types.StageDeclaration{
			{Name: aws.String("Source"), Actions: []types.ActionDeclaration{source}}, {Name: aws.String("Build"), Actions: []types.ActionDeclaration{build}},
		},
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.RunFor(10 * time.Minute)
}

// role makes a role of a service that may do these actions.
func (d *delivery) role(name, service, may string) {
	d.t.Helper()
	client := iam.NewFromConfig(d.Config("AKIAPERSON"))
	_, err := client.CreateRole(d.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"` + service + `.amazonaws.com"}}}`)})
	if err == nil {
		_, err = client.PutRolePolicy(d.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":` + may + `,"Resource":"*"}}`)})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// action is the newest run of the action of a stage.
func (d *delivery) action(stage string) types.ActionExecutionDetail {
	d.t.Helper()
	out, err := d.client.ListActionExecutions(d.t.Context(), &pipelines.ListActionExecutionsInput{PipelineName: aws.String("shop")})
	if err != nil {
		d.t.Fatal(err)
	}
	i := slices.IndexFunc(out.ActionExecutionDetails, func(a types.ActionExecutionDetail) bool { return *a.StageName == stage })
	if i < 0 {
		d.t.Fatalf("stage %s has not run", stage)
	}
	return out.ActionExecutionDetails[i]
}

// A pipeline's build is CodeBuild's, started and watched as the pipeline's role.
func TestPipelineBuilds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ may, says string }{
		"BothActions": {`["codebuild:StartBuild","codebuild:BatchGetBuilds"]`, ""},
		"NoStart":     {`"codebuild:BatchGetBuilds"`, "Error calling startBuild: "},
		"NoLook":      {`"codebuild:StartBuild"`, "Error calling batchGetBuilds: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDelivery(t, c.may)
			a := d.action("Build")
			if c.says != "" {
				state, err := d.client.GetPipelineState(t.Context(), &pipelines.GetPipelineStateInput{Name: aws.String("shop")})
				if err != nil {
					t.Fatal(err)
				}
				latest := state.StageStates[1].ActionStates[0].LatestExecution
				if latest.Status != types.ActionExecutionStatusFailed || !strings.HasPrefix(aws.ToString(latest.ErrorDetails.Message), c.says) {
					t.Errorf("the build is %s, %v; want a failure that says %q", latest.Status, latest.ErrorDetails, c.says)
				}
				return
			}
			if a.Status != types.ActionExecutionStatusSucceeded || a.Output.OutputVariables["IMAGE"] != "shop:v1" {
				t.Errorf("the build is %s with %v, want the variables that it exported", a.Status, a.Output.OutputVariables)
			}
			if len(d.built) != 1 || !strings.HasPrefix(d.built[0], "arn:aws:s3:::artifacts/shop/Source/") || !strings.HasSuffix(d.built[0], " for codepipeline/shop") {
				t.Errorf("built %q, want the source's artifact for the pipeline", d.built)
			}
		})
	}
}

// A push starts the pipelines whose triggers name its connection, repository and branch.
func TestPushesStartPipelines(t *testing.T) {
	t.Parallel()
	d := newDelivery(t, `"codebuild:*"`)
	for _, p := range []codepipeline.Push{
		{Connection: connection, Repository: "example/shop", Branch: "next"},
		{Connection: connection, Repository: "example/cart", Branch: "main"},
		{Connection: connection + "0", Repository: "example/shop", Branch: "main"},
		{Connection: connection, Repository: "example/shop", Branch: "main"},
	} {
		d.Do(func() { d.CodePipeline.Pushed(p) })
		d.RunFor(10 * time.Minute)
	}
	if n := len(d.built); n != 2 { // the first as it was made
		t.Errorf("%d builds, want one more after the push to main", n)
	}
}

// A rule starts a pipeline as its target's role.
func TestRulesStartPipelines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		may   string
		wants int
	}{
		"Allowed": {`"codepipeline:StartPipelineExecution"`, 2},
		"Denied":  {`"codepipeline:StopPipelineExecution"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDelivery(t, `"codebuild:*"`)
			d.role("pushed", "events", c.may)
			bus := eventbridge.NewFromConfig(d.Config("AKIAPERSON"))
			_, err := bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("pushed"), EventPattern: aws.String(`{"source":["git"]}`)})
			if err == nil {
				_, err = bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("pushed"), Targets: []eventtypes.Target{{
					Id: aws.String("1"), Arn: aws.String("arn:aws:codepipeline:us-east-1:123456789012:shop"), RoleArn: aws.String("arn:aws:iam::123456789012:role/pushed"),
				}}})
			}
			if err == nil {
				_, err = bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{
					{Source: aws.String("git"), DetailType: aws.String("push"), Detail: aws.String("{}")},
				}})
			}
			if err != nil {
				t.Fatal(err)
			}
			d.RunFor(10 * time.Minute)
			if n := len(d.built); n != c.wants {
				t.Errorf("%d builds, want %d", n, c.wants)
			}
		})
	}
}
