package cloudformation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// conform turns a value into what encoding/json would make of the Go type: the
// type of an SDK's input says which members there are and what they hold, and
// CloudFormation's loose values ("80", 80, "true") become what it asks for. A
// property that the type does not have is an error.
func conform(n *node, t reflect.Type, path string) (any, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct:
		return conformStruct(n, t, path)
	case t.Kind() == reflect.Map:
		return conformMap(n, t, path)
	case t.Kind() == reflect.Slice:
		return conformSlice(n, t, path)
	case n.kind != scalarKind:
		return nil, fail(n.line, "property %s is a single value, not %v", path, n)
	}
	return conformScalar(n, t, path)
}

func conformStruct(n *node, t reflect.Type, path string) (any, error) {
	if n.kind != mappingKind {
		return nil, fail(n.line, "property %s is a mapping, not %v", path, n)
	}
	out := make(map[string]any, len(n.fields))
	for _, f := range n.fields {
		member, ok := t.FieldByName(f.name)
		if !ok || !member.IsExported() || f.name == "ResultMetadata" {
			return nil, fail(f.line, "property %s is not supported", within(path, f.name))
		}
		value, err := conform(f.value, member.Type, within(path, f.name))
		if err != nil {
			return nil, err
		}
		out[f.name] = value
	}
	return out, nil
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func conformMap(n *node, t reflect.Type, path string) (any, error) {
	if n.kind != mappingKind {
		return nil, fail(n.line, "property %s is a mapping, not %v", path, n)
	}
	out := make(map[string]any, len(n.fields))
	for _, f := range n.fields {
		value, err := conform(f.value, t.Elem(), within(path, f.name))
		if err != nil {
			return nil, err
		}
		out[f.name] = value
	}
	return out, nil
}

func conformSlice(n *node, t reflect.Type, path string) (any, error) {
	if n.kind != listKind {
		return nil, fail(n.line, "property %s is a list, not %v", path, n)
	}
	out := make([]any, 0, len(n.items))
	for i, item := range n.items {
		value, err := conform(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

func conformScalar(n *node, t reflect.Type, path string) (any, error) {
	switch t.Kind() { // the other kinds are refused below
	case reflect.String:
		return n.text, nil
	case reflect.Bool:
		if b, err := strconv.ParseBool(n.text); err == nil {
			return b, nil
		}
		return nil, fail(n.line, "property %s is true or false, not %v", path, n)
	case reflect.Int, reflect.Int32, reflect.Int64:
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return i, nil
		}
		return nil, fail(n.line, "property %s is an integer, not %v", path, n)
	case reflect.Float32, reflect.Float64:
		if x, err := strconv.ParseFloat(n.text, 64); err == nil {
			return x, nil
		}
		return nil, fail(n.line, "property %s is a number, not %v", path, n)
	}
	return nil, fail(n.line, "property %s has a kind of value (%v) that is not supported", path, t)
}

// taken is a mapping without some of its entries, and those apart.
func taken(n *node, names ...string) (rest, out *node) {
	rest, out = mapping(0), mapping(0)
	for _, f := range n.entries() {
		if slices.Contains(names, f.name) {
			out.fields = append(out.fields, f)
		} else {
			rest.fields = append(rest.fields, f)
		}
	}
	return rest, out
}

// renamed is a mapping with other names for some of its entries.
func renamed(n *node, names map[string]string) *node {
	out := &node{line: n.line, kind: mappingKind}
	for _, f := range n.fields {
		if name, ok := names[f.name]; ok {
			f.name = name
		}
		out.fields = append(out.fields, f)
	}
	return out
}

// document is a JSON document given as a mapping or as a string.
func document(n *node) (*node, error) {
	if n.kind == scalarKind {
		return n, nil
	}
	data, err := json.Marshal(n.plain())
	if err != nil {
		return nil, fail(n.line, "write as JSON: %w", err)
	}
	return text(n.line, string(data)), nil
}
