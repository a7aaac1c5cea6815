package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// Planned is what a release's rollout into an environment would do, as the account is
// now.
type Planned struct {
	Environment  string            `json:"environment"`
	Wave         int               `json:"wave"`
	Rollout      string            `json:"rollout"`
	Cluster      string            `json:"cluster"`
	Services     rollout.Names     `json:"services"`
	Rule         string            `json:"rule,omitempty"`        // ARN
	TargetGroups rollout.Names     `json:"targetGroups,omitzero"` // ARNs
	Runs         int               `json:"runs"`                  // the release it runs now; 0 before the first
	Approach     *Approach         `json:"approach"`              // nil where problems keep it from being known
	Alarms       []rollout.Alarm   `json:"alarms"`
	Guard        time.Duration     `json:"guard"`              // nanoseconds
	Approval     *rollout.Approval `json:"approval,omitempty"` // before the environment
	Notes        []string          `json:"notes,omitempty"`
	Closed       *rollout.Closure  `json:"closed,omitempty"` // a freeze or the windows hold it now
	Problems     []Problem         `json:"problems"`
	Looked       []Look            `json:"looked"` // that found no problem
}

// Approach is how the release gets in.
type Approach struct {
	rollout.Plan

	Weights        rollout.Weights     `json:"weights"` // of the rule now
	Tasks          int                 `json:"tasks"`   // that the canary starts with
	Family         string              `json:"family"`
	Base           string              `json:"base"`           // ARN of the task definition that it is made from
	TaskDefinition string              `json:"taskDefinition"` // ARN of the one that is used again; "" if one is registered
	Changes        []ecsservice.Change `json:"changes"`
}

// Look is one of the looks that a plan takes.
type Look string

// The looks, in their order. One that finds a problem may leave those after it with
// nothing to look at.
const (
	LookState          Look = "state"           // whether a person is needed
	LookAlarms         Look = "alarms"          // there and not red
	LookServices       Look = "services"        // both slots
	LookRule           Look = "rule"            // found, and each slot with a target group of its own
	LookClaim          Look = "claim"           // nobody else's rule
	LookWeights        Look = "weights"         // as they were left, of these target groups alone
	LookStickiness     Look = "stickiness"      // that a rollback would reach everybody
	LookStable         Look = "stable slot"     // something healthy to go back to
	LookTaskDefinition Look = "task definition" // that one can be made
)

// Looks are all of them.
func Looks() []Look {
	return []Look{LookState, LookAlarms, LookServices, LookRule, LookClaim, LookWeights, LookStickiness, LookStable, LookTaskDefinition}
}

// Problem is what Prepare would refuse, or Lock would wait for without an end.
type Problem struct {
	Look Look              `json:"look"`
	Kind rollout.ErrorKind `json:"kind"`
	What string            `json:"what"`
}

// Plan says what a release would do in an environment, by the looks that Prepare takes
// too, and changes nothing. What Prepare would refuse is listed, as far as the looks go;
// what could not be looked at is an error, and the plan has what was seen before.
func (s *Steps) Plan(ctx context.Context, release rollout.Release, environment string) (Planned, error) {
	j, err := s.imagine(ctx, release, environment)
	if err != nil {
		return Planned{}, err
	}
	p := Planned{
		Environment: environment, Wave: release.Spec.WaveOf(environment), Rollout: j.record.Name,
		Cluster: j.spec.Cluster, Services: j.spec.Slots, Alarms: []rollout.Alarm{}, Guard: j.spec.Guard, Approval: j.spec.Approval,
		Problems: []Problem{},
	}
	if j.env.Facts != nil {
		p.Runs = j.env.Facts.Release
	}
	if err := s.planState(ctx, &j, &p); err != nil {
		return p, err
	}
	if err := planAlarms(ctx, &j, &p); err != nil {
		return p, fmt.Errorf("look at %s: %w", j.record.Place, err)
	}
	if err := s.planApproach(ctx, &j, &p); err != nil {
		return p, fmt.Errorf("look at %s: %w", j.record.Place, err)
	}
	return p, nil
}

// looked notes what a look has found: nothing, or why a rollout may not begin. It
// reports whether there is something to stop for; another error it gives back.
func (p *Planned) looked(at Look, err error) (bool, error) {
	switch kind := rollout.KindOf(err); kind { //nolint:exhaustive // the others say nothing of the rollout
	case "":
		p.Looked = append(p.Looked, at)
		return false, nil
	case rollout.KindRefused, rollout.KindNotFound, rollout.KindRuleChanged, rollout.KindDirty:
		p.Problems = append(p.Problems, Problem{Look: at, Kind: kind, What: err.Error()})
		return true, nil
	default:
		return true, err
	}
}

