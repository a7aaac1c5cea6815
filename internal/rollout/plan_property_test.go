package rollout_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Whatever the spec, a plan begins with nothing on its canary, each step begins where the
// one before has ended and gives the canary more, and the last gives it everything.
func TestEveryPlanRisesTo100(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		env := rollout.Environment{Steps: steps().Draw(t, "steps")}
		stable := slot().Draw(t, "stable")
		kind := rapid.SampledFrom([]rollout.Kind{rollout.Forward, rollout.Back}).Draw(t, "kind")
		first := rapid.Bool().Draw(t, "first")
		p := rollout.PlanFor(kind, env, stable, first)
		if p.Canary == stable {
			t.Fatalf("the canary is the stable slot %s", stable)
		}
		if whole := (kind == rollout.Back || first); whole != (len(p.Steps) == 1) && len(env.Steps) > 1 {
			t.Fatalf("a %s rollout, the first %t, has %d steps", kind, first, len(p.Steps))
		}
		if bakes := p.Steps[len(p.Steps)-1].Bake > 0; bakes == (kind == rollout.Back) {
			t.Fatalf("a %s rollout bakes: %t", kind, bakes)
		}
		at := rollout.Toward(p.Canary, 0)
		for i := range p.Steps {
			before, after := p.Before(i), p.After(i)
			if before != at || after.Of(p.Canary) <= before.Of(p.Canary) || after.Blue+after.Green != 100 || min(after.Blue, after.Green) < 0 {
				t.Fatalf("step %d goes from %s to %s; the rule was at %s", i, before, after, at)
			}
			if p.Last(i) != (after == rollout.Toward(p.Canary, 100)) {
				t.Fatalf("step %d to %s is the last: %t", i, after, p.Last(i))
			}
			at = after
		}
		if whole, ok := at.Whole(); !ok || whole != p.Canary {
			t.Fatalf("it ends at %s", at)
		}
	})
}

// A move that is made as Compare says, however often it is begun again, is written once;
// and what neither of its ends is, is never taken for ours.
func TestAMoveIsWrittenOnce(t *testing.T) {
	t.Parallel()
	weights := rapid.Custom(func(t *rapid.T) rollout.Weights {
		return rollout.Weights{Blue: rapid.IntRange(0, 3).Draw(t, "blue"), Green: rapid.IntRange(0, 3).Draw(t, "green")}
	})
	rapid.Check(t, func(t *rapid.T) {
		now, from, to := weights.Draw(t, "now"), weights.Draw(t, "from"), weights.Draw(t, "to")
		written := 0
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			switch rollout.Compare(now, from, to) {
			case rollout.MoveWrite:
				if now != from {
					t.Fatalf("%s is written over, on the way from %s to %s", now, from, to)
				}
				now = to
				written++
			case rollout.MoveDone:
				if now != to {
					t.Fatalf("%s is taken for %s", now, to)
				}
			case rollout.MoveForeign:
				if now == from || now == to {
					t.Fatalf("%s is foreign between %s and %s", now, from, to)
				}
			}
		}
		if written > 1 {
			t.Fatalf("it was written %d times", written)
		}
	})
}

// Whatever the verdicts, a rollout comes to an end: it completes only after its last step,
// never after a fail, and bakes no step more often than the rule allows.
func TestEveryRolloutEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rollout.Plan{Steps: steps().Draw(t, "steps")}
		rule := rollout.InconclusiveRule{
			Retries: rapid.IntRange(0, 3).Draw(t, "retries"),
			Then:    rapid.SampledFrom([]rollout.Choice{rollout.ChooseRollback, rollout.ChooseProceed}).Draw(t, "then"),
		}
		step, again := 0, 0
		for range len(p.Steps) * (rule.Retries + 1) {
			v := rapid.SampledFrom([]rollout.Verdict{rollout.Pass, rollout.Fail, rollout.Inconclusive}).Draw(t, "verdict")
			next := rollout.After(p, rule, v, step, again)
			if v == rollout.Fail && next != rollout.NextStop || v == rollout.Pass && (next == rollout.NextStop || next == rollout.NextBake) {
				t.Fatalf("after %s follows %s", v, next)
			}
			switch next {
			case rollout.NextShift:
				step, again = step+1, 0
			case rollout.NextBake:
				again++
			case rollout.NextComplete:
				if !p.Last(step) {
					t.Fatalf("complete after step %d of %d", step+1, len(p.Steps))
				}
				return
			case rollout.NextStop:
				return
			}
			if step >= len(p.Steps) {
				t.Fatalf("there is no step %d of %d", step+1, len(p.Steps))
			}
		}
		t.Fatalf("it goes on after all its bakes")
	})
}

