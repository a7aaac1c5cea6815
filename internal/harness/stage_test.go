package harness_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// stage is an environment of a story, and what stands there.
type stage struct {
	*box
	place   store.Place
	cluster string
	slots   rollout.Names
	cloud   *emulator.Cloud
	service harness.Service
	aws     awsclient.Clients // a person's of that account
	reach   steps.Reach       // that person's
	last    map[string]int32  // weights by target group, as a function wrote them last
	failed  int               // requests that had failed when the environment stood
}

// addStage has 100 requests a second go to an environment and what Sluice promises
// checked there.
func (b *box) addStage(env rollout.Environment, cloud *emulator.Cloud, service harness.Service) *stage {
	b.t.Helper()
	s := &stage{
		box: b, place: store.Place{App: "shop", Environment: env.Name}, cluster: env.Cluster, slots: env.Slots,
		service: service, last: map[string]int32{},
	}
	s.enter(cloud)
	b.Do(func() {
		b.account.World.AddLoad(model.Load{
			LoadBalancerARN:   service.Balancer,
			RequestsPerSecond: func(time.Time) float64 { return 100 },
		})
	})
	b.stages = append(b.stages, s)
	return s
}

// enter has the stage be in a cloud.
func (s *stage) enter(cloud *emulator.Cloud) {
	c := awsclient.New(cloud.Config("AKIAPERSON" + cloud.Account))
	s.cloud, s.aws = cloud, c
	s.reach = steps.Reach{
		Services: ecsservice.Services{ECS: c.ECS, Once: c.ECSOnce}, Traffic: traffic.Router{ELB: c.ELB, Once: c.ELBOnce},
		Alarms: alarms.Reader{CloudWatch: c.CloudWatch}, Scaling: autoscaling.Scaler{AutoScaling: c.AutoScaling},
	}
}

// in is the environment of that name.
func (b *box) in(environment string) *stage {
	b.t.Helper()
	i := slices.IndexFunc(b.stages, func(s *stage) bool { return s.place.Environment == environment })
	if i < 0 {
		b.t.Fatalf("the story has no environment %q", environment)
	}
	return b.stages[i]
}

// groups are the slots' target groups.
func (s *stage) groups() rollout.Names {
	return rollout.Names{Blue: s.service.BlueGroup, Green: s.service.GreenGroup}
}

// environment is the environment's item.
func (s *stage) environment() store.Environment {
	s.t.Helper()
	env, err := s.Steps.Store.Environment(s.ctx(), s.place)
	if err != nil {
		s.t.Fatal(err)
	}
	return env
}

// weights is what the rule holds.
func (s *stage) weights() rollout.Weights {
	s.t.Helper()
	rule, err := s.reach.Traffic.Read(s.ctx(), s.service.Rule, s.groups())
	if err != nil {
		s.t.Fatal(err)
	}
	return rule.Weights
}

// wantAtRest checks what is so after every ending that is not Dirty: the traffic
// all on slot, the other slot empty and kept so, the environment free, no deadman
// left, everybody told and the ending explained.
func (s *stage) wantAtRest(slot rollout.Slot, names ...string) {
	s.t.Helper()
	if got, want := s.weights(), rollout.Toward(slot, 100); got != want {
		s.t.Errorf("%s: weights are %s, want %s", s.place, got, want)
	}
	services, err := s.reach.Services.Describe(s.ctx(), s.cluster, s.slots)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := services[slot.Other()].Desired; got != 0 {
		s.t.Errorf("%s: the idle slot wants %d tasks, want 0", s.place, got)
	}
	if got := services[slot]; got.Desired == 0 || got.Running < got.Desired {
		s.t.Errorf("%s: the slot with the traffic runs %d of %d tasks", s.place, got.Running, got.Desired)
	}
	s.wantScaling(slot)
	if env := s.environment(); env.Owner != "" || env.Waiter != nil || env.RollbackWaiter != nil || env.Dirty != nil {
		s.t.Errorf("%s is not free: %+v", s.place, env)
	}
	for _, name := range names {
		record := s.record(name)
		if !record.Told {
			s.t.Errorf("nobody was told how %s ended", name)
		}
		if record.Outcome == "" || record.Outcome != rollout.Succeeded && record.Reason == "" {
			s.t.Errorf("%s ended %q because of %q, want both said", name, record.Outcome, record.Reason)
		}
		s.wantNoDeadman(name)
	}
}

// wantScaling checks that the slot with the traffic scales as the first one did,
// and the other stays at zero.
func (s *stage) wantScaling(slot rollout.Slot) {
	s.t.Helper()
	scaling, err := s.reach.Scaling.Read(s.ctx(), s.cluster, s.slots)
	if err != nil {
		s.t.Fatal(err)
	}
	want := map[rollout.Slot]*rollout.Scaling{
		slot:         {Min: 2, Max: 6},
		slot.Other(): {Min: 0, Max: 6, InSuspended: true, OutSuspended: true, ScheduledSuspended: true},
	}
	if diff := cmp.Diff(want, scaling); diff != "" {
		s.t.Errorf("autoscaling of %s (-want +got):\n%s", s.place, diff)
	}
}

