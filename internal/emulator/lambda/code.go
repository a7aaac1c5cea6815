package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"sync"
)

// Handler is what runs in an execution environment; aws-lambda-go's lambda.Handler
// is one. One that is an io.Closer is closed when its environment is not used any
// more; Close must not wait for the loop. One that has Alive() bool is not used again
// once that is false.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Code is a function's code: its identity, and how it is started.
type Code struct {
	// SHA256 is the hash of the deployment package, in base64 as AWS shows it. Two
	// of the same hash are the same code.
	SHA256 string
	// Size of the package in bytes.
	Size int64
	// Start starts the code in a new execution environment. It runs in a coroutine,
	// so that it may wait, at most until the context ends. What it gives serves one
	// invocation at a time, unless a Fault lets one go on for too long.
	Start func(ctx context.Context, e Environment) (Handler, error) `keep:"-"`
	// Zip is the deployment package, from which Deps.Package makes the code again when
	// the cloud has been away. It may be nil for code that its owner brings (Recode).
	Zip []byte
}

// Environment is what an execution environment is started for.
type Environment struct {
	Function string // its name
	Version  string // "$LATEST" or a number
	Config   FunctionConfig
	// Print takes a line that the code prints, for the function's log group. It may be
	// called from anywhere.
	Print func(line string)
}

// InProcess is code that is called in this process, one value for all execution
// environments. Its identity follows from a name.
func InProcess(name string, h Handler) Code {
	return Code{
		SHA256: Hash([]byte(name)), Size: int64(len(name)),
		Start: func(context.Context, Environment) (Handler, error) { return h, nil },
	}
}

// Hash is the identity of a deployment package with these bytes.
func Hash(pack []byte) string {
	sum := sha256.Sum256(pack)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// FunctionError is an error that a Handler or a Start gives which Lambda passes on as it
// is, where any other is described as aws-lambda-go would.
type FunctionError struct {
	Type    string // the name that a state machine catches
	Payload []byte // what the caller gets
	Down    bool   // the environment is gone
}

// Error implements error.
func (f *FunctionError) Error() string { return f.Type + ": " + string(f.Payload) }

// Exited is the failure of an environment whose process ended by itself.
// AWS: Lambda Developer Guide, Troubleshoot execution issues, Runtime.ExitError.
func Exited(requestID, why string) *FunctionError {
	return Failed("Runtime.ExitError", "RequestId: "+requestID+" Error: Runtime exited with error: "+why)
}

// Failed is the failure of an environment that is gone with it, in Lambda's words.
func Failed(kind, message string) *FunctionError {
	return &FunctionError{Type: kind, Payload: []byte(encode(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})), Down: true}
}

// place holds an invocation's environment, which is put there beside the loop. What
// is put into a place that has been left is ended at once.
type place struct {
	mu   sync.Mutex
	env  Handler
	left bool
}

func (p *place) put(h Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		end(h)
		return
	}
	p.env = h
}

func (p *place) get() Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.env
}

// leave gives the environment away, if there is one.
func (p *place) leave() Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.env
	p.env, p.left = nil, true
	return h
}

// alive reports whether an environment can be used again.
func alive(h Handler) bool {
	mortal, ok := h.(interface{ Alive() bool })
	return !ok || mortal.Alive()
}

// end closes an environment, if there is something to close.
func end(h Handler) {
	if c, ok := h.(io.Closer); ok {
		_ = c.Close() // it is not used any more, whatever it says
	}
}
