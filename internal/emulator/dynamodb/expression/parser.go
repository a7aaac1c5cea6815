package expression

import (
	"math"
	"slices"
	"strconv"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Limits of an expression (AWS: DynamoDB Developer Guide, quotas, expression parameters).
const (
	maxOperators  = 300
	maxInOperands = 100
)

// fault ranks what is wrong with an expression besides its syntax: of several
// faults DynamoDB names the one of the first rank, and there the first.
type fault int

const (
	redundantParentheses fault = iota
	reservedWord
	unknownFunction
	misusedFunction
	repeatedSection
	undefinedName
	undefinedValue
	tooMany
	overlap
	operandCount
	operandType
	indistinct
	faults
)

// parser reads one expression. Syntax errors end it by a panic with syntaxError,
// which parse turns into an error.
type parser struct {
	source     string
	tokens     []token
	at         int
	attributes *Attributes
	keywords   []string // the words that belong to the language, so that none is an attribute's name
	operators  int
	found      [faults]error
}

type syntaxError struct{ error }

// parse runs a grammar over the whole of source. What names the expression in errors.
func (p *parser) parse(what, source string, grammar func()) (err error) {
	tokens, err := tokenize(source)
	if err != nil {
		return attribute.Reject("Invalid %s: %s", what, err)
	}
	p.source, p.tokens = source, tokens
	defer func() {
		switch r := recover().(type) {
		case nil:
		case syntaxError:
			err = attribute.Reject("Invalid %s: %s", what, r.error)
		default:
			panic(r)
		}
	}()
	grammar()
	if p.peek().kind != end {
		p.unexpected()
	}
	for _, problem := range p.found {
		if problem != nil {
			return attribute.Reject("Invalid %s: %s", what, problem)
		}
	}
	return nil
}

// report notes a fault unless one of its rank was found before.
func (p *parser) report(rank fault, format string, args ...any) {
	if p.found[rank] == nil {
		p.found[rank] = attribute.Reject(format, args...)
	}
}

// unexpected ends parsing at the next token.
func (p *parser) unexpected() {
	from, to := p.peek().from, p.peek().to
	if p.at > 0 {
		from = p.tokens[p.at-1].from
	}
	if p.at+1 < len(p.tokens) {
		to = p.tokens[p.at+1].to
	}
	panic(syntaxError{attribute.Reject("Syntax error; token: %q, near: %q", p.peek().text, p.source[from:to])})
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.peek()
	if t.kind != end {
		p.at++
	}
	return t
}

// accept takes the next token if it is this symbol or keyword.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected()
	}
}

// operator counts an operator or function.
func (p *parser) operator() {
	p.operators++
	if p.operators > maxOperators {
		p.report(tooMany, "The expression contains more than %d operators and functions", maxOperators)
	}
}

// path reads a document path.
func (p *parser) path() Path {
	path := Path{p.element()}
	for {
		switch {
		case p.accept("."):
			path = append(path, p.element())
		case p.accept("["):
			path = append(path, p.index())
			p.expect("]")
		default:
			return path
		}
	}
}

func (p *parser) element() Element {
	t := p.peek()
	switch {
	case t.kind == placeholder:
		p.next()
		name, defined := p.attributes.names[t.text]
		if !defined {
			p.report(undefinedName, "An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		}
		p.attributes.used[t.text] = true
		return Element{Name: name}
	case t.kind == word && !slices.ContainsFunc(p.keywords, t.is):
		p.next()
		if reserved(t.text) {
			p.report(reservedWord, "Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		return Element{Name: t.text}
	}
	p.unexpected()
	return Element{}
}

func (p *parser) index() Element {
	t := p.peek()
	if t.kind != integer {
		p.unexpected()
	}
	p.next()
	i, err := strconv.Atoi(t.text)
	if err != nil {
		i = math.MaxInt // further than any list goes
	}
	return Element{Index: i, List: true}
}

// variable takes a token that stands for a value.
func (p *parser) variable() attribute.Value {
	t := p.peek()
	if t.kind != variable {
		p.unexpected()
	}
	p.next()
	v, defined := p.attributes.values[t.text]
	if !defined {
		p.report(undefinedValue, "An expression attribute value used in expression is not defined; attribute value: %s", t.text)
	}
	p.attributes.used[t.text] = true
	return v
}
