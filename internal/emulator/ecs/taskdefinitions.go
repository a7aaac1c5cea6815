package ecs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// family is the task definitions of one name; revision n stands at n-1 and is
// never removed.
type family struct {
	revisions []*types.TaskDefinition
}

// latest is the newest revision that is not deregistered, or nil.
func (f *family) latest() *types.TaskDefinition {
	for _, td := range slices.Backward(f.revisions) {
		if td.Status == types.TaskDefinitionStatusActive {
			return td
		}
	}
	return nil
}

// taskDefinition finds one by family (then the latest that is active),
// family:revision or ARN.
func (s *Service) taskDefinition(nameOrARN string) (*types.TaskDefinition, error) {
	unknown := clientError("Unable to describe task definition.")
	name := nameOrARN
	if strings.HasPrefix(nameOrARN, "arn:") {
		rest, ok := strings.CutPrefix(nameOrARN, s.arn("task-definition/"))
		if !ok {
			return nil, unknown
		}
		name = rest
	}
	name, number, numbered := strings.Cut(name, ":")
	f, ok := s.families[name]
	if !ok {
		return nil, unknown
	}
	if !numbered {
		if td := f.latest(); td != nil {
			return td, nil
		}
		return nil, unknown
	}
	revision, err := strconv.Atoi(number)
	if err != nil || revision < 1 || revision > len(f.revisions) {
		return nil, unknown
	}
	return f.revisions[revision-1], nil
}

// usableTaskDefinition finds one that a service may start to use.
func (s *Service) usableTaskDefinition(nameOrARN string) (*types.TaskDefinition, error) {
	td, err := s.taskDefinition(nameOrARN)
	if err != nil {
		return nil, clientError("TaskDefinition not found.")
	}
	if td.Status != types.TaskDefinitionStatusActive {
		return nil, clientError("TaskDefinition is inactive")
	}
	return td, nil
}

// registerTaskDefinition makes a new revision at each call: AWS compares neither
// content nor any token (AWS: ECS API reference, RegisterTaskDefinition).
func (s *Service) registerTaskDefinition(_ *wire.Call, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if err := checkTaskDefinition(in); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	name := aws.ToString(in.Family)
	f := s.families[name]
	if f == nil {
		f = &family{}
		s.families[name] = f
	}
	revision := len(f.revisions) + 1
	td := &types.TaskDefinition{
		Family: in.Family, Revision: int32(revision), Status: types.TaskDefinitionStatusActive, //nolint:gosec // counts calls
		TaskDefinitionArn:    aws.String(fmt.Sprintf("%s%s:%d", s.arn("task-definition/"), name, revision)),
		ContainerDefinitions: containersAsRegistered(in), Cpu: in.Cpu, Memory: in.Memory,
		NetworkMode: in.NetworkMode, RequiresCompatibilities: in.RequiresCompatibilities,
		Compatibilities: compatibilities(in), EphemeralStorage: in.EphemeralStorage,
		ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn,
		EnableFaultInjection: in.EnableFaultInjection,
		IpcMode:              in.IpcMode, PidMode: in.PidMode, PlacementConstraints: in.PlacementConstraints,
		ProxyConfiguration: in.ProxyConfiguration, RuntimePlatform: in.RuntimePlatform, Volumes: in.Volumes,
		RegisteredAt: s.now(), RegisteredBy: aws.String(partition.IAM(s.region, s.account, "root")),
	}
	if td.Cpu != nil {
		td.Cpu = aws.String(strconv.Itoa(cpuUnits(*td.Cpu)))
	}
	if td.Memory != nil {
		td.Memory = aws.String(strconv.Itoa(mebibytes(*td.Memory)))
	}
	f.revisions = append(f.revisions, td)
	s.tags[*td.TaskDefinitionArn] = slices.Clone(in.Tags)
	out := *td
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &out, Tags: slices.Clone(in.Tags)}, nil
}

func (s *Service) now() *time.Time { return aws.Time(s.loop.Now()) }

// containersAsRegistered gives the containers with what AWS fills in.
func containersAsRegistered(in *ecs.RegisterTaskDefinitionInput) []types.ContainerDefinition {
	containers := slices.Clone(in.ContainerDefinitions)
	for i := range containers {
		c := &containers[i]
		if c.Essential == nil {
			c.Essential = aws.Bool(true)
		}
		if c.Environment == nil {
			c.Environment = []types.KeyValuePair{}
		}
		if c.MountPoints == nil {
			c.MountPoints = []types.MountPoint{}
		}
		if c.VolumesFrom == nil {
			c.VolumesFrom = []types.VolumeFrom{}
		}
		if c.SystemControls == nil {
			c.SystemControls = []types.SystemControl{}
		}
		c.PortMappings = append([]types.PortMapping{}, c.PortMappings...)
		for j := range c.PortMappings {
			port := &c.PortMappings[j]
			if port.Protocol == "" {
				port.Protocol = types.TransportProtocolTcp
			}
			if in.NetworkMode == types.NetworkModeAwsvpc && port.HostPort == nil {
				port.HostPort = port.ContainerPort
			}
		}
	}
	return containers
}

func compatibilities(in *ecs.RegisterTaskDefinitionInput) []types.Compatibility {
	out := []types.Compatibility{types.CompatibilityEc2}
	if in.NetworkMode == types.NetworkModeAwsvpc && fargateSize(aws.ToString(in.Cpu), aws.ToString(in.Memory)) {
		out = append(out, types.CompatibilityFargate)
	}
	return out
}

func (s *Service) deregisterTaskDefinition(_ *wire.Call, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	name := aws.ToString(in.TaskDefinition)
	if !strings.Contains(lastPart(name), ":") {
		return nil, invalidParameter("Revision is required for deregistration.")
	}
	td, err := s.taskDefinition(name)
	if err != nil {
		return nil, clientError("The specified task definition does not exist.")
	}
	if td.Status == types.TaskDefinitionStatusActive {
		td.Status = types.TaskDefinitionStatusInactive
		td.DeregisteredAt = s.now()
	}
	out := *td
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: &out}, nil
}

func (s *Service) describeTaskDefinition(_ *wire.Call, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	td, err := s.taskDefinition(aws.ToString(in.TaskDefinition))
	if err != nil {
		return nil, err
	}
	copied := *td
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &copied}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = slices.Clone(s.tags[*td.TaskDefinitionArn])
	}
	return out, nil
}

func (s *Service) listTaskDefinitions(_ *wire.Call, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		if prefix := aws.ToString(in.FamilyPrefix); prefix != "" && prefix != name {
			continue
		}
		for _, td := range s.families[name].revisions {
			if td.Status == status {
				arns = append(arns, *td.TaskDefinitionArn)
			}
		}
	}
	if in.Sort == types.SortOrderDesc {
		slices.Reverse(arns)
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: arns, NextToken: next}, nil
}
