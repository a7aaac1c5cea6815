package cli

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/graph"
)

// GraphOptions are the options of `sluice graph`.
type GraphOptions struct {
	Process

	Rollout string // "" is none
	Form    string // formSVG or formMermaid
	Target  targetFlags
}

// The forms of a graph.
const (
	formSVG     = "svg"
	formMermaid = "mermaid"
)

// NewCmdGraph makes `sluice graph`. The work is done by run.
func NewCmdGraph(p Process, run func(context.Context, *GraphOptions) error) *cobra.Command {
	o := &GraphOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "graph [ROLLOUT]",
		Short: "Draw the state machine, and where a rollout went in it",
		Long: `Draws the state machine of this version from its definition: the states, the way of a
success, the choices, and where each kind of error leads. As SVG it is a picture of its
own; as Mermaid, a stateDiagram-v2 for Markdown.

With the name of a rollout the states that it went through are marked, from the history
that Step Functions keeps for 90 days after the end.

Exit status: 0 when it is drawn, 1 when what the rollout did could not be read, 2 for a
wrong command line.`,
		Example: `  sluice graph > rollout.svg
  sluice graph --output mermaid
  sluice graph shop-production-42 > 42.svg`,
		Args: atMost(1, "rollout"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Form != formSVG && o.Form != formMermaid {
				return usagef("--output is %q, want svg or mermaid", o.Form)
			}
			o.Rollout = arg(args, 0)
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.Form, "output", "o", formSVG, "`form` of the picture: svg, or mermaid")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{formSVG, formMermaid}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	o.Target.addTo(cmd)
	return cmd
}

func runGraph(ctx context.Context, o *GraphOptions) error {
	text, err := fs.ReadFile(sluice.Files, "statemachine/rollout.asl.json")
	if err != nil {
		return fmt.Errorf("read the state machine: %w", err)
	}
	machine, err := graph.Load(text)
	if err != nil {
		return err
	}
	var went []string
	if o.Rollout != "" {
		t, err := o.Target.find(ctx, o.Process)
		if err != nil {
			return err
		}
		s, err := t.steps(o.Process)
		if err != nil {
			return err
		}
		if went, err = s.Path(ctx, o.Rollout); err != nil {
			return err
		}
	}
	draw := machine.SVG
	if o.Form == formMermaid {
		draw = machine.Mermaid
	}
	if _, err := fmt.Fprint(o.Out, draw(went)); err != nil {
		return fmt.Errorf("print the graph: %w", err)
	}
	return nil
}
