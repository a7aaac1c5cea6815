//go:build !unix

package foreground

import (
	"os"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// take is Refused where files cannot be locked so that a crash frees them.
func take(string) (*os.File, error) {
	return nil, rollout.Errorf(rollout.KindRefused, "--engine here needs Linux or macOS; install Sluice instead (docs/install.md)")
}
