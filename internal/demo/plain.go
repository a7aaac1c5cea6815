package demo

import (
	"fmt"
	"io"
)

// plain is the face that writes a line for each happening.
type plain struct{ out io.Writer }

func (p plain) show(_ State, news []Happening) {
	for _, h := range news {
		_, _ = fmt.Fprintln(p.out, h) // a terminal that is gone hears nothing
	}
}

func (plain) close() error { return nil }

// String is the happening as a line: seconds since the start, the cloud's time,
// what it is about, what, and why.
func (h Happening) String() string {
	line := fmt.Sprintf("%6.1fs  %s  %-7s  ", h.Elapsed.Seconds(), h.At.Format(clock), h.About)
	if h.Rollout != "" {
		line += h.Rollout + " "
	}
	line += h.What
	if h.Why != "" {
		line += " (" + h.Why + ")"
	}
	return line
}
