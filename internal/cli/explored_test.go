package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/cli"
)

// Who stops an exploration is told what was explored.
func TestExplorationStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, stderr bytes.Buffer
	const interrupted = 130
	status := cli.Main(ctx, cli.Process{
		Args: []string{"simulate", "--seeds", "1000000"}, Getenv: func(string) string { return "" }, In: strings.NewReader(""), Out: &out, Err: &stderr, Started: time.Now(),
	})
	if status != interrupted || !strings.Contains(out.String(), "hours in all") {
		t.Errorf("status %d, told %q and %q, want %d and what was explored", status, out.String(), stderr.String(), interrupted)
	}
}
