package terminal

import (
	"context"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"
)

// Picture draws what is shown, in exactly height lines of at most width columns.
type Picture func(width, height int) string

// Foot is the last line of a live picture: how to end it, and what is said once that was
// asked for.
type Foot struct{ Help, Ending string }

// Live keeps a live picture on a terminal that it has taken over.
type Live struct {
	program *tea.Program
	ended   chan error
}

// NewLive takes over the terminal. Stop is called when a person asks to end, by q or
// Ctrl-C.
func NewLive(out io.Writer, foot Foot, stop context.CancelFunc) *Live {
	l := &Live{
		program: tea.NewProgram(model{stop: stop, foot: foot}, tea.WithOutput(out), tea.WithoutSignalHandler()),
		ended:   make(chan error, 1),
	}
	go func() {
		_, err := l.program.Run()
		stop()
		l.ended <- err
	}()
	return l
}

// Show shows a picture from now on.
func (l *Live) Show(p Picture) { l.program.Send(p) }

// Close gives the terminal back.
func (l *Live) Close() error {
	l.program.Quit()
	if err := <-l.ended; err != nil {
		return fmt.Errorf("show the screen: %w", err)
	}
	return nil
}

// model is the screen's state.
type model struct {
	stop          context.CancelFunc
	foot          Foot
	width, height int
	picture       Picture // nil before there is one
	ending        bool
}

// Init asks for nothing: the terminal tells its size by itself.
func (m model) Init() tea.Cmd { return nil }

// Update takes in a new size, a key, or a picture.
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tea.KeyPressMsg:
		if key := message.String(); key == "ctrl+c" || key == "q" {
			m.ending = true
			m.stop()
		}
	case Picture:
		m.picture = message
	}
	return m, nil
}

// View draws the picture, with the foot below.
func (m model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.height < 1 || m.picture == nil {
		return v
	}
	last := InColor().Dim.Render(m.foot.Help)
	if m.ending {
		last = m.foot.Ending
	}
	v.SetContent(m.picture(m.width, m.height-1) + "\n" + last)
	return v
}
