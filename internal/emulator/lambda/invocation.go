package lambda

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Invocation is one run of a function. The transport that the function's SDK
// clients use finds it with FromContext and tells it of each request, so that a
// function can be made to die at a chosen one.
type Invocation struct {
	// Function is the function's name.
	Function string
	// RequestID is the request's id, the same for all attempts of one event.
	RequestID string
	// N counts the function's invocations from 1.
	N int

	service  *Service
	function *function
	version  *version // when it began
	arn      string   // by which it was invoked
	reserved bool     // runs on the function's reserved concurrency
	place    place
	payload  []byte
	client   lambdacontext.ClientContext
	fault    FunctionFault
	calls    atomic.Int64
	print    func(line string) // of the environment that it starts, if it does

	task    task
	timeout *loop.Timer
	done    func(Result)
}

type invocationKey struct{}

// FromContext gives the invocation that runs under the context, or nil.
func FromContext(ctx context.Context) *Invocation {
	inv, _ := ctx.Value(invocationKey{}).(*Invocation)
	return inv
}

// Calls is how many AWS requests the function has sent.
func (i *Invocation) Calls() int { return int(i.calls.Load()) }

// BeginCall counts an AWS request that the function is about to send and gives
// its number. If the function is to die here, BeginCall does not return. The
// context is the request's; it must be called from the function's own goroutine.
func (i *Invocation) BeginCall(ctx context.Context) int {
	n := int(i.calls.Add(1))
	if n == i.fault.DieBeforeCall {
		i.die(ctx)
	}
	return n
}

// EndCall says that the n-th request has been answered. If the function is to
// die here, EndCall does not return. It must be called like BeginCall.
func (i *Invocation) EndCall(ctx context.Context, n int) {
	if n == i.fault.DieAfterCall {
		i.die(ctx)
	}
}

// die ends the function as a crash of its process does.
func (i *Invocation) die(ctx context.Context) {
	loop.FromContext(ctx).Await(func(func()) { i.Kill() })
}

// Kill ends the function as a crash of its process does. It must be called on the loop
// while the function waits.
func (i *Invocation) Kill() {
	i.task.stop()
	i.settle(i.report(outcome{err: Exited(i.RequestID, "signal: killed")}), true)
}

// Outlive has the function run on when its time is over, as FunctionFault.Zombie does.
func (i *Invocation) Outlive() { i.fault.Zombie = true }

// Payload is what the function was invoked with.
func (i *Invocation) Payload() []byte { return i.payload }

// task is a coroutine whose context ends when it is stopped.
type task struct {
	co     *loop.Coroutine
	cancel atomic.Pointer[context.CancelFunc]
}

// start starts the task; done is called on the loop when body has come to its end,
// unless the task was stopped.
func (t *task) start(l *loop.Loop, body func(ctx context.Context), done func()) {
	t.co = l.Go(func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		t.cancel.Store(&cancel)
		if loop.FromContext(ctx).Dead() { // stopped before there was anything to cancel
			cancel()
		}
		body(ctx)
	}, done)
}

func (t *task) stop() {
	t.co.Kill()
	if cancel := t.cancel.Load(); cancel != nil {
		(*cancel)()
	}
}

// invocationContext is what a handler gets: it ends when the function is
// stopped, and its deadline is in the cloud's time.
type invocationContext struct {
	context.Context //nolint:containedctx // it is a context itself

	deadline time.Time
}

func (c invocationContext) Deadline() (time.Time, bool) { return c.deadline, true }

// initTimeout is how long an environment may take to start before it is started
// again, then as a part of the invocation, which has to pay for it.
// AWS: Lambda Developer Guide, Understanding the Lambda execution environment
// lifecycle, Init phase and failures during the Init phase.
const initTimeout = 10 * time.Second

// initialize starts a new environment, then runs the handler in it.
func (i *Invocation) initialize() {
	var (
		begin   = sync.OnceFunc(i.run)
		started place
		start   task
	)
	late := i.service.loop.After(initTimeout, func() { //nolint:forbidigo // an invocation dies with the process
		start.stop()
		end(started.leave())
		begin()
	})
	start.start(i.service.loop, func(ctx context.Context) {
		if h, err := i.boot(ctx); err == nil {
			started.put(h)
		}
	}, func() {
		late.Stop()
		if h := started.leave(); h != nil {
			i.place.put(h)
		}
		begin()
	})
}

// boot starts the code in a new environment.
func (i *Invocation) boot(ctx context.Context) (Handler, error) {
	return i.version.code.Start(ctx, Environment{Function: i.Function, Version: i.version.number, Config: i.version.config, Print: i.print})
}

// run starts the handler as a coroutine and its timeout beside it.
func (i *Invocation) run() {
	l, limit := i.service.loop, i.version.config.Timeout
	deadline := l.Now().Add(limit)
	i.timeout = l.After(limit, func() { //nolint:forbidigo // likewise
		if !i.fault.Zombie {
			i.task.stop()
		}
		i.settle(i.timedOut(limit), true)
	})
	var out outcome
	i.task.start(l, func(ctx context.Context) {
		ctx = context.WithValue(ctx, invocationKey{}, i)
		ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
			AwsRequestID:       i.RequestID,
			InvokedFunctionArn: i.arn,
			ClientContext:      i.client,
		})
		out = i.call(invocationContext{ctx, deadline}) //nolint:contextcheck // it is the inherited one with a deadline
	}, func() { i.settle(i.report(out), out.exits()) })
}

// settle gives the caller the result, unless it has one already, and the
// environment back, unless the invocation took it down.
func (i *Invocation) settle(r Result, down bool) {
	if i.done == nil {
		return
	}
	done := i.done
	i.done = nil
	i.timeout.Stop()
	i.service.leave(i, !down)
	done(r)
}
