package expression

import (
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// conditionParser reads
//
//	condition  = conjunct { OR conjunct }
//	conjunct   = negation { AND negation }
//	negation   = primary | NOT negation
//	primary    = "(" condition ")" | function | operand comparator operand
//	           | operand BETWEEN operand AND operand | operand IN "(" operand { "," operand } ")"
//	operand    = path | value | size "(" operand ")" | "(" operand ")"
type conditionParser struct {
	parser
	paths []Path
}

func newConditionParser(attributes *Attributes) *conditionParser {
	return &conditionParser{parser: parser{
		attributes: attributes,
		keywords:   []string{"AND", "OR", "NOT", "IN", "BETWEEN"},
	}}
}

// parsed is what a part of the source turned out to be: a condition, or an
// operand that may become part of one. A function is an operand until it is
// known where it stands.
type parsed struct {
	condition   condition
	operand     operand
	parentheses bool
}

func (p *conditionParser) condition() condition { return p.asCondition(p.disjunction()) }

// asCondition takes what must be a condition.
func (p *conditionParser) asCondition(x parsed) condition {
	if x.condition != nil {
		return x.condition
	}
	switch o := x.operand.(type) {
	case function:
		return o
	case sizeOf:
		p.report(misusedFunction, "The function is not allowed to be used this way in an expression; function: size")
		return not{}
	}
	p.unexpected()
	return nil
}

// asOperand takes what must have a value.
func (p *conditionParser) asOperand(x parsed) operand {
	if f, ok := x.operand.(function); ok {
		p.report(misusedFunction, "The function is not allowed to be used this way in an expression; function: %s", f.name)
	}
	return x.operand
}

func (p *conditionParser) disjunction() parsed {
	left := p.conjunction()
	for p.accept("OR") {
		p.operator()
		left = parsed{condition: or{p.asCondition(left), p.asCondition(p.conjunction())}}
	}
	return left
}

func (p *conditionParser) conjunction() parsed {
	left := p.negation()
	for p.accept("AND") {
		p.operator()
		left = parsed{condition: and{p.asCondition(left), p.asCondition(p.negation())}}
	}
	return left
}

func (p *conditionParser) negation() parsed {
	if p.accept("NOT") {
		p.operator()
		return parsed{condition: not{p.asCondition(p.negation())}}
	}
	return p.primary()
}

func (p *conditionParser) primary() parsed {
	left := p.term()
	if left.operand == nil {
		return left
	}
	for _, operator := range []string{"=", "<>", "<", "<=", ">", ">="} {
		if p.accept(operator) {
			return parsed{condition: p.comparison(operator, p.asOperand(left))}
		}
	}
	switch {
	case p.accept("BETWEEN"):
		return parsed{condition: p.between(p.asOperand(left))}
	case p.accept("IN"):
		return parsed{condition: p.in(p.asOperand(left))}
	}
	return left
}

// term reads an operand, or a condition in parentheses.
func (p *conditionParser) term() parsed {
	if !p.accept("(") {
		return parsed{operand: p.plainOperand()}
	}
	inner := p.disjunction()
	p.expect(")")
	if inner.parentheses {
		p.report(redundantParentheses, "The expression has redundant parentheses;")
	}
	inner.parentheses = true
	return inner
}

// operandOnly reads an operand, with or without parentheses.
func (p *conditionParser) operandOnly() operand {
	if !p.accept("(") {
		return p.asOperand(parsed{operand: p.plainOperand()})
	}
	if p.peek().is("(") {
		p.report(redundantParentheses, "The expression has redundant parentheses;")
	}
	o := p.operandOnly()
	p.expect(")")
	return o
}

func (p *conditionParser) plainOperand() operand {
	switch {
	case p.peek().kind == variable:
		return constant{p.variable()}
	case p.atCall():
		return p.function()
	}
	path := p.path()
	p.paths = append(p.paths, path)
	return pathOperand{path}
}

func (p *conditionParser) function() operand {
	f := p.call(p.operandOnly)
	if count, known := functionArity(f.name); !known || count != len(f.operands) {
		return f
	}
	switch f.name {
	case "if_not_exists", "list_append":
		p.report(misusedFunction, "The function is not allowed in a condition expression; function: %s", f.name)
	case "attribute_exists", "attribute_not_exists":
		p.requirePath(f)
	case "size":
		p.requireType(f.name, f.operands[0], "S", "B", "SS", "NS", "BS", "L", "M")
		return sizeOf{f.operands[0]}
	case "begins_with":
		p.distinct(f.name, f.operands[0], f.operands[1])
		p.requireType(f.name, f.operands[0], "S", "B")
		p.requireType(f.name, f.operands[1], "S", "B")
	case "contains":
		p.distinct(f.name, f.operands[0], f.operands[1])
	case "attribute_type":
		p.distinct(f.name, f.operands[0], f.operands[1])
		p.requireTypeName(f)
	}
	return f
}

// requireTypeName checks the second operand of attribute_type: a defined value
// with a type's name.
func (p *conditionParser) requireTypeName(f function) {
	c, _ := f.operands[1].(constant)
	name, ok := c.v.(*attribute.String)
	if !ok {
		kind := staticType(f.operands[1])
		if kind == "" {
			kind = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
		}
		p.report(operandType, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", f.name, kind)
		return
	}
	if !slices.Contains([]string{"B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"}, name.Value) {
		p.report(operandType, "Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", name.Value)
	}
}

func (p *conditionParser) comparison(operator string, left operand) condition {
	p.operator()
	right := p.operandOnly()
	p.distinct(operator, left, right)
	if operator != "=" && operator != "<>" {
		p.requireOrder(operator, left, right)
	}
	return comparison{operator, left, right}
}

func (p *conditionParser) between(of operand) condition {
	p.operator()
	low := p.operandOnly()
	p.expect("AND")
	high := p.operandOnly()
	p.requireOrder("BETWEEN", of, low, high)
	p.requireBounds(low, high)
	return between{of, low, high}
}

// requireBounds checks bounds that are both defined values.
func (p *conditionParser) requireBounds(low, high operand) {
	from, ok := low.(constant)
	to, both := high.(constant)
	if !ok || !both || from.v == nil || to.v == nil {
		return
	}
	order, ordered := attribute.Compare(from.v, to.v)
	var message string
	switch {
	case attribute.Type(from.v) != attribute.Type(to.v):
		message = "same data type for lower and upper bounds"
	case ordered && order > 0:
		message = "upper bound to be greater than or equal to lower bound"
	default:
		return
	}
	p.report(operandType, "The BETWEEN operator requires %s; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s",
		message, attribute.Format(from.v), attribute.Format(to.v))
}

func (p *conditionParser) in(of operand) condition {
	p.operator()
	list := p.operandList(p.operandOnly)
	if len(list) > maxInOperands {
		p.report(operandCount, "Incorrect number of operands for operator or function; operator or function: IN, number of operands: %d", 1+len(list))
	}
	return in{of, list}
}

// requireOrder reports a defined value of a type that has no order.
func (p *conditionParser) requireOrder(operator string, operands ...operand) {
	for _, o := range operands {
		if kind := staticType(o); kind != "" && !slices.Contains([]string{"S", "N", "B"}, kind) {
			p.report(operandType, "Incorrect operand type for operator or function; operator: %s, operand type: %s", operator, kind)
		}
	}
}

// distinct reports an operator with the same path on both sides.
func (p *conditionParser) distinct(operator string, first, second operand) {
	a, ok := first.(pathOperand)
	b, both := second.(pathOperand)
	if ok && both && slices.Equal(a.path, b.path) {
		p.report(indistinct, "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, a.path)
	}
}
