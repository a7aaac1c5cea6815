package elbv2

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// AWS: Application Load Balancers User Guide, quotas (groups per action) and
// ELBv2 API Reference, TargetGroupTuple and TargetGroupStickinessConfig.
const (
	groupsPerAction   = 5
	highestWeight     = 999
	longestStickiness = 7 * 24 * time.Hour
	highestPort       = 65535
)

// checkActions applies AWS's rules to a rule's actions and gives them in the
// form in which they are kept: in order, forwards as a ForwardConfig, defaults
// filled in.
func (s *Service) checkActions(b *balancer, protocol types.ProtocolEnum, in []types.Action) ([]types.Action, error) {
	actions := make([]types.Action, 0, len(in))
	for _, action := range in {
		if len(in) > 1 && action.Order == nil {
			return nil, wire.Errorf("InvalidLoadBalancerAction", "The order must be specified for all actions of a rule with multiple actions")
		}
		kept, err := s.checkAction(b, protocol, action)
		if err != nil {
			return nil, err
		}
		actions = append(actions, kept)
	}
	slices.SortStableFunc(actions, func(x, y types.Action) int { return cmp.Compare(aws.ToInt32(x.Order), aws.ToInt32(y.Order)) })
	for i, action := range actions {
		if i > 0 && aws.ToInt32(action.Order) == aws.ToInt32(actions[i-1].Order) {
			return nil, wire.Errorf("InvalidLoadBalancerAction", "The action order '%d' is specified more than once", *action.Order)
		}
		if routes(action) != (i == len(actions)-1) {
			return nil, wire.Errorf("InvalidLoadBalancerAction", "A rule must have exactly one forward, redirect or fixed-response action, and it must be the last action")
		}
	}
	if len(actions) == 0 {
		return nil, wire.Errorf("ValidationError", "An action must be specified")
	}
	return actions, nil
}

// routes reports whether the action ends a rule.
func routes(a types.Action) bool {
	return a.Type == types.ActionTypeEnumForward || a.Type == types.ActionTypeEnumRedirect || a.Type == types.ActionTypeEnumFixedResponse
}

func (s *Service) checkAction(b *balancer, protocol types.ProtocolEnum, a types.Action) (types.Action, error) {
	kept := types.Action{Type: a.Type, Order: a.Order}
	var err error
	switch a.Type {
	case types.ActionTypeEnumForward:
		kept.ForwardConfig, err = s.checkForward(b, a)
	case types.ActionTypeEnumRedirect:
		kept.RedirectConfig, err = checkRedirect(protocol, a.RedirectConfig)
	case types.ActionTypeEnumFixedResponse:
		kept.FixedResponseConfig, err = checkFixedResponse(a.FixedResponseConfig)
	case types.ActionTypeEnumAuthenticateOidc, types.ActionTypeEnumAuthenticateCognito:
		if protocol != types.ProtocolEnumHttps {
			return kept, wire.Errorf("UnsupportedProtocol", "Actions of type '%s' are supported only on HTTPS listeners", a.Type)
		}
		kept.AuthenticateOidcConfig, kept.AuthenticateCognitoConfig, err = checkAuthenticate(a)
	default:
		err = wire.Errorf("InvalidConfigurationRequest", "Actions of type '%s' are not emulated", a.Type)
	}
	return kept, err
}

