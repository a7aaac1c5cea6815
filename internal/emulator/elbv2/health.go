package elbv2

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// startChecks begins a target's life in its group. Targets of a group that no
// rule names are not checked. AWS: Application Load Balancers User Guide, health
// checks.
func (s *Service) startChecks(g *group, t *target) {
	s.stopChecks(t)
	if g.balancer == nil {
		s.setState(g, t, types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse)
		return
	}
	t.passed, t.failed = 0, 0
	s.setState(g, t, types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumRegistrationInProgress)
	t.timer = s.loop.DueIn(s.deps.PropagationTime, known{s, g, t})
}

// stopChecks ends health checks and draining.
func (s *Service) stopChecks(t *target) {
	t.timer.Stop()
	t.timer = nil
	t.checking++
}

// check makes a health check and sets the next.
func (s *Service) check(g *group, t *target) {
	interval := time.Duration(*g.desc.HealthCheckIntervalSeconds) * time.Second
	t.timer = s.loop.DueIn(interval, checked{s, g, t})
	check := HealthCheck{
		Port: g.checkPort(t), Path: *g.desc.HealthCheckPath,
		Timeout: time.Duration(*g.desc.HealthCheckTimeoutSeconds) * time.Second,
	}
	checking := t.checking
	s.deps.Traffic.Probe(g.target(t), check, func(status int, err error) {
		if t.checking == checking {
			s.checked(g, t, status, err)
		}
	})
}

func (g *group) checkPort(t *target) int32 {
	if port, err := strconv.ParseInt(*g.desc.HealthCheckPort, 10, 32); err == nil {
		return int32(port)
	}
	return t.port
}

// checked takes a health check's outcome in: a new target needs one success,
// an unhealthy one as many in a row as the healthy threshold, and failures count
// against the unhealthy threshold.
func (s *Service) checked(g *group, t *target, status int, err error) {
	if err == nil && g.healthy.has(status) {
		t.passed, t.failed = t.passed+1, 0
		enough := t.state == types.TargetHealthStateEnumInitial || t.passed >= int(*g.desc.HealthyThresholdCount)
		if t.state != types.TargetHealthStateEnumHealthy && enough {
			t.healthySince = s.loop.Now()
			s.setState(g, t, types.TargetHealthStateEnumHealthy, "")
		}
		return
	}
	t.passed, t.failed = 0, t.failed+1
	if t.state != types.TargetHealthStateEnumUnhealthy && t.failed < int(*g.desc.UnhealthyThresholdCount) {
		return
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		s.setState(g, t, types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumTimeout)
	case err != nil:
		s.setState(g, t, types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumFailedHealthChecks)
	default:
		s.setState(g, t, types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumResponseCodeMismatch)
		t.description = fmt.Sprintf("Health checks failed with these codes: [%d]", status)
	}
}

// setState sets a target's state, and tells of it if it is another.
func (s *Service) setState(g *group, t *target, state types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum) {
	same := t.state == state && t.reason == reason
	changed := t.state != state
	t.state, t.reason, t.description = state, reason, describe(reason)
	if same {
		return
	}
	s.retarget(g)
	if !changed {
		return
	}
	for _, watch := range s.watchers {
		s.loop.Post(func() { watch(g.arn, t.id, t.port, string(state)) })
	}
}

// describe gives the sentence AWS shows for a reason.
func describe(reason types.TargetHealthReasonEnum) string {
	switch reason {
	case types.TargetHealthReasonEnumRegistrationInProgress:
		return "Target registration is in progress"
	case types.TargetHealthReasonEnumInitialHealthChecking:
		return "Initial health checks in progress"
	case types.TargetHealthReasonEnumTimeout:
		return "Request timed out"
	case types.TargetHealthReasonEnumFailedHealthChecks:
		return "Health checks failed"
	case types.TargetHealthReasonEnumNotInUse:
		return "Target group is not configured to receive traffic from the load balancer"
	case types.TargetHealthReasonEnumNotRegistered:
		return "Target is not registered to the target group"
	case types.TargetHealthReasonEnumDeregistrationInProgress:
		return "Target deregistration is in progress"
	default:
		return ""
	}
}

// target gives a target as Traffic sees it.
func (g *group) target(t *target) Target {
	out := Target{GroupARN: g.arn, IP: t.id, Port: t.port}
	if t.state == types.TargetHealthStateEnumHealthy {
		out.HealthySince = t.healthySince
	}
	return out
}

// usableTargets gives the targets that may be sent requests: the healthy ones,
// or all that are not draining when fewer are healthy than the group demands.
// AWS: Application Load Balancers User Guide, target group health.
func (g *group) usableTargets() []Target {
	var healthy, all []Target
	for _, t := range g.inOrder() {
		switch {
		case t.state == types.TargetHealthStateEnumHealthy:
			healthy = append(healthy, g.target(t))
			all = append(all, g.target(t))
		case t.state == types.TargetHealthStateEnumUnhealthy || t.reason == types.TargetHealthReasonEnumInitialHealthChecking:
			all = append(all, g.target(t))
		}
	}
	percent := g.number(leastHealthyPercent, 0)
	if len(healthy) < g.number(leastHealthyCount, 1) || len(healthy)*100 < percent*len(all) {
		return all
	}
	return healthy
}
