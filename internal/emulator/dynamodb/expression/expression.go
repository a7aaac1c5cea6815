// Package expression is DynamoDB's expression language: conditions and filters,
// key conditions, updates and projections.
//
// A request's expressions are parsed against its Attributes, the names and
// values it defines, and then evaluated on items. Each parser is a recursive
// descent over the tokens of one expression; errors are DynamoDB's messages.
package expression

import (
	_ "embed"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// reservedWords has a word on each line after the first.
//
//go:embed reserved.txt
var reservedWords string

// reserved reports whether a word may not be written as an attribute's name.
func reserved(name string) bool {
	return strings.Contains(reservedWords, "\n"+strings.ToUpper(name)+"\n")
}

var (
	nameKey  = regexp.MustCompile(`^#[A-Za-z0-9_]+$`)
	valueKey = regexp.MustCompile(`^:[A-Za-z0-9_]+$`)
)

// Attributes are a request's ExpressionAttributeNames and
// ExpressionAttributeValues, and which of them its expressions have used.
type Attributes struct {
	names  map[string]string
	values attribute.Item
	used   map[string]bool
}

// NewAttributes checks the names and values that a request defines. Nil stands
// for a request without them; an empty map is an error.
func NewAttributes(names map[string]string, values attribute.Item) (*Attributes, error) {
	a := &Attributes{names: names, values: make(attribute.Item, len(values)), used: map[string]bool{}}
	if names != nil && len(names) == 0 {
		return nil, attribute.RejectionError("ExpressionAttributeNames must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if !nameKey.MatchString(key) {
			return nil, attribute.Reject("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
	}
	if values != nil && len(values) == 0 {
		return nil, attribute.RejectionError("ExpressionAttributeValues must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !valueKey.MatchString(key) {
			return nil, attribute.Reject("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
		v, err := attribute.Normalize(values[key])
		if err != nil {
			return nil, attribute.Reject("ExpressionAttributeValues contains invalid value: %s for key %s", err, key)
		}
		a.values[key] = v
	}
	return a, nil
}

// Unused is an error if a name or value was defined that no expression parsed
// so far mentions.
func (a *Attributes) Unused() error {
	if keys := a.unused(slices.Sorted(maps.Keys(a.names))); keys != "" {
		return attribute.Reject("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", keys)
	}
	if keys := a.unused(slices.Sorted(maps.Keys(a.values))); keys != "" {
		return attribute.Reject("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", keys)
	}
	return nil
}

func (a *Attributes) unused(keys []string) string {
	return strings.Join(slices.DeleteFunc(keys, func(key string) bool { return a.used[key] }), ", ")
}
