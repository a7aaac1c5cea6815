package jsonata

import (
	"math"
	"strconv"
	"strings"
)

func numberFunction(name string) *function {
	switch name {
	case "number":
		return onContext(fixed(1, toNumber))
	case "abs":
		return numeric(name, func(f float64) (any, error) { return math.Abs(f), nil })
	case "floor":
		return numeric(name, func(f float64) (any, error) { return math.Floor(f), nil })
	case "ceil":
		return numeric(name, func(f float64) (any, error) { return math.Ceil(f), nil })
	case "round":
		return onContext(between(1, 2, round))
	case "sqrt":
		return numeric(name, func(f float64) (any, error) {
			if f < 0 {
				return nil, errorf("D3060", "The sqrt function cannot be applied to a negative number: %s", FormatNumber(f))
			}
			return math.Sqrt(f), nil
		})
	case "power":
		return onContext(fixed(2, power))
	case "formatBase":
		return onContext(between(1, 2, formatBase))
	case "formatNumber":
		return onContext(between(2, 3, formatNumber))
	case "formatInteger":
		return onContext(fixed(2, formatInteger))
	case "parseInteger":
		return onContext(fixed(2, parseInteger))
	case "sum", "max", "min", "average":
		return fixed(1, func(r *evaluation, args []any) (any, error) { return r.aggregate(name, args[0]) })
	case "boolean":
		return onContext(fixed(1, func(_ *evaluation, args []any) (any, error) {
			if isUndefined(args[0]) {
				return args[0], nil
			}
			return truth(args[0]), nil
		}))
	case "not":
		return onContext(fixed(1, func(_ *evaluation, args []any) (any, error) {
			if isUndefined(args[0]) {
				return args[0], nil
			}
			return !truth(args[0]), nil
		}))
	case "exists":
		return fixed(1, func(_ *evaluation, args []any) (any, error) { return !isUndefined(args[0]), nil })
	default:
		return nil
	}
}

func toNumber(_ *evaluation, args []any) (any, error) {
	switch v := args[0].(type) {
	case Undefined, float64:
		return v, nil
	case bool:
		if v {
			return 1.0, nil
		}
		return 0.0, nil
	case string:
		if f, ok := parseNumber(v); ok {
			return f, nil
		}
		return nil, errorf("D3030", "Unable to cast value to a number: %s", quote(v))
	default:
		return nil, mismatch(1, "number")
	}
}

// parseNumber reads a number of JSON, or one with the prefix 0x, 0o or 0b.
func parseNumber(s string) (float64, bool) {
	if len(s) > 2 && s[0] == '0' && strings.ContainsRune("xXoObB", rune(s[1])) {
		n, err := strconv.ParseUint(s, 0, 64)
		return float64(n), err == nil
	}
	v, err := Decode(s)
	f, is := v.(float64)
	return f, err == nil && is && strings.TrimSpace(s) == s && !math.IsInf(f, 0)
}

// round rounds half to even, at a decimal place.
func round(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[float64]("round", args, 1)
	if err != nil {
		return nil, err
	}
	precision, err := optional("round", args, 2, 0.0)
	if err != nil {
		return nil, err
	}
	return roundAt(f, int(max(-1000, min(precision, 1000)))), nil
}

// roundAt rounds half to even at a decimal place.
func roundAt(f float64, places int) float64 {
	_, fraction, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
	if places >= len(fraction) {
		return f
	}
	return shift(math.RoundToEven(shift(f, places)), -places)
}

// shift moves the decimal point in the decimal form, where 0.15 is exact.
func shift(f float64, places int) float64 {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return f
	}
	shifted, err := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(e+places), 64)
	if err != nil {
		return f
	}
	return shifted
}

func power(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	base, err := argument[float64]("power", args, 1)
	if err != nil {
		return nil, err
	}
	exponent, err := argument[float64]("power", args, 2)
	if err != nil {
		return nil, err
	}
	f := math.Pow(base, exponent)
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errorf("D3061", "The power function has resulted in a value that cannot be represented as a JSON number: base=%s, exponent=%s", FormatNumber(base), FormatNumber(exponent))
	}
	return f, nil
}

func formatBase(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[float64]("formatBase", args, 1)
	if err != nil {
		return nil, err
	}
	base, err := optional("formatBase", args, 2, 10.0)
	if err != nil {
		return nil, err
	}
	if base < 2 || base > 36 {
		return nil, errorf("D3100", "The radix of the formatBase function must be between 2 and 36.  It was given %s", FormatNumber(base))
	}
	return strconv.FormatInt(int64(math.RoundToEven(f)), int(base)), nil
}

func (r *evaluation) aggregate(name string, v any) (any, error) {
	if isUndefined(v) {
		return v, nil
	}
	all, are := numbers(v)
	if !are {
		return nil, errorf("T0412", "Argument 1 of function %q must be an array of %q", name, "numbers")
	}
	if len(all) == 0 && name != "sum" {
		return Undefined{}, nil
	}
	sum, most, least := 0.0, math.Inf(-1), math.Inf(1)
	for _, f := range all {
		sum += f
		most, least = max(most, f), min(least, f)
	}
	if err := r.charge(len(all)); err != nil {
		return nil, err
	}
	switch name {
	case "max":
		return most, nil
	case "min":
		return least, nil
	case "average":
		return number(sum / float64(len(all)))
	default:
		return number(sum)
	}
}
