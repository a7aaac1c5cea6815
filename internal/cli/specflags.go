package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// specFlags say which spec a command looks at: a file's, or an app's registered one.
type specFlags struct {
	app  string // "" where it is a file's
	file string
}

func (f *specFlags) addTo(cmd *cobra.Command) { fileFlag(cmd, &f.file) }

// take takes the app of the arguments, if there is one.
func (f *specFlags) take(cmd *cobra.Command, args []string) error {
	f.app = arg(args, 0)
	if f.app != "" && cmd.Flags().Changed("file") {
		return usagef("give the app %q, for its registered spec, or --file, not both", f.app)
	}
	return nil
}

// foundSpec is a spec and what is registered of its app.
type foundSpec struct {
	spec       rollout.Spec
	file       string // "" where it is the registered one
	registered bool   // whether it is what is registered
	counter    int    // the app's newest number
}

func (f *specFlags) find(ctx context.Context, p Process, s *store.Store) (foundSpec, error) {
	if f.app != "" {
		spec, err := findApp(ctx, s, f.app)
		if err != nil {
			return foundSpec{}, err
		}
		app, err := s.App(ctx, f.app)
		return foundSpec{spec: spec, registered: true, counter: app.Counter}, err
	}
	if _, err := os.Stat(f.file); errors.Is(err, os.ErrNotExist) && f.file == specFile {
		return foundSpec{}, usagef("there is no %s here: name the app, for its registered spec, or another file with --file", specFile)
	}
	parsed, err := readWhole(p, f.file)
	if err != nil {
		return foundSpec{}, err
	}
	app, err := s.App(ctx, parsed.App)
	if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
		return foundSpec{}, err
	}
	same, err := sameSpec(*parsed, app.Spec)
	return foundSpec{spec: *parsed, file: f.file, registered: same, counter: app.Counter}, err
}

// sameSpec compares specs as the table keeps them.
func sameSpec(a, b rollout.Spec) (bool, error) {
	left, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	right, err := json.Marshal(b)
	return bytes.Equal(left, right), err
}
