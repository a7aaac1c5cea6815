// Package terminal knows how Sluice looks on a terminal: the colours of outcomes, slots
// as bars of their weights, alarms as lamps.
package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Colors are the sixteen that every terminal has, in its own theme, or none.
type Colors struct{ Title, Dim, Good, Bad, Warn, Blue, Green lipgloss.Style }

// InColor is for terminals.
func InColor() Colors {
	style := func(color string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(color)) }
	return Colors{
		Title: lipgloss.NewStyle().Bold(true), Dim: lipgloss.NewStyle().Faint(true),
		Good: style("2"), Bad: style("1").Bold(true), Warn: style("3"), Blue: style("4"), Green: style("2"),
	}
}

// Colorless is for what is no terminal, and for people who want no colours.
func Colorless() Colors {
	none := lipgloss.NewStyle()
	return Colors{Title: none, Dim: none, Good: none, Bad: none, Warn: none, Blue: none, Green: none}
}

// Of is the style of a slot.
func (c Colors) Of(slot rollout.Slot) lipgloss.Style {
	if slot == rollout.Green {
		return c.Green
	}
	return c.Blue
}

// Phase is how far a rollout is, or how it ended, in its colour.
func (c Colors) Phase(phase string) string {
	switch rollout.Outcome(phase) {
	case rollout.Succeeded:
		return c.Good.Render(phase)
	case rollout.RolledBack, rollout.Refused, rollout.Rejected, rollout.Dirty:
		return c.Bad.Render(phase)
	case rollout.Superseded:
		return c.Warn.Render(phase)
	default:
		return c.Title.Render(phase)
	}
}

// Ruled is a line with a text at its beginning.
func Ruled(text string, width int) string {
	return text + strings.Repeat("─", max(width-ansi.StringWidth(text), 0))
}
