package cloudformation

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// scope is what the names in a template mean while its values are worked out.
type scope struct {
	template   *Template
	settings   Settings
	parameters map[string]*node
	conditions map[string]bool
	evaluating []string        // conditions, outermost first
	declared   map[string]bool // resource: whether its condition holds
	created    map[string]*created
}

// created is a resource that there is, or one that will be, of which nothing is
// known yet.
type created struct {
	ref        string
	attributes map[string]string // nil if they are not known yet
}

// later stands for what is known only when a change set is executed.
// AWS: CloudFormation User Guide, View a change set for a CloudFormation stack.
const later = "{{changeSet:KNOWN_AFTER_APPLY}}"

// toBe is a resource that a change set will make.
func toBe() *created { return &created{ref: later} }

// variable is a reference in the text of Fn::Sub.
var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// eval works a value out. What is AWS::NoValue is left out of the mapping or
// list it stands in, and is nil at the top.
func (s *scope) eval(n *node) (*node, error) {
	if n == nil || n.kind == scalarKind {
		return n, nil
	}
	if n.kind == listKind {
		out := list(n.line)
		for _, item := range n.items {
			value, err := s.eval(item)
			if err != nil {
				return nil, err
			}
			if value != nil {
				out.items = append(out.items, value)
			}
		}
		return out, nil
	}
	if name, argument, ok := intrinsic(n); ok {
		return s.call(n.line, name, argument)
	}
	out := &node{line: n.line, kind: mappingKind}
	for _, f := range n.fields {
		value, err := s.eval(f.value)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out.fields = append(out.fields, field{f.name, f.line, value})
		}
	}
	return out, nil
}

// intrinsic takes a call of an intrinsic function apart.
func intrinsic(n *node) (name string, argument *node, ok bool) {
	if n == nil || n.kind != mappingKind || len(n.fields) != 1 {
		return "", nil, false
	}
	f := n.fields[0]
	return f.name, f.value, f.name == "Ref" || strings.HasPrefix(f.name, "Fn::")
}

// call works an intrinsic function out.
// AWS: CloudFormation template reference, Intrinsic function reference.
func (s *scope) call(line int, name string, argument *node) (*node, error) {
	switch name {
	case "Ref":
		return s.ref(line, argument.text)
	case "Fn::If":
		branch, err := s.branch(argument)
		if err != nil {
			return nil, err
		}
		return s.eval(branch)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return nil, fail(line, "%s is only allowed in Conditions and Fn::If", name)
	}
	value, err := s.eval(argument)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Fn::GetAtt":
		return s.getAtt(line, value)
	case "Fn::Sub":
		return s.sub(line, value)
	case "Fn::Join":
		return join(line, value)
	case "Fn::Split":
		return split(line, value)
	case "Fn::Select":
		return selectItem(line, value)
	case "Fn::FindInMap":
		return s.findInMap(line, value)
	case "Fn::Base64":
		return text(line, base64.StdEncoding.EncodeToString([]byte(value.text))), nil
	case "Fn::GetAZs":
		return s.zones(line), nil
	}
	if name == "Fn::ImportValue" && s.settings.Import != nil {
		if exported, ok := s.settings.Import(value.String()); ok {
			return text(line, exported), nil
		}
		return nil, fail(line, "No export named %v found.", value)
	}
	return nil, fail(line, "%s is not supported", name)
}

// zones are the first three availability zones of the region.
func (s *scope) zones(line int) *node {
	out := list(line)
	for _, letter := range []string{"a", "b", "c"} {
		out.items = append(out.items, text(line, s.settings.Region+letter))
	}
	return out
}

// ref is the value of a parameter, a pseudo parameter or a resource.
func (s *scope) ref(line int, name string) (*node, error) {
	if name == "AWS::NoValue" {
		return nil, nil //nolint:nilnil // no value is what it says
	}
	if value, ok := s.pseudo(name); ok {
		return text(line, value), nil
	}
	if value := s.parameters[name]; value != nil {
		return value, nil
	}
	if err := s.check(line, name); err != nil {
		return nil, err
	}
	return text(line, s.created[name].ref), nil
}

// pseudo is the value of a pseudo parameter.
// AWS: CloudFormation template reference, Pseudo parameters.
func (s *scope) pseudo(name string) (string, bool) {
	switch name {
	case "AWS::AccountId":
		return s.settings.Account, true
	case "AWS::Region":
		return s.settings.Region, true
	case "AWS::Partition":
		return partition.Of(s.settings.Region), true
	case "AWS::URLSuffix":
		return partition.Domain(s.settings.Region), true
	case "AWS::StackName":
		return s.settings.StackName, true
	case "AWS::StackId":
		return s.settings.stackID(), true
	}
	return "", false
}

// check says whether a resource of this name will exist.
func (s *scope) check(line int, name string) error {
	if s.declared[name] {
		return nil
	}
	return fail(line, "Template format error: Unresolved resource dependencies [%s]", name)
}

func (s *scope) getAtt(line int, argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 2 {
		return nil, fail(line, "Fn::GetAtt wants a logical name and an attribute")
	}
	id, attribute := argument.items[0].text, argument.items[1].text
	if err := s.check(line, id); err != nil {
		return nil, err
	}
	made := s.created[id]
	value, ok := made.attributes[attribute]
	if made.ref == later {
		value, ok = later, true
	}
	if !ok {
		return nil, fail(line, "Fn::GetAtt: resource %s has no attribute %s here", id, attribute)
	}
	return text(line, value), nil
}

