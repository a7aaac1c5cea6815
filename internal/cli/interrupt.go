package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// linesOf gives the lines that are typed.
func linesOf(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// yes reports whether an answer is yes; everything else is no.
func yes(line string) bool {
	line = strings.ToLower(strings.TrimSpace(line))
	return line == "y" || line == "yes"
}

// interrupt waits for a Ctrl-C, and has what is under way taken back, or left: a second
// Ctrl-C leaves it in any case.
func (h *here) interrupt(work context.Context, leave func()) {
	select {
	case <-h.pressed:
	case <-work.Done():
		return
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt)
	defer signal.Stop(again)
	if !h.shallRollBack(work, again) {
		leave()
		return
	}
	_, _ = fmt.Fprintln(h.Err, "rolls back; a second Ctrl-C leaves all as it is") // nobody has to read it
	go h.stop(work)
	select {
	case <-again:
		leave()
	case <-work.Done():
	}
}

// shallRollBack asks what is to become of what is under way; without a terminal it goes
// back.
func (h *here) shallRollBack(work context.Context, again <-chan os.Signal) bool {
	if h.lines == nil {
		return true
	}
	_, _ = fmt.Fprint(h.Err, "\nroll back, or leave as it is? r/l ") // nobody has to read it
	for {
		select {
		case line, open := <-h.lines:
			switch line = strings.ToLower(strings.TrimSpace(line)); {
			case line == "r" || !open:
				return true
			case line == "l":
				return false
			}
			_, _ = fmt.Fprint(h.Err, "r rolls back, l leaves as it is: ") // nobody has to read it
		case <-again:
			return false
		case <-work.Done():
			return false
		}
	}
}
