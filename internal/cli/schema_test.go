package cli_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/cli"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../schema/sluice.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	p, out, errs := process("schema")
	if status := cli.Main(t.Context(), p); status != 0 || errs.Len() > 0 {
		t.Errorf("exit status %d, %q; want 0 and nothing", status, errs)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
