package wire

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// violation is a value that is not as the model wants it.
type violation struct {
	path       string
	value      any
	null       bool
	sensitive  bool
	constraint string // "Member must …"
	shape      *shape // of the value, or of the elements that are meant
}

// validation collects violations in the order of the model's members.
type validation struct {
	found []violation
	empty error // of the first attribute value without exactly one type
}

// validate checks an input against the model and answers as the service does.
func validate(m *model, in *record) error {
	if in == nil {
		return nil
	}
	var v validation
	v.members("", in, m.Name == "dynamodb")
	if len(v.found) > 0 {
		return styleOf(m.Name).answer(v.found)
	}
	return v.empty
}

// members checks a structure's members; of DynamoDB's attribute values also that
// they have exactly one.
func (v *validation) members(path string, rec *record, attributeValues bool) {
	present := 0
	for i, value := range rec.values {
		ref := rec.shape.members[i]
		switch {
		case value != nil:
			present++
			v.value(join(path, lowerFirst(ref.name)), ref, value, attributeValues)
		case ref.required:
			v.found = append(v.found, violation{
				path: join(path, lowerFirst(ref.name)), null: true, constraint: "Member must not be null", shape: ref.target,
			})
		}
	}
	if attributeValues && rec.shape.Name == "AttributeValue" && v.empty == nil {
		v.empty = attributeValueError(present)
	}
}

// attributeValueError is DynamoDB's answer to an attribute value that has no
// type or several (AWS: DynamoDB API Reference, "AttributeValue").
func attributeValueError(present int) error {
	text := "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	switch {
	case present == 1:
		return nil
	case present > 1:
		text = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
	}
	return &wireError{code: "ValidationException", message: text, status: http.StatusBadRequest}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// value checks a value and what is in it.
func (v *validation) value(path string, ref *memberRef, value any, attributeValues bool) {
	s := ref.target
	for _, constraint := range violated(s, value) {
		v.found = append(v.found, violation{path: path, value: value, sensitive: s.Sensitive, constraint: constraint, shape: s})
	}
	switch value := value.(type) {
	case *record:
		v.members(path, value, attributeValues)
	case []any:
		v.elements(path, s, value, attributeValues)
	case []entry:
		v.entries(path, s, value, attributeValues)
	}
}

// elements checks a list's elements. Scalars are told of together, at the list.
func (v *validation) elements(path string, s *shape, values []any, attributeValues bool) {
	if isScalar(s.Member.target) {
		if slices.ContainsFunc(values, func(e any) bool { return e != nil && violated(s.Member.target, e) != nil }) {
			v.collection(path, s, values, s.Member.target, "Member must satisfy constraint: ")
		}
		return
	}
	for i, element := range values {
		if element != nil {
			v.value(path+"."+strconv.Itoa(i+1)+".member", s.Member, element, attributeValues)
		}
	}
}

// entries checks a map's keys and values.
func (v *validation) entries(path string, s *shape, entries []entry, attributeValues bool) {
	if slices.ContainsFunc(entries, func(e entry) bool { return violated(s.Key.target, e.key) != nil }) {
		v.collection(path, s, entries, s.Key.target, "Map keys must satisfy constraint: ")
	}
	if isScalar(s.Value.target) {
		if slices.ContainsFunc(entries, func(e entry) bool { return e.value != nil && violated(s.Value.target, e.value) != nil }) {
			v.collection(path, s, entries, s.Value.target, "Map value must satisfy constraint: ")
		}
		return
	}
	for _, e := range entries {
		if e.value != nil {
			v.value(path+"."+e.key+".member", s.Value, e.value, attributeValues)
		}
	}
}

func (v *validation) collection(path string, s *shape, value any, element *shape, lead string) {
	v.found = append(v.found, violation{
		path: path, value: value, sensitive: s.Sensitive || element.Sensitive,
		constraint: lead + "[" + strings.Join(constraints(element), ", ") + "]", shape: element,
	})
}

func isScalar(s *shape) bool { return s.Type != "structure" && s.Type != "list" && s.Type != "map" }

// constraints lists a shape's constraints, in the order in which AWS tells them.
func constraints(s *shape) []string {
	var all []string
	measure := "length"
	if isInteger(s) || isFloat(s) {
		measure = "value"
	}
	if s.max.set {
		all = append(all, "Member must have "+measure+" less than or equal to "+s.max.text)
	}
	if s.min.set {
		all = append(all, "Member must have "+measure+" greater than or equal to "+s.min.text)
	}
	if s.Pattern != "" {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if len(s.Enum) > 0 {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return all
}

// violated lists the constraints that a value does not meet.
func violated(s *shape, value any) []string {
	var bad []string
	if n, measure, ok := measured(value); ok {
		if s.max.set && n > s.max.n {
			bad = append(bad, "Member must have "+measure+" less than or equal to "+s.max.text)
		}
		if s.min.set && n < s.min.n {
			bad = append(bad, "Member must have "+measure+" greater than or equal to "+s.min.text)
		}
	}
	text, ok := value.(string)
	if !ok {
		return bad
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		bad = append(bad, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		bad = append(bad, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return bad
}

// measured is a value's length, in Java's terms, or the number that it is.
func measured(value any) (n float64, measure string, ok bool) {
	switch value := value.(type) {
	case string:
		return float64(len(utf16.Encode([]rune(value)))), "length", true
	case []byte:
		return float64(len(value)), "length", true
	case []any:
		return float64(len(value)), "length", true
	case []entry:
		return float64(len(value)), "length", true
	case int64:
		return float64(value), "value", true
	case float64:
		return value, "value", true
	}
	return 0, "", false
}

// display writes a value as Java does, which is how AWS's messages have it.
func display(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case int64:
		return strconv.FormatInt(value, 10)
	case float64:
		return floatText(value)
	case []byte:
		return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", len(value), len(value))
	case time.Time:
		return formatTime(value, "iso8601")
	case []any:
		parts := make([]string, len(value))
		for i := range value {
			parts[i] = display(value[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []entry:
		parts := make([]string, len(value))
		for i := range value {
			parts[i] = value[i].key + "=" + display(value[i].value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *record:
		return displayRecord(value)
	}
	return "null"
}

func displayRecord(rec *record) string {
	var parts []string
	for i, value := range rec.values {
		if value != nil {
			parts = append(parts, lowerFirst(rec.shape.members[i].name)+"="+display(value))
		}
	}
	return rec.shape.Name + "(" + strings.Join(parts, ", ") + ")"
}
