package pattern

import (
	"encoding/json"
	"slices"
)

// anythingBut reads the argument of "anything-but": a value, a list, or one
// operator with a string or a list of strings.
func (c *compiler) anythingBut() (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	if token == json.Delim('{') {
		return c.anythingButOperator()
	}
	var m matcher
	switch v := token.(type) {
	case string:
		m = anythingBut{matchers: []matcher{exactText(v)}}
	case json.Number:
		m, err = anythingButNumber(v)
	case json.Delim:
		m, err = c.anythingButList()
	default:
		return nil, notAnythingBut()
	}
	if err != nil {
		return nil, err
	}
	return m, c.closes('}', "Too many elements in numeric expression")
}

func notAnythingBut() error {
	return invalid("Value of anything-but must be an array or single string/number value.")
}

func anythingButNumber(literal json.Number) (matcher, error) {
	v, ok := comparableNumber(literal.String())
	if !ok {
		return nil, invalid("Cannot compare number : %s", literal)
	}
	return anythingBut{matchers: []matcher{span{low: v, high: v}}}, nil
}

// anythingButList reads a list of strings or of numbers, up to its "]".
func (c *compiler) anythingButList() (matcher, error) {
	var all anythingBut
	var hasString, hasNumber bool
	for {
		token, err := c.next()
		if err != nil {
			return nil, err
		}
		if token == json.Delim(']') {
			break
		}
		switch v := token.(type) {
		case string:
			hasString = true
			all.matchers = append(all.matchers, exactText(v))
		case json.Number:
			hasNumber = true
			m, err := anythingButNumber(v)
			if err != nil {
				return nil, err
			}
			all.matchers = append(all.matchers, m.(anythingBut).matchers...)
		default:
			return nil, invalid("Inside anything but list, start|null|boolean is not supported.")
		}
	}
	if hasString == hasNumber {
		return nil, invalid("Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return all, nil
}

// anythingButOperator reads {"prefix": …} and its like, up to the "}" of the
// whole expression.
func (c *compiler) anythingButOperator() (matcher, error) {
	name, err := c.next()
	if err != nil {
		return nil, err
	}
	if name == json.Delim('}') {
		return nil, invalid("Anything-But expression name not found")
	}
	operator := text(name)
	if !slices.Contains([]string{"equals-ignore-case", "prefix", "suffix", "wildcard"}, operator) {
		return nil, invalid("Unsupported anything-but pattern: %s", operator)
	}
	all, err := c.anythingButStrings(operator)
	if err != nil {
		return nil, err
	}
	for range 2 {
		if err := c.closes('}', "Too many elements in numeric expression"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *compiler) anythingButStrings(operator string) (matcher, error) {
	var all anythingBut
	add := func(token json.Token) error {
		m, err := excluded(operator, token)
		all.matchers = append(all.matchers, m)
		return err
	}
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case string, json.Number:
		return all, add(token)
	}
	if token != json.Delim('[') {
		return nil, notAnythingBut()
	}
	for {
		token, err := c.next()
		if err != nil {
			return nil, err
		}
		if token == json.Delim(']') {
			return all, nil
		}
		if err := add(token); err != nil {
			return nil, err
		}
	}
}

// excluded is what an operator inside "anything-but" makes of its argument.
func excluded(operator string, token json.Token) (matcher, error) {
	s, ok := token.(string)
	switch operator {
	case "equals-ignore-case":
		if !ok {
			return nil, invalid("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
		}
		return equalsFold(s), nil
	case "wildcard":
		if !ok {
			return nil, invalid("wildcard match pattern must be a string")
		}
		g, err := parseGlob(s)
		if err != nil {
			return nil, err
		}
		return g, nil
	}
	if !ok {
		return nil, invalid("prefix/suffix match pattern must be a string")
	}
	if s == "" {
		return nil, invalid("Null prefix/suffix not allowed")
	}
	if operator == "prefix" {
		return prefix(s), nil
	}
	return suffix(s), nil
}
