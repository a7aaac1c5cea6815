package harness_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// late is staging with a long guard, then production.
func late(t *testing.T, change ...func(*rollout.Environment)) *box {
	t.Helper()
	return newStages(t, near("staging", guarded(2*time.Hour)), boxed(change...))
}

// recalled are the places at which production may stand when staging goes back in
// its guard, and what becomes of it there.
var recalled = []struct {
	name    string
	asked   bool
	stand   func(b *box, name string) // production comes to stand there
	outcome rollout.Outcome
	want    []string
	writes  []string
}{
	{
		"waits for approval", true, func(b *box, name string) { b.untilAsked(name) },
		rollout.Refused,
		[]string{"Start", "Approve", "Leave"},
		[]string{"staging"},
	},
	{
		"waits in the queue", false, func(b *box, name string) {
			b.untilState(name, "Lock")
			b.RunFor(time.Minute)
		},
		rollout.Refused, leave,
		[]string{"staging"},
	},
	{
		"is at 10 percent", false, func(b *box, name string) {
			b.untilState(name, "Bake")
			b.RunFor(time.Minute)
		},
		rollout.RolledBack, way(begin, []string{"Shift", "Bake"}, back),
		[]string{"staging", "production"},
	},
	{
		"starts its canary", false, func(b *box, name string) { b.untilState(name, "AwaitCanary") },
		rollout.RolledBack, way(begin, back),
		[]string{"staging"},
	},
	{
		"has committed", false, func(b *box, name string) {
			b.untilState(name, "Guard")
			b.RunFor(time.Minute)
		},
		rollout.Succeeded, whole,
		[]string{"staging"},
	},
}

// What keeps production busy while a rollout waits in its queue: an earlier one that
// is paused.
func (b *box) busy() string {
	b.t.Helper()
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	if err := b.Steps.Pause(b.ctx(), production); err != nil {
		b.t.Fatal(err)
	}
	b.untilState(name, "Hold")
	return name
}

// A late alarm, or a person, sends staging back in its guard: production, which has
// the same release, is ended or sent back, and says so; staging's traffic comes first.
// What has committed stays.
func TestStagingGoesBackInItsGuard(t *testing.T) {
	t.Parallel()
	for _, person := range []bool{false, true} {
		for _, c := range recalled {
			t.Run(fmt.Sprintf("%s, by a person %v", c.name, person), func(t *testing.T) {
				t.Parallel()
				b := late(t, func(env *rollout.Environment) {
					if c.asked {
						env.Approval = asking()
					}
				})
				b.people()
				before, queued := "", slices.Equal(c.want, leave)
				slots := [2]rollout.Slot{rollout.Blue, rollout.Green}
				if queued {
					before = b.busy()
					slots = [2]rollout.Slot{rollout.Green, rollout.Blue}
				}
				name := b.build(good, 1)
				staging := into("staging", name)
				c.stand(b, name)
				writes, why := b.writes(), "eve has seen enough"
				if person {
					if err := b.Steps.Abort(b.ctx(), b.in("staging").place, why); err != nil {
						t.Fatal(err)
					}
				} else {
					alarm := "staging-" + string(slots[1]) + "-5xx"
					b.alarm(alarm, red)
					why = "alarm " + alarm + " went red"
				}
				b.untilEnded(name)
				b.untilEnded(staging)
				b.wantPath(staging, way(begin, step, []string{"Complete", "Guard"}, back)...)
				b.wantReason(staging, rollout.RolledBack, why)
				b.wantPath(name, c.want...)
				b.wantOutcome(name, c.outcome)
				if c.outcome != rollout.Succeeded {
					b.wantReason(name, c.outcome, "the deployment stopped at staging", why)
				}
				b.wantStopped(name, "staging", why, ends{"staging": rollout.RolledBack, "production": c.outcome})
				if got := slices.Compact(*writes); !slices.Equal(got, c.writes) {
					t.Errorf("rules were written in the order %v, want %v", got, c.writes)
				}
				b.RunFor(5 * time.Minute)
				b.in("staging").wantAtRest(slots[0], staging)
				switch {
				case queued:
					if env := b.environment(); env.Rollout != before || env.Waiter != nil {
						t.Errorf("%q has production and %+v waits, want %s to have it alone", env.Rollout, env.Waiter, before)
					}
				case c.outcome == rollout.Succeeded:
					b.wantAtRest(rollout.Green, name)
				default:
					b.wantAtRest(rollout.Blue, name)
				}
			})
		}
	}
}

