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
