package ecs

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// controllerOf is who is to deploy a service that is made.
func controllerOf(in *ecs.CreateServiceInput) types.DeploymentControllerType {
	if in.DeploymentController == nil {
		return types.DeploymentControllerTypeEcs
	}
	return in.DeploymentController.Type
}

// controller is who deploys the service.
func (svc *service) controller() types.DeploymentControllerType { return controllerOf(&svc.created) }

// ByCodeDeploy reports whether there is such an active service and CodeDeploy deploys it.
func (s *Service) ByCodeDeploy(cluster, service string) bool {
	c, err := s.cluster(&cluster)
	if err != nil {
		return false
	}
	svc, ok := c.services[service]
	return ok && svc.status == statusActive && svc.controller() == types.DeploymentControllerTypeCodeDeploy
}

// taskSet is what CodeDeploy has deployed: such a service has task sets in place of
// deployments, and before the first deployment the one that it was made with (AWS: ECS API
// reference, Service and TaskSet).
func (s *Service) taskSet(svc *service) types.TaskSet {
	d := svc.primary().describe(svc)
	id := "ecs-svc/" + strings.TrimPrefix(aws.ToString(d.Id), "ecs-svc/")
	stability := types.StabilityStatusStabilizing
	if d.RolloutState == types.DeploymentRolloutStateCompleted {
		stability = types.StabilityStatusSteadyState
	}
	return types.TaskSet{
		Id: &id, TaskSetArn: aws.String(s.arn("task-set/" + svc.cluster.name + "/" + svc.name + "/" + id)),
		ServiceArn: aws.String(svc.arn), ClusterArn: aws.String(svc.cluster.arn), Status: d.Status, StartedBy: aws.String("CODE_DEPLOY"),
		TaskDefinition: d.TaskDefinition, ComputedDesiredCount: d.DesiredCount, PendingCount: d.PendingCount, RunningCount: d.RunningCount,
		LaunchType: d.LaunchType, PlatformVersion: d.PlatformVersion, PlatformFamily: d.PlatformFamily, CapacityProviderStrategy: d.CapacityProviderStrategy,
		NetworkConfiguration: d.NetworkConfiguration, LoadBalancers: svc.revision.loadBalancers, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
		Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 100}, StabilityStatus: stability, //nolint:mnd // all of it
	}
}