func (s *scope) sub(line int, argument *node) (*node, error) {
	template, values := argument, (*node)(nil)
	if argument.kind == listKind && len(argument.items) == 2 {
		template, values = argument.items[0], argument.items[1]
	}
	if template.kind != scalarKind {
		return nil, fail(line, "Fn::Sub wants a string, or a list of a string and a mapping")
	}
	var failed error
	out := variable.ReplaceAllStringFunc(template.text, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if value := values.get(name); value != nil {
			return value.text
		}
		value, err := s.named(line, name)
		if err != nil {
			failed = err
			return ""
		}
		return value.String()
	})
	return text(line, out), failed
}

// named is the value of Name or Name.Attribute.
func (s *scope) named(line int, name string) (*node, error) {
	id, attribute, dotted := strings.Cut(strings.TrimSpace(name), ".")
	if !dotted {
		return s.ref(line, id)
	}
	return s.getAtt(line, list(line, text(line, id), text(line, attribute)))
}

func join(line int, argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 2 || argument.items[1].kind != listKind {
		return nil, fail(line, "Fn::Join wants a delimiter and a list")
	}
	var parts []string
	for _, item := range argument.items[1].items {
		parts = append(parts, item.text)
	}
	return text(line, strings.Join(parts, argument.items[0].text)), nil
}

func split(line int, argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 2 || argument.items[1].kind != scalarKind {
		return nil, fail(line, "Fn::Split wants a delimiter and a string")
	}
	out := list(line)
	for part := range strings.SplitSeq(argument.items[1].text, argument.items[0].text) {
		out.items = append(out.items, text(line, part))
	}
	return out, nil
}

func selectItem(line int, argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 2 || argument.items[1].kind != listKind {
		return nil, fail(line, "Fn::Select wants an index and a list")
	}
	items := argument.items[1].items
	index, err := strconv.Atoi(argument.items[0].text)
	if err != nil || index < 0 || index >= len(items) {
		return nil, fail(line, "Template error: Fn::Select cannot select nonexistent value at index %v", argument.items[0])
	}
	return items[index], nil
}

func (s *scope) findInMap(line int, argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 3 {
		return nil, fail(line, "Fn::FindInMap wants a map's name and two keys")
	}
	found := s.template.mappings
	for i, key := range argument.items {
		if found = found.get(key.text); found == nil {
			what := "key"
			if i == 0 {
				what = "mapping"
			}
			return nil, fail(line, "Template error: Fn::FindInMap: there is no %s %v", what, key)
		}
	}
	return found, nil
}

// branch is the one of Fn::If that its condition takes.
func (s *scope) branch(argument *node) (*node, error) {
	if argument.kind != listKind || len(argument.items) != 3 {
		return nil, fail(argument.line, "Fn::If wants a condition and two values")
	}
	holds, err := s.condition(argument.line, argument.items[0].text)
	if err != nil {
		return nil, err
	}
	if holds {
		return argument.items[1], nil
	}
	return argument.items[2], nil
}

// condition works a condition of the Conditions section out, once.
func (s *scope) condition(line int, name string) (bool, error) {
	if holds, ok := s.conditions[name]; ok {
		return holds, nil
	}
	n := s.template.conditions.get(name)
	if n == nil {
		return false, fail(line, "Template format error: Unresolved condition dependency %s", name)
	}
	if slices.Contains(s.evaluating, name) {
		return false, fail(line, "Template format error: Circular dependency between conditions: %s", strings.Join(append(s.evaluating, name), " -> "))
	}
	s.evaluating = append(s.evaluating, name)
	holds, err := s.test(n)
	s.evaluating = s.evaluating[:len(s.evaluating)-1]
	s.conditions[name] = holds
	return holds, err
}

// test works a condition function out.
// AWS: CloudFormation template reference, Condition functions.
func (s *scope) test(n *node) (bool, error) {
	if n.kind != mappingKind || len(n.fields) != 1 {
		return false, fail(n.line, "a condition is a condition function, not %v", n)
	}
	name, argument := n.fields[0].name, n.fields[0].value
	switch name {
	case "Condition":
		return s.condition(n.line, argument.text)
	case "Fn::Equals":
		return s.equals(argument)
	case "Fn::Not":
		if len(argument.items) != 1 {
			return false, fail(n.line, "Fn::Not wants one condition")
		}
		holds, err := s.test(argument.items[0])
		return !holds, err
	case "Fn::And", "Fn::Or":
		return s.testAll(n.line, argument, name == "Fn::And")
	}
	return false, fail(n.line, "%s is not a condition function", name)
}

func (s *scope) testAll(line int, argument *node, and bool) (bool, error) {
	if len(argument.items) < 2 || len(argument.items) > 10 {
		return false, fail(line, "Fn::And and Fn::Or want two to ten conditions")
	}
	result := and
	for _, item := range argument.items {
		holds, err := s.test(item)
		if err != nil {
			return false, err
		}
		if and {
			result = result && holds
		} else {
			result = result || holds
		}
	}
	return result, nil
}

func (s *scope) equals(argument *node) (bool, error) {
	if argument.kind != listKind || len(argument.items) != 2 {
		return false, fail(argument.line, "Fn::Equals wants two values")
	}
	left, err := s.eval(argument.items[0])
	if err != nil {
		return false, err
	}
	right, err := s.eval(argument.items[1])
	if err != nil {
		return false, err
	}
	return left.String() == right.String(), nil
}
