package taskdef_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/taskdef"
)

// FuzzFile reads any file of a task definition, plain or a template. What is taken is
// JSON that a release can fill in, and what is refused says where.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		asJSON, `{"containerDefinitions": [{"name": "web"}]}`, "containerDefinitions: [{name: web}]", `{{ env "X" }}`, `{{ range .App }}`, `{{ . }}`, `{"a": &b`, "<sluice.slot>", "", "\x00",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	folder := f.TempDir()
	files := taskdef.Files{Folder: folder, Getenv: func(string) string { return `"<sluice.slot>` }}
	f.Fuzz(func(t *testing.T, text string, asYAML bool) {
		name := "task.json"
		if asYAML {
			name = "task.yaml"
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		spec := shop(name)
		if err := files.Read(spec); err != nil {
			if rollout.KindOf(err) != rollout.KindSpecInvalid || !strings.HasPrefix(err.Error(), name) && !strings.Contains(err.Error(), "fit into the table") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		release := rollout.Release{App: "shop", Number: 3, Images: map[string]string{"web": "shop@sha256:aa"}}
		values := release.Holes("production")
		for _, hole := range []rollout.Hole{rollout.HoleSlot, rollout.HolePartition, rollout.HoleRegion, rollout.HoleAccount} {
			values[hole] = `"`
		}
		filled, err := spec.Environments[1].TaskDefinition.Fill(values)
		if err != nil || !json.Valid([]byte(filled)) {
			t.Fatalf("%q was read, and filled in it is %q: %v", text, filled, err)
		}
	})
}
