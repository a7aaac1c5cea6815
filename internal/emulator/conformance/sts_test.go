package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func stsStories() []story {
	const role = "arn:aws:iam::123456789012:role/runner"
	assume := func(arn, session string) *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &session}
	}
	long := assume(role, "job")
	long.DurationSeconds = new(int32(7200))
	return []story{
		{name: "sts/Identity", steps: []step{
			ok(&sts.GetCallerIdentityInput{}, want("Account", "123456789012"), like("Arn", "arn:aws:(iam|sts)::123456789012:.+")),
			fails("MissingAuthenticationToken", &sts.GetCallerIdentityInput{}, unsigned(),
				moto("moto_server answers whoever asks; AWS: STS API Reference, Common Errors: MissingAuthenticationToken")),
		}},
		{name: "sts/AssumeRole", steps: []step{
			createRole("runner", trustAccount),
			ok(assume(role, "job"),
				want("AssumedRoleUser.Arn", "arn:aws:sts::123456789012:assumed-role/runner/job"), like("AssumedRoleUser.AssumedRoleId", "AROA[0-9A-Z]{17}:job"),
				like("Credentials.AccessKeyId", "ASIA[0-9A-Z]{16}"), like("Credentials.SessionToken", ".+")),
			fails("AccessDenied", assume("arn:aws:iam::123456789012:role/none", "job"),
				moto("moto_server gives a session of a role that does not exist; AWS: STS API Reference, AssumeRole: the trust policy has to allow it")),
			fails("ValidationError", assume(role, "no spaces"),
				moto("moto_server does not check; AWS: model, roleSessionNameType has the pattern [\\w+=,.@-]*")),
			fails("ValidationError", long,
				moto("moto_server gives it; AWS: STS API Reference, AssumeRole, DurationSeconds: not above the role's maximum session duration")),
			ok(&iam.UpdateAssumeRolePolicyInput{RoleName: new("runner"), PolicyDocument: new(trustLambda)}),
			fails("AccessDenied", assume(role, "job"),
				moto("moto_server does not ask trust policies; AWS: IAM User Guide, Granting a user permissions to switch roles")),
		}},
	}
}
