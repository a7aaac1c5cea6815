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

func TestWebAppFailsItsShare(t *testing.T) {
	t.Parallel()
	app := &demo.WebApp{Version: "v3", FailShare: 0.08, FailAfter: 4 * time.Second}
	now := time.Now()
	for _, c := range []struct {
		name    string
		started time.Time
		want    int // failures of a hundred
	}{
		{"young", now.Add(time.Hour), 0},
		{"old", now.Add(-time.Hour), 8},
	} {
		handler := app.Handler(c.started)
		failed := 0
		for range 100 {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			if answer.Code >= 500 {
				failed++
			}
			if got := answer.Header().Get("X-Version"); got != "v3" {
				t.Fatalf("%s: version %q, want v3", c.name, got)
			}
		}
		if failed != c.want {
			t.Errorf("%s: %d of 100 failed, want %d", c.name, failed, c.want)
		}
		check := httptest.NewRecorder()
		handler.ServeHTTP(check, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
		if check.Code != http.StatusOK {
			t.Errorf("%s: health check answers %d, want 200", c.name, check.Code)
		}
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
		"PORT": freePort(t), "DEMO_VERSION": "v1", "DEMO_FAIL_SHARE": "0", "DEMO_FAIL_AFTER": "0s", "DEMO_LATENCY": "0s",
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
		"PORT": "1", "DEMO_VERSION": "v1", "DEMO_FAIL_SHARE": "0", "DEMO_FAIL_AFTER": "0s", "DEMO_LATENCY": "0s",
	}
	for name, wrong := range map[string]string{
		"PORT": "http", "DEMO_VERSION": "", "DEMO_FAIL_SHARE": "8", "DEMO_FAIL_AFTER": "4", "DEMO_LATENCY": "soon",
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
