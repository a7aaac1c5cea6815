package eventbridge_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
)

const bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"

func policyOf(t *testing.T, w *world) string {
	t.Helper()
	out, err := w.client.DescribeEventBus(t.Context(), &client.DescribeEventBusInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Policy)
}

func TestPermissionsAreStatementsOfAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(in client.PutPermissionInput) {
		t.Helper()
		if _, err := w.client.PutPermission(t.Context(), &in); err != nil {
			t.Fatal(err)
		}
	}
	statement := func(id, principal string) client.PutPermissionInput {
		return client.PutPermissionInput{StatementId: &id, Action: aws.String("events:PutEvents"), Principal: &principal}
	}
	const one = `{"Action":"events:PutEvents","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Resource":"` + bus + `","Sid":"one"}`
	const all = `{"Action":"events:PutEvents","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Effect":"Allow","Principal":"*","Resource":"` + bus + `","Sid":"all"}`
	put(statement("one", "222222222222"))
	put(statement("one", "111111111111"))
	organization := statement("all", "*")
	organization.Condition = &types.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o-1")}
	put(organization)
	if diff := cmp.Diff(`{"Version":"2012-10-17","Statement":[`+one+`,`+all+`]}`, policyOf(t, w)); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if _, err := w.client.RemovePermission(t.Context(), &client.RemovePermissionInput{StatementId: aws.String("all")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"Version":"2012-10-17","Statement":[`+one+`]}`, policyOf(t, w)); diff != "" {
		t.Errorf("policy without a statement (-want +got):\n%s", diff)
	}
	const whole = `{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Deny","Principal":"*","Action":"events:*","Resource":"` + bus + `"}]}`
	put(client.PutPermissionInput{Policy: aws.String(whole)})
	if diff := cmp.Diff(whole, policyOf(t, w)); diff != "" {
		t.Errorf("policy given as a whole (-want +got):\n%s", diff)
	}
	if _, err := w.client.RemovePermission(t.Context(), &client.RemovePermissionInput{RemoveAllPermissions: true}); err != nil {
		t.Fatal(err)
	}
	if got := policyOf(t, w); got != "" {
		t.Errorf("policy = %s, want none", got)
	}
}

func TestPermissionsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(in client.PutPermissionInput) error {
		_, err := w.client.PutPermission(t.Context(), &in)
		return err
	}
	whole := func(statement string) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
	}
	id, action, principal := aws.String("s"), aws.String("events:PutEvents"), aws.String("111111111111")
	_, nothingToRemove := w.client.RemovePermission(t.Context(), &client.RemovePermissionInput{StatementId: id})
	_, nothingNamed := w.client.RemovePermission(t.Context(), &client.RemovePermissionInput{})
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"NoStatementID", put(client.PutPermissionInput{Action: action, Principal: principal}), "ValidationException", "Parameter StatementId is not valid."},
		{"Both", put(client.PutPermissionInput{Policy: whole(""), StatementId: id}), "ValidationException", "cannot be given together"},
		{"NoPolicy", put(client.PutPermissionInput{Policy: whole("")}), "ValidationException", "Parameter Policy is not valid. Reason: Syntax errors in policy."},
		{"UnknownOperator", put(client.PutPermissionInput{Policy: whole(`{"Effect":"Allow","Principal":"*","Action":"events:*","Resource":"*","Condition":{"StringIs":{"events:source":"a"}}}`)}), "ValidationException", "Invalid Condition type : StringIs"},
		{"UnknownCondition", put(client.PutPermissionInput{StatementId: id, Action: action, Principal: principal, Condition: &types.Condition{Type: aws.String("StringLike"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o-*")}}), "ValidationException", "Parameter Condition is not valid."},
		{"TooLong", put(client.PutPermissionInput{Policy: whole(`{"Effect":"Allow","Principal":"*","Action":"events:*","Resource":"arn:aws:events:` + strings.Repeat("x", 10*1024) + `"}`)}), "PolicyLengthExceededException", "larger than 10240 bytes"},
		{"NothingToRemove", nothingToRemove, "ResourceNotFoundException", "EventBus does not have a policy."},
		{"NothingNamed", nothingNamed, "ValidationException", "Parameter StatementId is not valid."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, tc.err, tc.code, tc.message)
		})
	}
}

func TestABusAsTargetTakesEventsAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "r", alarms, types.Target{})
	for arn, message := range map[string]string{
		"arn:aws:events:us-east-1:111111111111:event-bus/default": "is an event bus of a different account",
		"arn:aws:events:us-east-1:123456789012:event-bus/other":   "is not emulated",
	} {
		_, err := w.client.PutTargets(t.Context(), &client.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{
			{Id: aws.String("x"), Arn: &arn, InputPath: aws.String("$.detail")},
		}})
		wantError(t, err, "ValidationException", message)
	}
}
