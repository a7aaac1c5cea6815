package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluice-deploy/sluice/internal/spelling"
)

// ReadScenario reads a scenario from a file's text: a mapping of name, load and effects.
// The file's name is for errors, each of which says file, line and column.
func ReadScenario(file string, text []byte) (Scenario, error) {
	r := scenarioFile{name: file}
	s := Scenario{Name: file}
	root, err := parser.ParseBytes(text, 0)
	if err != nil {
		return s, r.syntax(err)
	}
	if len(root.Docs) != 1 || root.Docs[0].Body == nil {
		return s, fmt.Errorf("%s:1:1: want one YAML document, a mapping of name, load and effects", file)
	}
	pairs := pairsOf(root.Docs[0].Body)
	if pairs == nil {
		return s, r.at(root.Docs[0].Body, "", "want a mapping of name, load and effects")
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		if seen[name] {
			return s, r.at(pair.Key, name, "the field stands there twice; want it once")
		}
		seen[name] = true
		if err := r.field(&s, name, pair); err != nil {
			return s, err
		}
	}
	if !seen["effects"] {
		return s, r.at(root.Docs[0].Body, "effects", "the field is missing; want a list such as [errors=3%%@step1]")
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// scenarioFile says where in a file something is wrong.
type scenarioFile struct{ name string }

func (r scenarioFile) at(n ast.Node, field, format string, args ...any) error {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	p := n.GetToken().Position
	if field != "" {
		field += ": "
	}
	return fmt.Errorf("%s:%d:%d: %s%s", r.name, p.Line, p.Column, field, fmt.Sprintf(format, args...))
}

func (r scenarioFile) syntax(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		return fmt.Errorf("%s:%d:%d: this is no YAML (%s)", r.name, p.Line, p.Column, at.GetMessage())
	}
	return fmt.Errorf("%s:1:1: this is no YAML (%w)", r.name, err)
}

func pairsOf(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	default:
		return nil
	}
}

func (r scenarioFile) field(s *Scenario, name string, pair *ast.MappingValueNode) error {
	value := pair.Value
	switch name {
	case "name":
		text, ok := value.(*ast.StringNode)
		if !ok || text.Value == "" {
			return r.at(value, name, "found %s, want a text", value)
		}
		s.Name = text.Value
	case "load":
		load, err := ParseLoad(value.GetToken().Value)
		if err != nil {
			return r.at(value, name, "%v", err)
		}
		s.Load = &load
	case "effects":
		list, ok := value.(*ast.SequenceNode)
		if !ok || len(list.Values) == 0 {
			return r.at(value, name, "found %s, want a list such as [errors=3%%@step1]", value)
		}
		for i, one := range list.Values {
			text, ok := one.(*ast.StringNode)
			if !ok {
				return r.at(one, fmt.Sprintf("effects[%d]", i), "found %s, want a text such as errors=3%%@step1", one)
			}
			e, err := ParseEffect(text.Value)
			if err != nil {
				return r.at(one, fmt.Sprintf("effects[%d]", i), "%v", err)
			}
			s.Effects = append(s.Effects, e)
		}
	default:
		fields := []string{"name", "load", "effects"}
		meant := ""
		if near := spelling.Near(name, fields); near != "" {
			meant = fmt.Sprintf("; did you mean %q?", near)
		}
		return r.at(pair.Key, "", "there is no field %q, want name, load or effects%s", name, meant)
	}
	return nil
}

// ParseLoad reads requests a second, as 100/s.
func ParseLoad(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "/s")
	load, err := strconv.ParseFloat(number, 64)
	const most = 100_000
	if !ok || err != nil || !(load >= 0 && load <= most) { // also not NaN
		return 0, fmt.Errorf("found %q, want requests a second from 0/s to %d/s, such as 100/s", text, most)
	}
	return load, nil
}

// IsScenarioFile reports whether a scenario is named by the file that has it.
func IsScenarioFile(text string) bool {
	return slices.ContainsFunc([]string{".yaml", ".yml"}, func(end string) bool { return strings.HasSuffix(text, end) })
}
