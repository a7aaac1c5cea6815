package traffic_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// world is a cloud with a load balancer, an HTTPS listener that answers 404, and
// two target groups.
type world struct {
	t        *testing.T
	cloud    *emulator.Cloud
	elb      *elb.Client
	router   traffic.Router
	balancer string
	listener string
	groups   rollout.Names
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	c := awsclient.New(cloud.Config("AKIAPERSON"))
	w := world{t: t, cloud: cloud, elb: c.ELB, router: traffic.Router{ELB: c.ELB, Once: c.ELBOnce}}
	w.balancer = w.newBalancer("shop")
	w.listener = w.newListener(w.balancer, 443, notFound())
	w.groups = rollout.Names{Blue: w.group("shop-blue"), Green: w.group("shop-green")}
	return w
}

func (w world) newBalancer(name string) string {
	w.t.Helper()
	out, err := w.elb.CreateLoadBalancer(w.t.Context(), &elb.CreateLoadBalancerInput{
		Name: &name, Subnets: []string{"subnet-a", "subnet-b"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.LoadBalancers[0].LoadBalancerArn)
}

func (w world) newListener(balancer string, port int32, actions []types.Action) string {
	w.t.Helper()
	out, err := w.elb.CreateListener(w.t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: &balancer, Port: &port, Protocol: types.ProtocolEnumHttps, DefaultActions: actions,
		Certificates: []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.Listeners[0].ListenerArn)
}

func (w world) group(name string) string {
	w.t.Helper()
	out, err := w.elb.CreateTargetGroup(w.t.Context(), &elb.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-1"),
		TargetType: types.TargetTypeEnumIp,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.TargetGroups[0].TargetGroupArn)
}

// rule makes a rule of a listener and gives its ARN.
func (w world) rule(listener string, priority int32, actions []types.Action) string {
	w.t.Helper()
	out, err := w.elb.CreateRule(w.t.Context(), &elb.CreateRuleInput{
		ListenerArn: &listener, Priority: &priority, Actions: actions,
		Conditions: []types.RuleCondition{
			{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/*"}}},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.Rules[0].RuleArn)
}

func (w world) describe(rule string) types.Rule {
	w.t.Helper()
	out, err := w.elb.DescribeRules(w.t.Context(), &elb.DescribeRulesInput{RuleArns: []string{rule}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Rules[0]
}

func weighted(group string, weight int32) types.TargetGroupTuple {
	return types.TargetGroupTuple{TargetGroupArn: &group, Weight: &weight}
}

func forward(groups ...types.TargetGroupTuple) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: groups}}}
}

func notFound() []types.Action {
	return []types.Action{{
		Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404")},
	}}
}

// ours forwards to both groups.
func (w world) ours(blue, green int32) []types.Action {
	return forward(weighted(w.groups.Blue, blue), weighted(w.groups.Green, green))
}

func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newListener(w.balancer, 8443, notFound())
	w.rule(w.listener, 10, forward(weighted(w.groups.Blue, 1)))
	want := w.rule(other, 20, w.ours(100, 0))
	got, err := w.router.Find(t.Context(), w.groups)
	if err != nil || got != want {
		t.Errorf("found %q (%v), want %s", got, err, want)
	}
}

// A rule with one group too many is the one that is meant; reading it says what
// is wrong with it.
func TestFindThirdGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	third := w.group("shop-third")
	want := w.rule(w.listener, 10, forward(weighted(w.groups.Blue, 98), weighted(w.groups.Green, 1), weighted(third, 1)))
	got, err := w.router.Find(t.Context(), w.groups)
	if err != nil || got != want {
		t.Fatalf("found %q (%v), want %s", got, err, want)
	}
	_, err = w.router.Read(t.Context(), got, w.groups)
	if rollout.KindOf(err) != rollout.KindRuleChanged || !strings.Contains(err.Error(), "3 target groups") {
		t.Errorf("reading it: %v, want a RuleChanged error that counts the groups", err)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(w *world)
		parts []string
	}{
		{"a group is in no rule", func(w *world) {
			w.rule(w.listener, 10, forward(weighted(w.groups.Blue, 1)))
		}, []string{"shop-green", "forward to it with weight 0"}},
		{"no rule has both", func(w *world) {
			w.rule(w.listener, 10, forward(weighted(w.groups.Blue, 1)))
			w.rule(w.listener, 11, forward(weighted(w.groups.Green, 1)))
		}, []string{"no listener rule", "make one"}},
		{"two have", func(w *world) {
			w.rule(w.listener, 10, w.ours(100, 0))
			w.rule(w.listener, 11, w.ours(100, 0))
		}, []string{"2 listener rules", "listenerRule"}},
		{"only the default rule", func(w *world) {
			w.newListener(w.balancer, 8443, w.ours(100, 0))
		}, []string{"default rule", "make a rule of its own"}},
		{"groups of two balancers", func(w *world) {
			w.rule(w.listener, 10, forward(weighted(w.groups.Blue, 1)))
			w.newListener(w.newBalancer("cart"), 443, forward(weighted(w.groups.Green, 1)))
		}, []string{"not two groups of one load balancer"}},
		{"a group that is not there", func(w *world) {
			w.groups.Green += "0"
		}, []string{"does not exist"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.setUp(&w)
			_, err := w.router.Find(t.Context(), w.groups)
			if rollout.KindOf(err) != rollout.KindRefused {
				t.Fatalf("%v, want a Refused error", err)
			}
			for _, part := range c.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not speak of %q", err, part)
				}
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.rule(w.listener, 10, w.ours(70, 30))
	rule, err := w.router.Read(t.Context(), arn, w.groups)
	if err != nil {
		t.Fatal(err)
	}
	if want := (rollout.Weights{Blue: 70, Green: 30}); rule.Weights != want || rule.ARN != arn || rule.Sticky {
		t.Errorf("rule is %s with %s, sticky %t; want %s with %s, not sticky", rule.ARN, rule.Weights, rule.Sticky, arn, want)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		actions func(w world) []types.Action
		want    rollout.ErrorKind
	}{
		{"no forward", func(world) []types.Action { return notFound() }, rollout.KindRuleChanged},
		{"one group", func(w world) []types.Action { return forward(weighted(w.groups.Blue, 1)) }, rollout.KindRuleChanged},
		{"another group", func(w world) []types.Action {
			return forward(weighted(w.groups.Blue, 1), weighted(w.group("shop-third"), 1))
		}, rollout.KindRuleChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			arn := w.rule(w.listener, 10, c.actions(w))
			_, err := w.router.Read(t.Context(), arn, w.groups)
			if got := rollout.KindOf(err); got != c.want {
				t.Errorf("%v is %s, want %s", err, got, c.want)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		arn := w.rule(w.listener, 10, w.ours(100, 0))
		if _, err := w.elb.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: &arn}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.router.Read(t.Context(), arn, w.groups); rollout.KindOf(err) != rollout.KindNotFound {
			t.Errorf("%v, want a NotFound error", err)
		}
	})
}

// unexported are the fields that the SDK keeps in its types for itself.
func unexported() cmp.Option {
	return cmpopts.IgnoreUnexported(types.Rule{}, types.Action{}, types.ForwardActionConfig{}, types.TargetGroupTuple{},
		types.TargetGroupStickinessConfig{}, types.RuleCondition{}, types.PathPatternConditionConfig{},
		types.AuthenticateOidcActionConfig{})
}

// Only the weights change: conditions, the login before the forward, the order of
// the groups and stickiness stay.
func TestWriteKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	actions := []types.Action{
		{
			Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1),
			AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
				Issuer: aws.String("https://login.example"), ClientId: aws.String("shop"), ClientSecret: aws.String("hush"),
				AuthorizationEndpoint: aws.String("https://login.example/a"), TokenEndpoint: aws.String("https://login.example/t"),
				UserInfoEndpoint: aws.String("https://login.example/u"), Scope: aws.String("openid email"),
			},
		},
		{
			Type: types.ActionTypeEnumForward, Order: aws.Int32(2),
			ForwardConfig: &types.ForwardActionConfig{
				TargetGroups: []types.TargetGroupTuple{weighted(w.groups.Green, 0), weighted(w.groups.Blue, 100)},
				TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{
					Enabled: aws.Bool(true), DurationSeconds: aws.Int32(120),
				},
			},
		},
	}
	arn := w.rule(w.listener, 10, actions)
	want := w.describe(arn)
	rule, err := w.router.Read(t.Context(), arn, w.groups)
	if err != nil {
		t.Fatal(err)
	}
	if !rule.Sticky {
		t.Error("the rule is not read as sticky")
	}
	if err := w.router.Write(t.Context(), rule, rollout.Weights{Blue: 90, Green: 10}); err != nil {
		t.Fatal(err)
	}
	if got := rule.Weights; got != (rollout.Weights{Blue: 100}) {
		t.Errorf("writing changed what was read to %s", got)
	}
	groups := want.Actions[1].ForwardConfig.TargetGroups
	groups[0].Weight, groups[1].Weight = aws.Int32(10), aws.Int32(90)
	if diff := cmp.Diff(want, w.describe(arn), unexported()); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
	// What was read can be written again, to other weights.
	if err := w.router.Write(t.Context(), rule, rollout.Weights{Blue: 100}); err != nil {
		t.Fatal(err)
	}
	groups[0].Weight, groups[1].Weight = aws.Int32(0), aws.Int32(100)
	if diff := cmp.Diff(want, w.describe(arn), unexported()); diff != "" {
		t.Errorf("rule after the second write (-want +got):\n%s", diff)
	}
}

// A write is sent once: the machine repeats it, not the SDK, or it could land
// after something newer.
func TestWriteIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.rule(w.listener, 10, w.ours(100, 0))
	rule, err := w.router.Read(t.Context(), arn, w.groups)
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	w.cloud.Faults.Request = func(*wire.Call) *wire.Fault {
		sent++
		return &wire.Fault{Err: wire.Errorf("Throttling", "Rate exceeded")}
	}
	err = w.router.Write(t.Context(), rule, rollout.Toward(rollout.Green, 10))
	if got := rollout.KindOf(err); got != rollout.KindThrottled {
		t.Errorf("%v is %s, want %s", err, got, rollout.KindThrottled)
	}
	if sent != 1 {
		t.Errorf("sent %d requests, want 1", sent)
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(w.listener, 10, w.ours(100, 0))
	if n, err := w.router.Healthy(t.Context(), w.groups.Blue); n != 0 || err != nil {
		t.Errorf("an empty group has %d healthy targets (%v), want 0", n, err)
	}
	_, err := w.elb.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{
		TargetGroupArn: &w.groups.Blue, Targets: []types.TargetDescription{{Id: aws.String("10.0.0.1")}, {Id: aws.String("10.0.0.2")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.router.Healthy(t.Context(), w.groups.Blue); n != 0 || err != nil {
		t.Errorf("a group whose targets are not checked yet has %d healthy (%v), want 0", n, err)
	}
	_, err = w.router.Healthy(t.Context(), w.groups.Blue+"0")
	if got := rollout.KindOf(err); got != rollout.KindNotFound {
		t.Errorf("a group that is not there: %v, want a NotFound error", err)
	}
	w.cloud.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseAnswer: true} }
	if _, err = w.router.Healthy(t.Context(), w.groups.Blue); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("no answer: %v, want an Unavailable error", err)
	}
}
