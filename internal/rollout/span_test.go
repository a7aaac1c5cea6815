package rollout_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestLongest(t *testing.T) {
	t.Parallel()
	asked := func(expires time.Duration) *rollout.Approval { return &rollout.Approval{Expires: expires} }
	env := func(name string, wave int, guard time.Duration, approval *rollout.Approval, steps ...rollout.Step) rollout.Environment {
		return rollout.Environment{Name: name, Wave: wave, Guard: guard, Approval: approval, Steps: steps}
	}
	const m, h = time.Minute, time.Hour
	for _, c := range []struct {
		name string
		envs []rollout.Environment
		want time.Duration
	}{
		{"nothing", nil, 0},
		{"bakes and guard", []rollout.Environment{env("a", 1, h, nil, rollout.Step{Bake: 10 * m}, rollout.Step{Bake: 20 * m})}, 90 * m},
		{"questions before it and before a step", []rollout.Environment{
			env("a", 1, 0, asked(24*h), rollout.Step{Bake: m}, rollout.Step{Bake: m, Approval: asked(2 * h)}),
		}, 26*h + 2*m},
		{"one after another, guards beside what follows", []rollout.Environment{
			env("a", 1, 30*m, nil, rollout.Step{Bake: 10 * m}), env("b", 2, 10*m, nil, rollout.Step{Bake: 10 * m}),
		}, 40 * m},
		{"side by side", []rollout.Environment{
			env("a", 1, 0, asked(3*h)), env("b", 1, 0, asked(h)), env("c", 2, 0, nil, rollout.Step{Bake: 5 * m}),
		}, 3*h + 5*m},
		{"a long guard of the first", []rollout.Environment{env("a", 1, 30*h, nil), env("b", 2, 0, nil, rollout.Step{Bake: h})}, 30 * h},
	} {
		if got := (rollout.Spec{Environments: c.envs}).Longest(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLeast(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	step := func(bakes ...time.Duration) []rollout.Step {
		var steps []rollout.Step
		for _, bake := range bakes {
			steps = append(steps, rollout.Step{Bake: bake})
		}
		return steps
	}
	spec := rollout.Spec{Environments: []rollout.Environment{
		{Name: "staging", Steps: step(2 * m), Guard: 90 * m},
		{Name: "production", Steps: step(10*m, 10*m, 15*m), Guard: 20 * m, Approval: &rollout.Approval{Expires: 24 * time.Hour}},
	}}
	for _, c := range []struct {
		name            string
		plans           map[string]rollout.Plan
		committed, over time.Duration
	}{
		{"as the spec says, without what is waited for people", nil, 37 * m, 92 * m},
		{"a first rollout has one step", map[string]rollout.Plan{"production": {Steps: step(15 * m)}}, 17 * m, 92 * m},
	} {
		if committed, over := spec.Least(c.plans); committed != c.committed || over != c.over {
			t.Errorf("%s: committed after %v, over after %v; want %v and %v", c.name, committed, over, c.committed, c.over)
		}
	}
}
