// Package docs_test holds the documents against the code they speak of.
package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
	"github.com/sluice-deploy/sluice/internal/taskdef"
)

func TestSpecInTheDocumentIsOne(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(read(t, "spec.md"), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("spec.md shows no spec")
	}
	if _, err := spec.Parse("sluice.yaml", []byte(text)); err != nil {
		t.Errorf("the spec in spec.md: %v", err)
	}
	const right, wrong = "weight: 50", "weight: 5"
	_, err := spec.Parse("sluice.yaml", []byte(strings.Replace(text, right, wrong, 1)))
	if err == nil {
		t.Fatalf("a spec with %q was accepted", wrong)
	}
	if !strings.Contains(read(t, "spec.md"), "\n"+err.Error()+"\n") {
		t.Errorf("spec.md does not show the error as it is:\n%v", err)
	}
}

// The runbook says what to do for each of Sluice's own alarms, and for no other.
func TestRunbookHasEachAlarm(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(read(t, "runbook.md"), "\n### Sluice's own alarms\n")
	section, _, _ = strings.Cut(section, "\n### ")
	var told, made []string
	for _, found := range regexp.MustCompile(`(?m)^- \*\*([a-z-]+)\*\*:`).FindAllStringSubmatch(section, -1) {
		told = append(told, found[1])
	}
	for _, found := range regexp.MustCompile(`AlarmName: !Sub '\$\{AWS::StackName\}-([a-z-]+)'`).FindAllStringSubmatch(read(t, "../template.yaml"), -1) {
		made = append(made, found[1])
	}
	slices.Sort(told)
	slices.Sort(made)
	if len(made) == 0 || !slices.Equal(told, made) {
		t.Errorf("the runbook has the alarms %v, template.yaml makes %v", told, made)
	}
}

func TestSpecInInstallIsOne(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(read(t, "install.md"), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("install.md shows no spec")
	}
	// The trigger that the comment names for the other way.
	text = regexp.MustCompile(`- codepipeline #.*: event`).ReplaceAllString(text, "- event")
	if _, err := spec.Parse("sluice.yaml", []byte(text)); err != nil {
		t.Errorf("the spec in install.md: %v", err)
	}
}

func TestRunbookHasASectionForEachKindAndOutcome(t *testing.T) {
	t.Parallel()
	runbook := read(t, "runbook.md")
	for _, c := range []struct{ file, ofType string }{
		{"errors.go", "ErrorKind"},
		{"rollout.go", "Outcome"},
	} {
		names := constants(t, filepath.Join("..", "internal", "rollout", c.file), c.ofType)
		if len(names) == 0 {
			t.Errorf("%s has no constants of type %s", c.file, c.ofType)
		}
		for _, name := range names {
			heading := "\n### " + name + "\n"
			if c.ofType == "ErrorKind" && strings.Contains(runbook, "\n### "+name+" (kind)\n") {
				continue // an outcome has the same name
			}
			if !strings.Contains(runbook, heading) {
				t.Errorf("runbook.md has no section for the %s %q", c.ofType, name)
			}
		}
	}
}

// constants are the values of the string constants of a type in a file.
func constants(t *testing.T, file, ofType string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := v.Type.(*ast.Ident); !ok || name.Name != ofType {
			return true
		}
		for _, value := range v.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, text)
			}
		}
		return true
	})
	return values
}

func TestCatalogueNamesEverySample(t *testing.T) {
	t.Parallel()
	catalogue := read(t, "events.md")
	files, err := events.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(catalogue, "`"+f.Name()+"`") {
			t.Errorf("events.md does not name %s", f.Name())
		}
	}
}

// TestLinksLead follows links to files, and the paths that ARCHITECTURE.md names.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	path := regexp.MustCompile("`((?:docs|events|functions|infra|internal|statemachine|scripts|cmd)/[A-Za-z0-9_./-]+)`")
	documents, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.md", "decisions/*.md", "../events/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, more...)
	}
	for _, document := range documents {
		text := read(t, document)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file := filepath.Join(filepath.Dir(document), m[1])
			if m[1] == "" {
				file = document
			}
			there(t, document, m[1], file)
			if m[2] != "" && !anchored(read(t, file), m[2]) {
				t.Errorf("%s links to #%s of %s, which has no such heading", document, m[2], file)
			}
		}
		for _, m := range path.FindAllStringSubmatch(text, -1) {
			there(t, document, m[1], filepath.Join("..", m[1]))
		}
	}
}

// anchored reports whether a text has a heading with that anchor, as GitHub makes
// anchors: in small letters, without punctuation, with hyphens for spaces.
func anchored(text, anchor string) bool {
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	punctuation := regexp.MustCompile(`[^a-z0-9 -]`)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

func there(t *testing.T, document, name, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s names %s, which is not there", document, name)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a document of this repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// spec.md names every field of sluice.yaml, and the line by which editors find the schema.
func TestSpecHasEachField(t *testing.T) {
	t.Parallel()
	text := read(t, "spec.md")
	schema, err := spec.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	for _, name := range propertiesIn(root) {
		if !regexp.MustCompile("[`{ ]" + name + "[`: ]").MatchString(text) {
			t.Errorf("spec.md does not say what %s is", name)
		}
	}
	if line := "\n# yaml-language-server: $schema=" + spec.SchemaURL + "\n"; !strings.Contains(text, line) {
		t.Errorf("spec.md does not show the line %q", line)
	}
}

// propertiesIn are the names of all properties in a schema.
func propertiesIn(node any) []string {
	var names []string
	switch n := node.(type) {
	case map[string]any:
		properties, _ := n["properties"].(map[string]any)
		names = slices.Collect(maps.Keys(properties))
		for _, child := range n {
			names = append(names, propertiesIn(child)...)
		}
	case []any:
		for _, child := range n {
			names = append(names, propertiesIn(child)...)
		}
	}
	return names
}

// The task definition in spec.md is one, for an environment of any name.
func TestTaskDefinitionInTheDocumentIsOne(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(read(t, "spec.md"), "```json\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("spec.md shows no task definition")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "task.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file := rollout.TaskDefinition{File: "task.json"}
	shop := rollout.Spec{
		App: "shop", Containers: map[string]string{"web": "shop"},
		Environments: []rollout.Environment{{Name: "staging", TaskDefinition: file}, {Name: "production", TaskDefinition: file}},
	}
	if err := (taskdef.Files{Folder: folder, Getenv: func(string) string { return "info" }}).Read(&shop); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`"memory":"1024"`, `"memory":"2048"`} {
		if got := shop.Environments[i].TaskDefinition.Text; !strings.Contains(got, want) {
			t.Errorf("%s has %s, want %s in it", shop.Environments[i].Name, got, want)
		}
	}
}

// Every defence that SECURITY.md claims is shown by a test that there is.
func TestSecurityNamesTestsThatThereAre(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(read(t, path), -1) {
			declared[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for line := range strings.SplitSeq(read(t, "../SECURITY.md"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.Contains(line, "shown by") {
			continue
		}
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(cells[3], -1)
		if len(named) == 0 {
			t.Errorf("nothing shows it:%s", line)
		}
		for _, m := range named {
			if shown++; !declared[m[1]] {
				t.Errorf("SECURITY.md names %s, which there is not", m[1])
			}
		}
	}
	if shown == 0 {
		t.Error("SECURITY.md names no test")
	}
}
