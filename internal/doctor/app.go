package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// Patient is an app that is examined.
type Patient struct {
	Spec         rollout.Spec
	File         string // the spec is from; "" where it is the registered one
	Registered   bool   // whether it is what is registered
	Counter      int    // the app's newest number; 0 where it has none
	Environments []rollout.Environment
}

func (d *Doctor) examineApp(ctx context.Context, p Patient) {
	switch {
	case p.File == "":
	case p.Registered:
		d.ok(p.Spec.App, "registered", p.File+" is what is registered")
	default:
		d.problem(p.Spec.App, "registered", p.File+" is not what is registered, so releases are not made with it", "register it with `sluice apply`")
	}
	for _, env := range p.Environments {
		d.examineEnvironment(ctx, p, env)
	}
}

// environment is one that is examined.
type environment struct {
	*Doctor

	about string // shop/production
	spec  rollout.Environment
	place place
	plan  steps.Planned
}

func (d *Doctor) examineEnvironment(ctx context.Context, p Patient, spec rollout.Environment) {
	e := environment{Doctor: d, about: p.Spec.App + "/" + spec.Name, spec: spec, place: placeOf(awayOf(spec).Config(d.AWS, d.Installation.Now))}
	release := rollout.Release{App: p.Spec.App, Number: p.Counter + 1, Spec: p.Spec}
	var err error
	e.plan, err = d.Steps.Plan(ctx, release, spec.Name)
	e.remoteRole(ctx)
	e.gate(err)
	e.looks(err)
	e.scaling(ctx)
	e.taskDefinition(ctx)
	e.permissions(ctx)
	e.approvers(ctx)
	e.channels(ctx, p.Spec)
}

// gate says whether a freeze or the windows hold what would begin now.
func (e *environment) gate(failed error) {
	switch closed := e.plan.Closed; {
	case closed != nil:
		e.problem(e.about, "gate", closed.Why, "wait until "+closed.Until.UTC().Format(time.RFC3339)+", end a freeze with `sluice thaw`, or break the glass (docs/cli.md)")
	case failed != nil && !slices.Contains(e.plan.Looked, steps.LookState):
		e.unchecked(e.about, "gate", failed.Error())
	default:
		e.ok(e.about, "gate", "no freeze and no window holds rollouts now")
	}
}

// remedies of the looks that Prepare takes too. Most problems say themselves what to do.
func remedy(l steps.Look, env rollout.Environment) string {
	switch l {
	case steps.LookState:
		return "put right what it says (docs/runbook.md#dirty), then `sluice repair`"
	case steps.LookAlarms:
		return "make it green, or put its name right in `alarms` of the spec"
	case steps.LookServices:
		return fmt.Sprintf("make the service in cluster %s, or put `cluster` and `slots` right in the spec; `sluice init` says what is missing", env.Cluster)
	case steps.LookRule:
		return "make one rule that forwards to the target groups of both slots with weights 100 and 0 (docs/migrate.md)"
	case steps.LookClaim:
		return "give each environment a rule of its own, or register the spec again while nothing runs"
	case steps.LookWeights:
		return "set the weights back to what Sluice left, and have the rule forward to the two target groups alone"
	case steps.LookStickiness:
		return "switch the rule's group stickiness off, or set acceptStickiness"
	case steps.LookStable:
		return "make the service with the traffic healthy: look at its events and its tasks' logs"
	case steps.LookTaskDefinition:
		return "have the task definition that runs name the containers of the spec"
	}
	return ""
}

// looks reports what a plan has looked at; failed is why it went no further, if not for
// a problem.
func (e *environment) looks(failed error) {
	found := map[steps.Look][]string{}
	for _, p := range e.plan.Problems {
		found[p.Look] = append(found[p.Look], p.What)
	}
	for _, l := range steps.Looks() {
		switch {
		case len(found[l]) > 0:
			for _, what := range found[l] {
				e.problem(e.about, string(l), what, remedy(l, e.spec))
			}
		case !slices.Contains(e.plan.Looked, l) && failed != nil:
			e.unchecked(e.about, string(l), failed.Error())
		case !slices.Contains(e.plan.Looked, l):
			e.unchecked(e.about, string(l), "it hangs on what is wrong above")
		default:
			e.seen(l)
		}
	}
}