// wantNoTraffic fails the test if the slot was ever sent a request.
func (s *stage) wantNoTraffic(slot rollout.Slot) {
	s.t.Helper()
	s.Do(func() {
		if n := s.World.ToGroup(s.groups().Of(slot)).Requests; n != 0 {
			s.t.Errorf("%s of %s was sent %d requests, want none", slot, s.place, n)
		}
	})
}

// alarm has an alarm of the environment's account and Region go red, or green, by
// hand.
func (s *stage) alarm(name string, state cwtypes.StateValue) {
	s.t.Helper()
	setAlarm(s.t, s.aws.CloudWatch, name, state)
}

// writer is who of Sluice sent a request: the function, or Sluice as it is in other
// accounts; "" for everybody else.
func (b *box) writer(c *wire.Call) string {
	if _, session, ok := strings.Cut(c.Caller.ARN, ":assumed-role/sluice-remote/"); ok {
		return session + " of account " + c.Account
	}
	return b.caller(c)
}

// promise checks, at every write, what must hold at every moment in every
// environment: weights that sum to 100, no slot given weight without a healthy
// target, and no slot with weight scaled down.
func (b *box) promise(c *wire.Call, in, _ any, err error) {
	if err != nil || b.writer(c) == "" {
		return
	}
	for _, s := range b.stages {
		if c.Account != s.cloud.Account || c.Region != s.cloud.Region {
			continue
		}
		switch in := in.(type) {
		case *elb.ModifyRuleInput:
			if aws.ToString(in.RuleArn) == s.service.Rule {
				s.weighted(b.writer(c), in.Actions[len(in.Actions)-1].ForwardConfig.TargetGroups)
			}
		case *ecs.UpdateServiceInput:
			if aws.ToString(in.Cluster) == s.cluster && in.DesiredCount != nil && *in.DesiredCount == 0 {
				s.emptied(b.writer(c), aws.ToString(in.Service))
			}
		}
	}
}

func (s *stage) weighted(by string, groups []elbtypes.TargetGroupTuple) {
	sum := int32(0)
	for _, group := range groups {
		arn, weight := aws.ToString(group.TargetGroupArn), aws.ToInt32(group.Weight)
		sum += weight
		if before, known := s.last[arn]; known && weight > before && s.healthyNow(arn) == 0 {
			s.t.Errorf("%v: %s raised a group of %s without a healthy target from %d to %d", s.Now(), by, s.place, before, weight)
		}
		s.last[arn] = weight
	}
	if sum != 100 {
		s.t.Errorf("%v: %s wrote weights of %s that sum to %d", s.Now(), by, s.place, sum)
	}
}

func (s *stage) emptied(by, service string) {
	groups := map[string]string{s.slots.Blue: s.service.BlueGroup, s.slots.Green: s.service.GreenGroup}
	group, ours := groups[service]
	if !ours {
		return
	}
	if weight := s.weightNow(group); weight > 0 {
		s.t.Errorf("%v: %s scaled %s of %s to zero, which has weight %d", s.Now(), by, service, s.place, weight)
	}
}

// weightNow is a target group's weight in the rule, for use on the loop.
func (s *stage) weightNow(group string) int32 {
	var found elb.DescribeRulesOutput
	s.lookNow("describeRules", map[string][]string{"RuleArns": {s.service.Rule}}, &found)
	if len(found.Rules) != 1 {
		s.t.Errorf("%s has %d rules, want 1", s.place, len(found.Rules))
	}
	weight := int32(0)
	for _, rule := range found.Rules {
		for _, action := range rule.Actions {
			if action.ForwardConfig == nil {
				continue
			}
			for _, tuple := range action.ForwardConfig.TargetGroups {
				if aws.ToString(tuple.TargetGroupArn) == group {
					weight = aws.ToInt32(tuple.Weight)
				}
			}
		}
	}
	return weight
}

// healthyNow is how many healthy targets a group has, for use on the loop.
func (s *stage) healthyNow(group string) int {
	var found elb.DescribeTargetHealthOutput
	s.lookNow("describeTargetHealth", map[string]string{"TargetGroupArn": group}, &found)
	healthy := 0
	for _, target := range found.TargetHealthDescriptions {
		if target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			healthy++
		}
	}
	return healthy
}

// lookNow asks the load balancers on the loop.
func (s *stage) lookNow(operation string, in, out any) {
	text, err := json.Marshal(in)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.cloud.Mux.InvokeJSON(&wire.Call{RequestID: "look"}, "elasticloadbalancingv2", operation, text, func(answer json.RawMessage, err error) {
		if err == nil {
			err = json.Unmarshal(answer, out)
		}
		if err != nil {
			s.t.Errorf("%s of %s: %v", operation, s.place, err)
		}
	})
}
