package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/spec"
)

// newCmdSchema makes `sluice schema`.
func newCmdSchema(p Process) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of sluice.yaml",
		Long: `Prints the JSON Schema (draft 2020-12) of sluice.yaml as this version reads it, for
editors that complete and check the file. It is published as well, at
` + spec.SchemaURL + `.

Exit status: 0 when it is printed, 2 for a wrong command line.`,
		Example: `  sluice schema > sluice.schema.json`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := spec.Schema()
			if err != nil {
				return err
			}
			if _, err := p.Out.Write(text); err != nil {
				return fmt.Errorf("print the schema: %w", err)
			}
			return nil
		},
	}
}
