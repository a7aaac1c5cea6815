package simulate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spelling"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Trial is a spec that is tried in the simulated world.
type Trial struct {
	Spec         rollout.Spec
	Environments []string // that the release goes through, in the spec's order; none is the last alone
	Load         float64  // requests a second that each environment gets
	Tasks        int      // of the slot with the traffic
}

// Try plays a scenario.
func (t Trial) Try(s Scenario) (Outcome, error) {
	tried, err := t.plan(s)
	if err != nil {
		return Outcome{}, err
	}
	result := Play(tried.Plan)
	if result.Seen == nil {
		return Outcome{}, result.Broken
	}
	return outcomeOf(s, tried, result), nil
}

// tried is the run of a scenario.
type tried struct {
	Plan

	notes   []string // in what its world differs from the spec's
	effects []placed
}

// placed is an effect and the act that it is.
type placed struct {
	Effect

	act Act
}

// plan makes the run of a scenario.
func (t Trial) plan(s Scenario) (*tried, error) {
	spec, err := t.chosen()
	if err != nil {
		return nil, err
	}
	out := &tried{notes: differences(spec)}
	out.Name, out.Specs = s.Name, []rollout.Spec{simulated(spec)}
	out.Around = Around{Load: t.Load, Tasks: t.Tasks, Watched: true, Released: true, Patience: spec.Longest() + patience}
	if s.Load != nil {
		out.Around.Load = *s.Load
	}
	out.Around.Silent = out.Around.Load == 0
	start, note, err := opens(spec.Environments[0])
	if err != nil {
		return nil, err
	}
	if out.Around.Start = start; note != "" {
		out.notes = append(out.notes, note)
	}
	version := "good"
	for _, e := range s.Effects {
		switch e.Kind {
		case "good":
		case "quiet":
			out.Around.Silent = true
		case "leak":
			version = "exits:" + e.Value
		case "sick":
			version = "sickens:" + e.Value
		case "unstartable", "unhealthy":
			version = e.Kind
		default:
			act, err := e.act(spec)
			if err != nil {
				return nil, fmt.Errorf("scenario %q: %w", e, err)
			}
			out.effects, out.Acts = append(out.effects, placed{e, act}), append(out.Acts, act)
		}
	}
	out.Acts = slices.Concat([]Act{after(0, "build", spec.App, version)}, out.Acts, answers(spec))
	return out, nil
}

// chosen is the spec with the environments that are tried.
func (t Trial) chosen() (rollout.Spec, error) {
	spec := t.Spec
	var names []string
	for _, env := range spec.Environments {
		names = append(names, env.Name)
	}
	for _, name := range t.Environments {
		if !slices.Contains(names, name) {
			meant := ""
			if near := spelling.Near(name, names); near != "" {
				meant = fmt.Sprintf("; did you mean %q?", near)
			}
			return spec, fmt.Errorf("app %s has no environment %q; it has %s%s", spec.App, name, strings.Join(names, ", "), meant)
		}
	}
	chosen := t.Environments
	if len(chosen) == 0 {
		chosen = names[len(names)-1:]
	}
	spec.Environments = slices.DeleteFunc(slices.Clone(spec.Environments), func(e rollout.Environment) bool { return !slices.Contains(chosen, e.Name) })
	return spec, nil
}

// simulated is a spec as the simulated world can have it: one account, one Region, the
// stacks of infra/service.yaml, one Slack, and people who are there.
func simulated(s rollout.Spec) rollout.Spec {
	out := rollout.Spec{
		App: s.App, Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/" + s.App},
		Triggers: rollout.Triggers{CodeBuild: []string{s.App + "-build"}}, Notify: []rollout.Channel{{Slack: "#deploys"}},
	}
	shared := sharedAlarms(s)
	for _, env := range s.Environments {
		app, name, _ := strings.Cut(standName(store.Place{App: s.App, Environment: env.Name}), "/")
		env.Region, env.Role, env.Cluster, env.Slots = "", "", app+"-"+name, rollout.Names{Blue: app + "-blue", Green: app + "-green"}
		env.ListenerRule, env.TargetGroups, env.TaskDefinition, env.Notify = "", rollout.Names{}, rollout.TaskDefinition{}, nil
		env.Operators, env.Approval = []string{approvers}, asked(env.Approval)
		env.Steps = slices.Clone(env.Steps)
		for i := range env.Steps {
			env.Steps[i].Approval = asked(env.Steps[i].Approval)
		}
		env.Alarms = slices.Clone(env.Alarms)
		for i, alarm := range env.Alarms {
			env.Alarms[i] = alarmIn(env.Name, alarm, shared)
		}
		out.Environments = append(out.Environments, env)
	}
	return out
}

