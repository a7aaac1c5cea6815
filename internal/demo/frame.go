package demo

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// frame draws the live screen: the state above, the timeline, newest last, below.
// It has exactly height lines of at most width columns.
func frame(s State, timeline []Happening, width, height int) string {
	p := painter{width: width, Colors: terminal.InColor()}
	p.header(s)
	for _, place := range s.Places {
		p.place(s, place)
	}
	p.add(p.Dim.Render(terminal.Ruled(fmt.Sprintf("── %d of production's requests failed so far ", s.Failed), width)))
	p.timeline(timeline, height-len(p.lines))
	for len(p.lines) < height {
		p.lines = append(p.lines, "")
	}
	return strings.Join(p.lines[:max(height, 0)], "\n")
}

// painter puts lines together.
type painter struct {
	terminal.Colors

	width int
	lines []string
}

// add adds a line, cut to the width.
func (p *painter) add(line string) {
	p.lines = append(p.lines, ansi.Truncate(line, p.width, "…"))
}

func (p *painter) header(s State) {
	p.add(p.Title.Render("sluice demo") + fmt.Sprintf("  %s  %g times your clock  Slack: %s", s.Now.Format(clock), s.Speed, s.Page))
}

// place shows an environment: its newest rollout, its slots and its alarms.
func (p *painter) place(s State, place Place) {
	line := p.Title.Render(fmt.Sprintf("%-10s", place.Name)) + "  "
	if place.Rollout == "" {
		line += p.Dim.Render("no rollout yet")
	} else {
		line += place.Rollout + "  " + p.Phase(place.Phase)
	}
	if place.Wait != nil {
		left := max(place.Wait.Until.Sub(s.Now), 0)
		line += p.Dim.Render(fmt.Sprintf("  waits for %s, %.0f s of yours", place.Wait.For, left.Seconds()/s.Speed))
	}
	p.add(line)
	slots := make([]terminal.Slot, 0, len(place.Slots))
	for _, slot := range place.Slots {
		slots = append(slots, terminal.Slot{
			Name: slot.Name, Version: slot.Version, Weight: slot.Weight, Desired: slot.Desired, Healthy: slot.Healthy,
			Flow: &terminal.Flow{Rate: slot.Rate, Errors: slot.Errors},
		})
	}
	for _, line := range p.Slots(slots, p.width) {
		p.add(line)
	}
	p.add(p.Alarms(place.Alarms))
}

const clock = "15:04:05"

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
	line := p.Dim.Render(h.At.Format(clock)) + "  " + p.about(h) + "  "
	if h.Rollout != "" {
		line += h.Rollout + " "
	}
	line += h.What
	if h.Why == "" {
		return []string{line}
	}
	why := p.Dim.Render("(" + h.Why + ")")
	if ansi.StringWidth(line)+1+ansi.StringWidth(why) <= p.width {
		return []string{line + " " + why}
	}
	return []string{line, reasonIndent + why}
}

func (p *painter) about(h Happening) string {
	text := fmt.Sprintf("%-7s", h.About)
	switch {
	case h.About == aboutAlarm && strings.Contains(h.What, " is "+alarmRed):
		return p.Bad.Render(text)
	case h.About == aboutDemo:
		return p.Title.Render(text)
	case h.About == aboutSlack:
		return p.Blue.Render(text)
	default:
		return text
	}
}
