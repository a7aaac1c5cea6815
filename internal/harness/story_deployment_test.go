package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// The next environment begins when the one before has committed, while its guard
// stands.
func TestStagingThenProduction(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed())
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilState(name, "Start")
	if env := b.in("staging").environment(); env.Committed != staging {
		t.Errorf("%s began when %q had committed in staging, want %s", name, env.Committed, staging)
	}
	b.untilState(name, "Bake")
	b.Do(func() {
		if !b.inState(staging, "Guard") {
			t.Errorf("%s is not in its guard while %s bakes; it went %v", staging, name, b.StepFunctions.Path(b.arn(staging)))
		}
	})
	if d := b.deployment(name); d.Environments["staging"].Committed == nil || d.Environments["production"].Committed != nil {
		t.Errorf("the deployment says %+v, want staging alone committed", d.Environments)
	}
	b.untilEnded(name)
	b.untilEnded(staging)
	b.wantPath(staging, short...)
	b.wantPath(name, whole...)
	b.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	b.in("staging").wantAtRest(rollout.Green, staging)
	b.wantAtRest(rollout.Green, name)
	b.wantExecutions(staging, name)
	if got := b.transitions(staging) + b.transitions(name); got > len(short)+len(whole) || got > 40 {
		t.Errorf("%d transitions, want at most %d", got, len(short)+len(whole))
	}
}

// The rollouts of four builds, one after another, go through both environments.
func TestFourDeployments(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed())
	slot, all := rollout.Blue, []string{}
	for range 4 {
		name := b.build(good, 1)
		staging := into("staging", name)
		b.untilEnded(staging)
		b.untilEnded(name)
		slot, all = slot.Other(), append(all, staging, name)
		b.wantPath(staging, short...)
		b.wantPath(name, whole...)
		b.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
		b.in("staging").wantAtRest(slot, staging)
		b.wantAtRest(slot, name)
	}
	b.wantExecutions(all...)
}

// three is staging, production and another environment after it.
func three(t *testing.T) *box {
	t.Helper()
	return newStages(t, near("staging"), boxed(), near("archive"))
}

// A deployment stops at the second environment, whatever keeps it from success: the
// first stays, the third never begins.
func TestSecondEnvironmentFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fail    func(b *box, name string)
		outcome rollout.Outcome
		says    string
		want    []string
	}{
		{"an alarm", func(b *box, name string) {
			b.untilState(name, "Bake")
			b.alarm("shop-green-5xx", red)
		}, rollout.RolledBack, "alarm shop-green-5xx went red", way(begin, []string{"Shift", "Bake"}, back)},
		{"the canary is never healthy", func(b *box, name string) {
			never := good
			never.NeverHealthy = true
			b.untilState(into("staging", name), "Bake")
			b.behave(into("staging", name), never)
		}, rollout.RolledBack, "the canary failed", way(begin, back)},
		{"refused", func(b *box, name string) {
			b.untilState(name, "Lock")
			b.alarm("shop-blue-5xx", red)
		}, rollout.Refused, "alarm shop-blue-5xx is ALARM", way([]string{"Start", "Approve", "Lock", "Prepare"}, back)},
		{"nothing to go back to", func(b *box, name string) {
			b.untilState(name, "Bake")
			b.scale("shop-blue", 0)
			b.RunFor(time.Minute)
			b.alarm("shop-green-5xx", red)
		}, rollout.Dirty, "has no healthy target", way(begin, []string{"Shift", "Bake", "Rollback", "Dirty", "Failed"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := three(t)
			name := b.build(good, 1)
			staging := into("staging", name)
			c.fail(b, name)
			b.untilEnded(name)
			b.untilEnded(staging)
			b.wantPath(name, c.want...)
			b.wantReason(name, c.outcome, c.says)
			b.wantStopped(name, "production", c.says, ends{"staging": rollout.Succeeded, "production": c.outcome, "archive": ""})
			b.RunFor(5 * time.Minute) // alarms are green again
			b.in("staging").wantAtRest(rollout.Green, staging)
			b.in("archive").wantAtRest(rollout.Blue)
			b.in("archive").wantNoTraffic(rollout.Green)
			if c.outcome == rollout.Dirty {
				b.wantDirty(name)
			} else {
				b.wantAtRest(rollout.Blue, name)
			}
			b.wantExecutions(staging, name)
		})
	}
}

