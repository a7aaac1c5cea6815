package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// ApplyOptions are the options of `sluice apply`.
type ApplyOptions struct {
	Process

	File   string
	Output outputFlag
	Target targetFlags
}

// NewCmdApply makes `sluice apply`. The work is done by run.
func NewCmdApply(p Process, run func(context.Context, *ApplyOptions) error) *cobra.Command {
	o := &ApplyOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Register a sluice.yaml: from then on its app is deployed as it says",
		Long: `Registers the spec in a file as its app's. Releases that come after are made with
it; those that are under way go on with the one they were made with. Files that it
names in taskDefinition are rendered now, with the environment variables of this
command. Nothing is deployed. It can be repeated.

Exit status: 0 when it is registered, 1 when not, 2 for a wrong command line or a
spec with mistakes, 6 when Sluice refuses it.`,
		Example: `  sluice apply
  sluice apply --file deploy/sluice.yaml --profile production`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	fileFlag(cmd, &o.File)
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

func runApply(ctx context.Context, o *ApplyOptions) error {
	parsed, err := readWhole(o.Process, o.File)
	if err != nil {
		return err
	}
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	if err := s.Register(ctx, *parsed); err != nil {
		return fmt.Errorf("%s: %w", o.File, err)
	}
	return o.Output.write(o.Out, map[string]any{"app": parsed.App, "stack": t.Stack, "region": t.AWS.Region}, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%s is registered in stack %s in %s; its next release is deployed as %s says\n", parsed.App, t.Stack, t.AWS.Region, o.File)
		return err
	})
}
