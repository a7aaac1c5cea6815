package process_test

import (
	"errors"
	"os"
	"os/signal"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
)

// TestMain makes this program one that ends only when it is killed, where its variable
// says so.
func TestMain(m *testing.M) {
	if os.Getenv("STAY") != "" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop)
		for range stop {
		}
	}
	os.Exit(m.Run())
}

// outcome is what a spawner has made of a command.
type outcome struct {
	process *process.Process
	err     error
}

// Closing ends what runs, also what is frozen, and what is just being started.
func TestCloseEndsEveryProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := process.NewSpawner()
	defer s.Close()
	const before, meanwhile = 2, 8
	outcomes := make(chan outcome, before+meanwhile)
	start := func() {
		s.Start(process.Command{Path: self, Env: []string{"STAY=yes"}}, func(p *process.Process, err error) { outcomes <- outcome{p, err} })
	}
	var all []outcome
	for range before {
		start()
		all = append(all, <-outcomes)
		if err := all[0].err; err != nil {
			t.Fatal(err)
		}
	}
	all[0].process.Freeze()
	for range meanwhile {
		start()
	}
	s.Close()
	for range meanwhile {
		all = append(all, <-outcomes)
	}
	for i, o := range all {
		switch {
		case o.err != nil && !errors.Is(o.err, process.ErrClosed):
			t.Errorf("process %d: %v", i, o.err)
		case o.err == nil && o.process.Running():
			t.Errorf("process %d still runs", i)
			o.process.Kill()
		}
	}
	start()
	if o := <-outcomes; !errors.Is(o.err, process.ErrClosed) {
		t.Errorf("a start after the end: error = %v, want %v", o.err, process.ErrClosed)
	}
}
