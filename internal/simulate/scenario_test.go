package simulate_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/simulate"
)

// tried is an app with staging and production, as small as a spec may be.
func tried() rollout.Spec {
	env := func(name string, wave int, steps ...rollout.Step) rollout.Environment {
		return rollout.Environment{
			Name: name, Wave: wave, Cluster: name, Slots: rollout.Names{Blue: "blue", Green: "green"}, Steps: steps, Guard: 5 * time.Minute,
			Alarms: []string{name + "-{slot}-5xx", name + "-{slot}-latency"}, Inconclusive: rollout.InconclusiveRule{Retries: 1, Then: rollout.ChooseRollback},
		}
	}
	return rollout.Spec{
		App: "shop", Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"}, Triggers: rollout.Triggers{Event: true},
		Environments: []rollout.Environment{
			env("staging", 1, rollout.Step{Weight: 100, Bake: 2 * time.Minute}),
			env("production", 2, rollout.Step{Weight: 10, Bake: 5 * time.Minute}, rollout.Step{Weight: 100, Bake: 5 * time.Minute}),
		},
	}
}

func try(t *testing.T, trial simulate.Trial, scenario string) simulate.Outcome {
	t.Helper()
	s, err := simulate.ParseScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	o, err := trial.Try(s)
	if err != nil {
		t.Fatal(err)
	}
	if o.Broken != "" {
		t.Errorf("%s: a promise is broken: %s", scenario, o.Broken)
	}
	return o
}

// What each kind of effect leads to.
func TestScenarios(t *testing.T) {
	t.Parallel()
	const (
		begin   = "Start Approve Lock Prepare"
		step    = " Shift Bake"
		judged  = " Judge Next"
		good    = begin + " AwaitCanary" + step + judged + step + judged + " Complete Guard Retire"
		back    = " Rollback Settle Restore"
		stopped = begin + " AwaitCanary" + step + back
	)
	for _, c := range []struct {
		scenario string
		outcome  rollout.Outcome
		path     string // of the first rollout
		bad      func(o simulate.Outcome) bool
	}{
		{"good", rollout.Succeeded, good, none},
		{"quiet", rollout.Succeeded, good, func(o simulate.Outcome) bool { return o.New.Requests == 0 && o.Old.Requests == 0 }},
		{"errors=3%@step1", rollout.RolledBack, stopped, failing(0.03)},
		{"errors=3%@step1+90s", rollout.RolledBack, stopped, failing(0.03)},
		{"errors=50%@guard", rollout.RolledBack, begin + " AwaitCanary" + step + judged + step + judged + " Complete Guard" + back, failing(0.5)},
		{"errors=0.5%@step2", rollout.Succeeded, good, failing(0.005)}, // below what is red
		{"latency=2s@step2", rollout.RolledBack, begin + " AwaitCanary" + step + judged + step + back, allSlow},
		{"latency=400ms@step1", rollout.Succeeded, good, none},
		{"unstartable", rollout.RolledBack, begin + " AwaitCanary" + back, untouched},
		{"unhealthy", rollout.RolledBack, begin + " AwaitCanary" + back, untouched},
		{"alarm@before", rollout.Refused, begin + back, untouched},
		{"alarm=production-{slot}-latency@step2", rollout.RolledBack, begin + " AwaitCanary" + step + judged + step + back, none},
		{"alarm@guard+1m", rollout.RolledBack, begin + " AwaitCanary" + step + judged + step + judged + " Complete Guard" + back, none},
		{"alarm@after", rollout.RolledBack, good, none}, // a rollback rollout takes it back
		{"leak=4m", rollout.RolledBack, begin + " AwaitCanary" + step + back, func(o simulate.Outcome) bool { return o.New.Failed > 0 && o.Old.Failed == 0 }},
		{"sick=4m", rollout.Succeeded, "", none},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			t.Parallel()
			o := try(t, simulate.Trial{Spec: tried(), Load: 100, Tasks: 2}, c.scenario)
			path := strings.Join(o.Rollouts[0].Path, " ")
			if o.Outcome != c.outcome || c.path != "" && path != c.path {
				t.Errorf("it ended %s by %s, want %s by %s", o.Outcome, path, c.outcome, c.path)
			}
			if !c.bad(o) {
				t.Errorf("new %+v, while bad %+v, old %+v", o.New, o.WhileBad, o.Old)
			}
			if len(o.Unmet) > 0 {
				t.Errorf("unmet: %v", o.Unmet)
			}
		})
	}
}