// When the first environment fails, nothing else begins.
func TestFirstEnvironmentFails(t *testing.T) {
	t.Parallel()
	b := three(t)
	name := b.build(failing(0.08, 4*time.Second), 1)
	staging := into("staging", name)
	b.untilEnded(staging)
	b.RunFor(2 * time.Hour)
	b.wantPath(staging, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantStopped(staging, "staging", "alarm staging-green-5xx went red", ends{"staging": rollout.RolledBack, "production": "", "archive": ""})
	b.in("staging").wantAtRest(rollout.Blue, staging)
	for _, later := range []string{"production", "archive"} {
		b.in(later).wantAtRest(rollout.Blue)
		b.in(later).wantNoTraffic(rollout.Green)
	}
	b.wantExecutions(staging)
}

// A newer release comes to production while an older one waits there.
func TestNewerReleaseInProductionsQueue(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed())
	first := b.busy()
	second := b.build(good, 1)
	b.untilState(second, "Lock")
	third := b.build(good, 1)
	b.untilState(third, "Lock")
	b.untilEnded(second)
	b.wantReason(second, rollout.Superseded, third+" has come after "+second)
	b.wantStopped(second, "production", "Superseded: "+third, ends{"staging": rollout.Succeeded, "production": rollout.Superseded})
	if err := b.Steps.Resume(b.ctx(), production); err != nil {
		t.Fatal(err)
	}
	b.untilEnded(first)
	b.untilEnded(third)
	for _, name := range []string{first, third} {
		b.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	}
	b.in("staging").wantAtRest(rollout.Green, into("staging", first), into("staging", second), into("staging", third))
	b.wantAtRest(rollout.Blue, first, second, third)
}

// Three builds come at once: the second is superseded in staging's queue, and never
// comes to production.
func TestThreeDeploymentsAtOnce(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed())
	first := b.build(good, 1)
	b.RunFor(time.Second)
	second := b.build(good, 1)
	b.RunFor(time.Second)
	third := b.build(good, 1)
	staging := into("staging", second)
	for _, name := range []string{first, third} {
		b.untilEnded(name)
		b.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	}
	b.RunFor(time.Hour)
	b.wantPath(staging, leave...)
	b.wantStopped(staging, "staging", "Superseded", ends{"staging": rollout.Superseded, "production": ""})
	b.in("staging").wantAtRest(rollout.Blue, into("staging", first), staging, into("staging", third))
	b.wantAtRest(rollout.Blue, first, third)
	b.wantExecutions(into("staging", first), staging, into("staging", third), first, third)
}

// A newer release goes into staging while an older one is in production; an alarm
// that sends the newer one back there is nothing to the older.
func TestNewerReleaseInStaging(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging"), boxed())
	older := b.build(good, 1)
	b.untilState(older, "Bake")
	newer := b.build(good, 1)
	staging := into("staging", newer)
	b.untilState(staging, "Bake")
	b.RunFor(time.Second)
	b.alarm("staging-blue-5xx", red)
	b.untilEnded(staging)
	b.untilEnded(older)
	b.RunFor(time.Hour)
	b.wantStopped(staging, "staging", "alarm staging-blue-5xx", ends{"staging": rollout.RolledBack, "production": ""})
	b.wantThrough(older, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	b.wantPath(older, whole...)
	b.in("staging").wantAtRest(rollout.Green, staging, into("staging", older))
	b.wantAtRest(rollout.Green, older)
}

// The newest spec has an environment that the release was not made with, or lacks
// one that it was: the release keeps its own.
func TestSpecChangesOnTheWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		before, then []rollout.Environment
		want         ends
	}{
		{
			"an environment more",
			[]rollout.Environment{near("staging"), boxed()},
			[]rollout.Environment{near("staging"), boxed(), near("archive")},
			ends{"staging": rollout.Succeeded, "production": rollout.Succeeded},
		},
		{
			"an environment less",
			[]rollout.Environment{near("staging"), boxed(), near("archive")},
			[]rollout.Environment{near("staging"), boxed()},
			ends{"staging": rollout.Succeeded, "production": rollout.Succeeded, "archive": rollout.Succeeded},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newStages(t, near("staging"), boxed(), near("archive"))
			spec := shop()
			spec.Environments = c.before
			if err := b.Steps.Register(b.ctx(), spec); err != nil {
				t.Fatal(err)
			}
			name := b.build(good, 1)
			b.untilState(into("staging", name), "Bake")
			spec.Environments = c.then
			if err := b.Steps.Register(b.ctx(), spec); err != nil {
				t.Fatal(err)
			}
			var all []string
			for environment := range c.want {
				all = append(all, into(environment, name))
				b.untilEnded(into(environment, name))
				b.in(environment).wantAtRest(rollout.Green, into(environment, name))
			}
			b.RunFor(time.Hour)
			b.wantThrough(name, c.want)
			b.wantExecutions(all...)

			// The next release has the new spec.
			next := b.build(good, 1)
			b.untilEnded(next)
			if len(c.then) == 3 {
				b.untilEnded(into("archive", next))
			}
			b.RunFor(time.Hour)
			if got := len(b.deployment(next).Environments); got != len(c.then) {
				t.Errorf("the next release goes through %d environments, want %d", got, len(c.then))
			}
		})
	}
}
