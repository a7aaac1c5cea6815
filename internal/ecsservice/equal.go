package ecsservice

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

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
	text, err := json.Marshal(asRegistered(*in))
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

// asRegistered fills in what ECS fills in, and puts in order what it may give in
// another (AWS: ECS API Reference, ContainerDefinition, PortMapping, HealthCheck).
func asRegistered(in ecs.RegisterTaskDefinitionInput) ecs.RegisterTaskDefinitionInput {
	in.Cpu, in.Memory = counted(in.Cpu, "vcpu"), counted(in.Memory, "gb")
	in.ContainerDefinitions = slices.Clone(in.ContainerDefinitions)
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		c.Essential = aws.Bool(c.Essential == nil || *c.Essential)
		c.Environment = slices.SortedFunc(slices.Values(c.Environment), func(a, b types.KeyValuePair) int {
			return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name))
		})
		c.Secrets = slices.SortedFunc(slices.Values(c.Secrets), func(a, b types.Secret) int {
			return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name))
		})
		c.PortMappings = slices.Clone(c.PortMappings)
		for j := range c.PortMappings {
			port := &c.PortMappings[j]
			port.Protocol = cmp.Or(port.Protocol, types.TransportProtocolTcp)
			if port.HostPort == nil && in.NetworkMode == types.NetworkModeAwsvpc {
				port.HostPort = port.ContainerPort
			}
		}
		if c.HealthCheck != nil {
			check := *c.HealthCheck
			check.Interval = cmp.Or(check.Interval, aws.Int32(30))
			check.Timeout = cmp.Or(check.Timeout, aws.Int32(5))
			check.Retries = cmp.Or(check.Retries, aws.Int32(3))
			c.HealthCheck = &check
		}
	}
	return in
}

// counted is a size such as 0.5 vCPU or 2 GB in the units that ECS gives it back in,
// 1024 of which are one (AWS: ECS API Reference, RegisterTaskDefinition).
func counted(size *string, unit string) *string {
	number, ok := strings.CutSuffix(strings.ToLower(aws.ToString(size)), unit)
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil {
		return size
	}
	return aws.String(strconv.Itoa(int(n * 1024)))
}
