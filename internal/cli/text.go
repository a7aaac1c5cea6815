package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// colors are those of the terminal that the answer goes to; none where it is no
// terminal, or where NO_COLOR (https://no-color.org) or TERM=dumb asks for none.
func (p Process) colors() terminal.Colors {
	if !isTerminal(p.Out) || p.Getenv("NO_COLOR") != "" || p.Getenv("TERM") == "dumb" {
		return terminal.Colorless()
	}
	return terminal.InColor()
}

// width is how many columns the terminal has that the answer goes to; 0 where it is none.
func (p Process) width() int {
	f, ok := p.Out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(f.Fd())
	if err != nil {
		return 0
	}
	return columns
}

// clock is a time for people who know what day it is: the hour where it is today's, and
// the date else.
func clock(at, now time.Time) string {
	at, now = at.UTC(), now.UTC()
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04:05 UTC")
	}
	return at.Format("2006-01-02 15:04 UTC")
}

// span is a duration in the two largest units that matter.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return parts(d/time.Minute, "m", d%time.Minute/time.Second, "s")
	case d < day:
		return parts(d/time.Hour, "h", d%time.Hour/time.Minute, "m")
	default:
		return parts(d/day, "d", d%day/time.Hour, "h")
	}
}

func parts(large time.Duration, unit string, small time.Duration, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, unit)
	}
	return fmt.Sprintf("%d%s%d%s", large, unit, small, smallUnit)
}

// short is a commit as people write it.
func short(commit string) string {
	const enough = 7
	return commit[:min(len(commit), enough)]
}