func (s *Service) checkForward(b *balancer, a types.Action) (*types.ForwardActionConfig, error) {
	single := aws.ToString(a.TargetGroupArn)
	config := a.ForwardConfig
	switch {
	case config == nil && single == "":
		return nil, wire.Errorf("ValidationError", "A target group ARN must be specified")
	case config == nil:
		config = &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}}
	case len(config.TargetGroups) == 0:
		return nil, wire.Errorf("ValidationError", "At least one target group must be specified in a forward action")
	case single != "" && (len(config.TargetGroups) != 1 || aws.ToString(config.TargetGroups[0].TargetGroupArn) != single):
		return nil, wire.Errorf("ValidationError", "You cannot specify both a target group ARN and a forward configuration, unless they name the same single target group")
	}
	if len(config.TargetGroups) > groupsPerAction {
		return nil, wire.Errorf("TooManyTargetGroups", "A forward action can have at most '%d' target groups", groupsPerAction)
	}
	kept := &types.ForwardActionConfig{}
	var err error
	if kept.TargetGroupStickinessConfig, err = checkGroupStickiness(config.TargetGroupStickinessConfig); err != nil {
		return nil, err
	}
	for _, tuple := range config.TargetGroups {
		weighted, err := checkTuple(tuple, len(config.TargetGroups))
		if err != nil {
			return nil, err
		}
		kept.TargetGroups = append(kept.TargetGroups, weighted)
	}
	return kept, s.checkForwarded(b, kept)
}

// checkTuple checks a group's weight. A group alone weighs 1 if nothing is said.
// AWS: Application Load Balancers User Guide, forward actions.
func checkTuple(tuple types.TargetGroupTuple, among int) (types.TargetGroupTuple, error) {
	arn := aws.ToString(tuple.TargetGroupArn)
	switch {
	case arn == "":
		return tuple, wire.Errorf("ValidationError", "A target group ARN must be specified")
	case tuple.Weight == nil && among > 1:
		return tuple, wire.Errorf("ValidationError", "A weight must be specified for each target group of a forward action with multiple target groups")
	case tuple.Weight == nil:
		tuple.Weight = aws.Int32(1)
	case *tuple.Weight < 0 || *tuple.Weight > highestWeight:
		return tuple, wire.Errorf("ValidationError", "The weight for each target group must be between 0 and %d, inclusive", highestWeight)
	}
	return types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(*tuple.Weight)}, nil
}

func checkGroupStickiness(in *types.TargetGroupStickinessConfig) (*types.TargetGroupStickinessConfig, error) {
	if in == nil {
		return &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}, nil
	}
	kept := &types.TargetGroupStickinessConfig{Enabled: aws.Bool(aws.ToBool(in.Enabled)), DurationSeconds: in.DurationSeconds}
	if in.DurationSeconds == nil {
		if *kept.Enabled {
			return nil, wire.Errorf("ValidationError", "A duration must be specified when target group stickiness is enabled")
		}
		return kept, nil
	}
	if longest := int32(longestStickiness / time.Second); *in.DurationSeconds < 1 || *in.DurationSeconds > longest {
		return nil, wire.Errorf("ValidationError", "Target group stickiness duration '%d' must be between 1 and %d", *in.DurationSeconds, longest)
	}
	return kept, nil
}

// checkForwarded checks the groups that an action forwards to.
func (s *Service) checkForwarded(b *balancer, config *types.ForwardActionConfig) error {
	seen := map[string]bool{}
	for _, tuple := range config.TargetGroups {
		arn := *tuple.TargetGroupArn
		if seen[arn] {
			return wire.Errorf("ValidationError", "Target group '%s' is specified more than once", arn)
		}
		seen[arn] = true
		g, err := s.group(arn)
		if err != nil {
			return err
		}
		if g.balancer != nil && g.balancer != b {
			return wire.Errorf("TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", arn)
		}
		if len(config.TargetGroups) > 1 && g.attributes[stickinessEnabled] == "true" && !*config.TargetGroupStickinessConfig.Enabled {
			return wire.Errorf("InvalidConfigurationRequest", "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups")
		}
	}
	return nil
}

// checkGroupQuota checks how many groups a load balancer would name if the rule
// (nil for a new one) had the actions.
func (s *Service) checkGroupQuota(b *balancer, changed *rule, actions []types.Action) error {
	named := map[string]bool{}
	for _, r := range b.allRules() {
		if r != changed {
			collect(named, r.actions)
		}
	}
	collect(named, actions)
	if len(named) > s.deps.Quotas.TargetGroupsPerLoadBalancer {
		return wire.Errorf("TooManyUniqueTargetGroupsPerLoadBalancer", "The maximum number of unique target groups on load balancer '%s' has been reached", b.arn)
	}
	return nil
}

