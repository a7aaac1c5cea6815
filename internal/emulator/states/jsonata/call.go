package jsonata

import (
	"regexp"
	"slices"

	"github.com/blues/jsonata-go/jparse"
)

// function is a value that can be called: a builtin, a lambda, a partial
// application, a regular expression.
type function struct {
	name     string
	min, max int // number of arguments; max -1 is any number
	// context says that a call with one argument too few takes the context as its
	// first.
	context bool
	arity   int // how many arguments it wants when the caller has several to offer
	regex   *regexp.Regexp
	run     func(r *evaluation, args []any) (any, error)
}

// apply calls f with its arguments.
func (r *evaluation) apply(f *function, args ...any) (any, error) {
	if err := r.charge(1); err != nil {
		return nil, err
	}
	for len(args) < f.max {
		args = append(args, Undefined{})
	}
	return f.run(r, args)
}

// offer calls f with as many of the arguments as it wants.
func (r *evaluation) offer(f *function, args ...any) (any, error) {
	return r.apply(f, args[:min(max(f.arity, 1), len(args))]...)
}

func (r *evaluation) call(n *jparse.FunctionCallNode, input any, s *scope) (any, error) {
	f, err := r.callee(n.Func, input, s)
	if err != nil {
		return nil, err
	}
	args := make([]any, 0, len(n.Args)+1)
	for _, arg := range n.Args {
		v, err := r.eval(arg, input, s)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return r.checked(f, args, input)
}

// checked calls f if it takes so many arguments.
func (r *evaluation) checked(f *function, args []any, input any) (any, error) {
	if f.context && len(args) == f.min-1 {
		args = append([]any{input}, args...)
	}
	if len(args) < f.min || f.max >= 0 && len(args) > f.max {
		return nil, errorf("T0410", "Argument %d of function %q does not match function signature", min(len(args), f.max)+1, f.name)
	}
	return r.apply(f, args...)
}

func (r *evaluation) callee(n jparse.Node, input any, s *scope) (*function, error) {
	v, err := r.eval(n, input, s)
	if err != nil {
		return nil, err
	}
	f, is := v.(*function)
	if is {
		return f, nil
	}
	if path, is := n.(*jparse.PathNode); is && len(path.Steps) == 1 && isUndefined(v) {
		if name, is := path.Steps[0].(*jparse.NameNode); is && builtin(name.Value) != nil {
			return nil, errorf("T1005", "Attempted to invoke a non-function. Did you mean $%s?", name.Value)
		}
	}
	return nil, errorf("T1006", "Attempted to invoke a non-function")
}

func (r *evaluation) partial(n *jparse.PartialNode, input any, s *scope) (any, error) {
	f, err := r.callee(n.Func, input, s)
	if err != nil {
		return nil, err
	}
	given := make([]any, len(n.Args))
	var open []int
	for i, arg := range n.Args {
		if _, is := arg.(*jparse.PlaceholderNode); is {
			open = append(open, i)
			continue
		}
		if given[i], err = r.eval(arg, input, s); err != nil {
			return nil, err
		}
	}
	return &function{name: f.name, max: len(open), arity: len(open), run: func(r *evaluation, rest []any) (any, error) {
		args := append([]any{}, given...)
		for i, at := range open {
			args[at] = rest[i]
		}
		return r.apply(f, args...)
	}}, nil
}

// application is ~>: it puts the left side in front of a call's arguments, calls
// a function with it, or chains two functions.
func (r *evaluation) application(n *jparse.FunctionApplicationNode, input any, s *scope) (any, error) {
	left, err := r.eval(n.LHS, input, s)
	if err != nil {
		return nil, err
	}
	if call, is := n.RHS.(*jparse.FunctionCallNode); is {
		f, err := r.callee(call.Func, input, s)
		if err != nil {
			return nil, err
		}
		args := []any{left}
		for _, arg := range call.Args {
			v, err := r.eval(arg, input, s)
			if err != nil {
				return nil, err
			}
			args = append(args, v)
		}
		return r.checked(f, args, input)
	}
	right, err := r.eval(n.RHS, input, s)
	if err != nil {
		return nil, err
	}
	second, is := right.(*function)
	if !is {
		return nil, errorf("T2006", "The right side of the function application operator ~> must be a function")
	}
	first, is := left.(*function)
	if !is {
		return r.apply(second, left)
	}
	return &function{name: "chain", min: 1, max: 1, arity: 1, run: func(r *evaluation, args []any) (any, error) {
		v, err := r.apply(first, args...)
		if err != nil {
			return nil, err
		}
		return r.apply(second, v)
	}}, nil
}

// lambda gives a function with the scope it was made in.
func (r *evaluation) lambda(n *jparse.LambdaNode, params []jparse.Param, input any, s *scope) any {
	f := &function{name: "lambda", max: -1, arity: len(n.ParamNames)}
	f.run = func(r *evaluation, args []any) (any, error) {
		if len(params) > 0 && params[0].Option == jparse.ParamContextable && len(args) < len(params) {
			args = append([]any{input}, args...)
		}
		if len(params) > 0 && len(args) > len(params) && !slices.ContainsFunc(params, variadic) {
			return nil, mismatch(len(params)+1, f.name)
		}
		inner := &scope{outer: s}
		for i, name := range n.ParamNames {
			var v any = Undefined{}
			if i < len(args) {
				v = args[i]
			}
			if i < len(params) {
				var err error
				if v, err = checkParam(params[i], v, i); err != nil {
					return nil, err
				}
			}
			inner.bind(name, v)
		}
		return r.eval(n.Body, input, inner)
	}
	return f
}

// matcher makes a function of a regular expression: from a string to its first
// match, an object that holds the function to the next.
func matcher(re *regexp.Regexp) *function {
	return &function{name: "regex", min: 1, max: 1, arity: 1, regex: re, run: func(_ *evaluation, args []any) (any, error) {
		text, is := args[0].(string)
		if !is {
			return Undefined{}, nil
		}
		found := re.FindStringSubmatchIndex(text)
		if found == nil {
			return Undefined{}, nil
		}
		return NewObject("match", text[found[0]:found[1]], "start", float64(found[0]),
			"end", float64(found[1]), "groups", groups(text, found)), nil
	}}
}

func groups(text string, found []int) []any {
	all := []any{}
	for i := 2; i+1 < len(found); i += 2 {
		if found[i] < 0 {
			all = append(all, "")
			continue
		}
		all = append(all, text[found[i]:found[i+1]])
	}
	return all
}
