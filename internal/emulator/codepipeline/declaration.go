package codepipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of pipelines.
// AWS: CodePipeline User Guide, Quotas in AWS CodePipeline.
const (
	minStages  = 2
	maxStages  = 50
	maxActions = 50 // of a stage
)

func badStructure(format string, args ...any) error {
	return wire.Errorf("InvalidStructureException", format, args...)
}

func badAction(format string, args ...any) error {
	return wire.Errorf("InvalidActionDeclarationException", format, args...)
}

// check refuses a declaration that AWS would refuse, and what is not emulated.
// AWS: CodePipeline User Guide, Pipeline structure reference.
func (s *Service) check(d *types.PipelineDeclaration) error {
	switch {
	case d.ExecutionMode != "" && d.ExecutionMode != types.ExecutionModeSuperseded:
		return notEmulated("a pipeline with executionMode " + string(d.ExecutionMode))
	case len(d.Variables) > 0:
		return notEmulated("a pipeline with variables")
	case (d.ArtifactStore == nil) == (len(d.ArtifactStores) == 0):
		return badStructure("Pipeline should have either artifactStore or artifactStores, and not both")
	case len(d.ArtifactStores) > 0 && d.ArtifactStores[s.region].Location == nil:
		return badStructure("Pipeline should have an artifact store in its own Region %s", s.region)
	case len(d.Stages) < minStages:
		return badStructure("Pipeline has only %d stage(s). There should be a minimum of %d stages in a pipeline", len(d.Stages), minStages)
	case len(d.Stages) > maxStages:
		return badStructure("Pipeline has %d stages. There should be a maximum of %d stages in a pipeline", len(d.Stages), maxStages)
	}
	c := &checker{region: s.region, stages: map[string]bool{}, artifacts: map[string]bool{}, namespaces: map[string]bool{ownNamespace: true}}
	for i, st := range d.Stages {
		if err := c.stage(st, i == 0); err != nil {
			return err
		}
	}
	return checkTriggers(d)
}

// checker looks at one stage after the other.
type checker struct {
	region    string
	stages    map[string]bool
	artifacts map[string]bool // that an action before gives
	// namespaces are those of the actions before, and CodePipeline's own.
	namespaces map[string]bool
}

func (c *checker) stage(st types.StageDeclaration, isFirst bool) error {
	switch {
	case c.stages[*st.Name]:
		return badStructure("Stage name '%s' is used more than once", *st.Name)
	case len(st.Actions) == 0:
		return wire.Errorf("InvalidStageDeclarationException", "Stage '%s' has no actions. There should be a minimum of 1 action in a stage", *st.Name)
	case len(st.Actions) > maxActions:
		return wire.Errorf("InvalidStageDeclarationException", "Stage '%s' has %d actions. There should be a maximum of %d actions in a stage", *st.Name, len(st.Actions), maxActions)
	case len(st.Blockers) > 0:
		return notEmulated("a stage with blockers")
	case st.BeforeEntry != nil:
		return notEmulated("a stage with beforeEntry")
	case st.OnFailure != nil:
		return notEmulated("a stage with onFailure")
	case st.OnSuccess != nil:
		return notEmulated("a stage with onSuccess")
	}
	c.stages[*st.Name] = true
	names := map[string]bool{}
	for _, a := range inOrder(st.Actions) {
		if names[*a.Name] {
			return wire.Errorf("InvalidStageDeclarationException", "Action name '%s' is used more than once in stage '%s'", *a.Name, *st.Name)
		}
		names[*a.Name] = true
		if err := c.action(*st.Name, a, isFirst); err != nil {
			return err
		}
	}
	return nil
}

// inOrder are actions in the order in which they run.
func inOrder(actions []types.ActionDeclaration) []types.ActionDeclaration {
	sorted := slices.Clone(actions)
	slices.SortStableFunc(sorted, func(a, b types.ActionDeclaration) int { return int(runOrder(a) - runOrder(b)) })
	return sorted
}

// runOrder is 1 unless another is declared.
func runOrder(a types.ActionDeclaration) int32 {
	if a.RunOrder == nil {
		return 1
	}
	return *a.RunOrder
}

