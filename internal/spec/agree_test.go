package spec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/spec"
)

// What no schema can say, as the parser words what it wants: what concerns several
// places at once, sums, and texts that have a form of their own.
var beyondSchema = regexp.MustCompile(strings.Join([]string{
	`^it once \(first on line`, // a JSON value has each field once
	`^a weight above \d+`, `^100: the last step`,
	`^another name than that of blue`,
	`^every (name|project|trigger|environment's name) once`, `^every channel once for environment`,
	`^at most 20$`, `^at most 100, counting both slots$`, // channels and alarms that come together
	`^another name: rollouts back in one`,
	`^services that no other environment has`,
	`^at least \d+, the wave of`,
	`^an ARN in the (environment's region|account of the environment's role)`,
	`^builds \(codebuild, event\), pushes \(ecr\) or a stage`,
	`^the (name of an environment|repository of a container): `,
	`^a channel(: | here, or a slack channel)`,
	`^at most \d+, the number of approvers`,
	`^none: its message follows the whole rollout`,
	`^each once$`, `^a time zone such as`,
	`^at most \d+h$`, `^a duration above zero`, `^a duration from 1d to 3650d`, // the form is said, the span is not
	`^a pattern for tags, such as`,
	`^an https URL`, `^one without: the secret signs`,
	`^a Slack channel's name in quotes`, // not punctuation alone
	`^the name of an alarm: 1 to 255 characters`,
}, "|"))

// agree holds the parser's word about a value against the schema's.
func agree(t *testing.T, value any, err error) {
	t.Helper()
	refused := bySchema(t, value)
	var wrong *spec.Error
	errors.As(err, &wrong)
	switch {
	case refused != nil && err == nil:
		t.Errorf("the schema alone refuses: %v", refused)
	case refused == nil && wrong != nil:
		for _, p := range wrong.Problems {
			if !beyondSchema.MatchString(p.Want) {
				t.Errorf("the parser alone refuses: %v", p)
			}
		}
	}
}

// corpus are specs that together have every field.
func corpus() []string {
	return []string{
		full, several, least,
		strings.NewReplacer(
			"expires: 2h}", "expires: 2h, slack: C024BE91L, quorum: 1, onExpiry: reject, notAuthor: false}",
			"    notify:\n", "    notify:\n      - slack: \"#virginia\"\n      - sns: arn:aws:sns:us-east-1:123456789012:virginia\n      - webhook: {url: \"https://example.com\", secret: s}\n",
			"notify:\n  - slack", "notify:\n  - teams: {secret: sluice/teams}\n  - slack",
		).Replace(several),
		strings.Replace(least, "ecr: {tag: v*}", "ecr: {repository: shop, tag: v*}", 1),
		strings.Replace(least, "ecr: {tag: v*}", "codepipeline: {}", 1),
		strings.Replace(least, "ecr: {tag: v*}", "event: {}", 1),
	}
}

// Each place of the corpus is made wrong in many ways; the schema and the parser
// have to say the same about it, but for what is beyond a schema.
func TestSchemaAndParserAgree(t *testing.T) {
	t.Parallel()
	seen, done := map[string]bool{}, map[string]bool{}
	for _, source := range corpus() {
		value, _ := spec.Value([]byte(source))
		for _, path := range places(value, nil) {
			seen[field(path)] = true
			like := fmt.Sprintf("%s %T", field(path), at(value, path))
			if done[like] {
				continue
			}
			done[like] = true
			for _, wrong := range mutations(value, path) {
				text := written(t, wrong)
				_, err := spec.Parse("sluice.yaml", text)
				if agree(t, wrong, err); t.Failed() {
					t.Fatalf("with %s made wrong:\n%s", field(path), text)
				}
			}
		}
	}
	for path := range described(t) {
		if !seen[path] {
			t.Errorf("the corpus has no %s, so it was not checked", path)
		}
	}
}

