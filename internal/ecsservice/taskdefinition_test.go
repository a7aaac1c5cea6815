package ecsservice_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// base registers a task definition of the family with much in it.
func (w world) base(family string) string {
	w.t.Helper()
	out, err := w.ecs.RegisterTaskDefinition(w.t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: &family, NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ExecutionRoleArn:        aws.String("arn:aws:iam::123456789012:role/execution"),
		TaskRoleArn:             aws.String("arn:aws:iam::123456789012:role/task"),
		Tags:                    []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
		Volumes:                 []types.Volume{{Name: aws.String("scratch")}},
		ContainerDefinitions: []types.ContainerDefinition{
			{
				Name: aws.String("web"), Image: aws.String(image + ":v0"), Essential: aws.Bool(true),
				Environment:  []types.KeyValuePair{{Name: aws.String("MODE"), Value: aws.String("fast")}},
				PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080), Protocol: types.TransportProtocolTcp}},
			},
			{Name: aws.String("log"), Image: aws.String(image + "-log:v0"), Essential: aws.Bool(false)},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

func (w world) register(base string, images map[string]string) string {
	w.t.Helper()
	arn, err := w.tryRegister(base, images)
	if err != nil {
		w.t.Fatal(err)
	}
	return arn
}

func (w world) tryRegister(base string, images map[string]string) (string, error) {
	rendered, err := w.services.Render(w.t.Context(), base, images)
	if err != nil {
		return "", err
	}
	return w.services.Register(w.t.Context(), rendered)
}

func (w world) registerText(base, text string, images map[string]string) (string, error) {
	w.t.Helper()
	rendered, err := w.services.RenderText(w.t.Context(), base, text, images)
	if err != nil {
		return "", err
	}
	return w.services.Register(w.t.Context(), rendered)
}

func (w world) definition(name string) *ecs.DescribeTaskDefinitionOutput {
	w.t.Helper()
	out, err := w.ecs.DescribeTaskDefinition(w.t.Context(), &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Only the images differ from what was registered before.
func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.base("cart")
	arn := w.register(base, map[string]string{"web": image + ":v1"})
	if arn == base {
		t.Fatal("another image made no other revision")
	}
	want, got := w.definition(base), w.definition(arn)
	want.TaskDefinition.ContainerDefinitions[0].Image = aws.String(image + ":v1")
	if diff := cmp.Diff(want.TaskDefinition, got.TaskDefinition,
		cmpopts.IgnoreFields(types.TaskDefinition{}, "TaskDefinitionArn", "Revision", "RegisteredAt"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore()),
	); diff != "" {
		t.Errorf("task definition (-want +got):\n%s", diff)
	}
	if len(got.Tags) != 1 || aws.ToString(got.Tags[0].Key) != "team" {
		t.Errorf("tags are %+v, want them kept", got.Tags)
	}
}

func TestRegisterUsesWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.base("cart")
	v0 := map[string]string{"web": image + ":v0", "log": image + "-log:v0"}
	v1 := map[string]string{"web": image + ":v1", "log": image + "-log:v1"}
	if got := w.register(base, v0); got != base {
		t.Errorf("the same images gave %s, want the base %s", got, base)
	}
	second := w.register(base, v1)
	if got := w.register(base, v1); got != second {
		t.Errorf("a repeat gave %s, want the newest %s", got, second)
	}
	if got := w.register(second, v0); got == second {
		t.Error("going back to the older images gave the newer revision")
	}
	// What is inactive cannot be run.
	third := w.register(second, map[string]string{"web": image + ":v3"})
	if _, err := w.ecs.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &third}); err != nil {
		t.Fatal(err)
	}
	if got := w.register(second, map[string]string{"web": image + ":v3"}); got == third {
		t.Errorf("an inactive revision was used again: %s", got)
	}
}

