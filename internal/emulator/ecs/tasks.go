package ecs

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxDescribedTasks is AWS's limit for one DescribeTasks call.
const maxDescribedTasks = 100

// defaultEphemeralStorage is Fargate's, in GiB (AWS: ECS API reference,
// EphemeralStorage).
const defaultEphemeralStorage = 20

// task finds one of the cluster by id or ARN.
func (s *Service) task(c *cluster, idOrARN string) *task {
	t := s.tasks[lastPart(idOrARN)]
	if t == nil || t.service.cluster != c || strings.HasPrefix(idOrARN, "arn:") && t.arn != idOrARN {
		return nil
	}
	return t
}

func (s *Service) describeTasks(_ *wire.Call, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Tasks) == 0 {
		return nil, invalidParameter("Tasks cannot be empty.")
	}
	if len(in.Tasks) > maxDescribedTasks {
		return nil, invalidParameter("Too many tasks: DescribeTasks takes at most 100.")
	}
	out := &ecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, name := range in.Tasks {
		t := s.task(c, name)
		if t == nil {
			arn := name
			if !strings.HasPrefix(name, "arn:") {
				arn = s.arn("task/" + c.name + "/" + name)
			}
			out.Failures = append(out.Failures, types.Failure{Arn: aws.String(arn), Reason: aws.String(failureMissing)})
			continue
		}
		described := s.describeTask(t)
		if slices.Contains(in.Include, types.TaskFieldTags) {
			described.Tags = slices.Clone(s.tags[t.arn])
		}
		out.Tasks = append(out.Tasks, described)
	}
	return out, nil
}

