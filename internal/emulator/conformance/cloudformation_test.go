package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// cloudformationStories are not told to moto_server, which makes stacks without their
// order, their events' reasons, policies or checks.
func cloudformationStories() []story {
	const (
		template = `{"Parameters":{"Value":{"Type":"String","Default":"one","AllowedPattern":"[a-z]+"}},` +
			`"Resources":{"Level":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/a/level","Type":"String","Value":{"Ref":"Value"}}}},` +
			`"Outputs":{"Level":{"Value":{"Ref":"Level"},"Export":{"Name":"level"}}}}`
		role = `{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r","AssumeRolePolicyDocument":{}}}}}`
		deny = `{"Statement":[{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*"}]}`
		arn  = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/[0-9a-f-]{36}"
		bad  = "ValidationError"
	)
	const notMoto = "moto_server does not keep to the order of a stack's life; AWS: CloudFormation API Reference"
	shop, none := new("shop"), new("none")
	value := func(v string) []types.Parameter {
		return []types.Parameter{{ParameterKey: new("Value"), ParameterValue: &v}}
	}
	create := ok(&cloudformation.CreateStackInput{StackName: shop, TemplateBody: new(template)}, like("StackId", arn))
	done := wait(time.Minute)
	return []story{
		{name: "cloudformation/Stacks", notMoto: notMoto, steps: []step{
			create,
			fails("AlreadyExistsException", &cloudformation.CreateStackInput{StackName: shop, TemplateBody: new(template)}),
			ok(&cloudformation.DescribeStacksInput{StackName: shop}, want("Stacks.0.StackStatus", "CREATE_IN_PROGRESS")),
			fails(bad, &cloudformation.UpdateStackInput{StackName: shop, TemplateBody: new(template), Parameters: value("two")}),
			done,
			ok(&cloudformation.DescribeStacksInput{}, want("Stacks.#", 1), want("Stacks.0.StackStatus", "CREATE_COMPLETE"),
				want("Stacks.0.Outputs.0.OutputValue", "/a/level"), want("Stacks.0.Parameters.0.ParameterValue", "one")),
			fails(bad, &cloudformation.DescribeStacksInput{StackName: none}),
			fails(bad, &cloudformation.UpdateStackInput{StackName: shop, UsePreviousTemplate: new(true), Parameters: value("one")}),
			ok(&cloudformation.UpdateStackInput{StackName: shop, UsePreviousTemplate: new(true), Parameters: value("two")}, like("StackId", arn)),
			done,
			ok(&cloudformation.ListStacksInput{}, want("StackSummaries.0.StackStatus", "UPDATE_COMPLETE")),
			fails(bad, &cloudformation.ListStacksInput{NextToken: new("made-up")}),
			ok(&cloudformation.ListExportsInput{}, want("Exports.0.Name", "level"), want("Exports.0.Value", "/a/level")),
			fails(bad, &cloudformation.ListExportsInput{NextToken: new("made-up")}),
			ok(&cloudformation.DescribeStackEventsInput{StackName: shop}, want("StackEvents.0.ResourceStatus", "UPDATE_COMPLETE")),
			fails(bad, &cloudformation.DescribeStackEventsInput{StackName: none}),
			ok(&cloudformation.DescribeStackResourceInput{StackName: shop, LogicalResourceId: new("Level")},
				want("StackResourceDetail.PhysicalResourceId", "/a/level")),
			fails(bad, &cloudformation.DescribeStackResourceInput{StackName: shop, LogicalResourceId: new("None")}),
			ok(&cloudformation.DescribeStackResourcesInput{StackName: shop}, want("StackResources.0.ResourceStatus", "UPDATE_COMPLETE")),
			fails(bad, &cloudformation.DescribeStackResourcesInput{StackName: none}),
			ok(&cloudformation.ListStackResourcesInput{StackName: shop}, want("StackResourceSummaries.0.LogicalResourceId", "Level")),
			fails(bad, &cloudformation.ListStackResourcesInput{StackName: none}),
			ok(&cloudformation.GetTemplateInput{StackName: shop}, want("TemplateBody", template)),
			fails(bad, &cloudformation.GetTemplateInput{StackName: none}),
			ok(&cloudformation.UpdateTerminationProtectionInput{StackName: shop, EnableTerminationProtection: new(true)}, like("StackId", arn)),
			fails(bad, &cloudformation.UpdateTerminationProtectionInput{StackName: none, EnableTerminationProtection: new(true)}),
			fails(bad, &cloudformation.DeleteStackInput{StackName: shop}),
			ok(&cloudformation.UpdateTerminationProtectionInput{StackName: shop, EnableTerminationProtection: new(false)}),
			ok(&cloudformation.DeleteStackInput{StackName: shop}),
			done,
			ok(&cloudformation.ListStacksInput{}, want("StackSummaries.0.StackStatus", "DELETE_COMPLETE")),
			ok(&cloudformation.DeleteStackInput{StackName: none}),
		}},
		{name: "cloudformation/ChangeSets", notMoto: notMoto, steps: []step{
			ok(&cloudformation.CreateChangeSetInput{StackName: shop, ChangeSetName: new("first"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: new(template)},
				like("StackId", arn)),
			fails("AlreadyExistsException", &cloudformation.CreateChangeSetInput{StackName: shop, ChangeSetName: new("first"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: new(template)}),
			fails("InvalidChangeSetStatus", &cloudformation.ExecuteChangeSetInput{StackName: shop, ChangeSetName: new("first")}),
			done,
			ok(&cloudformation.DescribeStacksInput{StackName: shop}, want("Stacks.0.StackStatus", "REVIEW_IN_PROGRESS")),
			ok(&cloudformation.DescribeChangeSetInput{StackName: shop, ChangeSetName: new("first")}, want("Status", "CREATE_COMPLETE"),
				want("Changes.0.ResourceChange.Action", "Add"), want("Changes.0.ResourceChange.LogicalResourceId", "Level")),
			fails("ChangeSetNotFound", &cloudformation.DescribeChangeSetInput{StackName: shop, ChangeSetName: new("other")}),
			ok(&cloudformation.ExecuteChangeSetInput{StackName: shop, ChangeSetName: new("first")}),
			done,
			ok(&cloudformation.CreateChangeSetInput{StackName: shop, ChangeSetName: new("same"), TemplateBody: new(template)}),
			done,
			ok(&cloudformation.DescribeChangeSetInput{StackName: shop, ChangeSetName: new("same")}, want("Status", "FAILED"),
				want("StatusReason", "The submitted information didn't contain changes. Submit different information to create a change set.")),
			ok(&cloudformation.CreateChangeSetInput{StackName: shop, ChangeSetName: new("next"), TemplateBody: new(template), Parameters: value("two")}),
			done,
			ok(&cloudformation.DescribeChangeSetInput{StackName: shop, ChangeSetName: new("next")},
				want("Changes.0.ResourceChange.Action", "Modify"), want("Changes.0.ResourceChange.Replacement", "False")),
			ok(&cloudformation.ListChangeSetsInput{StackName: shop}, want("Summaries.#", 3)),
			fails(bad, &cloudformation.ListChangeSetsInput{StackName: none}),
			ok(&cloudformation.DeleteChangeSetInput{StackName: shop, ChangeSetName: new("next")}),
			ok(&cloudformation.DeleteChangeSetInput{StackName: shop, ChangeSetName: new("next")}),
			fails(bad, &cloudformation.DeleteChangeSetInput{StackName: none, ChangeSetName: new("next")}),
		}},
		{name: "cloudformation/Policies", notMoto: notMoto, steps: []step{
			create, done,
			ok(&cloudformation.GetStackPolicyInput{StackName: shop}, want("StackPolicyBody", nil)),
			ok(&cloudformation.SetStackPolicyInput{StackName: shop, StackPolicyBody: new(deny)}),
			fails(bad, &cloudformation.SetStackPolicyInput{StackName: shop, StackPolicyBody: new(`{"Statement":[{"Effect":"Maybe"}]}`)}),
			ok(&cloudformation.GetStackPolicyInput{StackName: shop}, want("StackPolicyBody", deny)),
			fails(bad, &cloudformation.GetStackPolicyInput{StackName: none}),
		}},
		{name: "cloudformation/Templates", notMoto: notMoto, steps: []step{
			ok(&cloudformation.ValidateTemplateInput{TemplateBody: new(template)}, want("Parameters.0.ParameterKey", "Value"), want("Parameters.0.DefaultValue", "one")),
			fails(bad, &cloudformation.ValidateTemplateInput{TemplateBody: new("{}")}),
			ok(&cloudformation.GetTemplateSummaryInput{TemplateBody: new(role)}, want("Capabilities.0", "CAPABILITY_NAMED_IAM"), want("ResourceTypes.0", "AWS::IAM::Role")),
			fails(bad, &cloudformation.GetTemplateSummaryInput{StackName: none}),
			fails("InsufficientCapabilitiesException", &cloudformation.CreateStackInput{StackName: shop, TemplateBody: new(role)}),
			fails(bad, &cloudformation.CreateStackInput{StackName: shop, TemplateBody: new(template), Parameters: value("TWO")}),
			fails(bad, &cloudformation.CreateChangeSetInput{StackName: shop, ChangeSetName: new("x"), TemplateBody: new(template)}),
			fails("ChangeSetNotFound", &cloudformation.ExecuteChangeSetInput{ChangeSetName: new("arn:aws:cloudformation:us-east-1:123456789012:changeSet/x/1")}),
		}},
	}
}
