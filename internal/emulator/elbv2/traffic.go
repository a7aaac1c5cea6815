package elbv2

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Traffic is the load balancers' nodes: it carries requests to targets and makes
// the health checks. All its methods are called on the loop.
type Traffic interface {
	// Configure gives everything a load balancer routes by, whenever any of it
	// changed. The Config is not changed afterwards.
	Configure(Config)
	// Remove ends a load balancer.
	Remove(loadBalancerARN string)
	// Probe makes one health check. It calls done once, on the loop, within the
	// check's timeout of cloud time, with the HTTP status or the reason why there
	// is none: context.DeadlineExceeded for a timeout.
	Probe(t Target, check HealthCheck, done func(status int, err error))
}

// Config is everything one load balancer routes by.
type Config struct {
	ARN       string
	Listeners []Listener // by port
	// Groups holds every group that a rule names, by ARN.
	Groups map[string]Group
}

// Listener is a port and its rules, in the order they are tried. The last one is
// the default rule and matches every request.
type Listener struct {
	ARN      string
	Port     int32
	Protocol string // HTTP or HTTPS
	Rules    []Rule
}

// Route gives the rule for a request: the first whose conditions all hold.
func (l Listener) Route(r Request) Rule {
	for _, rule := range l.Rules {
		if rule.Matches(r) {
			return rule
		}
	}
	return l.Rules[len(l.Rules)-1]
}

// Rule is what is done with the requests that match. Exactly one of Forward,
// FixedResponse and Redirect is set.
type Rule struct { //nolint:recvcheck // it is restored in place, and else a value
	ARN           string
	Forward       *Forward
	FixedResponse *FixedResponse
	Redirect      *Redirect

	written    []types.RuleCondition
	conditions []condition `keep:"-"` // as written
}

// Restore implements keep.Restorer.
func (r *Rule) Restore() error {
	r.conditions = nil
	for _, c := range r.written {
		r.conditions = append(r.conditions, conditionOf(c))
	}
	return nil
}

// Matches reports whether all of the rule's conditions hold for the request.
func (r Rule) Matches(request Request) bool {
	for _, holds := range r.conditions {
		if !holds(request) {
			return false
		}
	}
	return true
}

// Forward spreads requests over target groups by weight. A group is chosen by
// weight alone: when it has no target the answer is a 503, not another group.
// AWS: Application Load Balancers User Guide, forward actions.
type Forward struct {
	Groups []WeightedGroup
	// Stickiness is how long a client stays with the group it was given; 0 is
	// not at all.
	Stickiness time.Duration
}

// WeightedGroup is a target group's share of a rule's requests.
type WeightedGroup struct {
	ARN    string
	Weight int32
}

// FixedResponse is an answer by the load balancer itself.
type FixedResponse struct {
	Status      int
	ContentType string
	Body        string
}

// Redirect is an answer that sends the client elsewhere. The parts may hold
// #{protocol}, #{host}, #{port}, #{path} and #{query}.
type Redirect struct {
	Status                            int
	Protocol, Host, Port, Path, Query string
}

// Group is a target group as the load balancer's nodes see it.
type Group struct {
	ARN string
	// Targets may be sent requests: the healthy ones, or, when too few are, all
	// that are registered and not draining. AWS: Application Load Balancers User
	// Guide, target group health (fail open).
	Targets []Target
	// Stickiness is how long a client stays with the target it was given; 0 is
	// not at all.
	Stickiness time.Duration
	// SlowStart is how long a target's share rises after it became healthy.
	SlowStart time.Duration
}

// Target is one address in a target group.
type Target struct {
	GroupARN string
	IP       string // the instance's ID in a group of instances
	Port     int32
	// HealthySince is when it became healthy; zero when it is not.
	HealthySince time.Time
}

// Share is the part of its full share of requests that the target is given now:
// below 1 while it starts slowly, rising in a straight line.
// AWS: Application Load Balancers User Guide, slow start mode.
func (g Group) Share(t Target, now time.Time) float64 {
	up := now.Sub(t.HealthySince)
	if g.SlowStart == 0 || t.HealthySince.IsZero() || up >= g.SlowStart {
		return 1
	}
	return max(float64(up)/float64(g.SlowStart), 0.01)
}

// HealthCheck is how a target's health is checked.
type HealthCheck struct {
	Port    int32
	Path    string
	Timeout time.Duration
}

// Sample is what flowed through a load balancer since the sample before, for one
// target group, or, with an empty TargetGroupARN, for what was answered without
// one.
type Sample struct {
	LoadBalancerARN string
	TargetGroupARN  string
	// Requests counts those for which a target was chosen.
	Requests int
	// Status counts the targets' answers by class: Status[5] is 5xx.
	Status [6]int
	// Latencies are the times the targets took to answer.
	Latencies []Latency
	// ConnectionErrors counts connections to targets that failed.
	ConnectionErrors int
	// ELB4XX and ELB5XX count answers that the load balancer itself gave.
	ELB4XX, ELB5XX int
}

// Latency is a time that a number of answers took.
type Latency struct {
	Seconds float64
	Count   int
}
