package ecs

import (
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const eventSource = "aws.ecs"

// timestamp is the form of times in ECS's events.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z") }

func optionalTimestamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return timestamp(*t)
}

// deploymentDetail is the detail of an ECS Deployment State Change (AWS: ECS
// Developer Guide, service deployment state change events).
type deploymentDetail struct {
	EventType    string `json:"eventType"`
	EventName    string `json:"eventName"`
	DeploymentID string `json:"deploymentId"`
	UpdatedAt    string `json:"updatedAt"`
	Reason       string `json:"reason"`
}

func (s *Service) emitDeployment(svc *service, d *deployment, kind, name, reason string) {
	if svc.controller() == types.DeploymentControllerTypeCodeDeploy {
		return // AWS: ECS Developer Guide, service deployment state change events: of the rolling update
	}
	s.emit("ECS Deployment State Change", svc.arn, deploymentDetail{
		EventType: kind, EventName: name, DeploymentID: d.id, UpdatedAt: timestamp(d.updatedAt), Reason: reason,
	})
}

// serviceActionDetail is the detail of an ECS Service Action (AWS: ECS Developer
// Guide, service action events).
type serviceActionDetail struct {
	EventType  string `json:"eventType"`
	EventName  string `json:"eventName"`
	ClusterARN string `json:"clusterArn"`
	CreatedAt  string `json:"createdAt"`
}

func (s *Service) emitServiceAction(svc *service, kind, name string) {
	s.emit("ECS Service Action", svc.arn, serviceActionDetail{
		EventType: kind, EventName: name, ClusterARN: svc.cluster.arn, CreatedAt: timestamp(s.loop.Now()),
	})
}

func (s *Service) emit(detailType, resource string, detail any) {
	if s.deps.Emit != nil {
		s.deps.Emit(eventSource, detailType, []string{resource}, detail)
	}
}

// taskDetail is the detail of an ECS Task State Change (AWS: ECS Developer Guide,
// task state change events).
type taskDetail struct {
	Attachments          []attachmentDetail `json:"attachments"`
	Attributes           []pair             `json:"attributes"`
	AvailabilityZone     string             `json:"availabilityZone"`
	CapacityProviderName string             `json:"capacityProviderName,omitempty"`
	ClusterARN           string             `json:"clusterArn"`
	Connectivity         string             `json:"connectivity,omitempty"`
	ConnectivityAt       string             `json:"connectivityAt,omitempty"`
	Containers           []containerDetail  `json:"containers"`
	CPU                  string             `json:"cpu"`
	CreatedAt            string             `json:"createdAt"`
	DesiredStatus        string             `json:"desiredStatus"`
	EnableExecuteCommand bool               `json:"enableExecuteCommand"`
	EphemeralStorage     ephemeralStorage   `json:"ephemeralStorage"`
	ExecutionStoppedAt   string             `json:"executionStoppedAt,omitempty"`
	Group                string             `json:"group"`
	LastStatus           string             `json:"lastStatus"`
	LaunchType           string             `json:"launchType"`
	Memory               string             `json:"memory"`
	Overrides            overrides          `json:"overrides"`
	PlatformVersion      string             `json:"platformVersion"`
	PullStartedAt        string             `json:"pullStartedAt,omitempty"`
	PullStoppedAt        string             `json:"pullStoppedAt,omitempty"`
	StartedAt            string             `json:"startedAt,omitempty"`
	StartedBy            string             `json:"startedBy"`
	StoppedAt            string             `json:"stoppedAt,omitempty"`
	StoppedReason        string             `json:"stoppedReason,omitempty"`
	StopCode             string             `json:"stopCode,omitempty"`
	StoppingAt           string             `json:"stoppingAt,omitempty"`
	TaskARN              string             `json:"taskArn"`
	TaskDefinitionARN    string             `json:"taskDefinitionArn"`
	UpdatedAt            string             `json:"updatedAt"`
	Version              int64              `json:"version"`
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type attachmentDetail struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Status  string `json:"status"`
	Details []pair `json:"details"`
}

type ephemeralStorage struct {
	SizeInGiB int32 `json:"sizeInGiB"`
}

type overrides struct {
	ContainerOverrides []containerOverride `json:"containerOverrides"`
}

type containerOverride struct {
	Name string `json:"name"`
}

