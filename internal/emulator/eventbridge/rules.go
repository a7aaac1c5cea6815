package eventbridge

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge/pattern"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxRules is how many rules a bus holds (AWS: EventBridge quotas).
const maxRules = 300

type rule struct {
	name, arn   string
	source      string           // of the pattern
	pattern     *pattern.Pattern `keep:"-"` // source
	state       types.RuleState
	description *string
	role        *string
	targets     map[string]types.Target
}

// compile turns a refused pattern into AWS's exception.
func compile(source string) (*pattern.Pattern, error) {
	p, err := pattern.Compile([]byte(source))
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "%s", err)
	}
	return p, nil
}

func (s *Service) findRule(busNameOrARN, name *string) (*bus, *rule, error) {
	b, err := s.findBus(busNameOrARN)
	if err != nil {
		return nil, nil, err
	}
	r, ok := b.rules[*name]
	if !ok {
		return nil, nil, notFound("Rule %s does not exist on EventBus %s.", *name, b.name)
	}
	return b, r, nil
}

func (s *Service) putRule(_ *wire.Call, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	b, err := s.findBus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	switch {
	case aws.ToString(in.ScheduleExpression) != "":
		return nil, notEmulated("ScheduleExpression " + *in.ScheduleExpression)
	case aws.ToString(in.EventPattern) == "":
		return nil, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case in.State == types.RuleStateEnabledWithAllCloudtrailManagementEvents:
		return nil, notEmulated("State " + string(in.State))
	}
	p, err := compile(*in.EventPattern)
	if err != nil {
		return nil, err
	}
	r, exists := b.rules[*in.Name]
	if !exists {
		if len(b.rules) >= maxRules {
			return nil, tooMany()
		}
		r = &rule{name: *in.Name, arn: s.ruleARN(b, *in.Name), targets: map[string]types.Target{}}
		b.rules[r.name] = r
	}
	r.source, r.pattern, r.description, r.role = *in.EventPattern, p, in.Description, in.RoleArn
	r.state = in.State
	if r.state == "" {
		r.state = types.RuleStateEnabled
	}
	return &eventbridge.PutRuleOutput{RuleArn: &r.arn}, nil
}

// Restore implements keep.Restorer.
func (r *rule) Restore() (err error) {
	r.pattern, err = compile(r.source)
	return err
}

func (s *Service) ruleARN(b *bus, name string) string {
	if b.name == defaultBus {
		return s.arn("rule/" + name)
	}
	return s.arn("rule/" + b.name + "/" + name)
}

func (s *Service) describeRule(_ *wire.Call, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	b, r, err := s.findRule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeRuleOutput{
		Name: &r.name, Arn: &r.arn, EventBusName: &b.name, EventPattern: &r.source,
		State: r.state, Description: r.description, RoleArn: r.role, CreatedBy: &s.account,
	}, nil
}

func (s *Service) listRules(_ *wire.Call, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	b, err := s.findBus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	names := withPrefix(slices.Sorted(maps.Keys(b.rules)), in.NamePrefix)
	names, next := page(names, in.NextToken, in.Limit)
	out := &eventbridge.ListRulesOutput{Rules: []types.Rule{}, NextToken: next}
	for _, name := range names {
		r := b.rules[name]
		out.Rules = append(out.Rules, types.Rule{
			Name: &r.name, Arn: &r.arn, EventBusName: &b.name, EventPattern: &r.source,
			State: r.state, Description: r.description, RoleArn: r.role,
		})
	}
	return out, nil
}

func (s *Service) enableRule(_ *wire.Call, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	_, r, err := s.findRule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	r.state = types.RuleStateEnabled
	return &eventbridge.EnableRuleOutput{}, nil
}

func (s *Service) disableRule(_ *wire.Call, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	_, r, err := s.findRule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	r.state = types.RuleStateDisabled
	return &eventbridge.DisableRuleOutput{}, nil
}

// deleteRule succeeds for a rule that is not there, as AWS does.
func (s *Service) deleteRule(_ *wire.Call, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	b, err := s.findBus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	if r, ok := b.rules[*in.Name]; ok && len(r.targets) > 0 {
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	delete(b.rules, *in.Name)
	return &eventbridge.DeleteRuleOutput{}, nil
}

func (s *Service) testEventPattern(_ *wire.Call, in *eventbridge.TestEventPatternInput) (*eventbridge.TestEventPatternOutput, error) {
	p, err := compile(*in.EventPattern)
	if err != nil {
		return nil, err
	}
	matches, err := p.Match([]byte(*in.Event))
	if err != nil {
		return nil, invalid("Parameter Event is not valid. Reason: %s", err)
	}
	return &eventbridge.TestEventPatternOutput{Result: matches}, nil
}