// asked is an approval by people who are there. More than two of them change nothing.
func asked(a *rollout.Approval) *rollout.Approval {
	if a == nil {
		return nil
	}
	here := *a
	here.Slack, here.Approvers, here.Quorum = "#deploys", []string{approvers}, min(a.Quorum, 2)
	return &here
}

// answers are the presses of people who approve at once.
func answers(s rollout.Spec) []Act {
	var acts []Act
	for _, env := range s.Environments {
		name := rollout.NameOf(rollout.Forward, s.App, env.Name, tryNumber)
		press := func(a *rollout.Approval, state string, nth int) {
			for _, person := range []string{"ada", "bob"}[:min(a.Quorum, 2)] {
				acts = append(acts, Act{Moment{Execution: name, State: state, Nth: nth}, "press", person + " approve " + name})
			}
		}
		if env.Approval != nil {
			press(env.Approval, "Approve", 1)
		}
		nth := 0
		for _, step := range env.Steps {
			if step.Approval != nil {
				nth++
				press(step.Approval, "Ask", nth)
			}
		}
	}
	return acts
}

// sharedAlarms are names that environments of different accounts or Regions have in
// common: in the one account of the simulated world they would be one alarm.
func sharedAlarms(s rollout.Spec) map[string]bool {
	where, shared := map[string]string{}, map[string]bool{}
	for _, env := range s.Environments {
		here := env.Region + " " + env.Role
		for _, name := range env.AlarmNames() {
			before, again := where[name]
			shared[name] = shared[name] || again && before != here
			where[name] = here
		}
	}
	return shared
}

// alarmIn is what an alarm of an environment is called in the simulated world.
func alarmIn(environment, alarm string, shared map[string]bool) string {
	if shared[alarm] || shared[strings.ReplaceAll(alarm, "{slot}", string(rollout.Blue))] {
		return environment + ": " + alarm
	}
	return alarm
}

// act is an effect at its moment of the rollout into the last environment.
func (e Effect) act(s rollout.Spec) (Act, error) {
	app, env := s.App, s.Environments[len(s.Environments)-1]
	moment, err := e.At.moment(app, env)
	if err != nil {
		return Act{}, err
	}
	switch e.Kind {
	case "errors":
		part, err := share(e.Value)
		return Act{moment, "turn", fmt.Sprintf("%s errors=%g", app, part)}, err
	case "latency":
		return Act{moment, "turn", app + " latency=" + e.Value}, nil
	case "alarm":
		name, err := e.alarm(env)
		return Act{moment, "alarm", url.QueryEscape(alarmIn(env.Name, name, sharedAlarms(s))) + " ALARM"}, err
	default:
		service, span, err := serviceAndSpan(e.Value)
		return Act{moment, "throttle", service + " " + span.String()}, err
	}
}

// alarm is the alarm that goes red: of the slot that the release is brought into.
func (e Effect) alarm(env rollout.Environment) (string, error) {
	const canary = newSlot
	if len(env.Alarms) == 0 {
		return "", fmt.Errorf("%s has no alarms in the spec that could go red", env.Name)
	}
	if e.Value == "" {
		return strings.ReplaceAll(env.Alarms[0], "{slot}", string(canary)), nil
	}
	for _, alarm := range env.Alarms {
		for _, name := range []string{alarm, strings.ReplaceAll(alarm, "{slot}", string(canary)), strings.ReplaceAll(alarm, "{slot}", string(canary.Other()))} {
			if e.Value == name {
				return strings.ReplaceAll(name, "{slot}", string(canary)), nil
			}
		}
	}
	return "", fmt.Errorf("%s has no alarm %q in the spec; it has %s", env.Name, e.Value, strings.Join(env.Alarms, ", "))
}

