package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// soiled is a box in which the second rollout is Dirty: its alarm went red while the slot
// that had the traffic, green, had no tasks any more.
func soiled(t *testing.T) (b *box, name string) {
	t.Helper()
	b = newBox(t)
	b.roll(good)
	name = b.build(failing(0.08, 4*time.Second), 1)
	b.untilState(name, "Bake")
	b.scale("shop-green", 0)
	b.untilEnded(name)
	b.wantDirty(name)
	b.RunFor(5 * time.Minute)
	return b, name
}

// repair orders a move, and gives why it was refused, "" where it was not.
func (b *box) repair(move string) string {
	b.t.Helper()
	order := b.order(user("carl"), map[string]any{"verb": "repair", "app": "shop", "environment": "production", "move": move})
	if order.Refused {
		return order.Result
	}
	return ""
}

// untilFree runs until nobody has the environment.
func (b *box) untilFree() store.Environment {
	b.t.Helper()
	for limit := b.Now().Add(time.Hour); b.Now().Before(limit); b.RunFor(10 * time.Second) {
		if env := b.environment(); env.Owner == "" {
			return env
		}
	}
	b.t.Fatalf("the environment is never free: %+v", b.environment())
	return store.Environment{}
}

// A person has the old slot running again, and takes everything back to it.
func TestRepairBack(t *testing.T) {
	t.Parallel()
	b, name := soiled(t)
	told := b.hears(rollout.MomentRepaired)
	ways, err := b.Steps.WaysOut(b.ctx(), production)
	if err != nil || len(ways) != 2 || !strings.Contains(ways[0].Obstacle, "green (shop-green) has no healthy target") ||
		!strings.Contains(ways[1].Obstacle, "no slot has all the traffic") {
		t.Errorf("the ways out are %+v, %v; want what stands in the way of each", ways, err)
	}
	if why := b.repair("back"); why != "" { // though it cannot be done
		t.Fatalf("back was refused: %s", why)
	}
	b.RunFor(time.Minute)
	b.wantDirty(name)
	if *told != 0 {
		t.Errorf("people were told %d times that it is repaired, and it is Dirty again", *told)
	}
	b.scale("shop-green", 2)
	b.RunFor(5 * time.Minute)
	if why := b.repair("back"); why != "" {
		t.Fatalf("back was refused: %s", why)
	}
	env := b.untilFree()
	if env.Dirty != nil || env.Facts.Release != 1 || env.Facts.Stable != rollout.Green {
		t.Errorf("the environment is %+v, want release 1 in green", env)
	}
	b.wantRepair(env, append([]string{"Start"}, back...)...)
	if *told != 1 {
		t.Errorf("people were told %d times that it is repaired, want once", *told)
	}
	b.wantAtRest(rollout.Green)
	b.RunFor(30 * time.Minute) // the alarm is green again
	next := b.roll(good)
	b.wantOutcome(next, rollout.Succeeded)
}

// A person moves the traffic to the new slot by hand, and takes it for what runs.
func TestRepairAccept(t *testing.T) {
	t.Parallel()
	b, _ := soiled(t)
	told := b.hears(rollout.MomentRepaired)
	waits := b.build(good, 1)
	b.untilState(waits, "Lock")
	b.RunFor(time.Minute)
	b.setWeights(100, 0)
	if why := b.repair("accept"); why != "" {
		t.Fatalf("accept was refused: %s", why)
	}
	b.untilEnded(waits) // the alarm is red still
	b.wantOutcome(waits, rollout.Refused)
	env := b.untilFree()
	if env.Dirty != nil || env.Facts.Release != 2 || env.Facts.Previous != 1 || env.Facts.Stable != rollout.Blue {
		t.Errorf("the environment is %+v, want release 2 in blue", env)
	}
	b.wantRepair(env, "Start", "Accept")
	if *told != 1 {
		t.Errorf("people were told %d times that it is repaired, want once", *told)
	}
	b.wantAtRest(rollout.Blue)
}

