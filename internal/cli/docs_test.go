package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/cli"
)

// Every command stands in docs/cli.md, has examples and says its exit statuses.
func TestCommandsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	var sections strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## sluice ") {
			sections.WriteString(line)
		}
	}
	commands := 0
	for line := range strings.Lines(run(t, "--help")) {
		name, _, ok := strings.Cut(strings.TrimPrefix(line, "  "), " ")
		if !ok || !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ") || name == "sluice" || name == "help" || name == "completion" || name == "slack" || strings.HasPrefix(name, "-") {
			continue
		}
		commands++
		if !strings.Contains(sections.String(), " "+name) {
			t.Errorf("docs/cli.md has no section on %s", name)
		}
		help := run(t, name, "--help")
		for _, part := range []string{"Exit status: ", "Examples:\n  sluice " + name} {
			if !strings.Contains(help, part) {
				t.Errorf("sluice %s --help has no %q", name, part)
			}
		}
	}
	if commands < 10 {
		t.Errorf("%d commands were found", commands)
	}
}

// run gives what a command prints that ends well.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := cli.Main(t.Context(), cli.Process{Args: args, Getenv: os.Getenv, Out: &out, Err: &errs}); status != 0 {
		t.Fatalf("sluice %v: status %d, %s", args, status, &errs)
	}
	return out.String()
}
