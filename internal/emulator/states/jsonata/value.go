package jsonata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Undefined is the value of an expression that selects nothing. It is not JSON:
// null is nil.
type Undefined struct{}

// Object is a JSON object that keeps its members in the order in which they came,
// as JSONata does. The zero value is an empty object.
//
// All other JSON values are plain Go: nil, bool, float64, string and []any.
type Object struct {
	keys   []string
	values map[string]any
}

// NewObject gives an object with members from alternating names and values.
func NewObject(pairs ...any) *Object {
	o := &Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Set sets a member. A new one goes last.
func (o *Object) Set(key string, value any) {
	if o.values == nil {
		o.values = map[string]any{}
	}
	if _, has := o.values[key]; !has {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// Get gives a member, or Undefined.
func (o *Object) Get(key string) any {
	if v, has := o.values[key]; has {
		return v
	}
	return Undefined{}
}

// Keys are the names of the members in order. The caller must not change them.
func (o *Object) Keys() []string { return o.keys }

// MarshalJSON writes the object as Encode does.
func (o *Object) MarshalJSON() ([]byte, error) { return []byte(Encode(o)), nil }

// maxNesting bounds how deep JSON may be nested, so that walking a value cannot
// run out of stack.
const maxNesting = 1000

// Decode reads one JSON text.
func Decode(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		return nil, fmt.Errorf("decode JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode JSON: text after the value")
	}
	return v, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	token, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return decodeArray(dec, depth)
		}
		return decodeObject(dec, depth)
	case json.Number:
		return t.Float64()
	default:
		return token, nil
	}
}

func decodeArray(dec *json.Decoder, depth int) (any, error) {
	items := []any{}
	for dec.More() {
		item, err := decodeValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := dec.Token()
	return items, err
}

func decodeObject(dec *json.Decoder, depth int) (any, error) {
	o := &Object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := decodeValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		o.Set(key.(string), value)
	}
	_, err := dec.Token()
	return o, err
}

// Encode writes a JSON value without white space, members in order. Undefined
// and functions, which are not JSON, become null.
func Encode(v any) string {
	var b strings.Builder
	encode(&b, v, "", "")
	return b.String()
}

// encode writes v; with an indent each item and member has its own line.
func encode(b *strings.Builder, v any, indent, margin string) {
	switch v := v.(type) {
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case float64:
		b.WriteString(FormatNumber(v))
	case string:
		b.WriteString(quote(v))
	case []any:
		encodeList(b, '[', ']', len(v), indent, margin, func(i int, margin string) {
			encode(b, v[i], indent, margin)
		})
	case *Object:
		colon := ":"
		if indent != "" {
			colon = ": "
		}
		encodeList(b, '{', '}', len(v.keys), indent, margin, func(i int, margin string) {
			b.WriteString(quote(v.keys[i]))
			b.WriteString(colon)
			encode(b, v.values[v.keys[i]], indent, margin)
		})
	default:
		b.WriteString("null")
	}
}

func encodeList(b *strings.Builder, open, end byte, n int, indent, margin string, item func(i int, margin string)) {
	b.WriteByte(open)
	inner := margin + indent
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if indent != "" {
			b.WriteString("\n" + inner)
		}
		item(i, inner)
	}
	if indent != "" && n > 0 {
		b.WriteString("\n" + margin)
	}
	b.WriteByte(end)
}

func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// FormatNumber writes a number as JavaScript does: integers without a fraction,
// an exponent from 1e21 on and below 1e-6.
func FormatNumber(f float64) string {
	if f == 0 {
		return "0"
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	sign := exponent[:1]
	return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

// TypeName is the type of a value as JSONata's $type names it, "undefined" for
// what selects nothing.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	case *Object:
		return "object"
	case Undefined:
		return "undefined"
	default:
		return "function"
	}
}

// Equal reports whether two values are the same JSON. The order of members does
// not count.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case *Object:
		b, ok := b.(*Object)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for _, key := range a.keys {
			other, has := b.values[key]
			if !has || !Equal(a.values[key], other) {
				return false
			}
		}
		return true
	case *function:
		return a == b
	default:
		switch b.(type) {
		case []any, *Object:
			return false
		}
		return a == b
	}
}

func isUndefined(v any) bool {
	_, is := v.(Undefined)
	return is
}

// truth is JSONata's $boolean, for a value that is there.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return slices.ContainsFunc(v, truth)
	case *Object:
		return len(v.keys) > 0
	default:
		return false
	}
}

// size is what a value counts for against the budget of an evaluation.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v)
	case []any:
		return len(v)
	case *Object:
		return len(v.keys)
	default:
		return 1
	}
}
