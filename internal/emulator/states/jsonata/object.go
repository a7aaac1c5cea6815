package jsonata

import (
	"slices"

	"github.com/blues/jsonata-go/jparse"
)

func (r *evaluation) grouped(n *jparse.GroupNode, input any, s *scope) (any, error) {
	v, err := r.eval(n.Expr, input, s)
	if err != nil {
		return nil, err
	}
	return r.group(n.ObjectNode, v, s)
}

// group makes an object: each item of the input gives keys, and a key's value is
// evaluated on all items that gave it.
func (r *evaluation) group(n *jparse.ObjectNode, input any, s *scope) (any, error) {
	type entry struct {
		pair int
		data sequence
	}
	items := list(input)
	if len(items) == 0 {
		items = []any{Undefined{}}
	}
	var keys []string
	entries := map[string]*entry{}
	for _, item := range items {
		for i, pair := range n.Pairs {
			v, err := r.eval(pair[0], item, s)
			if err != nil {
				return nil, err
			}
			if isUndefined(v) {
				continue
			}
			key, is := v.(string)
			if !is {
				return nil, errorf("T1003", "Key in object structure must evaluate to a string; got: %s", Encode(v))
			}
			if e := entries[key]; e == nil {
				keys = append(keys, key)
				entries[key] = &entry{pair: i}
			} else if e.pair != i {
				return nil, errorf("D1009", "Multiple key definitions evaluate to same key: %s", quote(key))
			}
			entries[key].data.addFlat(item)
		}
	}
	o := &Object{}
	for _, key := range keys {
		v, err := r.eval(n.Pairs[entries[key].pair][1], entries[key].data.value(), s)
		if err != nil {
			return nil, err
		}
		if !isUndefined(v) {
			o.Set(key, v)
		}
	}
	return o, r.charge(len(keys))
}

// transformation gives the function that copies its argument and, wherever the
// pattern matches in the copy, merges updates in and takes members out.
func (r *evaluation) transformation(n *jparse.ObjectTransformationNode, _ any, s *scope) any {
	return &function{name: "transform", min: 1, max: 1, run: func(r *evaluation, args []any) (any, error) {
		if isUndefined(args[0]) {
			return args[0], nil
		}
		root := clone(args[0])
		if err := r.charge(len(Encode(root)) / 8); err != nil {
			return nil, err
		}
		matches, err := r.eval(n.Pattern, root, s)
		if err != nil {
			return nil, err
		}
		for _, match := range list(matches) {
			if o, is := match.(*Object); is {
				if err := r.transform(n, o, s); err != nil {
					return nil, err
				}
			}
		}
		return root, nil
	}}
}

func (r *evaluation) transform(n *jparse.ObjectTransformationNode, o *Object, s *scope) error {
	updates, err := r.eval(n.Updates, o, s)
	if err != nil {
		return err
	}
	switch u := updates.(type) {
	case Undefined:
	case *Object:
		for _, key := range u.keys {
			o.Set(key, u.values[key])
		}
	default:
		return errorf("T2011", "The insert/update clause of the transform expression must evaluate to an object: %s", Encode(updates))
	}
	if n.Deletes == nil {
		return nil
	}
	deletes, err := r.eval(n.Deletes, o, s)
	if err != nil {
		return err
	}
	for _, key := range list(deletes) {
		name, is := key.(string)
		if !is {
			return errorf("T2012", "The delete clause of the transform expression must evaluate to a string or array of strings: %s", Encode(deletes))
		}
		o.remove(name)
	}
	return nil
}

func (o *Object) remove(key string) {
	delete(o.values, key)
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
}

func clone(v any) any {
	switch v := v.(type) {
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = clone(v[i])
		}
		return items
	case *Object:
		o := &Object{}
		for _, key := range v.keys {
			o.Set(key, clone(v.values[key]))
		}
		return o
	default:
		return v
	}
}
