package harness_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// In another Region, and in another account, everything goes as at home.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for _, place := range elsewhere {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad(place.region, place.role))
			slot, bad := rollout.Blue, ""
			for range 2 {
				name := into("abroad", b.build(good, 1))
				b.untilEnded(name)
				slot = slot.Other()
				b.wantPath(name, whole...)
				b.in("abroad").wantAtRest(slot, name)
				b.in("abroad").wantNothingFailed()
			}
			bad = into("abroad", b.build(failing(0.08, 4*time.Second), 1))
			b.untilEnded(bad)
			b.wantPath(bad, way(begin, []string{"Shift", "Bake"}, back)...)
			b.wantReason(bad, rollout.RolledBack, "alarm shop-green-5xx went red")
			b.in("abroad").wantAtRest(slot, bad)
			b.wantAtRest(rollout.Blue) // nothing was done to what has the same names at home
			b.wantNoTraffic(rollout.Green)
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

// A role that may not be assumed, or is not there, refuses the rollout before
// anything moved, and so does a Region that is none.
func TestPlacesThatCannotBeReached(t *testing.T) {
	t.Parallel()
	const (
		foreign  = "arn:aws:iam::" + otherAccount + ":role/deployer"
		nobodys  = "arn:aws:iam::999999999999:role/" + remoteName
		mistyped = "arn:aws:iam::" + otherAccount + ":role/" + remoteName + "s"
	)
	for _, c := range []struct {
		name string
		spec func(*rollout.Environment)
		aws  func(b *box)
		says []string
	}{
		{
			"the role trusts somebody else", func(env *rollout.Environment) { env.Role = remoteRole },
			func(b *box) {
				_, err := b.iam(b.in("abroad").cloud).UpdateAssumeRolePolicy(b.ctx(), &iam.UpdateAssumeRolePolicyInput{
					RoleName: aws.String(remoteName), PolicyDocument: aws.String(
						`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::333333333333:root"}}]}`),
				})
				if err != nil {
					b.t.Fatal(err)
				}
			},
			[]string{"assume role " + remoteRole, "AccessDenied"},
		},
		{
			"Sluice may not assume it", func(env *rollout.Environment) { env.Role = foreign },
			func(b *box) {
				b.role(b.in("abroad").cloud, "deployer", trusted, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
			},
			[]string{"assume role " + foreign, "AccessDenied"},
		},
		{
			"the role is gone", func(env *rollout.Environment) { env.Role = remoteRole },
			func(b *box) { b.shutOut(b.in("abroad").cloud) },
			[]string{"assume role " + remoteRole, "AccessDenied"},
		},
		{
			"the role is mistyped", func(env *rollout.Environment) { env.Role = mistyped }, nil,
			[]string{"assume role " + mistyped, "AccessDenied"},
		},
		{
			"the account does not exist", func(env *rollout.Environment) { env.Role = nobodys }, nil,
			[]string{"assume role " + nobodys, "AccessDenied"},
		},
		{
			"the Region is none", func(env *rollout.Environment) { env.Role, env.Region = "", "moon-1" }, nil,
			[]string{"Credential should be scoped to a valid region, not 'moon-1'"},
		},
		{
			"nothing answers in the Region", func(env *rollout.Environment) { env.Role, env.Region = "", "eu-north-9" },
			func(b *box) {
				b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
					if c.Region != "eu-north-9" {
						return nil
					}
					return &wire.Fault{LoseRequest: true}
				})
			},
			[]string{"AWS did not answer"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.open(abroad("", remoteRole))
			spec := shop()
			env := abroad("", remoteRole)
			c.spec(&env)
			spec.Environments = []rollout.Environment{env}
			if err := b.Steps.Register(b.ctx(), spec); err != nil {
				t.Fatal(err)
			}
			if c.aws != nil {
				c.aws(b)
			}
			writes := b.writes()
			name := into("abroad", b.build(good, 1))
			b.untilEnded(name)
			b.wantReason(name, rollout.Refused, c.says...)
			b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
			b.wantStopped(name, "abroad", c.says[0], ends{"abroad": rollout.Refused})
			b.in("abroad").wantAtRest(rollout.Blue, name)
			b.in("abroad").wantNoTraffic(rollout.Green)
			if len(*writes) > 0 {
				t.Errorf("rules of %v were written", *writes)
			}
		})
	}
}

