package wire

import (
	"fmt"
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
	candidates := m.signing(signingName)
	if !slices.ContainsFunc(candidates, func(s *Service) bool { return s.model.routes != nil }) {
		c.err = inflate(c.request)
	}
	want := readTarget(c.request)
	c.protocol, c.Operation = want.protocol, want.operation
	if want.protocol == nil {
		c.service = routeREST(c, candidates)
	} else {
		c.service = want.choose(candidates)
	}
	switch {
	case c.service != nil:
		c.Service = c.service.name
		if c.op = c.service.ops[c.Operation]; c.op == nil && c.err == nil {
			c.err = c.service.refuse(c.Operation)
		}
	case len(candidates) == 0:
		c.Service = signingName
		c.err = unknownService(signingName)
	case len(candidates) == 1:
		c.service, c.Service = candidates[0], candidates[0].name
		c.err = c.service.refuse(c.Operation)
	default:
		c.err = unknownTarget(want)
	}
	if c.protocol == nil {
		c.protocol = ownProtocol(c.service)
	}
}

// ownProtocol is the protocol in which a request that could not be read is
// answered.
func ownProtocol(s *Service) protocol {
	if s == nil {
		return awsJSON{version: "1.1"}
	}
	switch s.model.Metadata.Protocol {
	case "query":
		return awsQuery{}
	case "rest-xml":
		return restXML{}
	case "rest-json":
		return restJSON{}
	case "smithy-rpc-v2-cbor":
		return rpcCBOR{}
	}
	return awsJSON{version: s.model.Metadata.JSONVersion}
}

// routeREST finds the REST service and the operation that a request's place
// belongs to. S3's places fit nearly everything, so it comes last.
func routeREST(c *Call, candidates []*Service) *Service {
	r := c.request
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil
	}
	var found *Service
	best := -1
	for _, s := range candidates {
		p := place{method: r.Method, path: r.Path, query: query, header: r.Header}
		if s.model.Metadata.Protocol == "rest-xml" {
			if bucket := bucketOf(r.Host); bucket != "" {
				p.path = "/" + bucket + p.path
			}
		}
		operation, labels, score, ok := find(s.model.routes, p)
		if !ok || score <= best {
			continue
		}
		found, best, c.Operation = s, score, operation
		c.protocol = restJSON{labels}
		if s.model.Metadata.Protocol == "rest-xml" {
			c.protocol = restXML{labels}
		}
	}
	return found
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
	n := len(parts) // the scope is the last four, whatever the key looks like
	return scope{accessKey: strings.Join(parts[:n-4], "/"), region: parts[n-3], service: parts[n-2]}
}

// SignedFor is the access key that signed a request, and the Region and service it
// was signed for. All are "" when the request has no Signature Version 4; whether
// the signature is right is not looked at.
func (r *Request) SignedFor() (accessKey, region, service string) {
	s := readScope(r)
	return s.accessKey, s.region, s.service
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
	if service, operation, ok := readCBORPath(r.Path); ok {
		return target{protocol: rpcCBOR{}, prefix: service, operation: operation}
	}
	if header := r.Header.Get("X-Amz-Target"); header != "" {
		dot := strings.LastIndexByte(header, '.')
		version := "1.0"
		if strings.Contains(r.Header.Get("Content-Type"), "json-1.1") {
			version = "1.1"
		}
		return target{protocol: awsJSON{version}, prefix: header[:max(dot, 0)], operation: header[dot+1:]}
	}
	isForm := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if r.Path == "/" && (isForm || strings.Contains(r.Query, "Action=")) {
		if form, err := readForm(r); err == nil && form.Has("Action") {
			return target{protocol: awsQuery{}, operation: form.Get("Action"), version: form.Get("Version")}
		}
	}
	return target{}
}

// readCBORPath reads "/service/<name>/operation/<name>".
func readCBORPath(path string) (service, operation string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/service/")
	if !ok {
		return "", "", false
	}
	service, operation, ok = strings.Cut(rest, "/operation/")
	return service, operation, ok && !strings.Contains(operation, "/")
}

// choose picks the service that the target is for.
func (t target) choose(services []*Service) *Service {
	for _, s := range services {
		meta := s.model.Metadata
		if t.prefix != "" && meta.TargetPrefix == t.prefix {
			return s
		}
		if (t.protocol == awsQuery{}) && meta.speaks("query") && (t.version == "" || t.version == meta.APIVersion) {
			return s
		}
	}
	return nil
}

// refuse is the answer to an operation that is not emulated: the service's own
// for one it does not know, with the operation's name.
func (s *Service) refuse(operation string) error {
	err := &wireError{
		code: "UnknownOperationException", status: http.StatusBadRequest, space: "com.amazon.coral.service",
		message: fmt.Sprintf("the operation %s of the service %s is not emulated", operation, s.name),
	}
	switch {
	case operation == "":
		err.message = "the request names no operation of the service " + s.name
	case s.model.Operations[operation] == nil && s.model.Others[operation] == nil:
		err.message = fmt.Sprintf("the service %s has no operation %q", s.name, operation)
	}
	switch s.model.Metadata.Protocol {
	case "query":
		err.code = "InvalidAction"
	case "rest-xml":
		err.code, err.status = "NotImplemented", http.StatusNotImplemented
	case "rest-json":
		err.status = http.StatusNotFound
	}
	return err
}

func unknownTarget(t target) error {
	return &wireError{
		code: "UnknownOperationException", status: http.StatusBadRequest, space: "com.amazon.coral.service",
		message: fmt.Sprintf("no emulated service has the operation %q", strings.TrimPrefix(t.prefix+"."+t.operation, ".")),
	}
}

func unknownService(name string) error {
	return &wireError{
		code: "UnknownServiceException", message: "the service " + strconv.Quote(name) + " is not emulated",
		status: http.StatusBadRequest,
	}
}
