package harness_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

var throttled = wire.Errorf("Throttling", "Rate exceeded")

// throttle answers the function's requests for the operation with a throttle for
// a time from the first on.
func (b *box) throttle(function, operation string, span time.Duration) {
	var until time.Time
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation != operation || b.caller(c) != function {
			return nil
		}
		if until.IsZero() {
			until = b.Now().Add(span)
		}
		if b.Now().After(until) {
			return nil
		}
		return &wire.Fault{Err: throttled}
	})
}

func TestModifyRuleThrottledForTenMinutes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.throttle("shift", "ModifyRule", 10*time.Minute)
	name := b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
}

// A rollback is retried as long as it takes.
func TestRollbackThrottledForTwoHours(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.throttle("rollback", "ModifyRule", 2*time.Hour)
	name := b.roll(failing(0.08, 4*time.Second))
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

func TestAnswerOfModifyRuleLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("shift", "ModifyRule", 1, wire.Fault{LoseAnswer: true})
	name := b.roll(good)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
}

// The write of a step is still under way when the rollback writes, and lands after
// it; Restore finds and mends it before the canary goes.
func TestModifyRuleLandsAfterTheRollback(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	landed := rollout.Weights{}
	b.during("shift", "ModifyRule", 1, wire.Fault{Delay: 20 * time.Second})
	b.after("shift", "UpdateItem", func() {
		b.After(time.Second, func() { b.alarmNow("shop-green-5xx", red) })
	})
	b.after("shift", "ModifyRule", func() { landed = rollout.Weights{Blue: 90, Green: 10} })
	name := b.roll(good)
	b.wantPath(name, way(begin, []string{"Shift"}, back)...)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
	if landed.Green == 0 {
		t.Error("the late write never landed: the story was not played")
	}
}

// A first attempt of Shift is slow and runs on after its time; meanwhile the second
// sends the rollout back. The fence keeps the first from writing then.
func TestZombieShiftWritesNothingAfterTheRollback(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.Faults.Function = func(name string, n int) lambda.FunctionFault {
		return lambda.FunctionFault{Zombie: b.folder(name) == "shift" && n == 1}
	}
	const beforeIntent = 8 // calls that Shift makes before it writes its intent
	calls, refused := 0, false
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if b.caller(c) != "shift" {
			return nil
		}
		if calls++; calls > beforeIntent {
			return nil
		}
		return &wire.Fault{AnswerDelay: 4200 * time.Millisecond}
	})
	wentBack := false
	b.observe(func(c *wire.Call, _, _ any, err error) {
		switch caller := b.caller(c); {
		case caller == "rollback" && c.Operation == "ModifyRule":
			wentBack = true
		case caller == "shift" && c.Operation == "ModifyRule" && wentBack:
			t.Errorf("%v: an attempt of Shift wrote the rule after the rollback had", b.Now())
		case caller == "shift" && c.Operation == "UpdateItem" && wentBack && err != nil:
			refused = true
		}
	})
	name := b.build(good, 1)
	b.untilState(name, "Shift")
	b.RunFor(30500 * time.Millisecond) // the first attempt has read the rule
	b.setWeights(70, 30)
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift"}, back)...)
	b.wantAtRest(rollout.Blue, name)
	if !wentBack || !refused {
		t.Errorf("went back %v, intent refused %v: the story was not played", wentBack, refused)
	}
}

// setWeights is a person who edits the rule.
func (b *box) setWeights(blue, green int32) {
	b.t.Helper()
	weigh(b.t, b.stages[0], blue, green)
}

