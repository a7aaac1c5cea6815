package pattern

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// numeric reads the argument of "numeric": [">", 0, "<=", 5] and its like.
func (c *compiler) numeric() (matcher, error) {
	if err := c.closes('[', "Value of numeric must be an array."); err != nil {
		return nil, err
	}
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	operator, ok := token.(string)
	if !ok {
		return nil, invalid("Invalid member in numeric match: %s", text(token))
	}
	r, err := c.bound(operator)
	if err != nil {
		return nil, err
	}
	return r, c.closes('}', "Too many elements in numeric expression")
}

// bound reads the rest of a numeric expression up to its "]".
func (c *compiler) bound(operator string) (matcher, error) {
	const tooMany = "Too many elements in numeric expression"
	switch operator {
	case "=":
		v, err := c.number("equals")
		if err != nil {
			return nil, err
		}
		return span{low: v, high: v}, c.closes(']', tooMany)
	case "<", "<=":
		v, err := c.number(operator)
		if err != nil {
			return nil, err
		}
		return span{low: math.Inf(-1), high: v, openHigh: operator == "<"}, c.closes(']', tooMany)
	case ">", ">=":
		v, err := c.number(operator)
		if err != nil {
			return nil, err
		}
		return c.upperBound(span{low: v, openLow: operator == ">", high: math.Inf(1)})
	}
	return nil, invalid("Unrecognized numeric range operator: %s", operator)
}

// upperBound reads what may follow a lower bound.
func (c *compiler) upperBound(r span) (matcher, error) {
	token, err := c.next()
	if err != nil {
		return nil, err
	}
	if token == json.Delim(']') {
		return r, nil
	}
	operator, ok := token.(string)
	switch {
	case !ok:
		return nil, invalid("Bad value in numeric range: %s", text(token))
	case operator != "<" && operator != "<=":
		return nil, invalid("Bad numeric range operator: %s", operator)
	}
	r.openHigh = operator == "<"
	if r.high, err = c.number(operator); err != nil {
		return nil, err
	}
	if err := c.closes(']', "Too many terms in numeric range expression"); err != nil {
		return nil, err
	}
	if r.low >= r.high {
		return nil, invalid("Bottom must be less than top")
	}
	return r, nil
}

func (c *compiler) number(of string) (float64, error) {
	token, err := c.next()
	if err != nil {
		return 0, err
	}
	literal, ok := token.(json.Number)
	if !ok {
		return 0, invalid("Value of %s must be numeric", of)
	}
	v, ok := comparableNumber(literal.String())
	if !ok {
		return 0, invalid("Cannot compare number : %s", literal)
	}
	return v, nil
}

// comparableNumber is the number that a JSON literal stands for, if EventBridge can
// compare it: a 64-bit floating point number that loses no digit of it.
func comparableNumber(literal string) (float64, bool) {
	v, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return 0, false
	}
	return v, decimalOf(literal) == decimalOf(strconv.FormatFloat(v, 'g', -1, 64))
}

// decimal is a number as digits without zeros at either end, and the power of
// ten of the last of them.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

func decimalOf(literal string) decimal {
	var d decimal
	literal, d.negative = strings.CutPrefix(literal, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	d.exponent, _ = strconv.Atoi(exponent)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exponent -= len(fraction)
	d.digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(d.digits, "0")
	d.exponent += len(d.digits) - len(trimmed)
	d.digits = trimmed
	if d.digits == "" {
		return decimal{}
	}
	return d
}
