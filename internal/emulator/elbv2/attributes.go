package elbv2

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// The attributes of target groups that the emulator reads.
const (
	deregistrationDelay = "deregistration_delay.timeout_seconds"
	stickinessEnabled   = "stickiness.enabled"
	stickinessDuration  = "stickiness.lb_cookie.duration_seconds"
	slowStart           = "slow_start.duration_seconds"
	leastHealthyCount   = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"
	leastHealthyPercent = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
)

// defaultAttributes are a new target group's.
// AWS: ELBv2 API Reference, TargetGroupAttribute.
func defaultAttributes() map[string]string {
	return map[string]string{
		deregistrationDelay:                           "300",
		stickinessEnabled:                             "false",
		stickinessDuration:                            "86400",
		slowStart:                                     "0",
		leastHealthyCount:                             "1",
		leastHealthyPercent:                           "off",
		"stickiness.type":                             "lb_cookie",
		"stickiness.app_cookie.cookie_name":           "",
		"stickiness.app_cookie.duration_seconds":      "86400",
		"load_balancing.algorithm.type":               "round_robin",
		"load_balancing.algorithm.anomaly_mitigation": "off",
		"load_balancing.cross_zone.enabled":           "use_load_balancer_configuration",
		"target_group_health.dns_failover.minimum_healthy_targets.count":      "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
	}
}

// checkAttribute applies AWS's rules to an attribute's value. Values that would
// choose another way of routing than the emulated one are refused by name.
func checkAttribute(key, value string) error {
	number, err := strconv.Atoi(value)
	within := func(low, high int) bool { return err == nil && low <= number && number <= high }
	ok := true
	switch key {
	case deregistrationDelay:
		ok = within(0, 3600)
	case slowStart:
		ok = value == "0" || within(30, 900)
	case stickinessEnabled:
		ok = value == "true" || value == "false"
	case stickinessDuration, "stickiness.app_cookie.duration_seconds":
		ok = within(1, 604800)
	case leastHealthyCount:
		ok = err == nil && number >= 1
	case "target_group_health.dns_failover.minimum_healthy_targets.count":
		ok = value == "off" || err == nil && number >= 1
	case leastHealthyPercent, "target_group_health.dns_failover.minimum_healthy_targets.percentage":
		ok = value == "off" || within(1, 100)
	case "load_balancing.cross_zone.enabled":
		ok = value == "true" || value == "false" || value == "use_load_balancer_configuration"
	case "load_balancing.algorithm.type", "load_balancing.algorithm.anomaly_mitigation", "stickiness.type", "stickiness.app_cookie.cookie_name":
		if value != defaultAttributes()[key] {
			return wire.Errorf("InvalidConfigurationRequest", "Target group attribute '%s' with value '%s' is not emulated", key, value)
		}
	default:
		return wire.Errorf("ValidationError", "Target group attribute key '%s' is not recognized", key)
	}
	if !ok {
		return wire.Errorf("ValidationError", "The value '%s' of target group attribute '%s' is not valid", value, key)
	}
	return nil
}

func (g *group) shownAttributes() []types.TargetGroupAttribute {
	var out []types.TargetGroupAttribute
	for _, key := range slices.Sorted(maps.Keys(g.attributes)) {
		out = append(out, types.TargetGroupAttribute{Key: aws.String(key), Value: aws.String(g.attributes[key])})
	}
	return out
}

// number gives an attribute that is a number, or else.
func (g *group) number(key string, otherwise int) int {
	number, err := strconv.Atoi(g.attributes[key])
	if err != nil {
		return otherwise
	}
	return number
}

func (g *group) seconds(key string) time.Duration {
	return time.Duration(g.number(key, 0)) * time.Second
}

func (s *Service) describeTargetGroupAttributes(_ *wire.Call, in *sdk.DescribeTargetGroupAttributesInput) (*sdk.DescribeTargetGroupAttributesOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	return &sdk.DescribeTargetGroupAttributesOutput{Attributes: g.shownAttributes()}, nil
}

func (s *Service) modifyTargetGroupAttributes(_ *wire.Call, in *sdk.ModifyTargetGroupAttributesInput) (*sdk.ModifyTargetGroupAttributesOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(g.attributes)
	for _, attribute := range in.Attributes {
		key, value := aws.ToString(attribute.Key), aws.ToString(attribute.Value)
		if err := checkAttribute(key, value); err != nil {
			return nil, err
		}
		changed[key] = value
	}
	if changed[stickinessEnabled] == "true" {
		if arn := g.weightedWithoutStickiness(); arn != "" {
			return nil, wire.Errorf("InvalidConfigurationRequest", "This target group appears behind a rule with group stickiness disabled (%s). You must enable group stickiness before enabling target stickiness", arn)
		}
	}
	g.attributes = changed
	s.retarget(g)
	return &sdk.ModifyTargetGroupAttributesOutput{Attributes: g.shownAttributes()}, nil
}

// weightedWithoutStickiness gives the ARN of a rule that forwards to the group
// and others without group stickiness, or "".
func (g *group) weightedWithoutStickiness() string {
	if g.balancer == nil {
		return ""
	}
	for _, r := range g.balancer.allRules() {
		config := r.actions[len(r.actions)-1].ForwardConfig
		if config == nil || len(config.TargetGroups) < 2 || *config.TargetGroupStickinessConfig.Enabled {
			continue
		}
		named := func(tuple types.TargetGroupTuple) bool { return *tuple.TargetGroupArn == g.arn }
		if slices.ContainsFunc(config.TargetGroups, named) {
			return r.arn
		}
	}
	return ""
}
