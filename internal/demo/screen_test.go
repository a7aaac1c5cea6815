package demo_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/demo"
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

func TestScreenFollowsTheTerminal(t *testing.T) {
	t.Parallel()
	m := demo.NewModel(func() {})
	if got := screenOf(m); got != "" || !m.View().AltScreen {
		t.Errorf("before it knows anything it shows %q, want an empty screen of its own", got)
	}
	m = send(m, tea.WindowSizeMsg{Width: 80, Height: 24}, demo.Update(baking(), happenings()...))
	for _, size := range [][2]int{{80, 24}, {40, 10}, {120, 30}} {
		m = send(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		lines := strings.Split(screenOf(m), "\n")
		if len(lines) != size[1] || !strings.HasPrefix(lines[0], "sluice demo") || !strings.Contains(lines[len(lines)-1], "Ctrl-C ends") {
			t.Errorf("at %v it shows %d lines, from %q to %q", size, len(lines), lines[0], lines[len(lines)-1])
		}
	}
}

func TestScreenKeepsTheNewest(t *testing.T) {
	t.Parallel()
	m := send(demo.NewModel(func() {}), tea.WindowSizeMsg{Width: 80, Height: 1000})
	for i := range 600 {
		m = send(m, demo.Update(baking(), demo.Happening{At: noon, About: "demo", What: fmt.Sprintf("line %d.", i)}))
	}
	shown := screenOf(m)
	if strings.Contains(shown, "line 99.") || !strings.Contains(shown, "line 100.") || !strings.Contains(shown, "line 599.") {
		t.Errorf("it shows\n%s\nwant lines 100 to 599", shown)
	}
}

func TestScreenEndsByKey(t *testing.T) {
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
		m := send(demo.NewModel(func() { stopped = true }), tea.WindowSizeMsg{Width: 80, Height: 24}, demo.Update(baking()), c.key)
		if stopped != c.stops || strings.Contains(screenOf(m), "all processes are stopped") != c.stops {
			t.Errorf("%s: stopped %v and shows\n%s", c.key, stopped, screenOf(m))
		}
	}
}
