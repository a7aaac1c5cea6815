package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxAlternatives is how many combinations "$or" may be multiplied out to (AWS:
// EventBridge User Guide, "Or" matching: fewer than 1,000).
const maxAlternatives = 1000

// rule is an alternative in the making: conditions by path. A path that is given
// twice keeps the last.
type rule map[string]condition

func (r rule) alternative() alternative {
	var alt alternative
	for _, path := range slices.Sorted(maps.Keys(r)) {
		alt = append(alt, r[path])
	}
	return alt
}

// compiler reads a pattern token by token, so that of several mistakes the first
// is reported, as EventBridge does.
type compiler struct {
	dec   *json.Decoder
	rules []rule
}

func compile(source []byte) ([]rule, error) {
	c := &compiler{dec: json.NewDecoder(bytes.NewReader(source)), rules: []rule{{}}}
	c.dec.UseNumber()
	first, err := c.next()
	if err != nil {
		return nil, err
	}
	if first != json.Delim('{') {
		return nil, invalid("Filter is not an object")
	}
	if err := c.object("", false); err != nil {
		return nil, err
	}
	return c.rules, nil
}

func (c *compiler) next() (json.Token, error) {
	token, err := c.dec.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, invalid("Unexpected end-of-input")
	case err != nil:
		return nil, invalid("%s", err)
	}
	return token, nil
}

// object reads what follows a "{" of the event's structure.
func (c *compiler) object(path string, insideOr bool) error {
	empty := true
	for {
		token, err := c.next()
		if err != nil {
			return err
		}
		if token == json.Delim('}') {
			break
		}
		empty = false
		if err := c.field(path, token.(string), insideOr); err != nil {
			return err
		}
	}
	if empty {
		return invalid("Empty objects are not allowed")
	}
	return nil
}

func (c *compiler) field(path, name string, insideOr bool) error {
	if name == "$or" {
		return c.or(path)
	}
	if insideOr && reserved(name) {
		return invalid("%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	}
	if path != "" {
		path += "."
	}
	token, err := c.next()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return c.object(path+name, insideOr)
	case json.Delim('['):
		return c.values(path + name)
	}
	return invalid("%q must be an object or an array", name)
}

// or multiplies the rules so far by the members of a "$or" array.
func (c *compiler) or(path string) error {
	token, err := c.next()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return invalid("It must be an Array followed with $or.")
	}
	before := c.rules
	var all []rule
	members := 0
	for ; ; members++ {
		token, err := c.next()
		if err != nil {
			return err
		}
		if token == json.Delim(']') {
			break
		}
		if token != json.Delim('{') {
			return invalid("Only JSON object is allowed in array of $or relationship.")
		}
		c.rules = nil
		for _, r := range before {
			c.rules = append(c.rules, maps.Clone(r))
		}
		if err := c.object(path, true); err != nil {
			return err
		}
		all = append(all, c.rules...)
		if len(all) > maxAlternatives {
			return invalid("$or makes more than %d combinations", maxAlternatives)
		}
	}
	if members < 2 {
		return invalid("There must have at least 2 Objects in $or relationship.")
	}
	c.rules = all
	return nil
}

// values reads what follows the "[" of a field's list of accepted values.
func (c *compiler) values(path string) error {
	cond := condition{path: path}
	for {
		token, err := c.next()
		if err != nil {
			return err
		}
		if token == json.Delim(']') {
			break
		}
		m, err := c.value(token)
		if err != nil {
			return err
		}
		if m == nil {
			cond.absent = true
		} else {
			cond.matchers = append(cond.matchers, m)
		}
	}
	if !cond.absent && len(cond.matchers) == 0 {
		return invalid("Empty arrays are not allowed")
	}
	for _, r := range c.rules {
		r[path] = cond
	}
	return nil
}

// value is the matcher of one accepted value; nil stands for "exists": false.
func (c *compiler) value(token json.Token) (matcher, error) {
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return c.expression()
		}
		return nil, invalid("Match value must be String, number, true, false, or null")
	case string:
		return exactString(v), nil
	case json.Number:
		return exactNumber(v.String()), nil
	}
	return exactLiteral(text(token)), nil
}

// reserved reports the names that may not be fields inside "$or": today's
// operators and those Ruler keeps for later.
func reserved(name string) bool {
	return slices.Contains(strings.Fields(`exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr
		= < <= > >= regex not-wildcard not-equals-ignore-case
		date-after date-on-or-after date-before date-on-or-before in-date-range
		ip-address-in-range ip-address-not-in-range`), name)
}

// text is a token as the source spells it.
func text(token json.Token) string {
	switch v := token.(type) {
	case json.Delim:
		return v.String()
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return "null"
}
