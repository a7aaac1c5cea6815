package expression

import (
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// maxLength is how many bytes an expression may have (AWS: DynamoDB Developer
// Guide, quotas, expression parameters). It also bounds how deep one can nest.
const maxLength = 4096

type tokenKind int

const (
	end         tokenKind = iota
	word                  // a name or keyword
	placeholder           // #name
	variable              // :value
	integer               // a list index
	symbol                // an operator or punctuation
	garbage               // a character that has no place in an expression
)

// token is a piece of an expression, with where it stands there.
type token struct {
	kind     tokenKind
	text     string
	from, to int
}

// is reports whether the token is this symbol, or this keyword in any case.
func (t token) is(text string) bool {
	return t.kind == symbol && t.text == text || t.kind == word && strings.EqualFold(t.text, text)
}

// tokenize cuts an expression into tokens, an end last.
func tokenize(source string) ([]token, error) {
	if strings.Trim(source, " \t\r\n") == "" {
		return nil, attribute.Reject("The expression can not be empty;")
	}
	if len(source) > maxLength {
		return nil, attribute.Reject("Expression size has exceeded the maximum allowed size; expression size: %d", len(source))
	}
	var tokens []token
	for at := 0; at < len(source); {
		if strings.IndexByte(" \t\r\n", source[at]) >= 0 {
			at++
			continue
		}
		kind, length := scan(source[at:])
		tokens = append(tokens, token{kind, source[at : at+length], at, at + length})
		at += length
	}
	return append(tokens, token{end, "<EOF>", len(source), len(source)}), nil
}

// scan finds the kind and length of the token at the beginning of s.
func scan(s string) (tokenKind, int) {
	switch c := s[0]; {
	case isLetter(c):
		return word, run(s, isLetterOrDigit)
	case isDigit(c):
		return integer, run(s, isDigit)
	case c == '#' || c == ':':
		length := 1 + run(s[1:], isLetterOrDigit)
		if length == 1 {
			return garbage, 1
		}
		if c == '#' {
			return placeholder, length
		}
		return variable, length
	case len(s) > 1 && (s[:2] == "<=" || s[:2] == ">=" || s[:2] == "<>"):
		return symbol, 2
	case strings.IndexByte("=<>()[],.+-", c) >= 0:
		return symbol, 1
	}
	return garbage, 1
}

func run(s string, in func(byte) bool) int {
	length := 0
	for length < len(s) && in(s[length]) {
		length++
	}
	return length
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetterOrDigit(c byte) bool { return isLetter(c) || isDigit(c) }
