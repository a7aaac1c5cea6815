package policy

import "strings"

// text is a value of a policy: characters, the wildcards * and ?, and variables.
type text struct {
	segments []segment
}

// segment is a part of a text. Exactly one of its fields is set.
type segment struct {
	literal  string
	star     bool // any number of characters
	one      bool // one character
	variable string
	fallback *string // with variable: what stands for it when it has no value
}

type texts []text

// match tells whether any of the texts matches an action or an ARN.
func (ts texts) match(q *query, value string) bool {
	for _, t := range ts {
		pattern, ok := t.expand(q)
		if ok && glob(inARN(pattern), []rune(value)) {
			return true
		}
	}
	return false
}

// parseText reads a text. Variables are ${key}, ${key, 'default'} and, for the
// characters themselves, ${*}, ${?} and ${$}.
// AWS: IAM User Guide, IAM policy elements: Variables and tags.
func parseText(s string, variables bool) text {
	t := text{}
	for s != "" {
		var next segment
		next, s = nextSegment(s, variables)
		t.segments = append(t.segments, next)
	}
	return t
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
	var out []token
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
