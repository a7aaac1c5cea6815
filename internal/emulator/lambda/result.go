package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// Result is how an invocation ended.
type Result struct {
	// Payload is what the function answered, or what Lambda says of its error.
	Payload []byte
	// FunctionError is "Unhandled" if the function failed, as it is for every
	// error of a custom runtime, else "".
	FunctionError string
	// ErrorType is the type of the function's error, the name that a state
	// machine catches.
	ErrorType string
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Err is why the function was not run.
	Err error
}

// outcome is what a handler did.
type outcome struct {
	payload  []byte
	err      error
	panicked *messages.InvokeResponse_Error
}

// exits reports whether the function's process ends with it.
func (o outcome) exits() bool {
	failure, ok := errors.AsType[*FunctionError](o.err)
	return o.panicked != nil || len(o.payload) > MaxResponse || ok && failure.Down
}

// call runs the handler and catches its panic. If its environment did not start, it
// is started once more. A coroutine that is killed ends in here.
func (i *Invocation) call(ctx context.Context) (out outcome) {
	defer func() {
		if value := recover(); value != nil {
			out.panicked = panicError(value)
		}
	}()
	h := i.place.get()
	if h == nil {
		var err error
		if h, err = i.boot(ctx); err != nil {
			out.err = i.initFailure(err)
			return out
		}
		i.place.put(h)
	}
	out.payload, out.err = h.Invoke(ctx, i.payload)
	return out
}

// initFailure is what Lambda says of code that did not start: what its runtime
// reported, or that it ended, as a main function does that cannot begin.
func (i *Invocation) initFailure(err error) error {
	if failure, ok := errors.AsType[*FunctionError](err); ok {
		return failure
	}
	return Exited(i.RequestID, "exit status 1")
}

// report is the result of a handler that came to its end.
func (i *Invocation) report(out outcome) Result {
	failure, ready := errors.AsType[*FunctionError](out.err)
	switch {
	case out.panicked != nil:
		return functionError(*out.panicked)
	case ready:
		return Result{Payload: failure.Payload, FunctionError: "Unhandled", ErrorType: failure.Type, StatusCode: 200}
	case out.err != nil:
		return functionError(handlerError(out.err))
	case len(out.payload) > MaxResponse:
		return functionError(messages.InvokeResponse_Error{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse),
		})
	}
	return Result{Payload: out.payload, StatusCode: 200}
}

// timedOut is the result of a function whose time was over.
// AWS: Lambda Developer Guide, Troubleshoot execution issues, timeouts.
func (i *Invocation) timedOut(limit time.Duration) Result {
	return functionError(messages.InvokeResponse_Error{
		Type:    "Sandbox.Timedout",
		Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", i.RequestID, limit.Seconds()),
	})
}

func functionError(e messages.InvokeResponse_Error) Result {
	payload, err := json.Marshal(e)
	if err != nil {
		return Result{Err: fmt.Errorf("encode function error %s: %w", e.Type, err), StatusCode: 500}
	}
	return Result{Payload: payload, FunctionError: "Unhandled", ErrorType: e.Type, StatusCode: 200}
}

// handlerError is what aws-lambda-go tells Lambda of an error: the Go type of
// the outermost one, or an InvokeResponse_Error as it is.
func handlerError(err error) messages.InvokeResponse_Error {
	//nolint:errorlint // aws-lambda-go does not unwrap either
	if ready, ok := err.(messages.InvokeResponse_Error); ok {
		return ready
	}
	return messages.InvokeResponse_Error{Type: typeName(err), Message: err.Error()}
}

// panicError is what aws-lambda-go tells Lambda of a panic before it exits.
func panicError(value any) *messages.InvokeResponse_Error {
	if ready, ok := value.(messages.InvokeResponse_Error); ok {
		return &ready
	}
	return &messages.InvokeResponse_Error{
		Type: typeName(value), Message: fmt.Sprint(value), StackTrace: stack(), ShouldExit: true,
	}
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// stack is where the panic came from, innermost first, at most 32 frames.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	const maxFrames, ownFrames = 32, 4 // Callers, stack, panicError, the deferred function
	pcs := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(ownFrames, pcs)])
	var out []*messages.InvokeResponse_Error_StackFrame
	for {
		frame, more := frames.Next()
		folder, label := path.Split(frame.Function)
		pkg, name, _ := strings.Cut(label, ".")
		out = append(out, &messages.InvokeResponse_Error_StackFrame{
			Path: folder + pkg + "/" + path.Base(frame.File), Line: int32(frame.Line), Label: name, //nolint:gosec // a line number
		})
		if !more {
			return out
		}
	}
}
