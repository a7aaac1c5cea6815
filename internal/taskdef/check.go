package taskdef

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/spelling"
)

// checker holds a tree against the types of the SDK, whose fields are those of AWS's
// JSON with a capital letter, and collects what is wrong.
type checker struct {
	problems []string // to be read after the file's name
}

func (c *checker) add(path, found, want string) {
	if path != "" {
		path = ": " + path
	}
	c.problems = append(c.problems, fmt.Sprintf("%s: found %s, want %s", path, found, want))
}

// unwrapped takes what `aws ecs describe-task-definition` prints for what is in it.
func unwrapped(tree any) any {
	answer, ok := tree.(map[string]any)
	if !ok {
		return tree
	}
	inner, ok := answer["taskDefinition"].(map[string]any)
	if !ok {
		return tree
	}
	for name, value := range answer {
		if name != "taskDefinition" {
			inner[name] = value
		}
	}
	return inner
}

// definition gives the tree without what ECS adds by itself.
func (c *checker) definition(tree any) map[string]any {
	input := reflect.TypeFor[ecs.RegisterTaskDefinitionInput]()
	if top, ok := tree.(map[string]any); ok {
		for name := range members(reflect.TypeFor[types.TaskDefinition]()) {
			if _, registered := members(input)[name]; !registered {
				delete(top, name)
			}
		}
	}
	checked, _ := c.value("", tree, input).(map[string]any)
	return checked
}

// value gives the value without nulls.
func (c *checker) value(path string, v any, t reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return c.value(path, v, t.Elem())
	case reflect.Struct:
		return c.object(path, v, func(name string) (reflect.Type, bool) {
			member, ok := members(t)[name]
			return member, ok
		}, slices.Sorted(maps.Keys(members(t))))
	case reflect.Map:
		return c.object(path, v, func(string) (reflect.Type, bool) { return t.Elem(), true }, nil)
	case reflect.Slice:
		return c.list(path, v, t.Elem())
	case reflect.String:
		c.text(path, v, t)
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			c.add(path, describe(v), "true or false")
		}
	case reflect.Int32, reflect.Int64:
		n, ok := v.(json.Number)
		if _, err := strconv.ParseInt(string(n), 10, t.Bits()); !ok || err != nil {
			c.add(path, describe(v), "a whole number without quotes")
		}
	default:
		c.add(path, describe(v), "no such field: Sluice cannot check it")
	}
	return v
}

func (c *checker) object(path string, v any, member func(string) (reflect.Type, bool), known []string) any {
	given, ok := v.(map[string]any)
	if !ok {
		c.add(path, describe(v), "an object")
		return nil
	}
	checked := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		t, ok := member(name)
		switch {
		case !ok:
			want := "a field of ECS's RegisterTaskDefinition"
			if near := spelling.Near(name, known); near != "" {
				want += fmt.Sprintf("; did you mean %q?", near)
			}
			c.add(child(path, name), "an unknown field", want)
		case given[name] != nil:
			checked[name] = c.value(child(path, name), given[name], t)
		}
	}
	return checked
}

func (c *checker) list(path string, v any, item reflect.Type) any {
	items, ok := v.([]any)
	if !ok {
		c.add(path, describe(v), "a list")
		return nil
	}
	checked := []any{}
	for i, one := range items {
		checked = append(checked, c.value(fmt.Sprintf("%s[%d]", path, i), one, item))
	}
	return checked
}

// text checks a string; of an enumeration, that it is one of its words.
func (c *checker) text(path string, v any, t reflect.Type) {
	text, ok := v.(string)
	if !ok {
		c.add(path, describe(v), "a text in quotes")
		return
	}
	if words := enumerated(t); words != nil && !slices.Contains(words, text) {
		c.add(path, fmt.Sprintf("%q", text), "one of "+strings.Join(words, ", "))
	}
}

// enumerated are the words of an enumeration, none for another type.
func enumerated(t reflect.Type) []string {
	values := reflect.Zero(t).MethodByName("Values")
	if !values.IsValid() {
		return nil
	}
	var words []string
	for _, word := range values.Call(nil)[0].Seq2() {
		words = append(words, word.String())
	}
	return words
}

// members are a struct's fields, by the names that AWS's JSON has.
func members(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for f := range t.Fields() {
		if f.IsExported() {
			all[strings.ToLower(f.Name[:1])+f.Name[1:]] = f.Type
		}
	}
	return all
}

// describe says what stands at a place, in words for people.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}
