package states

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// loader turns a decoded definition into states and collects what is wrong.
type loader struct {
	diagnostics []Diagnostic
	language    string          // the definition's QueryLanguage
	seen        map[string]bool // names of states, unique in the whole definition
	// assigned are the variables of the scopes around the one being read, but not
	// those of the states that it is inside of: recorded on AWS, a branch may assign
	// what its Parallel state's Catch assigns too.
	assigned []string
	catching bool // a catcher is being read
	depth    int
}

// maxMachines bounds how deep Parallel and Map may be nested. AWS gives no number.
const maxMachines = 20

func (l *loader) report(code, location, format string, args ...any) {
	l.diagnostics = append(l.diagnostics, Diagnostic{Code: code, Message: fmt.Sprintf(format, args...), Location: location})
}

// object is a JSON object of the definition and where it stands.
type object struct {
	*jsonata.Object
	loader   *loader
	location string
	prefix   string // of its fields' names within the state, such as Catch[0]/
}

func (o object) at(field string) string { return strings.TrimSuffix(o.location, "/") + "/" + field }

func (o object) has(field string) bool {
	return slices.Contains(o.Keys(), field)
}

// only reports every field that is not allowed, and by name those that AWS allows
// and the emulator does not have. AWS names no place within the state (measured:
// floci-io/floci, issues 2735 and 2968).
func (o object) only(what string, allowed, missing []string) {
	for _, key := range o.Keys() {
		switch {
		case slices.Contains(allowed, key):
		case slices.Contains(missing, key):
			o.loader.report(codeSchema, o.at(key), "Field '%s' of %s is not emulated", key, what)
		case slices.Contains(pathFields(), key):
			o.loader.report(codeSchema, o.location, "The QueryLanguage is set to 'JSONata', but field '%s' is only supported for the 'JSONPath' QueryLanguage", key)
		default:
			o.loader.report(codeSchema, o.location, "Field '%s' is not supported", key)
		}
	}
}

// pathFields are the fields of JSONPath states that JSONata has not (AWS: Step
// Functions Developer Guide, Transforming data with JSONata).
func pathFields() []string {
	return []string{
		"InputPath", "OutputPath", "Parameters", "Result", "ResultPath", "ResultSelector",
		"CausePath", "ErrorPath", "HeartbeatSecondsPath", "ItemsPath", "MaxConcurrencyPath", "SecondsPath",
		"TimeoutSecondsPath", "TimestampPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
	}
}

func (o object) text(field string, required bool) string {
	v := o.Get(field)
	if _, absent := v.(jsonata.Undefined); absent {
		if required {
			o.loader.report(codeSchema, o.location, "The field '%s' is required but was missing", field)
		}
		return ""
	}
	s, is := v.(string)
	if !is || s == "" && required {
		o.loader.report(codeSchema, o.at(field), "Expected value of type String")
	}
	return s
}

// number gives a number between bounds, or otherwise if the field is not there.
func (o object) number(field string, least, most, otherwise float64, whole bool) float64 {
	v := o.Get(field)
	if _, absent := v.(jsonata.Undefined); absent {
		return otherwise
	}
	f, is := v.(float64)
	if !is || whole && f != math.Trunc(f) {
		o.loader.report(codeSchema, o.at(field), "Expected value of type %s", map[bool]string{true: "Integer", false: "Number"}[whole])
		return otherwise
	}
	if f < least || f > most {
		o.loader.report(codeSchema, o.at(field), "Value %s is not between %s and %s",
			jsonata.FormatNumber(f), jsonata.FormatNumber(least), jsonata.FormatNumber(most))
		return otherwise
	}
	return f
}

func (o object) boolean(field string) bool {
	if !o.has(field) {
		return false
	}
	b, is := o.Get(field).(bool)
	if !is {
		o.loader.report(codeSchema, o.at(field), "Expected value of type Boolean")
	}
	return b
}

// child is the object in a field.
func (o object) child(field string) (object, bool) {
	v := o.Get(field)
	if _, absent := v.(jsonata.Undefined); absent {
		o.loader.report(codeSchema, o.location, "The field '%s' is required but was missing", field)
		return object{}, false
	}
	inner, is := v.(*jsonata.Object)
	if !is {
		o.loader.report(codeSchema, o.at(field), "Expected value of type Object")
	}
	return object{Object: inner, loader: o.loader, location: o.at(field)}, is
}

// children are the objects in an array that must not be empty.
func (o object) children(field string) []object {
	items, is := o.Get(field).([]any)
	if !is || len(items) == 0 {
		o.loader.report(codeSchema, o.at(field), "Expected a non-empty value of type Array")
		return nil
	}
	var all []object
	for i, item := range items {
		location := fmt.Sprintf("%s[%d]", o.at(field), i)
		inner, is := item.(*jsonata.Object)
		if !is {
			o.loader.report(codeSchema, location, "Expected value of type Object")
			continue
		}
		all = append(all, object{Object: inner, loader: o.loader, location: location, prefix: fmt.Sprintf("%s[%d]/", field, i)})
	}
	return all
}

