package conformance_test

import (
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// kind is what is wrong with an input.
type kind string

const (
	valid    kind = "valid"
	missing  kind = "missing"
	tooSmall kind = "too small"
	tooLarge kind = "too large"
	noEnum   kind = "not in the enum"
	noMatch  kind = "not as the pattern"
	noType   kind = "of another type"
)

// sample is a value of a shape, of which one thing may be wrong. Structures and
// maps are map[string]any, lists []any, numbers float64, blobs strings.
type sample struct {
	kind  kind
	path  string
	value any
	shape *shape // that is violated
	bare  bool   // a structure is left without members
}

// generator makes samples from a model alone.
type generator struct{ model *model }

// longest is the length up to which a constraint is broken from above.
const longest = 100_000

// minimal is a value with what is required and nothing else. It is not there for
// a shape whose pattern cannot be met by what the generator finds.
func (g generator) minimal(s *shape) any {
	switch s.Type {
	case "structure":
		members := map[string]any{}
		for _, name := range g.required(s) {
			members[name] = g.minimal(g.model.Shapes[s.Members[name].Shape])
		}
		return members
	case "list":
		return slices.Repeat([]any{g.minimal(g.model.Shapes[s.Member.Shape])}, int(low(s)))
	case "map":
		return g.mapOf(s, int(low(s)))
	case "boolean":
		return true
	case "integer", "long", "float", "double":
		return max(low(s), min(1, high(s)))
	case "timestamp":
		return 1.7e9
	case "blob":
		return strings.Repeat("x", int(max(low(s), 1)))
	}
	return textOf(s, int(low(s)))
}

// required are a structure's required members; of a union, and of DynamoDB's
// attribute values, one.
func (g generator) required(s *shape) []string {
	if len(s.Required) > 0 {
		return s.Required
	}
	switch {
	case g.isAttributeValue(s):
		return []string{"S"}
	case s.Union:
		return slices.Sorted(maps.Keys(s.Members))[:1]
	}
	return nil
}

func (g generator) isAttributeValue(s *shape) bool { return s == g.model.Shapes["AttributeValue"] }

func (g generator) mapOf(s *shape, n int) map[string]any {
	entries := map[string]any{}
	keys, values := g.model.Shapes[s.Key.Shape], g.model.Shapes[s.Value.Shape]
	for i := range n {
		key := textOf(keys, int(low(keys)))
		if i > 0 || key == "" {
			key += strconv.Itoa(i)
		}
		entries[key] = g.minimal(values)
	}
	return entries
}

// variants are values of a shape with one thing wrong in each, and values that are
// just within a bound; above are the shapes that it is in, so that none is looked
// into twice.
func (g generator) variants(s *shape, above []*shape) []sample {
	if slices.Contains(above, s) {
		return nil
	}
	above = append(slices.Clone(above), s)
	var all []sample
	add := func(k kind, value any) { all = append(all, sample{kind: k, value: value, shape: s}) }
	switch s.Type {
	case "structure":
		if len(s.Members) > 0 { // without them it is a document, which may be anything
			add(noType, "text")
		}
		all = append(all, g.memberVariants(s, above)...)
	case "list":
		add(noType, "text")
		element := g.model.Shapes[s.Member.Shape]
		members, isStructure := g.minimal(element).(map[string]any)
		g.sizes(s, func(k kind, n int) {
			all = append(all, sample{k, "", slices.Repeat([]any{g.minimal(element)}, n), s, isStructure && len(members) == 0})
		})
		for _, e := range g.variants(element, above) {
			all = append(all, sample{e.kind, "[0]" + e.path, g.filledList(s, e.value), e.shape, e.bare})
		}
	case "map":
		add(noType, "text")
		all = append(all, g.entryVariants(s, above)...)
	case "blob":
		g.sizes(s, func(k kind, n int) { add(k, strings.Repeat("x", n)) })
	case "boolean", "timestamp":
		add(noType, "text")
	case "integer", "long", "float", "double":
		add(noType, "text")
		if s.Min != nil {
			add(tooSmall, *s.Min-1)
			add(valid, *s.Min)
		}
		if s.Max != nil && *s.Max < 1e9 {
			add(tooLarge, *s.Max+1)
			add(valid, *s.Max)
		}
	default:
		add(noType, 17.0)
		all = append(all, textVariants(s)...)
	}
	return all
}

// filledList is a list with the value first that is long enough.
func (g generator) filledList(s *shape, first any) []any {
	rest := slices.Repeat([]any{g.minimal(g.model.Shapes[s.Member.Shape])}, max(int(low(s))-1, 0))
	return append([]any{first}, rest...)
}

func (g generator) memberVariants(s *shape, above []*shape) []sample {
	var all []sample
	base := g.minimal(s).(map[string]any)
	for _, name := range s.Required {
		without := maps.Clone(base)
		delete(without, name)
		all = append(all, sample{missing, "." + name, without, s, len(without) == 0})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Members)) {
		for _, bad := range g.variants(g.model.Shapes[s.Members[name].Shape], above) {
			with := maps.Clone(base)
			if s.Union || g.isAttributeValue(s) {
				clear(with)
			}
			with[name] = bad.value
			all = append(all, sample{bad.kind, "." + name + bad.path, with, bad.shape, bad.bare})
		}
	}
	return all
}

