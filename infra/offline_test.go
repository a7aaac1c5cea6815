package infra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	sluice "github.com/sluice-deploy/sluice"
)

// tool finds a program that a user's machine may not have: without it a test is
// skipped, and fails where CI=true.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not here: .ci/run says where it comes from", name)
	}
	if err != nil {
		t.Skipf("%s is not here: .ci/run says where it comes from", name)
	}
	return path
}

// root is the folder of the project.
const root = ".."

// run runs a program in a folder and gives all that it printed.
func run(t *testing.T, folder string, environment []string, program string, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir, command.Stdout, command.Stderr = folder, &out, &out
	command.Env = append(os.Environ(), environment...)
	err := command.Run()
	return out.String(), err
}

// wantSilent fails the test if a program that checks something finds anything.
func wantSilent(t *testing.T, program string, arguments ...string) {
	t.Helper()
	if out, err := run(t, root, nil, program, arguments...); err != nil || out != "" {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(arguments, " "), err, out)
	}
}

// templates are the CloudFormation templates of the project.
func templates(t *testing.T) []string {
	t.Helper()
	found, err := fs.Glob(sluice.Files, "infra/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return append(found, "template.yaml")
}

const machine = "statemachine/rollout.asl.json"

// TestTemplatesLint has cfn-lint look at every template, and at the state machine as
// a plain one: it looks into no definition that stands in a file.
func TestTemplatesLint(t *testing.T) {
	t.Parallel()
	lint := tool(t, "cfn-lint")
	wrapped := filepath.Join(t.TempDir(), "machine.json")
	write(t, wrapped, plainMachine(t))
	wantSilent(t, lint, slices.Concat([]string{"--"}, templates(t), []string{wrapped})...)
}

// plainMachine is a template with the state machine as a plain one.
func plainMachine(t *testing.T) []byte {
	t.Helper()
	// cfn-lint looks at ARNs as they stand, so the partition is put in for it.
	definition := bytes.ReplaceAll(read(t, machine), []byte("${Partition}"), []byte("aws"))
	substitutions := map[string]string{}
	for _, name := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllSubmatch(definition, -1) {
		substitutions[string(name[1])] = "arn:aws:lambda:us-east-1:123456789012:function:f"
	}
	// JSONata may give these numbers (AWS: Step Functions Developer Guide, Task and Wait
	// states), which cfn-lint does not know.
	definition = regexp.MustCompile(`("(?:TimeoutSeconds|HeartbeatSeconds|Seconds)": *)"\{%[^"]*%\}"`).ReplaceAll(definition, []byte("${1}60"))
	text, err := json.Marshal(map[string]any{"Resources": map[string]any{"Machine": map[string]any{
		"Type": "AWS::StepFunctions::StateMachine",
		"Properties": map[string]any{
			"RoleArn": "arn:aws:iam::123456789012:role/r", "Definition": json.RawMessage(definition), "DefinitionSubstitutions": substitutions,
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// noFunctionURLs is what cfn-lint finds in AWS GovCloud (US), which has no function
// URLs: it does not see that the condition on them never holds there.
var noFunctionURLs = regexp.MustCompile(`(?m)^E3006 Resource type 'AWS::Lambda::Url' does not exist in 'us-gov-west-1'\n.*\n\n?`)

// TestSAMTranslates has the transform that AWS runs make plain CloudFormation of
// template.yaml in AWS's other partitions, and cfn-lint look at it. For us-east-1
// cfn-lint does so by itself.
func TestSAMTranslates(t *testing.T) {
	t.Parallel()
	python, lint := tool(t, "python3"), tool(t, "cfn-lint")
	folder := t.TempDir()
	regions := []string{"cn-north-1", "us-gov-west-1"}
	if out, err := run(t, root, nil, python, append([]string{"scripts/sam.py", "template.yaml", folder}, regions...)...); err != nil {
		t.Fatalf("translate: %v\n%s", err, out)
	}
	var plain []string
	for _, region := range regions {
		plain = append(plain, filepath.Join(folder, region+".json"))
	}
	out, err := run(t, root, nil, lint, slices.Concat([]string{"--regions"}, regions, []string{"--"}, plain)...)
	if found := strings.TrimSpace(noFunctionURLs.ReplaceAllString(out, "")); found != "" || err != nil && out == "" {
		t.Errorf("cfn-lint of the plain templates: %v\n%s", err, found)
	}
	for _, partition := range plain {
		text, err := os.ReadFile(partition) //nolint:gosec // what sam.py wrote
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("arn:aws:")) {
			t.Errorf("%s names the partition aws", filepath.Base(partition))
		}
	}
}

// TestMachineIsValid has asl-validator look at the state machine. The state that is
// called Next gets another name: the validator takes it for a transition.
func TestMachineIsValid(t *testing.T) {
	t.Parallel()
	node := tool(t, "node")
	validator := filepath.Join(root, "scripts/asl/node_modules/asl-validator/dist/bin/asl-validator.js")
	if _, err := os.Stat(validator); err != nil {
		validator = tool(t, "asl-validator of scripts/asl")
	}
	plain := bytes.ReplaceAll(read(t, machine), []byte("${Partition}"), []byte("aws"))
	text := regexp.MustCompile(`"(Next)"( *: *\{|,?\n| *\})`).ReplaceAll(plain, []byte(`"NextStep"$2`))
	copied := filepath.Join(t.TempDir(), "rollout.asl.json")
	write(t, copied, text)
	absolute, err := filepath.Abs(validator)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, root, nil, node, absolute, "--silent", "--json-path", copied); err != nil {
		t.Errorf("asl-validator: %v\n%s", err, out)
	}
}

// TestScripts has shellcheck look at every script of the project.
func TestScripts(t *testing.T) {
	t.Parallel()
	check := tool(t, "shellcheck")
	var scripts []string
	for _, folder := range []string{".ci", "scripts", "infra"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err != nil || entry.IsDir() || !isShell(t, path) {
				return err
			}
			relative, err := filepath.Rel(root, path)
			scripts = append(scripts, relative)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Contains(scripts, ".ci/run") || len(scripts) < 3 {
		t.Fatalf("scripts are %v; that cannot be all", scripts)
	}
	wantSilent(t, check, append([]string{"--external-sources", "--"}, scripts...)...)
}

// isShell tells a script by its first line.
func isShell(t *testing.T, path string) bool {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // a file of the project
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.HasPrefix(first, []byte("#!")) && bytes.HasSuffix(first, []byte("sh"))
}

// TestTerraformIsFormatted has terraform look at the modules, as far as it can
// without AWS's provider.
func TestTerraformIsFormatted(t *testing.T) {
	t.Parallel()
	// Its warnings about its own settings go to stderr.
	command := exec.CommandContext(t.Context(), tool(t, "terraform"), "fmt", "-check", "-recursive", "-diff", "terraform") //nolint:gosec // what was found on the PATH
	if out, err := command.Output(); err != nil {
		t.Errorf("terraform fmt: %v\n%s", err, out)
	}
}

// TestNoPartitionIsNamed looks for ARNs that would be wrong in another of AWS's
// partitions.
func TestNoPartitionIsNamed(t *testing.T) {
	t.Parallel()
	for _, file := range append(templates(t), machine) {
		for number, line := range strings.Split(string(read(t, file)), "\n") {
			if strings.Contains(line, "arn:aws:") {
				t.Errorf("%s:%d names the partition aws: %s", file, number+1, strings.TrimSpace(line))
			}
		}
	}
}

// parsed is a YAML file of the project as plain values.
func parsed(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path)) //nolint:gosec // a file of the project
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := yaml.UnmarshalContext(context.WithoutCancel(t.Context()), text, &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}
