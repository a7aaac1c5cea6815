// Package ecs is Amazon ECS as far as services on Fargate need it: clusters,
// task definitions, services with rolling deployments, and tasks.
//
// A service's scheduler works as the ECS Developer Guide describes it: within
// the minimum and maximum percent it starts tasks of the newest deployment and
// stops those of older ones, replaces tasks that exit or that a target group
// calls unhealthy, fails a deployment by the circuit breaker and rolls it back,
// and tells of all this in the service's events and on the event bus. What a
// task's containers do is the Runner's; where traffic goes is the Targets'.
//
// Choices of ours, where AWS gives no figure: a scheduler looks at its service
// one second after something changed; a task takes Deps.ProvisionTime to get its
// network interface and image; its interface is gone five seconds after its
// containers have ended.
//
// A task of an older deployment that ends is not replaced by its like: the newest
// deployment's tasks take its place.
//
// A target in state "unused" (its group is in no rule, so nothing checks it) is
// not reported as healthy, and a task behind it is not either, as CreateService
// documents; nor is it unhealthy, so the task stays. A deployment waits for it.
// Container health checks are kept and reported UNKNOWN: nothing runs them.
package ecs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Service is Amazon ECS in one account and region. All its methods are called on
// the loop.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	deps    Deps `keep:"-"`

	clusters map[string]*cluster
	families map[string]*family
	tags     map[string][]types.Tag // by ARN
	tasks    map[string]*task       // by ID, stopped ones for an hour
	byIP     map[string]*task
	ips      uint32
}

// Deps is what ECS needs of the rest of the cloud.
type Deps struct {
	// Emit puts an AWS service event on the default event bus.
	Emit func(source, detailType string, resources []string, detail any)
	// Targets registers tasks in target groups. Nil means there are none: a
	// service with a load balancer is refused.
	Targets Targets
	// Runner runs the containers.
	Runner Runner
	// Secret gives the value behind a container secret's valueFrom, read as the task's
	// execution role. Nil means none can be read: a task with secrets fails to start.
	Secret func(roleARN, taskARN, valueFrom string) (string, error)
	// Permit decides whether ECS may do an action as a role that it takes for a task;
	// "" asks whether it may take the role. Nil allows everything.
	Permit func(roleARN, taskARN, action, resource string) error
	// Log opens what takes the lines of a container. Nil keeps none.
	Log func(Log) (write func(line string), err error)
	// Network tells the networks of several services apart: tasks of two services that
	// share a Runner have no address in common when their networks differ.
	Network int
	// ProvisionTime is how long a task takes from its launch to the start of its
	// containers. Zero means 20 seconds.
	ProvisionTime time.Duration
}

const (
	defaultProvisionTime = 20 * time.Second
	schedulingDelay      = time.Second
	activationTime       = time.Second
	deprovisionTime      = 5 * time.Second
	// AWS: DescribeTasks API reference, stopped tasks are shown for at least an hour.
	stoppedTaskRetention = time.Hour
	// AWS: ECS Developer Guide, service event messages, repeated after six hours.
	repeatEventsAfter = 6 * time.Hour
)

// New gives an ECS without clusters.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	if deps.ProvisionTime == 0 {
		deps.ProvisionTime = defaultProvisionTime
	}
	s := &Service{
		loop: l, account: account, region: region, deps: deps,
		clusters: map[string]*cluster{},
		families: map[string]*family{},
		tags:     map[string][]types.Tag{},
		tasks:    map[string]*task{},
		byIP:     map[string]*task{},
	}
	if deps.Targets != nil {
		deps.Targets.Watch(s.targetChanged)
	}
	return s
}

// Wire is the service as its clients see it.
func (s *Service) Wire() *wire.Service {
	return wire.NewService(
		"ecs",
		wire.Op("CreateCluster", s.createCluster),
		wire.Op("DeleteCluster", s.deleteCluster),
		wire.Op("DescribeClusters", s.describeClusters),
		wire.Op("ListClusters", s.listClusters),
		wire.Op("RegisterTaskDefinition", s.registerTaskDefinition),
		wire.Op("DeregisterTaskDefinition", s.deregisterTaskDefinition),
		wire.Op("DescribeTaskDefinition", s.describeTaskDefinition),
		wire.Op("ListTaskDefinitions", s.listTaskDefinitions),
		wire.Op("CreateService", s.createService),
		wire.Op("UpdateClusterSettings", s.updateClusterSettings),
		wire.Op("UpdateService", s.updateService),
		wire.Op("DeleteService", s.deleteService),
		wire.Op("DescribeServices", s.describeServices),
		wire.Op("ListServices", s.listServices),
		wire.Op("DescribeTasks", s.describeTasks),
		wire.Op("ListTasks", s.listTasks),
		wire.Op("StopTask", s.stopTask),
		wire.Op("TagResource", s.tagResource),
		wire.Op("UntagResource", s.untagResource),
		wire.Op("ListTagsForResource", s.listTagsForResource),
	)
}

// DesiredCount is the number of tasks a service is to have, and whether there is
// such an active service.
func (s *Service) DesiredCount(cluster, service string) (int32, bool) {
	c, err := s.cluster(&cluster)
	if err != nil {
		return 0, false
	}
	svc, ok := c.services[service]
	if !ok || svc.status != statusActive {
		return 0, false
	}
	return svc.desired, true
}

// SetDesiredCount sets it as UpdateService would, on behalf of another service.
func (s *Service) SetDesiredCount(cluster, service string, n int32) error {
	c, err := s.cluster(&cluster)
	if err != nil {
		return err
	}
	svc, err := c.active(service)
	if err != nil {
		return err
	}
	s.setDesired(svc, n)
	return nil
}

// Deploying reports whether a deployment of the service is in progress.
func (s *Service) Deploying(cluster, service string) bool {
	c, err := s.cluster(&cluster)
	if err != nil {
		return false
	}
	svc, ok := c.services[service]
	return ok && svc.status == statusActive && svc.primary().state == types.DeploymentRolloutStateInProgress
}
