package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sluice-deploy/sluice/internal/emulator/issuer"
)

// tokenHost is an issuer's in the cloud.
const tokenHost = "token.example.com"

// tokenIssuer is that issuer, with its key or another.
func tokenIssuer(seed byte) *issuer.Issuer {
	i, err := issuer.New(tokenHost, seed)
	if err != nil {
		panic(err)
	}
	return i
}

// webToken is a token of the issuer.
func webToken(seed byte) string {
	token, err := tokenIssuer(seed).Token(jwt.Claims{
		Subject: "shop", Audience: jwt.Audience{"sts.amazonaws.com"}, Expiry: jwt.NewNumericDate(start.Add(time.Hour)),
	})
	if err != nil {
		panic(err)
	}
	return token
}

func stsStories() []story {
	const role = "arn:aws:iam::123456789012:role/runner"
	assume := func(arn, session string) *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &session}
	}
	federated := func(seed byte) *sts.AssumeRoleWithWebIdentityInput {
		return &sts.AssumeRoleWithWebIdentityInput{RoleArn: new(role), RoleSessionName: new("job"), WebIdentityToken: new(webToken(seed))}
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
		{name: "sts/AssumeRoleWithWebIdentity", steps: []step{
			ok(&iam.CreateOpenIDConnectProviderInput{Url: new("https://" + tokenHost), ClientIDList: []string{"sts.amazonaws.com"}}),
			createRole("runner", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",`+
				`"Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/`+tokenHost+`"},"Condition":{"StringEquals":{"`+tokenHost+`:sub":"shop"}}}]}`),
			ok(federated(1), unsigned(),
				want("AssumedRoleUser.Arn", "arn:aws:sts::123456789012:assumed-role/runner/job"), like("Credentials.AccessKeyId", "ASIA[0-9A-Z]{16}"),
				like("Credentials.SessionToken", ".+")),
			fails("InvalidIdentityToken", federated(2), unsigned(),
				moto("moto_server does not verify tokens; AWS: STS API Reference, AssumeRoleWithWebIdentity: InvalidIdentityToken")),
			ok(&iam.UpdateAssumeRolePolicyInput{RoleName: new("runner"), PolicyDocument: new(trustAccount)}),
			fails("AccessDenied", federated(1), unsigned(),
				moto("moto_server does not ask trust policies; AWS: IAM User Guide, Creating a role for OpenID Connect federation")),
		}},
	}
}
