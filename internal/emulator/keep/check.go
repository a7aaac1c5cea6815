package keep

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Check looks through everything that can be reached from the types, and says what of it
// could not be kept, one sentence each: so that what is forgotten is found before
// there is state to lose. Those of without are
// left out: they are no state, or nothing ever lets a value of them in.
func Check(without []reflect.Type, roots ...reflect.Type) []string {
	c := &checker{seen: map[reflect.Type]bool{}}
	for _, t := range without {
		c.seen[t] = true
	}
	for _, t := range roots {
		c.look(t, nameOf(t))
	}
	slices.Sort(c.found)
	return c.found
}

type checker struct {
	seen  map[reflect.Type]bool
	found []string
}

func (c *checker) look(t reflect.Type, where string) {
	if c.seen[t] || t == timeType {
		return
	}
	c.seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		c.structure(t)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		c.look(t.Elem(), where)
	case reflect.Map:
		if k := t.Key().Kind(); k == reflect.Pointer || k == reflect.Interface {
			c.report(where, "is a map by %s, which has no order", t.Key())
		}
		c.look(t.Key(), where)
		c.look(t.Elem(), where)
	case reflect.Interface:
		c.dynamic(t, where)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		c.report(where, "is a %s, which is no data", t)
	}
}

func (c *checker) report(where, format string, args ...any) {
	c.found = append(c.found, where+" "+fmt.Sprintf(format, args...)+"; mark it keep:\"-\" if it is no state")
}

func (c *checker) structure(t reflect.Type) {
	if own := t.PkgPath(); own != "" && !strings.Contains(own, ".") && t.NumField() > 0 {
		c.report(nameOf(t), "is the standard library's own")
		return
	}
	for _, f := range fields(t) {
		c.look(f.Type, nameOf(t)+"."+f.Name)
	}
}

// dynamic looks at the types that were named for an interface. One that nothing was
// named for can hold nothing.
func (c *checker) dynamic(t reflect.Type, where string) {
	all := Types(t)
	if len(all) == 0 {
		c.report(where, "is a %s, for which keep.Type names no type", t)
	}
	for _, of := range all {
		c.look(of, where)
	}
}
