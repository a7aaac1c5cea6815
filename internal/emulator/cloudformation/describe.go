package cloudformation

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) describeStacks(_ *wire.Call, in *sdk.DescribeStacksInput) (*sdk.DescribeStacksOutput, error) {
	out := &sdk.DescribeStacksOutput{}
	if in.StackName != nil {
		st, err := s.find(in.StackName)
		if err != nil {
			return nil, err
		}
		out.Stacks = []types.Stack{st.describe()}
		return out, nil
	}
	for _, st := range slices.Backward(s.stacks) {
		if !st.gone() {
			out.Stacks = append(out.Stacks, st.describe())
		}
	}
	return out, nil
}

func (st *stack) describe() types.Stack {
	out := types.Stack{
		StackId: &st.id, StackName: &st.name, StackStatus: st.status, StackStatusReason: optionalString(st.reason),
		CreationTime: &st.created, LastUpdatedTime: st.updated, DeletionTime: st.deleted, Parameters: st.shown, Outputs: st.outputs,
		Capabilities: st.capabilities, Tags: st.tags, RoleARN: st.roleARN, DisableRollback: &st.disableRollback,
		EnableTerminationProtection: &st.protected, RollbackConfiguration: &types.RollbackConfiguration{},
		DriftInformation: &types.StackDriftInformation{StackDriftStatus: types.StackDriftStatusNotChecked},
	}
	if st.template != nil {
		out.Description = optionalString(st.template.description)
	}
	if len(st.sets) > 0 {
		out.ChangeSetId = &st.sets[len(st.sets)-1].id
	}
	return out
}

func (s *Service) listStacks(_ *wire.Call, in *sdk.ListStacksInput) (*sdk.ListStacksOutput, error) {
	if in.NextToken != nil {
		return nil, invalid("NextToken is not one that ListStacks gave")
	}
	out := &sdk.ListStacksOutput{}
	for _, st := range slices.Backward(s.stacks) {
		if len(in.StackStatusFilter) > 0 && !slices.Contains(in.StackStatusFilter, st.status) {
			continue
		}
		d := st.describe()
		out.StackSummaries = append(out.StackSummaries, types.StackSummary{
			StackId: d.StackId, StackName: d.StackName, StackStatus: d.StackStatus, StackStatusReason: d.StackStatusReason,
			CreationTime: d.CreationTime, LastUpdatedTime: d.LastUpdatedTime, DeletionTime: d.DeletionTime, TemplateDescription: d.Description,
			DriftInformation: &types.StackDriftInformationSummary{StackDriftStatus: types.StackDriftStatusNotChecked},
		})
	}
	return out, nil
}

// describeStackEvents gives all events, the latest first.
func (s *Service) describeStackEvents(_ *wire.Call, in *sdk.DescribeStackEventsInput) (*sdk.DescribeStackEventsOutput, error) {
	st, err := s.find(in.StackName)
	if err != nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	events := slices.Clone(st.events)
	slices.Reverse(events)
	return &sdk.DescribeStackEventsOutput{StackEvents: events}, nil
}

func (s *Service) describeStackResources(_ *wire.Call, in *sdk.DescribeStackResourcesInput) (*sdk.DescribeStackResourcesOutput, error) {
	if in.StackName == nil {
		return nil, invalid("DescribeStackResources by PhysicalResourceId is not emulated")
	}
	st, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeStackResourcesOutput{}
	for _, m := range st.inOrder() {
		if in.LogicalResourceId != nil && *in.LogicalResourceId != m.id {
			continue
		}
		out.StackResources = append(out.StackResources, types.StackResource{
			StackId: &st.id, StackName: &st.name, LogicalResourceId: &m.id, PhysicalResourceId: physicalID(m), ResourceType: &m.kind,
			ResourceStatus: m.status, ResourceStatusReason: optionalString(m.reason), Timestamp: &m.at,
			DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked},
		})
	}
	return out, nil
}

