package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// entry is an environment that was read, with the places of what can be checked
// only when all of the file is read.
type entry struct {
	rollout.Environment
	at       object
	notify   []channel
	approval *approval
	steps    []*approval // of the steps that have one
}

// String is the environment's name for people; without one, its place.
func (e *entry) String() string {
	if e.Name == "" {
		return e.at.place.path
	}
	return fmt.Sprintf("%q", e.Name)
}

// environment is the entry's environment with all that was read for it.
func (e *entry) environment() rollout.Environment {
	env := e.Environment
	for _, c := range e.notify {
		env.Notify = append(env.Notify, c.Channel)
	}
	return env
}

// environment reads one environment; before is the one before it in the file, nil
// for the first.
func (r *reader) environment(p place, before *entry) (*entry, bool) {
	o := r.object(p, environmentFields())
	if !o.ok {
		return nil, false
	}
	e := &entry{at: o}
	e.Name = r.matching(o.get("name"), namePattern, wantName)
	e.Wave = r.wave(o.get("wave"), before)
	r.site(o, &e.Environment)
	r.steps(o.get("steps"), e)
	r.people(o, e)
	if windows := o.get("windows"); windows.given() {
		e.Windows = r.windows(windows)
	}
	if notify := o.get("notify"); notify.given() {
		e.notify = r.channels(notify)
	}
	e.Alarms = r.alarms(o.get("alarms"))
	e.Guard = DefaultGuard
	if guard := o.get("guard"); guard.given() {
		e.Guard = r.duration(guard)
	}
	if after := o.get("watchAfter"); after.given() {
		e.WatchAfter = r.duration(after)
	}
	if accept := o.get("acceptStickiness"); accept.given() {
		e.AcceptStickiness = r.boolean(accept)
	}
	if definition := o.get("taskDefinition"); definition.given() {
		e.TaskDefinition.File = r.matching(definition, taskDefinitionPattern, wantTaskDefinition)
	}
	e.Inconclusive = r.inconclusive(o.get("inconclusive"))
	return e, true
}

// people reads who approves and who may act on the environment's rollouts: those
// who approve, where nobody else is named.
func (r *reader) people(o object, e *entry) {
	if p := o.get("approval"); p.given() {
		if e.approval = r.approval(p, MaxDuration); e.approval != nil {
			e.Approval = &e.approval.Approval
			e.Operators = slices.Clone(e.Approval.Approvers)
		}
	}
	if p := o.get("operators"); p.given() {
		if operators, ok := r.approvers(p, 0); ok && len(operators) > 0 {
			e.Operators = operators
		}
	}
}

func (r *reader) steps(p place, e *entry) {
	const want = "a list of steps such as [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]"
	items, ok := r.list(p, want)
	switch {
	case !ok:
		return
	case len(items) == 0:
		r.add(p, "an empty list", want)
		return
	case len(items) > MaxSteps:
		r.add(items[MaxSteps], fmt.Sprintf("%d steps", len(items)), fmt.Sprintf("at most %d", MaxSteps))
		return
	}
	last := 0
	for i, item := range items {
		o := r.object(item, stepFields())
		if !o.ok {
			continue
		}
		weight := r.weight(o.get("weight"), last, i == len(items)-1)
		last = max(last, weight)
		step := rollout.Step{Weight: weight, Bake: r.duration(o.get("bake"))}
		if p := o.get("approval"); p.given() {
			if a := r.approval(p, MaxStepExpiry); a != nil {
				step.Approval = &a.Approval
				e.steps = append(e.steps, a)
			}
		}
		e.Steps = append(e.Steps, step)
	}
}

// weight reads a step's weight: above the one before, and 100 at the end.
func (r *reader) weight(p place, last int, final bool) int {
	weight, ok := r.percent(p)
	switch {
	case !ok:
		return 0
	case weight <= last:
		r.add(p, describe(p.node), fmt.Sprintf("a weight above %d (weights rise step by step)", last))
	case final && weight != 100:
		r.add(p, describe(p.node), "100: the last step moves all traffic")
	}
	return weight
}

// percent reads a share of the traffic, as a number or with its sign.
func (r *reader) percent(p place) (int, bool) {
	const want = "a whole number from 1 to 100, as 10 or 10%"
	if s, ok := p.node.(*ast.StringNode); ok && percentPattern.MatchString(s.Value) {
		n, err := strconv.Atoi(strings.TrimSuffix(s.Value, "%"))
		return n, err == nil
	}
	n, ok := r.integer(p, want)
	if ok && (n < 1 || n > 100) {
		r.add(p, describe(p.node), want)
		return 0, false
	}
	return n, ok
}

// alarms reads the names of alarms, in which {slot} stands for blue and green.
func (r *reader) alarms(p place) []string {
	if !p.given() {
		return nil
	}
	items, ok := r.list(p, "a list of alarm names")
	if !ok {
		return nil
	}
	var alarms []string
	for _, item := range items {
		if name, ok := r.alarm(item); ok {
			alarms = append(alarms, name)
		}
	}
	r.unique(items, alarms)
	if names := (rollout.Environment{Alarms: alarms}).AlarmNames(); len(names) > MaxAlarms {
		r.add(p, fmt.Sprintf("%d alarms", len(names)), fmt.Sprintf("at most %d, counting both slots", MaxAlarms))
	}
	return alarms
}

func (r *reader) alarm(p place) (string, bool) {
	const want = "the name of an alarm"
	name, ok := r.text(p, want)
	if !ok {
		return "", false
	}
	plain := strings.ReplaceAll(name, "{slot}", "green")
	switch {
	case !alarmPattern.MatchString(plain):
		r.add(p, fmt.Sprintf("%q", name), wantAlarm)
	case strings.ContainsAny(plain, "{}"):
		r.add(p, fmt.Sprintf("%q", name), "no other placeholder than {slot}")
	default:
		return name, true
	}
	return "", false
}

// unique reports names that stand in a list twice.
func (r *reader) unique(items []place, names []string) {
	if len(items) != len(names) {
		return // some are wrong anyway
	}
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			r.add(items[i], fmt.Sprintf("%q again", name), "every name once")
		}
		seen[name] = true
	}
}

func (r *reader) inconclusive(p place) rollout.InconclusiveRule {
	rule := rollout.InconclusiveRule{Retries: DefaultRetries, Then: DefaultThen}
	if !p.given() {
		return rule
	}
	o := r.object(p, inconclusiveFields())
	if !o.ok {
		return rule
	}
	if retries := o.get("retries"); retries.given() {
		want := fmt.Sprintf("a whole number from 0 to %d", MaxRetries)
		n, ok := r.integer(retries, want)
		if ok && (n < 0 || n > MaxRetries) {
			r.add(retries, fmt.Sprint(n), want)
		}
		rule.Retries = n
	}
	if then := o.get("then"); then.given() {
		rule.Then = rollout.Choice(r.choice(then, string(rollout.ChooseRollback), string(rollout.ChooseProceed)))
	}
	return rule
}
