package demo

import (
	"context"
	"io"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// screen is the face that keeps a live screen on a terminal.
type screen struct {
	live     *terminal.Live
	timeline []Happening
}

// newScreen takes over the terminal. Stop is called when a person asks to end.
func newScreen(out io.Writer, stop context.CancelFunc) *screen {
	return &screen{live: terminal.NewLive(out, terminal.Foot{
		Help: "q or Ctrl-C ends the demo and all its processes", Ending: "ending: all processes are stopped",
	}, stop)}
}

func (s *screen) show(state State, news []Happening) {
	s.timeline = remember(s.timeline, news)
	timeline := s.timeline
	s.live.Show(func(width, height int) string { return frame(state, timeline, width, height) })
}

func (s *screen) close() error { return s.live.Close() }

// longestTimeline is how many happenings the screen remembers.
const longestTimeline = 500

// remember adds news to a timeline that others may still draw.
func remember(timeline, news []Happening) []Happening {
	timeline = append(timeline[:len(timeline):len(timeline)], news...)
	return timeline[max(len(timeline)-longestTimeline, 0):]
}
