package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// xmlWriter writes values as the Query and REST-XML protocols have them.
type xmlWriter struct {
	buf        bytes.Buffer
	timestamps string // the format where the model states none
	element    string // the name of a list's elements where the model states none
}

func (w *xmlWriter) bytes() []byte { return w.buf.Bytes() }

func namespaceAttr(uri string) string {
	if uri == "" {
		return ""
	}
	return ` xmlns="` + uri + `"`
}

func (w *xmlWriter) open(name, attrs string) { w.buf.WriteString("<" + name + attrs + ">") }
func (w *xmlWriter) close(name string)       { w.buf.WriteString("</" + name + ">") }

func (w *xmlWriter) text(name, text string) {
	w.open(name, "")
	w.escape(text)
	w.close(name)
}

// escape writes text; it cannot fail, the buffer takes everything.
func (w *xmlWriter) escape(text string) { _ = xml.EscapeText(&w.buf, []byte(text)) }

// members writes a structure's members that stand in the body.
func (w *xmlWriter) members(rec *record) {
	for i, v := range rec.values {
		ref := rec.shape.members[i]
		if v != nil && ref.Location == "" && !ref.XMLAttribute {
			w.value(ref.wireName(), ref, v)
		}
	}
}

// attributes are a structure's members that stand in its tag.
func (w *xmlWriter) attributes(ref *memberRef, rec *record) string {
	var b strings.Builder
	if uri := ref.XMLNamespace.URI; uri != "" {
		name := " xmlns"
		if ref.XMLNamespace.Prefix != "" {
			name += ":" + ref.XMLNamespace.Prefix
		}
		fmt.Fprintf(&b, "%s=%q", name, uri)
	}
	for i, v := range rec.values {
		if member := rec.shape.members[i]; v != nil && member.XMLAttribute {
			var escaped bytes.Buffer
			_ = xml.EscapeText(&escaped, []byte(scalarText(member, v, w.timestamps)))
			fmt.Fprintf(&b, ` %s="%s"`, member.wireName(), escaped.String())
		}
	}
	return b.String()
}

func (w *xmlWriter) value(name string, ref *memberRef, v any) {
	switch v := v.(type) {
	case *record:
		w.open(name, w.attributes(ref, v))
		w.members(v)
		w.close(name)
	case []any:
		w.list(name, ref, v)
	case []entry:
		w.mapping(name, ref, v)
	default:
		w.text(name, scalarText(ref, v, w.timestamps))
	}
}

func (w *xmlWriter) list(name string, ref *memberRef, values []any) {
	element := ref.target.Member
	if ref.flattened() {
		for _, v := range values {
			w.value(nameOr(element, name), element, v)
		}
		return
	}
	w.open(name, "")
	for _, v := range values {
		w.value(nameOr(element, w.element), element, v)
	}
	w.close(name)
}

func (w *xmlWriter) mapping(name string, ref *memberRef, entries []entry) {
	around, each := name, "entry"
	if ref.flattened() {
		around, each = "", name
	}
	if around != "" {
		w.open(around, "")
	}
	for _, e := range entries {
		w.open(each, "")
		w.text(nameOr(ref.target.Key, "key"), e.key)
		if e.value != nil {
			w.value(nameOr(ref.target.Value, "value"), ref.target.Value, e.value)
		}
		w.close(each)
	}
	if around != "" {
		w.close(around)
	}
}

// scalarText is a scalar as it stands in XML, in a header or in a query.
func scalarText(ref *memberRef, v any, timestamps string) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case time.Time:
		return formatTime(v, ref.timestampFormat(timestamps))
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	return ""
}

func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// xmlNode is an element of a document that was read.
type xmlNode struct {
	name     string
	attrs    []xml.Attr
	text     strings.Builder
	children []*xmlNode
}

// maxXMLDepth bounds how deep elements may stand in each other. No model comes
// near it.
const maxXMLDepth = 64

// parseXML reads a document into its root element.
func parseXML(body []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var root *xmlNode
	var open []*xmlNode
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &xmlNode{name: token.Name.Local, attrs: token.Attr}
			switch {
			case len(open) == maxXMLDepth:
				return nil, fmt.Errorf("read XML: more than %d elements in each other", maxXMLDepth)
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, n)
			case root != nil:
				return nil, errors.New("read XML: a second root element")
			default:
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(token)
			}
		}
	}
	if root == nil {
		return nil, errors.New("read XML: there is no element")
	}
	return root, nil
}

// named lists the children with a name.
func (n *xmlNode) named(name string) []*xmlNode {
	var found []*xmlNode
	for _, child := range n.children {
		if child.name == name {
			found = append(found, child)
		}
	}
	return found
}

// xmlStructure reads a structure's members that stand in the body.
func xmlStructure(s *shape, n *xmlNode) (*record, error) {
	rec := newRecord(s)
	for _, ref := range s.members {
		if ref.Location != "" {
			continue
		}
		v, err := xmlMember(ref, n)
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = v
	}
	return rec, nil
}

func xmlMember(ref *memberRef, parent *xmlNode) (any, error) {
	if ref.XMLAttribute {
		_, local, found := strings.Cut(ref.wireName(), ":")
		if !found {
			local = ref.wireName()
		}
		for _, attr := range parent.attrs {
			if attr.Name.Local == local {
				return textValue(ref, attr.Value, "iso8601", malformedXML)
			}
		}
		return nil, nil //nolint:nilnil // it was not sent
	}
	name := ref.wireName()
	if ref.target.Type == "list" && ref.flattened() {
		name = nameOr(ref.target.Member, name)
	}
	nodes := parent.named(name)
	if len(nodes) == 0 {
		return nil, nil //nolint:nilnil // it was not sent
	}
	return xmlValue(ref, nodes)
}

// xmlValue reads a value from its elements: several for what is flattened, else
// the first counts.
func xmlValue(ref *memberRef, nodes []*xmlNode) (any, error) {
	switch s := ref.target; s.Type {
	case "structure":
		return xmlStructure(s, nodes[0])
	case "list":
		if !ref.flattened() {
			nodes = nodes[0].named(nameOr(s.Member, "member"))
		}
		values := make([]any, len(nodes))
		for i, n := range nodes {
			v, err := xmlValue(s.Member, []*xmlNode{n})
			if err != nil {
				return nil, err
			}
			values[i] = v
		}
		return values, nil
	case "map":
		if !ref.flattened() {
			nodes = nodes[0].named("entry")
		}
		return xmlMap(s, nodes)
	default:
		return textValue(ref, nodes[0].text.String(), "iso8601", malformedXML)
	}
}

func xmlMap(s *shape, nodes []*xmlNode) (any, error) {
	entries := []entry{}
	for _, n := range nodes {
		keys, values := n.named(nameOr(s.Key, "key")), n.named(nameOr(s.Value, "value"))
		if len(keys) == 0 {
			continue
		}
		e := entry{key: keys[0].text.String()}
		if len(values) > 0 {
			v, err := xmlValue(s.Value, values)
			if err != nil {
				return nil, err
			}
			e.value = v
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// malformedXML is S3's answer to a body it cannot read
// (AWS: Amazon S3 API Reference, "Error responses").
func malformedXML(string, ...any) error {
	return &wireError{
		code:    "MalformedXML",
		message: "The XML you provided was not well-formed or did not validate against our published schema",
		status:  400,
	}
}
