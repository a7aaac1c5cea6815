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
