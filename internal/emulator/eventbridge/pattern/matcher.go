package pattern

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// value is a leaf of an event.
type value struct {
	text     string // a string's characters, or the literal
	isString bool
}

// matcher decides on one value.
type matcher interface {
	match(v value) bool
}

// matchString is a matcher that strings alone can satisfy.
type matchString func(s string) bool

func (m matchString) match(v value) bool { return v.isString && m(v.text) }

// exactString matches a string of a pattern's list. One that is an IP address
// matches every way to write that address.
func exactString(want string) matcher {
	if addr, ok := address(want); ok {
		return addresses{netip.PrefixFrom(addr, addr.BitLen())}
	}
	return exactText(want)
}

func exactText(want string) matcher {
	return matchString(func(s string) bool { return s == want })
}

func prefix(want string) matcher {
	return matchString(func(s string) bool { return strings.HasPrefix(s, want) })
}

func suffix(want string) matcher {
	return matchString(func(s string) bool { return strings.HasSuffix(s, want) })
}

func equalsFold(want string) matcher {
	return matchString(func(s string) bool { return strings.EqualFold(s, want) })
}

func prefixFold(want string) matcher {
	n := len([]rune(want))
	return matchString(func(s string) bool {
		runes := []rune(s)
		return len(runes) >= n && strings.EqualFold(string(runes[:n]), want)
	})
}

func suffixFold(want string) matcher {
	n := len([]rune(want))
	return matchString(func(s string) bool {
		runes := []rune(s)
		return len(runes) >= n && strings.EqualFold(string(runes[len(runes)-n:]), want)
	})
}

// exactLiteral matches true, false, null, or a number as it is spelled.
type exactLiteral string

func (m exactLiteral) match(v value) bool { return !v.isString && v.text == string(m) }

// exactNumber matches a number however it is spelled, if it can be compared, and
// else its literal.
func exactNumber(literal string) matcher {
	if v, ok := comparableNumber(literal); ok {
		return span{low: v, high: v}
	}
	return exactLiteral(literal)
}

// span matches the numbers between two bounds.
type span struct {
	low, high         float64
	openLow, openHigh bool
}

func (m span) match(v value) bool {
	if v.isString {
		return false
	}
	switch v.text {
	case "true", "false", "null":
		return false
	}
	x, ok := comparableNumber(v.text)
	if !ok || x < m.low || x > m.high {
		return false
	}
	return (!m.openLow || x != m.low) && (!m.openHigh || x != m.high)
}

// present matches every value.
type present struct{}

func (present) match(value) bool { return true }

// anythingBut matches what none of its matchers does.
type anythingBut struct {
	matchers []matcher
}

func (m anythingBut) match(v value) bool {
	return !slices.ContainsFunc(m.matchers, func(not matcher) bool { return not.match(v) })
}

// valueOf is a leaf token of an event.
func valueOf(token json.Token) value {
	_, isString := token.(string)
	return value{text: text(token), isString: isString}
}