func (s *Service) describeStackResource(_ *wire.Call, in *sdk.DescribeStackResourceInput) (*sdk.DescribeStackResourceOutput, error) {
	st, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	m := st.members[aws.ToString(in.LogicalResourceId)]
	if m == nil {
		return nil, invalid("Resource %s does not exist for stack %s", aws.ToString(in.LogicalResourceId), st.name)
	}
	return &sdk.DescribeStackResourceOutput{StackResourceDetail: &types.StackResourceDetail{
		StackId: &st.id, StackName: &st.name, LogicalResourceId: &m.id, PhysicalResourceId: physicalID(m), ResourceType: &m.kind,
		ResourceStatus: m.status, ResourceStatusReason: optionalString(m.reason), LastUpdatedTimestamp: &m.at, Metadata: new("{}"),
		DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked},
	}}, nil
}

func (s *Service) listStackResources(_ *wire.Call, in *sdk.ListStackResourcesInput) (*sdk.ListStackResourcesOutput, error) {
	st, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListStackResourcesOutput{}
	for _, m := range st.inOrder() {
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{
			LogicalResourceId: &m.id, PhysicalResourceId: physicalID(m), ResourceType: &m.kind,
			ResourceStatus: m.status, ResourceStatusReason: optionalString(m.reason), LastUpdatedTimestamp: &m.at,
			DriftInformation: &types.StackResourceDriftInformationSummary{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked},
		})
	}
	return out, nil
}

func (s *Service) listExports(_ *wire.Call, in *sdk.ListExportsInput) (*sdk.ListExportsOutput, error) {
	if in.NextToken != nil {
		return nil, invalid("NextToken is not one that ListExports gave")
	}
	out := &sdk.ListExportsOutput{}
	for _, st := range s.stacks {
		for _, o := range st.outputs {
			if o.ExportName != nil && !st.gone() {
				out.Exports = append(out.Exports, types.Export{ExportingStackId: &st.id, Name: o.ExportName, Value: o.OutputValue})
			}
		}
	}
	return out, nil
}

// getTemplate gives a stack's template, or a change set's: as it was given, or with
// serverless resources written as plain ones.
func (s *Service) getTemplate(_ *wire.Call, in *sdk.GetTemplateInput) (*sdk.GetTemplateOutput, error) {
	var st *stack
	var err error
	var src source
	if in.ChangeSetName != nil {
		var c *changeSet
		if st, c, err = s.changeSet(in.StackName, in.ChangeSetName); err != nil {
			return nil, err
		}
		src = c.source
	} else {
		if st, err = s.find(in.StackName); err != nil {
			return nil, err
		}
		src = st.source
	}
	stages := []types.TemplateStage{types.TemplateStageOriginal, types.TemplateStageProcessed}
	if in.TemplateStage != types.TemplateStageProcessed || !src.template.serverless {
		return &sdk.GetTemplateOutput{TemplateBody: &src.body, StagesAvailable: stages}, nil
	}
	plan, err := src.template.Resolve(s.settings(st, src.parameters))
	if err != nil {
		return nil, invalidTemplate(err)
	}
	data, err := json.Marshal(plan.Processed())
	if err != nil {
		return nil, err
	}
	return &sdk.GetTemplateOutput{TemplateBody: aws.String(string(data)), StagesAvailable: stages}, nil
}

// Processed is the Resources section of the template as encoding/json represents it,
// with the plain resources that serverless ones stand for.
func (p *Plan) Processed() map[string]any {
	resources := map[string]any{}
	for _, r := range p.all {
		entry := map[string]any{"Type": r.kind, "Properties": r.properties.plain()}
		if r.condition != nil {
			entry["Condition"] = r.condition.text
		}
		if r.deletion != deletes {
			entry["DeletionPolicy"] = r.deletion
		}
		if r.replacement != deletes {
			entry["UpdateReplacePolicy"] = r.replacement
		}
		if len(r.dependsOn) > 0 {
			entry["DependsOn"] = texts(list(r.line, r.dependsOn...))
		}
		resources[r.id] = entry
	}
	return map[string]any{"Resources": resources}
}

