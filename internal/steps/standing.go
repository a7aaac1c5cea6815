package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Standing is how an app's environment stands: what it runs, and what goes on in it.
type Standing struct {
	App         string    `json:"app"`
	Environment string    `json:"environment"`
	At          time.Time `json:"at"` // of the look, by the cloud's clock

	Runs     *Brief      `json:"runs"`     // the release that is committed; nil before the first
	Previous int         `json:"previous"` // the release to go back to; 0 where there is none
	Since    *time.Time  `json:"since"`    // when it was committed
	Rule     RuleAsItIs  `json:"rule"`
	Slots    []SlotAsIs  `json:"slots"`    // blue, then green; none where they cannot be read
	Alarms   []AlarmAsIs `json:"alarms"`   // those of the spec that counts now
	Rollouts []UnderWay  `json:"rollouts"` // first the one that has the environment, then who waits for it
	Latch    *Latched    `json:"latch"`    // nil where no alarm has stopped the rollout under way
	Dirty    *Soiled     `json:"dirty"`    // nil where no person is needed
	Repair   *Repairing  `json:"repair"`   // nil where no way out of Dirty is under way
	// Closed is why no rollout may begin now; nil where one may.
	Closed *rollout.Closure `json:"closed"`
	Unread []string         `json:"unread"` // what could not be read now, and why
}

// RuleAsItIs is the listener rule: what Sluice left there, and what it has now.
type RuleAsItIs struct {
	ARN      string           `json:"arn"`      // "" where it cannot be found
	Recorded *rollout.Weights `json:"recorded"` // nil before Sluice wrote any
	Now      *rollout.Weights `json:"now"`      // nil where it cannot be read
	Foreign  bool             `json:"foreign"`  // it has what Sluice did not write
}

// SlotAsIs is one slot as it was read.
type SlotAsIs struct {
	Slot           rollout.Slot `json:"slot"`
	Role           string       `json:"role"` // stable or canary; "" where nothing says
	Service        string       `json:"service"`
	Release        int          `json:"release"` // 0: none of ours, or none
	TaskDefinition string       `json:"taskDefinition"`
	Desired        int          `json:"desired"`
	Running        int          `json:"running"`
	Healthy        int          `json:"healthy"`
	TargetGroup    string       `json:"targetGroup"`
}

// The roles.
const (
	roleStable = "stable"
	roleCanary = "canary"
)

// AlarmAsIs is an alarm as it was read.
type AlarmAsIs struct {
	rollout.Alarm

	Canary bool `json:"canary"` // it says something about the canary
}

// Latched is the alarm that has stopped the rollout under way.
type Latched struct {
	Alarm string    `json:"alarm"`
	At    time.Time `json:"at"`
}

// Soiled is why an environment is Dirty.
type Soiled struct {
	Rollout string    `json:"rollout"`
	Why     string    `json:"why"`
	At      time.Time `json:"at"`
}

// Brief is a release in a line.
type Brief struct {
	Release int       `json:"release"`
	Commit  string    `json:"commit"`
	Author  string    `json:"author"`
	Link    string    `json:"link"`
	At      time.Time `json:"at"`
}

func brief(r rollout.Release) Brief {
	return Brief{Release: r.Number, Commit: r.Cause.Commit, Author: r.Cause.Author, Link: r.Cause.Link, At: r.At}
}

// Stands looks at an environment. Only what the table says has to be readable: what
// AWS does not tell now is in Unread.
func (s *Steps) Stands(ctx context.Context, app rollout.Spec, spec rollout.Environment) (Standing, error) {
	l := look{Steps: s, spec: spec, registered: spec, out: Standing{
		App: app.App, Environment: spec.Name, At: s.Now().UTC(),
		Slots: []SlotAsIs{}, Alarms: []AlarmAsIs{}, Rollouts: []UnderWay{}, Unread: []string{},
	}}
	var err error
	if l.env, err = s.Store.Environment(ctx, store.Place{App: app.App, Environment: spec.Name}); err != nil {
		return l.out, err
	}
	if err := l.recorded(ctx); err != nil {
		return l.out, err
	}
	if err := l.rollouts(ctx); err != nil {
		return l.out, err
	}
	if err := l.gate(ctx); err != nil {
		return l.out, err
	}
	l.cloud(ctx)
	return l.out, nil
}

// gate is what keeps rollouts from beginning, by the spec that the next is made with.
func (l *look) gate(ctx context.Context) error {
	freezes, err := l.Store.Freezes(ctx, l.out.At)
	if err != nil {
		return err
	}
	l.out.Closed, err = l.registered.Closed(l.out.App, freezes, l.out.At)
	return err
}

// look is a look at an environment under way.
type look struct {
	*Steps

	env        store.Environment
	spec       rollout.Environment // the one that counts: of the release under way, else of what runs, else as registered
	registered rollout.Environment

	owner *portrait // of the rollout that has the environment; nil if none has
	out   Standing
}

