package process

import (
	"bytes"
	"io"
	"sync"
)

// Lines gives what takes a process's output and tells each line of it. What comes after
// the last end of a line is held until there is one.
func Lines(tell func(line string)) io.Writer { return &lines{tell: tell} }

type lines struct {
	tell func(string)

	mu   sync.Mutex
	rest []byte
}

func (w *lines) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, after, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.tell(string(line))
		w.rest = after
	}
}
