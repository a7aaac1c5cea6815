package live

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

// balancer is one load balancer: a server for each listener, which all look up
// how to route for each request.
type balancer struct {
	host    *Host
	arn     string
	samples *samples
	proxy   *httputil.ReverseProxy
	routing atomic.Pointer[routing]
	servers map[string]*server // by listener; the loop's

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	turns  map[string]uint64 // of the targets, by group
}

// routing is what a load balancer routes by, with the local addresses of its
// targets. It is not changed once it is in use.
type routing struct {
	listeners map[string]elbv2.Listener
	groups    map[string]elbv2.Group
	addresses map[address]string
	now       func() time.Time
}

// server is a listener's.
type server struct {
	http *http.Server
	port int32
	tls  bool
}

// Configure has the next request go by config. Requests under way end as they
// began.
func (h *Host) Configure(config elbv2.Config) {
	b := h.balancers[config.ARN]
	if b == nil {
		b = h.newBalancer(config.ARN)
		h.balancers[config.ARN] = b
	}
	r := &routing{
		listeners: map[string]elbv2.Listener{}, groups: config.Groups, addresses: map[address]string{}, now: h.loop.Now,
	}
	for _, group := range config.Groups {
		for _, t := range group.Targets {
			if at, ok := h.addresses[address{t.IP, t.Port}]; ok {
				r.addresses[address{t.IP, t.Port}] = at
			}
		}
	}
	for _, l := range config.Listeners {
		r.listeners[l.ARN] = l
	}
	b.routing.Store(r)
	b.serve(config.Listeners)
}

func (h *Host) newBalancer(arn string) *balancer {
	b := &balancer{
		host:    h,
		arn:     arn,
		servers: map[string]*server{},
		random:  rand.New(rand.NewPCG(h.options.Seed, 0)), //nolint:gosec // a choice between equals, not a secret
		turns:   map[string]uint64{},
	}
	b.samples = newSamples(arn, func(samples []elbv2.Sample) {
		h.loop.Post(func() {
			for _, sample := range samples {
				h.Observe(sample)
			}
		})
	})
	b.proxy = &httputil.ReverseProxy{Rewrite: rewrite, Transport: h.carrier, ModifyResponse: b.answered, ErrorHandler: b.unanswered}
	return b
}

// Remove ends a load balancer.
func (h *Host) Remove(arn string) {
	if b := h.balancers[arn]; b != nil {
		b.close()
		delete(h.balancers, arn)
	}
}

// serve brings the servers in line with the listeners.
func (b *balancer) serve(listeners []elbv2.Listener) {
	wanted := map[string]bool{}
	for _, l := range listeners {
		wanted[l.ARN] = true
		secure := l.Protocol == "HTTPS"
		if s := b.servers[l.ARN]; s != nil {
			if s.port == l.Port && s.tls == secure {
				continue
			}
			b.stop(l.ARN)
		}
		if err := b.listen(l, secure); err != nil {
			_, _ = fmt.Fprintf(b.host.options.Output, "load balancer %s: %v\n", b.arn, err) // there is nobody else to tell
		}
	}
	for arn := range b.servers {
		if !wanted[arn] {
			b.stop(arn)
		}
	}
}

// listen opens a listener on its own port, or on a free one if that is taken or
// not allowed.
func (b *balancer) listen(l elbv2.Listener, secure bool) error {
	socket, err := net.Listen("tcp", local(int(l.Port))) //nolint:noctx // a local port is had at once
	if err != nil {
		socket, err = net.Listen("tcp", local(0)) //nolint:noctx // as above
	}
	if err != nil {
		return fmt.Errorf("listen for %s: %w", l.ARN, err)
	}
	b.host.ports.set(l.ARN, socket.Addr().String())
	if secure {
		certificate, err := selfSigned()
		if err != nil {
			return fmt.Errorf("listen for %s: %w", l.ARN, err)
		}
		socket = tls.NewListener(socket, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	}
	s := &http.Server{Handler: b.handler(l.ARN), ReadHeaderTimeout: idleTimeout}
	b.servers[l.ARN] = &server{http: s, port: l.Port, tls: secure}
	go func() { _ = s.Serve(socket) }() // it ends when it is closed
	return nil
}

func (b *balancer) stop(listenerARN string) {
	b.host.ports.set(listenerARN, "")
	_ = b.servers[listenerARN].http.Close() // its clients see their connections end
	delete(b.servers, listenerARN)
}

func (b *balancer) close() {
	for arn := range b.servers {
		b.stop(arn)
	}
}

// group chooses a group by weight; false when no group has any.
func (b *balancer) group(forward *elbv2.Forward) (string, bool) {
	total := 0
	for _, g := range forward.Groups {
		total += int(g.Weight)
	}
	if total == 0 {
		return "", false
	}
	b.mu.Lock()
	at := b.random.IntN(total)
	b.mu.Unlock()
	for _, g := range forward.Groups {
		if at -= int(g.Weight); at < 0 {
			return g.ARN, true
		}
	}
	return "", false
}

// target chooses a target of a group that has some: each in turn, or by share
// while some start slowly.
func (b *balancer) target(group elbv2.Group, now time.Time) elbv2.Target {
	b.mu.Lock()
	defer b.mu.Unlock()
	if group.SlowStart == 0 {
		turn := b.turns[group.ARN]
		b.turns[group.ARN]++
		return group.Targets[turn%uint64(len(group.Targets))]
	}
	total := 0.0
	for _, t := range group.Targets {
		total += group.Share(t, now)
	}
	at := b.random.Float64() * total
	for _, t := range group.Targets {
		if at -= group.Share(t, now); at < 0 {
			return t
		}
	}
	return group.Targets[len(group.Targets)-1]
}

func targetName(t elbv2.Target) string { return t.IP + ":" + strconv.Itoa(int(t.Port)) }
