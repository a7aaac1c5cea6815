package model

import (
	"math"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

// Load is requests that clients send.
type Load struct {
	// LoadBalancerARN is where they go; "" is to every load balancer.
	LoadBalancerARN string
	// Port is the listener's; 0 is the first listener.
	Port int32
	// Request is what conditions see of each of them.
	Request elbv2.Request
	// RequestsPerSecond is how many come, by the time.
	RequestsPerSecond func(t time.Time) float64
}

// AddLoad starts a load; stop ends it.
func (w *World) AddLoad(l Load) (stop func()) {
	w.reckonAll()
	if l.Request.Method == "" {
		l.Request.Method = "GET"
	}
	if l.Request.Path == "" {
		l.Request.Path = "/"
	}
	w.loads = append(w.loads, &l)
	w.setTick()
	return func() {
		w.reckonAll()
		for _, b := range w.balancers {
			delete(b.flows, &l)
		}
		w.loads = slices.DeleteFunc(w.loads, func(other *Load) bool { return other == &l })
		if len(w.loads) == 0 {
			w.tick.Stop()
			w.tick = nil
		}
	}
}

// setTick has requests reckoned a millisecond before each full interval, so that
// they count in the minute they were sent in.
func (w *World) setTick() {
	if w.tick != nil {
		return
	}
	const before = time.Millisecond
	next := w.loop.Now().Add(before).Truncate(w.Every).Add(w.Every).Add(-before)
	w.tick = w.loop.At(next, func() {
		w.tick = nil
		w.reckonAll()
		w.setTick()
	})
}

// balancer is a load balancer's nodes.
type balancer struct {
	elbv2.Config
	reckoned time.Time // up to when requests were dealt out
	flows    map[*Load]*flow
	spreads  map[string]*spread // by rule and by group
}

// flow is a load as one load balancer has it.
type flow struct {
	owed float64 // requests not yet sent
	// rule is the one its requests match, once looked for; nil when nothing
	// listens.
	rule   *elbv2.Rule
	routed bool
}

// Configure takes what a load balancer routes by from now on; what was sent
// before has gone the old way.
func (w *World) Configure(config elbv2.Config) {
	b := w.balancers[config.ARN]
	if b == nil {
		b = &balancer{reckoned: w.loop.Now(), flows: map[*Load]*flow{}, spreads: map[string]*spread{}}
		w.balancers[config.ARN] = b
	} else {
		w.reckon(b)
	}
	b.Config = config
	for _, f := range b.flows {
		f.routed = false
	}
}

// Remove ends a load balancer.
func (w *World) Remove(loadBalancerARN string) {
	if b := w.balancers[loadBalancerARN]; b != nil {
		w.reckon(b)
		delete(w.balancers, loadBalancerARN)
	}
}

func (w *World) reckonAll() {
	for _, b := range inOrder(w.balancers) {
		w.reckon(b)
	}
}

// reckon deals out the requests sent since it last was.
func (w *World) reckon(b *balancer) {
	from, now := b.reckoned, w.loop.Now()
	b.reckoned = now
	if !now.After(from) {
		return
	}
	for _, l := range w.loads {
		if l.LoadBalancerARN != "" && l.LoadBalancerARN != b.ARN {
			continue
		}
		f := b.flow(l)
		f.owed += l.RequestsPerSecond(from) * now.Sub(from).Seconds()
		if requests := whole(&f.owed); f.rule != nil && requests > 0 {
			w.send(b, *f.rule, requests)
		}
	}
}

// whole takes the whole part of what is owed.
func whole(owed *float64) int {
	// What adds up to a whole number in decimals may fall short of it in binary.
	const rounding = 1e-9
	n := math.Floor(*owed + rounding)
	*owed -= n
	return int(n)
}

// flow gives a load's flow, its rule being up to date.
func (b *balancer) flow(l *Load) *flow {
	f := b.flows[l]
	if f == nil {
		f = &flow{}
		b.flows[l] = f
	}
	if f.routed {
		return f
	}
	f.rule, f.routed = nil, true
	for _, listener := range b.Listeners {
		if l.Port == 0 || l.Port == listener.Port {
			rule := listener.Route(l.Request)
			f.rule = &rule
			break
		}
	}
	return f
}

// send deals requests that match a rule out to its groups. What the load
// balancer answers itself reaches nobody.
func (w *World) send(b *balancer, rule elbv2.Rule, requests int) {
	if rule.Forward == nil {
		return
	}
	s := b.spread(rule.ARN, len(rule.Forward.Groups))
	for i, weighted := range rule.Forward.Groups {
		s.weights[i] = float64(weighted.Weight)
	}
	shares, left := s.deal(requests)
	for i, weighted := range rule.Forward.Groups {
		if shares[i] > 0 {
			w.sendToGroup(b, weighted.ARN, shares[i])
		}
	}
	if left > 0 {
		w.Observe(elbv2.Sample{LoadBalancerARN: b.ARN, ELB5XX: left})
	}
}

func (w *World) sendToGroup(b *balancer, arn string, requests int) {
	group := b.Groups[arn]
	if len(group.Targets) == 0 {
		count(w.groups, arn, requests, requests)
		w.Observe(elbv2.Sample{LoadBalancerARN: b.ARN, ELB5XX: requests})
		return
	}
	s := b.spread(arn, len(group.Targets))
	for i, target := range group.Targets {
		s.weights[i] = group.Share(target, w.loop.Now())
	}
	sample := elbv2.Sample{LoadBalancerARN: b.ARN, TargetGroupARN: arn}
	shares, _ := s.deal(requests)
	for i, target := range group.Targets {
		if shares[i] > 0 {
			w.sendToTarget(&sample, target, shares[i])
		}
	}
	count(w.groups, arn, requests, sample.Status[5]+sample.ELB5XX)
	w.Observe(sample)
}

func (w *World) sendToTarget(sample *elbv2.Sample, target elbv2.Target, requests int) {
	sample.Requests += requests
	t, c := w.listener(target.IP, target.Port)
	if c == nil {
		sample.ConnectionErrors += requests
		sample.ELB5XX += requests
		return
	}
	since := w.loop.Now().Sub(t.started)
	c.owed += float64(requests) * c.errorShare(since)
	failed := min(whole(&c.owed), requests)
	sample.Status[5] += failed
	sample.Status[2] += requests - failed
	sample.Latencies = append(sample.Latencies, elbv2.Latency{Seconds: c.latency(since).Seconds(), Count: requests})
	count(w.versions, t.spec.TaskDefinitionARN, requests, failed)
}
