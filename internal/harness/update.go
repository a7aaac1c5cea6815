package harness

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing/fstest"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
)

// machineFile is the machine's definition beside template.yaml.
const machineFile = "statemachine/rollout.asl.json"

// Version is a version of Sluice like this one, but for the format of what it writes
// and of what its machine sends.
type Version struct {
	Format     int
	Parameters map[string]string // that change
}

// Update installs another version in place of the one that is there, as `make deploy`
// does: other code, published and behind the alias, and another definition of the
// machine.
func (h *Harness) Update(v Version) error {
	text, err := fs.ReadFile(sluice.Files, "template.yaml")
	if err != nil {
		return fmt.Errorf("read template.yaml: %w", err)
	}
	definition, err := fs.ReadFile(sluice.Files, machineFile)
	if err != nil {
		return fmt.Errorf("read %s: %w", machineFile, err)
	}
	template, err := cloudformation.Load("template.yaml", []byte(strings.ReplaceAll(string(text), "dist/", fmt.Sprintf("dist/%d/", v.Format))))
	if err != nil {
		return err
	}
	parameters := maps.Clone(h.parameters)
	maps.Copy(parameters, v.Parameters)
	sent := strings.ReplaceAll(string(definition), `"format": 1`, fmt.Sprintf(`"format": %d`, v.Format))
	_, err = h.Deploy(template, emulator.Deployment{
		StackName: h.stack, Parameters: parameters, Code: h.code(v.Format),
		Files: fstest.MapFS{machineFile: {Data: []byte(sent)}},
	})
	if err == nil {
		h.Steps.Store.Format = v.Format
	}
	return err
}
