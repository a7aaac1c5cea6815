package harness_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/taskdef"
)

// tasksTrusted is the end of a trust policy's statement, for ECS tasks.
const tasksTrusted = `"Principal":{"Service":"ecs-tasks.amazonaws.com"}`

// apply registers the spec with a task definition from a file with that text, in which
// EXECUTION and TASK are the service's roles.
func (b *box) apply(file, text string, env map[string]string) error {
	b.t.Helper()
	roles := strings.Split(b.roles("shop-production", "ExecutionRole", "TaskRole"), ",")
	text = strings.NewReplacer("EXECUTION", roles[0], "TASK", roles[1]).Replace(text)
	folder := b.t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	spec := shop()
	spec.Containers["web"] = b.repository()
	spec.Environments[0].TaskDefinition.File = file
	files := taskdef.Files{Folder: folder, Getenv: func(name string) string { return env[name] }}
	if err := files.Read(&spec); err != nil {
		return err
	}
	return b.Steps.Register(b.ctx(), spec)
}

// definition is what a rollout ran.
func (b *box) definition(name string) *types.TaskDefinition {
	b.t.Helper()
	out, err := b.aws.ECS.DescribeTaskDefinition(b.ctx(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(b.record(name).TaskDefinition)})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.TaskDefinition
}

// plainFile says what infra/service.yaml says, and that the level is LEVEL.
const plainFile = `{
	"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
	"executionRoleArn": "EXECUTION", "taskRoleArn": "TASK",
	"containerDefinitions": [
		{
			"name": "web", "portMappings": [{"containerPort": 8080}],
			"environment": [{"name": "LEVEL", "value": "{{ env "LEVEL" }}"}, {"name": "AREA", "value": "{{ .Region }}"}]
		}
	]
}`

const fullFile = `
family: shop-web
cpu: "512"
memory: "1024"
networkMode: awsvpc
requiresCompatibilities: [FARGATE]
executionRoleArn: arn:{{ .Partition }}:iam::{{ .Account }}:role/execution
containerDefinitions:
  - name: web
    portMappings: [{containerPort: 8080}]
    environment:
      - {name: LEVEL, value: "{{ env "LEVEL" }}"}
      - {name: RELEASE, value: "{{ .Release.Number }} {{ .Release.Name }} {{ .Release.Commit }} {{ .Environment }} {{ .Slot }}"}
    secrets:
      - {name: DATABASE, valueFrom: "{{ ssm "/shop/database" }}"}
      - {name: KEY, valueFrom: "{{ secret "SECRET:api::" }}"}
  - name: migrate
    image: "{{ .Release.Image "web" }}"
    essential: false
`

