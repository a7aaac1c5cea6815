package jsonata

import (
	"slices"
	"sort"
)

func arrayFunction(name string) *function {
	switch name {
	case "count":
		return fixed(1, func(_ *evaluation, args []any) (any, error) { return float64(len(list(args[0]))), nil })
	case "append":
		return fixed(2, func(r *evaluation, args []any) (any, error) {
			if isUndefined(args[0]) {
				return args[1], nil
			}
			if isUndefined(args[1]) {
				return args[0], nil
			}
			joined := append(slices.Clone(list(args[0])), list(args[1])...)
			return joined, r.charge(len(joined))
		})
	case "reverse":
		return fixed(1, func(r *evaluation, args []any) (any, error) {
			if isUndefined(args[0]) {
				return args[0], nil
			}
			items := slices.Clone(list(args[0]))
			slices.Reverse(items)
			return items, r.charge(len(items))
		})
	case "sort":
		return between(1, 2, sortBy)
	case "shuffle":
		return fixed(1, shuffle)
	case "distinct":
		return fixed(1, distinct)
	case "zip":
		return &function{min: 1, max: -1, run: zip}
	default:
		return nil
	}
}

func sortBy(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	items := slices.Clone(list(args[0]))
	swaps := func(a, b any) (bool, error) { return before(b, a) }
	if !isUndefined(args[1]) {
		f, err := argument[*function]("sort", args, 2)
		if err != nil {
			return nil, err
		}
		swaps = func(a, b any) (bool, error) {
			v, err := r.offer(f, a, b)
			return truth(v), err
		}
	} else if !sortable(items) {
		return nil, errorf("D3070", "The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function")
	}
	var failure error
	sort.SliceStable(items, func(i, j int) bool {
		// a goes before b where b, put first, would have to be swapped behind a.
		behind, err := swaps(items[j], items[i])
		if err == nil {
			err = r.charge(1)
		}
		if err != nil && failure == nil {
			failure = err
		}
		return behind && failure == nil
	})
	return items, failure
}

func sortable(items []any) bool {
	for _, item := range items {
		if _, err := before(items[0], item); err != nil {
			return false
		}
	}
	return true
}

// shuffle draws the order from the environment's IDs, so that runs repeat.
func shuffle(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	items := slices.Clone(list(args[0]))
	for i := len(items) - 1; i > 0; i-- {
		j := int(fraction(r.env.ID(13)) * float64(i+1))
		items[i], items[j] = items[j], items[i]
	}
	return items, r.charge(len(items))
}

func distinct(r *evaluation, args []any) (any, error) {
	items, is := args[0].([]any)
	if !is {
		return args[0], nil
	}
	kept := []any{}
	for _, item := range items {
		if err := r.charge(len(kept)); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(kept, func(other any) bool { return Equal(item, other) }) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

func zip(r *evaluation, args []any) (any, error) {
	shortest := len(list(args[0]))
	for _, arg := range args[1:] {
		shortest = min(shortest, len(list(arg)))
	}
	rows := []any{}
	for i := range shortest {
		row := []any{}
		for _, arg := range args {
			row = append(row, list(arg)[i])
		}
		rows = append(rows, row)
	}
	return rows, r.charge(shortest * len(args))
}
