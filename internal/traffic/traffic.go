// Package traffic finds, reads and writes the one listener rule that divides an
// environment's traffic between its two target groups, and asks how healthy they
// are. It changes nothing of a rule but the two weights.
package traffic

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Router reads with ELB and writes with Once, which must not repeat a request by
// itself.
type Router struct {
	ELB  *elb.Client
	Once *elb.Client
}

// Rule is a listener rule as it was read.
type Rule struct {
	ARN     string
	Weights rollout.Weights
	Sticky  bool // clients may stay with a target group whatever the weights say

	groups  rollout.Names
	actions []types.Action
}

// Read reads a rule. RuleChanged if it does not forward to exactly the two target
// groups, NotFound if there is no such rule.
func (r Router) Read(ctx context.Context, arn string, groups rollout.Names) (Rule, error) {
	raw, err := r.describe(ctx, arn)
	if err != nil {
		return Rule{}, err
	}
	return parse(raw, groups)
}

func (r Router) describe(ctx context.Context, arn string) (types.Rule, error) {
	out, err := r.ELB.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{arn}})
	if awsclient.Is(err, "RuleNotFound") || err == nil && len(out.Rules) == 0 {
		return types.Rule{}, rollout.Errorf(rollout.KindNotFound, "listener rule %s does not exist", arn)
	}
	if err != nil {
		return types.Rule{}, awsclient.Wrap(err, "read listener rule %s", arn)
	}
	return out.Rules[0], nil
}

// Groups gives the target groups that a rule divides traffic between, whichever two they
// are. NotFound if there is no such rule, Refused if it has no weights to set.
func (r Router) Groups(ctx context.Context, arn string) ([]string, error) {
	raw, err := r.describe(ctx, arn)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(raw.IsDefault) {
		return nil, rollout.Errorf(rollout.KindRefused,
			"listener rule %s is its listener's default, whose weights cannot be set; make a rule of its own", arn)
	}
	forward := Rule{actions: raw.Actions}.forward()
	if forward == nil || len(forward.TargetGroups) != 2 {
		return nil, rollout.Errorf(rollout.KindRefused,
			"listener rule %s does not divide traffic between two target groups; let it forward to the groups of both slots", arn)
	}
	return []string{aws.ToString(forward.TargetGroups[0].TargetGroupArn), aws.ToString(forward.TargetGroups[1].TargetGroupArn)}, nil
}

func parse(raw types.Rule, groups rollout.Names) (Rule, error) {
	rule := Rule{ARN: aws.ToString(raw.RuleArn), groups: groups, actions: raw.Actions}
	forward := rule.forward()
	if forward == nil {
		return rule, rollout.Errorf(rollout.KindRuleChanged,
			"listener rule %s has no forward action with weights for two target groups", rule.ARN)
	}
	seen := map[string]int{}
	for _, tuple := range forward.TargetGroups {
		seen[aws.ToString(tuple.TargetGroupArn)] = int(aws.ToInt32(tuple.Weight))
	}
	blue, hasBlue := seen[groups.Blue]
	green, hasGreen := seen[groups.Green]
	if !hasBlue || !hasGreen || len(forward.TargetGroups) != 2 {
		return rule, rollout.Errorf(rollout.KindRuleChanged,
			"listener rule %s forwards to %d target groups; it must forward to exactly %s and %s",
			rule.ARN, len(forward.TargetGroups), groups.Blue, groups.Green)
	}
	rule.Weights = rollout.Weights{Blue: blue, Green: green}
	sticky := forward.TargetGroupStickinessConfig
	rule.Sticky = sticky != nil && aws.ToBool(sticky.Enabled)
	return rule, nil
}

func (r Rule) forward() *types.ForwardActionConfig {
	for i := range r.actions {
		if r.actions[i].Type == types.ActionTypeEnumForward {
			return r.actions[i].ForwardConfig
		}
	}
	return nil
}

// Write sets the two weights of a rule that was just read, and sends everything
// else back as it was. The caller reads the rule again afterwards.
func (r Router) Write(ctx context.Context, rule Rule, to rollout.Weights) error {
	_, err := r.Once.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &rule.ARN, Actions: rule.with(to)})
	if err != nil {
		return awsclient.Wrap(err, "set listener rule %s to %s", rule.ARN, to)
	}
	return nil
}

// with is the rule's whole action list with other weights. The list that was read
// is left alone. A client secret is never shown, so it cannot be sent back and has
// to be said to stay (AWS: ELBv2 API Reference, AuthenticateOidcActionConfig).
func (r Rule) with(to rollout.Weights) []types.Action {
	actions := slices.Clone(r.actions)
	for i, action := range actions {
		if login := action.AuthenticateOidcConfig; login != nil {
			same := *login
			same.UseExistingClientSecret = aws.Bool(true)
			actions[i].AuthenticateOidcConfig = &same
		}
		if action.Type != types.ActionTypeEnumForward {
			continue
		}
		forward := *action.ForwardConfig
		forward.TargetGroups = slices.Clone(forward.TargetGroups)
		for j, tuple := range forward.TargetGroups {
			slot := rollout.Blue
			if aws.ToString(tuple.TargetGroupArn) == r.groups.Green {
				slot = rollout.Green
			}
			forward.TargetGroups[j].Weight = aws.Int32(int32(to.Of(slot))) //nolint:gosec // 0 to 100
		}
		actions[i].ForwardConfig = &forward
	}
	return actions
}

// Healthy is how many targets of a group are healthy.
func (r Router) Healthy(ctx context.Context, group string) (int, error) {
	out, err := r.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &group})
	if awsclient.Is(err, "TargetGroupNotFound") {
		return 0, rollout.Errorf(rollout.KindNotFound, "target group %s does not exist any more", group)
	}
	if err != nil {
		return 0, awsclient.Wrap(err, "read the health of target group %s", group)
	}
	healthy := 0
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth != nil && d.TargetHealth.State == types.TargetHealthStateEnumHealthy {
			healthy++
		}
	}
	return healthy, nil
}
