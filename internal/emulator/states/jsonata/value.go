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

// encoding is how a value becomes text.
type encoding struct {
	text   strings.Builder
	indent string // "" puts all on one line
	script bool   // as JSONata's $string does: 15 digits, functions are ""
}

// Encode writes a JSON value without white space, members in order. Undefined
// and functions, which are not JSON, become null.
func Encode(v any) string {
	var e encoding
	e.value(v, "")
	return e.text.String()
}

func (e *encoding) value(v any, margin string) {
	switch v := v.(type) {
	case bool:
		e.text.WriteString(strconv.FormatBool(v))
	case float64:
		if e.script {
			v = rounded(v)
		}
		e.text.WriteString(FormatNumber(v))
	case string:
		e.text.WriteString(quote(v))
	case []any:
		e.list("[]", len(v), margin, func(i int, margin string) { e.value(v[i], margin) })
	case *Object:
		e.list("{}", len(v.keys), margin, func(i int, margin string) {
			e.text.WriteString(quote(v.keys[i]) + ":")
			if e.indent != "" {
				e.text.WriteByte(' ')
			}
			e.value(v.values[v.keys[i]], margin)
		})
	case *function:
		if e.script {
			e.text.WriteString(`""`)
			return
		}
		e.text.WriteString("null")
	default:
		e.text.WriteString("null")
	}
}

func (e *encoding) list(brackets string, n int, margin string, item func(i int, margin string)) {
	e.text.WriteByte(brackets[0])
	inner := margin + e.indent
	for i := range n {
		if i > 0 {
			e.text.WriteByte(',')
		}
		if e.indent != "" {
			e.text.WriteString("\n" + inner)
		}
		item(i, inner)
	}
	if e.indent != "" && n > 0 {
		e.text.WriteString("\n" + margin)
	}
	e.text.WriteByte(brackets[1])
}

// rounded keeps 15 significant digits of a fraction, which hides that 0.1 + 0.2 is
// not 0.3.
func rounded(f float64) float64 {
	if f == math.Trunc(f) {
		return f
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return f
	}
	return short
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
