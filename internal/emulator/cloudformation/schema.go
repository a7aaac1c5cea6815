package cloudformation

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed schemas/schemas.json
var schemaFile []byte

// schema is what CloudFormation's registry says of a resource type.
type schema struct {
	// Properties are the names of those that a template may give.
	Properties []string `json:"properties"`
	// Replaced are the paths of those that only a new resource can have.
	Replaced []string `json:"replaced"`
}

// readSchemas reads those of all types that are emulated.
func readSchemas() map[string]schema {
	var all map[string]schema
	if err := json.Unmarshal(schemaFile, &all); err != nil {
		panic("cloudformation: schemas.json: " + err.Error())
	}
	return all
}

// check refuses properties that the type does not have.
func (s schema) check(properties *node) error {
	for _, f := range properties.entries() {
		if !slices.Contains(s.Properties, f.name) {
			return fail(f.line, "property %s is not supported", f.name)
		}
	}
	return nil
}

// replacedBy are the properties whose change only a new resource can have.
func (s schema) replacedBy(was, now *node) []string {
	var out []string
	for _, path := range s.Replaced {
		if !same(at(was, path), at(now, path)) {
			out = append(out, path)
		}
	}
	return out
}

// at is the value behind a path of names with dots between them, or nil.
func at(n *node, path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		n = n.get(name)
	}
	return n
}

// changed are the names of the properties that differ, sorted.
func changed(was, now *node) []string {
	var out []string
	for _, f := range slices.Concat(was.entries(), now.entries()) {
		if !slices.Contains(out, f.name) && !same(was.get(f.name), now.get(f.name)) {
			out = append(out, f.name)
		}
	}
	slices.Sort(out)
	return out
}

// same compares values as they are written: 80 is "80".
func same(a, b *node) bool {
	switch {
	case a.isNull() || b.isNull():
		return a.isNull() && b.isNull()
	case a.kind != b.kind || len(a.items) != len(b.items) || len(a.fields) != len(b.fields):
		return false
	case a.kind == scalarKind:
		return a.text == b.text
	}
	for i := range a.items {
		if !same(a.items[i], b.items[i]) {
			return false
		}
	}
	for _, f := range a.fields {
		other := b.get(f.name)
		if other == nil || !same(f.value, other) {
			return false
		}
	}
	return true
}

// deletionPolicies are what may become of a resource that leaves its stack.
// AWS: CloudFormation template reference, DeletionPolicy attribute,
// UpdateReplacePolicy attribute. Snapshots are not emulated.
const (
	deletes              = "Delete"
	retains              = "Retain"
	retainsOnceItWasMade = "RetainExceptOnCreate"
)

func readPolicy(f field, allowed ...string) (string, error) {
	if !slices.Contains(allowed, f.value.String()) {
		return "", fail(f.line, "%s %v is not supported, only %s", f.name, f.value, strings.Join(allowed, ", "))
	}
	return f.value.text, nil
}

func unsupported(kind string) error { return fmt.Errorf("type %s is not supported", kind) }
