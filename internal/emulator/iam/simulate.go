package iam

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// simulatePrincipalPolicy says what the policies of a role allow. Policies of resources
// have no say in it (AWS: IAM API Reference, SimulatePrincipalPolicy).
func (s *Service) simulatePrincipalPolicy(_ *wire.Call, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if err := simulated(in); err != nil {
		return nil, err
	}
	account, name, ok := ParseRoleARN(*in.PolicySourceArn)
	if !ok || account != s.account {
		return nil, &types.InvalidInputException{Message: aws.String("Invalid Entity Arn: " + *in.PolicySourceArn + " does not clearly define entity type and name.")}
	}
	role, err := s.findRole(&name)
	if err != nil {
		return nil, err
	}
	resource := "*"
	if len(in.ResourceArns) == 1 {
		resource = in.ResourceArns[0]
	}
	context := map[string][]string{}
	for _, entry := range in.ContextEntries {
		context[aws.ToString(entry.ContextKeyName)] = entry.ContextKeyValues
	}
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, action := range in.ActionNames {
		d, err := Evaluate(policy.Request{
			Principal: policy.Principal{Account: s.account, ARN: role.ARN, Role: role.ARN}, Action: action, Resource: resource,
			ResourceAccount: s.account, Region: s.region, Time: s.loop.Now(), Context: context,
		}, role)
		if err != nil {
			return nil, err
		}
		out.EvaluationResults = append(out.EvaluationResults, types.EvaluationResult{
			EvalActionName: &action, EvalResourceName: &resource, EvalDecision: evaluated(d),
		})
	}
	return out, nil
}

// simulated refuses by name what is not emulated: results for several resources, and
// policies that the caller brings.
func simulated(in *iam.SimulatePrincipalPolicyInput) error {
	for member, given := range map[string]bool{
		"several ResourceArns": len(in.ResourceArns) > 1, "PolicyInputList": in.PolicyInputList != nil, "ResourcePolicy": in.ResourcePolicy != nil,
		"PermissionsBoundaryPolicyInputList": in.PermissionsBoundaryPolicyInputList != nil, "CallerArn": in.CallerArn != nil,
		"ResourceOwner": in.ResourceOwner != nil, "ResourceHandlingOption": in.ResourceHandlingOption != nil, "Marker": in.Marker != nil,
	} {
		if given {
			return notEmulated("SimulatePrincipalPolicy", member)
		}
	}
	return nil
}

func evaluated(d policy.Decision) types.PolicyEvaluationDecisionType {
	switch {
	case d.Allowed:
		return types.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit():
		return types.PolicyEvaluationDecisionTypeExplicitDeny
	default:
		return types.PolicyEvaluationDecisionTypeImplicitDeny
	}
}
