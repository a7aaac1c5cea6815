package jsonata

import (
	"fmt"
	"math"

	"github.com/blues/jsonata-go/jparse"
)

// sequence is a result in the making. One with no item stands for Undefined, one
// with a single item for that item, unless it is kept.
type sequence struct {
	items []any
	keep  bool // stays an array even with a single item
}

func (s *sequence) add(v any) {
	if !isUndefined(v) {
		s.items = append(s.items, v)
	}
}

// addFlat adds the items of an array one by one, and anything else as it is.
func (s *sequence) addFlat(v any) {
	if items, is := v.([]any); is {
		s.items = append(s.items, items...)
		return
	}
	s.add(v)
}

func (s *sequence) value() any {
	switch {
	case len(s.items) == 0:
		return Undefined{}
	case len(s.items) == 1 && !s.keep:
		return s.items[0]
	default:
		return s.items
	}
}

// list gives the items of an array, and anything else that is there as the one item.
func list(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case Undefined:
		return nil
	default:
		return []any{v}
	}
}

func (r *evaluation) eval(n jparse.Node, input any, s *scope) (any, error) {
	if err := r.charge(1); err != nil {
		return nil, err
	}
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", ErrBounds, maxDepth)
	}
	switch n := n.(type) {
	case *jparse.StringNode:
		return n.Value, nil
	case *jparse.NumberNode:
		return n.Value, nil
	case *jparse.BooleanNode:
		return n.Value, nil
	case *jparse.NullNode:
		return nil, nil //nolint:nilnil // nil is JSON's null
	case *jparse.RegexNode:
		return matcher(n.Value), nil
	case *jparse.VariableNode:
		return r.variable(n.Name, input, s), nil
	case *jparse.NameNode:
		return lookup(input, n.Value), nil
	case *jparse.WildcardNode:
		return wildcard(input), nil
	case *jparse.DescendentNode:
		return r.descendants(input)
	case *jparse.PathNode:
		return r.path(n, input, s)
	case *jparse.PredicateNode:
		return r.predicate(n, input, s)
	case *jparse.SortNode:
		return r.sort(n, input, s)
	case *jparse.ArrayNode:
		return r.array(n, input, s)
	case *jparse.ObjectNode:
		return r.group(n, input, s)
	case *jparse.GroupNode:
		return r.grouped(n, input, s)
	case *jparse.BlockNode:
		return r.block(n, input, s)
	case *jparse.ObjectTransformationNode:
		return r.transformation(n, input, s), nil
	default:
		return r.evalOperator(n, input, s)
	}
}

func (r *evaluation) evalOperator(n jparse.Node, input any, s *scope) (any, error) {
	switch n := n.(type) {
	case *jparse.NegationNode:
		return r.negation(n, input, s)
	case *jparse.NumericOperatorNode:
		return r.arithmetic(n, input, s)
	case *jparse.ComparisonOperatorNode:
		return r.comparison(n, input, s)
	case *jparse.BooleanOperatorNode:
		return r.logic(n, input, s)
	case *jparse.StringConcatenationNode:
		return r.concatenation(n, input, s)
	case *jparse.ConditionalNode:
		return r.conditional(n, input, s)
	case *jparse.AssignmentNode:
		return r.assignment(n, input, s)
	case *jparse.LambdaNode:
		return r.lambda(n, nil, input, s), nil
	case *jparse.TypedLambdaNode:
		return r.lambda(n.LambdaNode, n.In, input, s), nil
	case *jparse.FunctionCallNode:
		return r.call(n, input, s)
	case *jparse.PartialNode:
		return r.partial(n, input, s)
	case *jparse.FunctionApplicationNode:
		return r.application(n, input, s)
	default:
		return nil, fmt.Errorf("the expression %s is not supported", n)
	}
}

func (r *evaluation) variable(name string, input any, s *scope) any {
	switch name {
	case "":
		return input
	case "$":
		return Undefined{} // the root input, of which Step Functions gives none
	}
	if v := s.lookup(name); !isUndefined(v) {
		return v
	}
	if f := builtin(name); f != nil {
		return f
	}
	return Undefined{}
}

