package policy

import (
	"slices"
	"strings"
)

// text is a value of a policy: characters, the wildcards * and ?, and variables.
type text struct {
	written  string
	segments []segment
	fixed    []token // of one without variables
}

// segment is a part of a text. Exactly one of its fields is set.
type segment struct {
	literal  string
	star     bool // any number of characters
	one      bool // one character
	variable string
	fallback *string // with variable: what stands for it when it has no value
}

// parseText reads a text. Variables are ${key}, ${key, 'default'} and, for the
// characters themselves, ${*}, ${?} and ${$}.
// AWS: IAM User Guide, IAM policy elements: Variables and tags.
func parseText(s string, variables bool) text {
	t := text{written: s}
	varies := false
	for s != "" {
		var next segment
		next, s = nextSegment(s, variables)
		varies = varies || next.variable != ""
		t.segments = append(t.segments, next)
	}
	if !varies {
		t.fixed, _ = t.fill(nil)
	}
	return t
}

// pattern is a text that actions or ARNs are matched with.
type pattern struct {
	text

	prefix string // of a text without variables: what comes before its first wildcard
	rest   []token
}

func parsePattern(s string, variables bool) pattern {
	p := pattern{text: parseText(s, variables)}
	if p.fixed != nil {
		inARN(p.fixed)
		at := slices.IndexFunc(p.fixed, func(t token) bool { return t.wild != 0 })
		if at < 0 {
			at = len(p.fixed)
		}
		p.prefix, p.rest = plain(p.fixed[:at]), p.fixed[at:]
	}
	return p
}

func (p pattern) match(q *query, value string) bool {
	if p.fixed == nil {
		tokens, ok := p.expand(q)
		return ok && glob(inARN(tokens), []rune(value))
	}
	value, begins := strings.CutPrefix(value, p.prefix)
	switch {
	case !begins:
		return false
	case len(p.rest) == 0:
		return value == ""
	case len(p.rest) == 1 && p.rest[0].wild == '*':
		return true // a star at the end is of no part
	}
	return glob(p.rest, []rune(value))
}

type patterns []pattern

// matching are the places of the patterns that match an action or an ARN.
func (ps patterns) matching(q *query, value string) []int {
	var at []int
	for i, p := range ps {
		if p.match(q, value) {
			at = append(at, i)
		}
	}
	return at
}

func nextSegment(s string, variables bool) (segment, string) {
	switch s[0] {
	case '*':
		return segment{star: true}, s[1:]
	case '?':
		return segment{one: true}, s[1:]
	}
	if inner, rest, closed := strings.Cut(strings.TrimPrefix(s, "${"), "}"); variables && strings.HasPrefix(s, "${") && closed {
		return variable(inner), rest
	}
	end := len(s)
	if at := strings.IndexAny(s[1:], "*?$"); at >= 0 {
		end = at + 1
	}
	return segment{literal: s[:end]}, s[end:]
}

func variable(inner string) segment {
	if inner == "*" || inner == "?" || inner == "$" {
		return segment{literal: inner}
	}
	key, quoted, has := strings.Cut(inner, ",")
	v := segment{variable: strings.TrimSpace(key)}
	if has {
		fallback := strings.Trim(strings.TrimSpace(quoted), "'")
		v.fallback = &fallback
	}
	return v
}

// token is a character or a wildcard.
type token struct {
	char rune
	wild rune // '*', '?' or 0
	// within: the star stands inside of a part of an ARN and matches no colon.
	within bool
}

// expand puts in the values of variables; not for a text with one that has neither a
// value nor a default, with which nothing matches.
func (t text) expand(q *query) ([]token, bool) {
	if t.fixed != nil {
		return t.fixed, true
	}
	return t.fill(q)
}

func (t text) fill(q *query) ([]token, bool) {
	out := make([]token, 0, len(t.written))
	literal := func(s string) {
		for _, c := range s {
			out = append(out, token{char: c})
		}
	}
	for _, s := range t.segments {
		switch {
		case s.star:
			out = append(out, token{wild: '*'})
		case s.one:
			out = append(out, token{wild: '?'})
		case s.variable == "":
			literal(s.literal)
		default:
			values := q.values(s.variable)
			switch {
			case len(values) == 1:
				literal(values[0])
			case s.fallback != nil:
				literal(*s.fallback)
			default:
				return nil, false
			}
		}
	}
	return out, true
}

// inARN keeps a star that is followed by more of its part of an ARN to that part. The
// last star of a part matches beyond it (AWS: IAM User Guide, IAM JSON policy
// elements: Resource).
func inARN(pattern []token) []token {
	for i := range pattern {
		last := i+1 == len(pattern) || pattern[i+1].char == ':'
		pattern[i].within = pattern[i].wild == '*' && !last
	}
	return pattern
}

// glob matches a whole value with a pattern.
func glob(pattern []token, value []rune) bool {
	// reached[i] says that the pattern so far matches the first i characters.
	reached := make([]bool, len(value)+1)
	reached[0] = true
	for _, t := range pattern {
		if t.wild == '*' {
			for i, c := range value {
				reached[i+1] = reached[i+1] || reached[i] && (!t.within || c != ':')
			}
			continue
		}
		for i := len(value) - 1; i >= 0; i-- {
			reached[i+1] = reached[i] && (t.wild == '?' || t.char == value[i])
		}
		reached[0] = false
	}
	return reached[len(value)]
}
