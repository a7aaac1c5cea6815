package wire

import (
	"fmt"
	"maps"
	"slices"
)

// validate checks an input against the model.
func validate(m *model, in *record) error { return nil }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// label names a member in an error.
func (m *memberRef) label() string {
	if m.name == "" {
		return fmt.Sprintf("a value of type %s", m.Shape)
	}
	return m.name
}

func javaName(t string) string { return upperFirst(t) }
