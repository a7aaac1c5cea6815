package sandbox

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
)

// maxLines is how many lines Logs keep.
const maxLines = 20_000

// Line is a line that a function's process has written.
type Line struct {
	At       time.Time
	Function string
	Version  string
	Text     string
}

// String is the line with what it is about.
func (l Line) String() string {
	return fmt.Sprintf("%s %s[%s] %s", l.At.UTC().Format("15:04:05.000"), l.Function, l.Version, l.Text)
}

// Logs keep the last lines of all functions. The zero value keeps them and tells
// nobody.
type Logs struct {
	// Tell, when set, is called with each line, one at a time.
	Tell func(Line)

	mu    sync.Mutex
	lines []Line
}

// Lines are those that are kept, the oldest first.
func (l *Logs) Lines() []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func (l *Logs) add(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == maxLines {
		l.lines = slices.Delete(l.lines, 0, maxLines/10)
	}
	l.lines = append(l.lines, line)
	if l.Tell != nil {
		l.Tell(line)
	}
}

// writer takes what a process writes.
func (l *Logs) writer(function, version string, now func() time.Time) io.Writer {
	return process.Lines(func(text string) { l.add(Line{At: now(), Function: function, Version: version, Text: text}) })
}
