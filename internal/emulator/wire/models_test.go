package wire_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func TestModelsAgreeWithBotocore(t *testing.T) {
	t.Parallel()
	requirements, err := os.ReadFile("../../../scripts/requirements-models.txt")
	if err != nil {
		t.Fatal(err)
	}
	version := strings.TrimSpace(strings.TrimPrefix(string(requirements), "botocore=="))
	got, err := exec.CommandContext(t.Context(), "python3", "-c", "import botocore; print(botocore.__version__, end='')").Output()
	if err != nil || string(got) != version {
		if os.Getenv("CI") == "true" {
			t.Fatalf("botocore = %q (%v), want %s: pip install -r scripts/requirements-models.txt", got, err, version)
		}
		t.Skipf("needs botocore %s: pip install -r scripts/requirements-models.txt", version)
	}
	out := t.TempDir()
	script := exec.CommandContext(t.Context(), "python3", "../../../scripts/models.py", "--out", out) //nolint:gosec // a script of ours
	if msg, err := script.CombinedOutput(); err != nil {
		t.Fatalf("scripts/models.py: %v\n%s", err, msg)
	}
	for _, name := range append(models(t, out), "README.md") {
		fresh, committed := read(t, filepath.Join(out, name)), read(t, filepath.Join("models", name))
		if fresh != committed {
			t.Errorf("models/%s is not what scripts/models.py writes: run it", name)
		}
	}
	if diff := cmp.Diff(models(t, out), models(t, "models")); diff != "" {
		t.Errorf("files in models (-written by the script +there):\n%s", diff)
	}
}

// models lists the models in a folder.
func models(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path) //nolint:gosec // a file of ours
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPatternsThatAreNotChecked names the patterns that look ahead or behind, or name
// a class of Java's, which Go's regular expressions cannot.
func TestPatternsThatAreNotChecked(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, name := range models(t, "models") {
		service := strings.TrimSuffix(name, ".json")
		patterns, err := wire.InexpressiblePatterns(service)
		if err != nil {
			t.Fatal(err)
		}
		if len(patterns) > 0 {
			got[service] = patterns
		}
	}
	want := map[string][]string{
		"application-autoscaling": {`\p{Print}+`},
		"events":                  {`^(?!\s*$).+`},
		"lambda":                  {`((?!^\d+$)^[0-9a-zA-Z-_]+$)`, `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`, `[0-9A-Za-z\.\-_]*(?<!\.)`},
		"scheduler":               {`^(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)$`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("patterns (-want +got):\n%s", diff)
	}
}
