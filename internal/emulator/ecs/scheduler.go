package ecs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// health is what the scheduler makes of a task.
type health int

const (
	notRunning health = iota // not yet
	undecided                // running, its targets not yet healthy
	healthy
	unhealthy
)

// wake has the scheduler look at the service shortly.
func (s *Service) wake(svc *service) {
	if svc.status != statusActive || svc.scheduling != nil {
		return
	}
	svc.scheduling = s.loop.DueIn(schedulingDelay, scheduled{s, svc})
}

func (s *Service) targetChanged(_, ip string, _ int32, _ string) {
	if t := s.byIP[ip]; t != nil {
		s.wake(t.service)
	}
}

// health of a task that is to run: without load balancers it is healthy when it
// runs, with them when all its targets are. Within the grace period after its
// start an unhealthy target is not held against it (AWS: ECS API reference,
// CreateService).
func (s *Service) health(t *task) health {
	if t.lastStatus != taskRunning {
		return notRunning
	}
	all := healthy
	for _, lb := range t.deployment.revision.loadBalancers {
		switch s.deps.Targets.State(aws.ToString(lb.TargetGroupArn), t.ip, aws.ToInt32(lb.ContainerPort)) {
		case "healthy":
		case "unhealthy":
			if s.loop.Now().Before(t.startedAt.Add(time.Duration(aws.ToInt32(t.service.grace)) * time.Second)) {
				all = undecided
				continue
			}
			return unhealthy
		default:
			all = undecided
		}
	}
	return all
}

// census is a service's tasks that are to run, as the scheduler sees them.
type census struct {
	of      map[*task]health
	primary []*task // of the primary deployment
	older   []*task
	healthy int // of both
}

func (c *census) total() int { return len(c.primary) + len(c.older) }

func (c *census) count(tasks []*task, h health) int {
	n := 0
	for _, t := range tasks {
		if c.of[t] == h {
			n++
		}
	}
	return n
}

func (s *Service) census(svc *service) *census {
	c := &census{of: map[*task]health{}}
	for _, t := range svc.tasks {
		if !t.wanted() {
			continue
		}
		h := s.health(t)
		c.of[t] = h
		if t.deployment == svc.primary() {
			c.primary = append(c.primary, t)
		} else {
			c.older = append(c.older, t)
		}
		switch h {
		case healthy:
			c.healthy++
			// AWS: ECS API reference, Deployment, failedTasks.
			t.deployment.succeeded, t.deployment.failed = true, 0
		case unhealthy:
			s.sayUnhealthy(t)
		case notRunning, undecided:
		}
	}
	return c
}

func (s *Service) sayUnhealthy(t *task) {
	if t.told {
		return
	}
	t.told = true
	for _, lb := range t.deployment.revision.loadBalancers {
		group, port := aws.ToString(lb.TargetGroupArn), aws.ToInt32(lb.ContainerPort)
		if s.deps.Targets.State(group, t.ip, port) == "unhealthy" {
			s.say(t.service, "(service "+t.service.name+") (task "+t.id+") (port "+strconv.Itoa(int(port))+
				") is unhealthy in (target-group "+group+") due to (reason Health checks failed).")
		}
	}
}

// bounds are the least number of healthy tasks and the most tasks during a
// deployment: rounded up and down (AWS: ECS API reference,
// DeploymentConfiguration).
func (svc *service) bounds() (least, most int) {
	d := int(svc.desired)
	least = (d*int(*svc.configuration.MinimumHealthyPercent) + 99) / 100
	most = d * int(*svc.configuration.MaximumPercent) / 100
	return least, most
}

// schedule brings a service one move nearer to what it should be.
func (s *Service) schedule(svc *service) {
	var stopped []*task
	if svc.primary().state == types.DeploymentRolloutStateFailed {
		stopped = s.stopInFailed(svc, s.census(svc))
	} else {
		stopped = s.retire(svc, s.census(svc))
		stopped = append(stopped, s.scaleIn(svc, s.census(svc))...)
		stopped = append(stopped, s.stopUnhealthy(svc, s.census(svc))...)
	}
	if len(stopped) > 0 {
		s.sayTasks(svc, "has stopped", "running tasks", stopped)
	}
	// Stopping an unhealthy task may have failed the deployment.
	if svc.primary().state != types.DeploymentRolloutStateFailed {
		s.startTasks(svc, s.census(svc))
	}
	s.forgetOlder(svc)
	s.settleDeployment(svc, s.census(svc))
}

// retire stops tasks of older deployments as far as enough healthy ones remain;
// those that do not run yet go at once, unhealthy ones before healthy ones.
func (s *Service) retire(svc *service, c *census) []*task {
	least, most := svc.bounds()
	full := c.total() >= most && len(c.primary) < int(svc.desired)
	var stopped []*task
	stop := func(t *task) {
		stopped = append(stopped, t)
		s.stop(t, types.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+svc.primary().id+")")
	}
	for _, t := range c.older {
		switch c.of[t] {
		case notRunning:
			stop(t)
		case undecided, unhealthy:
			if c.healthy >= least || full {
				stop(t)
				full = false
			}
		case healthy:
		}
	}
	for _, t := range c.older {
		if c.of[t] == healthy && c.healthy-1 >= least {
			c.healthy--
			stop(t)
		}
	}
	return stopped
}

