package cloudformation

import "fmt"

// checkRules asserts what the Rules section says of the parameters, as
// CloudFormation does before it creates anything. The functions that ask about
// several values at once, such as Fn::Contains, are not supported. AWS does not
// document the error's wording; the sentence in it is the template's.
// AWS: CloudFormation User Guide, CloudFormation template Rules syntax.
func (s *scope) checkRules() error {
	for _, rule := range s.template.rules {
		if err := s.checkRule(rule); err != nil {
			return fmt.Errorf("rule %s: %w", rule.name, err)
		}
	}
	return nil
}

func (s *scope) checkRule(rule field) error {
	for _, f := range rule.value.entries() {
		if f.name != "RuleCondition" && f.name != "Assertions" {
			return fail(f.line, "property %s is not supported", f.name)
		}
	}
	if condition := rule.value.get("RuleCondition"); condition != nil {
		applies, err := s.test(condition)
		if !applies || err != nil {
			return err
		}
	}
	for _, assertion := range itemsOf(rule.value.get("Assertions")) {
		claim := assertion.get("Assert")
		if claim == nil {
			return fail(assertion.line, "an assertion has an Assert")
		}
		holds, err := s.test(claim)
		if err != nil {
			return err
		}
		if !holds {
			return fail(assertion.line, "Template rule validation failed: %s", optional(assertion.get("AssertDescription")))
		}
	}
	return nil
}
