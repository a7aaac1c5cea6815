package terminal_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// send gives a model one message after another.
func send(m tea.Model, messages ...tea.Msg) tea.Model {
	for _, message := range messages {
		m, _ = m.Update(message)
	}
	return m
}

// screenOf is what a model shows, without colors.
func screenOf(m tea.Model) string { return ansi.Strip(m.View().Content) }

// filled is a picture that fills what it is given.
var filled terminal.Picture = func(width, height int) string {
	line := strings.Repeat("x", width)
	return strings.TrimSuffix(strings.Repeat(line+"\n", height), "\n")
}

var foot = terminal.Foot{Help: "q ends it", Ending: "it ends"}

func TestLiveFollowsTheTerminal(t *testing.T) {
	t.Parallel()
	m := terminal.NewModel(foot, func() {})
	if got := screenOf(m); got != "" || !m.View().AltScreen {
		t.Errorf("before it has a picture it shows %q, want an empty screen of its own", got)
	}
	m = send(m, tea.WindowSizeMsg{Width: 80, Height: 24}, filled)
	for _, size := range [][2]int{{80, 24}, {40, 10}, {120, 30}} {
		m = send(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		lines := strings.Split(screenOf(m), "\n")
		if len(lines) != size[1] || len(lines[0]) != size[0] || lines[len(lines)-1] != foot.Help {
			t.Errorf("at %v it shows %d lines of %d, the last %q", size, len(lines), len(lines[0]), lines[len(lines)-1])
		}
	}
}

func TestLiveEndsByKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key   tea.KeyPressMsg
		stops bool
	}{
		{tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}, true},
		{tea.KeyPressMsg{Code: 'q', Text: "q"}, true},
		{tea.KeyPressMsg{Code: 'c', Text: "c"}, false},
	} {
		stopped := false
		m := send(terminal.NewModel(foot, func() { stopped = true }), tea.WindowSizeMsg{Width: 80, Height: 24}, filled, c.key)
		if stopped != c.stops || strings.Contains(screenOf(m), foot.Ending) != c.stops {
			t.Errorf("%s: stopped %v and shows\n%s", c.key, stopped, screenOf(m))
		}
	}
}