func none(o simulate.Outcome) bool { return o.New.Requests > 0 && o.New.Bad() == 0 && o.Old.Bad() == 0 }

func untouched(o simulate.Outcome) bool {
	return o.New == simulate.Answers{} && o.Old.Bad() == 0 && o.Old.Requests > 0
}

func allSlow(o simulate.Outcome) bool {
	return o.WhileBad.Requests > 0 && o.WhileBad.Slow == o.WhileBad.Requests && o.Old.Bad() == 0
}

// failing is the exact share: what is left over of a request is carried on, by each of the
// two tasks, and requests are dealt out every five seconds.
func failing(share float64) func(o simulate.Outcome) bool {
	return func(o simulate.Outcome) bool {
		const seconds, rate = 5, 100
		want, slack := share*float64(o.WhileBad.Requests), 2+share*seconds*rate
		return o.New.Failed > 0 && math.Abs(float64(o.WhileBad.Failed)-want) <= slack && o.Old.Bad() == 0
	}
}

// While AWS refuses, nothing moves, and then it goes on.
func TestThrottled(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"elb", "ecs", "dynamodb", "events"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			o := try(t, simulate.Trial{Spec: tried(), Load: 100, Tasks: 2}, "throttle="+service+":5m@step1")
			if o.Outcome != rollout.Succeeded || o.New.Bad() > 0 {
				t.Errorf("it ended %s (%s), new %+v", o.Outcome, o.Reason, o.New)
			}
		})
	}
}

// A bad version never comes to the environment behind the one that stops it.
func TestEnvironmentsInOrder(t *testing.T) {
	t.Parallel()
	trial := simulate.Trial{Spec: tried(), Load: 100, Tasks: 3, Environments: []string{"production", "staging"}}
	o := try(t, trial, "unstartable")
	if len(o.Rollouts) != 1 || o.Rollouts[0].Environment != "staging" || o.Outcome != rollout.RolledBack {
		t.Errorf("rollouts %+v, want staging's alone, which went back", o.Rollouts)
	}
	if o = try(t, trial, "alarm@step2"); len(o.Rollouts) != 2 || o.Rollouts[0].Outcome != rollout.Succeeded || o.Outcome != rollout.RolledBack {
		t.Errorf("rollouts %+v, want production's to go back", o.Rollouts)
	}
	if o = try(t, trial, "errors=3%@step2,alarm@step1"); len(o.Unmet) != 1 || o.Unmet[0] != "errors=3%@step2" {
		t.Errorf("unmet are %v, want the errors of a step that it never came to", o.Unmet)
	}
}

