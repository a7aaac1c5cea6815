package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
)

// environment is an execution environment: a process and what it asks. Between
// invocations it is frozen.
type environment struct {
	host    *Host
	process *process.Process
	api     *runtimeAPI
	poll    chan *invocation // where the process waits
}

// starter starts what was unpacked into a folder.
func (h *Host) starter(folder string) func(context.Context, lambda.Environment) (lambda.Handler, error) {
	return func(ctx context.Context, of lambda.Environment) (lambda.Handler, error) {
		e := &environment{host: h, api: newRuntimeAPI()}
		if err := e.launch(ctx, of, folder); err != nil {
			_ = e.api.server.Close() // nobody asks it
			return nil, err
		}
		select {
		case e.poll = <-e.api.polls:
			return e, nil
		case failed := <-e.api.initError:
			e.process.Kill()
			failed.Down = true
			return nil, failed
		case <-e.process.Done():
			return nil, e.exited(ctx)
		case <-ctx.Done():
			e.process.Kill()
			return nil, ctx.Err()
		}
	}
}

// launch starts the process, which then has the Runtime API to ask.
func (e *environment) launch(ctx context.Context, of lambda.Environment, folder string) error {
	program := filepath.Join(folder, "bootstrap")
	if _, err := os.Stat(program); err != nil {
		return invalidEntrypoint(ctx, fmt.Sprintf("Couldn't find valid bootstrap(s): [%s /opt/bootstrap]", program))
	}
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	serve(e.api.server, listener)
	variables, err := e.host.variables(ctx, of, folder, listener.Addr().String())
	if err != nil {
		return err
	}
	output := io.MultiWriter(e.host.logs.writer(of.Function, of.Version, e.host.loop.Now), process.Lines(of.Print))
	command := process.Command{Path: program, Env: variables, Folder: folder, Output: output}
	started := make(chan error, 1)
	e.host.spawner.Start(command, func(p *process.Process, err error) { e.process = p; started <- err })
	if err := <-started; err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			return invalidEntrypoint(ctx, at.Error())
		}
		return err
	}
	if !e.host.track(e) {
		return process.ErrClosed
	}
	return nil
}

// invalidEntrypoint is the failure of a package that cannot be started.
// AWS: Lambda Developer Guide, Troubleshoot execution issues.
func invalidEntrypoint(ctx context.Context, why string) error {
	return lambda.Failed("Runtime.InvalidEntrypoint", "RequestId: "+requestID(ctx)+" Error: "+why)
}

// exited is the failure of a process that has ended by itself.
func (e *environment) exited(ctx context.Context) error {
	return lambda.Exited(requestID(ctx), e.process.How())
}

// requestID is that of the invocation under the context, "" while there is none.
func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// Alive reports whether the process still runs.
func (e *environment) Alive() bool { return e.process.Running() }

// Close kills the process; nobody waits for it here.
func (e *environment) Close() error {
	e.process.Kill()
	return nil
}

// Invoke thaws the process, gives it the invocation, and freezes it again when it asks
// for the next: the invocation is over then, not when it has answered.
// AWS: Lambda Developer Guide, Understanding the Lambda execution environment
// lifecycle, Invoke phase.
func (e *environment) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	inv, err := e.invocation(ctx, payload)
	if err != nil {
		return nil, err
	}
	e.process.Thaw()
	e.api.begin(inv, e.poll)
	select {
	case is := <-inv.answer:
		return e.over(ctx, is)
	case <-e.process.Done():
		select {
		case is := <-inv.answer: // its last word
			return e.over(ctx, is)
		default:
			return nil, e.exited(ctx)
		}
	case <-ctx.Done():
		e.process.Kill()
		return nil, ctx.Err()
	}
}

// over waits until the process is done with an invocation that it has answered.
func (e *environment) over(ctx context.Context, is answer) ([]byte, error) {
	select {
	case e.poll = <-e.api.polls:
		e.process.Freeze()
	case <-e.process.Done():
	case <-ctx.Done():
		e.process.Kill()
		return nil, ctx.Err()
	}
	if is.err != nil {
		return nil, is.err
	}
	return is.payload, nil
}

// invocation is what the context says of the one that is to be run.
func (e *environment) invocation(ctx context.Context, payload []byte) (*invocation, error) {
	inv := &invocation{id: requestID(ctx), payload: payload, trace: e.host.trace(), answer: make(chan answer, 1)}
	inv.deadline, _ = ctx.Deadline()
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return nil, errors.New("the invocation has no Lambda context")
	}
	inv.arn = lc.InvokedFunctionArn
	if !reflect.ValueOf(lc.ClientContext).IsZero() {
		client, err := json.Marshal(lc.ClientContext)
		if err != nil {
			return nil, fmt.Errorf("encode the client context: %w", err)
		}
		inv.client = string(client)
	}
	return inv, nil
}

// trace is a trace that is not sampled: nothing is traced here.
// AWS: X-Ray Developer Guide, Tracing header.
func (h *Host) trace() string {
	const hexDigits, root, parent = 16, 24, 16
	begun := strconv.FormatInt(h.loop.Now().Unix(), hexDigits)
	return strings.Join([]string{"Root=1-" + begun + "-" + h.loop.ID(root), "Parent=" + h.loop.ID(parent), "Sampled=0"}, ";")
}