// collect adds the groups that actions forward to.
func collect(named map[string]bool, actions []types.Action) {
	for _, action := range actions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, tuple := range action.ForwardConfig.TargetGroups {
			named[*tuple.TargetGroupArn] = true
		}
	}
}

func (b *balancer) allRules() []*rule {
	var all []*rule
	for _, l := range b.listeners {
		all = append(append(all, l.rules...), l.fallback)
	}
	return all
}

func checkRedirect(protocol types.ProtocolEnum, in *types.RedirectActionConfig) (*types.RedirectActionConfig, error) {
	if in == nil {
		return nil, wire.Errorf("ValidationError", "A redirect configuration must be specified")
	}
	kept := types.RedirectActionConfig{
		Protocol: or(in.Protocol, "#{protocol}"), Host: or(in.Host, "#{host}"), Port: or(in.Port, "#{port}"),
		Path: or(in.Path, "/#{path}"), Query: or(in.Query, "#{query}"), StatusCode: in.StatusCode,
	}
	if port, err := strconv.Atoi(*kept.Port); *kept.Port != "#{port}" && (err != nil || port < 1 || port > highestPort) {
		return nil, wire.Errorf("ValidationError", "Redirect port '%s' must be a number between 1 and %d or #{port}", *kept.Port, highestPort)
	}
	if !strings.HasPrefix(*kept.Path, "/") {
		return nil, wire.Errorf("ValidationError", "Redirect path '%s' must begin with a '/' character", *kept.Path)
	}
	if *kept.Protocol == "#{protocol}" && *kept.Host == "#{host}" && *kept.Port == "#{port}" && *kept.Path == "/#{path}" {
		return nil, wire.Errorf("InvalidLoadBalancerAction", "The redirect configuration is not valid because it creates a loop")
	}
	if protocol == types.ProtocolEnumHttps && *kept.Protocol == "HTTP" {
		return nil, wire.Errorf("InvalidLoadBalancerAction", "You cannot redirect HTTPS requests to HTTP")
	}
	return &kept, nil
}

func or(value *string, otherwise string) *string {
	if value == nil {
		return &otherwise
	}
	return value
}

// contentTypes are those of fixed responses.
// AWS: ELBv2 API Reference, FixedResponseActionConfig.
const contentTypes = "text/plain text/css text/html application/javascript application/json"

func checkFixedResponse(in *types.FixedResponseActionConfig) (*types.FixedResponseActionConfig, error) {
	if in == nil {
		return nil, wire.Errorf("ValidationError", "A fixed-response configuration must be specified")
	}
	if kind := aws.ToString(in.ContentType); kind != "" && !slices.Contains(strings.Fields(contentTypes), kind) {
		return nil, wire.Errorf("ValidationError", "Content type '%s' must be one of '%s'", kind, strings.ReplaceAll(contentTypes, " ", ", "))
	}
	return &types.FixedResponseActionConfig{StatusCode: in.StatusCode, ContentType: in.ContentType, MessageBody: in.MessageBody}, nil
}

// shown gives kept actions as the API shows them: a forward to one group also
// has it as TargetGroupArn, and a client secret is never shown.
func shown(actions []types.Action) []types.Action {
	out := slices.Clone(actions)
	for i := range out {
		if config := out[i].ForwardConfig; config != nil && len(config.TargetGroups) == 1 {
			out[i].TargetGroupArn = config.TargetGroups[0].TargetGroupArn
		}
		if config := out[i].AuthenticateOidcConfig; config != nil {
			without := *config
			without.ClientSecret = nil
			out[i].AuthenticateOidcConfig = &without
		}
	}
	return out
}
