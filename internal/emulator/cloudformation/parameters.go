package cloudformation

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameterValues are the parameters' values: what was given, else the default,
// checked against what the template says of them.
// AWS: CloudFormation User Guide, CloudFormation template Parameters syntax.
func (t *Template) parameterValues(settings Settings) (map[string]*node, error) {
	given := settings.Parameters
	values := make(map[string]*node, len(t.parameters))
	var missing []string
	for _, p := range t.parameters {
		value, ok := given[p.name]
		if fallback := p.value.get("Default"); !ok && fallback != nil {
			value, ok = fallback.text, true
		}
		if !ok {
			missing = append(missing, p.name)
			continue
		}
		if err := checkParameter(p, value); err != nil {
			return nil, err
		}
		node, err := typed(p, value, settings.Parameter)
		if err != nil {
			return nil, err
		}
		values[p.name] = node
	}
	if len(missing) > 0 {
		return nil, fail(t.parameters[0].line, "Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	known := t.Parameters()
	var unknown []string
	for name := range given {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, fail(1, "Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	return values, nil
}

// typed is a parameter's value in its type. The value of a parameter of Systems
// Manager is looked up. Whether a resource of AWS::EC2 exists is not.
// AWS: CloudFormation User Guide, Supported parameter data types.
func typed(p field, value string, lookUp func(name string) (string, error)) (*node, error) {
	kind := p.value.get("Type").String()
	if inner, ok := strings.CutPrefix(kind, "AWS::SSM::Parameter::Value<"); ok {
		if lookUp == nil {
			return nil, fail(p.line, "parameter %s: there are no parameters of Systems Manager here", p.name)
		}
		stored, err := lookUp(value)
		if err != nil {
			return nil, fail(p.line, "Unable to fetch parameters [%s] from parameter store for this account.", value)
		}
		kind, value = strings.TrimSuffix(inner, ">"), stored
	}
	switch {
	case kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<"):
		out := list(p.line)
		for item := range strings.SplitSeq(value, ",") {
			item = strings.TrimSpace(item)
			if _, err := strconv.ParseFloat(item, 64); kind == "List<Number>" && err != nil {
				return nil, fail(p.line, "Parameter '%s' must be a list of numbers.", p.name)
			}
			out.items = append(out.items, text(p.line, item))
		}
		return out, nil
	case kind == "Number":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return nil, fail(p.line, "Parameter '%s' must be a number.", p.name)
		}
		return text(p.line, value), nil
	case kind == "String" || strings.HasPrefix(kind, "AWS::EC2::") || kind == "AWS::SSM::Parameter::Name" || kind == "AWS::Route53::HostedZone::Id":
		return text(p.line, value), nil
	}
	return nil, fail(p.line, "parameter %s: type %s is not supported", p.name, kind)
}

func checkParameter(p field, value string) error {
	if allowed := p.value.get("AllowedValues"); allowed != nil &&
		!slices.ContainsFunc(allowed.items, func(n *node) bool { return n.text == value }) {
		return broken(p, "Parameter '%s' must be one of AllowedValues", p.name)
	}
	if pattern := p.value.get("AllowedPattern"); pattern != nil {
		re, err := regexp.Compile("^(?:" + pattern.text + ")$")
		if err != nil {
			return fail(pattern.line, "parameter %s: AllowedPattern: %w", p.name, err)
		}
		if slices.ContainsFunc(members(p, value), func(s string) bool { return !re.MatchString(s) }) {
			return broken(p, "Parameter '%s' must match pattern %s", p.name, pattern.text)
		}
	}
	number, _ := strconv.ParseFloat(value, 64) // a value that is none fails as such
	bounds := []struct {
		name string
		got  float64
		sign float64
		says string
	}{
		{"MinLength", float64(len(value)), 1, "contain at least %v characters"},
		{"MaxLength", float64(len(value)), -1, "contain at most %v characters"},
		{"MinValue", number, 1, "be a number not less than %v"},
		{"MaxValue", number, -1, "be a number not greater than %v"},
	}
	for _, b := range bounds {
		bound := p.value.get(b.name)
		if bound == nil {
			continue
		}
		limit, err := strconv.ParseFloat(bound.text, 64)
		if err != nil {
			return fail(bound.line, "parameter %s: %s is %v, not a number", p.name, b.name, bound)
		}
		if (b.got-limit)*b.sign < 0 {
			return broken(p, "Parameter '%s' must "+b.says, p.name, bound)
		}
	}
	return nil
}

// members are what a pattern has to match: of a list each value by itself.
// AWS: CloudFormation User Guide, Parameters, AllowedPattern.
func members(p field, value string) []string {
	if kind := p.value.get("Type"); kind == nil || kind.text != "CommaDelimitedList" {
		return []string{value}
	}
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// broken says that a value does not keep to a constraint, in the template's words if
// it has some.
func broken(p field, format string, args ...any) error {
	if d := p.value.get("ConstraintDescription"); d != nil {
		return fail(p.line, "Parameter %s failed to satisfy constraint: %s", p.name, d.text)
	}
	return fail(p.line, format, args...)
}
