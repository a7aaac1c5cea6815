package expression

import (
	"slices"
	"strconv"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// operand is something with a value: a path, a defined value, or a function of
// one. The value is nil where the item has none.
type operand interface {
	value(item attribute.Item) attribute.Value
}

type pathOperand struct{ path Path }

func (o pathOperand) value(item attribute.Item) attribute.Value { return o.path.Value(item) }

type constant struct{ v attribute.Value }

func (o constant) value(attribute.Item) attribute.Value { return o.v }

// sizeOf is the function size.
type sizeOf struct{ of operand }

func (o sizeOf) value(item attribute.Item) attribute.Value {
	length, ok := attribute.Length(o.of.value(item))
	if !ok {
		return nil
	}
	return &attribute.Number{Value: strconv.Itoa(length)}
}

// staticType is the operand's type as far as the expression alone tells it, or "".
func staticType(o operand) string {
	switch o := o.(type) {
	case constant:
		return attribute.Type(o.v)
	case sizeOf, arithmetic:
		return "N"
	case listAppend:
		return "L"
	}
	return ""
}

// function is a function's name and operands as parsed.
type function struct {
	name     string
	operands []operand
}

// value is never asked for: a function that stands where a value is needed was
// reported while parsing.
func (function) value(attribute.Item) attribute.Value { return nil }

// functionArity is how many operands each function takes.
func functionArity(name string) (count int, known bool) {
	switch name {
	case "attribute_exists", "attribute_not_exists", "size":
		return 1, true
	case "attribute_type", "begins_with", "contains", "if_not_exists", "list_append":
		return 2, true
	}
	return 0, false
}

// operandList reads operands separated by commas up to a closing parenthesis.
func (p *parser) operandList(read func() operand) []operand {
	p.expect("(")
	list := []operand{read()}
	for p.accept(",") {
		list = append(list, read())
	}
	p.expect(")")
	return list
}

// call reads a function, of which it knows that a parenthesis follows the name.
func (p *parser) call(read func() operand) function {
	p.operator()
	f := function{name: p.next().text}
	f.operands = p.operandList(read)
	count, known := functionArity(f.name)
	switch {
	case !known:
		p.report(unknownFunction, "Invalid function name; function: %s", f.name)
	case count != len(f.operands):
		p.report(operandCount, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", f.name, len(f.operands))
	}
	return f
}

// atCall reports whether a function begins at the next token.
func (p *parser) atCall() bool {
	return p.peek().kind == word && p.tokens[p.at+1].is("(") && !slices.ContainsFunc(p.keywords, p.peek().is)
}

func (p *parser) requirePath(f function) {
	if _, ok := f.operands[0].(pathOperand); !ok {
		p.report(operandType, "Operator or function requires a document path; operator or function: %s", f.name)
	}
}

// requireType reports an operand that can only be of another type.
func (p *parser) requireType(name string, o operand, allowed ...string) {
	if kind := staticType(o); kind != "" && !slices.Contains(allowed, kind) {
		p.report(operandType, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", name, kind)
	}
}
