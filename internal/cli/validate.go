package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
	"github.com/sluice-deploy/sluice/internal/taskdef"
)

// specFile is the file that commands take a spec from where nobody names another.
const specFile = "sluice.yaml"

// readSpec reads a spec; what is wrong with it is the user's mistake.
func readSpec(file string) (*rollout.Spec, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the file that its user names
	if err != nil {
		return nil, usagef("read the spec: %w; name another file with --file", err)
	}
	parsed, err := spec.Parse(file, text)
	if err != nil {
		return nil, &usageError{err}
	}
	return parsed, nil
}

// readWhole reads a spec and the files beside it that it names.
func readWhole(p Process, file string) (*rollout.Spec, error) {
	parsed, err := readSpec(file)
	if err != nil {
		return nil, err
	}
	files := taskdef.Files{Folder: filepath.Dir(file), Getenv: p.Getenv}
	if err := files.Read(parsed); err != nil {
		return nil, &usageError{err}
	}
	return parsed, nil
}

// ValidateOptions are the options of `sluice validate`.
type ValidateOptions struct {
	Process

	File   string
	Output outputFlag
}

// NewCmdValidate makes `sluice validate`. The work is done by run.
func NewCmdValidate(p Process, run func(context.Context, *ValidateOptions) error) *cobra.Command {
	o := &ValidateOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check a sluice.yaml without asking AWS",
		Long: `Checks a spec for everything that can be seen without AWS, and says all that is wrong
with it, each with its line and column; and the files that it names in taskDefinition,
whose templates need their environment variables. What the account has to say about it is
found out by ` + "`sluice doctor`" + `.

Exit status: 0 when nothing is wrong with it, else 2.`,
		Example: `  sluice validate
  sluice validate --file deploy/sluice.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	fileFlag(cmd, &o.File)
	o.Output.addTo(cmd)
	return cmd
}

func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "file", "f", specFile, "the `file` with the spec")
	_ = cmd.MarkFlagFilename("file", "yaml", "yml") // the flag is there
}

func runValidate(_ context.Context, o *ValidateOptions) error {
	parsed, err := readWhole(o.Process, o.File)
	if err != nil {
		return err
	}
	return o.Output.write(o.Out, parsed, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%s: nothing is wrong with it: app %s, %s\n", o.File, parsed.App, counted(len(parsed.Environments), "environment"))
		return err
	})
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
