package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// label names a member in an error.
func (m *memberRef) label() string {
	if m.name == "" {
		return fmt.Sprintf("a value of type %s", m.Shape)
	}
	return m.name
}

// javaName is the name of a number's type in Java.
func javaName(modelType string) string { return upperFirst(modelType) }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
