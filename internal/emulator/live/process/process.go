// Package process starts processes of this machine that end when this program does,
// each with a group of its own, so that its children go with it.
package process

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Command is a process to start.
type Command struct {
	Path      string
	Args, Env []string // Env is all that the process gets
	Folder    string   // in which it runs; this program's if ""
	Output    io.Writer
}

// Process is a process that has started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Spawner starts processes, and ends those that are left when it is closed. It starts
// all from one thread: Linux kills a process whose parent ends (see attributes) when
// the thread that started it ends, so that thread must live as long as the processes.
type Spawner struct {
	requests chan request
	stopped  chan struct{} // closed when nothing more is to be started
	ended    chan struct{} // closed when no process is left
	once     sync.Once
}

// request asks the thread for a process.
type request struct {
	command Command
	done    func(*Process, error)
}

// NewSpawner gives a spawner, which has to be closed.
func NewSpawner() *Spawner {
	s := &Spawner{requests: make(chan request), stopped: make(chan struct{}), ended: make(chan struct{})}
	go s.run()
	return s
}

// run is the thread. As it alone starts processes, it knows of each that is left.
func (s *Spawner) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	var left []*Process
	for {
		select {
		case r := <-s.requests:
			p, err := launch(r.command)
			if err == nil {
				left = append(slices.DeleteFunc(left, func(p *Process) bool { return !p.Running() }), p)
			}
			r.done(p, err)
		case <-s.stopped:
			for _, p := range left {
				p.Kill()
			}
			for _, p := range left {
				<-p.Done()
			}
			return
		}
	}
}

// Close kills every process that is left, also one that is just being started, and
// waits for their ends. Nothing is started after it.
func (s *Spawner) Close() {
	s.once.Do(func() { close(s.stopped) })
	<-s.ended
}

// ErrClosed says that a spawner was closed before it could start a process.
var ErrClosed = errors.New("no more processes are started")

// Start starts a process; done is called from another goroutine, and must not wait.
func (s *Spawner) Start(c Command, done func(*Process, error)) {
	go func() {
		select {
		case s.requests <- request{c, done}:
		case <-s.stopped:
			done(nil, ErrClosed)
		}
	}()
}

func launch(c Command) (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...) //nolint:gosec,noctx // the program is the caller's, and lives until it is killed
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Env, c.Folder, c.Output, c.Output
	cmd.SysProcAttr = attributes()
	// A child of the process may keep its output open; it is not waited for.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the process to end and gives its exit code as a shell would: 128
// and the signal's number for one that a signal ended.
func (p *Process) Wait() int {
	<-p.done
	if signal := endedBy(p.cmd.ProcessState); signal > 0 {
		return 128 + signal
	}
	return p.cmd.ProcessState.ExitCode()
}

// How says how the process ended, such as "exit status 1" or "signal: killed". It
// waits for that.
func (p *Process) How() string {
	<-p.done
	return p.cmd.ProcessState.String()
}

// Running reports whether a signal still has somewhere to go.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Terminate asks the process and its children to end.
func (p *Process) Terminate() {
	if p.Running() {
		terminate(p.cmd.Process)
	}
}

// Kill ends the process and its children.
func (p *Process) Kill() {
	if p.Running() {
		kill(p.cmd.Process)
	}
}

// Freeze stops the process and its children where they are, and Thaw lets them go on.
// The machine's clock goes on meanwhile.
func (p *Process) Freeze() {
	if p.Running() {
		freeze(p.cmd.Process)
	}
}

// Thaw is the end of Freeze.
func (p *Process) Thaw() {
	if p.Running() {
		thaw(p.cmd.Process)
	}
}