func (s *Service) listTasks(_ *wire.Call, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.ContainerInstance != nil {
		return nil, invalidParameter("The referenced container instance was not found: Fargate tasks run on none.")
	}
	if in.DaemonName != nil {
		return nil, invalidParameter("The local cloud does not emulate daemons.")
	}
	if in.ServiceName != nil {
		if _, ok := c.services[lastPart(*in.ServiceName)]; !ok {
			return nil, &types.ServiceNotFoundException{Message: aws.String("Service not found.")}
		}
	}
	var arns []string
	for _, id := range slices.Sorted(maps.Keys(s.tasks)) {
		if t := s.tasks[id]; t.service.cluster == c && t.listed(in) {
			arns = append(arns, t.arn)
		}
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTasksOutput{TaskArns: arns, NextToken: next}, nil
}

// listed reports whether the task passes all filters. Without a desired status
// the list is of tasks that are to run (AWS: ECS API reference, ListTasks).
func (t *task) listed(in *ecs.ListTasksInput) bool {
	wanted := in.DesiredStatus != types.DesiredStatusStopped
	switch {
	case t.wanted() != wanted,
		in.ServiceName != nil && t.service.name != lastPart(*in.ServiceName),
		in.Family != nil && aws.ToString(t.deployment.revision.definition.Family) != *in.Family,
		in.StartedBy != nil && t.deployment.id != *in.StartedBy,
		in.LaunchType != "" && in.LaunchType != types.LaunchTypeFargate:
		return false
	}
	return true
}

func (s *Service) stopTask(_ *wire.Call, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := s.task(c, aws.ToString(in.Task))
	if t == nil {
		return nil, invalidParameter("The referenced task was not found.")
	}
	reason := aws.ToString(in.Reason)
	if reason == "" {
		reason = "Task stopped by user"
	}
	s.stop(t, types.TaskStopCodeUserInitiated, reason)
	out := s.describeTask(t)
	return &ecs.StopTaskOutput{Task: &out}, nil
}

func (s *Service) describeTask(t *task) types.Task {
	td, r := t.deployment.revision.definition, t.deployment.revision
	out := types.Task{
		TaskArn: aws.String(t.arn), TaskDefinitionArn: td.TaskDefinitionArn, ClusterArn: aws.String(t.service.cluster.arn),
		Group: aws.String("service:" + t.service.name), StartedBy: aws.String(t.deployment.id),
		LastStatus: aws.String(t.lastStatus.String()), DesiredStatus: aws.String("RUNNING"), HealthStatus: types.HealthStatusUnknown,
		LaunchType: types.LaunchTypeFargate, PlatformVersion: aws.String(platformVersion(r)), PlatformFamily: aws.String("Linux"),
		Cpu: td.Cpu, Memory: td.Memory, AvailabilityZone: aws.String(s.region + "a"), Version: t.version,
		CreatedAt: aws.Time(t.createdAt), PullStartedAt: t.pullStartedAt, PullStoppedAt: t.pullStoppedAt,
		StartedAt: t.startedAt, StoppingAt: t.stoppingAt, ExecutionStoppedAt: t.executedAt, StoppedAt: t.stoppedAt,
		EnableExecuteCommand: t.service.settings.executeCommand, EphemeralStorage: &types.EphemeralStorage{SizeInGiB: defaultEphemeralStorage},
		Attachments: []types.Attachment{t.describeAttachment()},
		Attributes:  []types.Attribute{{Name: aws.String("ecs.cpu-architecture"), Value: aws.String("x86_64")}},
	}
	if td.EphemeralStorage != nil {
		out.EphemeralStorage = td.EphemeralStorage
	}
	if len(r.providers) > 0 {
		out.CapacityProviderName = r.providers[0].CapacityProvider
	}
	if t.pullStartedAt != nil {
		out.Connectivity, out.ConnectivityAt = types.ConnectivityConnected, t.pullStartedAt
	}
	if !t.wanted() {
		out.DesiredStatus = aws.String("STOPPED")
		out.StopCode, out.StoppedReason = t.stopCode, aws.String(t.stoppedReason)
	}
	out.Overrides = &types.TaskOverride{}
	for _, c := range t.containers {
		out.Containers = append(out.Containers, t.describeContainer(c))
		out.Overrides.ContainerOverrides = append(out.Overrides.ContainerOverrides, types.ContainerOverride{Name: c.definition.Name})
	}
	return out
}

func (t *task) describeContainer(c *container) types.Container {
	out := types.Container{
		ContainerArn: aws.String(c.arn), TaskArn: aws.String(t.arn), Name: c.definition.Name, Image: c.definition.Image,
		ImageDigest: digest(*c.definition.Image), Cpu: aws.String(strconv.Itoa(int(c.definition.Cpu))),
		Memory: number(c.definition.Memory), MemoryReservation: number(c.definition.MemoryReservation),
		HealthStatus: types.HealthStatusUnknown, ExitCode: c.exitCode, LastStatus: aws.String("PENDING"),
		NetworkBindings: []types.NetworkBinding{},
		NetworkInterfaces: []types.NetworkInterface{{
			AttachmentId: aws.String(t.attachment), PrivateIpv4Address: aws.String(t.ip),
		}},
	}
	if c.reason != "" {
		out.Reason = aws.String(c.reason)
	}
	switch {
	case t.lastStatus >= taskDeprovisioning:
		out.LastStatus = aws.String("STOPPED")
	case t.lastStatus >= taskActivating:
		out.LastStatus = aws.String("RUNNING")
	}
	return out
}

// attachmentStatus is how far its network interface is.
func (t *task) attachmentStatus() string {
	if t.lastStatus == taskProvisioning {
		return "PRECREATED"
	}
	if t.lastStatus == taskStopped {
		return "DELETED"
	}
	return "ATTACHED"
}

func (t *task) describeAttachment() types.Attachment {
	return types.Attachment{
		Id: aws.String(t.attachment), Type: aws.String("ElasticNetworkInterface"), Status: aws.String(t.attachmentStatus()),
		Details: []types.KeyValuePair{
			{Name: aws.String("subnetId"), Value: aws.String(t.deployment.revision.network.AwsvpcConfiguration.Subnets[0])},
			{Name: aws.String("networkInterfaceId"), Value: aws.String("eni-" + strings.ReplaceAll(t.attachment, "-", "")[:17])},
			{Name: aws.String("privateIPv4Address"), Value: aws.String(t.ip)},
		},
	}
}
