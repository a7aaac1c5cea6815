package expression

import (
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// KeyCondition is the part of a KeyConditionExpression that concerns one
// attribute. Operator is = < <= > >= BETWEEN or begins_with.
type KeyCondition struct {
	Attribute string
	Operator  string
	Values    []attribute.Value // two for BETWEEN, else one

	condition condition
}

// Holds reports whether the condition is true of the item.
func (k *KeyCondition) Holds(item attribute.Item) bool { return k.condition.holds(item) }

// ParseKeyCondition reads a KeyConditionExpression: one condition, or two on
// different attributes joined with AND.
func ParseKeyCondition(source string, attributes *Attributes) ([]*KeyCondition, error) {
	c, err := ParseCondition("KeyConditionExpression", source, attributes)
	if err != nil {
		return nil, err
	}
	keys, err := keyConditions(c.root)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.Attribute] {
			return nil, attribute.RejectionError("KeyConditionExpressions must only contain one condition per key")
		}
		seen[key.Attribute] = true
	}
	if len(keys) > 2 {
		return nil, attribute.RejectionError("Conditions can be of length 1 or 2 only")
	}
	return keys, nil
}

func keyConditions(c condition) ([]*KeyCondition, error) {
	switch c := c.(type) {
	case and:
		left, err := keyConditions(c.left)
		if err != nil {
			return nil, err
		}
		right, err := keyConditions(c.right)
		return append(left, right...), err
	case comparison:
		if c.operator == "<>" {
			return nil, invalidOperator("<>")
		}
		return keyComparison(c)
	case between:
		return keyCondition("BETWEEN", c, c.of, c.low, c.high)
	case function:
		if c.name != "begins_with" {
			return nil, invalidOperator(c.name)
		}
		return keyCondition(c.name, c, c.operands...)
	case or:
		return nil, invalidOperator("OR")
	case not:
		return nil, invalidOperator("NOT")
	}
	return nil, invalidOperator("IN")
}

func invalidOperator(operator string) error {
	return attribute.Reject("Invalid operator used in KeyConditionExpression: %s", operator)
}

// keyComparison takes a comparison with the attribute on either side.
func keyComparison(c comparison) ([]*KeyCondition, error) {
	operator, left, right := c.operator, c.left, c.right
	if _, ok := right.(pathOperand); ok {
		if _, ok := left.(constant); ok {
			left, right = right, left
			operator = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
		}
	}
	return keyCondition(operator, c, left, right)
}

func keyCondition(operator string, c condition, operands ...operand) ([]*KeyCondition, error) {
	key, ok := operands[0].(pathOperand)
	if _, isConstant := operands[0].(constant); isConstant {
		if operator == "BETWEEN" || operator == "begins_with" {
			return nil, attribute.Reject("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", operator)
		}
		return nil, attribute.RejectionError("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	if !ok {
		return nil, errNested
	}
	condition := &KeyCondition{Attribute: key.path[0].Name, Operator: operator, condition: c}
	for _, o := range operands[1:] {
		switch o := o.(type) {
		case pathOperand:
			return nil, attribute.RejectionError("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		case constant:
			condition.Values = append(condition.Values, o.v)
		default:
			return nil, errNested
		}
	}
	if len(key.path) > 1 {
		return nil, attribute.RejectionError("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	return []*KeyCondition{condition}, nil
}

const errNested = attribute.RejectionError("KeyConditionExpressions cannot contain nested operations")
