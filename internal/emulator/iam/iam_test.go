package iam_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	trust   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	reading = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`
)

func newIAM(t *testing.T) (*iam.Service, *sdk.Client) {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s := iam.New(l, "123456789012", "us-east-1", iam.Deps{RoleExists: func(arn string) bool { return strings.HasSuffix(arn, "/there") }})
	return s, sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, wire.NewMux("123456789012", "us-east-1", s.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func createRole(t *testing.T, c *sdk.Client, name string) {
	t.Helper()
	if _, err := c.CreateRole(t.Context(), &sdk.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)}); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("error = %v\nwant    %s: %s", err, code, message)
	}
}

// padded is an identity-based policy of at least n characters.
func padded(n int) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::` + strings.Repeat("x", n) + `"}}`)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	_, c := newIAM(t)
	ctx := t.Context()
	createRole(t, c, "runner")
	role := func(in sdk.CreateRoleInput) error {
		if in.RoleName == nil {
			in.RoleName = aws.String("new")
		}
		if in.AssumeRolePolicyDocument == nil {
			in.AssumeRolePolicyDocument = aws.String(trust)
		}
		_, err := c.CreateRole(ctx, &in)
		return err
	}
	inline := func(document *string) error {
		_, err := c.PutRolePolicy(ctx, &sdk.PutRolePolicyInput{RoleName: aws.String("runner"), PolicyName: aws.String("p"), PolicyDocument: document})
		return err
	}
	principal := func(arn string) *string {
		return aws.String(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + arn + `"},"Action":"sts:AssumeRole"}}`)
	}
	_, managed := c.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("long"), PolicyDocument: padded(6144)})
	_, awsManaged := c.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"NameInOtherCase", role(sdk.CreateRoleInput{RoleName: aws.String("Runner")}), "EntityAlreadyExists", "Role with name Runner already exists."},
		{"Boundary", role(sdk.CreateRoleInput{PermissionsBoundary: aws.String("arn:aws:iam::123456789012:policy/p")}), "NotImplemented", "CreateRole with PermissionsBoundary is not emulated"},
		{"Tags", role(sdk.CreateRoleInput{Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("A"), Value: aws.String("2")}}}), "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"NoSuchPrincipal", role(sdk.CreateRoleInput{AssumeRolePolicyDocument: principal("arn:aws:iam::210987654321:role/gone")}), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::210987654321:role/gone"`},
		{"TrustIsTooLong", role(sdk.CreateRoleInput{AssumeRolePolicyDocument: principal("arn:aws:iam::210987654321:user/" + strings.Repeat("x", 2048))}), "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"},
		{"InlineIsTooLong", inline(padded(10240)), "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role runner"},
		{"ManagedIsTooLong", managed, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"},
		{"AWSManaged", awsManaged, "NotImplemented", "the policy arn:aws:iam::aws:policy/ReadOnlyAccess, which AWS manages, is not emulated; it can be attached"},
		{"ConditionKey", inline(aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"x"}}}}`)), "MalformedPolicyDocument", "Condition key aws:Referer is not emulated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, tc.err, tc.code, tc.message)
		})
	}
	if err := role(sdk.CreateRoleInput{AssumeRolePolicyDocument: principal("arn:aws:iam::210987654321:role/there")}); err != nil {
		t.Errorf("a role as principal: %v, want it taken", err)
	}
}

func TestARoleHasTenManagedPolicies(t *testing.T) {
	t.Parallel()
	_, c := newIAM(t)
	createRole(t, c, "runner")
	attach := func(n int) error {
		_, err := c.AttachRolePolicy(t.Context(), &sdk.AttachRolePolicyInput{
			RoleName: aws.String("runner"), PolicyArn: aws.String(fmt.Sprintf("arn:aws:iam::aws:policy/P%d", n)),
		})
		return err
	}
	for n := range 10 {
		if err := attach(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := attach(9); err != nil {
		t.Errorf("attached again: %v, want no error", err)
	}
	wantError(t, attach(10), "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
}

func TestListRolesInPages(t *testing.T) {
	t.Parallel()
	_, c := newIAM(t)
	for n := range 5 {
		createRole(t, c, fmt.Sprintf("r%d", n))
	}
	var got []string
	in := &sdk.ListRolesInput{MaxItems: aws.Int32(2)}
	for {
		out, err := c.ListRoles(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Roles) > 2 || out.IsTruncated != (out.Marker != nil) {
			t.Errorf("%d roles, truncated %t, marker %v; want at most 2, and a marker if there are more", len(out.Roles), out.IsTruncated, out.Marker)
		}
		for _, r := range out.Roles {
			got = append(got, *r.RoleName)
		}
		if in.Marker = out.Marker; in.Marker == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"r0", "r1", "r2", "r3", "r4"}, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestPoliciesOfARole(t *testing.T) {
	t.Parallel()
	s, c := newIAM(t)
	createRole(t, c, "runner")
	made, err := c.CreatePolicy(t.Context(), &sdk.CreatePolicyInput{PolicyName: aws.String("reading"), PolicyDocument: aws.String(reading)})
	if err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{*made.Policy.Arn, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "arn:aws:iam::aws:policy/PowerUserAccess"} {
		if _, err := c.AttachRolePolicy(t.Context(), &sdk.AttachRolePolicyInput{RoleName: aws.String("runner"), PolicyArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	known, unknown := s.Role("runner").Policies()
	if diff := cmp.Diff([]string{"arn:aws:iam::aws:policy/PowerUserAccess"}, unknown); diff != "" {
		t.Errorf("policies of which it is not known what they allow (-want +got):\n%s", diff)
	}
	for action, want := range map[string]bool{"s3:GetObject": true, "logs:PutLogEvents": true, "s3:PutObject": false} {
		d := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/ann"}, Action: action, Resource: "arn:aws:s3:::b/k", ResourceAccount: "123456789012", Identity: known,
		})
		if d.Allowed != want {
			t.Errorf("%s is allowed: %t, want %t", action, d.Allowed, want)
		}
	}
}
