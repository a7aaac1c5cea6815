package harness_test

import (
	"strings"
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

const (
	serviceARN = "arn:aws:ecs:us-east-1:123456789012:service/"
	roleARN    = "arn:aws:iam::123456789012:role/"
)

// newTwo is a box whose account has a second environment, staging, beside production.
func newTwo(t *testing.T) (b *box, staging harness.Service) {
	t.Helper()
	b = newBoxOf(t, origin{region: "us-east-1", narrowed: true})
	staging, err := b.DeployService(map[string]string{
		"App": "shop", "Environment": "staging", "Image": b.push("staging", good), "Alarms": "shop-staging",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, staging
}

// narrow has Sluice installed with parameters, as it is.
func (b *box) narrow(parameters map[string]string) error {
	return b.Update(harness.Version{Format: store.Format, Parameters: parameters})
}

// The parameters that name rules, services and roles leave Sluice nothing else to touch,
// and enough for a rollout.
func TestScopeByParameters(t *testing.T) {
	t.Parallel()
	b, staging := newTwo(t)
	touches := func(others bool) {
		t.Helper()
		for _, u := range []struct{ function, action, ours, other string }{
			{"shift", "elasticloadbalancing:ModifyRule", b.service.Rule, staging.Rule},
			{"rollback", "elasticloadbalancing:ModifyRule", b.service.Rule, staging.Rule},
			{"restore", "elasticloadbalancing:ModifyRule", b.service.Rule, staging.Rule},
			{"prepare", "ecs:UpdateService", "shop-production/shop-blue", "shop-staging/shop-blue"},
			{"prepare", "ecs:DescribeServices", "shop-production/shop-green", "shop-staging/shop-green"},
			{"shift", "ecs:UpdateService", "shop-production/shop-blue", "shop-staging/shop-blue"},
			{"retire", "ecs:UpdateService", "shop-production/shop-blue", "shop-staging/shop-blue"},
			{"restore", "ecs:UpdateService", "shop-production/shop-blue", "shop-staging/shop-blue"},
			{"awaitcanary", "ecs:DescribeServices", "shop-production/shop-blue", "shop-staging/shop-blue"},
			{"service", "ecs:DescribeServices", "shop-production/shop-blue", "shop-staging/shop-blue"},
		} {
			if strings.HasPrefix(u.action, "ecs:") {
				u.ours, u.other = serviceARN+u.ours, serviceARN+u.other
			}
			for resource, want := range map[string]bool{u.ours: true, u.other: others} {
				if got := mayOn(t, b.Harness, "sluice-"+u.function, u.action, resource); got != want {
					t.Errorf("%s may %s on %s: %t, want %t", u.function, u.action, resource, got, want)
				}
			}
		}
		for role, want := range map[string]bool{roleARN + "any": others, "arn:aws:iam::210987654321:role/any": false} {
			if got := mayOn(t, b.Harness, "sluice-prepare", "iam:PassRole", role); got != want {
				t.Errorf("prepare may pass %s: %t, want %t", role, got, want)
			}
		}
	}
	touches(true)
	err := b.narrow(map[string]string{
		"Rules":     b.service.Rule,
		"Services":  serviceARN + "shop-production/shop-blue, " + serviceARN + "shop-production/shop-green",
		"TaskRoles": b.roles("shop-production", "ExecutionRole", "TaskRole"),
	})
	if err != nil {
		t.Fatal(err)
	}
	touches(false)
	name := b.build(good, 1)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
}

// roles are the ARNs of a stack's roles, with commas.
func (b *box) roles(stack string, logicalIDs ...string) string {
	var arns []string
	for _, s := range b.Stacks {
		for _, id := range logicalIDs {
			if s.Name == stack {
				arns = append(arns, roleARN+s.PhysicalIDs[id])
			}
		}
	}
	return strings.Join(arns, ",")
}

// What Sluice cannot work with is refused when it is installed, with a sentence.
func TestScopeThatCannotWork(t *testing.T) {
	t.Parallel()
	b, staging := newTwo(t)
	const blue, green = serviceARN + "shop-production/shop-blue", serviceARN + "shop-production/shop-green"
	listener, err := b.aws.ELB.DescribeRules(b.ctx(), &elb.DescribeRulesInput{ListenerArn: &b.service.Listener})
	if err != nil {
		t.Fatal(err)
	}
	standard := *listener.Rules[len(listener.Rules)-1].RuleArn
	for name, c := range map[string]struct {
		rules, services, says string
	}{
		"no ARN":           {"shop", "", "Rules is ARNs of listener rules"},
		"second is none":   {b.service.Rule + ",shop", "", "Rules is ARNs of listener rules"},
		"no service's ARN": {"", b.service.Rule, "Services is ARNs of ECS services"},
		"no such rule":     {b.service.Rule[:len(b.service.Rule)-3] + "000", "", "parameter Rules: listener rule"},
		"default rule":     {standard, "", "is its listener's default"},
		"other account":    {strings.Replace(b.service.Rule, "123456789012", "210987654321", 1), "", "is of account 210987654321, and Sluice is in 123456789012"},
		"no such service":  {"", serviceARN + "shop-production/shop-red", "parameter Services: there is no service shop-red in a cluster shop-production"},
		"no such cluster":  {"", serviceARN + "shop-nowhere/shop-blue", "there is no service shop-blue in a cluster shop-nowhere"},
		"other balancer":   {staging.Rule, blue + "," + green, "is it a rule of another load balancer?"},
		"one too many":     {b.service.Rule + "," + staging.Rule, blue + "," + green, "is it a rule of another load balancer?"},
		"rule forgotten":   {b.service.Rule, blue + "," + green + "," + serviceARN + "shop-staging/shop-blue", "to which no rule of parameter Rules forwards"},
	} {
		err := b.narrow(map[string]string{"Rules": c.rules, "Services": c.services})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it refused with %q", name, err, c.says)
		}
	}
}

// What cannot be looked at now is no reason not to install.
func TestScopeThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	b, staging := newTwo(t)
	both := map[string]string{"Rules": staging.Rule, "Services": serviceARN + "shop-production/shop-blue"}
	b.during("check", "DescribeRules", 100, wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")})
	if err := b.narrow(both); err != nil {
		t.Errorf("while the load balancers' API throttles: %v, want it installed", err)
	}
}

// mayOn asks the policies of a function's role, of a table's items with these keys.
func mayOn(t *testing.T, h *harness.Harness, function, action, resource string, keys ...string) bool {
	t.Helper()
	config, _ := h.Lambda.Config(function)
	_, name, _ := iam.ParseRoleARN(config.Role)
	role := h.IAM.Role(name)
	if role == nil {
		t.Fatalf("%s has no role: %q", function, config.Role)
	}
	d, err := iam.Evaluate(policy.Request{
		Principal: iam.Principal(role.Session(function), ""), Action: action, Resource: resource, ResourceAccount: "123456789012",
		Region: "us-east-1", Time: h.Now(), Context: map[string][]string{"iam:PassedToService": {"ecs-tasks.amazonaws.com"}, "dynamodb:LeadingKeys": keys},
	}, role)
	if err != nil {
		t.Fatal(err)
	}
	return d.Allowed
}
