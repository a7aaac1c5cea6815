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
	data, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
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
			"Throttled",
			lambda.FunctionConfig{},
			echo, "", 429,
			`{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`,
		},
		{"TooLarge", lambda.FunctionConfig{}, echo, strings.Repeat("x", 6*1024*1024), 413, `{"Message":"Request Entity Too Large"}`},
	}
	for _, test := range tests { // one after the other: they share the function
		s.register(t, "f", test.config, test.run)
		s.reserve(t, "f", map[bool]*int{true: new(0)}[test.name == "Throttled"])
		if got := s.do(t, http.MethodPost, "/", test.body, "Content-Type", "text/plain"); got.Status != test.status || got.Body != test.want {
			t.Errorf("%s: answer = %d %q, want %d %q", test.name, got.Status, got.Body, test.status, test.want)
		}
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
