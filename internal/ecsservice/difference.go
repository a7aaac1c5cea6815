package ecsservice

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Change is a field of a task definition that says something else, by the path that
// AWS's JSON has for it. What stands in a list is named, such as
// containerDefinitions[web].image.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"` // "" where there was nothing
	After  string `json:"after,omitempty"`  // "" where there is nothing any more
}

// Changes are what a rendered task definition says otherwise than the one that it is
// made from.
func (r Rendered) Changes() []Change {
	before, after := fieldsOf(asRegistered(*r.base)), fieldsOf(asRegistered(*r.want))
	paths := slices.Clone(after.paths)
	for _, path := range before.paths {
		if _, ok := after.values[path]; !ok {
			paths = append(paths, path)
		}
	}
	changes := []Change{}
	for _, path := range paths {
		if old, now := before.values[path], after.values[path]; old != now {
			changes = append(changes, Change{Field: path, Before: old, After: now})
		}
	}
	return changes
}

// flat is a structure as paths, in their order, and values.
type flat struct {
	paths  []string
	values map[string]string
}

func fieldsOf(in any) flat {
	f := flat{values: map[string]string{}}
	f.walk("", reflect.ValueOf(in))
	return f
}

// walk adds what is at a path. What is absent, and lists without content, are left out.
func (f *flat) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		f.walk(path, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !v.Field(i).IsZero() {
				f.walk(join(path, strings.ToLower(field.Name[:1])+field.Name[1:]), v.Field(i))
			}
		}
	case reflect.Map:
		for _, key := range sortedKeys(v) {
			f.walk(join(path, key.String()), v.MapIndex(key))
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.walk(fmt.Sprintf("%s[%s]", path, nameOf(v.Index(i), i)), v.Index(i))
		}
	default:
		f.paths = append(f.paths, path)
		f.values[path] = fmt.Sprint(v.Interface())
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// nameOf is what tells an element of a list from the others, its index where nothing
// does.
func nameOf(element reflect.Value, index int) string {
	if element.Kind() == reflect.Struct {
		for _, field := range []string{"Name", "Key", "ContainerName", "ContainerPath", "ContainerPort"} {
			name := element.FieldByName(field)
			if name.Kind() == reflect.Pointer && !name.IsNil() {
				return fmt.Sprint(name.Elem().Interface())
			}
		}
	}
	return fmt.Sprint(index)
}