// In another account it is accepted with the role there.
func TestRepairElsewhere(t *testing.T) {
	t.Parallel()
	b := newAbroad(t, abroad("", remoteRole))
	s := b.in("abroad")
	name := b.build(good, 1)
	name = into("abroad", name)
	b.untilState(name, "Guard")
	weigh(t, s, 50, 50)
	b.untilEnded(name)
	s.wantDirty(name)
	weigh(t, s, 0, 100)
	order := b.order(user("carl"), map[string]any{"verb": "repair", "app": "shop", "environment": "abroad", "move": "accept"})
	if order.Refused {
		t.Fatalf("accept was refused: %s", order.Result)
	}
	b.RunFor(10 * time.Minute)
	if env := s.environment(); env.Owner != "" || env.Dirty != nil || env.Facts.Release != 1 {
		t.Errorf("the environment is %+v, want it free with release 1", env)
	}
	s.wantAtRest(rollout.Green)
}

// weigh is a person who edits the rule of an environment.
func weigh(t *testing.T, s *stage, blue, green int32) {
	t.Helper()
	_, err := s.aws.ELB.ModifyRule(t.Context(), &elb.ModifyRuleInput{
		RuleArn: &s.service.Rule,
		Actions: []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumForward,
			ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
				{TargetGroupArn: &s.service.BlueGroup, Weight: &blue}, {TargetGroupArn: &s.service.GreenGroup, Weight: &green},
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A repair whose starter dies is done by who comes after it, and one whose execution is
// stopped goes on with what was chosen.
func TestRepairStopped(t *testing.T) {
	t.Parallel()
	b, name := soiled(t)
	b.setWeights(100, 0)
	b.die("build", 9, 1)
	if why := b.repair("accept"); why != "" {
		t.Fatalf("accept was refused: %s", why)
	}
	env := b.untilFree()
	if env.Facts.Release != 2 {
		t.Errorf("the environment is %+v, want release 2", env)
	}
	b.wantOutcome(name, rollout.Dirty)
	if why := b.repair("back"); !strings.Contains(why, "is not Dirty") {
		t.Errorf("a repair of nothing was refused because of %q", why)
	}
}

// What is asked at once is done once, and what cannot be is refused.
func TestRepairRefused(t *testing.T) {
	t.Parallel()
	b, name := soiled(t)
	if why := b.repair("sideways"); !strings.Contains(why, `there is no move "sideways"; there are back and accept`) {
		t.Errorf("a move that there is not was refused because of %q", why)
	}
	b.scale("shop-green", 2)
	b.RunFor(5 * time.Minute)
	request := steps.RepairRequest{Place: production, Move: store.MoveBack, Order: "1", By: "carl"}
	for range 2 {
		if got, err := b.Steps.Repair(b.ctx(), request); err != nil || got != name {
			t.Errorf("the repair is %q, %v; want %s", got, err, name)
		}
	}
	request.Order = "2"
	if _, err := b.Steps.Repair(b.ctx(), request); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("a second repair is %v, want Refused", err)
	}
	b.untilFree()
	b.wantAtRest(rollout.Green)
}

// hears counts the notices of a moment from now on.
func (b *box) hears(moment rollout.Moment) *int {
	count := 0
	b.observe(func(_ *wire.Call, in, _ any, err error) {
		put, ok := in.(*eventbridge.PutEventsInput)
		if !ok || err != nil {
			return
		}
		for _, e := range put.Entries {
			if strings.Contains(aws.ToString(e.Detail), `"moment":"`+string(moment)+`"`) {
				count++
			}
		}
	})
	return &count
}

// wantRepair fails the test unless the execution of the last repair went so.
func (b *box) wantRepair(env store.Environment, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.path(env.Repair.Execution[strings.LastIndex(env.Repair.Execution, ":")+1:])); diff != "" {
		b.t.Errorf("the repair's path (-want +got):\n%s", diff)
	}
}
