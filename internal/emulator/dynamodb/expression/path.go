package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Path leads to a value in an item: an attribute's name, then names in maps and
// indexes in lists.
type Path []Element

// Element is one part of a path: a name, or an index if List is true.
type Element struct {
	Name  string
	Index int
	List  bool
}

func (e Element) String() string {
	if e.List {
		return fmt.Sprintf("[%d]", e.Index)
	}
	return e.Name
}

// String writes the path as DynamoDB's messages do: [a, b, [1]].
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, element := range p {
		parts[i] = element.String()
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Value is what stands at the path in the item, or nil.
func (p Path) Value(item attribute.Item) attribute.Value {
	v := item[p[0].Name]
	for _, element := range p[1:] {
		v = element.in(v)
	}
	return v
}

// in is the member of v that the element names, or nil.
func (e Element) in(v attribute.Value) attribute.Value {
	switch v := v.(type) {
	case *attribute.Map:
		if !e.List {
			return v.Value[e.Name]
		}
	case *attribute.List:
		if e.List && e.Index < len(v.Value) {
			return v.Value[e.Index]
		}
	}
	return nil
}

// disjoint gives an error if two of the paths lead to one place, one into the
// other's, or take one place for a list and for a map.
func disjoint(paths []Path) error {
	for i, second := range paths {
		for _, first := range paths[:i] {
			if err := disjointPair(first, second); err != nil {
				return err
			}
		}
	}
	return nil
}

func disjointPair(first, second Path) error {
	for i := range min(len(first), len(second)) {
		if first[i].List != second[i].List {
			return attribute.Reject("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", first, second)
		}
		if first[i] != second[i] {
			return nil
		}
	}
	return attribute.Reject("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", first, second)
}

// Project is the part of the item that the paths lead to. Members of a list
// keep their order and close ranks.
func Project(item attribute.Item, paths []Path) attribute.Item {
	result := attribute.Item{}
	for name, v := range item {
		var rest []Path
		for _, p := range paths {
			if p[0].Name == name {
				rest = append(rest, p[1:])
			}
		}
		if part := project(v, rest); part != nil {
			result[name] = part
		}
	}
	return result
}

// project is the part of v that the paths, which begin inside it, lead to.
func project(v attribute.Value, paths []Path) attribute.Value {
	if slices.ContainsFunc(paths, func(p Path) bool { return len(p) == 0 }) {
		return attribute.Clone(v)
	}
	switch v := v.(type) {
	case *attribute.Map:
		part := attribute.Item{}
		for name, member := range v.Value {
			if chosen := project(member, below(paths, Element{Name: name})); chosen != nil {
				part[name] = chosen
			}
		}
		if len(part) > 0 {
			return &attribute.Map{Value: part}
		}
	case *attribute.List:
		var part []attribute.Value
		for i, member := range v.Value {
			if chosen := project(member, below(paths, Element{Index: i, List: true})); chosen != nil {
				part = append(part, chosen)
			}
		}
		if len(part) > 0 {
			return &attribute.List{Value: part}
		}
	}
	return nil
}

// below gives the rest of the paths that begin with the element.
func below(paths []Path, element Element) []Path {
	var rest []Path
	for _, p := range paths {
		if p[0] == element {
			rest = append(rest, p[1:])
		}
	}
	return rest
}
