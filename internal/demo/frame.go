package demo

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// frame draws the live screen: the state above, the timeline, newest last, below.
// It has exactly height lines of at most width columns.
func frame(s State, timeline []Happening, width, height int) string {
	p := painter{width: width, colors: newColors()}
	p.header(s)
	for _, place := range s.Places {
		p.place(s, place)
	}
	p.add(p.dim.Render(ruled(fmt.Sprintf("── %d of production's requests failed so far ", s.Failed), width)))
	p.timeline(timeline, height-len(p.lines))
	for len(p.lines) < height {
		p.lines = append(p.lines, "")
	}
	return strings.Join(p.lines[:max(height, 0)], "\n")
}

// colors are the sixteen that every terminal has, in its own theme.
type colors struct{ title, dim, good, bad, warn, blue, green lipgloss.Style }

func newColors() colors {
	style := func(color string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(color)) }
	return colors{
		title: lipgloss.NewStyle().Bold(true), dim: lipgloss.NewStyle().Faint(true),
		good: style("2"), bad: style("1").Bold(true), warn: style("3"), blue: style("4"), green: style("2"),
	}
}

// painter puts lines together.
type painter struct {
	colors

	width int
	lines []string
}

// add adds a line, cut to the width.
func (p *painter) add(line string) {
	p.lines = append(p.lines, ansi.Truncate(line, p.width, "…"))
}

func (p *painter) header(s State) {
	p.add(p.title.Render("sluice demo") + fmt.Sprintf("  %s  %g times your clock  Slack: %s", s.Now.Format(clock), s.Speed, s.Page))
}

// ruled is a line with a text at its beginning.
func ruled(text string, width int) string {
	return text + strings.Repeat("─", max(width-ansi.StringWidth(text), 0))
}

// place shows an environment: its newest rollout, its slots and its alarms.
func (p *painter) place(s State, place Place) {
	line := p.title.Render(fmt.Sprintf("%-10s", place.Name)) + "  "
	if place.Rollout == "" {
		line += p.dim.Render("no rollout yet")
	} else {
		line += place.Rollout + "  " + p.outcome(place.Phase)
	}
	if place.Wait != nil {
		left := max(place.Wait.Until.Sub(s.Now), 0)
		line += p.dim.Render(fmt.Sprintf("  waits for %s, %.0f s of yours", place.Wait.For, left.Seconds()/s.Speed))
	}
	p.add(line)
	for _, slot := range place.Slots {
		p.slot(slot)
	}
	p.alarms(place.Alarms)
}

const clock = "15:04:05"

func (p *painter) outcome(phase string) string {
	switch rollout.Outcome(phase) {
	case rollout.Succeeded:
		return p.good.Render(phase)
	case rollout.RolledBack, rollout.Refused, rollout.Rejected, rollout.Dirty:
		return p.bad.Render(phase)
	case rollout.Superseded:
		return p.warn.Render(phase)
	default:
		return p.title.Render(phase)
	}
}

// Widths of what stands beside a slot's bar, and of the bar.
const (
	besideBar   = 61
	shortestBar = 5
	longestBar  = 40
)

func (p *painter) slot(s Slot) {
	color := p.blue
	if s.Name == rollout.Green {
		color = p.green
	}
	length := min(max(p.width-besideBar, shortestBar), longestBar)
	full := (s.Weight*length + 50) / 100
	if s.Weight > 0 {
		full = max(full, 1)
	}
	version := s.Version
	if version == "" {
		version = "-"
	}
	errors := fmt.Sprintf("%5.1f%% failed", s.Errors)
	if s.Errors > 0 {
		errors = p.bad.Render(errors)
	}
	p.add(color.Render(fmt.Sprintf("  %-5s", s.Name)) + fmt.Sprintf("  %-6s  ", version) +
		color.Render(strings.Repeat("█", full)) + p.dim.Render(strings.Repeat("░", length-full)) +
		fmt.Sprintf(" %3d%%  %d/%d healthy  %3.0f req/s ", s.Weight, s.Healthy, s.Desired, s.Rate) + errors)
}

// alarms shows the alarms on one line: their color is their state, which is written
// where it is not OK.
func (p *painter) alarms(alarms []Alarm) {
	line := []string{"  alarms"}
	for _, a := range alarms {
		switch a.State {
		case alarmRed:
			line = append(line, p.bad.Render("● "+a.Name+" "+a.State))
		case "OK":
			line = append(line, p.good.Render("●")+" "+a.Name)
		default:
			line = append(line, p.dim.Render("○ "+a.Name+" no data"))
		}
	}
	p.add(strings.Join(line, "  "))
}

// timeline shows the newest happenings, the reason on a line of its own where it
// has no room beside what happened.
func (p *painter) timeline(all []Happening, room int) {
	var lines []string
	for i := len(all) - 1; i >= 0 && len(lines) < room; i-- {
		lines = append(p.happening(all[i]), lines...)
	}
	if len(lines) > room {
		lines = lines[len(lines)-max(room, 0):]
	}
	for _, line := range lines {
		p.add(line)
	}
}

// reasonIndent stands before a reason on a line of its own.
const reasonIndent = "                   "

func (p *painter) happening(h Happening) []string {
	line := p.dim.Render(h.At.Format(clock)) + "  " + p.about(h) + "  "
	if h.Rollout != "" {
		line += h.Rollout + " "
	}
	line += h.What
	if h.Why == "" {
		return []string{line}
	}
	why := p.dim.Render("(" + h.Why + ")")
	if ansi.StringWidth(line)+1+ansi.StringWidth(why) <= p.width {
		return []string{line + " " + why}
	}
	return []string{line, reasonIndent + why}
}

func (p *painter) about(h Happening) string {
	text := fmt.Sprintf("%-7s", h.About)
	switch {
	case h.About == aboutAlarm && strings.Contains(h.What, " is "+alarmRed):
		return p.bad.Render(text)
	case h.About == aboutDemo:
		return p.title.Render(text)
	case h.About == aboutSlack:
		return p.blue.Render(text)
	default:
		return text
	}
}