// What the file says arrives in what runs, with the release's values and references to
// secrets, never their values.
func TestTaskDefinitionFromAFile(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.role(b.Cloud, "execution", tasksTrusted, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	_, err := ssm.NewFromConfig(b.Config("AKIAPERSON")).PutParameter(b.ctx(), &ssm.PutParameterInput{
		Name: aws.String("/shop/database"), Value: aws.String("postgres://hidden"), Type: ssmtypes.ParameterTypeString,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := secretsmanager.NewFromConfig(b.Config("AKIAPERSON")).CreateSecret(b.ctx(), &secretsmanager.CreateSecretInput{
		Name: aws.String("shop/keys"), SecretString: aws.String(`{"api":"hidden as well"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(*made.ARN, ":secret:")
	if err := b.apply("task.yaml", strings.Replace(fullFile, "SECRET", secret, 1), map[string]string{"LEVEL": `"debug"`}); err != nil {
		t.Fatal(err)
	}
	name := b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantAtRest(rollout.Green, name)
	got := b.definition(name)
	release, err := b.Steps.Store.Release(b.ctx(), "shop", 1)
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string]string{}
	for _, e := range got.ContainerDefinitions[0].Environment {
		pairs[*e.Name] = *e.Value
	}
	for _, s := range got.ContainerDefinitions[0].Secrets {
		pairs[*s.Name] = *s.ValueFrom
	}
	for _, c := range got.ContainerDefinitions {
		pairs["image of "+*c.Name] = *c.Image
	}
	pairs["family"], pairs["cpu"], pairs["role"] = *got.Family, *got.Cpu, *got.ExecutionRoleArn
	if diff := cmp.Diff(map[string]string{
		"LEVEL": `"debug"`, "RELEASE": "1 shop-production-1 3f2c1e0d production green",
		"DATABASE": "arn:aws:ssm:us-east-1:123456789012:parameter/shop/database", "KEY": *made.ARN + ":api::",
		"image of web": release.Images["web"], "image of migrate": release.Images["web"],
		"family": "shop-web", "cpu": "512", "role": "arn:aws:iam::123456789012:role/execution",
	}, pairs); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
	// Without the file again, the next is made from what runs.
	if err := b.Steps.Register(b.ctx(), shop()); err != nil {
		t.Fatal(err)
	}
	next := b.roll(good)
	b.wantOutcome(next, rollout.Succeeded)
	if after := b.definition(next); *after.Family != "shop-web" || *after.Cpu != "512" || *after.ContainerDefinitions[0].Image == release.Images["web"] {
		t.Errorf("the next runs %s with cpu %s and image %s, want what ran with another image", *after.Family, *after.Cpu, *after.ContainerDefinitions[0].Image)
	}
}

// References are to where the environment is.
func TestTaskDefinitionInAnotherPartition(t *testing.T) {
	t.Parallel()
	b := newBoxIn(t, "cn-north-1")
	b.role(b.Cloud, "execution", tasksTrusted, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	text := strings.Replace(fullFile, `      - {name: KEY, valueFrom: "{{ secret "SECRET:api::" }}"}`, "", 1)
	if err := b.apply("task.yaml", text, map[string]string{"LEVEL": "info"}); err != nil {
		t.Fatal(err)
	}
	_, err := ssm.NewFromConfig(b.Config("AKIAPERSON")).PutParameter(b.ctx(), &ssm.PutParameterInput{
		Name: aws.String("/shop/database"), Value: aws.String("postgres://hidden"), Type: ssmtypes.ParameterTypeString,
	})
	if err != nil {
		t.Fatal(err)
	}
	name := b.roll(good)
	b.wantOutcome(name, rollout.Succeeded)
	const want = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/shop/database"
	if got := *b.definition(name).ContainerDefinitions[0].Secrets[0].ValueFrom; got != want {
		t.Errorf("the secret is from %s, want %s", got, want)
	}
}

// A release of the same images by the same file makes no other revision, though ECS has
// filled in what the file leaves out; what the file changes does. The family that the
// file does not name is that of what runs.
func TestTaskDefinitionIsUsedAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	apply := func(level string) {
		t.Helper()
		if err := b.apply("task.json", plainFile, map[string]string{"LEVEL": level}); err != nil {
			t.Fatal(err)
		}
	}
	apply("info")
	first := b.roll(good)
	b.wantOutcome(first, rollout.Succeeded)
	if family := *b.definition(first).Family; family != "shop-production" {
		t.Errorf("family is %s, want that of what ran", family)
	}
	again := func(name string) string {
		t.Helper()
		release, err := b.Steps.Store.Release(b.ctx(), "shop", 1)
		if err != nil {
			t.Fatal(err)
		}
		b.announce(release.Images["web"])
		b.untilEnded(name)
		b.wantOutcome(name, rollout.Succeeded)
		return b.record(name).TaskDefinition
	}
	if got, want := again("shop-production-2"), b.record(first).TaskDefinition; got != want {
		t.Errorf("the second runs %s, want %s again", got, want)
	}
	apply("debug")
	if got := again("shop-production-3"); got == b.record(first).TaskDefinition {
		t.Errorf("with another level it still runs %s", got)
	}
}

// What cannot be registered refuses the rollout before anything moved.
func TestTaskDefinitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	foreign := strings.Replace(plainFile, `"TASK"`, `"arn:aws:iam::123456789012:role/admin"`, 1)
	for name, c := range map[string]struct {
		text string
		says []string
	}{
		"a role that Sluice may not give": {foreign, []string{
			"task.json", "Sluice may not give tasks all of arn:aws:iam::123456789012:role/admin, ", "TaskRoles", "may not iam:PassRole on arn:aws:iam::123456789012:role/admin",
		}},
		"a size that Fargate has not": {strings.Replace(plainFile, `"512"`, `"700"`, 1), []string{"task.json", "ECS refuses the task definition of family shop-production"}},
		"a secret from nowhere": {strings.Replace(plainFile, `"portMappings"`, `"secrets": [{"name": "KEY"}], "portMappings"`, 1), []string{
			"task.json", "ECS refuses the task definition", "ContainerDefinitions[0].Secrets[0].ValueFrom",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBoxOf(t, origin{region: "us-east-1", narrowed: true})
			if err := b.narrow(map[string]string{"TaskRoles": b.roles("shop-production", "ExecutionRole", "TaskRole")}); err != nil {
				t.Fatal(err)
			}
			b.role(b.Cloud, "admin", tasksTrusted, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
			if err := b.apply("task.json", c.text, map[string]string{"LEVEL": "info"}); err != nil {
				t.Fatal(err)
			}
			rolled := b.roll(good)
			b.wantPath(rolled, way(begin[:4], back)...)
			b.wantReason(rolled, rollout.Refused, c.says...)
			b.wantAtRest(rollout.Blue, rolled)
		})
	}
}

// A file that is named and was not read is not taken for none.
func TestTaskDefinitionThatWasNotRead(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	spec := shop()
	spec.Environments[0].TaskDefinition.File = "task.json"
	err := b.Steps.Register(b.ctx(), spec)
	if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), "names task.json and was registered without it") {
		t.Errorf("error = %v, want it refused", err)
	}
}
