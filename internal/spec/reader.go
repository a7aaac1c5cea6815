package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// reader turns places into values and collects what is wrong. Where a value is
// wrong it reports it once and gives the zero value.
type reader struct {
	file     string
	problems []*Problem
}

// maxProblems keeps the error of a hostile file readable.
const maxProblems = 100

// add reports a problem, and gives it back for a suggestion.
func (r *reader) add(p place, found, want string) *Problem {
	problem := &Problem{File: r.file, Line: p.line, Column: p.column, Field: p.path, Found: found, Want: want}
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, problem)
	}
	return problem
}

// object is a mapping that was read.
type object struct {
	ok     bool
	place  place
	names  []string // in the order of the file
	keys   map[string]place
	values map[string]place
}

// get is the place of a field; where it is missing, that of its mapping.
func (o object) get(name string) place {
	if p, ok := o.values[name]; ok {
		return p
	}
	return place{path: o.place.child(name), line: o.place.line, column: o.place.column}
}

// object reads a mapping and refuses fields that it does not have.
func (r *reader) object(p place, f fields) object {
	known := f.names()
	want := "a mapping"
	if len(known) > 0 {
		want += " with " + strings.Join(known, ", ")
	}
	o := r.open(p, want)
	o.names = slices.DeleteFunc(o.names, func(name string) bool {
		switch key := o.keys[name]; {
		case slices.Contains(known, name):
			return false
		case slices.Contains(f.later, name):
			r.add(key, "the field "+name, "no such field yet: it comes with a later version")
		case f.never[name] != "":
			r.add(key, "the field "+name, "no such field here: "+f.never[name])
		default:
			r.add(key, fmt.Sprintf("an unknown field %q", name), oneOf(known)).Suggestion = suggest(name, known)
		}
		return true
	})
	return o
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return "no fields"
	}
	return "one of " + strings.Join(names, ", ")
}

// open reads a mapping of any fields, each once.
func (r *reader) open(p place, want string) object {
	o := object{place: p, keys: map[string]place{}, values: map[string]place{}}
	var pairs []*ast.MappingValueNode
	switch n := p.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.add(p, describe(p.node), want)
		return o
	}
	o.ok = true
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		key := placeOf(p.child(name), pair.Key)
		if first, again := o.keys[name]; again {
			r.add(key, "the field again", fmt.Sprintf("it once (first on line %d)", first.line))
			continue
		}
		value := placeOf(key.path, pair.Value)
		if _, null := pair.Value.(*ast.NullNode); null {
			value.line, value.column = key.line, key.column
		}
		o.names = append(o.names, name)
		o.keys[name], o.values[name] = key, value
	}
	return o
}

// list reads a list.
func (r *reader) list(p place, want string) ([]place, bool) {
	n, ok := p.node.(*ast.SequenceNode)
	if !ok {
		r.add(p, describe(p.node), want)
		return nil, false
	}
	items := make([]place, len(n.Values))
	for i, v := range n.Values {
		items[i] = placeOf(fmt.Sprintf("%s[%d]", p.path, i), rejoined(v))
	}
	return items, true
}

// text reads a string that is not empty.
func (r *reader) text(p place, want string) (string, bool) {
	switch n := p.node.(type) {
	case *ast.StringNode:
		if n.Value != "" {
			return n.Value, true
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		r.add(p, describe(p.node), want+"; put it in quotes if it is meant as text")
		return "", false
	}
	r.add(p, describe(p.node), want)
	return "", false
}

// matching reads a string of a form.
func (r *reader) matching(p place, pattern *regexp.Regexp, want string) string {
	text, ok := r.text(p, want)
	if ok && !pattern.MatchString(text) {
		r.add(p, fmt.Sprintf("%q", text), want)
		return ""
	}
	return text
}

// choice reads one of some words.
func (r *reader) choice(p place, words ...string) string {
	want := strings.Join(words, " or ")
	text, ok := r.text(p, want)
	if ok && !slices.Contains(words, text) {
		r.add(p, fmt.Sprintf("%q", text), want).Suggestion = suggest(text, words)
	}
	return text
}

func (r *reader) integer(p place, want string) (int, bool) {
	n, ok := p.node.(*ast.IntegerNode)
	if ok {
		if v, err := strconv.Atoi(n.GetToken().Value); err == nil {
			return v, true
		}
	}
	r.add(p, describe(p.node), want)
	return 0, false
}

func (r *reader) boolean(p place) bool {
	n, ok := p.node.(*ast.BoolNode)
	if !ok {
		r.add(p, describe(p.node), "true or false")
		return false
	}
	return n.Value
}

// describe says what stands at a place, in words for people.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return shortened(n.Value)
	case *ast.LiteralNode:
		return "a block of text"
	default:
		return n.GetToken().Value
	}
}

func shortened(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
