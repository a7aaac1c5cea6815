package jsonata

func objectFunction(name string) *function {
	switch name {
	case "keys":
		return onContext(fixed(1, keys))
	case "lookup":
		return onContext(fixed(2, func(_ *evaluation, args []any) (any, error) {
			key, err := argument[string](name, args, 2)
			if err != nil {
				return nil, err
			}
			return lookup(args[0], key), nil
		}))
	case "spread":
		return onContext(fixed(1, spread))
	case "merge":
		return fixed(1, merge)
	case "type":
		return onContext(fixed(1, func(_ *evaluation, args []any) (any, error) {
			if isUndefined(args[0]) {
				return args[0], nil
			}
			return TypeName(args[0]), nil
		}))
	case "error":
		return between(0, 1, func(_ *evaluation, args []any) (any, error) {
			message, err := optional(name, args, 1, "$error() function evaluated")
			if err != nil {
				return nil, err
			}
			return nil, errorf("D3137", "%s", message)
		})
	case "assert":
		return between(1, 2, func(_ *evaluation, args []any) (any, error) {
			holds, err := argument[bool](name, args, 1)
			if err != nil {
				return nil, err
			}
			message, err := optional(name, args, 2, "$assert() statement failed")
			if err != nil {
				return nil, err
			}
			if !holds {
				return nil, errorf("D3141", "%s", message)
			}
			return Undefined{}, nil
		})
	default:
		return nil
	}
}

func keys(r *evaluation, args []any) (any, error) {
	var names sequence
	seen := map[string]bool{}
	for _, item := range list(args[0]) {
		o, is := item.(*Object)
		if !is {
			continue
		}
		for _, key := range o.keys {
			if !seen[key] {
				seen[key] = true
				names.add(key)
			}
		}
	}
	return names.value(), r.charge(len(names.items))
}

func spread(r *evaluation, args []any) (any, error) {
	if o, is := args[0].(*Object); is {
		var parts sequence
		for _, key := range o.keys {
			parts.add(NewObject(key, o.values[key]))
		}
		return parts.value(), r.charge(len(o.keys))
	}
	items, is := args[0].([]any)
	if !is {
		return args[0], nil
	}
	var parts sequence
	for _, item := range items {
		v, err := spread(r, []any{item})
		if err != nil {
			return nil, err
		}
		parts.addFlat(v)
	}
	return parts.value(), nil
}

func merge(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	merged := &Object{}
	for _, item := range list(args[0]) {
		o, is := item.(*Object)
		if !is {
			return nil, errorf("T0412", "Argument 1 of function %q must be an array of %q", "merge", "objects")
		}
		for _, key := range o.keys {
			merged.Set(key, o.values[key])
		}
		if err := r.charge(len(o.keys)); err != nil {
			return nil, err
		}
	}
	return merged, nil
}
