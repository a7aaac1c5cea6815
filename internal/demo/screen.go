package demo

import (
	"context"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// screen is the face that keeps a live screen on a terminal.
type screen struct {
	program *tea.Program
	ended   chan error
}

// newScreen takes over the terminal. Stop is called when a person asks to end.
func newScreen(out io.Writer, stop context.CancelFunc) *screen {
	s := &screen{
		program: tea.NewProgram(model{stop: stop}, tea.WithOutput(out), tea.WithoutSignalHandler()),
		ended:   make(chan error, 1),
	}
	go func() {
		_, err := s.program.Run()
		stop()
		s.ended <- err
	}()
	return s
}

func (s *screen) show(state State, news []Happening) { s.program.Send(update{state, news}) }

func (s *screen) close() error {
	s.program.Quit()
	if err := <-s.ended; err != nil {
		return fmt.Errorf("show the screen: %w", err)
	}
	return nil
}

// update is a message: how things are, and what is new.
type update struct {
	state State
	news  []Happening
}

// longestTimeline is how many happenings the screen remembers.
const longestTimeline = 500

// model is the screen's state.
type model struct {
	stop          context.CancelFunc
	width, height int
	state         State
	timeline      []Happening
	ending        bool
}

// Init asks for nothing: the terminal tells its size by itself.
func (m model) Init() tea.Cmd { return nil }

// Update takes in a new size, a key, or how things are.
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tea.KeyPressMsg:
		if key := message.String(); key == "ctrl+c" || key == "q" {
			m.ending = true
			m.stop()
		}
	case update:
		m.state = message.state
		m.timeline = append(m.timeline[:len(m.timeline):len(m.timeline)], message.news...)
		m.timeline = m.timeline[max(len(m.timeline)-longestTimeline, 0):]
	}
	return m, nil
}

// View draws the screen, with a last line that says how to end it.
func (m model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.height < 1 || m.state.Now.IsZero() {
		return v
	}
	last := terminal.InColor().Dim.Render("q or Ctrl-C ends the demo and all its processes")
	if m.ending {
		last = "ending: all processes are stopped"
	}
	v.SetContent(frame(m.state, m.timeline, m.width, m.height-1) + "\n" + last)
	return v
}
