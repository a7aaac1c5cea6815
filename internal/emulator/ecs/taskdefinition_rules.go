package ecs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// maxContainers is AWS's limit for a task definition (AWS: ECS service quotas).
const maxContainers = 10

// maxFargateStopTimeout is in seconds (AWS: ECS API reference, ContainerDefinition).
const maxFargateStopTimeout = 120

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func validName(name string) bool { return nameForm.MatchString(name) }

// checkTaskDefinition refuses what RegisterTaskDefinition refuses (AWS: ECS API
// reference, RegisterTaskDefinition; ECS Developer Guide, task definition
// parameters for Fargate).
func checkTaskDefinition(in *ecs.RegisterTaskDefinitionInput) error {
	if !validName(aws.ToString(in.Family)) {
		return clientError("Family contains invalid characters.")
	}
	if len(in.ContainerDefinitions) == 0 {
		return clientError("Container list cannot be empty.")
	}
	if len(in.ContainerDefinitions) > maxContainers {
		return clientError("Too many containers: a task definition can have at most 10.")
	}
	if len(in.InferenceAccelerators) > 0 { //nolint:staticcheck // the deprecated member is what is refused
		return clientError("Amazon Elastic Inference is no longer available.")
	}
	fargate := slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate)
	if fargate {
		if err := checkFargate(in); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	essential := false
	for _, c := range in.ContainerDefinitions {
		if err := checkContainer(in, c); err != nil {
			return err
		}
		if names[*c.Name] {
			return clientError("Container names must be unique within a task definition: " + *c.Name + ".")
		}
		names[*c.Name] = true
		essential = essential || c.Essential == nil || *c.Essential
	}
	if !essential {
		return clientError("A task definition must have at least one essential container.")
	}
	return checkDependencies(in, names)
}

func checkDependencies(in *ecs.RegisterTaskDefinitionInput, names map[string]bool) error {
	for _, c := range in.ContainerDefinitions {
		for _, d := range c.DependsOn {
			if !names[aws.ToString(d.ContainerName)] {
				return clientError("Container " + *c.Name + " depends on container " + aws.ToString(d.ContainerName) +
					", which is not in the task definition.")
			}
		}
	}
	return nil
}

func checkContainer(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	name := aws.ToString(c.Name)
	switch {
	case name == "":
		return clientError("Container.name should not be null or empty.")
	case !validName(name):
		return clientError("Container.name contains invalid characters.")
	case aws.ToString(c.Image) == "":
		return clientError("Container.image should not be null or empty.")
	case c.Memory == nil && c.MemoryReservation == nil && in.Memory == nil:
		return clientError("Invalid setting for container '" + name + "'. At least one of 'memory' or 'memoryReservation' must be specified.")
	case c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation >= *c.Memory:
		return clientError("Invalid setting for container '" + name + "'. 'memoryReservation' must be less than 'memory'.")
	}
	if slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) && aws.ToInt32(c.StopTimeout) > maxFargateStopTimeout {
		return clientError("Invalid setting for container '" + name + "'. 'stopTimeout' can be at most 120 seconds on Fargate.")
	}
	for _, port := range c.PortMappings {
		number := aws.ToInt32(port.ContainerPort)
		if port.ContainerPortRange == nil && (number < 1 || number > 65535) {
			return clientError("Invalid 'containerPort' setting for container '" + name + "'.")
		}
		if in.NetworkMode == types.NetworkModeAwsvpc && port.HostPort != nil && *port.HostPort != 0 && *port.HostPort != number {
			return clientError("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
	}
	return nil
}

func checkFargate(in *ecs.RegisterTaskDefinitionInput) error {
	switch {
	case in.NetworkMode != types.NetworkModeAwsvpc:
		return clientError("Fargate only supports network mode ‘awsvpc’.")
	case in.Cpu == nil:
		return clientError("Fargate requires that 'cpu' be defined at the task level.")
	case in.Memory == nil:
		return clientError("Fargate requires that 'memory' be defined at the task level.")
	case cpuUnits(*in.Cpu) == 0:
		return clientError("Invalid 'cpu' setting for task.")
	case mebibytes(*in.Memory) == 0:
		return clientError("Invalid 'memory' setting for task.")
	case !fargateSize(*in.Cpu, *in.Memory):
		return clientError("No Fargate configuration exists for given values: " + *in.Cpu + " CPU, " + *in.Memory + " memory.")
	}
	var cpu, memory int
	for _, c := range in.ContainerDefinitions {
		cpu += int(c.Cpu)
		if c.Memory != nil {
			memory = max(memory, int(*c.Memory))
		}
	}
	if cpu > cpuUnits(*in.Cpu) {
		return clientError("The containers' 'cpu' settings add up to more than the task's.")
	}
	if memory > mebibytes(*in.Memory) {
		return clientError("A container's 'memory' setting is larger than the task's.")
	}
	return nil
}

// cpuUnits reads a task's cpu ("256", ".25 vCPU"); 0 when it is neither.
func cpuUnits(text string) int { return quantity(text, "vcpu") }

// mebibytes reads a task's memory ("512", "0.5 GB"); 0 when it is neither.
func mebibytes(text string) int { return quantity(text, "gb") }

func quantity(text, unit string) int {
	if number, ok := strings.CutSuffix(strings.ToLower(text), unit); ok {
		value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil {
			return 0
		}
		return int(value * 1024)
	}
	value, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return value
}

// fargateSize reports whether Fargate has tasks of that size (AWS: ECS API
// reference, RegisterTaskDefinition, cpu).
func fargateSize(cpu, memory string) bool {
	mib := mebibytes(memory)
	within := func(lowest, highest, step int) bool {
		return mib >= lowest && mib <= highest && (mib-lowest)%step == 0
	}
	switch cpuUnits(cpu) {
	case 256:
		return mib == 512 || mib == 1024 || mib == 2048
	case 512:
		return within(1024, 4096, 1024)
	case 1024:
		return within(2048, 8192, 1024)
	case 2048:
		return within(4096, 16384, 1024)
	case 4096:
		return within(8192, 30720, 1024)
	case 8192:
		return within(16384, 61440, 4096)
	case 16384:
		return within(32768, 122880, 8192)
	default:
		return false
	}
}
