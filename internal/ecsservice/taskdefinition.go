package ecsservice

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Rendered is a task definition that is to run, beside the one that it is made from.
type Rendered struct {
	Base string // ARN of what it is made from
	Same string // ARN of an active revision that says the same, "" if there is none

	base, want *ecs.RegisterTaskDefinitionInput
}

// Family is the family that it is, or is to be, registered in.
func (r Rendered) Family() string { return aws.ToString(r.want.Family) }

// Render makes a task definition of base with other images, and registers nothing. One
// that says the same already, base itself or the newest of its family, is found.
// Refused if base lacks a container.
func (s Services) Render(ctx context.Context, base string, images map[string]string) (Rendered, error) {
	current, err := s.describe(ctx, base)
	if err != nil {
		return Rendered{}, err
	}
	r := Rendered{Base: aws.ToString(current.TaskDefinition.TaskDefinitionArn), base: input(current)}
	if r.want, err = withImages(current, images); err != nil {
		return r, err
	}
	r.Same, err = s.existing(ctx, current, r.want)
	return r, err
}

// Register registers a task definition, if none says the same already, and gives its
// ARN: a repeat makes no second revision. Refused if ECS does not accept it.
func (s Services) Register(ctx context.Context, r Rendered) (string, error) {
	if r.Same != "" {
		return r.Same, nil
	}
	out, err := s.ECS.RegisterTaskDefinition(ctx, r.want)
	if awsclient.Is(err, "ClientException", "InvalidParameterException", "LimitExceededException") {
		return "", rollout.Errorf(rollout.KindRefused, "ECS refuses the task definition of family %s: %w", r.Family(), err)
	}
	if err != nil {
		return "", awsclient.Wrap(err, "register a task definition of family %s", r.Family())
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// existing is the ARN of an active revision that says what want says, "" if there
// is none among base and the newest.
func (s Services) existing(ctx context.Context, base *ecs.DescribeTaskDefinitionOutput, want *ecs.RegisterTaskDefinitionInput) (string, error) {
	newest, err := s.describe(ctx, aws.ToString(want.Family))
	if err != nil && rollout.KindOf(err) != rollout.KindRefused {
		return "", err
	}
	for _, candidate := range []*ecs.DescribeTaskDefinitionOutput{newest, base} {
		if candidate == nil || candidate.TaskDefinition.Status != types.TaskDefinitionStatusActive {
			continue
		}
		same, err := equal(input(candidate), want)
		if err != nil {
			return "", err
		}
		if same {
			return aws.ToString(candidate.TaskDefinition.TaskDefinitionArn), nil
		}
	}
	return "", nil
}

// Images are the images of a task definition, by container. Refused if it cannot be read.
func (s Services) Images(ctx context.Context, taskDefinition string) (map[string]string, error) {
	out, err := s.describe(ctx, taskDefinition)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, c := range out.TaskDefinition.ContainerDefinitions {
		found[aws.ToString(c.Name)] = aws.ToString(c.Image)
	}
	return found, nil
}

func (s Services) describe(ctx context.Context, name string) (*ecs.DescribeTaskDefinitionOutput, error) {
	out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	if awsclient.Is(err, "ClientException", "InvalidParameterException") {
		return nil, rollout.Errorf(rollout.KindRefused, "task definition %s cannot be read: %w", name, err)
	}
	if err != nil {
		return nil, awsclient.Wrap(err, "read task definition %s", name)
	}
	return out, nil
}

func withImages(base *ecs.DescribeTaskDefinitionOutput, images map[string]string) (*ecs.RegisterTaskDefinitionInput, error) {
	in := input(base)
	in.ContainerDefinitions = slices.Clone(in.ContainerDefinitions)
	var has []string
	left := maps.Clone(images)
	for i, c := range in.ContainerDefinitions {
		name := aws.ToString(c.Name)
		has = append(has, name)
		if image, ok := left[name]; ok {
			in.ContainerDefinitions[i].Image = &image
			delete(left, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		return nil, rollout.Errorf(rollout.KindRefused,
			"the spec names a container %q, which task definition %s has not; it has %s",
			name, aws.ToString(base.TaskDefinition.TaskDefinitionArn), strings.Join(has, ", "))
	}
	return in, nil
}

// input is what would register the same task definition again: everything but
// what ECS itself adds.
func input(out *ecs.DescribeTaskDefinitionOutput) *ecs.RegisterTaskDefinitionInput {
	t := out.TaskDefinition
	return &ecs.RegisterTaskDefinitionInput{
		Family: t.Family, ContainerDefinitions: t.ContainerDefinitions, Tags: out.Tags,
		TaskRoleArn: t.TaskRoleArn, ExecutionRoleArn: t.ExecutionRoleArn, NetworkMode: t.NetworkMode,
		Volumes: t.Volumes, PlacementConstraints: t.PlacementConstraints,
		RequiresCompatibilities: t.RequiresCompatibilities, Cpu: t.Cpu, Memory: t.Memory,
		PidMode: t.PidMode, IpcMode: t.IpcMode, ProxyConfiguration: t.ProxyConfiguration,
		InferenceAccelerators: t.InferenceAccelerators, //nolint:staticcheck // an old task definition may still have them
		EphemeralStorage:      t.EphemeralStorage,
		RuntimePlatform:       t.RuntimePlatform, EnableFaultInjection: t.EnableFaultInjection,
	}
}

// equal compares what the two say, not how: an absent and an empty list are alike.
func equal(a, b *ecs.RegisterTaskDefinitionInput) (bool, error) {
	left, err := canonical(a)
	if err != nil {
		return false, err
	}
	right, err := canonical(b)
	return left == right, err
}

func canonical(in *ecs.RegisterTaskDefinitionInput) (string, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return "", rollout.Errorf(rollout.KindInternal, "compare task definitions: %w", err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return "", rollout.Errorf(rollout.KindInternal, "compare task definitions: %w", err)
	}
	text, err = json.Marshal(prune(tree))
	if err != nil {
		return "", rollout.Errorf(rollout.KindInternal, "compare task definitions: %w", err)
	}
	return string(text), nil
}

// prune takes out nulls, and lists and objects without content.
func prune(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		for name, value := range t {
			if t[name] = prune(value); t[name] == nil {
				delete(t, name)
			}
		}
		if len(t) == 0 {
			return nil
		}
	case []any:
		if len(t) == 0 {
			return nil
		}
		for i := range t {
			t[i] = prune(t[i])
		}
	}
	return tree
}
