package sts_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/issuer"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

const host, provider = "token.example.com", "arn:aws:iam::123456789012:oidc-provider/token.example.com"

// federation is a cloud with a role that one subject of an issuer may assume, and the
// issuer.
type federation struct {
	cloud  *emulator.Cloud
	issuer *issuer.Issuer
	role   string
}

func newFederation(t *testing.T) *federation {
	t.Helper()
	l := loop.NewVirtual(start)
	t.Cleanup(l.Close)
	f := &federation{cloud: emulator.New(l, emulator.Options{}), role: "arn:aws:iam::123456789012:role/runner"}
	f.issuer = newIssuer(t, 1)
	f.cloud.Web.Host(host, f.issuer)
	client := iamsdk.NewFromConfig(f.cloud.Config("AKIAPERSON"))
	_, err := client.CreateOpenIDConnectProvider(t.Context(), &iamsdk.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://" + host), ClientIDList: []string{"sts.amazonaws.com"},
	})
	if err == nil {
		_, err = client.CreateRole(t.Context(), &iamsdk.CreateRoleInput{RoleName: aws.String("runner"), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"` + provider + `"},` +
				`"Condition":{"StringEquals":{"` + host + `:sub":"repo:example/shop","` + host + `:aud":"sts.amazonaws.com"}}}}`)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newIssuer(t *testing.T, seed byte) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(host, seed)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// claims are those of a good token.
func claims() jwt.Claims {
	return jwt.Claims{Subject: "repo:example/shop", Audience: jwt.Audience{"sts.amazonaws.com"}, Expiry: jwt.NewNumericDate(start.Add(5 * time.Minute))}
}

func token(t *testing.T, i *issuer.Issuer, c jwt.Claims) *string {
	t.Helper()
	text, err := i.Token(c)
	if err != nil {
		t.Fatal(err)
	}
	return &text
}

// assume has nobody in particular ask for a session.
func (f *federation) assume(t *testing.T, in *sdk.AssumeRoleWithWebIdentityInput) (*sdk.AssumeRoleWithWebIdentityOutput, error) {
	t.Helper()
	config := f.cloud.Config("")
	config.Credentials = aws.AnonymousCredentials{}
	in.RoleSessionName = aws.String("job")
	if in.RoleArn == nil {
		in.RoleArn = &f.role
	}
	return sdk.NewFromConfig(config).AssumeRoleWithWebIdentity(t.Context(), in)
}

// A token gives a session of the role, which is that provider's.
func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	out, err := f.assume(t, &sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, f.issuer, claims())})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Provider != provider || *out.SubjectFromWebIdentityToken != "repo:example/shop" || *out.Audience != "sts.amazonaws.com" {
		t.Errorf("it is of %s, %s, for %s", *out.Provider, *out.SubjectFromWebIdentityToken, *out.Audience)
	}
	who, err := sdk.NewFromConfig(f.cloud.Config(*out.Credentials.AccessKeyId)).GetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:sts::123456789012:assumed-role/runner/job" {
		t.Errorf("the session is %v, %v", who, err)
	}
	// What the session came by is a condition key of what it asks for.
	client := iamsdk.NewFromConfig(f.cloud.Config("AKIAPERSON"))
	_, err = client.PutRolePolicy(t.Context(), &iamsdk.PutRolePolicyInput{RoleName: aws.String("runner"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*","Condition":{"StringEquals":{"aws:FederatedProvider":"` + provider + `"}}}}`)})
	if err == nil {
		_, err = iamsdk.NewFromConfig(f.cloud.Config(*out.Credentials.AccessKeyId)).ListRoles(t.Context(), &iamsdk.ListRolesInput{})
	}
	if err != nil {
		t.Errorf("what the provider's sessions may: %v", err)
	}
}

func TestAssumeRoleWithWebIdentityRefuses(t *testing.T) {
	t.Parallel()
	const invalid, denied = "InvalidIdentityToken", "AccessDenied"
	with := func(change func(c *jwt.Claims)) jwt.Claims {
		c := claims()
		change(&c)
		return c
	}
	f := newFederation(t)
	good := token(t, f.issuer, claims())
	other := newIssuer(t, 1)
	other.URL = "https://other.example.com"
	for _, tc := range []struct {
		name          string
		in            sdk.AssumeRoleWithWebIdentityInput
		code, message string
	}{
		{"another subject", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, f.issuer, with(func(c *jwt.Claims) { c.Subject = "repo:example/cart" }))}, denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"no such role", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: good, RoleArn: aws.String(f.role + "s")}, denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"another audience", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, f.issuer, with(func(c *jwt.Claims) { c.Audience = jwt.Audience{"pypi"} }))}, invalid, "Incorrect token audience"},
		{"no end", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, f.issuer, with(func(c *jwt.Claims) { c.Expiry = nil }))}, invalid, "Missing a required claim: exp"},
		{"an end that was", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, f.issuer, with(func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(start) }))}, "ExpiredTokenException", "Token expired: current date/time 1767225600 must be before the expiration date/time 1767225600"},
		{"another key", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, newIssuer(t, 2), claims())}, invalid, "The signature of the token cannot be verified"},
		{"another issuer", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: token(t, other, claims())}, invalid, "No OpenIDConnect provider found in your account for https://other.example.com"},
		{"no token", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: aws.String("token")}, invalid, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"},
		{"no role", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: good, RoleArn: aws.String("arn:aws:iam::123456789012:user/ann")}, "ValidationError", "Request ARN is invalid"},
		{"too long", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: good, DurationSeconds: aws.Int32(3601)}, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"a policy", sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: good, PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}}, "NotImplemented", "AssumeRoleWithWebIdentity with Policy or PolicyArns is not emulated"},
	} {
		t.Log(tc.name)
		_, err := f.assume(t, &tc.in)
		wantError(t, err, tc.code, tc.message)
	}
	f.cloud.Web.Remove(host)
	_, err := f.assume(t, &sdk.AssumeRoleWithWebIdentityInput{WebIdentityToken: good})
	wantError(t, err, invalid, "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
}
