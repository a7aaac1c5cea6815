package elbv2

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// rule is one rule of a listener. The default rule has priority 0.
type rule struct {
	arn        string
	listener   *listener
	priority   int32
	conditions []types.RuleCondition
	actions    []types.Action
	tags       map[string]string
}

func (r *rule) isDefault() bool { return r.listener.fallback == r }

// addRule takes a checked rule in.
func (s *Service) addRule(l *listener, priority int32, conditions []types.RuleCondition, actions []types.Action) *rule {
	r := &rule{listener: l, priority: priority, conditions: conditions, actions: actions, tags: map[string]string{}}
	r.arn = s.arn("listener-rule/app/" + l.balancer.name + "/" + l.balancer.id + "/" + l.id + "/" + s.loop.ID(16))
	s.rules[r.arn] = r
	return r
}

func (s *Service) createRule(_ *wire.Call, in *sdk.CreateRuleInput) (*sdk.CreateRuleOutput, error) {
	l, err := s.listener(aws.ToString(in.ListenerArn))
	if err != nil {
		return nil, err
	}
	if len(in.Transforms) > 0 {
		return nil, errTransforms()
	}
	priority := aws.ToInt32(in.Priority)
	if slices.ContainsFunc(l.rules, func(r *rule) bool { return r.priority == priority }) {
		return nil, wire.Errorf("PriorityInUse", "Priority '%d' is currently in use", priority)
	}
	conditions, err := checkConditions(in.Conditions)
	if err != nil {
		return nil, err
	}
	actions, err := s.checkActions(l.balancer, l.settings.protocol, in.Actions)
	if err != nil {
		return nil, err
	}
	if err := s.checkGroupQuota(l.balancer, nil, actions); err != nil {
		return nil, err
	}
	if l.balancer.ruleCount() >= s.deps.Quotas.RulesPerLoadBalancer {
		return nil, wire.Errorf("TooManyRules", "The maximum number of rules on load balancer '%s' has been reached", l.balancer.arn)
	}
	tags, err := withTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	r := s.addRule(l, priority, conditions, actions)
	r.tags = tags
	l.rules = append(l.rules, r)
	slices.SortFunc(l.rules, func(x, y *rule) int { return cmp.Compare(x.priority, y.priority) })
	s.rerouted(l.balancer)
	return &sdk.CreateRuleOutput{Rules: []types.Rule{r.describe()}}, nil
}

func errTransforms() error {
	return wire.Errorf("InvalidConfigurationRequest", "Transforms of rules are not emulated")
}

// ruleCount counts rules as the quota does: without the default ones.
func (b *balancer) ruleCount() int {
	count := 0
	for _, l := range b.listeners {
		count += len(l.rules)
	}
	return count
}

func (r *rule) describe() types.Rule {
	out := types.Rule{
		RuleArn:    aws.String(r.arn),
		Priority:   aws.String("default"),
		IsDefault:  aws.Bool(r.isDefault()),
		Conditions: slices.Clone(r.conditions),
		Actions:    shown(r.actions),
	}
	if !r.isDefault() {
		out.Priority = aws.String(strconv.Itoa(int(r.priority)))
	}
	return out
}

func (s *Service) describeRules(_ *wire.Call, in *sdk.DescribeRulesInput) (*sdk.DescribeRulesOutput, error) {
	var found []*rule
	switch {
	case in.ListenerArn == nil && len(in.RuleArns) == 0:
		return nil, wire.Errorf("ValidationError", "You must specify either listener ARNs or rule ARNs")
	case in.ListenerArn != nil && len(in.RuleArns) > 0:
		return nil, wire.Errorf("ValidationError", "You cannot specify both listener ARNs and rule ARNs")
	case in.ListenerArn != nil:
		l, err := s.listener(*in.ListenerArn)
		if err != nil {
			return nil, err
		}
		found = append(slices.Clone(l.rules), l.fallback)
	}
	for _, arn := range in.RuleArns {
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	found, next, err := page(found, func(r *rule) string { return r.arn }, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeRulesOutput{NextMarker: next}
	for _, r := range found {
		out.Rules = append(out.Rules, r.describe())
	}
	return out, nil
}

func (s *Service) rule(arn string) (*rule, error) {
	r, ok := s.rules[arn]
	if !ok {
		return nil, wire.Errorf("RuleNotFound", "One or more rules not found")
	}
	return r, nil
}

func (s *Service) modifyRule(_ *wire.Call, in *sdk.ModifyRuleInput) (*sdk.ModifyRuleOutput, error) {
	r, err := s.rule(aws.ToString(in.RuleArn))
	if err != nil {
		return nil, err
	}
	if r.isDefault() {
		return nil, wire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be modified", r.arn)
	}
	if len(in.Transforms) > 0 {
		return nil, errTransforms()
	}
	conditions, actions := r.conditions, r.actions
	if len(in.Conditions) > 0 {
		if conditions, err = checkConditions(in.Conditions); err != nil {
			return nil, err
		}
	}
	if len(in.Actions) > 0 {
		if actions, err = s.checkActions(r.listener.balancer, r.listener.settings.protocol, withSecrets(in.Actions, r.actions)); err != nil {
			return nil, err
		}
		if err := s.checkGroupQuota(r.listener.balancer, r, actions); err != nil {
			return nil, err
		}
	}
	r.conditions, r.actions = conditions, actions
	s.rerouted(r.listener.balancer)
	return &sdk.ModifyRuleOutput{Rules: []types.Rule{r.describe()}}, nil
}

// setRulePriorities moves rules to other places of their listener, all or none.
// AWS: Elastic Load Balancing API Reference, SetRulePriorities.
func (s *Service) setRulePriorities(_ *wire.Call, in *sdk.SetRulePrioritiesInput) (*sdk.SetRulePrioritiesOutput, error) {
	wants := map[*rule]int32{}
	for _, pair := range in.RulePriorities {
		r, err := s.rule(aws.ToString(pair.RuleArn))
		if err != nil {
			return nil, err
		}
		if r.isDefault() {
			return nil, wire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be modified", r.arn)
		}
		wants[r] = aws.ToInt32(pair.Priority)
	}
	out := &sdk.SetRulePrioritiesOutput{}
	for _, pair := range in.RulePriorities {
		r := s.rules[*pair.RuleArn]
		for _, other := range r.listener.rules {
			at, moved := wants[other]
			if !moved {
				at = other.priority
			}
			if other != r && at == wants[r] {
				return nil, wire.Errorf("PriorityInUse", "Priority '%d' is currently in use", at)
			}
		}
	}
	for _, pair := range in.RulePriorities {
		r := s.rules[*pair.RuleArn]
		r.priority = wants[r]
		slices.SortFunc(r.listener.rules, func(x, y *rule) int { return cmp.Compare(x.priority, y.priority) })
		s.rerouted(r.listener.balancer)
		out.Rules = append(out.Rules, r.describe())
	}
	return out, nil
}

func (s *Service) deleteRule(_ *wire.Call, in *sdk.DeleteRuleInput) (*sdk.DeleteRuleOutput, error) {
	r, err := s.rule(aws.ToString(in.RuleArn))
	if err != nil {
		return nil, err
	}
	if r.isDefault() {
		return nil, wire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be deleted", r.arn)
	}
	r.listener.rules = slices.DeleteFunc(r.listener.rules, func(other *rule) bool { return other == r })
	delete(s.rules, r.arn)
	s.rerouted(r.listener.balancer)
	return &sdk.DeleteRuleOutput{}, nil
}
