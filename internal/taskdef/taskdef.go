// Package taskdef reads the files of task definitions that a spec names: it renders
// them, says everything that is wrong with them, and leaves holes for what only a
// release knows. It works where people are, never in a Lambda.
package taskdef

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// MaxStored is the most bytes that a spec may have with its task definitions. An item
// of the table has at most 400 KB (AWS: DynamoDB, service quotas), and a release has
// its commits beside its spec.
const MaxStored = 300 << 10

// Files are the files beside a spec, and what their templates may ask for.
type Files struct {
	Folder string // of the spec
	Getenv func(string) string
}

// Read puts into each environment what its file says there. The error has all that is
// wrong with the files; its kind is SpecInvalid.
func (f Files) Read(spec *rollout.Spec) error {
	var wrong []string
	for i := range spec.Environments {
		env := &spec.Environments[i]
		if env.TaskDefinition.File == "" {
			continue
		}
		text, problems := f.read(*spec, *env)
		env.TaskDefinition.Text = text
		for _, p := range problems {
			if p = env.TaskDefinition.File + p; !slices.Contains(wrong, p) { // one file of many environments says it once
				wrong = append(wrong, p)
			}
		}
	}
	if len(wrong) > 0 {
		return rollout.Errorf(rollout.KindSpecInvalid, "%s", strings.Join(wrong, "\n"))
	}
	return fits(spec)
}

// fits checks that the table can hold the spec.
func fits(spec *rollout.Spec) error {
	all, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("measure the spec of %s: %w", spec.App, err)
	}
	if len(all) > MaxStored {
		return rollout.Errorf(rollout.KindSpecInvalid,
			"the spec of %s has %d bytes with its task definitions, one for each environment; at most %d fit into the table. "+
				"Make the task definitions shorter, such as by an environment file in S3 (environmentFiles)", spec.App, len(all), MaxStored)
	}
	return nil
}

// read gives one environment's text, or what is wrong with its file: each to be read
// after the file's name.
func (f Files) read(spec rollout.Spec, env rollout.Environment) (text string, problems []string) {
	file := env.TaskDefinition.File
	raw, err := os.ReadFile(filepath.Join(f.Folder, filepath.FromSlash(file)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", []string{": there is no such file in the folder of the spec, which names it in taskDefinition"}
	case err != nil:
		return "", []string{fmt.Sprintf(": cannot be read: %v", err)}
	}
	rendered, err := f.render(string(raw), viewOf(spec, env))
	if err != nil {
		return "", []string{err.Error()}
	}
	tree, err := decode(rendered, strings.HasSuffix(file, ".json"))
	if err != nil {
		return "", []string{": " + err.Error()}
	}
	c := &checker{}
	definition := c.definition(unwrapped(tree))
	if len(c.problems) == 0 {
		c.containers(definition, spec.Containers)
	}
	if len(c.problems) > 0 {
		return "", c.problems
	}
	if text, err = compact(definition); err != nil {
		return "", []string{": " + err.Error()}
	}
	return text, nil
}