type containerDetail struct {
	ContainerARN      string             `json:"containerArn"`
	ExitCode          *int32             `json:"exitCode,omitempty"`
	Reason            string             `json:"reason,omitempty"`
	LastStatus        string             `json:"lastStatus"`
	Name              string             `json:"name"`
	Image             string             `json:"image"`
	ImageDigest       string             `json:"imageDigest,omitempty"`
	TaskARN           string             `json:"taskArn"`
	NetworkInterfaces []networkInterface `json:"networkInterfaces"`
	CPU               string             `json:"cpu"`
	Memory            string             `json:"memory,omitempty"`
}

type networkInterface struct {
	AttachmentID       string `json:"attachmentId"`
	PrivateIPv4Address string `json:"privateIpv4Address"`
}

func (s *Service) emitTask(t *task) {
	described := s.describeTask(t)
	detail := taskDetail{
		Attributes:       []pair{{Name: "ecs.cpu-architecture", Value: "x86_64"}},
		AvailabilityZone: aws.ToString(described.AvailabilityZone), CapacityProviderName: aws.ToString(described.CapacityProviderName),
		ClusterARN: t.service.cluster.arn, Connectivity: string(described.Connectivity),
		ConnectivityAt: optionalTimestamp(described.ConnectivityAt), CPU: aws.ToString(described.Cpu), Memory: aws.ToString(described.Memory),
		CreatedAt: timestamp(t.createdAt), DesiredStatus: aws.ToString(described.DesiredStatus),
		EnableExecuteCommand: described.EnableExecuteCommand,
		EphemeralStorage:     ephemeralStorage{SizeInGiB: described.EphemeralStorage.SizeInGiB},
		ExecutionStoppedAt:   optionalTimestamp(t.executedAt), Group: aws.ToString(described.Group),
		LastStatus: t.lastStatus.String(), LaunchType: string(described.LaunchType),
		PlatformVersion: aws.ToString(described.PlatformVersion), PullStartedAt: optionalTimestamp(t.pullStartedAt),
		PullStoppedAt: optionalTimestamp(t.pullStoppedAt), StartedAt: optionalTimestamp(t.startedAt), StartedBy: t.deployment.id,
		StoppedAt: optionalTimestamp(t.stoppedAt), StoppedReason: t.stoppedReason, StopCode: string(t.stopCode),
		StoppingAt: optionalTimestamp(t.stoppingAt), TaskARN: t.arn,
		TaskDefinitionARN: aws.ToString(described.TaskDefinitionArn), UpdatedAt: timestamp(s.loop.Now()), Version: t.version,
	}
	for _, a := range described.Attachments {
		detail.Attachments = append(detail.Attachments, attachmentDetail{
			ID: aws.ToString(a.Id), Type: "eni", Status: aws.ToString(a.Status), Details: pairs(a.Details),
		})
	}
	for _, c := range described.Containers {
		detail.Overrides.ContainerOverrides = append(detail.Overrides.ContainerOverrides, containerOverride{Name: aws.ToString(c.Name)})
		detail.Containers = append(detail.Containers, containerEvent(t, c))
	}
	s.emit("ECS Task State Change", t.arn, detail)
}

func pairs(in []types.KeyValuePair) []pair {
	out := make([]pair, 0, len(in))
	for _, p := range in {
		out = append(out, pair{Name: aws.ToString(p.Name), Value: aws.ToString(p.Value)})
	}
	return out
}

func containerEvent(t *task, c types.Container) containerDetail {
	return containerDetail{
		ContainerARN: aws.ToString(c.ContainerArn), ExitCode: c.ExitCode, Reason: aws.ToString(c.Reason),
		LastStatus: aws.ToString(c.LastStatus), Name: aws.ToString(c.Name), Image: aws.ToString(c.Image),
		ImageDigest: aws.ToString(c.ImageDigest), TaskARN: t.arn, CPU: aws.ToString(c.Cpu), Memory: aws.ToString(c.Memory),
		NetworkInterfaces: []networkInterface{{AttachmentID: t.attachment, PrivateIPv4Address: t.ip}},
	}
}

// digest is what stands behind the @ of an image that is pinned by digest.
func digest(image string) *string {
	if _, sum, ok := strings.Cut(image, "@"); ok {
		return aws.String(sum)
	}
	return nil
}

func number(n *int32) *string {
	if n == nil {
		return nil
	}
	return aws.String(strconv.Itoa(int(*n)))
}
