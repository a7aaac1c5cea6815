package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// signedFor is an Authorization header of a service and Region.
func signedFor(key, region, service string) string {
	return "AWS4-HMAC-SHA256 Credential=" + key + "/20260101/" + region + "/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
}

func TestURLAccess(t *testing.T) {
	t.Parallel()
	const none, iam = types.FunctionUrlAuthTypeNone, types.FunctionUrlAuthTypeAwsIam
	const long = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`
	const scope = `{"Message":"Credential should be scoped to correct service: 'lambda'. "}`
	stranger := func(action string, auth types.FunctionUrlAuthType, principal string) sdk.AddPermissionInput {
		return sdk.AddPermissionInput{StatementId: new("for-" + strings.TrimPrefix(action, "lambda:")), Action: &action, Principal: &principal, FunctionUrlAuthType: auth}
	}
	tests := map[string]struct {
		auth          types.FunctionUrlAuthType
		remove        string
		allow         []sdk.AddPermissionInput
		authorization string
		status        int
		want          string
	}{
		"OKAnybody":           {auth: none, status: 200},
		"ErrWithoutURL":       {auth: none, remove: "url", status: 403, want: long},
		"ErrWithoutInvoke":    {auth: none, remove: "invoke", status: 403, want: long},
		"OKInvokeAnyway":      {auth: none, remove: "invoke", allow: []sdk.AddPermissionInput{stranger("lambda:InvokeFunction", "", "*")}, status: 200},
		"ErrOtherAuthType":    {auth: none, remove: "url", allow: []sdk.AddPermissionInput{stranger("lambda:InvokeFunctionUrl", iam, "*")}, status: 403, want: long},
		"OKSigned":            {auth: iam, authorization: signedFor("AKIDOWN", "us-east-1", "lambda"), status: 200},
		"ErrUnsigned":         {auth: iam, status: 403, want: `{"Message":"Forbidden"}`},
		"ErrBearer":           {auth: iam, authorization: "Bearer x", status: 403, want: `{"Message":"Forbidden"}`},
		"ErrOtherService":     {auth: iam, authorization: signedFor("AKIDOWN", "us-east-1", "execute-api"), status: 403, want: scope},
		"ErrOtherRegion":      {auth: iam, authorization: signedFor("AKIDOWN", "eu-west-1", "lambda"), status: 403, want: `{"Message":"Credential should be scoped to a valid region. "}`},
		"ErrStranger":         {auth: iam, authorization: signedFor("AKIDOTHER", "us-east-1", "lambda"), status: 403, want: long},
		"OKStrangersAccount":  {auth: iam, authorization: signedFor("AKIDOTHER", "us-east-1", "lambda"), allow: []sdk.AddPermissionInput{stranger("lambda:InvokeFunctionUrl", iam, "210987654321"), stranger("lambda:InvokeFunction", "", "210987654321")}, status: 200},
		"OKStrangersRole":     {auth: iam, authorization: signedFor("AKIDOTHER", "us-east-1", "lambda"), allow: []sdk.AddPermissionInput{stranger("lambda:InvokeFunctionUrl", iam, "arn:aws:iam::210987654321:role/ops"), stranger("lambda:InvokeFunction", "", "arn:aws:iam::210987654321:role/ops")}, status: 200},
		"ErrStrangersOnlyURL": {auth: iam, authorization: signedFor("AKIDOTHER", "us-east-1", "lambda"), allow: []sdk.AddPermissionInput{stranger("lambda:InvokeFunctionUrl", iam, "210987654321")}, status: 403, want: long},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deps := lambda.Deps{Identity: func(key, _ string) (wire.Identity, error) {
				if key == "AKIDOTHER" {
					return wire.Identity{Account: "210987654321", ARN: "arn:aws:sts::210987654321:assumed-role/ops/ann", UserID: "AROA1:ann"}, nil
				}
				return wire.Identity{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/ben", UserID: "AIDA1"}, nil
			}}
			s := newSite(t, test.auth, deps, func(context.Context, []byte) ([]byte, error) { return []byte(`{"statusCode":200}`), nil })
			if test.remove != "" {
				if _, err := s.client().RemovePermission(t.Context(), &sdk.RemovePermissionInput{FunctionName: new("f"), StatementId: &test.remove}); err != nil {
					t.Fatal(err)
				}
			}
			for _, in := range test.allow {
				s.allow(t, in)
			}
			headers := []string{}
			if test.authorization != "" {
				headers = []string{"Authorization", test.authorization}
			}
			got := s.do(t, http.MethodGet, "/", "", headers...)
			if got.Status != test.status || got.Body != test.want {
				t.Errorf("answer = %d %q, want %d %q", got.Status, got.Body, test.status, test.want)
			}
			if isDenied := got.Status == http.StatusForbidden; isDenied != (got.Header.Get("X-Amzn-Errortype") != "") {
				t.Errorf("status %d with error type %q", got.Status, got.Header.Get("X-Amzn-Errortype"))
			}
		})
	}
}

func TestURLTellsTheCaller(t *testing.T) {
	t.Parallel()
	var got struct {
		Context struct {
			AccountID  string `json:"accountId"`
			Authorizer any    `json:"authorizer"`
		} `json:"requestContext"`
	}
	s := newSite(t, types.FunctionUrlAuthTypeAwsIam, lambda.Deps{}, func(_ context.Context, payload []byte) ([]byte, error) {
		return []byte(`{}`), json.Unmarshal(payload, &got)
	})
	s.do(t, http.MethodGet, "/", "", "Authorization", signedFor("AKIDEXAMPLE", "us-east-1", "lambda"))
	want := map[string]any{"iam": map[string]any{
		"accessKey": "AKIDEXAMPLE", "accountId": "123456789012", "callerId": "AKIDEXAMPLE", "cognitoIdentity": nil,
		"principalOrgId": nil, "userArn": "arn:aws:iam::123456789012:user/AKIDEXAMPLE", "userId": "AKIDEXAMPLE",
	}}
	if diff := cmp.Diff(want, got.Context.Authorizer); diff != "" || got.Context.AccountID != "123456789012" {
		t.Errorf("account %s, authorizer (-want +got):\n%s", got.Context.AccountID, diff)
	}
}

func TestURLRefusesByName(t *testing.T) {
	t.Parallel()
	s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, echo)
	client := s.client()
	update := func(in sdk.UpdateFunctionUrlConfigInput) error {
		in.FunctionName = new("f")
		_, err := client.UpdateFunctionUrlConfig(t.Context(), &in)
		return err
	}
	permit := func(in sdk.AddPermissionInput) error {
		in.FunctionName, in.StatementId, in.Principal = new("f"), new("s"), new("*")
		_, err := client.AddPermission(t.Context(), &in)
		return err
	}
	_, removed := client.RemovePermission(t.Context(), &sdk.RemovePermissionInput{FunctionName: new("f"), StatementId: new("url"), RevisionId: new("old")})
	tests := map[string]struct {
		err  error
		want string
	}{
		"Cors":      {update(sdk.UpdateFunctionUrlConfigInput{Cors: &types.Cors{AllowOrigins: []string{"*"}}}), "a function URL with Cors is not emulated"},
		"Stream":    {update(sdk.UpdateFunctionUrlConfigInput{InvokeMode: types.InvokeModeResponseStream}), "InvokeMode RESPONSE_STREAM is not emulated"},
		"Qualifier": {update(sdk.UpdateFunctionUrlConfigInput{Qualifier: new("live")}), "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:live"},
		"Org":       {permit(sdk.AddPermissionInput{Action: new("lambda:InvokeFunction"), PrincipalOrgID: new("o-abcdefghij")}), "PrincipalOrgID is not emulated"},
		"AuthType":  {permit(sdk.AddPermissionInput{Action: new("lambda:InvokeFunction"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone}), "only supported for lambda:InvokeFunctionUrl"},
		"Revision":  {removed, "PreconditionFailedException: The RevisionId provided does not match"},
	}
	for name, test := range tests {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: error = %v, want %q", name, test.err, test.want)
		}
	}
}

func TestPolicyHasALimit(t *testing.T) {
	t.Parallel()
	s := newSite(t, types.FunctionUrlAuthTypeAwsIam, lambda.Deps{}, echo)
	var err error
	added := 0
	for ; err == nil && added < 1000; added++ {
		_, err = s.client().AddPermission(t.Context(), &sdk.AddPermissionInput{
			FunctionName: new("f"), StatementId: new(strings.Repeat("s", 80) + s.ID(8)),
			Action: new("lambda:InvokeFunction"), Principal: new("events.amazonaws.com"),
		})
	}
	if _, ok := errors.AsType[*types.PolicyLengthExceededException](err); !ok || added < 50 {
		t.Errorf("after %d statements: %v, want a PolicyLengthExceededException", added, err)
	}
}