func (r *evaluation) block(n *jparse.BlockNode, input any, s *scope) (any, error) {
	inner := &scope{outer: s}
	var result any = Undefined{}
	for _, expr := range n.Exprs {
		var err error
		if result, err = r.eval(expr, input, inner); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (r *evaluation) assignment(n *jparse.AssignmentNode, input any, s *scope) (any, error) {
	v, err := r.eval(n.Value, input, s)
	if err != nil {
		return nil, err
	}
	s.bind(n.Name, v)
	return v, nil
}

func (r *evaluation) conditional(n *jparse.ConditionalNode, input any, s *scope) (any, error) {
	condition, err := r.eval(n.If, input, s)
	if err != nil {
		return nil, err
	}
	if truth(condition) {
		return r.eval(n.Then, input, s)
	}
	if n.Else == nil {
		return Undefined{}, nil
	}
	return r.eval(n.Else, input, s)
}

func (r *evaluation) both(lhs, rhs jparse.Node, input any, s *scope) (any, any, error) {
	left, err := r.eval(lhs, input, s)
	if err != nil {
		return nil, nil, err
	}
	right, err := r.eval(rhs, input, s)
	return left, right, err
}

func (r *evaluation) negation(n *jparse.NegationNode, input any, s *scope) (any, error) {
	v, err := r.eval(n.RHS, input, s)
	if err != nil || isUndefined(v) {
		return v, err
	}
	f, is := v.(float64)
	if !is {
		return nil, errorf("D1002", "Cannot negate a non-numeric value: %s", Encode(v))
	}
	return -f, nil
}

func (r *evaluation) arithmetic(n *jparse.NumericOperatorNode, input any, s *scope) (any, error) {
	left, right, err := r.both(n.LHS, n.RHS, input, s)
	if err != nil {
		return nil, err
	}
	a, isNumber := left.(float64)
	if !isNumber && !isUndefined(left) {
		return nil, errorf("T2001", "The left side of the %q operator must evaluate to a number", n.Type)
	}
	b, isNumber := right.(float64)
	if !isNumber && !isUndefined(right) {
		return nil, errorf("T2002", "The right side of the %q operator must evaluate to a number", n.Type)
	}
	if isUndefined(left) || isUndefined(right) {
		return Undefined{}, nil
	}
	return number(calculate(n.Type, a, b))
}

func calculate(op jparse.NumericOperator, a, b float64) float64 {
	switch op {
	case jparse.NumericAdd:
		return a + b
	case jparse.NumericSubtract:
		return a - b
	case jparse.NumericMultiply:
		return a * b
	case jparse.NumericDivide:
		return a / b
	case jparse.NumericModulo:
		return math.Mod(a, b)
	default:
		return math.NaN()
	}
}

// number refuses what JSON has no number for.
func number(f float64) (any, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errorf("D1001", "Number out of range: %v", f)
	}
	return f, nil
}

func (r *evaluation) comparison(n *jparse.ComparisonOperatorNode, input any, s *scope) (any, error) {
	left, right, err := r.both(n.LHS, n.RHS, input, s)
	if err != nil {
		return nil, err
	}
	switch n.Type {
	case jparse.ComparisonEqual, jparse.ComparisonNotEqual:
		if isUndefined(left) || isUndefined(right) {
			return n.Type == jparse.ComparisonNotEqual && isUndefined(left) != isUndefined(right), nil
		}
		if err := r.charge(size(left)); err != nil {
			return nil, err
		}
		return Equal(left, right) == (n.Type == jparse.ComparisonEqual), nil
	case jparse.ComparisonIn:
		for _, item := range list(right) {
			if Equal(left, item) && !isUndefined(left) {
				return true, nil
			}
		}
		return false, nil
	case jparse.ComparisonLess, jparse.ComparisonLessEqual, jparse.ComparisonGreater, jparse.ComparisonGreaterEqual:
	}
	return ordered(n.Type, left, right)
}

func ordered(op jparse.ComparisonOperator, left, right any) (any, error) {
	for _, v := range []any{left, right} {
		switch v.(type) {
		case float64, string, Undefined:
		default:
			return nil, errorf("T2010", "The expressions either side of operator %q must evaluate to numeric or string values", op)
		}
	}
	if isUndefined(left) || isUndefined(right) {
		return Undefined{}, nil
	}
	less, err := before(left, right)
	if err != nil {
		return nil, errorf("T2009", "The values %s and %s either side of operator %q must be of the same data type", Encode(left), Encode(right), op)
	}
	if left == right {
		return op == jparse.ComparisonLessEqual || op == jparse.ComparisonGreaterEqual, nil
	}
	return less == (op == jparse.ComparisonLess || op == jparse.ComparisonLessEqual), nil
}

// before reports whether a comes before b; both must be numbers or both strings.
func before(a, b any) (bool, error) {
	switch a := a.(type) {
	case float64:
		if b, is := b.(float64); is {
			return a < b, nil
		}
	case string:
		if b, is := b.(string); is {
			return a < b, nil
		}
	}
	return false, errorf("T2007", "Type mismatch when comparing values %s and %s in order-by clause", Encode(a), Encode(b))
}

func (r *evaluation) logic(n *jparse.BooleanOperatorNode, input any, s *scope) (any, error) {
	left, err := r.eval(n.LHS, input, s)
	if err != nil {
		return nil, err
	}
	if truth(left) == (n.Type == jparse.BooleanOr) {
		return truth(left), nil
	}
	right, err := r.eval(n.RHS, input, s)
	return truth(right), err
}

func (r *evaluation) concatenation(n *jparse.StringConcatenationNode, input any, s *scope) (any, error) {
	left, right, err := r.both(n.LHS, n.RHS, input, s)
	if err != nil {
		return nil, err
	}
	text := stringOf(left) + stringOf(right)
	return text, r.charge(len(text) / 16)
}

func (r *evaluation) array(n *jparse.ArrayNode, input any, s *scope) (any, error) {
	items := []any{}
	for _, item := range n.Items {
		if rng, is := item.(*jparse.RangeNode); is {
			numbers, err := r.rangeOf(rng, input, s)
			if err != nil {
				return nil, err
			}
			items = append(items, numbers...)
			continue
		}
		v, err := r.eval(item, input, s)
		if err != nil {
			return nil, err
		}
		_, nested := item.(*jparse.ArrayNode)
		if inner, is := v.([]any); is && !nested {
			items = append(items, inner...)
		} else if !isUndefined(v) {
			items = append(items, v)
		}
	}
	return items, r.charge(len(items))
}

func (r *evaluation) rangeOf(n *jparse.RangeNode, input any, s *scope) ([]any, error) {
	left, right, err := r.both(n.LHS, n.RHS, input, s)
	if err != nil {
		return nil, err
	}
	from, isInt := integer(left)
	if !isInt && !isUndefined(left) {
		return nil, errorf("T2003", "The left side of the range operator (..) must evaluate to an integer")
	}
	to, isInt := integer(right)
	if !isInt && !isUndefined(right) {
		return nil, errorf("T2004", "The right side of the range operator (..) must evaluate to an integer")
	}
	if isUndefined(left) || isUndefined(right) || from > to {
		return nil, nil
	}
	if to-from >= 1e7 {
		return nil, errorf("D2014", "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to allocate %s", FormatNumber(to-from+1))
	}
	if err := r.charge(int(to - from)); err != nil {
		return nil, err
	}
	numbers := make([]any, 0, int(to-from)+1)
	for i := from; i <= to; i++ {
		numbers = append(numbers, i)
	}
	return numbers, nil
}

func integer(v any) (float64, bool) {
	f, is := v.(float64)
	return f, is && f == math.Trunc(f) && math.Abs(f) < 1<<53
}