// moment is a position in the rollout of the release into an environment.
func (p Position) moment(app string, env rollout.Environment) (Moment, error) {
	m := Moment{Execution: rollout.NameOf(rollout.Forward, app, env.Name, tryNumber), After: p.After}
	switch p.Where {
	case atBefore:
		m.State = string(rollout.PhasePrepare)
	case atGuard:
		m.State = string(rollout.PhaseGuard)
	case atAfter:
		const later = 10 * time.Minute
		m.State, m.After = string(rollout.PhaseRetire), p.After+later
	default:
		if p.Step > len(env.Steps) {
			return m, fmt.Errorf("%s has %d steps; want step1 to step%d", env.Name, len(env.Steps), len(env.Steps))
		}
		m.State = weightState(env.Steps[p.Step-1].Weight)
	}
	return m, nil
}

// opens is when virtual time begins, so that the rollout into an environment is inside of
// its windows when the world has settled, and what is to be said of it.
func opens(env rollout.Environment) (time.Time, string, error) {
	open, next, err := env.OpenAt(midnight.Add(2 * settling))
	if err != nil || open {
		return midnight, "", err
	}
	return next.Add(-2 * settling), fmt.Sprintf("it begins when the windows of %s open: %s", env.Name, next.Format("Monday, 15:04 UTC")), nil
}

// differences says in what the simulated world differs from the spec's.
func differences(s rollout.Spec) []string {
	var notes []string
	elsewhere, people := []string{}, 0
	for _, env := range s.Environments {
		if env.Region != "" || env.Role != "" {
			elsewhere = append(elsewhere, env.Name)
		}
		if env.Approval != nil {
			people++
		}
		for _, step := range env.Steps {
			if step.Approval != nil {
				people++
			}
		}
	}
	if len(elsewhere) > 0 {
		notes = append(notes, fmt.Sprintf("simulated in one account and Region, also what is elsewhere: %s", strings.Join(elsewhere, ", ")))
	}
	if len(s.Containers) > 1 {
		notes = append(notes, fmt.Sprintf("a task's %d containers are simulated as one", len(s.Containers)))
	}
	if people > 0 {
		notes = append(notes, "approvals are given by simulated people, within seconds")
	}
	return notes
}

// Names are the environments that it goes through.
func (t Trial) Names() []string {
	spec, err := t.chosen()
	if err != nil {
		return nil // Try has said so
	}
	var names []string
	for _, env := range spec.Environments {
		names = append(names, env.Name)
	}
	return names
}

// Says is what the spec has done, a line for each environment.
func (t Trial) Says() string {
	spec, err := t.chosen()
	if err != nil {
		return "" // Try has said so
	}
	var lines []string
	for _, env := range spec.Environments {
		var steps []string
		for _, step := range env.Steps {
			steps = append(steps, fmt.Sprintf("%d%% for %s", step.Weight, short(step.Bake)))
		}
		lines = append(lines, fmt.Sprintf("  steps    %s: %s, guard %s", env.Name, strings.Join(steps, ", "), short(env.Guard)))
	}
	return strings.Join(lines, "\n")
}

// OfEachKind are scenarios of each kind, as they befall a deployment with one step or
// more.
func OfEachKind() []Scenario {
	var all []Scenario
	for _, text := range []string{
		"good", "errors=3%@step1", "errors=50%@guard", "latency=2s@step1", "leak=6m", "sick=6m", "unstartable", "unhealthy",
		"alarm@before", "alarm@step1+30s", "throttle=elb:5m@step1", "quiet",
	} {
		s, err := ParseScenario(text)
		if err != nil {
			panic("simulate: " + err.Error()) // a test has them all
		}
		all = append(all, s)
	}
	return all
}
