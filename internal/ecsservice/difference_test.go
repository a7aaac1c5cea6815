package ecsservice

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	before := &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("cart"), Cpu: aws.String("256"), TaskRoleArn: aws.String("arn:aws:iam::123456789012:role/old"),
		ContainerDefinitions: []types.ContainerDefinition{
			{
				Name: aws.String("web"), Image: aws.String("shop:1"), Essential: aws.Bool(true), Memory: aws.Int32(128),
				Environment:  []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}},
				DockerLabels: map[string]string{"Team": "web"},
				PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
			},
			{Name: aws.String("log"), Image: aws.String("log:1")},
		},
	}
	after := &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("cart"), Cpu: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("shop:2"), Essential: aws.Bool(false), Memory: aws.Int32(128),
			// In another order, and with one more.
			Environment:  []types.KeyValuePair{{Name: aws.String("C"), Value: aws.String("3")}, {Name: aws.String("B"), Value: aws.String("2")}},
			Secrets:      []types.Secret{},
			DockerLabels: map[string]string{"Team": "shop"},
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
			Command:      []string{"serve"},
		}},
	}
	want := []Change{
		{"containerDefinitions[web].command[0]", "", "serve"},
		{"containerDefinitions[web].dockerLabels.Team", "web", "shop"},
		{"containerDefinitions[web].environment[C].name", "", "C"},
		{"containerDefinitions[web].environment[C].value", "", "3"},
		{"containerDefinitions[web].essential", "true", "false"},
		{"containerDefinitions[web].image", "shop:1", "shop:2"},
		{"cpu", "256", "512"},
		{"containerDefinitions[web].environment[A].name", "A", ""},
		{"containerDefinitions[web].environment[A].value", "1", ""},
		{"containerDefinitions[log].essential", "true", ""},
		{"containerDefinitions[log].image", "log:1", ""},
		{"containerDefinitions[log].name", "log", ""},
		{"taskRoleArn", "arn:aws:iam::123456789012:role/old", ""},
	}
	if diff := cmp.Diff(want, Rendered{base: before, want: after}.Changes()); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if same := (Rendered{base: before, want: before}).Changes(); len(same) != 0 {
		t.Errorf("a task definition differs from itself: %v", same)
	}
}
