package cli

import (
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/terminal"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// Watched is the picture of a look, without colours.
func Watched(s steps.Standing, minutes map[rollout.Slot][]traffic.Minute, e *steps.Explanation, width, height int) string {
	return watched(terminal.Colorless(), sight{standing: s, minutes: minutes, explanation: e}, width, height)
}
