// Package wire speaks AWS's protocols: it finds the service and operation of an
// HTTP request, decodes it into the SDK's own input type, checks it against
// AWS's service model as AWS does, and encodes the SDK's output type, or the
// error, as the service's clients expect it.
//
// An emulated service is a list of operations on typed values:
//
//	wire.NewService("ecs",
//		wire.Op("DescribeServices", s.describeServices), // func(*wire.Call, *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error)
//	)
//
// Handlers run on the event loop. An error is one of the SDK's typed errors
// (&types.ClusterNotFoundException{}) or a *smithy.GenericAPIError made with
// Errorf; anything else is an InternalFailure, status 500.
package wire

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/aws/smithy-go"
)

// Call is one request as a handler sees it.
type Call struct {
	Service   string // the model's name, as in NewService
	Operation string
	Account   string // of the cloud that was called
	Region    string
	AccessKey string   // of the credentials that signed it; "" when unsigned
	Caller    Identity // who has those credentials; see Mux.Authenticate
	Attempt   int      // the SDK's attempt, from 1; 1 when it does not say
	RequestID string
	Header    http.Header // of the request; only for what the model does not carry

	request  *Request
	service  *Service // nil: not emulated
	op       *boundOperation
	protocol protocol
	decoded  bool
	document *record // the input in neutral form
	in       any     // the input on the SDK's type; nil when it could not be read
	err      error   // why the request has no input, as AWS would answer
}

// Input is the operation's input on the SDK's own type, decoded but not yet
// validated; nil when the request has none that can be read.
func (c *Call) Input() any {
	c.decode()
	return c.in
}

// Errorf is an error with an AWS error code and a message, a client's fault. The
// HTTP status is the model's for the code, else 400.
func Errorf(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// Operation is one emulated operation. Make one with Op or AsyncOp.
type Operation struct {
	Name string

	invoke  func(c *Call, in any, reply func(out any, err error))
	newIn   func() any
	inType  reflect.Type
	outType reflect.Type
}

// Op is an operation that answers at once. I and O are the SDK's input and
// output structs.
func Op[I, O any](name string, fn func(*Call, *I) (*O, error)) Operation {
	return AsyncOp(name, func(c *Call, in *I, reply func(*O, error)) { reply(fn(c, in)) })
}

// AsyncOp is an operation that answers later, by calling reply once, on the loop.
func AsyncOp[I, O any](name string, fn func(c *Call, in *I, reply func(*O, error))) Operation {
	return Operation{
		Name:    name,
		newIn:   func() any { return new(I) },
		inType:  reflect.TypeFor[I](),
		outType: reflect.TypeFor[O](),
		invoke: func(c *Call, in any, reply func(any, error)) {
			fn(c, in.(*I), func(out *O, err error) {
				if err != nil {
					reply(nil, err)
					return
				}
				reply(out, nil)
			})
		},
	}
}

// Request is an HTTP request whose body has been read.
type Request struct {
	ID     string // the request's id, from whoever received it
	Method string
	Path   string // escaped, as sent
	Query  string
	Header http.Header
	Host   string
	Remote string // the address of whoever sent it over a port, "host:port"; "" in process
	Body   []byte

	call    *Call                                 // once it was identified
	observe func(c *Call, in, out any, err error) // called when the handler has answered
}

// Observe has f called on the loop when an operation has answered the request.
func (r *Request) Observe(f func(c *Call, in, out any, err error)) { r.observe = f }

// Response is the answer to a Request.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Handler answers requests, on the event loop. A nil answer is a connection that
// was lost.
type Handler interface {
	Handle(ctx context.Context, r *Request, reply func(*Response))
}
