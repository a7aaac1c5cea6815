package jsonata

func higherOrderFunction(name string) *function {
	switch name {
	case "map":
		return fixed(2, mapItems)
	case "filter":
		return fixed(2, filterItems)
	case "single":
		return between(1, 2, single)
	case "reduce":
		return between(2, 3, reduce)
	case "sift":
		return onContext(fixed(2, sift))
	case "each":
		return onContext(fixed(2, each))
	default:
		return nil
	}
}

func mapItems(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[*function]("map", args, 2)
	if err != nil {
		return nil, err
	}
	items := list(args[0])
	var results sequence
	for i, item := range items {
		v, err := r.offer(f, item, float64(i), items)
		if err != nil {
			return nil, err
		}
		results.add(v)
	}
	return results.value(), nil
}

func filterItems(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[*function]("filter", args, 2)
	if err != nil {
		return nil, err
	}
	items := list(args[0])
	var kept sequence
	for i, item := range items {
		v, err := r.offer(f, item, float64(i), items)
		if err != nil {
			return nil, err
		}
		if truth(v) {
			kept.add(item)
		}
	}
	return kept.value(), nil
}

func single(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	items := list(args[0])
	var found []any
	for i, item := range items {
		matches := true
		if !isUndefined(args[1]) {
			f, err := argument[*function]("single", args, 2)
			if err != nil {
				return nil, err
			}
			v, err := r.offer(f, item, float64(i), items)
			if err != nil {
				return nil, err
			}
			matches = truth(v)
		}
		if matches {
			found = append(found, item)
		}
	}
	switch len(found) {
	case 0:
		return nil, errorf("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0.")
	case 1:
		return found[0], nil
	default:
		return nil, errorf("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more.")
	}
}

func reduce(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[*function]("reduce", args, 2)
	if err != nil {
		return nil, err
	}
	if f.arity < 2 {
		return nil, errorf("D3050", "The second argument of reduce function must be a function with at least two arguments")
	}
	items := list(args[0])
	result := args[2]
	start := 0
	if isUndefined(result) && len(items) > 0 {
		result, start = items[0], 1
	}
	for i := start; i < len(items); i++ {
		if result, err = r.offer(f, result, items[i], float64(i), items); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func sift(r *evaluation, args []any) (any, error) {
	o, f, err := objectAndFunction("sift", args)
	if o == nil || err != nil {
		return Undefined{}, err
	}
	kept := &Object{}
	for _, key := range o.keys {
		v, err := r.offer(f, o.values[key], key, o)
		if err != nil {
			return nil, err
		}
		if truth(v) {
			kept.Set(key, o.values[key])
		}
	}
	if len(kept.keys) == 0 {
		return Undefined{}, nil
	}
	return kept, nil
}

func each(r *evaluation, args []any) (any, error) {
	o, f, err := objectAndFunction("each", args)
	if o == nil || err != nil {
		return Undefined{}, err
	}
	var results sequence
	for _, key := range o.keys {
		v, err := r.offer(f, o.values[key], key, o)
		if err != nil {
			return nil, err
		}
		results.add(v)
	}
	return results.value(), nil
}

// objectAndFunction are the arguments of $sift and $each; no object is Undefined.
func objectAndFunction(name string, args []any) (*Object, *function, error) {
	f, err := argument[*function](name, args, 2)
	if err != nil || isUndefined(args[0]) {
		return nil, nil, err
	}
	o, err := argument[*Object](name, args, 1)
	return o, f, err
}