// imagine is the job that Prepare would have.
func (s *Steps) imagine(ctx context.Context, release rollout.Release, environment string) (job, error) {
	place := store.Place{App: release.App, Environment: environment}
	spec, ok := release.Spec.Environment(environment)
	if !ok {
		return job{}, rollout.Errorf(rollout.KindNotFound, "the spec of %s has no environment %q", release.App, environment)
	}
	env, err := s.Store.Environment(ctx, place)
	return job{
		Reach: s.in(spec), release: release, spec: spec, env: env,
		record: store.Record{
			Name: release.Name(environment), Place: place, Kind: rollout.Forward, Number: release.Number, Release: release.Number,
		},
	}, err
}

// planState tells of what goes on in the environment now.
func (s *Steps) planState(ctx context.Context, j *job, p *Planned) error {
	var err error
	if dirty := j.env.Dirty; dirty != nil {
		err = rollout.Errorf(rollout.KindDirty, "%s needs a person since %s, and no rollout gets in until it is repaired: %s",
			j.record.Place, dirty.At.Format(time.RFC3339), dirty.Why)
	} else if j.env.Owner != "" {
		p.Notes = append(p.Notes, fmt.Sprintf("%s has the environment now; this rollout waits for its end, and what it finds then may be otherwise", j.env.Rollout))
	}
	if _, err := p.looked(LookState, err); err != nil {
		return err
	}
	p.Closed, err = s.closed(ctx, j.record, j.spec)
	return err
}

func planAlarms(ctx context.Context, j *job, p *Planned) error {
	read, err := j.Alarms.Read(ctx, j.spec.AlarmNames())
	if err != nil {
		return err
	}
	p.Alarms = append(p.Alarms, read...)
	red := false
	for _, a := range read {
		if err := notRed(a, greenFirst); err != nil {
			red, _ = p.looked(LookAlarms, err)
		}
	}
	if !red {
		p.Looked = append(p.Looked, LookAlarms)
	}
	return nil
}

// planApproach takes Prepare's looks at slots and rule in their order.
func (s *Steps) planApproach(ctx context.Context, j *job, p *Planned) error {
	services, err := j.Services.Describe(ctx, j.spec.Cluster, j.spec.Slots)
	if stop, err := p.looked(LookServices, err); stop {
		return err
	}
	site, err := s.site(ctx, j, services)
	if stop, err := p.looked(LookRule, err); stop {
		return err
	}
	p.Rule, p.TargetGroups = site.Rule, site.TargetGroups
	if _, err := p.looked(LookClaim, s.planClaim(ctx, j, site, p)); err != nil {
		return err
	}
	j.snap = s.found(j, site, services)
	rule, err := planSurvey(ctx, j, services)
	if stop, err := p.looked(LookWeights, err); stop {
		return err
	}
	if _, err := p.looked(LookStickiness, unsticky(rule, j.spec)); err != nil {
		return err
	}
	if _, err := p.looked(LookStable, stableHealthy(ctx, j, services)); err != nil {
		return err
	}
	rendered, err := s.render(ctx, j)
	if stop, err := p.looked(LookTaskDefinition, err); stop {
		return err
	}
	p.Approach = &Approach{
		Plan: j.snap.Plan, Weights: rule.Weights, Tasks: rollout.Size(services[j.snap.StableSlot()].Desired),
		Family: rendered.Family(), Base: rendered.Base, TaskDefinition: rendered.Same, Changes: rendered.Changes(),
	}
	return nil
}

// planSurvey is survey for an environment that may be on its way elsewhere: while a
// rollout has it, the weights are that one's, and it may yet go back.
func planSurvey(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) (traffic.Rule, error) {
	under := j.env.SnapshotOf(j.env.Rollout)
	if j.env.Owner == "" || under == nil {
		return survey(ctx, j, services)
	}
	rule, err := j.Traffic.Read(ctx, j.snap.Site.Rule, j.snap.Site.TargetGroups)
	stable := under.StableSlot()
	if facts := j.env.Facts; facts != nil {
		stable = facts.Stable
	}
	j.snap.Plan = rollout.PlanFor(rollout.Forward, j.spec, stable, false)
	return rule, err
}

// planClaim is Refused where the rule is another's, or the environment would have to
// move and cannot. What registering the spec does first is taken as done.
func (s *Steps) planClaim(ctx context.Context, j *job, site store.Site, p *Planned) error {
	holder, held, err := s.Store.RuleHolder(ctx, site.Rule)
	if err != nil {
		return err
	}
	if held {
		if err := claimable(site.Rule, holder, j.record.Place); err != nil {
			return err
		}
	}
	if err := stays(j, site); err != nil {
		if j.env.Owner != "" || !moved(j.env.Facts.Site, j.spec) {
			return err
		}
		p.Notes = append(p.Notes, "registering the spec moves the environment to other services or another rule")
		j.env.Facts, p.Runs = nil, 0
	}
	return nil
}
