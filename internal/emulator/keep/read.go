package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// ErrCut is for state that ends too early or is no state.
var ErrCut = errors.New("the state is cut off or damaged")

// Read fills the roots, which must be those that Write was given by name and order, with
// the state. Beside gives what Write handed to its own. After an error the roots are
// of no use.
func Read(state []byte, roots []Root, beside func(name string) ([]byte, error)) (err error) {
	r := &reader{in: state, beside: beside, shapes: map[string][]string{}, known: map[reflect.Type]bool{}}
	defer func() {
		if got := recover(); got != nil {
			var is bool
			if err, is = got.(problem); !is {
				panic(got)
			}
		}
	}()
	r.structs()
	for _, root := range roots {
		r.places = append(r.places, reflect.ValueOf(root.Of))
	}
	for _, root := range roots {
		r.path = append(r.path[:0], root.Name)
		if name := r.text(); name != root.Name {
			r.fail("the state has %q here", name)
		}
		if !root.Bare {
			r.value(reflect.ValueOf(root.Of).Elem())
		}
	}
	if len(r.in) > 0 {
		r.fail("%d bytes are left", len(r.in))
	}
	return nil
}

type reader struct {
	in     []byte
	beside func(string) ([]byte, error)
	shapes map[string][]string
	known  map[reflect.Type]bool
	places []reflect.Value // pointers and maps by their number, from 1
	path   []string
}

func (r *reader) fail(format string, args ...any) {
	panic(problem{fmt.Errorf("read %s: %w", joined(r.path), fmt.Errorf(format, args...))})
}

func (r *reader) structs() {
	for range r.count() {
		name, lines := r.text(), []string(nil)
		for range r.count() {
			lines = append(lines, r.text())
		}
		r.shapes[name] = lines
	}
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.in)
	if size <= 0 {
		r.fail("%w", ErrCut)
	}
	r.in = r.in[size:]
	return n
}

// count is a number of things that take at least a byte each, or nothing at all.
func (r *reader) count() int {
	n := r.number()
	if n > math.MaxInt32 {
		r.fail("%w", ErrCut)
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.in) {
		r.fail("%w", ErrCut)
	}
	taken := r.in[:n:n]
	r.in = r.in[n:]
	return taken
}

func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) under(step string, v reflect.Value) {
	r.path = append(r.path, step)
	r.value(v)
	r.path = r.path[:len(r.path)-1]
}

// value fills a value that can be set.
func (r *reader) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.take(1)[0] == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, size := binary.Varint(r.in)
		if size <= 0 {
			r.fail("%w", ErrCut)
		}
		r.in = r.in[size:]
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(r.take(8))))
	case reflect.String:
		v.SetString(r.text())
	case reflect.Struct:
		r.structure(v)
	case reflect.Pointer:
		r.pointer(v)
	case reflect.Slice:
		r.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			r.under("[]", v.Index(i))
		}
	case reflect.Map:
		r.mapping(v)
	case reflect.Interface:
		r.dynamic(v)
	default:
		r.fail("a %s is no data", v.Type())
	}
}

func (r *reader) structure(v reflect.Value) {
	if v.Type() == timeType {
		var t time.Time
		if err := t.UnmarshalBinary([]byte(r.text())); err != nil {
			r.fail("%w", err)
		}
		v.Set(reflect.ValueOf(t))
		return
	}
	r.compare(v.Type())
	for _, f := range fields(v.Type()) {
		r.under(f.Name, reach(v, f))
	}
	if v.CanAddr() {
		if restorer, is := v.Addr().Interface().(Restorer); is {
			if err := restorer.Restore(); err != nil {
				r.fail("%w", err)
			}
		}
	}
}

// compare refuses a struct that was another one where the state was written.
func (r *reader) compare(t reflect.Type) {
	if r.known[t] {
		return
	}
	was, ok := r.shapes[nameOf(t)]
	if !ok {
		r.fail("%w", ErrCut)
	}
	is := shape(t)
	for _, line := range was {
		if !slices.Contains(is, line) {
			r.fail("%s has a field %q there that it has not here", nameOf(t), line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			r.fail("%s has a field %q here that it has not there", nameOf(t), line)
		}
	}
	if !slices.Equal(was, is) {
		r.fail("%s has its fields in another order there", nameOf(t))
	}
	r.known[t] = true
}

// place is what a number stands for; found is false where it is to be read now.
func (r *reader) place(n uint64, t reflect.Type) (v reflect.Value, found bool) {
	switch {
	case n == uint64(len(r.places))+1:
		return v, false
	case n > uint64(len(r.places)):
		r.fail("%w", ErrCut)
	}
	v = r.places[n-1]
	if v.Type() != t {
		r.fail("%w", ErrCut)
	}
	return v, true
}

func (r *reader) pointer(v reflect.Value) {
	n := r.number()
	if n == 0 {
		v.SetZero()
		return
	}
	to := reflect.New(v.Type().Elem())
	if plain(v.Type().Elem()) {
		r.value(to.Elem())
		v.Set(to)
		return
	}
	if known, found := r.place(n, v.Type()); found {
		v.Set(known)
		return
	}
	r.places = append(r.places, to)
	v.Set(to)
	r.value(to.Elem())
}

func (r *reader) slice(v reflect.Value) {
	n := r.count()
	if n == 0 {
		v.SetZero()
		return
	}
	n--
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.Set(reflect.ValueOf(r.bytes(n)).Convert(v.Type()))
		return
	}
	if v.Type().Elem().Size() > 0 && n > len(r.in) {
		r.fail("%w", ErrCut)
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		r.under("[]", v.Index(i))
	}
}

func (r *reader) bytes(n int) []byte {
	if n < Large {
		return slices.Clone(r.take(n))
	}
	name := r.text()
	b, err := r.beside(name)
	if err == nil && len(b) != n {
		err = fmt.Errorf("%s has %d bytes, want %d", name, len(b), n)
	}
	if err != nil {
		r.fail("%w", err)
	}
	return b
}

func (r *reader) mapping(v reflect.Value) {
	n := r.number()
	if n == 0 {
		v.SetZero()
		return
	}
	if known, found := r.place(n, v.Type()); found {
		v.Set(known)
		return
	}
	m := reflect.MakeMap(v.Type())
	r.places = append(r.places, m)
	v.Set(m)
	for range r.count() {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		r.value(key)
		r.under("[]", value)
		m.SetMapIndex(key, value)
	}
}

func (r *reader) dynamic(v reflect.Value) {
	name := r.text()
	if name == "" {
		v.SetZero()
		return
	}
	t, ok := ofName(name)
	if !ok || !t.AssignableTo(v.Type()) {
		r.fail("there is no %s here", name)
	}
	value := reflect.New(t).Elem()
	r.value(value)
	v.Set(value)
}
