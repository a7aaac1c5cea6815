package expression

import (
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Condition is a parsed ConditionExpression or FilterExpression.
type Condition struct {
	root  condition
	paths []Path
}

// ParseCondition reads a condition. What is the parameter's name, for errors.
func ParseCondition(what, source string, attributes *Attributes) (*Condition, error) {
	p := newConditionParser(attributes)
	c := &Condition{}
	err := p.parse(what, source, func() { c.root = p.condition() })
	if err != nil {
		return nil, err
	}
	c.paths = p.paths
	return c, nil
}

// Holds reports whether the condition is true of the item; nil is an item that
// does not exist.
func (c *Condition) Holds(item attribute.Item) bool { return c.root.holds(item) }

// Paths are all paths the condition mentions.
func (c *Condition) Paths() []Path { return c.paths }

// condition is something that is true of an item or not.
type condition interface {
	holds(item attribute.Item) bool
}

// comparison is one of = <> < <= > >=.
type comparison struct {
	operator    string
	left, right operand
}

// holds is false where a side has no value, but <> is then true.
func (c comparison) holds(item attribute.Item) bool {
	left, right := c.left.value(item), c.right.value(item)
	switch c.operator {
	case "=":
		return attribute.Equal(left, right)
	case "<>":
		return !attribute.Equal(left, right)
	}
	order, ok := attribute.Compare(left, right)
	if !ok {
		return false
	}
	switch c.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

type between struct{ of, low, high operand }

func (c between) holds(item attribute.Item) bool {
	return comparison{">=", c.of, c.low}.holds(item) && comparison{"<=", c.of, c.high}.holds(item)
}

type in struct {
	of   operand
	list []operand
}

func (c in) holds(item attribute.Item) bool {
	v := c.of.value(item)
	return slices.ContainsFunc(c.list, func(o operand) bool { return attribute.Equal(v, o.value(item)) })
}

type and struct{ left, right condition }

func (c and) holds(item attribute.Item) bool { return c.left.holds(item) && c.right.holds(item) }

type or struct{ left, right condition }

func (c or) holds(item attribute.Item) bool { return c.left.holds(item) || c.right.holds(item) }

type not struct{ of condition }

func (c not) holds(item attribute.Item) bool { return !c.of.holds(item) }

func (f function) holds(item attribute.Item) bool {
	v := f.operands[0].value(item)
	switch f.name {
	case "attribute_exists":
		return v != nil
	case "attribute_not_exists":
		return v == nil
	}
	second := f.operands[1].value(item)
	switch f.name {
	case "attribute_type":
		name, ok := second.(*attribute.String)
		return ok && name.Value == attribute.Type(v)
	case "begins_with":
		return attribute.HasPrefix(v, second)
	}
	return attribute.Contains(v, second)
}
