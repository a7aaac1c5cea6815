package pattern

import "encoding/json"

// expression reads what follows the "{" of a match expression: one operator and
// its argument.
func (c *compiler) expression() (matcher, error) {
	name, err := c.next()
	if err != nil {
		return nil, err
	}
	if name == json.Delim('}') {
		return nil, invalid("Match expression name not found")
	}
	switch name {
	case "exactly":
		return c.one(c.stringArgument("exact", exactText))
	case "prefix":
		return c.affix("prefix", "Prefix", prefix, prefixFold)
	case "suffix":
		return c.affix("suffix", "Suffix", suffix, suffixFold)
	case "equals-ignore-case":
		return c.one(c.stringArgument("equals-ignore-case", equalsFold))
	case "cidr":
		return c.one(c.cidr())
	case "wildcard":
		return c.one(c.wildcard())
	case "exists":
		return c.one(c.exists())
	case "numeric":
		return c.numeric()
	case "anything-but":
		return c.anythingBut()
	}
	return nil, invalid("Unrecognized match type %s", text(name))
}

// one closes an expression of exactly one operator.
func (c *compiler) one(m matcher, err error) (matcher, error) {
	if err != nil {
		return nil, err
	}
	return m, c.closes('}', "Only one key allowed in match expression")
}

func (c *compiler) closes(with json.Delim, otherwise string) error {
	token, err := c.next()
	if err != nil {
		return err
	}
	if token != with {
		return invalid("%s", otherwise)
	}
	return nil
}

func (c *compiler) stringArgument(operator string, matching func(string) matcher) (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	s, ok := token.(string)
	if !ok {
		return nil, invalid("%s match pattern must be a string", operator)
	}
	return matching(s), nil
}

// affix reads the argument of prefix and suffix: a string, or one in
// equals-ignore-case.
func (c *compiler) affix(operator, title string, exact, fold func(string) matcher) (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	if s, ok := token.(string); ok {
		return c.one(exact(s), nil)
	}
	if token != json.Delim('{') {
		return nil, invalid("%s match pattern must be a string", operator)
	}
	name, err := c.next()
	switch {
	case err != nil:
		return nil, err
	case name == json.Delim('}'):
		return nil, invalid("%s expression name not found", title)
	case name != "equals-ignore-case":
		return nil, invalid("Unsupported %s pattern: %s", operator, text(name))
	}
	m, err := c.one(c.stringArgument("equals-ignore-case", fold))
	return c.one(m, err)
}

func (c *compiler) cidr() (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	s, ok := token.(string)
	if !ok {
		// Ruler says "prefix" here.
		return nil, invalid("prefix match pattern must be a string")
	}
	return network(s)
}

func (c *compiler) wildcard() (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	s, ok := token.(string)
	if !ok {
		return nil, invalid("wildcard match pattern must be a string")
	}
	g, err := parseGlob(s)
	if err != nil {
		return nil, err
	}
	return g, nil
}

// exists gives no matcher for false: what is not there has no value to match.
func (c *compiler) exists() (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	switch token {
	case true:
		return present{}, nil
	case false:
		return nil, nil //nolint:nilnil // the absence of a field is not a matcher of values
	}
	return nil, invalid("exists match pattern must be either true or false.")
}
