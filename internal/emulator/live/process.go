package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// command is a process to start.
type command struct {
	path      string
	args, env []string
	output    io.Writer
}

// process is a process that has started, with a group of its own.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	code int           // its exit code, then
	// ended is the loop's: it has been told.
	ended bool
}

// spawner starts all processes from one thread. Linux kills a process whose
// parent ends (see attributes) when the thread that started it ends, so that
// thread must live as long as the host.
type spawner struct {
	requests chan func()
	stopped  chan struct{}
	once     sync.Once
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func()), stopped: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			select {
			case request := <-s.requests:
				request()
			case <-s.stopped:
				return
			}
		}
	}()
	return s
}

func (s *spawner) close() { s.once.Do(func() { close(s.stopped) }) }

// errClosed says that a host was closed before it could start a process.
var errClosed = errors.New("the host is closed")

// start starts a process; done is called from another goroutine.
func (s *spawner) start(c command, done func(*process, error)) {
	request := func() { done(launch(c)) }
	go func() {
		select {
		case s.requests <- request:
		case <-s.stopped:
			done(nil, errClosed)
		}
	}()
}

func launch(c command) (*process, error) {
	cmd := exec.Command(c.path, c.args...) //nolint:gosec,noctx // the program is the caller's, and lives until its task is stopped
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, c.output, c.output
	cmd.SysProcAttr = attributes()
	// A child of the process may keep its output open; it is not waited for.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.path, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		p.code = exitCode(cmd.ProcessState)
		close(p.done)
	}()
	return p, nil
}

// wait waits for the process to end and gives its exit code.
func (p *process) wait() int {
	<-p.done
	return p.code
}

// running reports whether a signal still has somewhere to go.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) terminate() {
	if p.running() {
		interrupt(p.cmd.Process)
	}
}

func (p *process) kill() {
	if p.running() {
		end(p.cmd.Process)
	}
}

// freePort gives a port that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", local(0)) //nolint:noctx // a local port is had at once
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().(*net.TCPAddr).Port, nil
}

// exitCode gives a process's exit code as a shell would: 128 and the signal's
// number for one that a signal ended.
func exitCode(state *os.ProcessState) int {
	if signal := endedBy(state); signal > 0 {
		return 128 + signal
	}
	return state.ExitCode()
}