// seen reports a look that found no problem.
func (e *environment) seen(l steps.Look) {
	if l == steps.LookAlarms {
		e.alarms()
		return
	}
	e.ok(e.about, string(l), e.fine(l))
}

// fine is what is so where a look found no problem.
func (e *environment) fine(l steps.Look) string {
	p := e.plan
	switch l {
	case steps.LookState:
		return strings.Join(append([]string{"needs no repair"}, p.Notes...), "; ")
	case steps.LookServices:
		return fmt.Sprintf("%s and %s of %s are ACTIVE, with the controller ECS", p.Services.Blue, p.Services.Green, p.Cluster)
	case steps.LookRule:
		return p.Rule
	case steps.LookClaim:
		return "the rule is nobody else's"
	case steps.LookWeights:
		return "as they were left, between these two target groups alone"
	case steps.LookStickiness:
		return "a rollback reaches everybody, or the spec accepts that it does not"
	case steps.LookStable:
		return "healthy"
	case steps.LookTaskDefinition:
		return "can be made of the one that runs"
	case steps.LookAlarms:
	}
	return ""
}

// alarms reports alarms that are there and not red: one that has no data decides
// nothing, so that bakes are repeated until the spec's choice.
func (e *environment) alarms() {
	if len(e.plan.Alarms) == 0 {
		e.problem(e.about, "alarms", "no alarm is named, so nothing would take a bad version back", "name alarms of each slot in `alarms` of the spec")
		return
	}
	var names, silent []string
	for _, a := range e.plan.Alarms {
		names = append(names, a.Name)
		if a.State == rollout.AlarmUnknown {
			silent = append(silent, a.Name)
		}
	}
	if len(silent) > 0 {
		e.problem(e.about, "alarms", strings.Join(silent, ", ")+" has no data, and a bake that such an alarm watches is inconclusive",
			"have it treat missing data as notBreaching, or watch a metric that is there")
		return
	}
	e.ok(e.about, "alarms", strings.Join(names, ", ")+": green")
}

// channels wants the app of Slack to be in the channels that it is to speak in.
func (e *environment) channels(ctx context.Context, spec rollout.Spec) {
	const check = "slack channels"
	var wanted, absent []string
	for _, c := range spec.Channels(e.spec) {
		if c.Slack != "" {
			wanted = append(wanted, c.Slack)
		}
	}
	switch {
	case len(wanted) == 0:
		return
	case e.Steps.Slack == nil:
		e.problem(e.about, check, "the spec speaks in "+strings.Join(wanted, ", ")+", and Slack is not set up", "set it up (docs/slack.md)")
		return
	}
	joined, err := e.Steps.Slack.Joined(ctx)
	if err != nil { // that it takes the token is looked at with the installation
		e.unchecked(e.about, check, err.Error())
		return
	}
	for _, channel := range wanted {
		if !slices.Contains(joined, channel) {
			absent = append(absent, channel)
		}
	}
	if len(absent) > 0 {
		e.problem(e.about, check, "the app is not in "+strings.Join(absent, ", "), "invite it there with /invite, or put the channel's right name into the spec")
		return
	}
	e.ok(e.about, check, "the app is in "+strings.Join(wanted, ", "))
}

// scaling reads autoscaling, which rollouts suspend and give back.
func (e *environment) scaling(ctx context.Context) {
	read, err := e.Steps.Reach(awayOf(e.spec)).Scaling.Read(ctx, e.spec.Cluster, e.spec.Slots)
	if err != nil {
		e.failed(e.about, "autoscaling", err, "look at the services' scalable targets")
		return
	}
	blue, green := read[rollout.Blue], read[rollout.Green]
	switch {
	case blue == nil && green == nil:
		e.ok(e.about, "autoscaling", "neither slot has any")
	case blue == nil || green == nil:
		e.problem(e.about, "autoscaling", "one slot has a scalable target and the other has none, so the service would stop scaling when they swap",
			"register one for the other slot, with the same policies (docs/migrate.md)")
	default:
		most := max(blue.Max, green.Max)
		e.ok(e.about, "autoscaling", fmt.Sprintf("both slots have a scalable target, at most %d tasks", most))
	}
}
