package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// In another Region, and in another account, everything goes as at home.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for _, place := range elsewhere {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad(place.region, place.role))
			slot := rollout.Blue
			for range 2 {
				name := into("abroad", b.build(good, 1))
				b.untilEnded(name)
				slot = slot.Other()
				b.wantPath(name, whole...)
				b.in("abroad").wantAtRest(slot, name)
				b.in("abroad").wantNothingFailed()
			}
			bad := into("abroad", b.build(failing(0.08, 4*time.Second), 1))
			b.untilEnded(bad)
			b.wantPath(bad, way(begin, []string{"Shift", "Bake"}, back)...)
			b.wantReason(bad, rollout.RolledBack, "alarm shop-green-5xx went red")
			b.in("abroad").wantAtRest(slot, bad)
			b.wantAtRest(rollout.Blue) // nothing was done to what has the same names at home
			b.wantNoTraffic(rollout.Green)
		})
	}
}

// An alarm after the guard brings the release before back, elsewhere too.
func TestAlarmAfterTheGuardElsewhere(t *testing.T) {
	t.Parallel()
	for _, place := range elsewhere {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad(place.region, place.role))
			first := into("abroad", b.build(good, 1))
			b.untilEnded(first)
			second := into("abroad", b.build(good, 1))
			b.untilEnded(second)
			b.in("abroad").alarm("shop-blue-5xx", red)
			third := "shop-abroad-rollback-3"
			b.untilEnded(third)
			b.wantPath(third, way(beginBack, step, finish)...)
			b.wantOutcome(third, rollout.Succeeded)
			b.in("abroad").wantAtRest(rollout.Green, first, second, third)
		})
	}
}

// No event comes home from elsewhere: the canary's state looks again, and the judge
// reads the alarms.
func TestEventsFromElsewhereLost(t *testing.T) {
	t.Parallel()
	for _, place := range elsewhere {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad(place.region, place.role))
			b.loseOnTheWay()
			name := into("abroad", b.build(good, 1))
			b.untilEnded(name)
			b.wantPath(name, way(begin, []string{"AwaitCanary"}, step, step, step, finish)...)
			b.in("abroad").wantAtRest(rollout.Green, name)
			bad := into("abroad", b.build(failing(0.08, 4*time.Second), 1))
			b.untilEnded(bad)
			b.wantPath(bad, way(begin, []string{"AwaitCanary", "Shift", "Bake", "Judge"}, back)...)
			b.wantReason(bad, rollout.RolledBack, "shop-blue-5xx")
			b.in("abroad").wantAtRest(rollout.Green, bad)
		})
	}
}

// Alarms of one name in two accounts concern the environment of their own account.
func TestSameAlarmNameInTwoAccounts(t *testing.T) {
	t.Parallel()
	for _, place := range elsewhere {
		for _, goes := range []string{"production", "abroad"} {
			t.Run(place.name+", "+goes, func(t *testing.T) {
				t.Parallel()
				env := abroad(place.region, place.role, func(env *rollout.Environment) { env.Wave = 1 })
				b := newBox(t, func(s *rollout.Spec) {
					s.Environments[0].Wave = 1
					s.Environments = append(s.Environments, env)
				})
				b.open(env)
				name := b.build(good, 1)
				b.untilState(name, "Bake")
				b.untilState(into("abroad", name), "Bake")
				b.RunFor(time.Second)
				b.in(goes).alarm("shop-green-5xx", red)
				for _, environment := range []string{"production", "abroad"} {
					rolled := into(environment, name)
					b.untilEnded(rolled)
					if environment == goes {
						b.wantPath(rolled, way(begin, []string{"Shift", "Bake"}, back)...)
						b.in(environment).wantAtRest(rollout.Blue, rolled)
						continue
					}
					b.wantPath(rolled, whole...)
					b.in(environment).wantAtRest(rollout.Green, rolled)
				}
			})
		}
	}
}

// A deployment goes from home to another account, and an alarm there leaves home
// alone.
func TestFromHomeToAnotherAccount(t *testing.T) {
	t.Parallel()
	env := abroad("", remoteRole)
	b := newBox(t, func(s *rollout.Spec) { s.Environments = append(s.Environments, env) })
	b.open(env)
	name := b.build(good, 1)
	away := into("abroad", name)
	b.untilNth(away, "Bake", 2)
	b.RunFor(time.Second)
	b.in("abroad").alarm("shop-green-latency", red)
	b.untilEnded(away)
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.wantPath(away, way(begin, step, []string{"Shift", "Bake"}, back)...)
	b.wantStopped(name, "abroad", "alarm shop-green-latency", ends{"production": rollout.Succeeded, "abroad": rollout.RolledBack})
	b.wantAtRest(rollout.Green, name)
	b.in("abroad").wantAtRest(rollout.Blue, away)

	// The alarm at home sends nothing back abroad, where nothing is to be sent.
	b.RunFor(10 * time.Minute)
	next := b.build(good, 1)
	b.untilState(into("abroad", next), "Bake")
	b.RunFor(time.Second)
	b.alarm("shop-blue-5xx", red)
	b.untilEnded(next)
	b.untilEnded(into("abroad", next))
	b.wantReason(into("abroad", next), rollout.RolledBack, "the deployment stopped at production", "alarm shop-blue-5xx")
	b.wantAtRest(rollout.Green, next)
	b.in("abroad").wantAtRest(rollout.Blue, into("abroad", next))
}