// A base that says what its newest sibling does not is what counts.
func TestRegisterBuildsOnTheBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.base("cart")
	_, err := w.ecs.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("cart"), ContainerDefinitions: []types.ContainerDefinition{
			{Name: aws.String("web"), Image: aws.String(image + ":v1"), Memory: aws.Int32(128)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := w.register(base, map[string]string{"web": image + ":v1"})
	if got := w.definition(arn).TaskDefinition; len(got.ContainerDefinitions) != 2 || aws.ToString(got.Cpu) != "256" {
		t.Errorf("it was built on another revision than the base: %+v", got)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.base("cart")
	for _, c := range []struct {
		name   string
		base   string
		images map[string]string
		fault  error
		want   rollout.ErrorKind
		parts  []string
	}{
		{"an unknown container", base, map[string]string{"wed": "x", "web": "y"}, nil, rollout.KindRefused, []string{`"wed"`, "web, log"}},
		{"no such base", "cart:99", nil, nil, rollout.KindRefused, []string{"cart:99"}},
		{
			"ECS refuses it", base,
			map[string]string{"web": image + ":v9"},
			wire.Errorf("ClientException", "Too many container definitions."), rollout.KindRefused,
			[]string{"family cart", "Too many container definitions"},
		},
		{
			"ECS has too much to do", base,
			map[string]string{"web": image + ":v9"},
			wire.Errorf("ThrottlingException", "Rate exceeded"), rollout.KindThrottled,
			[]string{"family cart"},
		},
	} {
		w.Faults.Request = func(call *wire.Call) *wire.Fault {
			if c.fault == nil || call.Operation != "RegisterTaskDefinition" {
				return nil
			}
			return &wire.Fault{Err: c.fault}
		}
		_, err := w.tryRegister(c.base, c.images)
		if got := rollout.KindOf(err); got != c.want {
			t.Errorf("%s: %v is %s, want %s", c.name, err, got, c.want)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not speak of %q", c.name, err, part)
			}
		}
	}
}

// sparse says little, in an order of its own: what ECS fills in and sorts is left out.
const sparse = `{
	"family": "cart", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "volumes": [],
	"containerDefinitions": [{
		"name": "web", "portMappings": [{"containerPort": 8080}],
		"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
		"secrets": [{"name": "D", "valueFrom": "d"}, {"name": "C", "valueFrom": "c"}],
		"healthCheck": {"command": ["CMD", "true"]}
	}]
}`

// A text is registered once, whatever ECS makes of what it leaves out, and again when it
// says something else.
func TestRegisterText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.base("cart")
	// As real ECS gives it back: in order, with its defaults.
	out, err := w.ecs.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("cart"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String(image + ":v1"), Essential: aws.Bool(true),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080), HostPort: aws.Int32(8080), Protocol: types.TransportProtocolTcp}},
			Environment:  []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}},
			Secrets:      []types.Secret{{Name: aws.String("C"), ValueFrom: aws.String("c")}, {Name: aws.String("D"), ValueFrom: aws.String("d")}},
			HealthCheck:  &types.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(30), Timeout: aws.Int32(5), Retries: aws.Int32(3)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	there := aws.ToString(out.TaskDefinition.TaskDefinitionArn)
	v1 := map[string]string{"web": image + ":v1"}
	for _, c := range []struct {
		name, old, new string
		again          bool
	}{
		{"the same", "cart", "cart", true},
		{"the family of the base", `"family": "cart", `, "", true},
		{"a default written out", `"networkMode"`, `"tags": [], "networkMode"`, true},
		{"processors counted otherwise", `"256"`, `".25 vCPU"`, true},
		{"memory counted otherwise", `"512"`, `"0.5GB"`, true},
		{"more memory", `"512"`, `"1 GB"`, false},
		{"not essential", `"portMappings"`, `"essential": false, "portMappings"`, false},
		{"another value", `"value": "2"`, `"value": "3"`, false},
		{"another protocol", `8080}`, `8080, "protocol": "udp"}`, false},
		{"another interval", `["CMD", "true"]`, `["CMD", "true"], "interval": 10`, false},
		{"another family", `"cart"`, `"till"`, false},
	} {
		text := strings.Replace(sparse, c.old, c.new, 1)
		if c.name == "not essential" { // one has to be
			text = strings.Replace(text, `"containerDefinitions": [`, `"containerDefinitions": [{"name": "log", "image": "x"}, `, 1)
		}
		got, err := w.registerText(base, text, v1)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if (got == there) != c.again {
			t.Errorf("%s: it is %s, and %s was there; want it used again: %t", c.name, got, there, c.again)
		}
	}
	if _, err := w.registerText(base, `{"family": 7}`, v1); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("a text that cannot be read: %v, want it refused", err)
	}
}
