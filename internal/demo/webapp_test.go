package demo_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/demo"
)

// A version that fails only under load fails its share of the requests that come
// while there are too many, and none of those that come slowly.
func TestWebAppFailsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		every time.Duration
		share float64
		above int
		want  int // failures of 105
	}{
		{"as many as it bears", 200 * time.Millisecond, 0.08, 5, 0},
		{"more", 199 * time.Millisecond, 0.08, 5, 8}, // of the 100 after the first five
		{"much more", time.Millisecond, 0.08, 5, 8},
		{"a good version", time.Millisecond, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := demo.WebApp{Version: "v3", FailShare: c.share, FailAbove: c.above}
			now := noon
			handler := app.Handler(func() time.Time { now = now.Add(c.every); return now })
			answer := func(path string) *httptest.ResponseRecorder {
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
				return recorder
			}
			failed := 0
			for range 105 {
				got := answer("/")
				if got.Code >= 500 {
					failed++
				}
				if version := got.Header().Get("X-Version"); version != "v3" {
					t.Fatalf("version %q, want v3", version)
				}
			}
			if failed != c.want {
				t.Errorf("%d of 105 failed, want %d", failed, c.want)
			}
			if got := answer("/healthz"); got.Code != http.StatusOK {
				t.Errorf("health check answers %d, want 200", got.Code)
			}
		})
	}
}

// freePort is a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func TestServeWebAppUntilToldToEnd(t *testing.T) {
	t.Parallel()
	variables := map[string]string{
		"PORT": freePort(t), "DEMO_VERSION": "v1", "DEMO_FAIL_SHARE": "0", "DEMO_FAIL_ABOVE": "0", "DEMO_LATENCY": "0s",
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- demo.ServeWebApp(ctx, func(name string) string { return variables[name] }) }()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+variables["PORT"]+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // it has not opened its port yet
		}
		_ = resp.Body.Close() // only its header is looked at
		if got := resp.Header.Get("X-Version"); got != "v1" {
			t.Errorf("version %q, want v1", got)
		}
		break
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v, want no error", err)
	}
}

func TestServeWebAppWithWrongVariables(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"PORT": "1", "DEMO_VERSION": "v1", "DEMO_FAIL_SHARE": "0", "DEMO_FAIL_ABOVE": "0", "DEMO_LATENCY": "0s",
	}
	for name, wrong := range map[string]string{
		"PORT": "http", "DEMO_VERSION": "", "DEMO_FAIL_SHARE": "8", "DEMO_FAIL_ABOVE": "-4", "DEMO_LATENCY": "soon",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := demo.ServeWebApp(t.Context(), func(variable string) string {
				if variable == name {
					return wrong
				}
				return good[variable]
			})
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), wrong) {
				t.Errorf("error %v, want one naming %s and %q", err, name, wrong)
			}
		})
	}
}
