package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// The promises, as they are named where one is broken.
const (
	WeightsSum    = "weights sum to 100"
	Carried       = "no slot gets weight without enough healthy targets"
	KeptRunning   = "no slot with weight is scaled down"
	EndsWhole     = "a rollout ends with all traffic on one version, or Dirty"
	OneWriter     = "one rollout writes a rule"
	LocksEnd      = "a lock is free, or held by what runs, or waits for recovery, or is Dirty"
	OncePerBuild  = "a build starts at most one deployment"
	Approved      = "nothing that asks goes on unapproved"
	AlarmsKept    = "an alarm that was heard is never lost"
	ScalingKept   = "autoscaling follows the roles and is otherwise as it was"
	Told          = "every ending is told and explained"
	NothingWaits  = "nothing waits for ever"
	ByItself      = "what AWS does wrong needs no person"
	TrafficServed = "no request of a good version fails"
	ReadBack      = "a rule that was written is read back"
	NewestWins    = "no older release follows a newer one"
	FreezesHold   = "nothing begins while it is frozen"
	InOrder       = "an environment's turn comes when those before it are through"
)

// onEffect looks at what a function has done, when it has had its effect.
func (r *Run) onEffect(s *sent, in any) {
	if s == nil {
		return
	}
	switch in := in.(type) {
	case *elb.ModifyRuleInput:
		if p := r.ruled(aws.ToString(in.RuleArn)); p != nil {
			r.onRule(s, p, in.Actions)
		}
	case *ecs.UpdateServiceInput:
		r.onService(s, in)
	}
}

// onRule looks at a rule that a function has written.
func (r *Run) onRule(s *sent, p *place, actions []elbtypes.Action) {
	sum := 0
	last := actions[len(actions)-1]
	if last.ForwardConfig == nil {
		r.broke(WeightsSum, "%s wrote a rule of %s that forwards to no group", s.invocation.Function, p.Place)
		return
	}
	for _, group := range last.ForwardConfig.TargetGroups {
		slot, ours := p.slotOf(aws.ToString(group.TargetGroupArn))
		weight := int(aws.ToInt32(group.Weight))
		sum += weight
		if ours && weight > s.before.Of(slot) {
			r.onRaise(s, p, slot, weight)
		}
	}
	if sum != 100 {
		r.broke(WeightsSum, "%s wrote weights of %s that sum to %d", s.invocation.Function, p.Place, sum)
	}
	if p.env.Owner != s.work.Execution && (s.work.proved.IsZero() || s.work.proofs > 0) {
		r.broke(OneWriter, "%s wrote the rule of %s for %s, which is %q's", s.invocation.Function, p.Place, s.work.Execution, p.env.Owner)
	}
	if since, back := r.backSince[s.work.Execution]; back && s.before.Of(r.canaryOf(p, s)) < p.weights.Of(r.canaryOf(p, s)) && since.Before(s.work.proved) {
		r.broke(OneWriter, "%s gave the canary of %s weight for %s, which goes back since %s",
			s.invocation.Function, p.Place, s.work.Execution, since.Format(time.TimeOnly))
	}
	s.work.proofs++
	p.written = r.Now()
}

// canaryOf is the slot that the sender's rollout brings its release into.
func (r *Run) canaryOf(p *place, s *sent) rollout.Slot {
	if snap := p.env.SnapshotOf(s.work.Rollout); snap != nil {
		return snap.Plan.Canary
	}
	return ""
}

// onRaise looks at a slot that was given more weight.
func (r *Run) onRaise(s *sent, p *place, slot rollout.Slot, weight int) {
	group := p.groups().Of(slot)
	has := max(r.healthyNow(group), s.work.healthy[group])
	need := 1
	snap := p.env.SnapshotOf(s.work.Rollout)
	forward := snap != nil && slot == snap.Plan.Canary
	if forward && s.work.size > 0 {
		stable := snap.Of(snap.StableSlot()).Service
		now, _ := r.ECS.DesiredCount(p.spec.Cluster, stable)
		need = max(1, min(s.work.size, int(now)))
	}
	if has < need {
		r.broke(Carried, "%s gave %s of %s weight %d with %d healthy targets, and it needs %d", s.invocation.Function, slot, p.Place, weight, has, need)
	}
	if !forward || p.env.Kind == rollout.Back {
		return
	}
	if p.latch == s.work.Rollout && p.latched.Before(s.work.proved) {
		r.broke(AlarmsKept, "%s gave the canary of %s weight %d although it was latched at %s", s.invocation.Function, p.Place, weight, p.latched.Format(time.TimeOnly))
	}
	if p.spec.Approval != nil && !r.approvals[s.work.Rollout] {
		r.broke(Approved, "%s gave the canary of %s weight %d, and nobody has approved %s", s.invocation.Function, p.Place, weight, s.work.Rollout)
	}
}

// onService looks at a service that a function has changed.
func (r *Run) onService(s *sent, in *ecs.UpdateServiceInput) {
	if in.DesiredCount == nil {
		return
	}
	for _, p := range r.places {
		for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
			ours := p.spec.Cluster == aws.ToString(in.Cluster) && p.spec.Slots.Of(slot) == aws.ToString(in.Service)
			if ours && p.weights.Of(slot) > 0 && int(*in.DesiredCount) < s.desired && !p.edited.After(p.read) {
				r.broke(KeptRunning, "%s scaled %s of %s from %d to %d, which has weight %d",
					s.invocation.Function, slot, p.Place, s.desired, *in.DesiredCount, p.weights.Of(slot))
			}
		}
	}
}

