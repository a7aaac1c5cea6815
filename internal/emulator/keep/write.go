package keep

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// Large is from how many bytes on a []byte is kept beside the state and not in it.
const Large = 32 << 10

// Write gives the state of the roots. Each []byte that is large is handed to beside,
// which gives the name that Read asks for it by.
func Write(roots []Root, beside func([]byte) (string, error)) (state []byte, err error) {
	w := &writer{beside: beside, pointers: map[place]uint64{}, known: map[reflect.Type]bool{}}
	defer func() {
		if r := recover(); r != nil {
			var is bool
			if err, is = r.(problem); !is {
				panic(r)
			}
		}
	}()
	for _, r := range roots {
		w.pointers[place{reflect.ValueOf(r.Of).Pointer(), reflect.TypeOf(r.Of)}] = uint64(len(w.pointers)) + 1
	}
	for _, r := range roots {
		w.text(r.Name)
		if !r.Bare {
			w.path = append(w.path[:0], r.Name)
			w.value(reflect.ValueOf(r.Of).Elem())
		}
	}
	return w.whole(), nil
}

// problem is an error on its way out of the depths.
type problem struct{ error }

func (p problem) Unwrap() error { return p.error }

// place is what a pointer or a map points to. A struct and its first field have the
// same address.
type place struct {
	at uintptr
	of reflect.Type
}

type writer struct {
	out      []byte
	beside   func([]byte) (string, error)
	pointers map[place]uint64
	known    map[reflect.Type]bool
	structs  []reflect.Type
	path     []string
}

func (w *writer) fail(format string, args ...any) {
	panic(problem{fmt.Errorf("keep %s: %w", joined(w.path), fmt.Errorf(format, args...))})
}

func joined(path []string) string {
	var text []byte
	for i, step := range path {
		if i > 0 && step[0] != '[' {
			text = append(text, '.')
		}
		text = append(text, step...)
	}
	return string(text)
}

// whole puts what the structs are before what they hold.
func (w *writer) whole() []byte {
	body := w.out
	w.out = nil
	w.number(uint64(len(w.structs)))
	for _, t := range w.structs {
		lines := shape(t)
		w.text(nameOf(t))
		w.number(uint64(len(lines)))
		for _, line := range lines {
			w.text(line)
		}
	}
	return append(w.out, body...)
}

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

func (w *writer) flag(b bool) {
	if b {
		w.out = append(w.out, 1)
		return
	}
	w.out = append(w.out, 0)
}

// under writes what is at a step below.
func (w *writer) under(step string, v reflect.Value) {
	w.path = append(w.path, step)
	w.value(v)
	w.path = w.path[:len(w.path)-1]
}

// value writes an addressable value, or one that was not got through an unexported
// field.
func (w *writer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		w.flag(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.out = binary.AppendVarint(w.out, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		w.out = binary.BigEndian.AppendUint64(w.out, math.Float64bits(v.Float()))
	case reflect.String:
		w.text(v.String())
	case reflect.Struct:
		w.structure(v)
	case reflect.Pointer:
		w.pointer(v)
	case reflect.Slice:
		w.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			w.under("[]", v.Index(i))
		}
	case reflect.Map:
		w.mapping(v)
	case reflect.Interface:
		w.dynamic(v)
	default:
		w.fail("a %s is no data; mark the field keep:\"-\" and set it again when the state has been read", v.Type())
	}
}

func (w *writer) structure(v reflect.Value) {
	if v.Type() == timeType {
		text, err := v.Interface().(time.Time).MarshalBinary()
		if err != nil {
			w.fail("%w", err)
		}
		w.text(string(text))
		return
	}
	if !w.known[v.Type()] {
		w.known[v.Type()] = true
		w.structs = append(w.structs, v.Type())
	}
	if !v.CanAddr() { // its unexported fields are to be had in a copy
		whole := reflect.New(v.Type()).Elem()
		whole.Set(v)
		v = whole
	}
	for _, f := range fields(v.Type()) {
		w.under(f.Name, reach(v, f))
	}
}

// reach is a field, as if it were exported.
func reach(v reflect.Value, f reflect.StructField) reflect.Value {
	field := v.FieldByIndex(f.Index)
	if f.IsExported() {
		return field
	}
	return reflect.NewAt(f.Type, field.Addr().UnsafePointer()).Elem()
}

func (w *writer) pointer(v reflect.Value) {
	if !v.IsNil() {
		if passing, is := v.Interface().(Passing); is {
			over, err := passing.Over()
			if err != nil {
				w.fail("%w", err)
			}
			if over {
				v = reflect.Zero(v.Type())
			}
		}
	}
	switch {
	case v.IsNil():
		w.number(0)
	case plain(v.Type().Elem()):
		w.number(1)
		w.value(v.Elem())
	default:
		if w.first(place{v.Pointer(), v.Type()}) {
			w.value(v.Elem())
		}
	}
}

// first writes the number of a place, and reports whether what is there is still to be
// written.
func (w *writer) first(p place) bool {
	n, seen := w.pointers[p]
	if !seen {
		n = uint64(len(w.pointers)) + 1
		w.pointers[p] = n
	}
	w.number(n)
	return !seen
}

func (w *writer) slice(v reflect.Value) {
	if v.IsNil() {
		w.number(0)
		return
	}
	w.number(uint64(v.Len()) + 1) //nolint:gosec // it is not negative
	if v.Type().Elem().Kind() == reflect.Uint8 {
		w.bytes(v.Bytes())
		return
	}
	for i := range v.Len() {
		w.under("[]", v.Index(i))
	}
}

func (w *writer) bytes(b []byte) {
	if len(b) < Large {
		w.out = append(w.out, b...)
		return
	}
	name, err := w.beside(b)
	if err != nil {
		w.fail("%w", err)
	}
	w.text(name)
}

// mapping writes the entries in the order of their keys' bytes.
func (w *writer) mapping(v reflect.Value) {
	if v.IsNil() {
		w.number(0)
		return
	}
	if !w.first(place{v.Pointer(), v.Type()}) {
		return
	}
	switch v.Type().Key().Kind() {
	case reflect.Pointer, reflect.Interface:
		w.fail("a map by %s has no order that is the same in the next process", v.Type().Key())
	}
	type entry struct {
		key   []byte
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	out := w.out
	for it := v.MapRange(); it.Next(); {
		w.out = nil
		w.value(it.Key())
		entries = append(entries, entry{w.out, it.Value()})
	}
	w.out = out
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	w.number(uint64(len(entries)))
	for _, e := range entries {
		w.out = append(w.out, e.key...)
		w.under("[]", e.value)
	}
}

func (w *writer) dynamic(v reflect.Value) {
	if v.IsNil() {
		w.text("")
		return
	}
	name, ok := named(v.Elem().Type())
	if !ok {
		w.fail("a %s stands in an interface, and keep.Type does not name it", v.Elem().Type())
	}
	w.text(name)
	w.value(v.Elem())
}