func (c *checker) action(stage string, a types.ActionDeclaration, isFirst bool) error {
	t := a.ActionTypeId
	isSource := t.Category == types.ActionCategorySource
	switch {
	case !isKnown(*t):
		return badAction("ActionType (Category: '%s', Provider: '%s', Owner: '%s', Version: '%s') in action '%s' is not available in region %s",
			t.Category, *t.Provider, t.Owner, *t.Version, *a.Name, strings.ToUpper(strings.ReplaceAll(c.region, "-", "_")))
	case isFirst && !isSource:
		return badStructure("Pipeline should start with a stage that only contains source actions, not action '%s'", *a.Name)
	case !isFirst && isSource:
		return badStructure("Source action '%s' is in stage '%s'. Source actions can only be in the first stage", *a.Name, stage)
	case len(a.Commands) > 0, len(a.EnvironmentVariables) > 0, len(a.OutputVariables) > 0:
		return notEmulated("an action with commands, environmentVariables or outputVariables")
	case a.Region != nil && *a.Region != c.region:
		return notEmulated("an action in another Region")
	}
	for _, check := range []func(types.ActionDeclaration) error{checkApproval, checkFunction, c.namespace, c.actionArtifacts} {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

// checkFunction refuses what an action that invokes a function cannot be declared
// with.
// AWS: CodePipeline User Guide, AWS Lambda invoke action reference.
func checkFunction(a types.ActionDeclaration) error {
	if !isFunction(a) {
		return nil
	}
	const most = 5
	if in, out := len(a.InputArtifacts), len(a.OutputArtifacts); in > most || out > most {
		return badAction("Action '%s' has %d input and %d output artifacts. An action of provider 'Lambda' has at most 5 and 5", *a.Name, in, out)
	}
	if a.Configuration["FunctionName"] == "" {
		return badAction("Action configuration for action '%s' is missing required configuration 'FunctionName'", *a.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(a.Configuration)) {
		if key != "FunctionName" && key != "UserParameters" {
			return badAction("Action configuration for action '%s' contains unknown configuration '%s'", *a.Name, key)
		}
	}
	return nil
}

// namespace refuses a namespace that is taken. The message is ours.
// AWS: CodePipeline User Guide, Variables reference.
func (c *checker) namespace(a types.ActionDeclaration) error {
	if a.Namespace == nil {
		return nil
	}
	if c.namespaces[*a.Namespace] {
		return badStructure("Namespace '%s' of action '%s' is used more than once, or is CodePipeline's own", *a.Namespace, *a.Name)
	}
	c.namespaces[*a.Namespace] = true
	return nil
}

// checkApproval refuses what only approvals have, and on approvals what they do
// not have.
// AWS: CodePipeline User Guide, Add a manual approval action to a stage.
func checkApproval(a types.ActionDeclaration) error {
	if !isApproval(a) {
		if a.TimeoutInMinutes != nil {
			return badAction("Action '%s' has timeoutInMinutes, which is available only to manual approval actions", *a.Name)
		}
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(a.Configuration)) {
		if !slices.Contains([]string{"NotificationArn", "CustomData", "ExternalEntityLink"}, key) {
			return badAction("Action configuration for action '%s' contains unknown configuration '%s'", *a.Name, key)
		}
	}
	return nil
}

func (c *checker) actionArtifacts(a types.ActionDeclaration) error {
	kind := a.ActionTypeId.Category
	in, out := len(a.InputArtifacts), len(a.OutputArtifacts)
	switch {
	case kind == types.ActionCategorySource && (in > 0 || out != 1):
		return badAction("Action '%s' has %d input and %d output artifacts. A source action has 0 and 1", *a.Name, in, out)
	case kind == types.ActionCategoryApproval && in+out > 0:
		return badAction("Action '%s' has %d input and %d output artifacts. An approval action has none", *a.Name, in, out)
	}
	for _, artifact := range a.InputArtifacts {
		if !c.artifacts[*artifact.Name] {
			return badStructure("Input Artifact Bundle %s in action %s is not declared as Output Artifact Bundle in any of the preceding actions", *artifact.Name, *a.Name)
		}
	}
	for _, artifact := range a.OutputArtifacts {
		if c.artifacts[*artifact.Name] {
			return badStructure("Output Artifact Bundle name must be unique within the pipeline. %s has been used more than once", *artifact.Name)
		}
		c.artifacts[*artifact.Name] = true
	}
	return nil
}
