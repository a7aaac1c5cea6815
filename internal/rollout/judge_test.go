package rollout_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	env := rollout.Environment{Alarms: []string{"shop-{slot}-5xx", "shop-latency"}}
	const (
		blue, green, both = "shop-blue-5xx", "shop-green-5xx", "shop-latency"
	)
	states := func(b, g, l rollout.AlarmState) []rollout.Alarm {
		return []rollout.Alarm{{Name: blue, State: b}, {Name: green, State: g}, {Name: both, State: l}}
	}
	const ok, redNow, unknown, missing = rollout.AlarmOK, rollout.AlarmRed, rollout.AlarmUnknown, rollout.AlarmMissing
	for _, c := range []struct {
		name   string
		alarms []rollout.Alarm
		want   rollout.Verdict
		why    []string
	}{
		{"no alarms", nil, rollout.Pass, []string{"names no alarms"}},
		{"all green", states(ok, ok, ok), rollout.Pass, []string{"green"}},
		{"the canary's is red", states(ok, redNow, ok), rollout.Fail, []string{green, "red"}},
		{"the other slot's is red", states(redNow, ok, ok), rollout.Fail, []string{blue, "red"}},
		{"one is gone", states(missing, ok, ok), rollout.Fail, []string{blue, "does not exist"}},
		{"the canary's has no data", states(ok, unknown, ok), rollout.Inconclusive, []string{green}},
		{"the common one has no data", states(ok, ok, unknown), rollout.Inconclusive, []string{both}},
		{"two have no data", states(ok, unknown, unknown), rollout.Inconclusive, []string{green, both}},
		{"the other slot's has no data", states(unknown, ok, ok), rollout.Pass, []string{"green"}},
		{"no data, and one red after it", states(ok, unknown, redNow), rollout.Fail, []string{both, "red"}},
		{"a state that is none", states(ok, "ODD", ok), rollout.Inconclusive, []string{green}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := rollout.Judge(env, rollout.Green, c.alarms)
			if j.Verdict != c.want {
				t.Errorf("verdict is %s (%s), want %s", j.Verdict, j.Why, c.want)
			}
			for _, part := range c.why {
				if !strings.Contains(j.Why, part) {
					t.Errorf("the reason %q does not speak of %q", j.Why, part)
				}
			}
			if diff := cmp.Diff(c.alarms, j.Alarms); diff != "" {
				t.Errorf("the alarms it rests on (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	plan := rollout.Plan{Steps: []rollout.Step{{Weight: 10}, {Weight: 100}}}
	rollback := rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback}
	proceed := rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseProceed}
	for _, c := range []struct {
		name         string
		rule         rollout.InconclusiveRule
		verdict      rollout.Verdict
		step         int
		inconclusive int
		want         rollout.Next
	}{
		{"pass", rollback, rollout.Pass, 0, 0, rollout.NextShift},
		{"pass at the last step", rollback, rollout.Pass, 1, 0, rollout.NextComplete},
		{"pass at last", rollback, rollout.Pass, 0, 2, rollout.NextShift},
		{"fail", proceed, rollout.Fail, 0, 0, rollout.NextStop},
		{"fail at the last step", proceed, rollout.Fail, 1, 0, rollout.NextStop},
		{"nothing once", rollback, rollout.Inconclusive, 0, 0, rollout.NextBake},
		{"nothing twice", rollback, rollout.Inconclusive, 0, 1, rollout.NextBake},
		{"nothing too often, go back", rollback, rollout.Inconclusive, 0, 2, rollout.NextStop},
		{"nothing too often, go on", proceed, rollout.Inconclusive, 0, 2, rollout.NextShift},
		{"nothing too often, go on from the last", proceed, rollout.Inconclusive, 1, 2, rollout.NextComplete},
		{"no patience", rollout.InconclusiveRule{Then: rollout.ChooseRollback}, rollout.Inconclusive, 0, 0, rollout.NextStop},
		{"no choice is going back", rollout.InconclusiveRule{}, rollout.Inconclusive, 1, 0, rollout.NextStop},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rollout.After(plan, c.rule, c.verdict, c.step, c.inconclusive); got != c.want {
				t.Errorf("what follows is %s, want %s", got, c.want)
			}
		})
	}
}
