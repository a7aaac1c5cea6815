package jsonata

import (
	"math"
	"sort"

	"github.com/blues/jsonata-go/jparse"
)

// path walks the steps, each on every item that the step before selected.
func (r *evaluation) path(n *jparse.PathNode, input any, s *scope) (any, error) {
	current := []any{input}
	_, fromVariable := variableOf(n.Steps[0])
	if items, is := input.([]any); is && !fromVariable {
		current = items
	}
	var result sequence
	for i, step := range n.Steps {
		var err error
		if array, is := step.(*jparse.ArrayNode); is && i == 0 {
			var v any
			if v, err = r.array(array, input, s); err == nil {
				result = sequence{items: v.([]any), keep: len(n.Steps) == 1}
			}
		} else {
			result, err = r.step(step, current, i == len(n.Steps)-1, s)
		}
		if err != nil {
			return nil, err
		}
		if len(result.items) == 0 && !result.keep {
			break
		}
		current = result.items
	}
	if n.KeepArrays && len(result.items) > 0 {
		if _, constructed := n.Steps[len(n.Steps)-1].(*jparse.ArrayNode); constructed && result.keep {
			result.items = []any{result.items}
		}
		result.keep = true
	}
	if result.keep {
		return result.items, nil
	}
	return result.value(), nil
}

func variableOf(n jparse.Node) (*jparse.VariableNode, bool) {
	if p, is := n.(*jparse.PredicateNode); is {
		n = p.Expr
	}
	v, is := n.(*jparse.VariableNode)
	return v, is
}

// step evaluates one step of a path on every item. What it selects is one flat
// sequence, except that the last step's only result may be an array, which then
// stays one.
func (r *evaluation) step(n jparse.Node, items []any, last bool, s *scope) (sequence, error) {
	if sorting, is := n.(*jparse.SortNode); is && len(items) > 0 {
		var input any = items
		if len(items) == 1 {
			input = items[0]
		}
		v, err := r.sort(sorting, input, s)
		return sequence{items: list(v)}, err
	}
	var found []any
	for _, item := range items {
		v, err := r.eval(n, item, s)
		if err != nil {
			return sequence{}, err
		}
		if !isUndefined(v) {
			found = append(found, v)
		}
	}
	if len(found) == 1 && last {
		if array, is := found[0].([]any); is {
			return sequence{items: array, keep: true}, nil
		}
	}
	_, constructed := n.(*jparse.ArrayNode)
	var result sequence
	for _, v := range found {
		if constructed && last {
			result.add(v)
		} else {
			result.addFlat(v)
		}
	}
	return result, r.charge(len(result.items))
}

// lookup is the member of an object, or those of the objects in an array.
func lookup(input any, key string) any {
	switch v := input.(type) {
	case []any:
		var found sequence
		for _, item := range v {
			found.addFlat(lookup(item, key))
		}
		return found.value()
	case *Object:
		return v.Get(key)
	default:
		return Undefined{}
	}
}

func wildcard(input any) any {
	var found sequence
	switch v := input.(type) {
	case []any:
		for _, item := range v {
			found.addFlat(wildcard(item))
		}
	case *Object:
		for _, key := range v.keys {
			found.items = append(found.items, flatten(v.values[key])...)
		}
	}
	return found.value()
}

func flatten(v any) []any {
	items, is := v.([]any)
	if !is {
		return []any{v}
	}
	var flat []any
	for _, item := range items {
		flat = append(flat, flatten(item)...)
	}
	return flat
}

func (r *evaluation) descendants(input any) (any, error) {
	var found sequence
	if isUndefined(input) {
		return input, nil
	}
	if err := r.descend(input, &found); err != nil {
		return nil, err
	}
	return found.value(), nil
}

func (r *evaluation) descend(v any, found *sequence) error {
	if err := r.charge(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := r.descend(item, found); err != nil {
				return err
			}
		}
		return nil
	case *Object:
		found.add(v)
		for _, key := range v.keys {
			if err := r.descend(v.values[key], found); err != nil {
				return err
			}
		}
		return nil
	default:
		found.add(v)
		return nil
	}
}

func (r *evaluation) predicate(n *jparse.PredicateNode, input any, s *scope) (any, error) {
	v, err := r.eval(n.Expr, input, s)
	if err != nil {
		return nil, err
	}
	for _, filter := range n.Filters {
		if v, err = r.filter(filter, v, s); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// filter keeps the items at an index, or those for which the filter is true.
func (r *evaluation) filter(n jparse.Node, v any, s *scope) (any, error) {
	items := list(v)
	if index, is := n.(*jparse.NumberNode); is {
		i := position(index.Value, len(items))
		if i < 0 || i >= len(items) {
			return Undefined{}, nil
		}
		return items[i], nil
	}
	var kept sequence
	for i, item := range items {
		test, err := r.eval(n, item, s)
		if err != nil {
			return nil, err
		}
		if positions, are := numbers(test); are {
			for _, p := range positions {
				if position(p, len(items)) == i {
					kept.add(item)
				}
			}
		} else if truth(test) {
			kept.add(item)
		}
	}
	return kept.value(), nil
}

func position(f float64, n int) int {
	i := int(math.Floor(f))
	if i < 0 {
		i += n
	}
	return i
}

// numbers are v's, if it is a number or an array of nothing else.
func numbers(v any) ([]float64, bool) {
	if f, is := v.(float64); is {
		return []float64{f}, true
	}
	items, is := v.([]any)
	if !is {
		return nil, false
	}
	all := make([]float64, 0, len(items))
	for _, item := range items {
		f, is := item.(float64)
		if !is {
			return nil, false
		}
		all = append(all, f)
	}
	return all, true
}

func (r *evaluation) sort(n *jparse.SortNode, input any, s *scope) (any, error) {
	v, err := r.eval(n.Expr, input, s)
	if err != nil || isUndefined(v) {
		return v, err
	}
	items := list(v)
	keys := make([][]any, len(items))
	for i, item := range items {
		keys[i] = make([]any, len(n.Terms))
		for j, term := range n.Terms {
			key, err := r.eval(term.Expr, item, s)
			if err != nil {
				return nil, err
			}
			switch key.(type) {
			case float64, string, Undefined:
			default:
				return nil, errorf("T2008", "The expressions within an order-by clause must evaluate to numeric or string values")
			}
			keys[i][j] = key
		}
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	var failure error
	sort.SliceStable(order, func(a, b int) bool {
		less, err := termsBefore(n.Terms, keys[order[a]], keys[order[b]])
		if err != nil {
			failure = err
		}
		return less
	})
	if failure != nil {
		return nil, failure
	}
	sorted := sequence{}
	for _, i := range order {
		sorted.items = append(sorted.items, items[i])
	}
	return sorted.value(), r.charge(len(items))
}

func termsBefore(terms []jparse.SortTerm, a, b []any) (bool, error) {
	for i, term := range terms {
		x, y := a[i], b[i]
		if isUndefined(x) || isUndefined(y) {
			if isUndefined(x) == isUndefined(y) {
				continue
			}
			return isUndefined(y), nil
		}
		if Equal(x, y) {
			continue
		}
		if term.Dir == jparse.SortDescending {
			x, y = y, x
		}
		return before(x, y)
	}
	return false, nil
}
