package localcloud_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// Whose a request over the port is goes by its host, its path and its signature.
func TestHandler(t *testing.T) {
	t.Parallel()
	cloud, err := localcloud.Start(t.Context(), localcloud.Options{Speed: 100, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	handler := localcloud.Handler(cloud)
	decide := strings.Trim(strings.TrimPrefix(cloud.DecideURL, "https://"), "/")
	signed := func(service string) string {
		return "AWS4-HMAC-SHA256 Credential=local/20260301/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=00"
	}
	for _, c := range []struct {
		name, host, path, authorization string
		status                          int
		says                            string
	}{
		{"the page", "127.0.0.1:4600", "/slack/", "", http.StatusOK, "Ada Okafor"},
		{"the page by another name", "localhost:4600", "/slack/?user=U0EVETANAKA", "", http.StatusOK, `value="U0EVETANAKA" selected`},
		{"the page over IPv6", "[::1]:4600", "/slack/version", "", http.StatusOK, `"version"`},
		{"a file of the page", "127.0.0.1:4600", "/slack/page.js", "", http.StatusOK, "use strict"},
		{"without its slash", "127.0.0.1:4600", "/slack?user=U0ADAOKAFOR", "", http.StatusPermanentRedirect, "/slack/?user=U0ADAOKAFOR"},
		{"another site that leads here", "evil.example:4600", "/slack/", "", http.StatusNotImplemented, "ListObjects"},
		{"a bucket named slack", "127.0.0.1:4600", "/slack/key", signed("s3"), http.StatusNotFound, "NoSuchBucket"},
		{"the page's path of a function", decide, "/slack/", "", http.StatusForbidden, "Forbidden"},
		{"a function by AWS's name", decide, "/approvals/apr-1", signed("lambda"), http.StatusNotFound, `there is no approval \"apr-1\"`},
		{"an odd path of a function", decide, "/approvals/a..//../b", signed("lambda"), http.StatusNotFound, `there is no approval \"a..//../b\"`},
		{
			"a function by a name of this machine", strings.TrimSuffix(decide, "on.aws") + "localhost:4600", "/approvals/apr-2", signed("lambda"),
			http.StatusNotFound, `there is no approval \"apr-2\"`,
		},
		{"Slack by its own name", "slack.localhost:4600", "/", "", http.StatusOK, "Bob Lindgren"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.host+c.path, nil)
			if c.authorization != "" {
				req.Header.Set("Authorization", c.authorization)
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, req)
			resp := recorder.Result()
			defer resp.Body.Close() //nolint:errcheck // it is a recorder's
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			text := resp.Header.Get("Location") + string(body)
			if resp.StatusCode != c.status || !strings.Contains(text, c.says) {
				t.Errorf("GET %s%s = %d %q, want %d with %q", c.host, c.path, resp.StatusCode, text, c.status, c.says)
			}
		})
	}
}

func TestLocalAddressOfAFunction(t *testing.T) {
	t.Parallel()
	s := localcloud.Server{Endpoint: "http://127.0.0.1:4600"}
	const want = "http://a1b2.lambda-url.us-east-1.localhost:4600/"
	if got := s.Local("https://a1b2.lambda-url.us-east-1.on.aws/"); got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

func TestCalled(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		localcloud.Dana: "Dana Reyes", localcloud.Deployers: "@deployers", "arn:aws:iam::123456789012:role/ops": "arn:aws:iam::123456789012:role/ops",
	} {
		if got := localcloud.Called(id); got != want {
			t.Errorf("%s is called %q, want %q", id, got, want)
		}
	}
}