// Whatever a spec says can be simulated, and what differs is told.
func TestAnySpec(t *testing.T) {
	t.Parallel()
	spec := tried()
	spec.App, spec.Containers["proxy"] = "a-name-as-long-as-it-may", "123456789012.dkr.ecr.us-east-1.amazonaws.com/proxy"
	people := &rollout.Approval{Approvers: []string{"U024BE7LH"}, Quorum: 3, Expires: time.Hour, OnExpiry: rollout.Reject, NotAuthor: true}
	for i := range spec.Environments {
		env := &spec.Environments[i]
		env.Region, env.Approval, env.Alarms = []string{"eu-west-1", "ap-southeast-2"}[i], people, []string{"web {slot}: p99 + 1%", "checkout", "BLUE errors"}
		env.Windows = []rollout.Window{{Days: []time.Weekday{time.Tuesday}, From: 9 * 60, To: 17 * 60, Zone: "Europe/Berlin"}}
	}
	spec.Environments[1].Steps[1].Approval = people
	spec.Environments[1].TaskDefinition = rollout.TaskDefinition{File: "task.json", Text: "{}"}
	o := try(t, simulate.Trial{Spec: spec, Load: 10, Tasks: 1, Environments: []string{"staging", "production"}}, "alarm=checkout@guard")
	if o.Outcome != rollout.RolledBack || len(o.Rollouts) != 2 || o.Back == nil {
		t.Errorf("it ended %s (%s), rollouts %+v", o.Outcome, o.Reason, o.Rollouts)
	}
	wantNotes := []string{
		"simulated in one account and Region, also what is elsewhere: staging, production", "a task's 2 containers are simulated as one",
		"approvals are given by simulated people, within seconds", "it begins when the windows of staging open: Tuesday, 08:00 UTC",
	}
	if diff := cmp.Diff(wantNotes, o.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	var measures []string
	for _, a := range o.Alarms[:4] {
		measures = append(measures, a.Alarm+": "+a.Measures)
	}
	want := []string{
		"staging: web blue: p99 + 1%: mean latency of blue above 0.5 s", "staging: web green: p99 + 1%: mean latency of green above 0.5 s",
		"staging: checkout: share of failed requests of both slots together above 1 percent, as its name suggests nothing else",
		"staging: BLUE errors: share of failed requests of blue above 1 percent",
	}
	if diff := cmp.Diff(want, measures); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// The same scenario gives the same outcome and the same picture to the byte.
func TestOutcomesRepeat(t *testing.T) {
	t.Parallel()
	told := func() string {
		o := try(t, simulate.Trial{Spec: tried(), Load: 100, Tasks: 2}, "errors=3%@step1,throttle=ecs:1m@step1")
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + simulate.Picture([]simulate.Panel{{Title: "a & b", Outcome: o}})
	}
	if a, b := told(), told(); a != b {
		t.Errorf("it differs (-first +second):\n%s", cmp.Diff(a, b))
	}
}

// Every scenario of OfEachKind can be parsed, and says itself again.
func TestOfEachKind(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{}
	for _, s := range simulate.OfEachKind() {
		for _, e := range s.Effects {
			kinds[e.Kind] = true
			again, err := simulate.ParseEffect(e.String())
			if err != nil || again != e {
				t.Errorf("%q is read as %+v, %v", e, again, err)
			}
		}
	}
	if want := len(simulate.Effects()); len(kinds) != want {
		t.Errorf("there are %d kinds in it, want all %d", len(kinds), want)
	}
}

// The files in docs are scenarios by the reader and by the schema.
func TestScenariosInDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/scenarios/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	effect := effectPattern(t)
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // one of the examples
		if err != nil {
			t.Fatal(err)
		}
		s, err := simulate.ReadScenario(file, text)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, e := range s.Effects {
			if !effect.MatchString(e.String()) {
				t.Errorf("%s: the schema does not take %q", file, e)
			}
		}
		if o, err := (simulate.Trial{Spec: tried(), Load: 100, Tasks: 2}).Try(s); err != nil || o.Broken != "" || o.Outcome != rollout.RolledBack {
			t.Errorf("%s: it ended %s (%v%s)", file, o.Outcome, err, o.Broken)
		}
	}
	for _, s := range simulate.OfEachKind() {
		if !effect.MatchString(s.Effects[0].String()) {
			t.Errorf("the schema does not take %q", s.Effects[0])
		}
	}
}

// effectPattern is what the schema of scenario files says of an effect.
func effectPattern(t *testing.T) *regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile("../../schema/scenario.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Effects struct {
				Items struct {
					Pattern string `json:"pattern"`
				} `json:"items"`
			} `json:"effects"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(schema.Properties.Effects.Items.Pattern)
}

// The picture in docs is what is drawn now.
func TestPictureInDocs(t *testing.T) {
	t.Parallel()
	o := try(t, simulate.Trial{Spec: tried(), Load: 100, Tasks: 2}, "errors=3%@step1")
	got := simulate.Picture([]simulate.Panel{{Title: "shop production: errors=3%@step1", Outcome: o}})
	const file = "../../docs/images/whatif.svg"
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
		t.Errorf("%s: %v (-want +got; UPDATE_SCRIPTS=1 writes it):\n%s", file, err, diff)
	}
}
