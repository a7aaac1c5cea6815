package expression

import (
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// calculation is an operand of SET that may fail on an item.
type calculation interface {
	calculate(item attribute.Item) (attribute.Value, error)
}

// calculate is the value of an operand of SET, which must have one.
func calculate(o operand, item attribute.Item) (attribute.Value, error) {
	if c, ok := o.(calculation); ok {
		return c.calculate(item)
	}
	if v := o.value(item); v != nil {
		return v, nil
	}
	return nil, errMissing
}

// calculatedOrNil is the value of a calculation where an error counts as none.
func calculatedOrNil(c calculation, item attribute.Item) attribute.Value {
	v, err := c.calculate(item)
	if err != nil {
		return nil
	}
	return v
}

// arithmetic is the sum or difference of two numbers.
type arithmetic struct {
	operator    string
	left, right operand
}

func (o arithmetic) value(item attribute.Item) attribute.Value { return calculatedOrNil(o, item) }

func (o arithmetic) calculate(item attribute.Item) (attribute.Value, error) {
	left, err := calculate(o.left, item)
	if err != nil {
		return nil, err
	}
	right, err := calculate(o.right, item)
	if err != nil {
		return nil, err
	}
	a, ok := left.(*attribute.Number)
	b, both := right.(*attribute.Number)
	if !ok || !both {
		return nil, errWrongType
	}
	if o.operator == "-" {
		return attribute.Subtract(a, b)
	}
	return attribute.Add(a, b)
}

// ifNotExists is the function if_not_exists.
type ifNotExists struct{ path, otherwise operand }

func (o ifNotExists) value(item attribute.Item) attribute.Value { return calculatedOrNil(o, item) }

func (o ifNotExists) calculate(item attribute.Item) (attribute.Value, error) {
	if v := o.path.value(item); v != nil {
		return v, nil
	}
	return calculate(o.otherwise, item)
}

// listAppend is the function list_append.
type listAppend struct{ head, tail operand }

func (o listAppend) value(item attribute.Item) attribute.Value { return calculatedOrNil(o, item) }

func (o listAppend) calculate(item attribute.Item) (attribute.Value, error) {
	head, err := calculate(o.head, item)
	if err != nil {
		return nil, err
	}
	tail, err := calculate(o.tail, item)
	if err != nil {
		return nil, err
	}
	a, ok := head.(*attribute.List)
	b, both := tail.(*attribute.List)
	if !ok || !both {
		return nil, errWrongType
	}
	return &attribute.List{Value: slices.Concat(a.Value, b.Value)}, nil
}