// scaleIn stops tasks of the primary deployment beyond the desired count: first
// those that do not run yet, then the newest. Unhealthy ones are not counted,
// they are being replaced.
func (s *Service) scaleIn(svc *service, c *census) []*task {
	good := slices.DeleteFunc(slices.Clone(c.primary), func(t *task) bool { return c.of[t] == unhealthy })
	excess := len(good) - int(svc.desired)
	if excess <= 0 {
		return nil
	}
	slices.Reverse(good)
	slices.SortStableFunc(good, func(a, b *task) int { return int(c.of[a]) - int(c.of[b]) })
	for _, t := range good[:excess] {
		s.stop(t, types.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+svc.primary().id+")")
	}
	return good[:excess]
}

// stopUnhealthy stops unhealthy tasks of the primary deployment whose
// replacement is healthy, or unhealthy too, or can not be started because of
// the maximum percent (AWS: ECS Developer Guide, services).
func (s *Service) stopUnhealthy(svc *service, c *census) []*task {
	bad := slices.DeleteFunc(slices.Clone(c.primary), func(t *task) bool { return c.of[t] != unhealthy })
	pending := c.count(c.primary, notRunning) + c.count(c.primary, undecided)
	excess := min(len(c.primary)-int(svc.desired)-pending, len(bad))
	if _, most := svc.bounds(); excess < 1 && len(bad) > 0 && c.total() >= most {
		excess = 1
	}
	if excess < 1 {
		return nil
	}
	var stopped []*task
	for _, t := range bad[:excess] {
		stopped = append(stopped, t)
		s.stop(t, types.TaskStopCodeServiceSchedulerInitiated, "Task failed ELB health checks in (target-group "+s.unhealthyGroup(t)+")")
		s.taskFailed(svc, t.deployment)
	}
	return stopped
}

func (s *Service) unhealthyGroup(t *task) string {
	for _, lb := range t.deployment.revision.loadBalancers {
		group := aws.ToString(lb.TargetGroupArn)
		if s.deps.Targets.State(group, t.ip, aws.ToInt32(lb.ContainerPort)) == "unhealthy" {
			return group
		}
	}
	return ""
}

// stopInFailed tends a failed deployment that is not rolled back: nothing new is
// started, unhealthy tasks of it go, and what is beyond the desired count.
func (s *Service) stopInFailed(svc *service, c *census) []*task {
	excess := c.total() - int(svc.desired)
	var stopped []*task
	for _, t := range slices.Concat(c.primary, c.older) {
		if t.deployment == svc.primary() && c.of[t] == unhealthy || excess > 0 {
			excess--
			stopped = append(stopped, t)
			s.stop(t, types.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+svc.primary().id+")")
		}
	}
	return stopped
}

// startTasks starts what is missing of the primary deployment, within the
// maximum percent.
func (s *Service) startTasks(svc *service, c *census) {
	d := svc.primary()
	_, most := svc.bounds()
	missing := int(svc.desired) - (len(c.primary) - c.count(c.primary, unhealthy))
	n := min(missing, most-c.total())
	if n <= 0 {
		return
	}
	if wait := d.notBefore.Sub(s.loop.Now()); wait > 0 {
		s.loop.DueIn(wait, woken{s, svc})
		return
	}
	var started []*task
	for range n {
		started = append(started, s.launch(svc, d))
	}
	svc.steady = false
	s.sayTasks(svc, "has started", "tasks", started)
}

// sayTasks says what became of tasks, in AWS's form.
func (s *Service) sayTasks(svc *service, did, what string, tasks []*task) {
	svc.steady = false
	var list strings.Builder
	for _, t := range tasks {
		list.WriteString(" (task " + t.id + ")")
	}
	s.say(svc, "(service "+svc.name+") "+did+" "+strconv.Itoa(len(tasks))+" "+what+":"+list.String()+".")
}

// forgetOlder drops older deployments whose tasks have all stopped.
func (s *Service) forgetOlder(svc *service) {
	svc.deployments = slices.DeleteFunc(svc.deployments, func(d *deployment) bool {
		return d != svc.primary() && !slices.ContainsFunc(svc.tasks, func(t *task) bool { return t.deployment == d })
	})
}

// settleDeployment completes the primary deployment once it is alone, and says
// that the service is steady when it has become so.
func (s *Service) settleDeployment(svc *service, c *census) {
	d := svc.primary()
	settled := len(svc.deployments) == 1 && len(c.primary) == int(svc.desired) && c.healthy == int(svc.desired)
	if !settled || d.state == types.DeploymentRolloutStateFailed {
		return
	}
	if d.state == types.DeploymentRolloutStateInProgress {
		s.complete(svc, d)
	}
	if !svc.steady {
		svc.steady = true
		s.saySteady(svc)
	}
}

// saySteady repeats itself every six hours while the service stays so.
func (s *Service) saySteady(svc *service) {
	s.say(svc, "(service "+svc.name+") has reached a steady state.")
	s.emitServiceAction(svc, "INFO", "SERVICE_STEADY_STATE")
	svc.steadyRepeat.Stop()
	svc.steadyRepeat = s.loop.DueIn(repeatEventsAfter, steady{s, svc})
}
