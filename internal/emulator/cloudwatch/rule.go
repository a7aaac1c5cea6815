package cloudwatch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// rule is a node of a composite alarm's rule expression (AWS: API reference,
// PutCompositeAlarm, AlarmRule).
type rule interface {
	holds(stateOf func(alarm string) types.StateValue) bool
	// alarms adds the names of the alarms that the rule refers to.
	alarms(names []string) []string
}

type (
	fixed   bool
	inState struct {
		value types.StateValue
		alarm string // name or ARN, then the name
	}
	negation struct{ operand *rule }
	junction struct {
		all  bool // AND, else OR
		list []rule
	}
)

func (f fixed) holds(func(string) types.StateValue) bool { return bool(f) }

func (s inState) holds(stateOf func(string) types.StateValue) bool {
	return stateOf(s.alarm) == s.value
}

func (n negation) holds(stateOf func(string) types.StateValue) bool {
	return !(*n.operand).holds(stateOf)
}

func (j junction) holds(stateOf func(string) types.StateValue) bool {
	for _, r := range j.list {
		if r.holds(stateOf) != j.all {
			return !j.all
		}
	}
	return j.all
}

func (f fixed) alarms(names []string) []string    { return names }
func (s inState) alarms(names []string) []string  { return append(names, s.alarm) }
func (n negation) alarms(names []string) []string { return (*n.operand).alarms(names) }

func (j junction) alarms(names []string) []string {
	for _, r := range j.list {
		names = r.alarms(names)
	}
	return names
}

// referredTo lists the alarms of a rule, each once, in order.
func referredTo(r rule) []string {
	names := r.alarms(nil)
	slices.Sort(names)
	return slices.Compact(names)
}

// ruleParser reads AND, OR, NOT, TRUE, FALSE, parentheses and the three state
// functions. NOT binds tighter than AND, AND tighter than OR.
type ruleParser struct {
	rest  string
	depth int
	name  func(reference string) (string, error) // of an alarm, from its name or ARN
}

// parseRule reads a rule expression.
func parseRule(source string, name func(string) (string, error)) (rule, error) {
	p := &ruleParser{rest: source, name: name}
	r, err := p.junction(false)
	if err != nil {
		return nil, err
	}
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("unexpected %q", p.rest)
	}
	return r, nil
}

func (p *ruleParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// accept takes a word or a parenthesis if it is next.
func (p *ruleParser) accept(token string) bool {
	p.space()
	if len(p.rest) < len(token) || !strings.EqualFold(p.rest[:len(token)], token) {
		return false
	}
	if isWord(token[0]) && len(p.rest) > len(token) && isWord(p.rest[len(token)]) {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

func (p *ruleParser) junction(all bool) (rule, error) {
	word, operand := "OR", func() (rule, error) { return p.junction(true) }
	if all {
		word, operand = "AND", p.operand
	}
	j := junction{all: all}
	for {
		r, err := operand()
		if err != nil {
			return nil, err
		}
		j.list = append(j.list, r)
		if p.accept(word) {
			continue
		}
		if len(j.list) == 1 {
			return r, nil
		}
		return j, nil
	}
}

func (p *ruleParser) operand() (rule, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("NOT"):
		r, err := p.operand()
		return negation{&r}, err
	case p.accept("TRUE"):
		return fixed(true), nil
	case p.accept("FALSE"):
		return fixed(false), nil
	case p.accept("AT_LEAST"):
		return nil, fmt.Errorf("AT_LEAST is not emulated by this cloud")
	case p.accept("("):
		r, err := p.junction(false)
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("expected ) before %q", p.rest)
		}
		return r, err
	}
	for _, value := range types.StateValue("").Values() {
		if p.accept(string(value)) {
			return p.state(value)
		}
	}
	return nil, fmt.Errorf("expected a state function before %q", p.rest)
}

func (p *ruleParser) state(value types.StateValue) (rule, error) {
	if !p.accept("(") {
		return nil, fmt.Errorf("expected ( after %s", value)
	}
	p.space()
	reference, err := p.reference()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, fmt.Errorf("expected ) after %s", reference)
	}
	name, err := p.name(reference)
	return inState{value, name}, err
}

// reference reads an alarm's name or ARN, in quotes or up to the parenthesis.
func (p *ruleParser) reference() (string, error) {
	end := ")"
	if p.rest != "" && (p.rest[0] == '"' || p.rest[0] == '\'') {
		end = p.rest[:1]
		p.rest = p.rest[1:]
	}
	text, rest, found := strings.Cut(p.rest, end)
	if end == ")" {
		rest, text = end+rest, strings.TrimSpace(text)
	}
	if !found || text == "" {
		return "", fmt.Errorf("expected the name of an alarm before %q", p.rest)
	}
	p.rest = rest
	return text, nil
}