// Staging cannot go back for hours, because its rule may not be written so often:
// production does not go on meanwhile.
func TestStagingCannotGoBackYet(t *testing.T) {
	t.Parallel()
	b := late(t, func(env *rollout.Environment) { env.Steps[0].Bake = 20 * time.Minute })
	b.throttle("rollback", "ModifyRule", 2*time.Hour)
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	began := b.Now()
	b.alarm("staging-green-5xx", red)
	b.untilState(name, "Rollback")
	if took := b.Now().Sub(began); took > time.Minute {
		t.Errorf("production went back %v after staging's alarm, want it at once", took)
	}
	b.untilEnded(name)
	b.untilEnded(staging)
	b.wantReason(name, rollout.RolledBack, "the deployment stopped at staging", "alarm staging-green-5xx")
	b.wantReason(staging, rollout.RolledBack, "alarm staging-green-5xx")
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.in("staging").wantAtRest(rollout.Blue, staging)
	b.wantAtRest(rollout.Blue, name)
}

// An alarm after staging's guard starts a rollback there, which ends what production
// has not committed.
func TestAlarmAfterStagingsGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before int // releases
	}{{"with a release to go back to", 1}, {"with none", 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newStages(t, near("staging", guarded(time.Minute)), boxed())
			slot, ended := rollout.Green, []string{}
			for range c.before {
				ended = append(ended, b.roll(good))
				slot = rollout.Blue
			}
			name := b.build(good, 1)
			staging := into("staging", name)
			b.untilEnded(staging)
			b.untilState(name, "Bake")
			b.RunFor(time.Second)
			alarm := "staging-" + string(slot) + "-5xx"
			b.alarm(alarm, red)
			b.untilEnded(name)
			why := "alarm " + alarm + " went red"
			b.wantOutcome(staging, rollout.Succeeded)
			b.wantReason(name, rollout.RolledBack, "the deployment stopped at staging", why, "after the guard")
			b.wantStopped(name, "staging", why, ends{"staging": rollout.Succeeded, "production": rollout.RolledBack})
			if c.before > 0 {
				asked := "shop-staging-rollback-3"
				b.untilEnded(asked)
				b.wantPath(asked, way(beginBack, step, finish)...)
				slot = slot.Other()
				b.in("staging").wantAtRest(slot, staging, asked)
			} else {
				b.in("staging").wantAtRest(slot, staging)
			}
			b.RunFor(5 * time.Minute)
			b.wantAtRest(b.in("production").before(c.before), append(ended, name)...)
		})
	}
}

// before is the slot that has the traffic after n releases.
func (s *stage) before(n int) rollout.Slot {
	if n%2 == 0 {
		return rollout.Blue
	}
	return rollout.Green
}

// A person rolls staging back after its guard: production is ended likewise.
func TestPersonRollsStagingBack(t *testing.T) {
	t.Parallel()
	b := newStages(t, near("staging", guarded(time.Minute)), boxed())
	first := b.roll(good)
	name := b.build(good, 1)
	b.untilEnded(into("staging", name))
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	asked, err := b.Steps.StartBack(b.ctx(), steps.BackRequest{Place: b.in("staging").place, Cause: "1", Why: "ana asked for it"})
	if err != nil {
		t.Fatal(err)
	}
	b.untilEnded(asked)
	b.untilEnded(name)
	b.wantOutcome(asked, rollout.Succeeded)
	b.wantReason(name, rollout.RolledBack, "the deployment stopped at staging", "ana asked for it")
	b.in("staging").wantAtRest(rollout.Green, asked, into("staging", name))
	b.wantAtRest(rollout.Green, first, name)
}
