package spec

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// More than any spec has, and few enough for the parser's stack and time.
const (
	maxBrackets = 1000
	maxIndent   = 200
)

// document parses the YAML and gives its root. Only plain YAML is allowed: one
// document without anchors, aliases, merge keys and tags.
func (r *reader) document(data []byte) (place, bool) {
	root := place{line: 1, column: 1}
	switch {
	case len(data) > MaxSize:
		r.add(root, fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("a file of at most %d bytes", MaxSize))
		return root, false
	case !utf8.Valid(data):
		r.add(root, "bytes that are not UTF-8", "a text file")
		return root, false
	case deep(string(data)):
		r.add(root, "nesting that no spec has", fmt.Sprintf("at most %d brackets and %d columns of indentation", maxBrackets, maxIndent))
		return root, false
	}
	file, err := parse(data)
	if err != nil {
		r.syntax(err)
		return root, false
	}
	if len(file.Docs) > 1 {
		p := root
		if body := file.Docs[1].Body; body != nil {
			p = placeOf("", body)
		}
		r.add(p, "a second YAML document", "one document in the file")
		return root, false
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.add(root, "nothing", "a spec")
		return root, false
	}
	body := file.Docs[0].Body
	ast.Walk(plainOnly{r}, body)
	return placeOf("", body), len(r.problems) == 0
}

// parse keeps a panic of the parser from reaching the caller: the file may be
// anybody's.
func parse(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, fmt.Errorf("%v", p)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// deep says whether the text may nest deeper than any spec does, by brackets or
// by the start of a line.
func deep(text string) bool {
	if strings.Count(text, "[")+strings.Count(text, "{") > maxBrackets {
		return true
	}
	for line := range strings.Lines(text) {
		if len(line)-len(strings.TrimLeft(line, " -?")) > maxIndent {
			return true
		}
	}
	return false
}

// syntax reports what the parser refused.
func (r *reader) syntax(err error) {
	p := place{line: 1, column: 1}
	message := err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			p.line, p.column = t.Position.Line, t.Position.Column
		}
	}
	message = strings.ReplaceAll(message, "\t", `\t`)
	r.add(p, "what is not YAML ("+message+")", "a spec in YAML")
}

// plainOnly reports YAML beyond plain mappings, lists and values.
type plainOnly struct{ r *reader }

// Visit implements ast.Visitor.
func (v plainOnly) Visit(n ast.Node) ast.Visitor {
	found := ""
	switch n.(type) {
	case *ast.AnchorNode:
		found = "an anchor"
	case *ast.AliasNode:
		found = "an alias"
	case *ast.MergeKeyNode:
		found = "a merge key"
	case *ast.TagNode:
		found = "a tag"
	case *ast.MappingKeyNode:
		found = "a complex key"
	case *ast.DirectiveNode:
		found = "a directive"
	}
	if found == "" {
		return v
	}
	v.r.add(placeOf("", n), found, "plain YAML without anchors, aliases, merge keys, tags and complex keys")
	return nil
}

// place is a value in the file, or where one is missing.
type place struct {
	path         string
	line, column int
	node         ast.Node // nil where nothing stands
}

func placeOf(path string, n ast.Node) place {
	p := place{path: path, line: 1, column: 1, node: n}
	var t *token.Token
	switch n := n.(type) {
	case *ast.MappingNode:
		t = n.Start
		if !n.IsFlowStyle && len(n.Values) > 0 {
			t = n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		t = n.Key.GetToken()
	default:
		t = n.GetToken()
	}
	if t != nil && t.Position != nil {
		p.line, p.column = t.Position.Line, t.Position.Column
	}
	return p
}

// given says whether something stands there; "field:" with nothing after it counts.
func (p place) given() bool { return p.node != nil }

func (p place) child(name string) string {
	if p.path == "" {
		return name
	}
	return p.path + "." + name
}

// rejoined gives back the text that the parser takes for a mapping: within a mapping
// in braces it splits an ARN in a list in brackets at its first colon, though in YAML
// a colon without a space behind it is part of the text.
func rejoined(n ast.Node) ast.Node {
	m, ok := n.(*ast.MappingNode)
	if !ok || m.IsFlowStyle || len(m.Values) != 1 {
		return n
	}
	key, colon, value := m.Values[0].Key.GetToken(), m.Values[0].Start, m.Values[0].Value.GetToken()
	switch {
	case key.Type != token.StringType || value.Type != token.StringType:
		return n
	case value.Position.Line != colon.Position.Line || value.Position.Column != colon.Position.Column+1:
		return n // "a: b" is a mapping
	case strings.HasSuffix(key.Origin, " "):
		return n
	}
	text := key.Value + ":" + value.Value
	return ast.String(token.New(text, text, key.Position))
}
