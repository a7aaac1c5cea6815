package expression

import (
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// updateParser reads
//
//	update  = section { section }
//	section = SET path "=" value { "," ... } | REMOVE path { "," ... }
//	        | ADD path variable { "," ... } | DELETE path variable { "," ... }
//	value   = operand [ ( "+" | "-" ) operand ] | "(" value ")"
//	operand = path | variable | if_not_exists "(" path "," operand ")"
//	        | list_append "(" operand "," operand ")" | "(" operand ")"
type updateParser struct {
	parser
	update Update
}

// ParseUpdate reads an UpdateExpression.
func ParseUpdate(source string, attributes *Attributes) (*Update, error) {
	p := &updateParser{parser: parser{
		attributes: attributes,
		keywords:   []string{"SET", "REMOVE", "ADD", "DELETE"},
	}}
	if err := p.parse("UpdateExpression", source, p.sections); err != nil {
		return nil, err
	}
	return &p.update, nil
}

func (p *updateParser) sections() {
	seen := map[string]bool{}
	for first := true; first || p.peek().kind != end; first = false {
		name, action := p.section()
		if seen[name] {
			p.report(repeatedSection, "The %q section can only be used once in an update expression;", name)
		}
		seen[name] = true
		action()
		for p.accept(",") {
			action()
		}
	}
	if err := disjoint(p.update.paths); err != nil {
		p.report(overlap, "%s", err)
	}
}

// section takes the word a section begins with and gives what reads one of its actions.
func (p *updateParser) section() (name string, action func()) {
	switch {
	case p.accept("SET"):
		return "SET", p.set
	case p.accept("REMOVE"):
		return "REMOVE", p.remove
	case p.accept("ADD"):
		return "ADD", p.add
	case p.accept("DELETE"):
		return "DELETE", p.delete
	}
	p.unexpected()
	return "", nil
}

// target reads a path that is to be changed.
func (p *updateParser) target() Path {
	path := p.path()
	p.update.paths = append(p.update.paths, path)
	return path
}

func (p *updateParser) set() {
	path := p.target()
	p.expect("=")
	p.operator()
	p.update.sets = append(p.update.sets, action{path, p.value()})
}

func (p *updateParser) remove() {
	p.operator()
	p.update.removes = append(p.update.removes, p.target())
}

func (p *updateParser) add() {
	p.operator()
	path, v := p.target(), p.variable()
	p.requireTypeOf("ADD", v, "N", "SS", "NS", "BS")
	p.update.adds = append(p.update.adds, action{path, constant{v}})
}

func (p *updateParser) delete() {
	p.operator()
	path, v := p.target(), p.variable()
	p.requireTypeOf("DELETE", v, "SS", "NS", "BS")
	p.update.deletes = append(p.update.deletes, action{path, constant{v}})
}

// requireTypeOf reports a value that ADD or DELETE cannot take.
func (p *updateParser) requireTypeOf(operator string, v attribute.Value, allowed ...string) {
	if kind := attribute.Type(v); kind != "" && !slices.Contains(allowed, kind) {
		p.report(operandType, "Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND", operator, longTypeName(kind), operator)
	}
}

func longTypeName(kind string) string {
	switch kind {
	case "S":
		return "STRING"
	case "N":
		return "NUMBER"
	case "B":
		return "BINARY"
	case "BOOL":
		return "BOOLEAN"
	case "L":
		return "LIST"
	case "M":
		return "MAP"
	}
	return kind
}

// value reads what SET assigns. A calculation may stand in parentheses only if it
// is the whole value.
func (p *updateParser) value() operand {
	var left operand
	if p.accept("(") {
		left = p.value()
		p.expect(")")
		if _, whole := left.(arithmetic); whole {
			return left
		}
	} else {
		left = p.operand()
	}
	for _, operator := range []string{"+", "-"} {
		if p.accept(operator) {
			return p.arithmetic(operator, left)
		}
	}
	return left
}

func (p *updateParser) arithmetic(operator string, left operand) operand {
	p.operator()
	right := p.operand()
	p.requireType(operator, left, "N")
	p.requireType(operator, right, "N")
	return arithmetic{operator, left, right}
}

// operand reads one, in parentheses or not.
func (p *updateParser) operand() operand {
	switch {
	case p.accept("("):
		inner := p.operand()
		p.expect(")")
		return inner
	case p.peek().kind == variable:
		return constant{p.variable()}
	case p.atCall():
		return p.function()
	}
	return pathOperand{p.path()}
}

func (p *updateParser) function() operand {
	f := p.call(p.operand)
	if count, known := functionArity(f.name); !known || count != len(f.operands) {
		return f
	}
	switch f.name {
	case "if_not_exists":
		p.requirePath(f)
		return ifNotExists{f.operands[0], f.operands[1]}
	case "list_append":
		p.requireType(f.name, f.operands[0], "L")
		p.requireType(f.name, f.operands[1], "L")
		return listAppend{f.operands[0], f.operands[1]}
	}
	p.report(unknownFunction, "The function is not allowed in an update expression; function: %s", f.name)
	return f
}
