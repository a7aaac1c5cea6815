package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func (r *reader) environment(p place) (rollout.Environment, bool) {
	o := r.object(p, fields{
		known: []string{
			"name", "cluster", "slots", "steps", "alarms", "guard", "watchAfter",
			"acceptStickiness", "listenerRule", "targetGroups", "inconclusive",
		},
		later: []string{"approval", "analysis", "windows", "freezes", "gates", "notify"},
	})
	if !o.ok {
		return rollout.Environment{}, false
	}
	env := rollout.Environment{
		Name:         r.matching(o.get("name"), namePattern, wantName),
		Cluster:      r.matching(o.get("cluster"), clusterPattern, wantCluster),
		Slots:        r.slots(o.get("slots"), servicePattern, wantService),
		Steps:        r.steps(o.get("steps")),
		Alarms:       r.alarms(o.get("alarms")),
		Guard:        DefaultGuard,
		Inconclusive: r.inconclusive(o.get("inconclusive")),
	}
	if guard := o.get("guard"); guard.given() {
		env.Guard = r.duration(guard)
	}
	if after := o.get("watchAfter"); after.given() {
		env.WatchAfter = r.duration(after)
	}
	if accept := o.get("acceptStickiness"); accept.given() {
		env.AcceptStickiness = r.boolean(accept)
	}
	if rule := o.get("listenerRule"); rule.given() {
		env.ListenerRule = r.matching(rule, listenerRulePattern, wantListenerRule)
	}
	if groups := o.get("targetGroups"); groups.given() {
		env.TargetGroups = r.slots(groups, targetGroupPattern, wantTargetGroup)
	}
	return env, true
}

// slots reads one name for each slot; the two must differ.
func (r *reader) slots(p place, pattern *regexp.Regexp, want string) rollout.Names {
	o := r.object(p, fields{known: []string{"blue", "green"}})
	if !o.ok {
		return rollout.Names{}
	}
	names := rollout.Names{Blue: r.matching(o.get("blue"), pattern, want), Green: r.matching(o.get("green"), pattern, want)}
	if names.Blue != "" && names.Blue == names.Green {
		r.add(o.get("green"), fmt.Sprintf("%q", names.Green), "another name than that of blue")
	}
	return names
}

func (r *reader) steps(p place) []rollout.Step {
	const want = "a list of steps such as [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]"
	items, ok := r.list(p, want)
	switch {
	case !ok:
		return nil
	case len(items) == 0:
		r.add(p, "an empty list", want)
		return nil
	case len(items) > MaxSteps:
		r.add(items[MaxSteps], fmt.Sprintf("%d steps", len(items)), fmt.Sprintf("at most %d", MaxSteps))
		return nil
	}
	var steps []rollout.Step
	last := 0
	for i, item := range items {
		o := r.object(item, fields{known: []string{"weight", "bake"}, later: []string{"approval"}})
		if !o.ok {
			continue
		}
		weight := r.weight(o.get("weight"), last, i == len(items)-1)
		last = max(last, weight)
		steps = append(steps, rollout.Step{Weight: weight, Bake: r.duration(o.get("bake"))})
	}
	return steps
}

// weight reads a step's weight: above the one before, and 100 at the end.
func (r *reader) weight(p place, last int, final bool) int {
	weight, ok := r.integer(p, "a whole number from 1 to 100")
	switch {
	case !ok:
		return 0
	case weight < 1 || weight > 100:
		r.add(p, fmt.Sprint(weight), "a whole number from 1 to 100")
		return 0
	case weight <= last:
		r.add(p, fmt.Sprint(weight), fmt.Sprintf("a weight above %d (weights rise step by step)", last))
	case final && weight != 100:
		r.add(p, fmt.Sprint(weight), "100: the last step moves all traffic")
	}
	return weight
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
	o := r.object(p, fields{known: []string{"retries", "then"}})
	if !o.ok {
		return rule
	}
	if retries := o.get("retries"); retries.given() {
		const want = "a whole number from 0 to 10"
		n, ok := r.integer(retries, want)
		if ok && (n < 0 || n > 10) {
			r.add(retries, fmt.Sprint(n), want)
		}
		rule.Retries = n
	}
	if then := o.get("then"); then.given() {
		rule.Then = rollout.Choice(r.choice(then, string(rollout.ChooseRollback), string(rollout.ChooseProceed)))
	}
	return rule
}