// No alarm in a worse state makes the verdict better, and their order says nothing.
func TestWorseAlarmsAreNoBetter(t *testing.T) {
	t.Parallel()
	order := map[rollout.Verdict]int{rollout.Pass: 0, rollout.Inconclusive: 1, rollout.Fail: 2}
	states := []rollout.AlarmState{rollout.AlarmOK, rollout.AlarmUnknown, rollout.AlarmMissing, rollout.AlarmRed}
	env := rollout.Environment{Alarms: []string{"{slot}-errors", "{slot}-latency", "queue"}}
	rapid.Check(t, func(t *rapid.T) {
		canary := slot().Draw(t, "canary")
		var alarms []rollout.Alarm
		for _, name := range env.AlarmNames() {
			alarms = append(alarms, rollout.Alarm{Name: name, State: rapid.SampledFrom(states).Draw(t, name)})
		}
		was := rollout.Judge(env, canary, alarms).Verdict
		if got := rollout.Judge(env, canary, rapid.Permutation(alarms).Draw(t, "order")).Verdict; got != was {
			t.Fatalf("in another order %s, else %s", got, was)
		}
		i := rapid.IntRange(0, len(alarms)-1).Draw(t, "one")
		for _, worse := range states[1:] {
			if alarms[i].State == rollout.AlarmOK || worse == rollout.AlarmRed {
				alarms[i].State = worse
				if got := rollout.Judge(env, canary, alarms).Verdict; order[got] < order[was] {
					t.Fatalf("%s as %s makes %s of %s", alarms[i].Name, worse, got, was)
				}
			}
		}
		if got := rollout.Judge(env, canary, alarms).Verdict; got != rollout.Fail {
			t.Fatalf("%s with a red alarm", got)
		}
	})
}

// What remains of a span reaches its end, is no second too long, and is never nothing.
func TestRemainingReachesTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := moment().Draw(t, "start")
		span := time.Duration(rapid.Int64Range(1, int64(30*24*time.Hour)).Draw(t, "span"))
		now := start.Add(time.Duration(rapid.Int64Range(0, int64(31*24*time.Hour)).Draw(t, "passed")))
		left, over := time.Duration(rollout.Remaining(start, span, now))*time.Second, start.Add(span)
		if left < time.Second || now.Add(left).Before(over) || left > time.Second && !now.Add(left-time.Second).Before(over) {
			t.Fatalf("%s remain of %s at %s", left, span, now.Sub(start))
		}
	})
}

// Scaling follows the roles: while traffic moves both slots may grow and not shrink, within
// the stable's bounds; a slot that is put to rest comes back as the stable is.
func TestScalingFollowsTheRoles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stable, canary := scaling().Draw(t, "stable"), scaling().Draw(t, "canary")
		held := stable.Held()
		if held.Held() != held || !held.InSuspended || held.OutSuspended != stable.OutSuspended || held.Min != stable.Min || held.Max != stable.Max {
			t.Fatalf("%+v held is %+v", stable, held)
		}
		idle := canary.Idle()
		if idle.Idle() != idle || idle.Min != 0 || idle.Max != canary.Max || !idle.InSuspended || !idle.OutSuspended || !idle.ScheduledSuspended {
			t.Fatalf("%+v at rest is %+v", canary, idle)
		}
		if got := idle.Following(&stable); got != held {
			t.Fatalf("after %+v the canary gets %+v, want %+v", stable, got, held)
		}
		if got := canary.Following(nil); got != canary.Held() {
			t.Fatalf("after none the canary gets %+v, want %+v", got, canary.Held())
		}
	})
}