func TestRuleChangedBySomebodyElse(t *testing.T) {
	t.Parallel()
	t.Run("other weights", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		name := b.build(good, 1)
		b.untilState(name, "Bake")
		b.setWeights(70, 30)
		b.untilEnded(name)
		b.wantPath(name, way(begin, step, []string{"Shift"}, back)...)
		b.wantOutcome(name, rollout.RolledBack)
		b.wantAtRest(rollout.Blue, name)
	})
	t.Run("after the last bake began", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		name := b.build(good, 1)
		b.untilNth(name, "Bake", 3)
		b.setWeights(70, 30)
		b.untilEnded(name)
		b.wantPath(name, way(begin, step, step, step, []string{"Complete"}, back)...)
		b.wantAtRest(rollout.Blue, name)
	})
	t.Run("before it is read back", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		b.after("shift", "ModifyRule", func() {
			b.callNow("elasticloadbalancingv2", "modifyRule", map[string]any{
				"RuleArn": b.service.Rule,
				"Actions": []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": []any{
					map[string]any{"TargetGroupArn": b.service.BlueGroup, "Weight": 40},
					map[string]any{"TargetGroupArn": b.service.GreenGroup, "Weight": 60},
				}}}},
			})
		})
		name := b.roll(good)
		b.wantPath(name, way(begin, []string{"Shift"}, back)...)
		b.wantAtRest(rollout.Blue, name)
	})
	t.Run("in the guard", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		name := b.build(good, 1)
		b.untilState(name, "Guard")
		b.setWeights(30, 70)
		b.untilEnded(name)
		b.wantPath(name, way(begin, step, step, step, finish, []string{"Dirty", "Failed"})...)
		b.wantDirty(name)
		services, err := b.Steps.Reach(awsclient.Away{}).Services.Describe(b.ctx(), "shop-production", rollout.Names{Blue: "shop-blue", Green: "shop-green"})
		if err != nil {
			t.Fatal(err)
		}
		if services[rollout.Blue].Desired == 0 {
			t.Error("a slot with weight was scaled down")
		}
	})
	t.Run("another structure", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		name := b.build(good, 1)
		b.untilState(name, "Bake")
		_, err := b.aws.ELB.ModifyRule(b.ctx(), &elb.ModifyRuleInput{
			RuleArn: &b.service.Rule,
			Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &b.service.BlueGroup}},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.untilEnded(name)
		b.wantPath(name, way(begin, step, []string{"Shift", "Dirty", "Failed"})...)
		b.wantDirty(name)
	})
}

// wantDirty checks that the environment says that it is Dirty and stays locked.
func (b *box) wantDirty(name string) {
	b.t.Helper()
	b.wantOutcome(name, rollout.Dirty)
	b.RunFor(2 * time.Hour) // recovery must leave it alone
	env := b.environment()
	if env.Dirty == nil || env.Dirty.Why == "" || env.Owner == "" || env.Rollout != name {
		b.t.Errorf("the environment is not Dirty and locked by %s: %+v", name, env)
	}
	if !b.record(name).Told {
		b.t.Errorf("nobody was told that %s is Dirty", name)
	}
	b.wantNoDeadman(name)
}

func TestRuleEditedBeforeARollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	b.setWeights(20, 80)
	second := b.roll(good)
	b.wantPath(second, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
	b.wantOutcome(second, rollout.Refused)
	if got, want := b.weights(), (rollout.Weights{Blue: 20, Green: 80}); got != want {
		t.Errorf("weights are %s, want %s: what is not ours is left alone", got, want)
	}
	b.setWeights(0, 100)
	b.wantAtRest(rollout.Green, first, second)
}

// Everything but the weights stays as it was.
func TestRuleKeepsWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].AcceptStickiness = true })
	actions := []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, Order: aws.Int32(1),
		ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{
				{TargetGroupArn: &b.service.BlueGroup, Weight: aws.Int32(100)},
				{TargetGroupArn: &b.service.GreenGroup, Weight: aws.Int32(0)},
			},
			TargetGroupStickinessConfig: &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(120)},
		},
	}}
	if _, err := b.aws.ELB.ModifyRule(b.ctx(), &elb.ModifyRuleInput{RuleArn: &b.service.Rule, Actions: actions}); err != nil {
		t.Fatal(err)
	}
	before := b.rule()
	name := b.roll(good)
	b.wantOutcome(name, rollout.Succeeded)
	after := b.rule()
	sticky := after.Actions[0].ForwardConfig.TargetGroupStickinessConfig
	if !aws.ToBool(sticky.Enabled) || aws.ToInt32(sticky.DurationSeconds) != 120 {
		t.Errorf("stickiness is %+v, want it kept", sticky)
	}
	if len(after.Conditions) != len(before.Conditions) || aws.ToString(after.Priority) != aws.ToString(before.Priority) {
		t.Errorf("conditions or priority changed: %+v", after)
	}
}

func (b *box) rule() elbtypes.Rule {
	b.t.Helper()
	out, err := b.aws.ELB.DescribeRules(b.ctx(), &elb.DescribeRulesInput{RuleArns: []string{b.service.Rule}})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Rules[0]
}

func TestStickinessRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	rule := b.rule()
	rule.Actions[0].ForwardConfig.TargetGroupStickinessConfig = &elbtypes.TargetGroupStickinessConfig{
		Enabled: aws.Bool(true), DurationSeconds: aws.Int32(120),
	}
	if _, err := b.aws.ELB.ModifyRule(b.ctx(), &elb.ModifyRuleInput{RuleArn: &b.service.Rule, Actions: rule.Actions}); err != nil {
		t.Fatal(err)
	}
	name := b.roll(good)
	b.wantOutcome(name, rollout.Refused)
	b.wantAtRest(rollout.Blue, name)
}

