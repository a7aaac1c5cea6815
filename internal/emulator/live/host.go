// Package live runs the emulated cloud's tasks as real processes and its load
// balancers as real reverse proxies, all on 127.0.0.1.
//
// A task's address is one of the cloud's (10.x.x.x); only this package knows
// which local port stands behind it. Processes, proxies and health checks have
// goroutines of their own and tell the loop what happened by Post; what the
// loop decides reaches the proxies by swapping one pointer, so the next request
// goes by it.
package live

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Program is what is run for an image.
type Program struct {
	Path string
	Args []string // replaced by the container's command, when it has one
	Env  []string // before the container's environment; NAME=value
}

// Options say what a Host runs.
type Options struct {
	// Programs are the programs that stand for images, by the reference in the
	// task definition or by what is before its tag and digest.
	Programs map[string]Program
	// Advice is what to do about an image that no program stands for: the end of
	// the reason why its task does not start.
	Advice string
	// Output takes what the programs write; nil throws it away.
	Output io.Writer
	// Seed starts the choice between weighted groups.
	Seed uint64
}

// Host runs tasks, as ECS's Runner, and carries requests, as the load balancers'
// Traffic. Those methods must be called on the loop.
type Host struct {
	// Observe takes what flowed: the load balancing service's Observe. It is set
	// before the loop runs.
	Observe func(elbv2.Sample)

	loop    *loop.Loop
	options Options
	spawner *process.Spawner
	checker *http.Client
	carrier http.RoundTripper

	tasks     map[string]*task   // by ID
	addresses map[address]string // the local ones
	balancers map[string]*balancer
	ports     listenerPorts
}

// address is a task's, in the cloud.
type address struct {
	ip   string
	port int32
}

// idleTimeout is how long a load balancer waits for a target's answer.
// AWS: Application Load Balancers User Guide, idle_timeout.timeout_seconds.
const idleTimeout = time.Minute

// New gives a host that runs nothing yet. Close ends what it will have started.
func New(l *loop.Loop, options Options) *Host {
	if options.Output == nil {
		options.Output = io.Discard
	}
	options.Output = &lockedWriter{to: options.Output}
	programs := map[string]Program{}
	maps.Copy(programs, options.Programs)
	options.Programs = programs
	return &Host{
		Observe: func(elbv2.Sample) {},
		loop:    l,
		options: options,
		spawner: process.NewSpawner(),
		checker: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		carrier:   &http.Transport{MaxIdleConnsPerHost: 64, ResponseHeaderTimeout: idleTimeout, DisableCompression: true},
		tasks:     map[string]*task{},
		addresses: map[address]string{},
		balancers: map[string]*balancer{},
		ports:     listenerPorts{addresses: map[string]string{}},
	}
}

// Image says which program stands for an image from now on, as Options.Programs
// does from the start. It must be called on the loop.
func (h *Host) Image(image string, p Program) { h.options.Programs[image] = p }

// Close ends all load balancers and kills all processes, and waits for them. The
// loop must have stopped.
func (h *Host) Close() {
	for _, b := range h.balancers {
		b.close()
	}
	h.spawner.Close()
}

// Address is where a listener takes connections, host:port, or "" when there is
// none. It is the listener's own port where that was free. It may be called from
// anywhere.
func (h *Host) Address(listenerARN string) string { return h.ports.get(listenerARN) }

// listenerPorts are the addresses of listeners.
type listenerPorts struct {
	mu        sync.Mutex
	addresses map[string]string
}

func (p *listenerPorts) get(arn string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addresses[arn]
}

func (p *listenerPorts) set(arn, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if address == "" {
		delete(p.addresses, arn)
		return
	}
	p.addresses[arn] = address
}

// lockedWriter lets several processes write to one writer.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
