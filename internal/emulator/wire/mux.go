package wire

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"reflect"
	"slices"
	"strconv"
)

// Service is an emulated service: some operations of a model. Make one with
// NewService.
type Service struct {
	name  string
	model *model
	ops   map[string]*boundOperation
}

// boundOperation is an emulated operation with its model and its Go types.
type boundOperation struct {
	Operation
	model *apiModel
	in    *binding
	out   *binding
}

// NewService puts operations together as the service that botocore calls name.
// It panics if the model does not have one of the operations (list it in
// models/operations.txt and run scripts/models.py) or if the SDK's types do not
// fit the model: both are mistakes in the program.
func NewService(name string, operations ...Operation) *Service {
	m, err := loadModel(name)
	if err != nil {
		panic("wire: " + err.Error())
	}
	s := &Service{name: name, model: m, ops: map[string]*boundOperation{}}
	for _, op := range operations {
		bound, err := m.bindOperation(op)
		if err != nil {
			panic("wire: " + err.Error())
		}
		s.ops[op.Name] = bound
	}
	return s
}

func (m *model) bindOperation(op Operation) (*boundOperation, error) {
	bound := &boundOperation{Operation: op, model: m.Operations[op.Name]}
	if bound.model == nil {
		return nil, fmt.Errorf("the model of service %s has no operation %q", m.Name, op.Name)
	}
	var err error
	if ref := bound.model.Input; ref != nil {
		if bound.in, err = m.bind(ref.target, op.inType); err != nil {
			return nil, fmt.Errorf("bind the input of %s %s: %w", m.Name, op.Name, err)
		}
	}
	if ref := bound.model.Output; ref != nil {
		if bound.out, err = m.bind(ref.target, op.outType); err != nil {
			return nil, fmt.Errorf("bind the output of %s %s: %w", m.Name, op.Name, err)
		}
	}
	return bound, nil
}

// Mux answers requests with the services it was given. It is a Handler.
type Mux struct {
	// Authenticate, when set, says who sent a signed or unsigned request, before its
	// input is read. Its error is the answer; a CredentialError is
	// put into the words of the protocol.
	Authenticate func(c *Call) (Identity, error)
	// Authorize, when set, is asked before an operation runs, with its
	// validated input; its error is the answer.
	Authorize func(c *Call, in any) error

	account  string
	region   string
	services []*Service
}

// NewMux gives the handler of one account in one region.
func NewMux(account, region string, services ...*Service) *Mux {
	return &Mux{account: account, region: region, services: services}
}

// Operations are the operations that are answered, "<service> <operation>", sorted.
func (m *Mux) Operations() []string {
	var all []string
	for _, s := range m.services {
		for op := range s.ops {
			all = append(all, s.name+" "+op)
		}
	}
	slices.Sort(all)
	return all
}

// Handle answers a request; an error is answered as the service's clients expect
// it.
func (m *Mux) Handle(_ context.Context, r *Request, reply func(*Response)) {
	c := m.Identify(r)
	if c.err == nil {
		c.err = m.authenticate(c)
	}
	m.run(c, func(out any, err error) {
		if r.observe != nil {
			r.observe(c, c.in, out, err)
		}
		reply(c.respond(out, err))
	})
}

// run decodes, validates and runs a call.
func (m *Mux) run(c *Call, reply func(out any, err error)) {
	c.decode()
	if c.err == nil {
		c.err = validate(c.service.model, c.document)
	}
	if c.err == nil && m.Authorize != nil {
		c.err = m.Authorize(c, c.in)
	}
	if c.err != nil {
		reply(nil, c.err)
		return
	}
	c.op.invoke(c, c.in, reply)
}

// decode reads the input, once.
func (c *Call) decode() {
	if c.decoded || c.err != nil {
		return
	}
	c.decoded = true
	c.document, c.err = c.protocol.decode(c.op.model, c.request)
	if c.err == nil {
		c.in = c.op.bindInput(c.document)
	}
}

func (op *boundOperation) bindInput(document *record) any {
	in := op.newIn()
	if op.in != nil {
		op.in.set(reflect.ValueOf(in).Elem(), document)
	}
	return in
}

func (op *boundOperation) unbindOutput(out any) *record {
	v := reflect.ValueOf(out)
	if op.out == nil || !v.IsValid() || v.IsNil() {
		return nil
	}
	return op.out.get(v.Elem()).(*record)
}

// respond encodes an output or an error.
func (c *Call) respond(out any, err error) *Response {
	resp := &Response{Status: http.StatusOK, Header: http.Header{}}
	resp.Header.Set("X-Amzn-Requestid", c.RequestID)
	if err == nil {
		err = c.encode(resp, out)
	}
	if err != nil {
		*resp = Response{Header: resp.Header}
		f := describe(c.errorModel(), err)
		resp.Status = f.status
		c.protocol.fail(resp, c.errorModel(), f)
	}
	if c.Service == "dynamodb" {
		// AWS: DynamoDB Developer Guide, "DynamoDB low-level API": response headers.
		resp.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(resp.Body)), 10))
	}
	return resp
}

func (c *Call) encode(resp *Response, out any) error {
	if c.op.model.HTTP.Status != 0 {
		resp.Status = c.op.model.HTTP.Status
	}
	document := c.op.unbindOutput(out)
	if err := streamError(document); err != nil {
		return err
	}
	c.protocol.encode(c, resp, document)
	return nil
}

// streamError is the error of a stream in the output that could not be read.
func streamError(document *record) error {
	if document == nil {
		return nil
	}
	for _, v := range document.values {
		if broken, ok := v.(unreadable); ok {
			return fmt.Errorf("read the output's stream: %w", broken.err)
		}
	}
	return nil
}

// errorModel is the model in whose words an error is told.
func (c *Call) errorModel() *model {
	if c.service != nil {
		return c.service.model
	}
	return &model{}
}
