package localcloud_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// serve starts a local cloud on a free port until the test ends.
func serve(t *testing.T) *localcloud.Server {
	t.Helper()
	cloud, err := localcloud.Start(t.Context(), localcloud.Options{Speed: 100, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	server, err := localcloud.Serve(t.Context(), cloud, 0)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestFind(t *testing.T) {
	for _, variable := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(variable, t.TempDir())
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := localcloud.Find(t.Context()); !errors.Is(err, localcloud.ErrNone) {
		t.Errorf("where there never was any: error %v, want ErrNone", err)
	}

	first := serve(t)
	// Left by one that was killed: its process's id may be anybody's by now.
	left := filepath.Join(cache, "sluice", "local-1.json")
	if err := os.WriteFile(left, fmt.Appendf(nil, `{"endpoint":"http://127.0.0.1:1","pid":%d}`, os.Getpid()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := localcloud.Find(t.Context()); got != first.Endpoint || err != nil {
		t.Errorf("found %q, error %v, want %q", got, err, first.Endpoint)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of a killed one is still there (%v)", err)
	}

	second := serve(t)
	if _, err := localcloud.Find(t.Context()); err == nil ||
		!strings.Contains(err.Error(), first.Endpoint) || !strings.Contains(err.Error(), second.Endpoint) {
		t.Errorf("error %v, want one naming %s and %s", err, first.Endpoint, second.Endpoint)
	}

	first.Close()
	if got, err := localcloud.Find(t.Context()); got != second.Endpoint || err != nil {
		t.Errorf("found %q, error %v, want %q", got, err, second.Endpoint)
	}
	second.Close()
	if _, err := localcloud.Find(t.Context()); !errors.Is(err, localcloud.ErrNone) {
		t.Errorf("after all have ended: error %v, want ErrNone", err)
	}
}

func TestServeOnATakenPort(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	server := serve(t)
	defer server.Close()
	var port int
	if _, err := fmt.Sscanf(server.Endpoint, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	cloud, err := localcloud.Start(t.Context(), localcloud.Options{Speed: 100, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer cloud.Close()
	if _, err := localcloud.Serve(t.Context(), cloud, port); err == nil || !strings.Contains(err.Error(), "choose another with --port") {
		t.Errorf("error %v, want one that says to choose another port", err)
	}
}
