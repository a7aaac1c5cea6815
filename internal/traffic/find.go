package traffic

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Find gives the ARN of the one rule that forwards to both target groups. Refused,
// with what to do, if there is none, more than one, or only a listener's default
// rule, whose weights ModifyRule cannot set.
func (r Router) Find(ctx context.Context, groups rollout.Names) (string, error) {
	balancer, err := r.balancer(ctx, groups)
	if err != nil {
		return "", err
	}
	var found []types.Rule
	listeners := elb.NewDescribeListenersPaginator(r.ELB, &elb.DescribeListenersInput{LoadBalancerArn: &balancer})
	for listeners.HasMorePages() {
		page, err := listeners.NextPage(ctx)
		if err != nil {
			return "", awsclient.Wrap(err, "list the listeners of %s", balancer)
		}
		for _, listener := range page.Listeners {
			rules, err := r.matching(ctx, aws.ToString(listener.ListenerArn), groups)
			if err != nil {
				return "", err
			}
			found = append(found, rules...)
		}
	}
	switch {
	case len(found) == 0:
		return "", rollout.Errorf(rollout.KindRefused,
			"no listener rule of %s forwards to both %s and %s; make one with weights 100 and 0",
			balancer, groups.Blue, groups.Green)
	case len(found) > 1:
		return "", rollout.Errorf(rollout.KindRefused,
			"%d listener rules of %s forward to both %s and %s; name one in the spec as listenerRule",
			len(found), balancer, groups.Blue, groups.Green)
	case aws.ToBool(found[0].IsDefault):
		return "", rollout.Errorf(rollout.KindRefused,
			"only the default rule of a listener of %s forwards to both target groups, and its weights cannot be set by rule; make a rule of its own", balancer)
	}
	return aws.ToString(found[0].RuleArn), nil
}

// balancer is the load balancer that both groups are attached to.
func (r Router) balancer(ctx context.Context, groups rollout.Names) (string, error) {
	out, err := r.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{
		TargetGroupArns: []string{groups.Blue, groups.Green},
	})
	if awsclient.Is(err, "TargetGroupNotFound") {
		return "", rollout.Errorf(rollout.KindRefused, "target group %s or %s does not exist", groups.Blue, groups.Green)
	}
	if err != nil {
		return "", awsclient.Wrap(err, "read target groups %s and %s", groups.Blue, groups.Green)
	}
	var balancers []string
	for _, group := range out.TargetGroups {
		if len(group.LoadBalancerArns) == 0 {
			return "", rollout.Errorf(rollout.KindRefused,
				"target group %s is in no listener rule; forward to it with weight 0", aws.ToString(group.TargetGroupArn))
		}
		balancers = append(balancers, group.LoadBalancerArns[0])
	}
	if len(balancers) != 2 || balancers[0] != balancers[1] {
		return "", rollout.Errorf(rollout.KindRefused,
			"target groups %s and %s are not two groups of one load balancer", groups.Blue, groups.Green)
	}
	return balancers[0], nil
}

// matching gives a listener's rules that forward to both groups. Rules with more
// groups count too: reading one of them says what is wrong with it.
func (r Router) matching(ctx context.Context, listener string, groups rollout.Names) ([]types.Rule, error) {
	var found []types.Rule
	rules := elb.NewDescribeRulesPaginator(r.ELB, &elb.DescribeRulesInput{ListenerArn: &listener})
	for rules.HasMorePages() {
		page, err := rules.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "list the rules of %s", listener)
		}
		for _, rule := range page.Rules {
			if forwardsTo(rule, groups.Blue) && forwardsTo(rule, groups.Green) {
				found = append(found, rule)
			}
		}
	}
	return found, nil
}

func forwardsTo(rule types.Rule, group string) bool {
	for _, action := range rule.Actions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, tuple := range action.ForwardConfig.TargetGroups {
			if aws.ToString(tuple.TargetGroupArn) == group {
				return true
			}
		}
	}
	return false
}
