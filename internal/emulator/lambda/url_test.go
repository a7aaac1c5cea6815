package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
)

// site is a world whose function f has a URL.
type site struct {
	*world
	web *web.Web
	url string
}

// newSite makes the function and its URL. Anybody may call one of type NONE.
func newSite(t *testing.T, auth types.FunctionUrlAuthType, deps lambda.Deps, h handler) *site {
	t.Helper()
	s := &site{world: &world{Loop: loop.NewVirtual(start)}}
	t.Cleanup(s.Close)
	s.web = web.New(s.Loop)
	deps.Web = s.web
	s.service = lambda.New(s.Loop, "123456789012", "us-east-1", deps)
	s.register(t, "f", lambda.FunctionConfig{Timeout: 5 * time.Second}, h)
	out, err := s.client().CreateFunctionUrlConfig(t.Context(), &sdk.CreateFunctionUrlConfigInput{FunctionName: new("f"), AuthType: auth})
	if err != nil {
		t.Fatal(err)
	}
	s.url = *out.FunctionUrl
	if auth == types.FunctionUrlAuthTypeNone {
		s.allow(t, sdk.AddPermissionInput{StatementId: new("url"), Action: new("lambda:InvokeFunctionUrl"), Principal: new("*"), FunctionUrlAuthType: auth})
		s.allow(t, sdk.AddPermissionInput{StatementId: new("invoke"), Action: new("lambda:InvokeFunction"), Principal: new("*"), InvokedViaFunctionUrl: new(true)})
	}
	return s
}

func (s *site) allow(t *testing.T, in sdk.AddPermissionInput) {
	t.Helper()
	in.FunctionName = new("f")
	if _, err := s.client().AddPermission(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
}

// answer is what came back, its body as text.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// do sends a request to the URL, with headers given as name and value in turn.
func (s *site) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(s.url, "/")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := s.web.Client(0).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(data)}
}

func TestURLEvent(t *testing.T) {
	t.Parallel()
	var got map[string]any
	s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, func(_ context.Context, payload []byte) ([]byte, error) {
		return []byte(`{"statusCode":204}`), json.Unmarshal(payload, &got)
	})
	resp := s.do(t, http.MethodPost, "/slack/actions?a=1&a=2&b=x%20y", "payload=%7B%7D",
		"Content-Type", "application/x-www-form-urlencoded", "X-Slack-Signature", "v0=1", "X-Many", "1", "X-Many", "2",
		"Cookie", "one=1; two=2", "User-Agent", "Slackbot 1.0")
	if resp.Status != http.StatusNoContent {
		t.Errorf("status = %d %s, want 204", resp.Status, resp.Body)
	}
	id := strings.TrimPrefix(strings.TrimSuffix(s.url, ".lambda-url.us-east-1.on.aws/"), "https://")
	headers, _ := got["headers"].(map[string]any)
	requestContext, _ := got["requestContext"].(map[string]any)
	for _, random := range []string{headers["x-amzn-trace-id"].(string), requestContext["requestId"].(string)} {
		if len(random) < 36 {
			t.Errorf("id %q is none", random)
		}
	}
	delete(headers, "x-amzn-trace-id")
	delete(requestContext, "requestId")
	want := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": "/slack/actions", "rawQueryString": "a=1&a=2&b=x%20y",
		"cookies": []any{"one=1", "two=2"},
		"headers": map[string]any{
			"content-type": "application/x-www-form-urlencoded", "x-slack-signature": "v0=1", "x-many": "1,2", "user-agent": "Slackbot 1.0",
			"host": id + ".lambda-url.us-east-1.on.aws", "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
		"queryStringParameters": map[string]any{"a": "1,2", "b": "x y"},
		"requestContext": map[string]any{
			"accountId": "anonymous", "apiId": id, "authentication": nil,
			"domainName": id + ".lambda-url.us-east-1.on.aws", "domainPrefix": id,
			"http": map[string]any{
				"method": "POST", "path": "/slack/actions", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "Slackbot 1.0",
			},
			"routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000.0,
		},
		"body": base64.StdEncoding.EncodeToString([]byte("payload=%7B%7D")), "isBase64Encoded": true,
		"pathParameters": nil, "stageVariables": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestURLBody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		contentType, body, want string
		base64                  bool
	}{
		"JSON":         {"application/json; charset=utf-8", `{"a":1}`, `{"a":1}`, false},
		"Text":         {"text/plain", "hello", "hello", false},
		"XML":          {"application/xml", "<a/>", "<a/>", false},
		"Form":         {"application/x-www-form-urlencoded", "a=1", "YT0x", true},
		"Bytes":        {"application/octet-stream", "a=1", "YT0x", true},
		"Untyped":      {"", "a=1", "YT0x", true},
		"TextNotUTF8":  {"text/plain", "\xff", "/w==", true},
		"NothingAtAll": {"application/octet-stream", "", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got events.LambdaFunctionURLRequest
			s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, func(_ context.Context, payload []byte) ([]byte, error) {
				return []byte(`{}`), json.Unmarshal(payload, &got)
			})
			s.do(t, http.MethodPost, "/", test.body, "Content-Type", test.contentType)
			if got.Body != test.want || got.IsBase64Encoded != test.base64 {
				t.Errorf("body = %q, base64 %v; want %q, %v", got.Body, got.IsBase64Encoded, test.want, test.base64)
			}
		})
	}
}

func TestURLAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		function string
		status   int
		body     string
		header   map[string]string
	}{
		"Full": {
			`{"statusCode":201,"headers":{"Content-Type":"text/html","X-A":"b"},"body":"<p>","cookies":["c=1"]}`, 201, "<p>",
			map[string]string{"Content-Type": "text/html", "X-A": "b", "Set-Cookie": "c=1"},
		},
		"Binary":       {`{"statusCode":200,"body":"AAE=","isBase64Encoded":true}`, 200, "\x00\x01", map[string]string{"Content-Type": "application/json"}},
		"PlainJSON":    {`{"a":1}`, 200, `{"a":1}`, map[string]string{"Content-Type": "application/json"}},
		"PlainText":    {`"hello"`, 200, `"hello"`, map[string]string{"Content-Type": "application/json"}},
		"Null":         {`null`, 200, `null`, nil},
		"NoJSON":       {`hello`, 502, "Internal Server Error", nil},
		"BodyNoText":   {`{"statusCode":200,"body":{"a":1}}`, 502, "Internal Server Error", nil},
		"StatusNoCode": {`{"statusCode":42}`, 502, "Internal Server Error", nil},
		"BadBase64":    {`{"statusCode":200,"body":"?","isBase64Encoded":true}`, 502, "Internal Server Error", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, func(context.Context, []byte) ([]byte, error) { return []byte(test.function), nil })
			got := s.do(t, http.MethodGet, "/", "")
			if got.Status != test.status || got.Body != test.body {
				t.Errorf("answer = %d %q, want %d %q", got.Status, got.Body, test.status, test.body)
			}
			for name, value := range test.header {
				if got.Header.Get(name) != value {
					t.Errorf("header %s = %q, want %q", name, got.Header.Get(name), value)
				}
			}
		})
	}
}

func TestURLFailures(t *testing.T) {
	t.Parallel()
	s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, nil)
	slow := func(ctx context.Context, _ []byte) ([]byte, error) {
		pause(ctx, s.Loop, 6*time.Second)
		return nil, nil
	}
	tests := []struct {
		name   string
		config lambda.FunctionConfig
		run    handler
		body   string
		status int
		want   string
	}{
		{"Error", lambda.FunctionConfig{}, func(context.Context, []byte) ([]byte, error) { return nil, errors.New("it broke") }, "", 502, "Internal Server Error"},
		{"Timeout", lambda.FunctionConfig{Timeout: 5 * time.Second}, slow, "", 502, "Internal Server Error"},
		{
			"Throttled", lambda.FunctionConfig{ReservedConcurrency: new(0)}, echo, "", 429,
			`{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`,
		},
		{"TooLarge", lambda.FunctionConfig{}, echo, strings.Repeat("x", 6*1024*1024), 413, `{"Message":"Request Entity Too Large"}`},
	}
	for _, test := range tests { // one after the other: they share the function
		s.register(t, "f", test.config, test.run)
		if got := s.do(t, http.MethodPost, "/", test.body, "Content-Type", "text/plain"); got.Status != test.status || got.Body != test.want {
			t.Errorf("%s: answer = %d %q, want %d %q", test.name, got.Status, got.Body, test.status, test.want)
		}
	}
}

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
			deps := lambda.Deps{Identity: func(key string) lambda.Identity {
				if key == "AKIDOTHER" {
					return lambda.Identity{Account: "210987654321", ARN: "arn:aws:sts::210987654321:assumed-role/ops/ann", UserID: "AROA1:ann"}
				}
				return lambda.Identity{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/ben", UserID: "AIDA1"}
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

func TestURLCountsAsInvocation(t *testing.T) {
	t.Parallel()
	var faulty []int
	deps := lambda.Deps{Fault: func(_ string, n int) lambda.FunctionFault { faulty = append(faulty, n); return lambda.FunctionFault{} }}
	s := newSite(t, types.FunctionUrlAuthTypeNone, deps, echo)
	s.invoke("f", `{}`)
	s.do(t, http.MethodGet, "/", "")
	if diff := cmp.Diff([]int{1, 2}, faulty); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestURLGoesWithTheFunction(t *testing.T) {
	t.Parallel()
	s := newSite(t, types.FunctionUrlAuthTypeNone, lambda.Deps{}, echo)
	if _, err := s.client().DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f")}); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.web.Client(0).Do(req)
	if !errors.Is(err, web.ErrNoHost) {
		t.Errorf("error = %v, want %v", err, web.ErrNoHost)
	}
	if err == nil {
		_ = resp.Body.Close()
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
