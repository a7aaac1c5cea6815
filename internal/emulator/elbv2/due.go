package elbv2

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// What happens to load balancers and targets later.
type (
	// arrived: routes have reached the nodes.
	arrived struct {
		service  *Service
		balancer *balancer
		routes   []Listener
	}
	// provisioned is a load balancer.
	provisioned struct {
		service  *Service
		balancer *balancer
	}
	// fullMinute is over.
	fullMinute struct {
		service *Service
		end     time.Time
	}
	// published are a minute's metrics.
	published struct {
		service *Service
		minute  *minute
	}
	// known: the nodes have heard of a target.
	known struct {
		service *Service
		group   *group
		target  *target
	}
	// checked is a target again.
	checked struct {
		service *Service
		group   *group
		target  *target
	}
	// drained has a target.
	drained struct {
		service *Service
		group   *group
		target  *target
	}
)

var (
	_ = keep.Type[arrived]()
	_ = keep.Type[provisioned]()
	_ = keep.Type[fullMinute]()
	_ = keep.Type[published]()
	_ = keep.Type[known]()
	_ = keep.Type[checked]()
	_ = keep.Type[drained]()
)

// Happen implements loop.Event.
func (a arrived) Happen() {
	a.balancer.routed = a.routes
	a.service.configure(a.balancer)
}

// Happen implements loop.Event.
func (p provisioned) Happen() {
	p.balancer.desc.State = &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive}
	p.service.configure(p.balancer)
}

// Happen implements loop.Event.
func (m fullMinute) Happen() { m.service.endMinute(m.end) }

// Happen implements loop.Event.
func (p published) Happen() { p.service.put(p.minute) }

// Happen implements loop.Event.
func (k known) Happen() {
	k.service.setState(k.group, k.target, types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumInitialHealthChecking)
	k.service.check(k.group, k.target)
}

// Happen implements loop.Event.
func (c checked) Happen() { c.service.check(c.group, c.target) }

// Happen implements loop.Event.
func (d drained) Happen() { d.service.remove(d.group, d.target) }

// Resume tells the nodes of all load balancers what they route by. It must be called on
// the loop.
func (s *Service) Resume() error {
	for _, b := range inOrder(s.balancers) {
		s.configure(b)
	}
	return nil
}
