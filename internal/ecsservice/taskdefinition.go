package ecsservice

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

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
	return s.rendered(ctx, current, input(current), images)
}

// RenderText is Render of a text, the JSON of ECS's RegisterTaskDefinition. Without a
// family, it is base's.
func (s Services) RenderText(ctx context.Context, base, text string, images map[string]string) (Rendered, error) {
	current, err := s.describe(ctx, base)
	if err != nil {
		return Rendered{}, err
	}
	var want ecs.RegisterTaskDefinitionInput
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		return Rendered{}, rollout.Errorf(rollout.KindRefused, "the text of the task definition cannot be read; register the spec again: %w", err)
	}
	if want.Family == nil {
		want.Family = current.TaskDefinition.Family
	}
	return s.rendered(ctx, current, &want, images)
}

func (s Services) rendered(ctx context.Context, current *ecs.DescribeTaskDefinitionOutput, want *ecs.RegisterTaskDefinitionInput, images map[string]string) (Rendered, error) {
	r := Rendered{Base: aws.ToString(current.TaskDefinition.TaskDefinitionArn), base: input(current), want: want}
	if err := setImages(want, images); err != nil {
		return r, err
	}
	var err error
	r.Same, err = s.existing(ctx, current, want)
	return r, err
}

// Register registers a task definition, if none says the same already, and gives its
// ARN: a repeat makes no second revision. Refused if ECS does not accept it.
func (s Services) Register(ctx context.Context, r Rendered) (string, error) {
	if r.Same != "" {
		return r.Same, nil
	}
	out, err := s.ECS.RegisterTaskDefinition(ctx, r.want)
	if err != nil {
		return "", refusal(r.want, err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// refusal says what follows when a task definition could not be registered.
func refusal(want *ecs.RegisterTaskDefinitionInput, err error) error {
	family := aws.ToString(want.Family)
	var invalid smithy.InvalidParamsError // found before it was sent
	if errors.As(err, &invalid) || awsclient.Is(err, "ClientException", "InvalidParameterException", "LimitExceededException") {
		return rollout.Errorf(rollout.KindRefused, "ECS refuses the task definition of family %s: %w", family, err)
	}
	wrapped := awsclient.Wrap(err, "register a task definition of family %s", family)
	if rollout.KindOf(wrapped) != rollout.KindDenied || !strings.Contains(err.Error(), "iam:PassRole") {
		return wrapped
	}
	var roles []string
	for _, role := range []*string{want.TaskRoleArn, want.ExecutionRoleArn} {
		if role != nil {
			roles = append(roles, *role)
		}
	}
	return rollout.Errorf(rollout.KindDenied,
		"Sluice may not give tasks all of %s; add them to the parameter TaskRoles of its stack, in another account to the policy of the environment's role, or have other roles in the task definition: %w",
		strings.Join(roles, ", "), wrapped)
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

func setImages(in *ecs.RegisterTaskDefinitionInput, images map[string]string) error {
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
		return rollout.Errorf(rollout.KindRefused,
			"the spec names a container %q, which task definition family %s has not; it has %s",
			name, aws.ToString(in.Family), strings.Join(has, ", "))
	}
	return nil
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