func (s *Service) validateTemplate(_ *wire.Call, in *sdk.ValidateTemplateInput) (*sdk.ValidateTemplateOutput, error) {
	t, _, err := s.readTemplate(in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	out := &sdk.ValidateTemplateOutput{Description: optionalString(t.description)}
	for _, p := range t.parameters {
		out.Parameters = append(out.Parameters, types.TemplateParameter{
			ParameterKey: &p.name, DefaultValue: defaultOf(p), Description: optionalString(optional(p.value.get("Description"))),
			NoEcho: aws.Bool(optional(p.value.get("NoEcho")) == "true"),
		})
	}
	out.Capabilities, out.CapabilitiesReason = t.capabilities()
	out.DeclaredTransforms = t.transforms()
	return out, nil
}

func defaultOf(p field) *string {
	if d := p.value.get("Default"); d != nil {
		return &d.text
	}
	return nil
}

func (t *Template) transforms() []string {
	if t.serverless {
		return []string{"AWS::Serverless-2016-10-31"}
	}
	return nil
}

// capabilities are those that the template needs, as far as it can be known without
// parameters, and why.
func (t *Template) capabilities() ([]types.Capability, *string) {
	var out []types.Capability
	var kinds []string
	named := false
	for _, r := range t.resources {
		if r.kind == "AWS::Serverless::Function" || r.kind == "AWS::Serverless::StateMachine" {
			if merge(t.globals.get(strings.TrimPrefix(r.kind, "AWS::Serverless::")), r.properties).get("Role") == nil {
				kinds = append(kinds, r.kind)
			}
		}
		if strings.HasPrefix(r.kind, "AWS::IAM::") && r.kind != "AWS::IAM::OIDCProvider" {
			kinds = append(kinds, r.kind)
			named = named || r.properties.get("RoleName") != nil || r.properties.get("ManagedPolicyName") != nil
		}
	}
	switch {
	case named:
		out = append(out, types.CapabilityCapabilityNamedIam)
	case len(kinds) > 0:
		out = append(out, types.CapabilityCapabilityIam)
	}
	if t.serverless {
		out = append(out, types.CapabilityCapabilityAutoExpand)
	}
	if len(kinds) == 0 {
		return out, nil
	}
	return out, aws.String("The following resource(s) require capabilities: " + listed(kinds))
}

func (s *Service) getTemplateSummary(_ *wire.Call, in *sdk.GetTemplateSummaryInput) (*sdk.GetTemplateSummaryOutput, error) {
	var t *Template
	if in.StackName != nil {
		st, err := s.find(in.StackName)
		if err != nil {
			return nil, err
		}
		t = st.template
	} else {
		var err error
		if t, _, err = s.readTemplate(in.TemplateBody, in.TemplateURL); err != nil {
			return nil, err
		}
	}
	out := &sdk.GetTemplateSummaryOutput{Description: optionalString(t.description), DeclaredTransforms: t.transforms()}
	out.Capabilities, out.CapabilitiesReason = t.capabilities()
	for _, r := range t.resources {
		if !slices.Contains(out.ResourceTypes, r.kind) {
			out.ResourceTypes = append(out.ResourceTypes, r.kind)
		}
	}
	for _, p := range t.parameters {
		declared := types.ParameterDeclaration{
			ParameterKey: &p.name, ParameterType: aws.String(p.value.get("Type").String()), DefaultValue: defaultOf(p),
			Description: optionalString(optional(p.value.get("Description"))), NoEcho: aws.Bool(optional(p.value.get("NoEcho")) == "true"),
		}
		if allowed := p.value.get("AllowedValues"); allowed != nil {
			declared.ParameterConstraints = &types.ParameterConstraints{AllowedValues: texts(allowed)}
		}
		out.Parameters = append(out.Parameters, declared)
	}
	return out, nil
}
