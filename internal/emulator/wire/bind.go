package wire

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// binding moves values of one shape between the neutral form and one Go type of
// the SDK.
type binding struct {
	set func(dst reflect.Value, v any) // v is not nil
	get func(src reflect.Value) any    // nil for what is absent
}

// bindingCache holds a model's bindings. A binding is made once for each pair of
// shape and type.
type bindingCache struct {
	mu   sync.Mutex
	made map[bindingKey]*binding
}

type bindingKey struct {
	shape *shape
	typ   reflect.Type
}

// bind gives the binding of a shape to a type, or an error that names what does
// not fit.
func (m *model) bind(s *shape, t reflect.Type) (*binding, error) {
	m.bindings.mu.Lock()
	defer m.bindings.mu.Unlock()
	if m.bindings.made == nil {
		m.bindings.made = map[bindingKey]*binding{}
	}
	return m.bindings.find(s, t)
}

func (c *bindingCache) find(s *shape, t reflect.Type) (*binding, error) {
	key := bindingKey{s, t}
	if b := c.made[key]; b != nil {
		return b, nil
	}
	b := new(binding)
	c.made[key] = b // before its parts: shapes may contain themselves
	made, err := c.make(s, t)
	if err != nil {
		delete(c.made, key)
		return nil, err
	}
	*b = made
	return b, nil
}

func (c *bindingCache) make(s *shape, t reflect.Type) (binding, error) {
	switch {
	case t.Kind() == reflect.Pointer:
		return c.pointer(s, t)
	case s.Type == "structure" && t.Kind() == reflect.Struct:
		return c.structure(s, t)
	case s.Type == "structure" && t.Kind() == reflect.Interface:
		return c.union(s, t)
	case s.Type == "list" && t.Kind() == reflect.Slice:
		return c.list(s, t)
	case s.Type == "map" && t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return c.mapping(s, t)
	}
	if b, ok := scalar(s, t); ok {
		return b, nil
	}
	return binding{}, fmt.Errorf("shape %s (%s) does not fit Go type %v", s.Name, s.Type, t)
}

func (c *bindingCache) pointer(s *shape, t reflect.Type) (binding, error) {
	elem, err := c.find(s, t.Elem())
	if err != nil {
		return binding{}, err
	}
	return binding{
		set: func(dst reflect.Value, v any) {
			dst.Set(reflect.New(t.Elem()))
			elem.set(dst.Elem(), v)
		},
		get: func(src reflect.Value) any {
			if src.IsNil() {
				return nil
			}
			return elem.get(src.Elem())
		},
	}, nil
}

// field is a structure's member bound to a struct's field.
type field struct {
	index  int
	member *memberRef
	value  *binding
	enum   bool // "" means absent
}

func (c *bindingCache) structure(s *shape, t reflect.Type) (binding, error) {
	fields := make([]field, 0, len(s.members))
	for _, ref := range s.members {
		sf, ok := t.FieldByName(upperFirst(ref.name))
		if !ok { // the SDK writes so what a method's name would clash with
			sf, ok = t.FieldByName(upperFirst(ref.name) + "_")
		}
		if !ok {
			return binding{}, fmt.Errorf("%v has no field %s for member %s of shape %s", t, upperFirst(ref.name), ref.name, s.Name)
		}
		b, err := c.find(ref.target, sf.Type)
		if err != nil {
			return binding{}, fmt.Errorf("member %s of shape %s: %w", ref.name, s.Name, err)
		}
		fields = append(fields, field{sf.Index[0], ref, b, sf.Type.Kind() == reflect.String})
	}
	return binding{
		set: func(dst reflect.Value, v any) {
			rec := v.(*record)
			for i := range fields {
				if value := rec.values[fields[i].member.index]; value != nil {
					fields[i].value.set(dst.Field(fields[i].index), value)
				}
			}
		},
		get: func(src reflect.Value) any {
			rec := newRecord(s)
			for i := range fields {
				f := src.Field(fields[i].index)
				if fields[i].enum && f.Len() == 0 {
					continue
				}
				rec.values[fields[i].member.index] = fields[i].value.get(f)
			}
			return rec
		},
	}, nil
}

