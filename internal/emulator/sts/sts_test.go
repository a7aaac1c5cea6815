package sts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const account = "210987654321"

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is STS and IAM of one account. The caller is a user unless caller is set.
type world struct {
	loop    *loop.Loop
	service *sts.Service
	sts     *sdk.Client
	iam     *iamsdk.Client
	caller  *wire.Identity
}

func newWorld() *world {
	w := &world{loop: loop.NewVirtual(start)}
	roles := iam.New(w.loop, account, "us-east-1", iam.Deps{RoleExists: func(string) bool { return true }})
	w.service = sts.New(w.loop, sts.Deps{Organization: "o-example", Role: func(arn string) *iam.Role {
		_, name, _ := iam.ParseRoleARN(arn)
		if r := roles.Role(name); r != nil && r.ARN == arn {
			return r
		}
		return nil
	}})
	mux := wire.NewMux(account, "us-east-1", w.service.Wire(), roles.Wire())
	mux.Authenticate = func(c *wire.Call) (wire.Identity, error) {
		if w.caller != nil && c.Service == "sts" {
			return *w.caller, nil
		}
		return wire.Identity{Account: account, ARN: "arn:aws:iam::" + account + ":user/" + c.AccessKey, UserID: c.AccessKey}, nil
	}
	config := aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("ann", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.sts, w.iam = sdk.NewFromConfig(config), iamsdk.NewFromConfig(config)
	return w
}

// role creates a role and gives its ARN.
func (w *world) role(t *testing.T, name, statement string, maxSession int32) string {
	t.Helper()
	out, err := w.iam.CreateRole(t.Context(), &iamsdk.CreateRoleInput{
		RoleName: &name, Path: aws.String("/deploy/"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":` + statement + `}`),
		MaxSessionDuration: &maxSession, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

// as makes the caller a session of a role.
func (w *world) as(roleARN string) {
	_, name, _ := iam.ParseRoleARN(roleARN)
	w.caller = &wire.Identity{Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/job", UserID: "AROA:job", Role: roleARN}
}

// allow gives a role a policy.
func (w *world) allow(t *testing.T, role, statement string) {
	t.Helper()
	_, err := w.iam.PutRolePolicy(t.Context(), &iamsdk.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":` + statement + `}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) assume(t *testing.T, in *sdk.AssumeRoleInput) (*sdk.AssumeRoleOutput, error) {
	t.Helper()
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("job")
	}
	return w.sts.AssumeRole(t.Context(), in)
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("error = %v\nwant    %s: %s", err, code, message)
	}
}

const trustAccount = `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"` + account + `"}}`

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld()
	out, err := w.sts.GetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	if *out.Account != account || *out.Arn != "arn:aws:iam::210987654321:user/ann" || *out.UserId != "ann" {
		t.Errorf("identity = %s, %s, %s", *out.Account, *out.Arn, *out.UserId)
	}
}

func TestAssumeRoleGivesASession(t *testing.T) {
	t.Parallel()
	w := newWorld()
	arn := w.role(t, "runner", trustAccount, 7200)
	out, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &arn, DurationSeconds: aws.Int32(7200)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.Credentials.Expiration, start.Add(2*time.Hour); !got.Equal(want) {
		t.Errorf("expiration = %v, want %v", got, want)
	}
	session := w.service.Session(*out.Credentials.AccessKeyId)
	if session == nil {
		t.Fatal("the session is not known")
	}
	want := wire.Identity{
		Account: account, ARN: "arn:aws:sts::210987654321:assumed-role/runner/job", Role: arn, UserID: *out.AssumedRoleUser.AssumedRoleId,
	}
	if diff := cmp.Diff(want, session.Identity); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if *out.Credentials.SessionToken != sts.SessionToken(session.AccessKey) {
		t.Errorf("session token = %s, want %s", *out.Credentials.SessionToken, sts.SessionToken(session.AccessKey))
	}
	again, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	if *again.Credentials.AccessKeyId == session.AccessKey {
		t.Error("two sessions have one access key")
	}
}

func TestSessionsAreForgottenADayAfterTheirEnd(t *testing.T) {
	t.Parallel()
	w := newWorld()
	arn := w.role(t, "runner", trustAccount, 3600)
	first, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		known bool
	}{{24 * time.Hour, true}, {2 * time.Hour, false}} {
		w.loop.RunFor(tc.after)
		if _, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &arn}); err != nil {
			t.Fatal(err)
		}
		if known := w.service.Session(*first.Credentials.AccessKeyId) != nil; known != tc.known {
			t.Errorf("at %v the session is known: %t, want %t", w.loop.Now(), known, tc.known)
		}
	}
}

func TestWhoMayAssumeARole(t *testing.T) {
	t.Parallel()
	const allowAll = `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::210987654321:role/deploy/target"}`
	for name, tc := range map[string]struct {
		trust  string
		policy string // of the caller's role; "" for none
		in     sdk.AssumeRoleInput
		denied bool
	}{
		"AccountAndPolicy":   {trustAccount, allowAll, sdk.AssumeRoleInput{}, false},
		"AccountAlone":       {trustAccount, "", sdk.AssumeRoleInput{}, true},
		"TrustsTheRole":      {`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::210987654321:role/deploy/caller"}}`, "", sdk.AssumeRoleInput{}, false},
		"PolicyDenies":       {`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}`, `{"Effect":"Deny","Action":"sts:*","Resource":"*"}`, sdk.AssumeRoleInput{}, true},
		"TrustsOthers":       {`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111111111111"}}`, allowAll, sdk.AssumeRoleInput{}, true},
		"ExternalID":         {conditional(`{"StringEquals":{"sts:ExternalId":"ex-1"}}`), allowAll, sdk.AssumeRoleInput{ExternalId: aws.String("ex-1")}, false},
		"OtherExternalID":    {conditional(`{"StringEquals":{"sts:ExternalId":"ex-1"}}`), allowAll, sdk.AssumeRoleInput{ExternalId: aws.String("ex-2")}, true},
		"NoExternalID":       {conditional(`{"StringEquals":{"sts:ExternalId":"ex-1"}}`), allowAll, sdk.AssumeRoleInput{}, true},
		"SessionName":        {conditional(`{"StringLike":{"sts:RoleSessionName":"job*"}}`), allowAll, sdk.AssumeRoleInput{}, false},
		"Organization":       {conditional(`{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}`), allowAll, sdk.AssumeRoleInput{}, false},
		"OtherOrganization":  {conditional(`{"StringEquals":{"aws:PrincipalOrgID":"o-other"}}`), allowAll, sdk.AssumeRoleInput{}, true},
		"PrincipalTag":       {conditional(`{"StringEquals":{"aws:PrincipalTag/team":"${aws:ResourceTag/team}"}}`), allowAll, sdk.AssumeRoleInput{}, false},
		"OtherPrincipalARNs": {conditional(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/other/*"}}`), allowAll, sdk.AssumeRoleInput{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			caller := w.role(t, "caller", trustAccount, 3600)
			target := w.role(t, "target", tc.trust, 3600)
			if tc.policy != "" {
				w.allow(t, "caller", tc.policy)
			}
			w.as(caller)
			tc.in.RoleArn = &target
			_, err := w.assume(t, &tc.in)
			if tc.denied {
				wantError(t, err, "AccessDenied", "User: arn:aws:sts::210987654321:assumed-role/caller/job is not authorized to perform: sts:AssumeRole on resource: "+target)
			} else if err != nil {
				t.Errorf("error = %v, want none", err)
			}
		})
	}
}

// conditional is a trust policy's statement for the account under a condition.
func conditional(condition string) string {
	return `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"` + account + `"},"Condition":` + condition + `}`
}

func TestPolicyManagedByAWS(t *testing.T) {
	t.Parallel()
	w := newWorld()
	caller, target := w.role(t, "caller", trustAccount, 3600), w.role(t, "target", trustAccount, 3600)
	attach := func(arn string) {
		if _, err := w.iam.AttachRolePolicy(t.Context(), &iamsdk.AttachRolePolicyInput{RoleName: aws.String("caller"), PolicyArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	w.as(caller)
	attach("arn:aws:iam::aws:policy/PowerUserAccess")
	_, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &target})
	wantError(t, err, "NotImplemented", "whether arn:aws:sts::210987654321:assumed-role/caller/job may call sts:AssumeRole hangs on arn:aws:iam::aws:policy/PowerUserAccess, and what that policy allows is not emulated")
	attach("arn:aws:iam::aws:policy/AdministratorAccess")
	if _, err := w.assume(t, &sdk.AssumeRoleInput{RoleArn: &target}); err != nil {
		t.Errorf("an administrator: %v, want a session", err)
	}
}

func TestAssumeRoleRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld()
	arn := w.role(t, "runner", `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}`, 3600)
	long := &sdk.AssumeRoleInput{RoleArn: &arn, DurationSeconds: aws.Int32(3601)}
	const none, otherPath = "arn:aws:iam::210987654321:role/none", "arn:aws:iam::210987654321:role/runner"
	for _, tc := range []struct {
		in            *sdk.AssumeRoleInput
		as            *wire.Identity
		code, message string
	}{
		{&sdk.AssumeRoleInput{RoleArn: aws.String(none)}, nil, "AccessDenied", "User: arn:aws:iam::210987654321:user/ann is not authorized to perform: sts:AssumeRole on resource: " + none},
		{&sdk.AssumeRoleInput{RoleArn: aws.String(otherPath)}, nil, "AccessDenied", "User: arn:aws:iam::210987654321:user/ann is not authorized to perform: sts:AssumeRole on resource: " + otherPath},
		{&sdk.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::210987654321:user/ann")}, nil, "ValidationError", "arn:aws:iam::210987654321:user/ann is invalid"},
		{long, nil, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{long, &wire.Identity{Account: account, ARN: "arn:aws:sts::210987654321:assumed-role/runner/job", Role: arn}, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{&sdk.AssumeRoleInput{RoleArn: &arn}, &wire.Identity{Account: account, ARN: "arn:aws:iam::210987654321:root"}, "AccessDenied", "Roles may not be assumed by root accounts."},
		{&sdk.AssumeRoleInput{RoleArn: &arn}, &wire.Identity{}, "MissingAuthenticationToken", "Request is missing Authentication Token"},
		{&sdk.AssumeRoleInput{RoleArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}, nil, "NotImplemented", "AssumeRole with Tags is not emulated"},
		{&sdk.AssumeRoleInput{RoleArn: &arn, Policy: aws.String("{}")}, nil, "NotImplemented", "AssumeRole with Policy is not emulated"},
	} {
		w.caller = tc.as
		_, err := w.assume(t, tc.in)
		wantError(t, err, tc.code, tc.message)
	}
}
