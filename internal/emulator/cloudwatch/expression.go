package cloudwatch

import (
	"fmt"
	"strconv"
	"strings"
)

// expression is a node of a parsed metric math expression (AWS: CloudWatch User
// Guide, Metric math syntax and functions).
type expression interface {
	eval(s *scope) (value, error)
	// ids adds the ids of the queries that the expression reads.
	ids(s references)
}

// references collects the ids an expression reads. all is set by METRICS().
type references struct {
	ids map[string]bool
	all *bool
}

type (
	number     float64
	text       string
	identifier string
	array      []expression
	negative   struct{ operand expression }
	infix      struct {
		op          string
		left, right expression
	}
	call struct {
		function string
		args     []expression
	}
)

func (number) ids(references)         {}
func (text) ids(references)           {}
func (i identifier) ids(r references) { r.ids[string(i)] = true }
func (u negative) ids(r references)   { u.operand.ids(r) }
func (b infix) ids(r references)      { b.left.ids(r); b.right.ids(r) }

func (a array) ids(r references) {
	for _, e := range a {
		e.ids(r)
	}
}

func (c call) ids(r references) {
	if c.function == "METRICS" || c.function == "METRIC_COUNT" {
		*r.all = true
	}
	array(c.args).ids(r)
}

// parseExpression reads a metric math expression.
func parseExpression(source string) (expression, error) {
	tokens, err := tokenize(source)
	if err != nil {
		return nil, err
	}
	p := &mathParser{tokens: tokens}
	e, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t != "" {
		return nil, fmt.Errorf("unexpected %s", t)
	}
	return e, nil
}

// operators are the binary operators by rising precedence.
func operators(level int) []string {
	switch level {
	case 0:
		return []string{"OR", "||"}
	case 1:
		return []string{"AND", "&&"}
	case 2:
		return []string{"==", "!=", "<=", ">=", "<", ">"}
	case 3:
		return []string{"+", "-"}
	case 4:
		return []string{"*", "/"}
	}
	return nil
}

// maxNesting keeps a hostile expression from exhausting the stack.
const maxNesting = 100

type mathParser struct {
	tokens []string
	next   int
	depth  int
}

func (p *mathParser) peek() string {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return ""
}

func (p *mathParser) take() string {
	t := p.peek()
	p.next++
	return t
}

func (p *mathParser) expect(want string) error {
	if t := p.take(); t != want {
		return fmt.Errorf("expected %s, found %q", want, t)
	}
	return nil
}

func (p *mathParser) binary(level int) (expression, error) {
	ops := operators(level)
	if ops == nil {
		return p.power()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for {
		op, ok := matching(p.peek(), ops)
		if !ok {
			return left, nil
		}
		p.take()
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = infix{op, left, right}
	}
}

func matching(token string, ops []string) (string, bool) {
	for _, op := range ops {
		if strings.EqualFold(token, op) {
			return op, true
		}
	}
	return "", false
}

func (p *mathParser) power() (expression, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	if p.peek() == "-" {
		p.take()
		operand, err := p.power()
		return negative{operand}, err
	}
	base, err := p.primary()
	if err != nil || p.peek() != "^" {
		return base, err
	}
	p.take()
	exponent, err := p.power()
	return infix{"^", base, exponent}, err
}

func (p *mathParser) primary() (expression, error) {
	t := p.take()
	switch {
	case t == "":
		return nil, fmt.Errorf("unexpected end of expression")
	case t == "(":
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case t == "[":
		list, err := p.list("]")
		return array(list), err
	case t[0] == '\'' || t[0] == '"':
		return text(t[1 : len(t)-1]), nil
	case t[0] >= '0' && t[0] <= '9' || t[0] == '.':
		v, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", t)
		}
		return number(v), nil
	case !isWord(t[0]):
		return nil, fmt.Errorf("unexpected %s", t)
	case p.peek() == "(":
		p.take()
		args, err := p.list(")")
		return call{strings.ToUpper(t), args}, err
	}
	return identifier(t), nil
}

// list reads expressions up to the closing token.
func (p *mathParser) list(closing string) ([]expression, error) {
	var list []expression
	if p.peek() == closing {
		p.take()
		return nil, nil
	}
	for {
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if p.peek() != "," {
			return list, p.expect(closing)
		}
		p.take()
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// tokenize splits an expression; strings keep their quotes.
func tokenize(source string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(source); {
		length := tokenLength(source[i:])
		switch {
		case length < 0:
			return nil, fmt.Errorf("unexpected character %q", source[i])
		case length > 0:
			tokens = append(tokens, source[i:i+length])
			i += length
		default:
			i++
		}
	}
	return tokens, nil
}

// tokenLength is the length of the token that s begins with: 0 for white space,
// -1 if there is none.
func tokenLength(s string) int {
	switch c := s[0]; {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		return 0
	case c == '\'' || c == '"':
		if end := strings.IndexByte(s[1:], c); end >= 0 {
			return end + 2
		}
		return -1
	case c == '.' || isWord(c):
		n := 1
		for n < len(s) && (isWord(s[n]) || s[n] == '.') {
			n++
		}
		return n
	}
	for _, op := range []string{"==", "!=", "<=", ">=", "&&", "||"} {
		if strings.HasPrefix(s, op) {
			return 2
		}
	}
	if strings.IndexByte("+-*/^<>()[],", s[0]) >= 0 {
		return 1
	}
	return -1
}
