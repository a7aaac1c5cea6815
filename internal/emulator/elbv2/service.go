// Package elbv2 emulates the part of Elastic Load Balancing that routes HTTP:
// Application Load Balancers, their listeners, rules and weights, target groups
// and the health of their targets.
//
// The package keeps what the API knows. What a load balancer does with requests
// is behind Traffic: it is told the routes and the targets that may be used, it
// answers health checks, and it reports what flowed.
//
// Load balancers of other types, target groups of other protocols, rule
// transforms and regular expressions in conditions are refused by name. There
// is one network: subnets and VPCs are taken as given, and Availability Zones
// make no difference to where a request goes. Every client counts as signed in,
// so authenticate actions are kept and let requests pass.
package elbv2

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Wire gives the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("elbv2",
		wire.Op("CreateLoadBalancer", s.createLoadBalancer),
		wire.Op("DescribeLoadBalancers", s.describeLoadBalancers),
		wire.Op("DeleteLoadBalancer", s.deleteLoadBalancer),
		wire.Op("CreateListener", s.createListener),
		wire.Op("DescribeListeners", s.describeListeners),
		wire.Op("ModifyListener", s.modifyListener),
		wire.Op("DeleteListener", s.deleteListener),
		wire.Op("CreateRule", s.createRule),
		wire.Op("DescribeRules", s.describeRules),
		wire.Op("ModifyRule", s.modifyRule),
		wire.Op("DeleteRule", s.deleteRule),
		wire.Op("SetRulePriorities", s.setRulePriorities),
		wire.Op("SetSecurityGroups", s.setSecurityGroups),
		wire.Op("SetSubnets", s.setSubnets),
		wire.Op("CreateTargetGroup", s.createTargetGroup),
		wire.Op("DescribeTargetGroups", s.describeTargetGroups),
		wire.Op("ModifyTargetGroup", s.modifyTargetGroup),
		wire.Op("DeleteTargetGroup", s.deleteTargetGroup),
		wire.Op("DescribeTargetGroupAttributes", s.describeTargetGroupAttributes),
		wire.Op("ModifyTargetGroupAttributes", s.modifyTargetGroupAttributes),
		wire.Op("RegisterTargets", s.registerTargets),
		wire.Op("DeregisterTargets", s.deregisterTargets),
		wire.Op("DescribeTargetHealth", s.describeTargetHealth),
		wire.Op("AddTags", s.addTags),
		wire.Op("DescribeTags", s.describeTags),
	)
}

// Deps is what the service needs from around it.
type Deps struct {
	// Traffic carries the requests and makes the health checks.
	Traffic Traffic
	// PutMetric takes a metric's values of the minute that began at at, each
	// with how often it was seen.
	PutMetric func(namespace, name string, dimensions map[string]string, at time.Time, values, counts []float64)
	// PropagationTime is how long a change of routes, or a new target, takes to
	// reach the load balancer. AWS gives no figure; zero means one second.
	PropagationTime time.Duration
	// ProvisioningTime is how long a new load balancer stays in the state
	// provisioning. AWS gives no figure; zero means two seconds.
	ProvisioningTime time.Duration
	// MetricDelay is how long after its end a minute's metrics appear. AWS gives
	// no figure; zero means twenty seconds.
	MetricDelay time.Duration
	// Quotas are the account's; a zero one is AWS's default.
	Quotas Quotas
}

// Quotas are the quotas an account can have raised.
// AWS: Application Load Balancers User Guide, quotas.
type Quotas struct {
	LoadBalancers               int // 50
	ListenersPerLoadBalancer    int // 50
	RulesPerLoadBalancer        int // 100, default rules not counted
	TargetGroups                int // 3000
	TargetGroupsPerLoadBalancer int // 100
	TargetsPerTargetGroup       int // 1000
}

// Service is Elastic Load Balancing in one account and region.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps `keep:"-"`

	balancers map[string]*balancer
	listeners map[string]*listener
	rules     map[string]*rule
	groups    map[string]*group
	watchers  []func(groupARN, ip string, port int32, state string) `keep:"-"`
	minutes   *loop.Timer
}

// New gives a service without load balancers.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	orDefault(&deps.PropagationTime, time.Second)
	orDefault(&deps.ProvisioningTime, 2*time.Second)
	orDefault(&deps.MetricDelay, 20*time.Second)
	orDefault(&deps.Quotas.LoadBalancers, 50)
	orDefault(&deps.Quotas.ListenersPerLoadBalancer, 50)
	orDefault(&deps.Quotas.RulesPerLoadBalancer, 100)
	orDefault(&deps.Quotas.TargetGroups, 3000)
	orDefault(&deps.Quotas.TargetGroupsPerLoadBalancer, 100)
	orDefault(&deps.Quotas.TargetsPerTargetGroup, 1000)
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		balancers: map[string]*balancer{},
		listeners: map[string]*listener{},
		rules:     map[string]*rule{},
		groups:    map[string]*group{},
	}
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

func (s *Service) arn(resource string) string {
	return partition.ARN("elasticloadbalancing", s.region, s.account, resource)
}

// checkARN refuses what is not the ARN of a resource of this account and Region.
func (s *Service) checkARN(arn, resource, kind string) error {
	if !strings.HasPrefix(arn, s.arn(resource+"/")) {
		return wire.Errorf("ValidationError", "'%s' is not a valid %s ARN", arn, kind)
	}
	return nil
}

// inOrder gives a map's values in the order of their keys.
func inOrder[V any](m map[string]V) []V {
	values := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}
