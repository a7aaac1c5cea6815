package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// compare compares a value of the request with one of the policy, without looking at
// whether the operator is negated.
func (o operator) compare(q *query, value string, with text) bool {
	pattern, ok := with.expand(q)
	if !ok {
		return false
	}
	switch o.name {
	case "StringEquals":
		return value == plain(pattern)
	case "StringEqualsIgnoreCase", "Bool":
		return strings.EqualFold(value, plain(pattern))
	case "StringLike":
		return glob(pattern, []rune(value))
	case "ArnEquals", "ArnLike":
		return matchARN(pattern, value)
	}
	if relation, isNumeric := strings.CutPrefix(o.name, "Numeric"); isNumeric {
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(plain(pattern), 64)
		return errA == nil && errB == nil && holdsBetween(relation, compareNumbers(a, b))
	}
	a, okA := parseTime(value)
	b, okB := parseTime(plain(pattern))
	return okA && okB && holdsBetween(strings.TrimPrefix(o.name, "Date"), a.Compare(b))
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func holdsBetween(relation string, order int) bool {
	switch relation {
	case "LessThan":
		return order < 0
	case "LessThanEquals":
		return order <= 0
	case "GreaterThan":
		return order > 0
	case "GreaterThanEquals":
		return order >= 0
	}
	return order == 0
}

// parseTime reads a time in ISO 8601 or in seconds since 1970.
// AWS: IAM User Guide, Date condition operators.
func parseTime(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// matchARN matches each of the six parts of an ARN by itself; the last has all that
// is left.
// AWS: IAM User Guide, Amazon Resource Name (ARN) condition operators.
func matchARN(pattern []token, value string) bool {
	const parts = 6
	if plain(pattern) == "*" {
		return true
	}
	values := strings.SplitN(value, ":", parts)
	patterns := splitTokens(pattern, parts)
	if len(values) != parts || len(patterns) != parts {
		return false
	}
	for i := range values {
		if !glob(patterns[i], []rune(values[i])) {
			return false
		}
	}
	return true
}

// splitTokens cuts a pattern at its colons into at most n parts.
func splitTokens(pattern []token, n int) [][]token {
	var out [][]token
	for len(out) < n-1 {
		at := slices.IndexFunc(pattern, func(t token) bool { return t.char == ':' })
		if at < 0 {
			break
		}
		out = append(out, pattern[:at])
		pattern = pattern[at+1:]
	}
	return append(out, pattern)
}

// plain is a pattern in which wildcards are characters like others.
func plain(pattern []token) string {
	var s strings.Builder
	for _, t := range pattern {
		s.WriteRune(max(t.char, t.wild))
	}
	return s.String()
}

// plain is the text with its variables put in; "" if one has no value.
func (t text) plain(q *query) string {
	pattern, _ := t.expand(q)
	return plain(pattern)
}
