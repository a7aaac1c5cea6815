package spec

import (
	"encoding/json"

	"github.com/goccy/go-yaml/ast"
)

// Value is what a YAML text says, in the types of encoding/json; false for what the
// reader does not take as a document.
func Value(source []byte) (any, bool) {
	r := &reader{}
	root, ok := r.document(source)
	if !ok {
		return nil, false
	}
	return value(root.node), true
}

func value(n ast.Node) any {
	switch n := n.(type) {
	case *ast.MappingNode:
		m := map[string]any{}
		for _, pair := range n.Values {
			m[pair.Key.GetToken().Value] = value(pair.Value)
		}
		return m
	case *ast.MappingValueNode:
		return map[string]any{n.Key.GetToken().Value: value(n.Value)}
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			list[i] = value(rejoined(item))
		}
		return list
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return json.Number(n.GetToken().Value)
	case *ast.FloatNode:
		return n.Value
	default:
		return nil
	}
}
