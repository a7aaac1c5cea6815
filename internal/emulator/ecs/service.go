package ecs

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// maxServiceEvents is how many of its latest events a service shows (AWS: ECS
// API reference, Service).
const maxServiceEvents = 100

type service struct {
	cluster   *cluster
	name, arn string
	status    string
	createdAt time.Time
	created   ecs.CreateServiceInput // to tell a repeated call by its clientToken

	desired       int32
	revision      revision
	configuration types.DeploymentConfiguration
	grace         *int32
	settings      serviceSettings

	deployments []*deployment // newest first
	completed   *deployment   // the last that completed; what a rollback goes to
	tasks       []*task       // in the order of their launch, without stopped ones
	events      []types.ServiceEvent

	steady       bool
	steadyRepeat *loop.Timer
	scheduling   *loop.Timer
}

// serviceSettings are what a service keeps and new tasks take over.
type serviceSettings struct {
	propagateTags  types.PropagateTags
	managedTags    bool
	executeCommand bool
	rebalancing    types.AvailabilityZoneRebalancing
}

func (svc *service) primary() *deployment { return svc.deployments[0] }

// setDesired changes how many tasks there are to be. That makes no deployment
// (AWS: ECS API reference, UpdateService, desiredCount).
func (s *Service) setDesired(svc *service, n int32) {
	if n == svc.desired {
		return
	}
	svc.desired = n
	svc.steady = false
	s.wake(svc)
}

// delete ends a service: its tasks are stopped and it drains until they are gone.
func (s *Service) delete(svc *service) {
	svc.desired = 0
	svc.status = statusDraining
	svc.steadyRepeat.Stop()
	for _, t := range slices.Clone(svc.tasks) {
		s.stop(t, types.TaskStopCodeServiceSchedulerInitiated, "Service "+svc.name+" was deleted.")
	}
	s.settle(svc)
}

// settle makes a draining service inactive once its tasks are stopping (AWS: ECS
// API reference, DeleteService).
func (s *Service) settle(svc *service) {
	if svc.status != statusDraining {
		return
	}
	for _, t := range svc.tasks {
		if t.lastStatus == taskDeactivating || t.wanted() {
			return
		}
	}
	svc.status = statusInactive
	svc.deployments = nil
	delete(s.tags, svc.arn)
}

// say adds a message to the service's events.
func (s *Service) say(svc *service, message string) {
	svc.events = slices.Insert(svc.events, 0, types.ServiceEvent{
		Id: aws.String(s.loop.UUID()), CreatedAt: s.now(), Message: aws.String(message),
	})
	svc.events = svc.events[:min(len(svc.events), maxServiceEvents)]
}

func (s *Service) describe(svc *service, include []types.ServiceField) types.Service {
	configuration := svc.configuration
	out := types.Service{
		ServiceArn: aws.String(svc.arn), ServiceName: aws.String(svc.name), ClusterArn: aws.String(svc.cluster.arn),
		Status: aws.String(svc.status), CreatedAt: aws.Time(svc.createdAt),
		CreatedBy:    aws.String(partition.IAM(s.region, s.account, "root")),
		DesiredCount: svc.desired, TaskDefinition: svc.revision.definition.TaskDefinitionArn,
		LaunchType: svc.revision.launchType, CapacityProviderStrategy: svc.revision.providers,
		PlatformFamily: aws.String("Linux"), PlatformVersion: aws.String(svc.revision.platformVersion),
		NetworkConfiguration: svc.revision.network, LoadBalancers: svc.revision.loadBalancers,
		DeploymentConfiguration:       &configuration,
		DeploymentController:          &types.DeploymentController{Type: svc.controller()},
		HealthCheckGracePeriodSeconds: svc.grace, SchedulingStrategy: types.SchedulingStrategyReplica,
		PropagateTags: svc.settings.propagateTags, EnableECSManagedTags: svc.settings.managedTags,
		EnableExecuteCommand: svc.settings.executeCommand, AvailabilityZoneRebalancing: svc.settings.rebalancing,
		Events: slices.Clone(svc.events), Deployments: []types.Deployment{},
		PlacementConstraints: []types.PlacementConstraint{}, PlacementStrategy: []types.PlacementStrategy{},
		ServiceRegistries: []types.ServiceRegistry{},
	}
	if svc.controller() == types.DeploymentControllerTypeCodeDeploy && len(svc.deployments) > 0 {
		out.TaskSets = []types.TaskSet{s.taskSet(svc)}
	} else {
		for _, d := range svc.deployments {
			out.Deployments = append(out.Deployments, d.describe(svc))
		}
	}
	for _, t := range svc.tasks {
		switch {
		case t.lastStatus == taskRunning:
			out.RunningCount++
		case t.wanted():
			out.PendingCount++
		}
	}
	if slices.Contains(include, types.ServiceFieldTags) {
		out.Tags = slices.Clone(s.tags[svc.arn])
	}
	return out
}
