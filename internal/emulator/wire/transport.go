package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// TransportOptions say how the way to the cloud behaves. All times are the
// cloud's.
type TransportOptions struct {
	// Latency is how long a request travels, and again its answer.
	Latency time.Duration
	// Timeout, when above zero, is how long after sending a client gives up.
	// What it asked for may still happen.
	Timeout time.Duration
	// Backoff is how long an SDK's attempt after the first (2, 3, …) waits before
	// it is sent. The SDK's own retryer is then to have no delay.
	Backoff func(attempt int) time.Duration
	// Fault decides, when a request is sent, what goes wrong with it; nil is
	// nothing.
	Fault func(ctx context.Context, c *Call) *Fault
	// Observe is called on the loop when an operation has answered, with its
	// input and either its output or its error.
	Observe func(c *Call, in, out any, err error)
}

// Transport carries requests of SDK clients to a handler, in process: it is
// their HTTPClient. A request waits as its context says: a coroutine gives way,
// any other caller waits for (or, on a virtual loop, drives) the loop.
type Transport struct {
	loop    *loop.Loop
	handler Handler
	options TransportOptions
}

// NewTransport gives a way to a handler.
func NewTransport(l *loop.Loop, h Handler, o TransportOptions) *Transport {
	return &Transport{loop: l, handler: h, options: o}
}

// Do sends a request and waits for its answer. A connection that is lost is a
// *url.Error around ECONNRESET; a timeout is a *url.Error whose Timeout is true.
func (t *Transport) Do(req *http.Request) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	f := &flight{transport: t, ctx: req.Context(), request: newRequest(req, body)}
	await := t.loop.Await
	if co := loop.FromContext(req.Context()); co != nil {
		await = co.Await
	}
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	stop := f.watch()
	await(f.start)
	stop()
	if f.err != nil {
		return nil, wrapSendError(req, f.err)
	}
	return httpResponse(req, f.response), nil
}

// flight is one request on its way. Its fields are the loop's until it landed.
type flight struct {
	transport *Transport
	ctx       context.Context //nolint:containedctx // a flight lives no longer than its Do
	request   *Request
	call      *Call
	fault     Fault
	timeout   *loop.Timer
	done      func()
	response  *Response
	err       error
}

// watch ends the flight when its context is cancelled, on a live loop. On a
// virtual one nothing but the loop may move anything.
func (f *flight) watch() (stop func() bool) {
	if f.transport.loop.Virtual() {
		return func() bool { return true }
	}
	return context.AfterFunc(f.ctx, func() {
		f.transport.loop.Post(func() { f.land(nil, f.ctx.Err()) })
	})
}

func (f *flight) start(done func()) {
	f.done = done
	f.request.ID = f.transport.loop.UUID()
	f.request.observe = f.transport.options.Observe
	if n := attempt(f.request.Header); n > 1 && f.transport.options.Backoff != nil {
		f.after(f.transport.options.Backoff(n), f.send)
		return
	}
	f.send()
}

// after runs next when d has passed, at once for none.
func (f *flight) after(d time.Duration, next func()) {
	if d <= 0 {
		next()
		return
	}
	f.transport.loop.After(d, next)
}

func (f *flight) send() {
	if err := f.ctx.Err(); err != nil {
		f.land(nil, err)
		return
	}
	o := f.transport.options
	if id, ok := f.transport.handler.(Identifier); ok {
		f.call = id.Identify(f.request)
	}
	if o.Fault != nil && f.call != nil {
		if fault := o.Fault(f.ctx, f.call); fault != nil {
			f.fault = *fault
		}
	}
	f.after(f.fault.Freeze, f.travel)
}

func (f *flight) travel() {
	o := f.transport.options
	if o.Timeout > 0 {
		f.timeout = f.transport.loop.After(o.Timeout, func() { f.land(nil, os.ErrDeadlineExceeded) })
	}
	next := f.arrive
	switch {
	case f.fault.LoseRequest:
		next = func() { f.land(nil, errReset()) }
	case f.fault.Hold != nil:
		next = func() { f.fault.Hold(f.arrive) }
	}
	f.after(o.Latency+f.fault.Delay, next)
}

func (f *flight) arrive() {
	if f.fault.Err != nil {
		if f.request.observe != nil {
			f.request.observe(f.call, f.call.Input(), nil, f.fault.Err)
		}
		f.answer(f.call.respond(nil, f.fault.Err))
		return
	}
	f.transport.handler.Handle(f.ctx, f.request, f.answer)
}

func (f *flight) answer(resp *Response) {
	f.after(f.transport.options.Latency+f.fault.AnswerDelay, func() {
		if f.fault.LoseAnswer || resp == nil {
			f.land(nil, errReset())
			return
		}
		f.land(resp, nil)
	})
}

// land ends the flight; only the first landing counts.
func (f *flight) land(resp *Response, err error) {
	if f.done == nil {
		return
	}
	f.timeout.Stop()
	f.response, f.err = resp, err
	done := f.done
	f.done = nil
	done()
}

func errReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// wrapSendError makes of an error what net/http's client makes of it.
func wrapSendError(req *http.Request, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &url.Error{Op: req.Method, URL: req.URL.String(), Err: err}
}

func httpResponse(req *http.Request, resp *Response) *http.Response {
	body := resp.Body
	length := int64(len(body))
	if req.Method == http.MethodHead {
		body, length = nil, -1
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", resp.Status, http.StatusText(resp.Status)), StatusCode: resp.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: resp.Header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: length, Request: req,
	}
}
