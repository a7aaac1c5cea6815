package infra_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// modules are the Terraform modules and their templates.
func modules() map[string]string {
	out := map[string]string{"sluice": "template.yaml"}
	for _, name := range []string{"service", "remote", "pipeline", "github"} {
		out[name] = "infra/" + name + ".yaml"
	}
	return out
}

// variable is one of a module, or a parameter written as one.
type variable struct{ kind, fallback string }

// TestTerraformModulesAreTheTemplates compares each module with its template: names,
// types and defaults of what goes in, names of what comes out.
func TestTerraformModulesAreTheTemplates(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("terraform/*")
	if err != nil || len(folders) != len(modules()) {
		t.Errorf("the modules are %v, %v; want one for each of %v", folders, err, modules())
	}
	for module, template := range modules() {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			text := string(read(t, template))
			want := map[string]variable{}
			for name, p := range parametersOf(t, text) {
				want[snake(name)] = asVariable(name, p)
			}
			got := blocks(t, module, "variables.tf", "variable")
			for _, own := range []string{"name", "tags", "template_url"} {
				delete(got, own)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(variable{})); diff != "" {
				t.Errorf("variables; scripts/terraform.py writes them anew (-want +got):\n%s", diff)
			}
			outputs := map[string]variable{}
			for _, o := range regexp.MustCompile(`(?m)^  (\w+):`).FindAllStringSubmatch(section(text, "Outputs"), -1) {
				outputs[snake(o[1])] = variable{}
			}
			if diff := cmp.Diff(outputs, blocks(t, module, "outputs.tf", "output"), cmp.AllowUnexported(variable{})); diff != "" {
				t.Errorf("outputs; scripts/terraform.py writes them anew (-want +got):\n%s", diff)
			}
			main := file(t, module, "main.tf")
			for name := range parametersOf(t, text) {
				if !regexp.MustCompile(`(?m)^    ` + name + ` += .*var\.` + snake(name) + `\b`).MatchString(main) {
					t.Errorf("parameter %s is not given the variable %s", name, snake(name))
				}
			}
			if module != "sluice" && !strings.Contains(main, `file("${path.module}/../../`+module+`.yaml")`) {
				t.Errorf("the module is around another template:\n%s", main)
			}
		})
	}
}

func file(t *testing.T, module, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("terraform", module, name)) //nolint:gosec // a file of the project
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is a top-level section of a template.
func section(text, name string) string {
	_, rest, _ := strings.Cut("\n"+text, "\n"+name+":\n")
	if end := regexp.MustCompile(`(?m)^\w`).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

func parametersOf(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	var out map[string]map[string]any
	if err := yaml.Unmarshal([]byte(section(text, "Parameters")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func snake(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// asVariable is the type and default that a parameter has in Terraform.
func asVariable(name string, p map[string]any) variable {
	v := variable{kind: "string"}
	value, has := p["Default"]
	switch allowed := fmt.Sprint(p["AllowedValues"]); {
	case strings.HasSuffix(name, "Subnets"):
		return variable{"list(string)", "[]"}
	case p["Type"] == "Number":
		v.kind = "number"
	case allowed == "[true false]" || allowed == "[false true]":
		v.kind = "bool"
	}
	if has {
		v.fallback = fmt.Sprint(value)
		if v.kind == "string" {
			v.fallback = fmt.Sprintf("%q", v.fallback)
		}
	}
	return v
}

// blocks are the blocks of a kind in a file that terraform fmt has formed, each
// described, with their types and defaults.
func blocks(t *testing.T, module, name, kind string) map[string]variable {
	t.Helper()
	out := map[string]variable{}
	for _, b := range regexp.MustCompile(`(?ms)^`+kind+` "(\w+)" \{\n(.*?)^\}`).FindAllStringSubmatch(file(t, module, name), -1) {
		attribute := func(which string) string {
			found := regexp.MustCompile(`(?m)^  ` + which + ` += (.*)$`).FindStringSubmatch(b[2])
			if found == nil {
				return ""
			}
			return found[1]
		}
		if attribute("description") == `""` || attribute("description") == "" {
			t.Errorf("%s %s of %s is not described", kind, b[1], module)
		}
		if _, twice := out[b[1]]; twice {
			t.Errorf("%s %s of %s is there twice", kind, b[1], module)
		}
		out[b[1]] = variable{attribute("type"), attribute("default")}
	}
	return out
}

// TestEveryParameterIsDescribed looks at what people read in the console.
func TestEveryParameterIsDescribed(t *testing.T) {
	t.Parallel()
	for _, template := range templates(t) {
		for name, p := range parametersOf(t, string(read(t, template))) {
			if p["Description"] == nil {
				t.Errorf("%s: parameter %s is not described", template, name)
			}
			constrained := p["AllowedPattern"] != nil
			if constrained && p["ConstraintDescription"] == nil {
				t.Errorf("%s: parameter %s says nothing when its value does not fit", template, name)
			}
			if !slices.Contains([]any{"String", "Number", "CommaDelimitedList"}, p["Type"]) {
				t.Errorf("%s: parameter %s has type %v, which cannot be left out", template, name, p["Type"])
			}
		}
	}
}

// TestDocumentsGiveParametersThatThereAre reads the commands of the documents.
func TestDocumentsGiveParametersThatThereAre(t *testing.T) {
	t.Parallel()
	deploy := regexp.MustCompile(`--template-file (infra/\w+\.yaml) +--capabilities (\w+) +--parameter-overrides([^\n]*)`)
	for _, document := range []string{"install.md", "migrate.md"} {
		text, err := os.ReadFile(filepath.Join(root, "docs", document)) //nolint:gosec // a file of the project
		if err != nil {
			t.Fatal(err)
		}
		commands := deploy.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\\\n", " "), -1)
		if len(commands) == 0 || strings.Count(string(text), "--template-file infra/") != len(commands) {
			t.Errorf("%s: %d commands that deploy were understood of %d", document, len(commands), strings.Count(string(text), "--template-file infra/"))
		}
		for _, c := range commands {
			template := string(read(t, c[1]))
			known := parametersOf(t, template)
			for _, given := range regexp.MustCompile(`(?:^|\s)([A-Za-z]+)=`).FindAllStringSubmatch(c[3], -1) {
				if known[given[1]] == nil {
					t.Errorf("%s gives %s the parameter %s, which it has not", document, c[1], given[1])
				}
				delete(known, given[1])
			}
			for name, p := range known {
				if _, has := p["Default"]; !has {
					t.Errorf("%s does not give %s the parameter %s, which it needs", document, c[1], name)
				}
			}
			if want := capability(template); c[2] != want {
				t.Errorf("%s deploys %s with %s, want %s", document, c[1], c[2], want)
			}
		}
	}
}

// capability is what CloudFormation asks for a template that makes roles: more,
// where it names them itself.
func capability(template string) string {
	if strings.Contains(template, "\n      RoleName:") {
		return "CAPABILITY_NAMED_IAM"
	}
	return "CAPABILITY_IAM"
}