// The role is taken away while a rollout is at 10 percent. Nobody may put the traffic
// back, so it stays where it is, is served, and the environment says so.
func TestRoleDeletedAtTenPercent(t *testing.T) {
	t.Parallel()
	for _, heard := range []bool{false, true} {
		t.Run(map[bool]string{false: "found by the judge", true: "found by the rollback"}[heard], func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad("", remoteRole))
			away := b.in("abroad")
			name := into("abroad", b.build(good, 1))
			b.untilState(name, "Bake")
			b.RunFor(time.Second)
			b.shutOut(away.cloud)
			path := []string{"Shift", "Bake", "Judge"}
			if heard {
				away.alarm("shop-green-5xx", red)
				path = path[:2]
			}
			b.untilEnded(name)
			b.wantPath(name, way(begin, path, []string{"Rollback", "Dirty", "Failed"})...)
			away.wantDirty(name, "assume role "+remoteRole, "AccessDenied")
			if got, want := away.weights(), rollout.Toward(rollout.Green, 10); got != want {
				t.Errorf("weights are %s, want %s, as they were when the role went", got, want)
			}
			away.wantNothingFailed()

			// The environment stays locked: the next release waits.
			next := into("abroad", b.build(good, 1))
			b.RunFor(time.Hour)
			b.Do(func() {
				if !b.inState(next, "Lock") {
					t.Errorf("%s went %v, want it to wait", next, b.StepFunctions.Path(b.arn(next)))
				}
			})
		})
	}
}

// STS throttles, or does not answer, for hours when a rollout is to go back: it goes
// back when it may again.
func TestRoleCannotBeAssumedForHours(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]wire.Fault{
		"throttled":    {Err: wire.Errorf("Throttling", "Rate exceeded")},
		"out of order": {Err: wire.Errorf("InternalFailure", "The request processing has failed because of an unknown error")},
		"no answer":    {LoseRequest: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newAbroad(t, abroad("", remoteRole))
			away := b.in("abroad")
			name := into("abroad", b.build(good, 1))
			b.untilState(name, "Bake")
			b.RunFor(time.Second)
			away.to("AssumeRole", 3*time.Hour, fault)
			away.alarm("shop-green-5xx", red)
			began := b.Now()
			b.untilEnded(name)
			b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
			b.wantReason(name, rollout.RolledBack, "alarm shop-green-5xx")
			if took := b.Now().Sub(began); took < 3*time.Hour {
				t.Errorf("it went back after %v: the story was not played", took)
			}
			away.wantAtRest(rollout.Blue, name)
			away.wantNothingFailed()
		})
	}
}

// A bake is longer than the credentials of a role are good for: they are asked for
// anew, and nothing is called with old ones.
func TestCredentialsExpireInABake(t *testing.T) {
	t.Parallel()
	b := newAbroad(t, abroad("eu-west-1", remoteRole, func(env *rollout.Environment) {
		env.Steps[0].Bake, env.Steps[1].Bake = 59*time.Minute+30*time.Second, 90*time.Minute
		env.Guard = 3 * time.Hour
	}))
	refusals := b.refusals()
	counts := map[string]*int{}
	for _, function := range []string{"prepare", "shift", "judge", "complete", "retire"} {
		counts[function] = b.assumed(function)
	}
	name := into("abroad", b.build(good, 1))
	b.untilEnded(name)
	b.wantPath(name, whole...)
	b.in("abroad").wantAtRest(rollout.Green, name)
	if len(*refusals) > 0 {
		t.Errorf("AWS refused %v", *refusals)
	}
	got := map[string]int{}
	for function, n := range counts {
		got[function] = *n
	}
	// Shift comes at 0, 59½ and 149½ minutes, Judge at 59½, 149½ and 152½.
	want := map[string]int{"prepare": 1, "shift": 3, "judge": 2, "complete": 1, "retire": 1}
	for _, function := range slices.Sorted(maps.Keys(want)) {
		if got[function] != want[function] {
			t.Errorf("%s assumed the role %d times, want %d", function, got[function], want[function])
		}
	}
}
