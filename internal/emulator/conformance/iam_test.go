package conformance_test

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// percent is a policy document as answers have it.
func percent(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

const (
	trustLambda   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustAccount  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}`
	allowReading  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`
	withoutAction = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*"}]}`
)

// allowPassing lets any role but one be passed to ECS.
const (
	runner       = "arn:aws:iam::123456789012:role/runner"
	allowPassing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"*",` +
		`"Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}},` +
		`{"Effect":"Deny","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/admin"}]}`
)

// simulated asks whether runner may do something with a role for a service.
func simulated(action, resource, service, decision string) step {
	return ok(&iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: new(runner), ActionNames: []string{action}, ResourceArns: []string{resource},
		ContextEntries: []types.ContextEntry{{ContextKeyName: new("iam:PassedToService"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{service}}},
	}, want("EvaluationResults.0.EvalResourceName", resource), want("EvaluationResults.0.EvalDecision", decision))
}

func createRole(name, trust string) step {
	return ok(&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust},
		want("Role.Arn", "arn:aws:iam::123456789012:role/"+name), like("Role.RoleId", "AROA[0-9A-Z]{17}"))
}

func iamStories() []story {
	const missing, policy = "NoSuchEntity", "arn:aws:iam::123456789012:policy/deploy/reading"
	const provider, thumbprint = "arn:aws:iam::123456789012:oidc-provider/token.example.com/a", "0123456789abcdef0123456789abcdef01234567"
	reading := ok(&iam.CreatePolicyInput{PolicyName: new("reading"), Path: new("/deploy/"), PolicyDocument: new(allowReading)},
		want("Policy.Arn", policy), like("Policy.PolicyId", "A[0-9A-Z]{20}"), want("Policy.DefaultVersionId", "v1"), want("Policy.AttachmentCount", 0))
	return []story{
		{name: "iam/Users", steps: []step{
			ok(&iam.CreateUserInput{UserName: new("ada"), Path: new("/ops/")}, want("User.Arn", "arn:aws:iam::123456789012:user/ops/ada"), like("User.UserId", "^AIDA[A-Z0-9]+$"),
				moto("moto_server has other ids; AWS: IAM User Guide, IAM identifiers: AIDA")),
			fails("EntityAlreadyExists", &iam.CreateUserInput{UserName: new("ada")}),
			ok(&iam.GetUserInput{UserName: new("ada")}, want("User.Path", "/ops/")),
			fails("NoSuchEntity", &iam.GetUserInput{UserName: new("bob")}),
			ok(&iam.ListUsersInput{PathPrefix: new("/ops/")}, want("Users.#", 1), want("Users.0.UserName", "ada"), want("IsTruncated", false)),
			fails("ValidationError", &iam.ListUsersInput{MaxItems: new(int32(1001))}, moto("moto_server does not check; AWS: model, maxItemsType")),
			ok(&iam.DeleteUserInput{UserName: new("ada")}),
			fails("NoSuchEntity", &iam.DeleteUserInput{UserName: new("ada")}),
		}},
		{name: "iam/Roles", steps: []step{
			ok(&iam.CreateRoleInput{RoleName: new("runner"), Path: new("/deploy/"), AssumeRolePolicyDocument: new(trustLambda)},
				want("Role.Arn", "arn:aws:iam::123456789012:role/deploy/runner")),
			fails("EntityAlreadyExists", &iam.CreateRoleInput{RoleName: new("runner"), AssumeRolePolicyDocument: new(trustLambda)}),
			fails("MalformedPolicyDocument", &iam.CreateRoleInput{RoleName: new("other"), AssumeRolePolicyDocument: new("{")},
				moto("moto_server takes it; AWS: model, CreateRole has MalformedPolicyDocument")),
			fails("ValidationError", &iam.CreateRoleInput{RoleName: new("no spaces"), AssumeRolePolicyDocument: new(trustLambda)},
				moto("moto_server does not check; AWS: model, roleNameType has the pattern [\\w+=,.@-]+")),
			ok(&iam.GetRoleInput{RoleName: new("runner")},
				want("Role.Path", "/deploy/"), want("Role.MaxSessionDuration", 3600), want("Role.AssumeRolePolicyDocument", percent(trustLambda))),
			fails(missing, &iam.GetRoleInput{RoleName: new("none")}),
			ok(&iam.ListRolesInput{PathPrefix: new("/deploy/")}, want("Roles.#", 1), want("Roles.0.RoleName", "runner"), want("IsTruncated", false)),
			fails("ValidationError", &iam.ListRolesInput{MaxItems: new(int32(1001))},
				moto("moto_server does not check; AWS: model, maxItemsType has the maximum 1000")),
			ok(&iam.UpdateAssumeRolePolicyInput{RoleName: new("runner"), PolicyDocument: new(trustAccount)}),
			fails("MalformedPolicyDocument", &iam.UpdateAssumeRolePolicyInput{RoleName: new("runner"), PolicyDocument: new(allowReading)}),
			ok(&iam.DeleteRoleInput{RoleName: new("runner")}),
			fails(missing, &iam.DeleteRoleInput{RoleName: new("runner")}),
		}},
		{name: "iam/Inline", steps: []step{
			createRole("runner", trustLambda),
			ok(&iam.PutRolePolicyInput{RoleName: new("runner"), PolicyName: new("reading"), PolicyDocument: new(allowReading)}),
			fails("MalformedPolicyDocument", &iam.PutRolePolicyInput{RoleName: new("runner"), PolicyName: new("bad"), PolicyDocument: new(withoutAction)}),
			ok(&iam.GetRolePolicyInput{RoleName: new("runner"), PolicyName: new("reading")}, want("PolicyName", "reading"), want("PolicyDocument", percent(allowReading))),
			fails(missing, &iam.GetRolePolicyInput{RoleName: new("runner"), PolicyName: new("none")}),
			ok(&iam.ListRolePoliciesInput{RoleName: new("runner")}, like("PolicyNames.0", "reading")),
			fails(missing, &iam.ListRolePoliciesInput{RoleName: new("none")}),
			fails("DeleteConflict", &iam.DeleteRoleInput{RoleName: new("runner")}),
			ok(&iam.DeleteRolePolicyInput{RoleName: new("runner"), PolicyName: new("reading")}),
			fails(missing, &iam.DeleteRolePolicyInput{RoleName: new("runner"), PolicyName: new("reading")}),
			ok(&iam.DeleteRoleInput{RoleName: new("runner")}),
		}},
		{name: "iam/Managed", steps: []step{
			createRole("runner", trustLambda),
			reading,
			fails("EntityAlreadyExists", &iam.CreatePolicyInput{PolicyName: new("reading"), Path: new("/deploy/"), PolicyDocument: new(allowReading)}),
			ok(&iam.GetPolicyInput{PolicyArn: new(policy)}, want("Policy.PolicyName", "reading"), want("Policy.IsAttachable", true)),
			fails(missing, &iam.GetPolicyInput{PolicyArn: new(policy + "s")}),
			ok(&iam.GetPolicyVersionInput{PolicyArn: new(policy), VersionId: new("v1")}, want("PolicyVersion.Document", percent(allowReading)),
				motoValue("moto_server shows it as it is; AWS: IAM API Reference, PolicyVersion, Document: percent-encoded")),
			fails(missing, &iam.GetPolicyVersionInput{PolicyArn: new(policy), VersionId: new("v2")}),
			ok(&iam.CreatePolicyVersionInput{PolicyArn: new(policy), PolicyDocument: new(allowReading), SetAsDefault: true}, want("PolicyVersion.VersionId", "v2"), want("PolicyVersion.IsDefaultVersion", true)),
			fails(missing, &iam.CreatePolicyVersionInput{PolicyArn: new(policy + "s"), PolicyDocument: new(allowReading)}),
			ok(&iam.ListPolicyVersionsInput{PolicyArn: new(policy)}, want("Versions.#", 2)),
			fails(missing, &iam.ListPolicyVersionsInput{PolicyArn: new(policy + "s")}),
			fails("DeleteConflict", &iam.DeletePolicyVersionInput{PolicyArn: new(policy), VersionId: new("v2")}),
			ok(&iam.DeletePolicyVersionInput{PolicyArn: new(policy), VersionId: new("v1")}),
			fails(missing, &iam.DeletePolicyVersionInput{PolicyArn: new(policy), VersionId: new("v1")}),
			ok(&iam.AttachRolePolicyInput{RoleName: new("runner"), PolicyArn: new(policy)}),
			fails(missing, &iam.AttachRolePolicyInput{RoleName: new("runner"), PolicyArn: new(policy + "s")}),
			ok(&iam.AttachRolePolicyInput{RoleName: new("runner"), PolicyArn: new("arn:aws:iam::aws:policy/AdministratorAccess")},
				moto("moto_server does not have it unless it is told to; AWS: AWS Managed Policy Reference Guide, AdministratorAccess")),
			ok(&iam.ListAttachedRolePoliciesInput{RoleName: new("runner"), PathPrefix: new("/deploy/")},
				want("AttachedPolicies.#", 1), want("AttachedPolicies.0.PolicyArn", policy), want("AttachedPolicies.0.PolicyName", "reading")),
			fails(missing, &iam.ListAttachedRolePoliciesInput{RoleName: new("none")}),
			fails("DeleteConflict", &iam.DeleteRoleInput{RoleName: new("runner")}),
			ok(&iam.DetachRolePolicyInput{RoleName: new("runner"), PolicyArn: new(policy)}),
			fails(missing, &iam.DetachRolePolicyInput{RoleName: new("runner"), PolicyArn: new(policy)}),
			ok(&iam.DeletePolicyInput{PolicyArn: new(policy)}),
			fails(missing, &iam.DeletePolicyInput{PolicyArn: new(policy)}),
		}},
		{name: "iam/Providers", steps: []step{
			ok(&iam.CreateOpenIDConnectProviderInput{Url: new("https://token.example.com/a"), ClientIDList: []string{"sts.amazonaws.com"}, ThumbprintList: []string{thumbprint}},
				want("OpenIDConnectProviderArn", provider)),
			fails("EntityAlreadyExists", &iam.CreateOpenIDConnectProviderInput{Url: new("https://token.example.com/a"), ThumbprintList: []string{thumbprint}}),
			fails("ValidationError", &iam.CreateOpenIDConnectProviderInput{Url: new("token.example.com"), ThumbprintList: []string{thumbprint}}),
			ok(&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: new(provider)},
				want("Url", "token.example.com/a"), want("ClientIDList.0", "sts.amazonaws.com"), want("ThumbprintList.0", thumbprint)),
			fails(missing, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: new(provider + "b")}),
			ok(&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: new(provider)}),
			ok(&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: new(provider)}), // again
			fails("ValidationError", &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: new("provider")},
				moto("moto_server does not check; AWS: model, arnType has the minimum 20")),
		}},
		{name: "iam/Simulate", notMoto: "moto_server does not have it; AWS: IAM API Reference, SimulatePrincipalPolicy", steps: []step{
			createRole("runner", trustLambda),
			ok(&iam.PutRolePolicyInput{RoleName: new("runner"), PolicyName: new("passing"), PolicyDocument: new(allowPassing)}),
			simulated("iam:PassRole", "arn:aws:iam::123456789012:role/task", "ecs-tasks.amazonaws.com", "allowed"),
			simulated("iam:PassRole", "arn:aws:iam::123456789012:role/task", "lambda.amazonaws.com", "implicitDeny"),
			simulated("iam:PassRole", "arn:aws:iam::123456789012:role/admin", "ecs-tasks.amazonaws.com", "explicitDeny"),
			ok(&iam.SimulatePrincipalPolicyInput{PolicySourceArn: new(runner), ActionNames: []string{"s3:GetObject", "s3:PutObject"}},
				want("EvaluationResults.#", 2), want("EvaluationResults.1.EvalActionName", "s3:PutObject"),
				want("EvaluationResults.1.EvalResourceName", "*"), want("EvaluationResults.1.EvalDecision", "implicitDeny"), want("IsTruncated", false)),
			fails(missing, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: new(runner + "s"), ActionNames: []string{"s3:GetObject"}}),
			fails("InvalidInput", &iam.SimulatePrincipalPolicyInput{PolicySourceArn: new("arn:aws:sns:us-east-1:123456789012:topic"), ActionNames: []string{"s3:GetObject"}}),
		}},
		{name: "iam/ManagedInUse", notMoto: "moto_server deletes a policy that is attached; AWS: IAM API Reference, DeletePolicy: DeleteConflict", steps: []step{
			createRole("runner", trustLambda),
			reading,
			ok(&iam.AttachRolePolicyInput{RoleName: new("runner"), PolicyArn: new(policy)}),
			fails("DeleteConflict", &iam.DeletePolicyInput{PolicyArn: new(policy)}),
		}},
	}
}
