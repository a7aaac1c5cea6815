package attribute

import (
	"bytes"
	"slices"
)

// Union is the set with the members of both. It gives false if they are not sets
// of one type.
func Union(a, b Value) (Value, bool) {
	switch a := a.(type) {
	case *StringSet:
		b, ok := b.(*StringSet)
		if !ok {
			return nil, false
		}
		all := slices.Sorted(slices.Values(slices.Concat(a.Value, b.Value)))
		return &StringSet{Value: slices.Compact(all)}, true
	case *NumberSet:
		b, ok := b.(*NumberSet)
		if !ok {
			return nil, false
		}
		all := slices.Concat(a.Value, b.Value)
		slices.SortFunc(all, compareNumbers)
		return &NumberSet{Value: slices.Compact(all)}, true
	case *BinarySet:
		b, ok := b.(*BinarySet)
		if !ok {
			return nil, false
		}
		all := slices.Concat(a.Value, b.Value)
		slices.SortFunc(all, bytes.Compare)
		return &BinarySet{Value: slices.CompactFunc(all, bytes.Equal)}, true
	}
	return nil, false
}

// Difference is the set with the members of a that are not in b, or no value if
// none is left. It gives false if they are not sets of one type.
func Difference(a, b Value) (Value, bool) {
	switch a := a.(type) {
	case *StringSet:
		b, ok := b.(*StringSet)
		if !ok {
			return nil, false
		}
		rest := without(a.Value, func(s string) bool { return slices.Contains(b.Value, s) })
		if len(rest) == 0 {
			return nil, true
		}
		return &StringSet{Value: rest}, true
	case *NumberSet:
		b, ok := b.(*NumberSet)
		if !ok {
			return nil, false
		}
		rest := without(a.Value, func(s string) bool { return slices.Contains(b.Value, s) })
		if len(rest) == 0 {
			return nil, true
		}
		return &NumberSet{Value: rest}, true
	case *BinarySet:
		b, ok := b.(*BinarySet)
		if !ok {
			return nil, false
		}
		rest := without(a.Value, func(member []byte) bool { return Contains(b, &Binary{Value: member}) })
		if len(rest) == 0 {
			return nil, true
		}
		return &BinarySet{Value: rest}, true
	}
	return nil, false
}

func without[E any](members []E, gone func(E) bool) []E {
	return slices.DeleteFunc(slices.Clone(members), gone)
}
