package cloudformation

import (
	"fmt"
	"slices"
)

// checkRules says which assertion about the parameters does not hold.
// AWS: CloudFormation User Guide, Rules section syntax; template reference,
// Rule-specific intrinsic functions.
func (s *scope) checkRules() error {
	for _, rule := range s.template.rules {
		for _, f := range rule.value.entries() {
			if f.name != "RuleCondition" && f.name != "Assertions" {
				return fail(f.line, "rule %s: %s is not supported", rule.name, f.name)
			}
		}
		if condition := rule.value.get("RuleCondition"); condition != nil {
			holds, err := s.ruleHolds(condition)
			if err != nil {
				return fmt.Errorf("rule %s: RuleCondition: %w", rule.name, err)
			}
			if !holds {
				continue
			}
		}
		if err := s.checkAssertions(rule); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) checkAssertions(rule field) error {
	assertions := rule.value.get("Assertions")
	if len(itemsOf(assertions)) == 0 {
		return fail(rule.line, "rule %s has no Assertions", rule.name)
	}
	for _, assertion := range assertions.items {
		assert := assertion.get("Assert")
		if assert == nil {
			return fail(assertion.line, "rule %s: an assertion has no Assert", rule.name)
		}
		holds, err := s.ruleHolds(assert)
		if err != nil {
			return fmt.Errorf("rule %s: %w", rule.name, err)
		}
		if !holds {
			// AWS's words around the description are not documented.
			return fmt.Errorf("rule %s: %w", rule.name, fail(assertion.line, "Template rule validation failed: %s", describedAs(assertion)))
		}
	}
	return nil
}

func describedAs(assertion *node) string {
	if d := assertion.get("AssertDescription"); d != nil {
		return d.text
	}
	return "assertion failed"
}

// ruleHolds works a rule's function out. Parameters are all that it sees.
func (s *scope) ruleHolds(n *node) (bool, error) {
	name, argument, ok := intrinsic(n)
	if !ok {
		return false, fail(n.line, "an assertion is a rule-specific function, not %v", n)
	}
	switch name {
	case "Fn::And", "Fn::Or":
		return s.ruleAll(argument, name == "Fn::And")
	case "Fn::Not":
		if len(argument.items) != 1 {
			return false, fail(n.line, "Fn::Not wants one condition")
		}
		holds, err := s.ruleHolds(argument.items[0])
		return !holds, err
	case "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
	default:
		return false, fail(n.line, "%s is not a function of rules", name)
	}
	if len(argument.items) != 2 {
		return false, fail(n.line, "%s wants two values", name)
	}
	left, err := s.ruleValue(argument.items[0])
	if err != nil {
		return false, err
	}
	right, err := s.ruleValue(argument.items[1])
	if err != nil {
		return false, err
	}
	switch name {
	case "Fn::Equals":
		return slices.Equal(left, right), nil
	case "Fn::Contains":
		return len(right) == 1 && slices.Contains(left, right[0]), nil
	case "Fn::EachMemberEquals":
		return len(right) == 1 && !slices.ContainsFunc(left, func(v string) bool { return v != right[0] }), nil
	}
	return !slices.ContainsFunc(left, func(v string) bool { return !slices.Contains(right, v) }), nil
}

func (s *scope) ruleAll(argument *node, and bool) (bool, error) {
	if len(argument.items) < 2 || len(argument.items) > 10 {
		return false, fail(argument.line, "Fn::And and Fn::Or want two to ten conditions")
	}
	for _, item := range argument.items {
		holds, err := s.ruleHolds(item)
		if err != nil || holds != and {
			return holds, err
		}
	}
	return and, nil
}

// ruleValue is a value as a list, of one if it is none.
func (s *scope) ruleValue(n *node) ([]string, error) {
	switch name, argument, ok := intrinsic(n); {
	case !ok:
	case name == "Ref" && s.parameters[argument.text] == nil:
		if _, pseudo := s.pseudo(argument.text); !pseudo {
			return nil, fail(n.line, "a rule refers to parameters only, not to %s", argument.text)
		}
	case name == "Ref":
	case name == "Fn::RefAll", name == "Fn::ValueOf", name == "Fn::ValueOfAll":
		return nil, fail(n.line, "%s asks what there is in the account's network, which is not emulated", name)
	default:
		return nil, fail(n.line, "%s is not a function of rules", name)
	}
	value, err := s.eval(n)
	if err != nil {
		return nil, err
	}
	if value == nil || value.kind == scalarKind {
		return []string{value.String()}, nil
	}
	return texts(value), nil
}