// A default that the schema tells is the parser's: written out, it changes nothing.
func TestDefaultsOfTheSchema(t *testing.T) {
	t.Parallel()
	told := 0
	for _, source := range corpus() {
		want, _ := spec.Parse("sluice.yaml", []byte(source))
		value, _ := spec.Value([]byte(source))
		for _, path := range places(value, nil) {
			of, _ := at(value, path).(map[string]any)
			for name, node := range described(t) {
				parent, key := name[:max(0, strings.LastIndex(name, "."))], name[strings.LastIndex(name, ".")+1:]
				if of == nil || parent != field(path) || node["default"] == nil || of[key] != nil {
					continue
				}
				told++
				got, err := spec.Parse("sluice.yaml", written(t, put(value, append(slices.Clone(path), key), node["default"])))
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("with the default of %s: %v (-want +got):\n%s", name, err, diff)
				}
			}
		}
	}
	if told == 0 {
		t.Error("the schema tells no default")
	}
}

// described are the schema's fields by their path, such as environments[].steps[].weight.
func described(t *testing.T) map[string]map[string]any {
	t.Helper()
	text, err := spec.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		if about, _ := node["description"].(string); path != "" && !strings.HasSuffix(path, "[]") && about == "" {
			t.Errorf("the schema does not say what %s is", path)
		}
		found[path] = node
		properties, _ := node["properties"].(map[string]any)
		for name, child := range properties {
			walk(strings.TrimPrefix(path+"."+name, "."), child.(map[string]any))
		}
		if items, ok := node["items"].(map[string]any); ok {
			walk(path+"[]", items)
		}
		either, _ := node["oneOf"].([]any)
		for _, one := range either {
			properties, _ := one.(map[string]any)["properties"].(map[string]any)
			for name, child := range properties {
				walk(path+"."+name, child.(map[string]any))
			}
		}
	}
	walk("", root)
	return found
}

// places are the paths of a value and all that is in it; a step of a path is a name
// or an index.
func places(value any, path []any) [][]any {
	found := [][]any{slices.Clone(path)}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			found = append(found, places(v[name], append(slices.Clone(path), name))...)
		}
	case []any:
		for i := range v {
			found = append(found, places(v[i], append(slices.Clone(path), i))...)
		}
	}
	return found
}

// field is a path as the schema has it.
func field(path []any) string {
	var s strings.Builder
	for _, step := range path {
		if name, ok := step.(string); ok {
			s.WriteString("." + name)
		} else {
			s.WriteString("[]")
		}
	}
	return strings.TrimPrefix(s.String(), ".")
}

// mutations are the value with something else at the path.
func mutations(value any, path []any) []any {
	var all []any
	for _, other := range []any{
		nil, json.Number("7"), json.Number("0"), json.Number("-1"), json.Number("100000"), 7.5, true,
		"", "x", "X y", "ü☃", "{slot}", "7d", "9h8m7s", "#x", "a:b", strings.Repeat("x", 2000),
		"arn:aws:iam::123456789012:role/x", "https://example.com/x",
		[]any{},
		[]any{"x"},
		[]any{"x", "x"},
		[]any{map[string]any{}},
		map[string]any{},
		map[string]any{"x": "y"},
	} {
		all = append(all, put(value, path, other))
	}
	switch v := at(value, path).(type) {
	case map[string]any:
		all = append(all, put(value, append(slices.Clone(path), "zzz"), "x"))
		for name := range v {
			without := maps.Clone(v)
			delete(without, name)
			all = append(all, put(value, path, without))
		}
	case []any:
		all = append(all, put(value, path, append([]any{}, slices.Concat(v, v)...)), put(value, path, append([]any{}, slices.Repeat(v, 40)...)))
	case string:
		all = append(all, put(value, path, v+" "), put(value, path, " "+v), put(value, path, v+"☃"), put(value, path, strings.ToUpper(v)))
	}
	return all
}

func at(value any, path []any) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step.(string)]
		case []any:
			value = v[step.(int)]
		}
	}
	return value
}

// put is the value with another at the path; the value itself is left as it is.
func put(value any, path []any, other any) any {
	if len(path) == 0 {
		return other
	}
	switch v := value.(type) {
	case map[string]any:
		changed, name := maps.Clone(v), path[0].(string)
		changed[name] = put(v[name], path[1:], other)
		return changed
	case []any:
		changed, i := slices.Clone(v), path[0].(int)
		changed[i] = put(v[i], path[1:], other)
		return changed
	default:
		panic(fmt.Sprintf("nothing in %v", value))
	}
}

// written is a value as YAML, in the form of JSON.
func written(t *testing.T, value any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
