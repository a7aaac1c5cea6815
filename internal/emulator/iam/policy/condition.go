package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// condition is one key under one operator.
// AWS: IAM User Guide, IAM JSON policy elements: Condition operators.
type condition struct {
	operator operator
	key      string
	values   []text
}

// operator is a condition operator taken apart.
type operator struct {
	set      string // "ForAnyValue", "ForAllValues" or ""
	name     string // without what the other fields say
	not      bool
	ifExists bool
}

func (p parser) conditions(in map[string]map[string]json.RawMessage) ([]*condition, error) {
	var all []*condition
	for _, name := range slices.Sorted(maps.Keys(in)) {
		op, err := parseOperator(name)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(in[name])) {
			if err := checkKey(key); err != nil {
				return nil, err
			}
			values, err := scalarsOf(in[name][key])
			if err != nil {
				return nil, malformed("Syntax errors in policy.")
			}
			c := &condition{operator: op, key: key}
			for _, v := range values {
				if err := op.checkValue(name, v); err != nil {
					return nil, err
				}
				c.values = append(c.values, parseText(v, p.variables))
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func parseOperator(written string) (operator, error) {
	op := operator{name: written}
	if set, rest, has := strings.Cut(written, ":"); has {
		op.set, op.name = set, rest
	}
	op.name, op.ifExists = strings.CutSuffix(op.name, "IfExists")
	positive := strings.Replace(op.name, "Not", "", 1)
	op.not = positive != op.name && op.name != "Null"
	switch op.name {
	case "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "Null":
		op.name = positive
	case "IpAddress", "NotIpAddress", "BinaryEquals":
		return op, malformed("Condition operator %s is not emulated", written)
	default:
		return op, malformed("Invalid Condition type : %s", written)
	}
	if op.set != "" && op.set != "ForAnyValue" && op.set != "ForAllValues" || op.name == "Null" && (op.ifExists || op.set != "") {
		return op, malformed("Invalid Condition type : %s", written)
	}
	return op, nil
}

// checkValue wants a value that the operator can compare with. One with variables
// shows what it is only when a request comes.
func (o operator) checkValue(written, value string) error {
	if strings.Contains(value, "${") {
		return nil
	}
	valid := true
	switch {
	case strings.HasPrefix(o.name, "Numeric"):
		_, err := strconv.ParseFloat(value, 64)
		valid = err == nil
	case strings.HasPrefix(o.name, "Date"):
		_, valid = parseTime(value)
	case o.name == "Bool", o.name == "Null":
		valid = strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	}
	if !valid {
		return malformed("Invalid value %q for condition operator %s", value, written)
	}
	return nil
}

// scalarsOf is a string, number or truth value, or a list of them, as texts.
func scalarsOf(raw json.RawMessage) ([]string, error) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		all = []json.RawMessage{raw}
	}
	out := make([]string, 0, len(all))
	for _, one := range all {
		var s string
		if json.Unmarshal(one, &s) == nil {
			out = append(out, s)
			continue
		}
		text := strings.TrimSpace(string(one))
		if text == "" || strings.ContainsAny(text[:1], "{[n\"") {
			return nil, malformed("Syntax errors in policy.")
		}
		out = append(out, text)
	}
	return out, nil
}

// holds decides the condition. Several values of the policy are alternatives; of a
// negated operator none may match. A key that the request does not have matches
// nothing, which is what a negated operator wants.
// AWS: IAM User Guide, Condition operators; Conditions with multiple context keys or
// values; Single-valued vs. multivalued context keys.
func (c *condition) holds(q *query) bool {
	got := q.values(c.key)
	o := c.operator
	if o.name == "Null" {
		wantsAbsent := slices.ContainsFunc(c.values, func(v text) bool { return strings.EqualFold(v.plain(q), "true") })
		return wantsAbsent == (len(got) == 0)
	}
	if len(got) == 0 {
		switch {
		case o.ifExists, o.set == "ForAllValues":
			return true
		case o.set == "ForAnyValue":
			return false
		}
		return o.not
	}
	fits := func(value string) bool { return c.matches(q, value) != o.not }
	if o.set == "ForAllValues" || o.set == "" && o.not {
		return !slices.ContainsFunc(got, func(v string) bool { return !fits(v) })
	}
	return slices.ContainsFunc(got, fits)
}

// matches compares a value of the request with those of the policy.
func (c *condition) matches(q *query, value string) bool {
	return slices.ContainsFunc(c.values, func(v text) bool { return c.operator.compare(q, value, v) })
}
