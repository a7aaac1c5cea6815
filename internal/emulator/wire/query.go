package wire

import (
	"cmp"
	"encoding/base64"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// awsQuery is AWS Query: a form each way in, XML out
// (smithy.io, "AWS Query protocol").
type awsQuery struct{}

// formNode is a form's values as a tree: "A.member.1=x" is x under A, member, 1.
type formNode struct {
	value    string
	set      bool
	children map[string]*formNode
}

// readForm reads the form of a request, from its body or its query.
func readForm(r *Request) (url.Values, error) {
	raw := r.Query
	if r.Method == http.MethodPost && len(r.Body) > 0 {
		raw = string(r.Body)
	}
	return url.ParseQuery(raw)
}

func malformedInput(format string, args ...any) error {
	err := serializationError(format, args...).(*wireError) //nolint:errorlint // made one line above
	err.code = "MalformedInput"
	return err
}

func (awsQuery) decode(op *apiModel, r *Request) (*record, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, &wireError{code: "MalformedQueryString", message: err.Error(), status: http.StatusNotFound}
	}
	if op.Input == nil {
		return nil, nil //nolint:nilnil // an operation without input
	}
	root := new(formNode)
	for _, key := range sortedKeys(form) {
		root.put(strings.Split(key, "."), form[key][0])
	}
	return queryStructure(op.Input.target, root)
}

func (n *formNode) put(path []string, value string) {
	for _, name := range path {
		if n.children == nil {
			n.children = map[string]*formNode{}
		}
		next := n.children[name]
		if next == nil {
			next = new(formNode)
			n.children[name] = next
		}
		n = next
	}
	n.value, n.set = value, true
}

// elements are the children with a number for a name, in the numbers' order.
func (n *formNode) elements() []*formNode {
	if n == nil {
		return nil
	}
	type numbered struct {
		at   uint64
		node *formNode
	}
	var found []numbered
	for name, child := range n.children {
		if at, err := strconv.ParseUint(name, 10, 32); err == nil {
			found = append(found, numbered{at, child})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.at, b.at) })
	nodes := make([]*formNode, len(found))
	for i := range found {
		nodes[i] = found[i].node
	}
	return nodes
}

func queryStructure(s *shape, n *formNode) (*record, error) {
	rec := newRecord(s)
	for _, ref := range s.members {
		child := n.children[ref.wireName()]
		if child == nil {
			continue
		}
		v, err := queryValue(ref, child)
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = v
	}
	return rec, nil
}

func queryValue(ref *memberRef, n *formNode) (any, error) {
	switch s := ref.target; s.Type {
	case "structure":
		return queryStructure(s, n)
	case "list":
		return queryList(ref, n)
	case "map":
		return queryMap(ref, n)
	default:
		if !n.set {
			return nil, malformedInput("Unexpected complex element at %s", ref.label())
		}
		return textValue(ref, n.value, "iso8601", malformedInput)
	}
}

// queryList reads "L.member.1" or, flattened, "L.1". "L=" is an empty list.
func queryList(ref *memberRef, n *formNode) (any, error) {
	holder := n
	if !ref.flattened() {
		name := "member"
		if ref.target.Member.LocationName != "" {
			name = ref.target.Member.LocationName
		}
		holder = n.children[name]
	}
	values := []any{}
	for _, element := range holder.elements() {
		v, err := queryValue(ref.target.Member, element)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// queryMap reads "M.entry.1.key" and "M.entry.1.value".
func queryMap(ref *memberRef, n *formNode) (any, error) {
	holder := n
	if !ref.flattened() {
		holder = n.children["entry"]
	}
	entries := []entry{}
	for _, element := range holder.elements() {
		key := element.children[nameOr(ref.target.Key, "key")]
		if key == nil {
			continue
		}
		e := entry{key: key.value}
		if child := element.children[nameOr(ref.target.Value, "value")]; child != nil {
			v, err := queryValue(ref.target.Value, child)
			if err != nil {
				return nil, err
			}
			e.value = v
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// flattened reports whether a list or map stands without an element around it.
func (m *memberRef) flattened() bool { return m.Flattened || m.target.Flattened }

func nameOr(ref *memberRef, own string) string {
	if ref.LocationName != "" {
		return ref.LocationName
	}
	return own
}

// textValue reads a scalar that stands as text: in a form, in XML, in a header
// or in a URI. The error is made by fail.
func textValue(ref *memberRef, text, timestamps string, fail func(string, ...any) error) (any, error) {
	switch ref.target.Type {
	case "boolean":
		switch text {
		case "true", "True", "TRUE":
			return true, nil
		case "false", "False", "FALSE":
			return false, nil
		}
	case "integer", "long":
		bits := 32
		if ref.target.Type == "long" {
			bits = 64
		}
		if i, err := strconv.ParseInt(text, 10, bits); err == nil {
			return i, nil
		}
	case "float", "double":
		if f, err := strconv.ParseFloat(text, 64); err == nil && (!math.IsInf(f, 0) || strings.HasSuffix(text, "Infinity")) {
			return f, nil
		}
	case "timestamp":
		if t, err := parseTime(text); err == nil {
			return t, nil
		}
		if ref.timestampFormat(timestamps) == "iso8601" {
			return nil, fail("timestamp must follow ISO8601")
		}
	case "blob":
		if b, err := base64.StdEncoding.DecodeString(text); err == nil {
			return b, nil
		}
	default:
		return text, nil
	}
	return nil, fail("%q at %s is not a valid %s", text, ref.label(), ref.target.Type)
}

func (awsQuery) encode(c *Call, resp *Response, out *record) {
	resp.Header.Set("Content-Type", "text/xml")
	w := xmlWriter{timestamps: "iso8601", element: "member"}
	name := c.Operation + "Response"
	w.open(name, namespaceAttr(c.service.model.Metadata.XMLNamespace))
	if ref := c.op.model.Output; ref != nil && ref.ResultWrapper != "" {
		w.open(ref.ResultWrapper, "")
		if out != nil {
			w.members(withLists(out))
		}
		w.close(ref.ResultWrapper)
	}
	w.open("ResponseMetadata", "")
	w.text("RequestId", c.RequestID)
	w.close("ResponseMetadata")
	w.close(name)
	resp.Body = w.bytes()
}

// withLists gives an output in which a list that has nothing is there, empty, as
// Query services have it (AWS: Elastic Load Balancing API Reference).
func withLists(out *record) *record {
	full := &record{shape: out.shape, values: slices.Clone(out.values)}
	for i, ref := range out.shape.members {
		if full.values[i] == nil && ref.target.Type == "list" && !ref.flattened() {
			full.values[i] = []any{}
		}
	}
	return full
}

func (awsQuery) fail(resp *Response, m *model, f *failure) {
	resp.Header.Set("Content-Type", "text/xml")
	w := xmlWriter{timestamps: "iso8601", element: "member"}
	w.open("ErrorResponse", namespaceAttr(m.Metadata.XMLNamespace))
	w.open("Error", "")
	who := "Receiver"
	if f.sender {
		who = "Sender"
	}
	w.text("Type", who)
	w.text("Code", f.code)
	w.text("Message", f.message)
	w.close("Error")
	w.text("RequestId", resp.Header.Get("X-Amzn-Requestid"))
	w.close("ErrorResponse")
	resp.Body = w.bytes()
}
