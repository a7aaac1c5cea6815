// Package ecsservice reads and moves the two ECS services of an environment and
// the task definitions that they run.
package ecsservice

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Services reads with ECS and changes capacity with Once, which must not repeat a
// request by itself.
type Services struct {
	ECS  *ecs.Client
	Once *ecs.Client
}

// Service is one slot's ECS service as it was read.
type Service struct {
	Name           string
	ARN            string
	Cluster        string // as it was asked for
	Desired        int
	Running        int
	Pending        int
	TaskDefinition string // ARN
	TargetGroup    string // ARN
	Deployments    []Deployment
}

// Deployment is one of ECS's deployments of a service.
type Deployment struct {
	ID             string
	Primary        bool
	TaskDefinition string
	State          string // COMPLETED, FAILED, IN_PROGRESS
	Reason         string
}

// Primary is the deployment that the service is on, or is moving to.
func (s Service) Primary() Deployment {
	for _, d := range s.Deployments {
		if d.Primary {
			return d
		}
	}
	return Deployment{}
}

// Steady reports whether the service runs what it should and nothing is under way.
func (s Service) Steady() bool { return s.Running >= s.Desired && s.Pending == 0 }

// Describe reads both services. Refused if one is missing, is not active, or has
// not exactly one target group.
func (s Services) Describe(ctx context.Context, cluster string, names rollout.Names) (map[rollout.Slot]Service, error) {
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &cluster, Services: []string{names.Blue, names.Green},
	})
	if awsclient.Is(err, "ClusterNotFoundException") {
		return nil, rollout.Errorf(rollout.KindRefused, "cluster %q does not exist", cluster)
	}
	if err != nil {
		return nil, awsclient.Wrap(err, "read services %s and %s", names.Blue, names.Green)
	}
	found := map[rollout.Slot]Service{}
	for _, raw := range out.Services {
		for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
			if aws.ToString(raw.ServiceName) != names.Of(slot) {
				continue
			}
			if found[slot], err = parse(cluster, raw); err != nil {
				return nil, err
			}
		}
	}
	for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
		if _, ok := found[slot]; !ok {
			return nil, rollout.Errorf(rollout.KindRefused,
				"the %s slot is missing: cluster %q has no service %q", slot, cluster, names.Of(slot))
		}
	}
	return found, nil
}

// Group gives the target group of a service, by the cluster's name and its own.
// NotFound if there is no such service, Refused as Describe refuses it.
func (s Services) Group(ctx context.Context, cluster, name string) (string, error) {
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if awsclient.Is(err, "ClusterNotFoundException") || err == nil && len(out.Services) == 0 {
		return "", rollout.Errorf(rollout.KindNotFound, "there is no service %s in a cluster %s", name, cluster)
	}
	if err != nil {
		return "", awsclient.Wrap(err, "read service %s of cluster %s", name, cluster)
	}
	service, err := parse(cluster, out.Services[0])
	return service.TargetGroup, err
}

func parse(cluster string, raw types.Service) (Service, error) {
	service := Service{
		Name: aws.ToString(raw.ServiceName), ARN: aws.ToString(raw.ServiceArn), Cluster: cluster,
		Desired: int(raw.DesiredCount), Running: int(raw.RunningCount), Pending: int(raw.PendingCount),
		TaskDefinition: aws.ToString(raw.TaskDefinition),
	}
	if status := aws.ToString(raw.Status); status != "ACTIVE" {
		return service, rollout.Errorf(rollout.KindRefused, "service %s is %s; it must be ACTIVE", service.Name, status)
	}
	if c := raw.DeploymentController; c != nil && c.Type != types.DeploymentControllerTypeEcs {
		return service, rollout.Errorf(rollout.KindRefused,
			"service %s has the deployment controller %s; it must be ECS", service.Name, c.Type)
	}
	if len(raw.LoadBalancers) != 1 {
		return service, rollout.Errorf(rollout.KindRefused,
			"service %s has %d target groups; it must have one", service.Name, len(raw.LoadBalancers))
	}
	service.TargetGroup = aws.ToString(raw.LoadBalancers[0].TargetGroupArn)
	for _, d := range raw.Deployments {
		service.Deployments = append(service.Deployments, Deployment{
			ID: aws.ToString(d.Id), Primary: aws.ToString(d.Status) == "PRIMARY",
			TaskDefinition: aws.ToString(d.TaskDefinition),
			State:          string(d.RolloutState), Reason: aws.ToString(d.RolloutStateReason),
		})
	}
	return service, nil
}

// Start runs a task definition in a service at a size, as a new deployment even if
// nothing else changes: from no tasks to some with the same task definition is
// otherwise no deployment, and sends no event.
func (s Services) Start(ctx context.Context, service Service, taskDefinition string, size int) error {
	_, err := s.Once.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: &service.Cluster, Service: &service.Name, TaskDefinition: &taskDefinition,
		DesiredCount: aws.Int32(int32(size)), ForceNewDeployment: true, //nolint:gosec // a task count
	})
	return changed(err, service)
}

// Scale sets the number of tasks and nothing else.
func (s Services) Scale(ctx context.Context, service Service, size int) error {
	_, err := s.Once.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: &service.Cluster, Service: &service.Name, DesiredCount: aws.Int32(int32(size)), //nolint:gosec // a task count
	})
	return changed(err, service)
}

func changed(err error, service Service) error {
	if err != nil {
		return awsclient.Wrap(err, "update service %s", service.Name)
	}
	return nil
}

// Readiness is how far a service is toward running a task definition.
type Readiness string

// The answers.
const (
	Ready   Readiness = "ready"
	Waiting Readiness = "waiting"
	Failed  Readiness = "failed"
)

// Judge tells whether a service runs the task definition, and only it, with as
// many healthy targets as it should have, and why not. The SDK's waiter for stable
// services does not tell this: it is content with the old task definition after
// the circuit breaker has acted.
func Judge(service Service, taskDefinition string, healthy int) (Readiness, string) {
	primary := service.Primary()
	switch {
	case primary.State == string(types.DeploymentRolloutStateFailed):
		return Failed, "ECS gave the deployment up: " + primary.Reason
	case primary.TaskDefinition != taskDefinition:
		return Failed, "ECS runs " + primary.TaskDefinition + " instead: " + primary.Reason
	case len(service.Deployments) != 1:
		return Waiting, "an older deployment is still there"
	case primary.State != "" && primary.State != string(types.DeploymentRolloutStateCompleted):
		return Waiting, "the deployment is under way"
	case service.Running != service.Desired || service.Pending != 0:
		return Waiting, "not all tasks run yet"
	case healthy < service.Desired:
		return Waiting, "not all targets are healthy yet"
	default:
		return Ready, "all tasks run and are healthy"
	}
}
