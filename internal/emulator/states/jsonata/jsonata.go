// Package jsonata evaluates JSONata 2.0 expressions within bounds.
//
// The grammar is read by github.com/blues/jsonata-go/jparse. The evaluation is
// our own, because the emulator needs three things that no Go library gives: an
// expression that never ends, or recurses without end, must become an error; the
// order of an object's members must be kept; and nothing may depend on the order
// of a Go map, on the wall clock or on chance.
//
// What is not emulated is refused by Compile, by name: the operators %, @ and #,
// and regular expressions that RE2 does not know. $eval is no function here, as
// on AWS (Step Functions Developer Guide, Transforming data with JSONata).
package jsonata

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blues/jsonata-go/jparse"
)

const (
	// maxLength bounds an expression's text and with it the depth of its tree.
	maxLength = 32 << 10
	// maxSteps bounds the work of one evaluation: nodes evaluated plus the sizes
	// of what functions walk or make.
	maxSteps = 2_000_000
	// maxDepth bounds how deep evaluation may nest.
	maxDepth = 10_000
)

// Error is an error of JSONata, with its code where the language has one.
type Error struct {
	Code    string // such as T2001; "" if the language has none
	Message string
}

func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

func errorf(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrBounds is wrapped by the error of an evaluation that was given up because
// it would not end, or took more than the emulator gives an expression.
var ErrBounds = errors.New("the evaluation exceeds the bounds of an expression")

// Expression is a compiled expression. It can be evaluated any number of times.
type Expression struct {
	text string
	root jparse.Node
}

// Environment is what an evaluation sees besides its variables.
type Environment struct {
	Variables map[string]any     // without the $
	Now       time.Time          // for $now and $millis
	ID        func(n int) string // n hexadecimal characters, never the same; for $uuid and $random
}

// Compile checks an expression's syntax, and that all of it is emulated.
func Compile(text string) (e *Expression, err error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("expression of %d bytes is longer than %d", len(text), maxLength)
	}
	defer func() {
		// jparse panics on some malformed texts instead of giving an error.
		if r := recover(); r != nil {
			e, err = nil, fmt.Errorf("syntax error: %v", r)
		}
	}()
	root, err := jparse.Parse(forParser(forRE2(text)))
	if err != nil {
		return nil, inReferenceWords(err)
	}
	if misread(root) {
		return nil, errors.New("the operators @ and # are not supported")
	}
	return &Expression{text: text, root: root}, nil
}

// forRE2 writes the escaped space that JavaScript allows in a regular expression
// in the way that RE2 does. In a string it is an error either way.
func forRE2(text string) string {
	if strings.Contains(text, "`") {
		return text
	}
	return strings.ReplaceAll(text, `\ `, `\x20`)
}

// forParser writes what jparse does not know in another way: it takes comments
// out, and a quoted name of a path's step (a."b c") gets backquotes.
func forParser(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"' || c == '\'' || c == '`':
			end := closing(text, i)
			quoted := text[i:end]
			before := strings.TrimRight(b.String(), " \t\r\n")
			step := strings.HasSuffix(before, ".") && !strings.HasSuffix(before, "..")
			if step && len(quoted) > 2 && !strings.ContainsAny(quoted, "\\`") {
				quoted = "`" + quoted[1:len(quoted)-1] + "`"
			}
			b.WriteString(quoted)
			i = end - 1
		case strings.HasPrefix(text[i:], "/*"):
			length := strings.Index(text[i+2:], "*/")
			if length < 0 {
				return text
			}
			b.WriteByte(' ')
			i += length + 3
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// closing is the index after the quote that closes the one at start, or the end.
func closing(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[start]:
			return i + 1
		}
	}
	return len(text)
}

// misread reports a name in which jparse took an operator for a letter.
func misread(n jparse.Node) bool {
	if name, is := n.(*jparse.NameNode); is {
		return strings.ContainsAny(name.Value, "#@") && !strings.HasPrefix(name.String(), "`")
	}
	return slices.ContainsFunc(children(n), misread)
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.text }

// Evaluate gives the expression's value, Undefined if it selects nothing. The
// evaluation has no input: everything comes from variables. A value that is a
// function has the type name "function".
func (e *Expression) Evaluate(env Environment) (any, error) {
	run := &evaluation{env: env, steps: maxSteps}
	given := &scope{variables: env.Variables}
	return run.eval(e.root, Undefined{}, &scope{outer: given})
}

// evaluation is one run of an expression.
type evaluation struct {
	env   Environment
	steps int
	depth int
}

// charge takes work from the budget.
func (r *evaluation) charge(n int) error {
	r.steps -= max(n, 1)
	if r.steps < 0 {
		return fmt.Errorf("%w: more than %d steps", ErrBounds, maxSteps)
	}
	return nil
}

// scope holds variables; blocks and lambdas open new ones.
type scope struct {
	outer     *scope
	variables map[string]any
}

func (s *scope) lookup(name string) any {
	for ; s != nil; s = s.outer {
		if v, has := s.variables[name]; has {
			return v
		}
	}
	return Undefined{}
}

func (s *scope) bind(name string, v any) {
	if s.variables == nil {
		s.variables = map[string]any{}
	}
	s.variables[name] = v
}
