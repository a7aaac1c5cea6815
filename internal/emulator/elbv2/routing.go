package elbv2

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// rerouted is called when a load balancer's listeners or rules have changed. The
// groups they name are checked from now on; the nodes route by them when the
// change has reached them.
func (s *Service) rerouted(b *balancer) {
	s.attach(b)
	s.loop.DueIn(s.deps.PropagationTime, arrived{s, b, b.routes()})
}

// attach brings the groups' load balancer in line with the rules.
func (s *Service) attach(b *balancer) {
	named := map[string]bool{}
	for _, r := range b.allRules() {
		collect(named, r.actions)
	}
	for _, g := range inOrder(b.groups) {
		if !named[g.arn] {
			delete(b.groups, g.arn)
			s.reattach(g, nil)
		}
	}
	for arn := range named {
		if g := s.groups[arn]; b.groups[arn] == nil {
			b.groups[arn] = g
		}
	}
	for _, g := range inOrder(b.groups) {
		if g.balancer == nil {
			s.reattach(g, b)
		}
	}
}

// reattach gives a group another load balancer, or none, and its targets a new
// start. Those that are draining go on, unless there is nothing to drain from.
func (s *Service) reattach(g *group, b *balancer) {
	g.balancer = b
	for _, t := range g.inOrder() {
		switch {
		case t.state != types.TargetHealthStateEnumDraining:
			s.startChecks(g, t)
		case b == nil:
			s.remove(g, t)
		}
	}
}

// retarget brings a group's usable targets up to date and tells the load
// balancer's nodes.
func (s *Service) retarget(g *group) {
	g.usable = g.usableTargets()
	if g.balancer != nil {
		s.configure(g.balancer)
	}
}

// configure tells a load balancer's nodes what they route by, once for all that
// has changed in this turn of the loop.
func (s *Service) configure(b *balancer) {
	if b.stale {
		return
	}
	b.stale = true
	s.loop.Post(func() {
		b.stale = false
		if !b.deleted && b.desc.State.Code == types.LoadBalancerStateEnumActive {
			s.deps.Traffic.Configure(s.config(b))
		}
	})
}

func (s *Service) config(b *balancer) Config {
	config := Config{ARN: b.arn, Listeners: b.routed, Groups: map[string]Group{}}
	for _, l := range b.routed {
		for _, r := range l.Rules {
			if r.Forward == nil {
				continue
			}
			for _, weighted := range r.Forward.Groups {
				config.Groups[weighted.ARN] = s.routedGroup(b, weighted.ARN)
			}
		}
	}
	return config
}

// routedGroup gives a group as the nodes of the load balancer see it. Between a
// change of rules and its arrival they may still name a group that is gone.
func (s *Service) routedGroup(b *balancer, arn string) Group {
	g, ok := s.groups[arn]
	if !ok || g.balancer != b {
		return Group{ARN: arn}
	}
	routed := Group{ARN: arn, Targets: g.usable, SlowStart: g.seconds(slowStart)}
	if g.attributes[stickinessEnabled] == "true" {
		routed.Stickiness = g.seconds(stickinessDuration)
	}
	return routed
}

// routes gives the listeners and rules as they are now, as the nodes see them.
func (b *balancer) routes() []Listener {
	routes := make([]Listener, 0, len(b.listeners))
	for _, l := range b.listeners {
		out := Listener{ARN: l.arn, Port: l.settings.port, Protocol: string(l.settings.protocol)}
		for _, r := range append(slices.Clone(l.rules), l.fallback) {
			out.Rules = append(out.Rules, r.route())
		}
		routes = append(routes, out)
	}
	return routes
}

// route gives the rule as the nodes see it; its last action is the one that
// routes.
func (r *rule) route() Rule {
	out := Rule{ARN: r.arn, written: r.conditions}
	_ = out.Restore() // it has been checked
	action := r.actions[len(r.actions)-1]
	switch {
	case action.ForwardConfig != nil:
		out.Forward = forwardOf(action.ForwardConfig)
	case action.FixedResponseConfig != nil:
		config := action.FixedResponseConfig
		out.FixedResponse = &FixedResponse{
			Status:      statusOf(aws.ToString(config.StatusCode)),
			ContentType: aws.ToString(config.ContentType),
			Body:        aws.ToString(config.MessageBody),
		}
	case action.RedirectConfig != nil:
		config := action.RedirectConfig
		out.Redirect = &Redirect{
			Status:   statusOf(strings.TrimPrefix(string(config.StatusCode), "HTTP_")),
			Protocol: *config.Protocol, Host: *config.Host, Port: *config.Port, Path: *config.Path, Query: *config.Query,
		}
	}
	return out
}

// statusOf reads a status code that the model's pattern let through.
func statusOf(code string) int {
	status, err := strconv.Atoi(code)
	if err != nil {
		panic("elbv2: a status code that is no number: " + code)
	}
	return status
}

func forwardOf(config *types.ForwardActionConfig) *Forward {
	out := &Forward{}
	for _, tuple := range config.TargetGroups {
		out.Groups = append(out.Groups, WeightedGroup{ARN: *tuple.TargetGroupArn, Weight: *tuple.Weight})
	}
	if sticky := config.TargetGroupStickinessConfig; *sticky.Enabled {
		out.Stickiness = time.Duration(*sticky.DurationSeconds) * time.Second
	}
	return out
}
