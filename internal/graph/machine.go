// Package graph draws the state machine from its own definition, as SVG and as
// Mermaid. Nothing in it knows a state by its name, so a picture cannot drift.
package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Machine is what of a definition is drawn.
type Machine struct {
	States []State // in the definition's order
	// Way is that of a success, from the first state to an end: the longest on which
	// nothing gives a cause for going back.
	Way []string
}

// State is one state of a machine.
type State struct {
	Name, Kind, Comment string
	Ends, Fails         bool
	Next                []Edge // the ways on
	Catches             []Edge // the ways that errors take which are no failure of the rollout
	Failures            []Edge // the ways that errors take which are
}

// Edge is a way from one state to another.
type Edge struct {
	To, Why string // Why is "" for the only way on
}

// definition is what of the Amazon States Language is read here.
type definition struct {
	StartAt string          `json:"StartAt"`
	States  json.RawMessage `json:"States"`
}

type stateDefinition struct {
	Type    string         `json:"Type"`
	Comment string         `json:"Comment"`
	Next    string         `json:"Next"`
	Default string         `json:"Default"`
	End     bool           `json:"End"`
	Assign  map[string]any `json:"Assign"`
	Choices []struct {
		Condition string         `json:"Condition"`
		Next      string         `json:"Next"`
		Assign    map[string]any `json:"Assign"`
	} `json:"Choices"`
	Catch []struct {
		ErrorEquals []string       `json:"ErrorEquals"`
		Next        string         `json:"Next"`
		Assign      map[string]any `json:"Assign"`
	} `json:"Catch"`
}

// Load reads a definition in the Amazon States Language, in JSONata.
func Load(text []byte) (*Machine, error) {
	var d definition
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read the state machine: %w", err)
	}
	var states map[string]stateDefinition
	if err := json.Unmarshal(d.States, &states); err != nil {
		return nil, fmt.Errorf("read the states: %w", err)
	}
	names, err := keys(d.States)
	if err != nil {
		return nil, err
	}
	m := &Machine{}
	failed := func(name string) bool { return states[name].Type == "Fail" }
	failing := map[string]bool{} // states that give a cause, and so are on no way of a success
	for _, name := range names {
		s := states[name]
		failing[name] = gives(s.Assign) || failed(name)
		m.States = append(m.States, stateOf(name, s, failed))
	}
	m.Way = m.longest(d.StartAt, states, failing)
	if len(m.Way) == 0 {
		return nil, errors.New("the state machine has no way from its start to an end without a failure")
	}
	return m, nil
}

// keys are the keys of a JSON object, in its order.
func keys(object json.RawMessage) ([]string, error) {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read the states: %w", err)
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read the states: %w", err)
		}
		names = append(names, fmt.Sprint(name))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return nil, fmt.Errorf("read the states: %w", err)
		}
	}
	return names, nil
}

// gives reports whether what is assigned has a cause of going back.
func gives(assign map[string]any) bool { return assign["cause"] != nil }

// stateOf is a state as it is drawn; failed says which states end the execution badly.
func stateOf(name string, d stateDefinition, failed func(string) bool) State {
	s := State{Name: name, Kind: d.Type, Comment: d.Comment, Ends: d.End || d.Type == "Succeed", Fails: d.Type == "Fail"}
	if d.Next != "" {
		s.Next = append(s.Next, Edge{To: d.Next})
	}
	for _, c := range d.Choices {
		s.Next = append(s.Next, Edge{To: c.Next, Why: condition(c.Condition)})
	}
	if d.Default != "" {
		s.Next = append(s.Next, Edge{To: d.Default, Why: "otherwise"})
	}
	for _, c := range d.Catch {
		e := Edge{To: c.Next, Why: errorsOf(c.ErrorEquals)}
		if gives(c.Assign) || failed(c.Next) {
			s.Failures = append(s.Failures, e)
		} else {
			s.Catches = append(s.Catches, e)
		}
	}
	return s
}

// condition is a Choice's condition as people read it: {% $states.input.x = 'y' %} is
// "x = 'y'".
func condition(text string) string {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "{%"), "%}"))
	return strings.ReplaceAll(text, "$states.input.", "")
}

// errorsOf names errors as people do.
func errorsOf(names []string) string {
	var all []string
	for _, name := range names {
		switch name {
		case "States.ALL":
			name = "any other error"
		case "States.Timeout":
			name = "timeout"
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

// Ways are the ways on that are no failure, one for each state that they lead to.
func (s State) Ways() []Edge {
	var ways []Edge
	for _, e := range slices.Concat(s.Next, s.Catches) {
		i := slices.IndexFunc(ways, func(w Edge) bool { return w.To == e.To })
		switch {
		case i < 0:
			ways = append(ways, e)
		case ways[i].Why == "":
			ways[i].Why = "or " + e.Why
		default:
			ways[i].Why += " or " + e.Why
		}
	}
	return ways
}

// Group is one kind of failure: the states in which an error leads to the same one.
type Group struct {
	Edge

	From []string
}

// Groups are the failures by their kinds.
func (m *Machine) Groups() []Group {
	var all []Group
	for _, s := range m.States {
		for _, e := range s.Failures {
			i := slices.IndexFunc(all, func(g Group) bool { return g.Edge == e })
			if i < 0 {
				i, all = len(all), append(all, Group{Edge: e})
			}
			all[i].From = append(all[i].From, s.Name)
		}
	}
	return all
}

// longest is the longest way from a state to an end, without one state twice.
func (m *Machine) longest(from string, states map[string]stateDefinition, failing map[string]bool) []string {
	var best []string
	var walk func(way []string)
	walk = func(way []string) {
		last := states[way[len(way)-1]]
		if last.End && len(way) > len(best) {
			best = slices.Clone(way)
		}
		next := []string{last.Next, last.Default}
		for _, c := range last.Choices {
			if !gives(c.Assign) {
				next = append(next, c.Next)
			}
		}
		for _, name := range next {
			if name != "" && !failing[name] && !slices.Contains(way, name) {
				walk(append(slices.Clone(way), name))
			}
		}
	}
	walk([]string{from})
	return best
}
