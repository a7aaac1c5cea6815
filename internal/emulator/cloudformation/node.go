package cloudformation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// node is a value of a template and the line where it stands. It is a mapping,
// a list or a scalar.
type node struct {
	line   int
	kind   kind
	text   string // of a scalar, as written
	scalar any    // of a scalar: string, int64, float64, bool or nil
	items  []*node
	fields []field
}

type kind int

const (
	scalarKind kind = iota
	listKind
	mappingKind
)

// field is an entry of a mapping; a mapping keeps the order of its entries.
type field struct {
	name  string
	line  int
	value *node
}

// get is the value of a mapping's entry, or nil.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// entries are those of a mapping; nil has none.
func (n *node) entries() []field {
	if n == nil {
		return nil
	}
	return n.fields
}

func (n *node) isNull() bool { return n == nil || n.kind == scalarKind && n.scalar == nil }

func (n *node) isString() bool {
	_, ok := n.scalar.(string)
	return n.kind == scalarKind && ok
}

// String is a scalar's text, or what kind of value it is.
func (n *node) String() string {
	switch {
	case n == nil:
		return "nothing"
	case n.kind == mappingKind:
		return "a mapping"
	case n.kind == listKind:
		return "a list"
	}
	return n.text
}

func text(line int, s string) *node { return &node{line: line, text: s, scalar: s} }

func list(line int, items ...*node) *node { return &node{line: line, kind: listKind, items: items} }

// mapping makes one from entries on one line; entries without a value are left
// out.
func mapping(line int, fields ...field) *node {
	n := &node{line: line, kind: mappingKind}
	for _, f := range fields {
		if f.value != nil {
			f.line = line
			n.fields = append(n.fields, f)
		}
	}
	return n
}

// plain is the value as encoding/json represents it.
func (n *node) plain() any {
	switch {
	case n == nil:
		return nil
	case n.kind == listKind:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case n.kind == mappingKind:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.name] = f.value.plain()
		}
		return out
	}
	return n.scalar
}

// fail is an error at a line of the template.
func fail(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{line}, args...)...)
}

// The YAML reader takes the colons of these for a mapping's, inside a list or
// mapping on one line, unless they are quoted.
var (
	pseudoReference = regexp.MustCompile(`(!Ref\s+)(AWS::\w+)`)
	functionKey     = regexp.MustCompile(`([{,]\s*)(Fn::\w+)(\s*:)`)
)

// quoted is the template with them in quotes.
func quoted(data []byte) []byte {
	data = pseudoReference.ReplaceAll(data, []byte(`$1"$2"`))
	return functionKey.ReplaceAll(data, []byte(`$1"$2"$3`))
}

// parse reads YAML, of which JSON is a part, and writes the short forms of
// intrinsic functions in their long form.
func parse(data []byte) (*node, error) {
	file, err := parser.ParseBytes(quoted(data), 0)
	if err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("read YAML: want one document, got %d", len(file.Docs))
	}
	return convert(file.Docs[0].Body)
}

func convert(n ast.Node) (*node, error) {
	line := n.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.MappingNode:
		return convertMapping(line, n.Values)
	case *ast.MappingValueNode:
		return convertMapping(line, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out := list(line)
		for _, value := range n.Values {
			item, err := convert(value)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.TagNode:
		return convertTag(line, n)
	case *ast.StringNode:
		return text(line, n.Value), nil
	case *ast.LiteralNode:
		return text(line, n.Value.Value), nil
	case *ast.NullNode:
		return &node{line: line}, nil
	case *ast.BoolNode:
		return &node{line: line, text: n.GetToken().Value, scalar: n.Value}, nil
	case *ast.IntegerNode:
		return convertInteger(line, n), nil
	case *ast.FloatNode:
		return &node{line: line, text: n.GetToken().Value, scalar: n.Value}, nil
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return nil, fail(line, "YAML aliases are not allowed in CloudFormation templates")
	}
	return nil, fail(line, "YAML %s is not allowed in CloudFormation templates", n.Type())
}

func convertInteger(line int, n *ast.IntegerNode) *node {
	written := n.GetToken().Value
	if i, err := strconv.ParseInt(written, 10, 64); err == nil {
		return &node{line: line, text: written, scalar: i}
	}
	return text(line, written)
}

func convertMapping(line int, values []*ast.MappingValueNode) (*node, error) {
	out := &node{line: line, kind: mappingKind}
	if len(values) > 0 {
		out.line = values[0].Key.GetToken().Position.Line
	}
	for _, entry := range values {
		key := entry.Key.GetToken()
		if _, merge := entry.Key.(*ast.MergeKeyNode); merge {
			return nil, fail(key.Position.Line, "YAML aliases are not allowed in CloudFormation templates")
		}
		if s, ok := entry.Value.(*ast.StringNode); ok && s.Token.Type == token.StringType && strings.HasPrefix(s.Value, ":") {
			return nil, fail(key.Position.Line, "%s:%s needs quotes in a list or mapping written on one line", entry.Key, s.Value)
		}
		value, err := convert(entry.Value)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, field{name: key.Value, line: key.Position.Line, value: value})
	}
	return out, nil
}

// convertTag writes !Name as Fn::Name.
// AWS: CloudFormation template reference, Intrinsic function reference.
func convertTag(line int, n *ast.TagNode) (*node, error) {
	name := strings.TrimPrefix(n.Start.Value, "!")
	value, err := convert(n.Value)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Ref", "Condition":
	case "GetAtt":
		name = "Fn::GetAtt"
		if value.isString() {
			id, attribute, _ := strings.Cut(value.text, ".")
			value = list(line, text(line, id), text(line, attribute))
		}
	case "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "If", "ImportValue", "Join",
		"Not", "Or", "Select", "Split", "Sub", "Transform":
		name = "Fn::" + name
	default:
		return nil, fail(line, "tag %s is not an intrinsic function of CloudFormation", n.Start.Value)
	}
	return mapping(line, field{name: name, value: value}), nil
}
