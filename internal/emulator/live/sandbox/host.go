// Package sandbox runs deployment packages as Lambda does: the program bootstrap as
// a process that asks the Runtime API for invocations, one process for each execution
// environment, frozen between them, with the environment variables that Lambda sets.
//
// A process sees the cloud over a port of 127.0.0.1 and nothing else: AWS's APIs
// through AWS_ENDPOINT_URL, other hosts through a proxy that answers for them with
// certificates that only these processes trust. What differs from AWS: the package
// lies in a folder of its own instead of /var/task, memory is not limited, and the
// program must be one for this machine, whatever the function's architecture says.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// World is the cloud that the processes see.
type World struct {
	// Handler serves AWS's APIs and the hosts of the cloud's web, by the request's
	// Host.
	Handler http.Handler
	// Knows reports, on the loop, whether the web has a host.
	Knows func(host string) bool
	// Config has the Region and the credentials of a function.
	Config func(function string) aws.Config
}

// Host runs deployment packages. Make one with New, show it the cloud with Serve.
type Host struct {
	loop    *loop.Loop
	logs    *Logs
	folder  string // with what was unpacked, and the authority's certificate
	spawner *process.Spawner
	world   World
	proxy   *proxy

	mu       sync.Mutex
	closed   bool
	packages map[string]error // that were unpacked, by folder, and why one was not
	running  map[*environment]struct{}
	ended    sync.WaitGroup
}

// New gives a host that runs nothing yet. A process has the clock of this machine, so
// the loop must be one whose clock that is.
func New(l *loop.Loop, logs *Logs) (*Host, error) {
	switch {
	case runtime.GOOS != "linux":
		return nil, fmt.Errorf("a function's deployment package holds a Linux program and cannot run on %s", runtime.GOOS)
	case l.Virtual():
		return nil, errors.New("a function that is a process has this machine's clock and cannot run in virtual time")
	case l.Speed() != 1:
		return nil, fmt.Errorf("a function that is a process has this machine's clock and cannot run in a cloud whose clock runs %g times as fast", l.Speed())
	}
	folder, err := os.MkdirTemp("", "sluice-functions-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for functions: %w", err)
	}
	h := &Host{
		loop: l, logs: logs, folder: folder, spawner: process.NewSpawner(),
		packages: map[string]error{}, running: map[*environment]struct{}{},
	}
	if h.proxy, err = newProxy(h); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// Serve shows the processes the cloud. It must be called before the first invocation.
func (h *Host) Serve(w World) {
	h.world = w
	h.proxy.serve()
}

// Close kills all processes, waits for them, and takes away what was unpacked.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.spawner.Close()
	h.ended.Wait()
	if h.proxy != nil {
		h.proxy.close()
	}
	_ = os.RemoveAll(h.folder) // a temporary folder
}

// track keeps an environment until its process has ended. It reports false for one
// whose process the closing host ends.
func (h *Host) track(e *environment) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running[e] = struct{}{}
	h.ended.Go(func() {
		<-e.process.Done()
		_ = e.api.server.Close() // its one client is gone
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.running, e)
	})
	return true
}

// Processes is how many processes there are.
func (h *Host) Processes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.running)
}

// listen takes a free port of this machine.
func listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("take a port for functions: %w", err)
	}
	return l, nil
}

// serve answers on a listener until the server is closed.
func serve(s *http.Server, l net.Listener) {
	go func() { _ = s.Serve(l) }() // it ends when the server is closed
}

// newServer has no timeouts. A process may be frozen for as long as nothing invokes it,
// with a connection on which it has sent nothing yet, as net/http's clients keep one
// that came too late for its request. Were that closed meanwhile, the next invocation's
// first request would break on it, which net/http does not repeat.
func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h} //nolint:gosec // its clients are the processes that this host has started
}