func (c *bindingCache) list(s *shape, t reflect.Type) (binding, error) {
	elem, err := c.find(s.Member.target, t.Elem())
	if err != nil {
		return binding{}, err
	}
	return binding{
		set: func(dst reflect.Value, v any) {
			values := v.([]any)
			dst.Set(reflect.MakeSlice(t, len(values), len(values)))
			for i, value := range values {
				if value != nil {
					elem.set(dst.Index(i), value)
				}
			}
		},
		get: func(src reflect.Value) any {
			if src.IsNil() {
				return nil
			}
			values := make([]any, src.Len())
			for i := range values {
				values[i] = elem.get(src.Index(i))
			}
			return values
		},
	}, nil
}

func (c *bindingCache) mapping(s *shape, t reflect.Type) (binding, error) {
	elem, err := c.find(s.Value.target, t.Elem())
	if err != nil {
		return binding{}, err
	}
	return binding{
		set: func(dst reflect.Value, v any) {
			entries := v.([]entry)
			dst.Set(reflect.MakeMapWithSize(t, len(entries)))
			for _, e := range entries {
				value := reflect.New(t.Elem()).Elem()
				if e.value != nil {
					elem.set(value, e.value)
				}
				dst.SetMapIndex(reflect.ValueOf(e.key).Convert(t.Key()), value)
			}
		},
		get: func(src reflect.Value) any {
			if src.IsNil() {
				return nil
			}
			entries := make([]entry, 0, src.Len())
			for it := src.MapRange(); it.Next(); {
				entries = append(entries, entry{it.Key().String(), elem.get(it.Value())})
			}
			slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
			return entries
		},
	}, nil
}

// scalar binds what has no parts.
func scalar(s *shape, t reflect.Type) (binding, bool) {
	switch kind := t.Kind(); {
	case (s.Type == "string" || s.Type == "character") && kind == reflect.String:
		return binding{
			set: func(dst reflect.Value, v any) { dst.SetString(v.(string)) },
			get: func(src reflect.Value) any { return src.String() },
		}, true
	case s.Type == "boolean" && kind == reflect.Bool:
		return binding{
			set: func(dst reflect.Value, v any) { dst.SetBool(v.(bool)) },
			get: func(src reflect.Value) any { return src.Bool() },
		}, true
	case isInteger(s) && (kind == reflect.Int32 || kind == reflect.Int64):
		return binding{
			set: func(dst reflect.Value, v any) { dst.SetInt(v.(int64)) },
			get: func(src reflect.Value) any { return src.Int() },
		}, true
	case isFloat(s) && (kind == reflect.Float32 || kind == reflect.Float64):
		return binding{
			set: func(dst reflect.Value, v any) { dst.SetFloat(v.(float64)) },
			get: func(src reflect.Value) any { return src.Float() },
		}, true
	case s.Type == "timestamp" && t == reflect.TypeFor[time.Time]():
		return binding{
			set: func(dst reflect.Value, v any) { dst.Set(reflect.ValueOf(v)) },
			get: func(src reflect.Value) any { return src.Interface() },
		}, true
	case s.Type == "blob":
		return blob(t)
	}
	return binding{}, false
}

func isInteger(s *shape) bool { return s.Type == "integer" || s.Type == "long" }
func isFloat(s *shape) bool   { return s.Type == "float" || s.Type == "double" }

// blob binds bytes: to a slice, or to a stream that was read to its end before
// the handler runs or is read to its end after it.
func blob(t reflect.Type) (binding, bool) {
	switch t {
	case reflect.TypeFor[[]byte]():
		return binding{
			set: func(dst reflect.Value, v any) { dst.SetBytes(v.([]byte)) },
			get: func(src reflect.Value) any {
				if src.IsNil() {
					return nil
				}
				return src.Bytes()
			},
		}, true
	case reflect.TypeFor[io.Reader](), reflect.TypeFor[io.ReadCloser]():
		return binding{
			set: func(dst reflect.Value, v any) {
				dst.Set(reflect.ValueOf(io.NopCloser(bytes.NewReader(v.([]byte)))))
			},
			get: readStream,
		}, true
	}
	return binding{}, false
}

// unreadable stands for a stream that a handler gave and that could not be read.
type unreadable struct{ err error }

func readStream(src reflect.Value) any {
	if src.IsNil() {
		return nil
	}
	b, err := io.ReadAll(src.Interface().(io.Reader))
	if err != nil {
		return unreadable{err}
	}
	return b
}
