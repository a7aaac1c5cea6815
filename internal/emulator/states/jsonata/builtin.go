package jsonata

import "fmt"

// builtin gives the function of the language, or of Step Functions, by name, or
// nil.
func builtin(name string) *function {
	for _, family := range []func(string) *function{stringFunction, numberFunction, arrayFunction, objectFunction, higherOrderFunction, statesFunction} {
		if f := family(name); f != nil {
			f.name = name
			f.arity = max(f.min, 1)
			return f
		}
	}
	return nil
}

// fixed is a function of exactly so many arguments.
func fixed(n int, run func(*evaluation, []any) (any, error)) *function {
	return &function{min: n, max: n, run: run}
}

// between is a function of min to max arguments.
func between(minimum, maximum int, run func(*evaluation, []any) (any, error)) *function {
	return &function{min: minimum, max: maximum, run: run}
}

// onContext lets the function take the context as its first argument.
func onContext(f *function) *function {
	f.context = true
	return f
}

// mismatch is the error for an argument of the wrong type; i counts from 1.
func mismatch(i int, name string) error {
	return errorf("T0410", "Argument %d of function %q does not match function signature", i, name)
}

// text is a function of a string; it is not called for Undefined.
func text(name string, run func(string) any) *function {
	return onContext(fixed(1, func(r *evaluation, args []any) (any, error) {
		if isUndefined(args[0]) {
			return args[0], nil
		}
		s, is := args[0].(string)
		if !is {
			return nil, mismatch(1, name)
		}
		return run(s), r.charge(len(s) / 16)
	}))
}

// numeric is a function of a number; it is not called for Undefined.
func numeric(name string, run func(float64) (any, error)) *function {
	return onContext(fixed(1, func(_ *evaluation, args []any) (any, error) {
		if isUndefined(args[0]) {
			return args[0], nil
		}
		f, is := args[0].(float64)
		if !is {
			return nil, mismatch(1, name)
		}
		return run(f)
	}))
}

// argument gives an argument as the type it must have; i counts from 1.
func argument[T any](name string, args []any, i int) (T, error) {
	v, is := args[i-1].(T)
	if !is {
		return v, mismatch(i, name)
	}
	return v, nil
}

// optional is argument for one that may be left out.
func optional[T any](name string, args []any, i int, otherwise T) (T, error) {
	if isUndefined(args[i-1]) {
		return otherwise, nil
	}
	return argument[T](name, args, i)
}

func stringOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case Undefined, *function:
		return ""
	default:
		e := encoding{script: true}
		e.value(v, "")
		return e.text.String()
	}
}

func unsupported(what string) error {
	return fmt.Errorf("%s is not supported", what)
}
