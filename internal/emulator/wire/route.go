package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// protocol is one of AWS's wire protocols.
type protocol interface {
	// decode reads an operation's input; its error is a *wireError.
	decode(op *apiModel, r *Request) (*record, error)
	// encode writes an operation's output, which may be nil.
	encode(c *Call, resp *Response, out *record)
	// fail writes an error; resp has its status already.
	fail(resp *Response, m *model, f *failure)
}

// Identify finds out what a request asks for. The Call it gives is kept with the
// request, so that the input is decoded once.
func (m *Mux) Identify(r *Request) *Call {
	if r.call != nil {
		return r.call
	}
	scope := readScope(r)
	c := &Call{
		Account: m.account, Region: m.region, AccessKey: scope.accessKey,
		Attempt: attempt(r.Header), RequestID: r.ID, Header: r.Header, request: r,
	}
	if scope.region != "" {
		c.Region = scope.region
	}
	r.call = c
	m.route(c, scope.service)
	return c
}

// route chooses service, operation and protocol.
func (m *Mux) route(c *Call, signingName string) {
	want := readTarget(c.request)
	c.protocol, c.Operation = want.protocol, want.operation
	candidates := m.signing(signingName)
	c.service = want.choose(candidates)
	switch {
	case c.service == nil && signingName != "" && len(candidates) == 0:
		c.Service = signingName
		c.err = unknownService(signingName)
	case c.service == nil:
		c.err = unknownOperation(want.prefix, want.operation)
		if len(candidates) > 0 {
			c.service = candidates[0]
		}
	default:
		want.settle(c)
	}
	if c.service != nil {
		c.Service = c.service.name
	}
	if c.protocol == nil {
		c.protocol = awsJSON{version: "1.0"}
	}
}

// signing lists the services with a signing name; all of them for none.
func (m *Mux) signing(name string) []*Service {
	if name == "" {
		return m.services
	}
	return slices.DeleteFunc(slices.Clone(m.services), func(s *Service) bool {
		return s.model.Metadata.SigningName != name
	})
}

// scope is what a signature says of itself.
type scope struct{ accessKey, region, service string }

// readScope reads the credential scope of a Signature Version 4, from the
// header or, of a presigned URL, from the query
// (AWS: IAM User Guide, "Create a signed AWS API request").
func readScope(r *Request) scope {
	credential := ""
	if auth := r.Header.Get("Authorization"); strings.HasPrefix(auth, "AWS4-") {
		_, rest, _ := strings.Cut(auth, "Credential=")
		credential, _, _ = strings.Cut(rest, ",")
	} else if strings.Contains(r.Query, "X-Amz-Credential=") {
		if values, err := url.ParseQuery(r.Query); err == nil {
			credential = values.Get("X-Amz-Credential")
		}
	}
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return scope{}
	}
	// An access key may itself not have a slash, but count from the end as AWS does.
	n := len(parts)
	return scope{accessKey: strings.Join(parts[:n-4], "/"), region: parts[n-3], service: parts[n-2]}
}

// attempt reads the SDK's count of its attempts: "attempt=2; max=3".
func attempt(h http.Header) int {
	for part := range strings.SplitSeq(h.Get("Amz-Sdk-Request"), ";") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(part), "attempt="); ok {
			if i, err := strconv.Atoi(n); err == nil && i > 0 {
				return i
			}
		}
	}
	return 1
}

// target is what a request says it is for, before the service is known.
type target struct {
	protocol  protocol // nil: a REST protocol, the service says which
	prefix    string   // the service's name in X-Amz-Target or in a CBOR path
	operation string
	version   string // of the API, in Query
}

func readTarget(r *Request) target {
	if header := r.Header.Get("X-Amz-Target"); header != "" {
		dot := strings.LastIndexByte(header, '.')
		version := "1.0"
		if strings.Contains(r.Header.Get("Content-Type"), "json-1.1") {
			version = "1.1"
		}
		return target{protocol: awsJSON{version}, prefix: header[:max(dot, 0)], operation: header[dot+1:]}
	}
	return target{}
}

// choose picks the service that the target is for.
func (t target) choose(services []*Service) *Service {
	for _, s := range services {
		if t.prefix != "" && s.model.Metadata.TargetPrefix == t.prefix {
			return s
		}
	}
	return nil
}

// settle finds the operation in the service that was chosen.
func (t target) settle(c *Call) {
	c.op = c.service.ops[t.operation]
	if c.op == nil {
		c.err = c.service.refuse(t.operation)
	}
}

// refuse is the answer to an operation that is not emulated: the service's own
// for one it does not know, with the operation's name.
func (s *Service) refuse(operation string) error {
	err := unknownOperation(s.name, operation)
	if s.model.Operations[operation] == nil && !slices.Contains(s.model.Others, operation) {
		err.message = "the service " + s.name + " has no operation " + strconv.Quote(operation)
	}
	return err
}

func unknownOperation(service, operation string) *wireError {
	return &wireError{
		code: "UnknownOperationException", message: "the operation " + service + " " + strconv.Quote(operation) + " is not emulated",
		status: http.StatusBadRequest, space: "com.amazon.coral.service",
	}
}

func unknownService(name string) error {
	return &wireError{
		code: "UnknownServiceException", message: "the service " + strconv.Quote(name) + " is not emulated",
		status: http.StatusBadRequest,
	}
}