func (g generator) entryVariants(s *shape, above []*shape) []sample {
	var all []sample
	keys, values := g.model.Shapes[s.Key.Shape], g.model.Shapes[s.Value.Shape]
	key := textOf(keys, max(int(low(keys)), 1))
	if len(keys.Enum) == 0 {
		g.sizes(s, func(k kind, n int) { all = append(all, sample{k, "", g.mapOf(s, n), s, false}) })
	}
	for _, bad := range textVariants(keys) {
		all = append(all, sample{bad.kind, "{key}", g.filledMap(s, bad.value.(string), g.minimal(values)), keys, false})
	}
	for _, bad := range g.variants(values, above) {
		all = append(all, sample{bad.kind, "{value}" + bad.path, g.filledMap(s, key, bad.value), bad.shape, bad.bare})
	}
	return all
}

// filledMap is a map with the entry, no larger than it must be.
func (g generator) filledMap(s *shape, key string, value any) map[string]any {
	entries := g.mapOf(s, int(low(s)))
	if _, there := entries[key]; !there && len(entries) > 0 {
		delete(entries, slices.Sorted(maps.Keys(entries))[0])
	}
	entries[key] = value
	return entries
}

// sizes tells the lengths at a shape's bounds and one beyond.
func (g generator) sizes(s *shape, tell func(kind, int)) {
	if s.Min != nil && *s.Min > 0 {
		tell(tooSmall, int(*s.Min)-1)
		tell(valid, int(*s.Min))
	}
	if s.Max != nil && *s.Max < 1000 {
		tell(tooLarge, int(*s.Max)+1)
		tell(valid, int(*s.Max))
	}
}

// textVariants are texts with one constraint broken, and perhaps the pattern with
// the length; and the longest and the last that a shape allows.
func textVariants(s *shape) []sample {
	var all []sample
	add := func(k kind, text string) { all = append(all, sample{k, "", text, s, false}) }
	if s.Min != nil && *s.Min > 0 {
		add(tooSmall, strings.Repeat("a", int(*s.Min)-1))
	}
	if s.Max != nil && *s.Max < longest {
		add(tooLarge, strings.Repeat("a", int(*s.Max)+1))
		long := strings.Repeat("a", int(*s.Max))
		if e := expression(s.Pattern); len(s.Enum) == 0 && e != nil && (s.Pattern == "" || e.MatchString(long)) {
			add(valid, long)
		}
	}
	if len(s.Enum) > 0 {
		add(noEnum, "no-such-value")
		add(valid, s.Enum[len(s.Enum)-1])
	}
	if s.Pattern != "" {
		if bad, found := mismatch(s); found {
			add(noMatch, bad)
		}
	}
	return all
}

// mismatch is a text of allowed length that a shape's pattern does not match.
func mismatch(s *shape) (string, bool) {
	e := expression(s.Pattern)
	if e == nil {
		return "", false
	}
	for _, unit := range []string{"!", "§", " ", "-", ":", "a", "/", "\x01", "\n"} {
		bad := strings.Repeat(unit, max(int(low(s)), 1))
		if !e.MatchString(bad) {
			return bad, true
		}
	}
	return "", false
}

func low(s *shape) float64 {
	if s.Min == nil {
		return 0
	}
	return *s.Min
}

func high(s *shape) float64 {
	if s.Max == nil {
		return longest
	}
	return *s.Max
}

// textOf is a text that a shape allows and that is at least so long.
func textOf(s *shape, atLeast int) string {
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	e := expression(s.Pattern)
	if s.Pattern == "" || e == nil {
		return strings.Repeat("a", max(atLeast, 1))
	}
	parsed, err := syntax.Parse(strings.TrimSuffix(strings.TrimPrefix(e.String(), `\A`), `\z`), syntax.Perl)
	if err != nil {
		panic(fmt.Sprintf("pattern %s: %v", s.Pattern, err)) // it was compiled above
	}
	// The repetitions of a pattern are made longer until the text is long enough.
	for more := range longest {
		found := matching(parsed, more)
		if len(found) >= max(atLeast, 1) || more > atLeast {
			return found
		}
	}
	return ""
}

// matching is a text that an expression matches, with so many more of everything
// that may repeat than it needs.
func matching(e *syntax.Regexp, more int) string {
	switch e.Op { //nolint:exhaustive // the others may be left out or have no width
	case syntax.OpLiteral:
		return string(e.Rune)
	case syntax.OpCharClass:
		return string(character(e.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture:
		return matching(e.Sub[0], more)
	case syntax.OpConcat:
		var all strings.Builder
		for _, part := range e.Sub {
			all.WriteString(matching(part, more))
		}
		return all.String()
	case syntax.OpAlternate:
		return matching(e.Sub[0], more)
	case syntax.OpStar:
		return strings.Repeat(matching(e.Sub[0], 0), more)
	case syntax.OpPlus:
		return strings.Repeat(matching(e.Sub[0], 0), 1+more)
	case syntax.OpRepeat:
		n := e.Min + more
		if e.Max >= 0 {
			n = min(n, e.Max)
		}
		return strings.Repeat(matching(e.Sub[0], 0), n)
	}
	return "" // what is optional, and what has no width
}

// character is one of a class's, a letter where it can be.
func character(ranges []rune) rune {
	for _, wanted := range "a1A" {
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= wanted && wanted <= ranges[i+1] {
				return wanted
			}
		}
	}
	return ranges[0]
}