// onEnvironment looks at an environment whose item was written.
func (r *Run) onEnvironment(p *place, before store.Environment) {
	now := &p.env
	if now.LatchRollout != "" && now.LatchRollout != p.latch {
		p.latch, p.latched = now.LatchRollout, r.Now()
		p.latches = append(p.latches, now.LatchRollout)
		r.trace.note(r.Now(), "latch", "%s: %s, by %s", p.Place, now.LatchRollout, now.LatchAlarm)
	}
	if now.Dirty != nil && before.Dirty == nil {
		r.trace.note(r.Now(), "dirty", "%s: %s", p.Place, now.Dirty.Why)
		if r.plan.asPromised() && !r.isEmpty(p) && !r.stableless(p) {
			r.broke(ByItself, "%s is Dirty: %s", p.Place, now.Dirty.Why)
		}
	}
	if now.Owner == "" && now.Dirty == nil && (now.Waiter != nil || now.RollbackWaiter != nil) {
		r.broke(NothingWaits, "%s is free, and somebody waits for it", p.Place)
	}
	r.onFacts(p, before)
	if before.Owner == "" || now.Rollout == before.Rollout && now.Owner != "" || before.SnapshotOf(before.Rollout) == nil {
		return
	}
	r.onRelease(p)
}

// onFacts looks at what an environment says of its release, and whether a rollout may have
// begun.
func (r *Run) onFacts(p *place, before store.Environment) {
	now := &p.env
	if now.Committed != before.Committed && now.Kind == rollout.Forward {
		if now.Number < p.newest {
			r.broke(NewestWins, "%s committed number %d after %d", p.Place, now.Number, p.newest)
		}
		p.newest = now.Number
		r.committed[now.Committed] = true
	}
	begun := now.SnapshotOf(now.Rollout) != nil && before.SnapshotOf(now.Rollout) == nil && now.Kind == rollout.Forward
	f := r.frozen[p.App]
	if begun && f.Holds(p.App, p.Environment, r.Now()) && f.since.Before(r.Now().Add(-time.Minute)) {
		r.broke(FreezesHold, "%s began in %s, which is frozen since %s", now.Rollout, p.Place, f.since.Format(time.TimeOnly))
	}
	if begun {
		r.inTurn(p)
	}
}

// inTurn looks whether a release that begins in an environment has come to stay in those
// before it.
func (r *Run) inTurn(p *place) {
	release := r.records[p.env.Rollout].Release
	for _, earlier := range r.places {
		if earlier.App != p.App || earlier.spec.Wave >= p.spec.Wave {
			continue
		}
		name := rollout.Release{App: p.App, Number: release}.Name(earlier.Environment)
		outcome := r.records[name].Outcome
		if !r.committed[name] || outcome != "" && outcome != rollout.Succeeded {
			r.broke(InOrder, "%s began, and %s is not through (%q)", p.env.Rollout, name, outcome)
		}
	}
}

// onState looks at what has to hold when a rollout enters a state.
func (r *Run) onState(execution, name, state string) {
	record := r.records[strings.TrimSuffix(name, name[strings.LastIndex(name, "-r")+1:])]
	if known, ok := r.records[name]; ok {
		record = known
	}
	p := r.place(record.Place.App, record.Place.Environment)
	if p == nil {
		return
	}
	switch state {
	case "Rollback":
		if _, known := r.backSince[execution]; !known {
			r.backSince[execution] = r.Now()
		}
	case "Bake":
		if p.read.Before(p.written) {
			r.broke(ReadBack, "%s bakes, and the rule of %s was not read since it was written", name, p.Place)
		}
	case "Judge":
		p.judged = r.Now()
	case "Complete", "Shift":
		r.onPassed(p, record, state)
	}
}

// stableless reports whether the slot to go back to has nothing that is healthy, as a
// version that ends by itself leaves it: no program could go back there.
func (r *Run) stableless(p *place) bool {
	snap := p.env.SnapshotOf(p.env.Rollout)
	return snap != nil && r.healthyNow(p.groups().Of(snap.StableSlot())) == 0
}

// onRelease looks at an environment that a rollout lets go of.
func (r *Run) onRelease(p *place) {
	if p.edited.After(p.read) {
		return // nobody of Sluice's could know
	}
	slot, whole := p.weights.Whole()
	if !whole {
		r.broke(EndsWhole, "%s was let go of with weights %s", p.Place, p.weights)
		return
	}
	if facts := p.env.Facts; facts != nil && (facts.Weights != p.weights || facts.Stable != slot) {
		r.broke(EndsWhole, "%s was let go of with weights %s, and its record says %s", p.Place, p.weights, facts.Weights)
	}
}

// always looks at what has to hold after every step.
func (r *Run) always() {
	for _, p := range r.places {
		owner := p.env.Owner
		if owner == "" || p.env.Dirty != nil || running(r.StepFunctions.Status(owner)) {
			delete(r.stuck, p.String())
			continue
		}
		since, known := r.stuck[p.String()]
		if !known || r.awaited(p.env.Rollout) {
			r.stuck[p.String()] = r.Now()
			continue
		}
		const recovering = 15 * time.Minute
		if r.Now().Sub(since) > recovering {
			r.broke(LocksEnd, "%s is %s's, which is %q, and since %s no deadman is there",
				p.Place, owner, r.StepFunctions.Status(owner), since.Format(time.TimeOnly))
		}
	}
}

// awaited reports whether the rollout has a deadman.
func (r *Run) awaited(rollout string) bool {
	return slices.ContainsFunc(r.Scheduler.Pending(), func(id string) bool { return strings.HasSuffix(id, "/"+rollout) })
}
