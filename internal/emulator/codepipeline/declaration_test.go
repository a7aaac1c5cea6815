package codepipeline_test

import (
	"strings"
	"testing"

	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
)

func TestDeclarationRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(d *types.PipelineDeclaration)
		want   string
	}{
		"Queued":    {func(d *types.PipelineDeclaration) { d.ExecutionMode = types.ExecutionModeQueued }, "ValidationException: a pipeline with executionMode QUEUED is not emulated"},
		"Parallel":  {func(d *types.PipelineDeclaration) { d.ExecutionMode = types.ExecutionModeParallel }, "ValidationException: a pipeline with executionMode PARALLEL is not emulated"},
		"OneStage":  {func(d *types.PipelineDeclaration) { d.Stages = d.Stages[:1] }, "InvalidStructureException: Pipeline has only 1 stage(s)."},
		"NoStore":   {func(d *types.PipelineDeclaration) { d.ArtifactStore = nil }, "InvalidStructureException: Pipeline should have either artifactStore or artifactStores"},
		"SameStage": {func(d *types.PipelineDeclaration) { d.Stages[1].Name = d.Stages[0].Name }, "InvalidStructureException: Stage name 'Source' is used more than once"},
		"SameAction": {
			func(d *types.PipelineDeclaration) { d.Stages[1].Actions[1].Name = new("Approve") },
			"InvalidStageDeclarationException: Action name 'Approve' is used more than once in stage 'Production'",
		},
		"NoActions": {func(d *types.PipelineDeclaration) { d.Stages[1].Actions = []types.ActionDeclaration{} }, "InvalidStageDeclarationException: Stage 'Production' has no actions."},
		"UnknownProvider": {
			func(d *types.PipelineDeclaration) { d.Stages[1].Actions[1].ActionTypeId.Provider = new("Manual") },
			"InvalidActionDeclarationException: ActionType (Category: 'Deploy', Provider: 'Manual', Owner: 'AWS', Version: '1') in action 'Deploy' is not available in region US_EAST_1",
		},
		"UnknownOwner": {
			func(d *types.PipelineDeclaration) {
				d.Stages[1].Actions[1].ActionTypeId.Owner = types.ActionOwnerCustom
			},
			"InvalidActionDeclarationException: ActionType (Category: 'Deploy', Provider: 'ECS', Owner: 'Custom', Version: '1')",
		},
		"SourceLate": {
			func(d *types.PipelineDeclaration) {
				d.Stages = append(d.Stages, types.StageDeclaration{Name: new("Late"), Actions: d.Stages[0].Actions})
			},
			"InvalidStructureException: Source action 'Fetch' is in stage 'Late'.",
		},
		"NoSource": {func(d *types.PipelineDeclaration) {
			d.Stages[0].Actions[0] = action("A", types.ActionCategoryApproval, "Manual")
		}, "InvalidStructureException: Pipeline should start with a stage that only contains source actions"},
		"NoArtifact": {
			func(d *types.PipelineDeclaration) {
				d.Stages[1].Actions[1].InputArtifacts = []types.InputArtifact{{Name: new("Other")}}
			},
			"InvalidStructureException: Input Artifact Bundle Other in action Deploy is not declared",
		},
		"TimeoutElsewhere": {func(d *types.PipelineDeclaration) { d.Stages[1].Actions[1].TimeoutInMinutes = new(int32(5)) }, "available only to manual approval actions"},
		"Configuration": {
			func(d *types.PipelineDeclaration) {
				d.Stages[1].Actions[0].Configuration = map[string]string{"Colour": "red"}
			},
			"InvalidActionDeclarationException: Action configuration for action 'Approve' contains unknown configuration 'Colour'",
		},
		"Namespace": {func(d *types.PipelineDeclaration) {
			d.Stages[0].Actions[0].Namespace, d.Stages[1].Actions[1].Namespace = new("Variables"), new("Variables")
		}, "InvalidStructureException: Namespace 'Variables' of action 'Deploy' is used more than once"},
		"OwnNamespace": {func(d *types.PipelineDeclaration) { d.Stages[0].Actions[0].Namespace = new("codepipeline") }, "InvalidStructureException: Namespace 'codepipeline'"},
		"FunctionName": {func(d *types.PipelineDeclaration) {
			d.Stages[1].Actions[0] = action("Invoke", types.ActionCategoryInvoke, "Lambda")
		}, "InvalidActionDeclarationException: Action configuration for action 'Invoke' is missing required configuration 'FunctionName'"},
		"FunctionConfiguration": {func(d *types.PipelineDeclaration) {
			d.Stages[1].Actions[0] = action("Invoke", types.ActionCategoryInvoke, "Lambda")
			d.Stages[1].Actions[0].Configuration = map[string]string{"FunctionName": "deploy", "Colour": "red"}
		}, "InvalidActionDeclarationException: Action configuration for action 'Invoke' contains unknown configuration 'Colour'"},
		"TriggersOfV1": {func(d *types.PipelineDeclaration) { d.Triggers = trigger(types.GitPushFilter{}) }, "InvalidStructureException: Pipeline has triggers"},
		"TriggerOfNoSource": {func(d *types.PipelineDeclaration) {
			d.PipelineType, d.Triggers = types.PipelineTypeV2, trigger(types.GitPushFilter{Branches: &types.GitBranchFilterCriteria{Includes: []string{"main"}}})
		}, "InvalidStructureException: The trigger names 'Fetch', which is no source action of a connection"},
		"TriggerOfTags": {func(d *types.PipelineDeclaration) {
			d.PipelineType, d.Triggers = types.PipelineTypeV2, trigger(types.GitPushFilter{Tags: &types.GitTagFilterCriteria{Includes: []string{"v*"}}})
			d.Stages[0].Actions[0] = action("Fetch", types.ActionCategorySource, "CodeStarSourceConnection")
			d.Stages[0].Actions[0].OutputArtifacts = []types.OutputArtifact{{Name: new("SourceCode")}}
			d.Stages[0].Actions[0].Configuration = map[string]string{"ConnectionArn": "arn"}
		}, "a trigger with tags, filePaths, or branches that are not all named is not emulated"},
		"Rollback": {func(d *types.PipelineDeclaration) { d.Stages[1].OnFailure = &types.FailureConditions{} }, "a stage with onFailure is not emulated"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := declaration()
			test.change(d)
			_, err := w.client.CreatePipeline(t.Context(), &client.CreatePipelineInput{Pipeline: d})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v\nwant    %s", err, test.want)
			}
		})
	}
}

// trigger is one of the source action Fetch.
func trigger(push types.GitPushFilter) []types.PipelineTriggerDeclaration {
	return []types.PipelineTriggerDeclaration{{
		ProviderType:     types.PipelineTriggerProviderTypeCodeStarSourceConnection,
		GitConfiguration: &types.GitConfiguration{SourceActionName: new("Fetch"), Push: []types.GitPushFilter{push}},
	}}
}
