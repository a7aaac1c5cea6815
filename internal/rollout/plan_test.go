package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

var slots = []rollout.Slot{rollout.Blue, rollout.Green}

func TestWeights(t *testing.T) {
	t.Parallel()
	for _, slot := range slots {
		for weight := range 101 {
			w := rollout.Toward(slot, weight)
			if w.Blue+w.Green != 100 {
				t.Fatalf("weights toward %s with %d are %s, which is not 100 together", slot, weight, w)
			}
			if w.Of(slot) != weight || w.Of(slot.Other()) != 100-weight {
				t.Errorf("weights toward %s with %d are %s", slot, weight, w)
			}
			whole, ok := w.Whole()
			want, wantOK := slot, weight == 100
			if weight == 0 {
				want, wantOK = slot.Other(), true
			}
			if ok != wantOK || ok && whole != want {
				t.Errorf("%s: all the traffic is on %q (%t), want %q (%t)", w, whole, ok, want, wantOK)
			}
		}
	}
	for _, w := range []rollout.Weights{{}, {Blue: 100, Green: 100}, {Blue: 100, Green: 1}, {Green: 999}} {
		if slot, ok := w.Whole(); ok {
			t.Errorf("%s: all the traffic is on %s, want it on none", w, slot)
		}
	}
}

func TestSlotOther(t *testing.T) {
	t.Parallel()
	if rollout.Blue.Other() != rollout.Green || rollout.Green.Other() != rollout.Blue {
		t.Errorf("the others of blue and green are %s and %s", rollout.Blue.Other(), rollout.Green.Other())
	}
}

func TestPlanFor(t *testing.T) {
	t.Parallel()
	steps := []rollout.Step{
		{Weight: 10, Bake: time.Minute}, {Weight: 50, Bake: 2 * time.Minute}, {Weight: 100, Bake: 3 * time.Minute},
	}
	env := rollout.Environment{Steps: steps}
	for _, c := range []struct {
		name   string
		kind   rollout.Kind
		stable rollout.Slot
		first  bool
		want   rollout.Plan
	}{
		{"forward", rollout.Forward, rollout.Blue, false, rollout.Plan{
			Kind: rollout.Forward, Canary: rollout.Green, Steps: steps,
		}},
		{"forward the other way", rollout.Forward, rollout.Green, false, rollout.Plan{
			Kind: rollout.Forward, Canary: rollout.Blue, Steps: steps,
		}},
		{"the first takes one step and bakes as the last", rollout.Forward, rollout.Blue, true, rollout.Plan{
			Kind: rollout.Forward, Canary: rollout.Green, Steps: []rollout.Step{{Weight: 100, Bake: 3 * time.Minute}}, First: true,
		}},
		{"a rollback takes one step and does not bake", rollout.Back, rollout.Green, false, rollout.Plan{
			Kind: rollout.Back, Canary: rollout.Blue, Steps: []rollout.Step{{Weight: 100}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := rollout.PlanFor(c.kind, env, c.stable, c.first)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// Every plan begins with nothing on the canary, ends with everything there, and
// each step begins where the one before has ended.
func TestPlanSteps(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{{100}, {10, 50, 100}, {1, 2, 3, 99, 100}} {
		for _, canary := range slots {
			p := rollout.Plan{Canary: canary}
			for _, w := range weights {
				p.Steps = append(p.Steps, rollout.Step{Weight: w})
			}
			at := rollout.Toward(canary, 0)
			for i := range p.Steps {
				before, after := p.Before(i), p.After(i)
				if before != at {
					t.Errorf("%v toward %s: step %d begins at %s, want %s", weights, canary, i, before, at)
				}
				if before.Blue+before.Green != 100 || after.Blue+after.Green != 100 {
					t.Errorf("%v toward %s: step %d goes from %s to %s", weights, canary, i, before, after)
				}
				if got, want := p.Last(i), i == len(weights)-1; got != want {
					t.Errorf("%v: step %d is the last: %t, want %t", weights, i, got, want)
				}
				at = after
			}
			if at != rollout.Toward(canary, 100) {
				t.Errorf("%v toward %s ends at %s", weights, canary, at)
			}
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for stable, want := range map[int]int{0: 1, 1: 1, 2: 2, 40: 40} {
		if got := rollout.Size(stable); got != want {
			t.Errorf("beside %d tasks the canary has %d, want %d", stable, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	from, to := rollout.Toward(rollout.Green, 10), rollout.Toward(rollout.Green, 50)
	for _, c := range []struct {
		name     string
		now      rollout.Weights
		from, to rollout.Weights
		want     rollout.Move
	}{
		{"where it begins", from, from, to, rollout.MoveWrite},
		{"there already", to, from, to, rollout.MoveDone},
		{"somewhere else", rollout.Toward(rollout.Green, 30), from, to, rollout.MoveForeign},
		{"not of ours at all", rollout.Weights{Blue: 1, Green: 1}, from, to, rollout.MoveForeign},
		{"nothing to do", to, to, to, rollout.MoveDone},
	} {
		if got := rollout.Compare(c.now, c.from, c.to); got != c.want {
			t.Errorf("%s: the move is %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		passed, span time.Duration
		want         int
	}{
		{0, time.Minute, 60},
		{59 * time.Second, time.Minute, 1},
		{59*time.Second + 999*time.Millisecond, time.Minute, 1},
		{30*time.Second + time.Millisecond, time.Minute, 30},
		{time.Minute, time.Minute, 1},
		{time.Hour, time.Minute, 1},
		{0, 0, 1},
		{0, time.Millisecond, 1},
		{0, 1001 * time.Millisecond, 2},
		{0, 30 * 24 * time.Hour, 2592000},
	} {
		if got := rollout.Remaining(start, c.span, start.Add(c.passed)); got != c.want {
			t.Errorf("%v after the start of %v there remain %d s, want %d", c.passed, c.span, got, c.want)
		}
	}
}

func TestReleaseName(t *testing.T) {
	t.Parallel()
	r := rollout.Release{App: "shop", Number: 41}
	if got, want := r.Name("production"), "shop-production-41"; got != want {
		t.Errorf("name is %q, want %q", got, want)
	}
}
