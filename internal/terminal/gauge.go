package terminal

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Slot is what is drawn of one slot.
type Slot struct {
	Name    rollout.Slot
	Version string // "" when it runs none
	Weight  int    // percent, or Unknown
	Desired int
	Healthy int
	Flow    *Flow // nil where it is not known
}

// Unknown is the weight of a slot whose rule cannot be read.
const Unknown = -1

// Flow is what flows to a slot.
type Flow struct {
	Rate   float64 // requests a second
	Errors float64 // percent of them
}

// Widths of a version, at least, of what else stands beside a slot's bar, and of the
// bar.
const (
	version     = 6
	besideBar   = 55
	shortestBar = 5
	longestBar  = 40
)

// Slots draws slots one below the other, as wide as the terminal allows.
func (c Colors) Slots(slots []Slot, width int) []string {
	column := version
	for _, s := range slots {
		column = max(column, ansi.StringWidth(s.Version))
	}
	length := min(max(width-besideBar-column, shortestBar), longestBar)
	lines := make([]string, 0, len(slots))
	for _, s := range slots {
		lines = append(lines, c.slot(s, column, length))
	}
	return lines
}

func (c Colors) slot(s Slot, column, length int) string {
	full, weight := 0, "  ?"
	if s.Weight != Unknown {
		full, weight = (s.Weight*length+50)/100, fmt.Sprintf("%3d", s.Weight)
	}
	if s.Weight > 0 {
		full = max(full, 1)
	}
	if s.Version == "" {
		s.Version = "-"
	}
	color := c.Of(s.Name)
	line := color.Render(fmt.Sprintf("  %-5s", s.Name)) + fmt.Sprintf("  %-*s  ", column, s.Version) +
		color.Render(strings.Repeat("█", full)) + c.Dim.Render(strings.Repeat("░", length-full)) +
		fmt.Sprintf(" %s%%  %d/%d healthy", weight, s.Healthy, s.Desired)
	if s.Flow == nil {
		return line
	}
	errors := fmt.Sprintf("%5.1f%% failed", s.Flow.Errors)
	if s.Flow.Errors > 0 {
		errors = c.Bad.Render(errors)
	}
	return line + fmt.Sprintf("  %3.0f req/s ", s.Flow.Rate) + errors
}

// Alarms draws alarms on one line: their color is their state, which is written where
// it is not OK.
func (c Colors) Alarms(alarms []rollout.Alarm) string {
	line := []string{"  alarms"}
	for _, a := range alarms {
		switch a.State { //nolint:exhaustive // the others have no data
		case rollout.AlarmRed, rollout.AlarmMissing:
			line = append(line, c.Bad.Render("● "+a.Name+" "+string(a.State)))
		case rollout.AlarmOK:
			line = append(line, c.Good.Render("●")+" "+a.Name)
		default:
			line = append(line, c.Dim.Render("○ "+a.Name+" no data"))
		}
	}
	return strings.Join(line, "  ")
}
