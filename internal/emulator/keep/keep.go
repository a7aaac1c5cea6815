// Package keep turns the state of a program into bytes and back: everything that can be
// reached from some roots, unexported fields and shared pointers included.
//
// State is plain data. What is none, a field marks with `keep:"-"`: what is wired
// anew when the program starts, and what follows from the rest. A func, a channel or
// a lock that is not marked, and a value in an interface whose type was not named with
// Type, are errors: nothing is left out in silence.
//
// The bytes name every struct with its fields, so that state of another shape is
// refused and not misread. The same state gives the same bytes.
package keep

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
)

// Root is where state begins: a pointer to a struct that both the program that writes
// and the one that reads has. Pointers to it are kept as pointers to it.
type Root struct {
	Name string
	Of   any
	// Bare says that what it points to is no state.
	Bare bool
}

// Restorer is implemented by pointers to structs that have something to work out when
// their fields have been read, from those alone: what they point to may not be there
// yet.
type Restorer interface{ Restore() error }

// Passing is implemented by pointers to what may be over. A pointer to what is over is
// kept as nil. An error says that it is not over and cannot be kept.
type Passing interface{ Over() (bool, error) }

var types = struct { //nolint:gochecknoglobals // like gob's registry: written while packages are initialized
	sync.Mutex
	byName map[string]reflect.Type
	names  map[reflect.Type]string
}{byName: map[string]reflect.Type{}, names: map[reflect.Type]string{}}

// Type names a type whose values may stand in an interface. It is called when its
// package is initialized.
func Type[T any]() struct{} {
	t := reflect.TypeFor[T]()
	types.Lock()
	defer types.Unlock()
	name := nameOf(t)
	types.byName[name], types.names[t] = t, name
	return struct{}{}
}

// Types are the named types whose values implement the interface type.
func Types(of reflect.Type) []reflect.Type {
	types.Lock()
	defer types.Unlock()
	var all []reflect.Type
	for t := range types.names {
		if t.Implements(of) {
			all = append(all, t)
		}
	}
	return all
}

// What JSON is decoded to stands in interfaces everywhere.
var (
	_ = Type[bool]()
	_ = Type[string]()
	_ = Type[float64]()
	_ = Type[int]()
	_ = Type[int64]()
	_ = Type[uint64]()
	_ = Type[[]any]()
	_ = Type[map[string]any]()
)

func named(t reflect.Type) (string, bool) {
	types.Lock()
	defer types.Unlock()
	name, ok := types.names[t]
	return name, ok
}

func ofName(name string) (reflect.Type, bool) {
	types.Lock()
	defer types.Unlock()
	t, ok := types.byName[name]
	return t, ok
}

// nameOf is a type's name, which tells types of packages of the same name apart.
func nameOf(t reflect.Type) string {
	switch {
	case t.Name() != "" && t.PkgPath() != "":
		return strings.TrimPrefix(t.PkgPath(), "github.com/sluice-deploy/sluice/internal/") + "." + t.Name()
	case t.Name() != "":
		return t.Name()
	case t.Kind() == reflect.Pointer:
		return "*" + nameOf(t.Elem())
	case t.Kind() == reflect.Slice:
		return "[]" + nameOf(t.Elem())
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), nameOf(t.Elem()))
	case t.Kind() == reflect.Map:
		return "map[" + nameOf(t.Key()) + "]" + nameOf(t.Elem())
	}
	return t.String()
}

// fields are those of a struct that are state.
func fields(t reflect.Type) []reflect.StructField {
	if kept, ok := shapes.Load(t); ok {
		return kept.([]reflect.StructField)
	}
	var kept []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("keep") != "-" && f.Type != metadataType {
			kept = append(kept, f)
		}
	}
	shapes.Store(t, kept)
	return kept
}

var shapes sync.Map //nolint:gochecknoglobals // what follows from types is the same for all

// shape is what the bytes say of a struct.
func shape(t reflect.Type) []string {
	var lines []string
	for _, f := range fields(t) {
		lines = append(lines, f.Name+" "+nameOf(f.Type))
	}
	return lines
}

var (
	timeType = reflect.TypeFor[time.Time]() //nolint:gochecknoglobals // a type
	// What the SDK notes of a call stands in its outputs and is no state.
	metadataType = reflect.TypeFor[middleware.Metadata]() //nolint:gochecknoglobals // a type
)

// plain reports whether it does not matter to a pointer to such a value that another
// one points to the same.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return t == timeType
}
