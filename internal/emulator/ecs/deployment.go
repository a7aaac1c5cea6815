package ecs

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// revision is what a deployment puts in place: the parts of a service whose
// change makes a new deployment (AWS: ECS API reference, UpdateService).
type revision struct {
	definition      *types.TaskDefinition
	launchType      types.LaunchType
	providers       []types.CapacityProviderStrategyItem
	platformVersion string
	network         *types.NetworkConfiguration
	loadBalancers   []types.LoadBalancer
}

const (
	deploymentPrimary = "PRIMARY"
	deploymentActive  = "ACTIVE"
)

type deployment struct {
	id, status string
	state      types.DeploymentRolloutState
	reason     string
	createdAt  time.Time
	updatedAt  time.Time
	revision   revision

	// failed counts tasks that failed one after the other, until one succeeded.
	failed    int32
	succeeded bool

	// Tasks that never come to run are started again later and later.
	startFailures int
	notBefore     time.Time
	impaired      bool
}

// The circuit breaker's bounds (AWS: ECS Developer Guide, deployment circuit
// breaker).
const (
	minFailureThreshold = 3
	maxFailureThreshold = 200
)

// failureThreshold is half the desired count, rounded up, within the bounds.
func failureThreshold(desired int32) int32 {
	return min(max((desired+1)/2, minFailureThreshold), maxFailureThreshold)
}

// deploy makes a new deployment the primary one.
func (s *Service) deploy(svc *service, r revision) {
	for _, d := range svc.deployments {
		d.status = deploymentActive
	}
	d := &deployment{
		id: s.deploymentID(), status: deploymentPrimary, revision: r,
		createdAt: s.loop.Now(),
	}
	svc.deployments = slices.Insert(svc.deployments, 0, d)
	s.setState(svc, d, types.DeploymentRolloutStateInProgress, "ECS deployment "+d.id+" in progress.")
	s.emitDeployment(svc, d, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", d.reason)
	s.wake(svc)
}

func (s *Service) setState(svc *service, d *deployment, state types.DeploymentRolloutState, reason string) {
	d.state, d.reason, d.updatedAt = state, reason, s.loop.Now()
	svc.steady = false
}

// complete is called once the primary deployment is all there is, and healthy.
func (s *Service) complete(svc *service, d *deployment) {
	s.setState(svc, d, types.DeploymentRolloutStateCompleted, "ECS deployment "+d.id+" completed.")
	svc.completed = d
	s.say(svc, "(service "+svc.name+") (deployment "+d.id+") deployment completed.")
	s.emitDeployment(svc, d, "INFO", "SERVICE_DEPLOYMENT_COMPLETED", d.reason)
}

// taskFailed counts a task that never ran, or ended before any of its deployment
// was healthy, and lets the circuit breaker act on it.
func (s *Service) taskFailed(svc *service, d *deployment) {
	if d.succeeded || d.state != types.DeploymentRolloutStateInProgress {
		return
	}
	d.failed++
	d.updatedAt = s.loop.Now()
	breaker := svc.configuration.DeploymentCircuitBreaker
	if d != svc.primary() || breaker == nil || !breaker.Enable || d.failed < failureThreshold(svc.desired) {
		return
	}
	s.setState(svc, d, types.DeploymentRolloutStateFailed, "ECS deployment circuit breaker: tasks failed to start.")
	s.say(svc, "(service "+svc.name+") (deployment "+d.id+") deployment failed: tasks failed to start.")
	s.emitDeployment(svc, d, "ERROR", "SERVICE_DEPLOYMENT_FAILED", "ECS deployment circuit breaker: task failed to start.")
	if breaker.Rollback && svc.completed != nil {
		s.rollBack(svc, svc.completed)
	}
}

// rollBack makes the last completed deployment the primary one again, with its
// id and the tasks it still has. Being IN_PROGRESS, it is no longer one to roll
// back to (AWS: ECS Developer Guide, deployment circuit breaker).
func (s *Service) rollBack(svc *service, to *deployment) {
	svc.completed = nil
	for _, d := range svc.deployments {
		d.status = deploymentActive
	}
	svc.deployments = slices.DeleteFunc(svc.deployments, func(d *deployment) bool { return d == to })
	svc.deployments = slices.Insert(svc.deployments, 0, to)
	to.status, to.failed, to.succeeded = deploymentPrimary, 0, false
	to.startFailures, to.notBefore, to.impaired = 0, time.Time{}, false
	svc.revision = to.revision
	s.setState(svc, to, types.DeploymentRolloutStateInProgress,
		"ECS deployment circuit breaker: rolling back to deploymentId "+to.id+".")
	s.say(svc, "(service "+svc.name+") rolling back to deployment "+to.id+".")
	s.emitDeployment(svc, to, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", to.reason)
	s.wake(svc)
}

// startFailed puts off the next start of a task: not after the first failure,
// then by 10 s, doubling, up to 27 minutes (AWS: ECS Developer Guide, service
// throttle logic; the steps are ours).
func (s *Service) startFailed(svc *service, d *deployment, launched time.Time) {
	// Tasks launched together fail together, which is one failed attempt.
	if d.startFailures > 0 && launched.Before(d.notBefore) {
		return
	}
	const first, longest = 10 * time.Second, 27 * time.Minute
	d.startFailures++
	d.notBefore = s.loop.Now()
	if d.startFailures < 2 {
		return
	}
	wait := longest
	if doublings := d.startFailures - 2; doublings < 8 {
		wait = min(first<<doublings, longest)
	}
	d.notBefore = d.notBefore.Add(wait)
	if !d.impaired {
		d.impaired = true
		s.say(svc, "(service "+svc.name+") is unable to consistently start tasks successfully.")
		s.emitServiceAction(svc, "WARN", "SERVICE_TASK_START_IMPAIRED")
	}
}

func (d *deployment) describe(svc *service) types.Deployment {
	out := types.Deployment{
		Id: aws.String(d.id), Status: aws.String(d.status),
		RolloutState: d.state, RolloutStateReason: aws.String(d.reason),
		CreatedAt: aws.Time(d.createdAt), UpdatedAt: aws.Time(d.updatedAt),
		TaskDefinition: d.revision.definition.TaskDefinitionArn, FailedTasks: d.failed,
		LaunchType: d.revision.launchType, CapacityProviderStrategy: d.revision.providers,
		NetworkConfiguration: d.revision.network,
		PlatformVersion:      aws.String(platformVersion(d.revision)), PlatformFamily: aws.String("Linux"),
	}
	for _, t := range svc.tasks {
		if t.deployment != d {
			continue
		}
		if t.wanted() {
			out.DesiredCount++
		}
		switch {
		case t.lastStatus == taskRunning:
			out.RunningCount++
		case t.wanted():
			out.PendingCount++
		}
	}
	if d.status == deploymentPrimary {
		out.DesiredCount = svc.desired
	}
	return out
}

// platformVersion is the one that AWS names where LATEST was asked for.
func platformVersion(r revision) string {
	if r.platformVersion == "" || r.platformVersion == "LATEST" {
		return "1.4.0"
	}
	return r.platformVersion
}
