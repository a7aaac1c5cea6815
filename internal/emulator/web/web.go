// Package web is what code in the cloud reaches by HTTP beside AWS's own APIs:
// hosts by name, each answered on the loop. A host that is not here cannot be
// reached, so nothing ever leaves the process.
package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Site answers the requests to a host, on the loop, by calling reply once.
type Site interface {
	Serve(r *wire.Request, reply func(*wire.Response))
}

// SiteFunc is a function as a Site.
type SiteFunc func(r *wire.Request, reply func(*wire.Response))

// Serve implements Site.
func (f SiteFunc) Serve(r *wire.Request, reply func(*wire.Response)) { f(r, reply) }

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	Delay      time.Duration  // the request travels this much longer
	Answer     *wire.Response // answered in the site's place
	LoseAnswer bool           // the site does what was asked, then the connection is reset
	Refuse     bool           // no connection
}

// Web is the hosts there are. Make one with New.
type Web struct {
	// Fault, when set, is asked for each request, on the loop.
	Fault func(r *wire.Request) Fault

	loop  *loop.Loop
	sites map[string]Site
}

// New gives a web without hosts.
func New(l *loop.Loop) *Web { return &Web{loop: l, sites: map[string]Site{}} }

// Host has a site answer the requests to a host. A name that begins with a dot is
// every host that ends so and has no site of its own. It must be called on the
// loop, as must the other methods but Client.
func (w *Web) Host(name string, s Site) { w.sites[strings.ToLower(name)] = s }

// Remove takes the host of this name away.
func (w *Web) Remove(name string) { delete(w.sites, strings.ToLower(name)) }

// Knows reports whether there is a site for a host, which may have a port.
func (w *Web) Knows(host string) bool { return w.find(host) != nil }

// ErrNoHost says that no site has the host's name.
var ErrNoHost = errors.New("no such host")

// Send sends a request and gives the answer to reply, once: an error if there is
// no such host, no connection, or no answer within timeout (0 is no limit).
func (w *Web) Send(r *wire.Request, timeout time.Duration, reply func(*wire.Response, error)) {
	var late *loop.Timer
	answered := false
	answer := func(resp *wire.Response, err error) {
		if answered {
			return
		}
		answered = true
		late.Stop()
		reply(resp, err)
	}
	if timeout > 0 {
		late = w.loop.After(timeout, func() { answer(nil, context.DeadlineExceeded) })
	}
	site := w.find(r.Host)
	if site == nil {
		answer(nil, fmt.Errorf("dial %s: %w", r.Host, ErrNoHost))
		return
	}
	var fault Fault
	if w.Fault != nil {
		fault = w.Fault(r)
	}
	w.loop.After(fault.Delay, func() {
		switch {
		case fault.Refuse:
			answer(nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")})
		case fault.Answer != nil:
			answer(fault.Answer, nil)
		default:
			site.Serve(r, func(resp *wire.Response) {
				if fault.LoseAnswer {
					answer(nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")})
					return
				}
				answer(resp, nil)
			})
		}
	})
}

func (w *Web) find(host string) Site {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(name)
	if s, ok := w.sites[name]; ok {
		return s
	}
	for rest := name; ; {
		_, after, ok := strings.Cut(rest, ".")
		if !ok {
			return nil
		}
		if s, ok := w.sites["."+after]; ok {
			return s
		}
		rest = after
	}
}

// Client gives an HTTP client of the web, for SDKs that take anything with a Do.
// Its request waits as its context says: a coroutine gives way, any other caller
// waits for, or on a virtual loop drives, the loop.
func (w *Web) Client(timeout time.Duration) Client { return Client{web: w, timeout: timeout} }

// Client sends requests to the hosts of a Web.
type Client struct {
	web     *Web
	timeout time.Duration
}

// Do sends the request and waits for the answer.
func (c Client) Do(req *http.Request) (*http.Response, error) {
	return wire.Exchange(c.web.loop, req, func(r *wire.Request, done func(*wire.Response, error)) {
		c.web.Send(r, c.timeout, done)
	})
}
