package jsonata

import "github.com/blues/jsonata-go/jparse"

// typeOf is the type of a value in a lambda's signature.
func typeOf(v any) jparse.ParamType {
	switch v.(type) {
	case nil:
		return jparse.ParamTypeNull
	case bool:
		return jparse.ParamTypeBool
	case float64:
		return jparse.ParamTypeNumber
	case string:
		return jparse.ParamTypeString
	case []any:
		return jparse.ParamTypeArray
	case *Object:
		return jparse.ParamTypeObject
	default:
		return jparse.ParamTypeFunc
	}
}

func accepts(p jparse.Param, v any) bool {
	is := typeOf(v)
	return p.Type&(is|jparse.ParamTypeAny) != 0 || p.Type&jparse.ParamTypeJSON != 0 && is != jparse.ParamTypeFunc
}

func variadic(p jparse.Param) bool { return p.Option == jparse.ParamVariadic }

// checkParam holds an argument against a lambda's signature; i counts from 0. A
// single value given where an array is wanted becomes one.
func checkParam(p jparse.Param, v any, i int) (any, error) {
	const function = "lambda"
	if isUndefined(v) {
		return v, nil
	}
	if !accepts(p, v) {
		if p.Type&jparse.ParamTypeArray == 0 {
			return nil, mismatch(i+1, function)
		}
		v = []any{v}
	}
	items, is := v.([]any)
	if !is || len(p.SubParams) == 0 {
		return v, nil
	}
	for _, item := range items {
		if !accepts(p.SubParams[0], item) {
			return nil, errorf("T0412", "Argument %d of function %q must be an array of %q", i+1, function, plural(p.SubParams[0].Type))
		}
	}
	return v, nil
}

// plural names the values of a type.
func plural(t jparse.ParamType) string {
	switch t { //nolint:exhaustive // the others have no name
	case jparse.ParamTypeArray:
		return "arrays"
	case jparse.ParamTypeBool:
		return "booleans"
	case jparse.ParamTypeFunc:
		return "functions"
	case jparse.ParamTypeNumber:
		return "numbers"
	case jparse.ParamTypeObject:
		return "objects"
	case jparse.ParamTypeString:
		return "strings"
	}
	return t.String()
}
