package states

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// template is the value of a field: JSON in which strings may be expressions.
type template struct {
	field string
	root  node
	want  string // the type the result must have; "" is any
}

// The types that a field may ask of an expression's result.
const (
	wantString  = "string"
	wantNumber  = "number"
	wantBoolean = "boolean"
	wantArray   = "array"
)

// node is one value of a template: an expression, a container or plain JSON.
type node struct {
	expression *jsonata.Expression
	items      []node
	keys       []string // of an object; items are its members
	literal    any
}

// isExpression reports whether a string is JSONata: it begins with {% and ends
// with %}, without white space around.
func isExpression(s string) bool {
	return len(s) >= 4 && strings.HasPrefix(s, "{%") && strings.HasSuffix(s, "%}")
}

// template reads a field that may hold any JSON. It is nil if the field is absent.
func (l *loader) template(o object, field string) *template {
	v := o.Get(field)
	if _, absent := v.(jsonata.Undefined); absent {
		return nil
	}
	return &template{field: o.prefix + field, root: l.node(v, o.at(field))}
}

// scalar reads a field that must be of a type, or an expression for it.
func (l *loader) scalar(o object, field, want string) *template {
	t := l.template(o, field)
	if t == nil {
		return nil
	}
	t.want = want
	v := o.Get(field)
	if s, is := v.(string); is && isExpression(s) {
		return t
	}
	if jsonata.TypeName(v) != want {
		l.report(codeSchema, o.at(field), "Expected a %s or a JSONata expression", want)
	}
	return t
}

func (l *loader) node(v any, location string) node {
	switch v := v.(type) {
	case string:
		if isExpression(v) {
			return l.expression(v, location)
		}
		if strings.HasPrefix(v, "{%") != strings.HasSuffix(v, "%}") {
			l.report(codeSchema, location, "The value '%s' is not a JSONata expression: it must begin with '{%%' and end with '%%}'", v)
		}
		return node{literal: v}
	case []any:
		n := node{literal: []any{}}
		for i, item := range v {
			n.items = append(n.items, l.node(item, fmt.Sprintf("%s[%d]", location, i)))
		}
		return n
	case *jsonata.Object:
		n := node{keys: v.Keys(), literal: v}
		for _, key := range n.keys {
			n.items = append(n.items, l.node(v.Get(key), location+"/"+key))
		}
		return n
	default:
		return node{literal: v}
	}
}

func (l *loader) expression(text, location string) node {
	inner := strings.TrimSpace(text[2 : len(text)-2])
	e, err := jsonata.Compile(inner)
	if err != nil {
		l.report(codeSyntax, location, "%v", err)
		return node{}
	}
	l.references(e.References(), location)
	return node{expression: e}
}

// references refuses what an expression cannot read. That AWS refuses all of it
// was measured in floci-io/floci, issues 2670 and 2745, which tell its words for
// names at the top level. There is no context for an expression, and an error
// output only where an error is caught (Amazon States Language, JSONata).
func (l *loader) references(r jsonata.References, location string) {
	for _, name := range r.Context {
		l.report(codeReference, location, "Reference to '%s' at the top level is not supported.", name)
	}
	if r.Root {
		l.report(codeReference, location, "Reference to '$$' is not supported.")
	}
	if slices.Contains(r.States, "errorOutput") && !l.catching {
		l.report(codeReference, location, "Reference to '$states.errorOutput' is supported in 'Catch' only.")
	}
}

// evaluationError says why a field has no value, in AWS's words.
type evaluationError struct {
	message  string
	location string // the field, such as Output/result; "" if the message names none
}

func (e *evaluationError) Error() string { return e.message }

// evaluate gives the value of the whole template.
func (t *template) evaluate(env jsonata.Environment) (any, *evaluationError) {
	v, failed := t.root.evaluate(env, t.field)
	if failed != nil {
		return nil, failed
	}
	if got := jsonata.TypeName(v); t.want != "" && got != t.want {
		return nil, wrongType(t.root.expression, t.field, t.want, v)
	}
	return v, nil
}

// wrongType is the error for a result of another type (recorded on AWS for Items).
func wrongType(e *jsonata.Expression, field, want string, v any) *evaluationError {
	return &evaluationError{location: field, message: fmt.Sprintf(
		"The JSONata expression '%s' specified for the field '%s' returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
		e, field, want, jsonata.TypeName(v), jsonata.Encode(v))}
}

func (n node) evaluate(env jsonata.Environment, location string) (any, *evaluationError) {
	switch {
	case n.expression != nil:
		return n.value(env, location)
	case n.keys != nil:
		o := &jsonata.Object{}
		for i, key := range n.keys {
			v, failed := n.items[i].evaluate(env, location+"/"+key)
			if failed != nil {
				return nil, failed
			}
			o.Set(key, v)
		}
		return o, nil
	case n.items != nil:
		items := make([]any, len(n.items))
		for i, item := range n.items {
			v, failed := item.evaluate(env, location+"["+strconv.Itoa(i)+"]")
			if failed != nil {
				return nil, failed
			}
			items[i] = v
		}
		return items, nil
	default:
		return n.literal, nil
	}
}

// stop stands before an evaluation's error: a full stop if it has a code of
// JSONata, else a colon (measured on AWS: floci-io/floci, issue 2736).
func stop(err error) string {
	var coded *jsonata.Error
	if errors.As(err, &coded) && coded.Code != "" {
		return ". "
	}
	return ": "
}

func (n node) value(env jsonata.Environment, location string) (any, *evaluationError) {
	v, err := n.expression.Evaluate(env)
	if err != nil {
		return nil, &evaluationError{location: location, message: fmt.Sprintf(
			"The JSONata expression '%s' specified for the field '%s' threw an error during evaluation%s%v", n.expression, location, stop(err), err)}
	}
	switch jsonata.TypeName(v) {
	case "undefined":
		return nil, &evaluationError{location: location, message: fmt.Sprintf(
			"The JSONata expression '%s' specified for the field '%s' returned nothing (undefined).", n.expression, location)}
	case "function":
		return nil, wrongType(n.expression, location, "JSON", v)
	}
	return v, nil
}