// scale is a person who sets a service's desired count.
func (b *box) scale(service string, n int32) {
	b.t.Helper()
	_, err := b.aws.ECS.UpdateService(b.ctx(), &ecs.UpdateServiceInput{
		Cluster: aws.String("shop-production"), Service: &service, DesiredCount: &n,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestFirstRollout(t *testing.T) {
	t.Parallel()
	empty := func(t *testing.T) *box {
		t.Helper()
		b := newBox(t)
		b.scale("shop-blue", 0)
		b.RunFor(5 * time.Minute)
		return b
	}
	once := way(begin, step)
	t.Run("succeeds", func(t *testing.T) {
		t.Parallel()
		b := empty(t)
		name := b.roll(good)
		b.wantPath(name, way(once, finish)...)
		b.wantOutcome(name, rollout.Succeeded)
		if got, want := b.weights(), rollout.Toward(rollout.Green, 100); got != want {
			t.Errorf("weights are %s, want %s", got, want)
		}
		b.wantEmpty("shop-blue")
	})
	t.Run("fails before it has traffic", func(t *testing.T) {
		t.Parallel()
		b := empty(t)
		never := good
		never.NeverHealthy = true
		name := b.roll(never)
		b.wantOutcome(name, rollout.RolledBack)
		if got, want := b.weights(), rollout.Toward(rollout.Blue, 100); got != want {
			t.Errorf("weights are %s, want %s", got, want)
		}
		b.wantEmpty("shop-blue")
	})
	t.Run("fails with traffic", func(t *testing.T) {
		t.Parallel()
		b := empty(t)
		name := b.roll(failing(0.08, 4*time.Second))
		b.wantPath(name, way(begin, []string{"Shift", "Bake", "Rollback", "Dirty", "Failed"})...)
		b.wantDirty(name)
	})
}

// wantEmpty checks that nobody wants tasks of the service.
func (b *box) wantEmpty(service string) {
	b.t.Helper()
	b.Do(func() {
		if n, _ := b.account.ECS.DesiredCount("shop-production", service); n != 0 {
			b.t.Errorf("%s wants %d tasks, want it left empty", service, n)
		}
	})
}

func TestStableAtZeroTasks(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.roll(good)
	b.scale("shop-green", 0)
	b.RunFor(5 * time.Minute)
	second := b.roll(good)
	b.wantPath(second, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
	b.wantOutcome(first, rollout.Succeeded)
	b.wantOutcome(second, rollout.Refused)
	if got, want := b.weights(), rollout.Toward(rollout.Green, 100); got != want {
		t.Errorf("weights are %s, want %s", got, want)
	}
}

// The stable slot loses its targets in the middle: there is nothing to go back to.
func TestStableLosesItsTargets(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(failing(0.08, 4*time.Second), 1)
	b.untilState(name, "Bake")
	b.scale("shop-blue", 0)
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake", "Rollback", "Dirty", "Failed"})...)
	b.wantDirty(name)
	if got, want := b.weights(), rollout.Toward(rollout.Green, 10); got != want {
		t.Errorf("weights are %s, want them left at %s", got, want)
	}
}

func TestRollbackCannotWrite(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	denied := wire.Errorf("AccessDenied", "User is not authorized to perform: elasticloadbalancing:ModifyRule")
	b.during("rollback", "ModifyRule", -1, wire.Fault{Err: denied})
	name := b.roll(failing(0.08, 4*time.Second))
	b.wantPath(name, way(begin, []string{"Shift", "Bake", "Rollback", "Dirty", "Failed"})...)
	b.wantDirty(name)
}

// The stable slot grows while the canary bakes; no step is taken until the canary
// is as large.
func TestCanaryGrowsWithTheStableSlot(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.scale("shop-blue", 4)
	b.untilEnded(name)
	b.wantPath(name, way(begin, step, step, step, finish)...)
	b.wantAtRest(rollout.Green, name)
	services, err := b.Steps.Reach(awsclient.Away{}).Services.Describe(b.ctx(), "shop-production", rollout.Names{Blue: "shop-blue", Green: "shop-green"})
	if err != nil {
		t.Fatal(err)
	}
	if got := services[rollout.Green].Running; got != 4 {
		t.Errorf("%d tasks carry the traffic, want 4", got)
	}
}
