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

// interrupt waits for a Ctrl-C, which ends pressed, and has what is under way taken back,
// or left: a second Ctrl-C leaves it in any case.
func (h *here) interrupt(pressed, work context.Context, leave func()) {
	select {
	case <-pressed.Done():
	case <-work.Done():
		return
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt)
	defer signal.Stop(again)
	if h.lines != nil {
		_, _ = fmt.Fprint(h.Err, "\nroll back, or leave as it is? r/l ") // nobody has to read it
	answer:
		for {
			select {
			case line, open := <-h.lines:
				switch strings.ToLower(strings.TrimSpace(line)) {
				case "r":
					break answer
				case "l":
					leave()
					return
				}
				if !open {
					break answer
				}
				_, _ = fmt.Fprint(h.Err, "r rolls back, l leaves as it is: ") // nobody has to read it
			case <-again:
				leave()
				return
			case <-work.Done():
				return
			}
		}
	}
	_, _ = fmt.Fprintln(h.Err, "rolls back; a second Ctrl-C leaves all as it is") // nobody has to read it
	go h.stop(work)
	select {
	case <-again:
		leave()
	case <-work.Done():
	}
}