// unread notes what could not be read.
func (l *look) unread(what string, err error) {
	l.out.Unread = append(l.out.Unread, fmt.Sprintf("%s: %v", what, err))
}

// recorded is what the table knows of what runs.
func (l *look) recorded(ctx context.Context) error {
	if d := l.env.Dirty; d != nil {
		l.out.Dirty = &Soiled{Rollout: d.Rollout, Why: d.Why, At: d.At}
	}
	facts := l.env.Facts
	if facts == nil {
		return nil
	}
	weights := facts.Weights
	l.out.Rule.ARN, l.out.Rule.Recorded, l.out.Previous = facts.Site.Rule, &weights, facts.Previous
	if facts.Release == 0 {
		return nil
	}
	release, err := l.Store.Release(ctx, l.env.App, facts.Release)
	if err != nil {
		return err
	}
	runs := brief(release)
	l.out.Runs = &runs
	if !l.env.CommittedAt.IsZero() {
		at := l.env.CommittedAt
		l.out.Since = &at
	}
	if spec, ok := release.Spec.Environment(l.out.Environment); ok {
		l.spec = spec
	}
	return nil
}

// cloud is what AWS says.
func (l *look) cloud(ctx context.Context) {
	reach := l.in(l.spec)
	services, err := reach.Services.Describe(ctx, l.spec.Cluster, l.spec.Slots)
	if err != nil {
		l.unread("slots", err)
	} else {
		l.slots(ctx, services)
	}
	read, err := reach.Alarms.Read(ctx, l.spec.AlarmNames())
	if err != nil {
		l.unread("alarms", err)
	}
	for _, a := range read {
		l.out.Alarms = append(l.out.Alarms, AlarmAsIs{a, l.owner != nil && l.spec.Speaks(a.Name, l.stable().Other())})
	}
}

// stable is the slot that has the traffic, or had it before the rollout under way;
// "" where the record does not say.
func (l *look) stable() rollout.Slot {
	if l.owner != nil && l.owner.snapshot() != nil {
		return l.owner.snapshot().StableSlot()
	}
	if l.env.Facts != nil {
		return l.env.Facts.Stable
	}
	return ""
}

// slots are the two services, and the rule before them.
func (l *look) slots(ctx context.Context, services map[rollout.Slot]ecsservice.Service) {
	reach := l.in(l.spec)
	site, err := l.where(ctx, services)
	if err != nil {
		l.unread("listener rule", err)
	}
	for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
		service := services[slot]
		one := SlotAsIs{
			Slot: slot, Service: service.Name, TaskDefinition: service.Primary().TaskDefinition,
			Desired: service.Desired, Running: service.Running, TargetGroup: site.TargetGroups.Of(slot),
		}
		one.Role, one.Release = l.plays(slot, service)
		if one.Healthy, err = reach.Traffic.Healthy(ctx, one.TargetGroup); err != nil {
			l.unread("targets of "+string(slot), err)
		}
		l.out.Slots = append(l.out.Slots, one)
	}
	if site.Rule == "" {
		return
	}
	l.out.Rule.ARN = site.Rule
	rule, err := reach.Traffic.Read(ctx, site.Rule, site.TargetGroups)
	if err != nil {
		l.unread("listener rule", err)
		return
	}
	now := rule.Weights
	l.out.Rule.Now, l.out.Rule.Foreign = &now, l.foreign(now)
}

// where is where the environment's traffic is: as it is recorded, else as the spec says.
func (l *look) where(ctx context.Context, services map[rollout.Slot]ecsservice.Service) (store.Site, error) {
	if l.owner != nil && l.owner.snapshot() != nil {
		return l.owner.snapshot().Site, nil
	}
	if l.env.Facts != nil {
		return l.env.Facts.Site, nil
	}
	return l.site(ctx, &job{Reach: l.in(l.spec), spec: l.spec}, services)
}

// plays is the role of a slot, and the release that it runs, as far as is recorded.
func (l *look) plays(slot rollout.Slot, service ecsservice.Service) (role string, release int) {
	switch stable := l.stable(); {
	case stable == "":
		return "", 0
	case slot == stable:
		role = roleStable
		if facts := l.before(); facts != nil {
			release = facts.Release
		}
	case l.owner != nil:
		role = roleCanary
		if service.Primary().TaskDefinition == l.owner.record.TaskDefinition {
			release = l.owner.record.Release
		}
	}
	if service.Desired == 0 {
		release = 0
	}
	return role, release
}

// before is what was committed before the rollout under way.
func (l *look) before() *store.Facts {
	if l.owner != nil && l.owner.snapshot() != nil {
		return l.owner.snapshot().Facts
	}
	return l.env.Facts
}

// foreign reports whether a rule has weights that Sluice did not write, and is not
// about to write.
func (l *look) foreign(now rollout.Weights) bool {
	recorded := l.out.Rule.Recorded
	if recorded == nil || now == *recorded {
		return false
	}
	intent := l.env.Intent
	moving := l.owner != nil && intent != nil && intent.Rollout == l.owner.record.Name
	return !moving || now != intent.From && now != intent.To
}