func (l *loader) definition(root *jsonata.Object) *Definition {
	o := object{Object: root, loader: l, location: "/"}
	o.only("a state machine", []string{"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}, nil)
	l.language = "JSONPath"
	if o.has("QueryLanguage") {
		l.language = o.text("QueryLanguage", true)
	}
	if l.language != "JSONata" && l.language != "JSONPath" {
		l.report(codeSchema, o.at("QueryLanguage"), "Value is not one of [JSONPath, JSONata]")
	}
	if o.has("Version") && o.Get("Version") != "1.0" {
		l.report(codeSchema, o.at("Version"), "Value is not one of [1.0]")
	}
	d := &Definition{TimeoutSeconds: int(o.number("TimeoutSeconds", 1, 99999999, 0, true))}
	d.Machine = *l.machine(o)
	return d
}

func (l *loader) machine(o object) *Machine {
	l.depth++
	defer func() { l.depth-- }()
	m := &Machine{States: map[string]*State{}}
	if l.depth > maxMachines {
		l.report(codeNesting, o.location, "The states are nested deeper than %d", maxMachines)
		return m
	}
	m.StartAt = o.text("StartAt", true)
	states, ok := o.child("States")
	if !ok {
		return m
	}
	var bodies []object
	for _, name := range states.Keys() {
		if n := utf8.RuneCountInString(name); n == 0 || n > 80 {
			l.report(codeName, states.at(name), "The name of a state must have between 1 and 80 characters")
		}
		if l.seen[name] {
			l.report(codeDuplicate, states.at(name), "The state name '%s' is used more than once", name)
		}
		l.seen[name] = true
		if body, ok := states.child(name); ok {
			m.names = append(m.names, name)
			bodies = append(bodies, body)
		}
	}
	outer := l.assigned
	for i, body := range bodies {
		if body.has("Branches") || body.has("ItemProcessor") {
			l.assigned = append(slices.Clone(outer), variablesOf(slices.Concat(bodies[:i], bodies[i+1:]))...)
		}
		m.States[m.names[i]] = l.state(m.names[i], body, outer)
		l.assigned = outer
	}
	l.transitions(o, m)
	return m
}

// variablesOf are the names that the states of a scope assign.
func variablesOf(bodies []object) []string {
	var names []string
	add := func(v any) {
		if assign, is := v.(*jsonata.Object); is {
			names = append(names, assign.Keys()...)
		}
	}
	for _, body := range bodies {
		add(body.Get("Assign"))
		for _, field := range []string{"Choices", "Catch"} {
			rules, _ := body.Get(field).([]any)
			for _, rule := range rules {
				if o, is := rule.(*jsonata.Object); is {
					add(o.Get("Assign"))
				}
			}
		}
	}
	return names
}

// transitions checks that every target exists, that every state can be reached
// and that there is an end.
func (l *loader) transitions(o object, m *Machine) {
	if len(m.names) == 0 {
		l.report(codeSchema, o.at("States"), "Expected a non-empty value of type Object")
		return
	}
	if m.StartAt != "" && m.States[m.StartAt] == nil {
		l.report(codeTarget, o.at("StartAt"), "Missing 'Next' target: %s", m.StartAt)
		return
	}
	ends := false
	for _, name := range m.names {
		s := m.States[name]
		ends = ends || s.terminal()
		for _, target := range s.targets() {
			if m.States[target.name] == nil {
				l.report(codeTarget, o.at("States/"+name+"/"+target.field), "Missing 'Next' target: %s", target.name)
			}
		}
	}
	if !ends {
		// AWS names no place, and no state that cannot be reached besides (measured:
		// floci-io/floci, pull request 2786).
		l.report(codeEnd, "", "Workflow has no terminal state")
		return
	}
	l.unreachable(o, m)
}

// unreachable reports the states that no transition leads to.
func (l *loader) unreachable(o object, m *Machine) {
	reached := map[string]bool{}
	queue := []string{m.StartAt}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if s := m.States[name]; s != nil && !reached[name] {
			reached[name] = true
			for _, target := range s.targets() {
				queue = append(queue, target.name)
			}
		}
	}
	for _, name := range m.names {
		if m.StartAt != "" && !reached[name] {
			l.report(codeTarget, o.at("States/"+name), "State %q is not reachable.", name)
		}
	}
}

type target struct{ name, field string }

// targets are the states that may come next, and the fields that name them.
func (s *State) targets() []target {
	var all []target
	if s.Next != "" {
		all = append(all, target{s.Next, "Next"})
	}
	for i, c := range s.choices {
		all = append(all, target{c.next, fmt.Sprintf("Choices[%d]/Next", i)})
	}
	if s.fallback != "" {
		all = append(all, target{s.fallback, "Default"})
	}
	for i, c := range s.catchers {
		all = append(all, target{c.next, fmt.Sprintf("Catch[%d]/Next", i)})
	}
	return all
}

func (s *State) terminal() bool {
	switch s.Type {
	case TypeSucceed, TypeFail:
		return true
	case TypeChoice:
		return false
	case TypeTask, TypePass, TypeWait, TypeParallel, TypeMap:
	}
	return s.Next == ""
}
