package taskdef_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/taskdef"
)

// shop is a spec whose two environments take the file.
func shop(file string) *rollout.Spec {
	d := rollout.TaskDefinition{File: file}
	return &rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"},
		Environments: []rollout.Environment{
			{Name: "staging", TaskDefinition: d}, {Name: "production", TaskDefinition: d}, {Name: "other"},
		},
	}
}

// read reads a file of that name and text for the spec of the shop.
func read(t *testing.T, name, text string) (*rollout.Spec, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := shop(name)
	environment := map[string]string{"LEVEL": `say "x" <&>`, "CPU": "512", "HOLE": "<sluice.slot>"}
	return spec, taskdef.Files{Folder: folder, Getenv: func(name string) string { return environment[name] }}.Read(spec)
}

const asJSON = `{
	"family": "shop-{{ .Environment }}",
	"cpu": "{{ env "CPU" }}",
	{{ if eq .Environment "production" }}
	"memory": "1024",
	{{ end }}
	"containerDefinitions": [
		{
			"name": "web",
			"memoryReservation": {{ env "CPU" }},
			"environment": [
				{"name": "LEVEL", "value": "{{ env "LEVEL" }}"},
				{"name": "RELEASE", "value": "{{ .Release.Number }} {{ .Release.Name }} {{ .Release.Commit }} of {{ .App }} in {{ .Slot }}"}
			],
			"secrets": [
				{"name": "DB", "valueFrom": "{{ ssm "/shop/db" }}"},
				{"name": "KEY", "valueFrom": "{{ secret "shop/keys-a1B2c3:api::" }}"}
			]
		},
		{"name": "migrate", "image": "{{ .Release.Image "web" }}", "essential": false, "links": null}
	]
}`

const asYAML = `family: shop-{{ .Environment }}
cpu: "{{ env "CPU" }}"
{{- if eq .Environment "production" }}
memory: "1024"
{{- end }}
containerDefinitions:
  - name: web
    memoryReservation: {{ env "CPU" }}
    environment:
      - {name: LEVEL, value: "{{ env "LEVEL" }}"}
      - name: RELEASE
        value: {{ .Release.Number }} {{ .Release.Name }} {{ .Release.Commit }} of {{ .App }} in {{ .Slot }}
    secrets:
      - name: DB
        valueFrom: {{ ssm "shop/db" }}
      - name: KEY
        valueFrom: "{{ secret "shop/keys-a1B2c3:api::" }}"
  - name: migrate
    image: {{ .Release.Image "web" }}
    essential: false
`

const want = `{"containerDefinitions":[{"environment":[` +
	`{"name":"LEVEL","value":"say \"x\" <&>"},` +
	`{"name":"RELEASE","value":"<sluice.number> <sluice.name> <sluice.commit> of shop in <sluice.slot>"}],` +
	`"memoryReservation":512,"name":"web","secrets":[` +
	`{"name":"DB","valueFrom":"arn:<sluice.partition>:ssm:<sluice.region>:<sluice.account>:parameter/shop/db"},` +
	`{"name":"KEY","valueFrom":"arn:<sluice.partition>:secretsmanager:<sluice.region>:<sluice.account>:secret:shop/keys-a1B2c3:api::"}]},` +
	`{"essential":false,"image":"<sluice.image.web>","name":"migrate"}],"cpu":"512",`

func TestRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"task.json": asJSON, "task.yaml": asYAML, "task.yml": asYAML} {
		spec, err := read(t, name, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		staging, production, other := spec.Environments[0].TaskDefinition, spec.Environments[1].TaskDefinition, spec.Environments[2].TaskDefinition
		if diff := cmp.Diff(want+`"family":"shop-staging"}`, staging.Text); diff != "" {
			t.Errorf("%s for staging (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(want+`"family":"shop-production","memory":"1024"}`, production.Text); diff != "" {
			t.Errorf("%s for production (-want +got):\n%s", name, diff)
		}
		if other != (rollout.TaskDefinition{}) {
			t.Errorf("%s for an environment that does not name it is %+v", name, other)
		}
	}
}

// What `aws ecs describe-task-definition` prints can be pasted, whole or its inner part.
func TestWhatDescribeTaskDefinitionPrints(t *testing.T) {
	t.Parallel()
	const (
		inner = `{"taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:7", "family": "shop", "revision": 7, "status": "ACTIVE",
			"requiresAttributes": [{"name": "ecs.capability.task-eni"}], "compatibilities": ["EC2", "FARGATE"], "registeredAt": "2026-03-01T00:00:00+00:00",
			"registeredBy": "arn:aws:iam::123456789012:root", "deregisteredAt": null, "volumes": [], "containerDefinitions": [{"name": "web", "image": "x:1", "cpu": 0}]}`
		rest = `{"containerDefinitions":[{"cpu":0,"image":"x:1","name":"web"}],"family":"shop",`
	)
	for text, want := range map[string]string{
		inner: rest + `"volumes":[]}`,
		`{"taskDefinition": ` + inner + `, "tags": [{"key": "team", "value": "web"}]}`: rest + `"tags":[{"key":"team","value":"web"}],"volumes":[]}`,
	} {
		spec, err := read(t, "task.json", text)
		if err != nil {
			t.Errorf("%v\n%s", err, text)
			continue
		}
		if diff := cmp.Diff(want, spec.Environments[0].TaskDefinition.Text); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	web := func(more string) string { return `{"containerDefinitions": [{"name": "web"` + more + `}]}` }
	for name, c := range map[string]struct{ file, text, want string }{
		"variable not set":        {"t.json", "{\n\n\"family\": \"{{ env \"FAMILY\" }}\"}", `t.json:3:14: {{ env "FAMILY" }}: the environment variable FAMILY is not set`},
		"variable with a hole":    {"t.json", `{"family": "{{ env "HOLE" }}"}`, `t.json:1:15: {{ env "HOLE" }}: the environment variable HOLE has <sluice. in it, which Sluice keeps for itself`},
		"hole in the file":        {"t.json", "{\n\"family\": \"<sluice.slot>\"}", `t.json:2: found <sluice., which Sluice keeps for itself`},
		"not a template":          {"t.json", "{\n\"family\": \"{{ env }\"}", `t.json:2: unexpected "}" in operand`},
		"unknown function":        {"t.json", `{"family": "{{ getenv "X" }}"}`, `t.json:1: function "getenv" not defined`},
		"unknown value":           {"t.json", `{"family": "{{ .Release.Tag }}"}`, `t.json:1:23: {{ .Release.Tag }}: can't evaluate field Tag of the release`},
		"image of no container":   {"t.json", `{"family": "{{ .Release.Image "wbe" }}"}`, `t.json:1:23: {{ .Release.Image }}: "wbe" is none of the spec's containers; it has web`},
		"slot is compared":        {"t.json", `{{ if eq .Slot "blue" }}{}{{ end }}`, `t.json:1:6: {{ eq .Slot "blue" }}: this is known only when a release is rolled out, so it cannot be compared`},
		"no parameter's name":     {"t.json", `{"family": "{{ ssm "arn:aws:ssm:x" }}"}`, `t.json:1:15: {{ ssm "arn:aws:ssm:x" }}: "arn:aws:ssm:x" is not the name of a parameter such as /shop/database`},
		"no secret's name":        {"t.json", `{"family": "{{ secret "shop:key" }}"}`, `t.json:1:15: {{ secret "shop:key" }}: "shop:key" is not the end of a secret's ARN such as shop/database-a1B2c3, nor one with a key, such as shop/database-a1B2c3:password::; ` + "`aws secretsmanager describe-secret` tells the six characters behind its name, without which ECS does not find it"},
		"not JSON":                {"t.json", "{\n\"family\": shop}", `t.json: is not JSON once it is rendered: line 2: invalid character 's' looking for beginning of value`},
		"half of it":              {"t.json", `{"family": "shop"`, `t.json: is not JSON once it is rendered: it ends too early`},
		"empty":                   {"t.json", "", `t.json: is not JSON once it is rendered: it ends too early`},
		"two objects":             {"t.json", web("") + "\n{}", `t.json: is not JSON once it is rendered: line 2: more follows the end of the object`},
		"not YAML":                {"t.yaml", "family: shop\n\tcpu: 1", `t.yaml: is not YAML once it is rendered: line 2: found character '	' that cannot start any token`},
		"field twice":             {"t.json", web(`, "cpu": 1, "cpu": 2`), `t.json: containerDefinitions[0].cpu: found the field again, want it once`},
		"a list":                  {"t.json", "[]", `t.json: found a list, want an object`},
		"no containers":           {"t.json", `{"family": "shop"}`, `t.json: containerDefinitions: found nothing, want a list of containers`},
		"misspelt field":          {"t.json", web(`, "entrypoint": []`), `t.json: containerDefinitions[0].entrypoint: found an unknown field, want a field of ECS's RegisterTaskDefinition; did you mean "entryPoint"?`},
		"capital letter":          {"t.json", `{"Family": "shop", "containerDefinitions": [{"name": "web"}]}`, `t.json: Family: found an unknown field, want a field of ECS's RegisterTaskDefinition; did you mean "family"?`},
		"field like no other":     {"t.json", web(`, "zzz": {}`), `t.json: containerDefinitions[0].zzz: found an unknown field, want a field of ECS's RegisterTaskDefinition`},
		"number for a text":       {"t.json", `{"cpu": 256, "containerDefinitions": [{"name": "web"}]}`, `t.json: cpu: found 256, want a text in quotes`},
		"text for a number":       {"t.json", web(`, "portMappings": [{"containerPort": "80"}]`), `t.json: containerDefinitions[0].portMappings[0].containerPort: found "80", want a whole number without quotes`},
		"half a port":             {"t.json", web(`, "portMappings": [{"containerPort": 80.5}]`), `t.json: containerDefinitions[0].portMappings[0].containerPort: found 80.5, want a whole number without quotes`},
		"huge port":               {"t.json", web(`, "portMappings": [{"containerPort": 8000000000}]`), `t.json: containerDefinitions[0].portMappings[0].containerPort: found 8000000000, want a whole number without quotes`},
		"text for a switch":       {"t.json", web(`, "essential": "yes"`), `t.json: containerDefinitions[0].essential: found "yes", want true or false`},
		"object for a list":       {"t.json", web(`, "environment": {"A": "b"}`), `t.json: containerDefinitions[0].environment: found an object, want a list`},
		"list for an object":      {"t.json", web(`, "dockerLabels": ["a"]`), `t.json: containerDefinitions[0].dockerLabels: found a list, want an object`},
		"label that is a number":  {"t.json", web(`, "dockerLabels": {"a": 1}`), `t.json: containerDefinitions[0].dockerLabels.a: found 1, want a text in quotes`},
		"word of no enumeration":  {"t.json", `{"networkMode": "vpc", "containerDefinitions": [{"name": "web"}]}`, `t.json: networkMode: found "vpc", want one of bridge, host, awsvpc, none`},
		"no name":                 {"t.json", `{"containerDefinitions": [{"name": "web"}, {"image": "x"}]}`, `t.json: containerDefinitions[1].name: found nothing, want the container's name`},
		"name twice":              {"t.json", `{"containerDefinitions": [{"name": "web"}, {"name": "web"}]}`, `t.json: containerDefinitions[1].name: found "web" again, want every container once`},
		"no image for a sidecar":  {"t.json", `{"containerDefinitions": [{"name": "web"}, {"name": "log"}]}`, `t.json: containerDefinitions[1].image: found nothing, want the image of log: it is none of the spec's containers, so no release brings it`},
		"container missing":       {"t.json", `{"containerDefinitions": [{"name": "www", "image": "x"}]}`, `t.json: containerDefinitions: found www, want the spec's container web among them`},
		"two wrong, both in YAML": {"t.yaml", "cpu: 256\ncontainerDefinitions: [{name: web, essential: 1}]", "t.yaml: containerDefinitions[0].essential: found 1, want true or false\nt.yaml: cpu: found 256, want a text in quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.file, c.text)
			if rollout.KindOf(err) != rollout.KindSpecInvalid {
				t.Fatalf("error = %v, want one of kind %s", err, rollout.KindSpecInvalid)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoSuchFile(t *testing.T) {
	t.Parallel()
	spec := shop("deploy/task.json")
	err := taskdef.Files{Folder: t.TempDir()}.Read(spec)
	const want = "deploy/task.json: there is no such file in the folder of the spec, which names it in taskDefinition"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// The table holds items of 400 KB.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	large := func(bytes int) string {
		return `{"containerDefinitions": [{"name": "web", "command": ["` + strings.Repeat("x", bytes) + `"]}]}`
	}
	if _, err := read(t, "task.json", large(taskdef.MaxStored/2-1000)); err != nil {
		t.Errorf("two just small enough: %v", err)
	}
	_, err := read(t, "task.json", large(taskdef.MaxStored/2))
	if err == nil || !strings.Contains(err.Error(), "at most 307200 fit into the table") {
		t.Errorf("error = %v, want one that says how much fits", err)
	}
}

// The names of fields are those of AWS's model of ECS.
func TestNamesAreAWSs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../emulator/wire/models/ecs.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct {
		Shapes map[string]shape `json:"shapes"`
	}
	if err := json.Unmarshal(text, &model); err != nil {
		t.Fatal(err)
	}
	names := namesOf(model.Shapes, "RegisterTaskDefinitionRequest", nil)
	if len(names) < 100 {
		t.Errorf("the model has only %d names", len(names))
	}
	for name := range names {
		if !taskdef.Names()[name] { // the SDK may be newer than the model, and know more
			t.Errorf("the checker does not know %s", name)
		}
	}
}

type shape struct {
	Type    string               `json:"type"`
	Members map[string]reference `json:"members"`
	Member  reference            `json:"member"`
}

type reference struct {
	Shape string `json:"shape"`
}

// namesOf are the paths of all fields in a shape.
func namesOf(shapes map[string]shape, name string, above []string) map[string]bool {
	all := map[string]bool{}
	s := shapes[name]
	for member, of := range s.Members {
		path := append(append([]string{}, above...), member)
		all[strings.Join(path, ".")] = true
		for below := range namesOf(shapes, of.Shape, path) {
			all[below] = true
		}
	}
	if s.Member.Shape != "" {
		for below := range namesOf(shapes, s.Member.Shape, above) {
			all[below] = true
		}
	}
	return all
}
