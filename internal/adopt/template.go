package adopt

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/goccy/go-yaml"
)

// block is a mapping of YAML in its order.
type block = yaml.MapSlice

// of makes a block of names and values, one after the other. What is nil is left out.
func of(pairs ...any) block {
	var b block
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			b = append(b, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return b
}

// text, number and flag are a value, or nil where it is not given.
func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func number(n *int32) any {
	if n == nil {
		return nil
	}
	return *n
}

func ref(name string) block       { return of("Ref", name) }
func attr(name, of_ string) block { return of("Fn::GetAtt", []string{name, of_}) }
func resource(t string, properties block, more ...any) block {
	return append(of("Type", t), append(of(more...), of("Properties", properties)...)...)
}

// template is CloudFormation of what is missing, as like to what is there as can be.
func (r *Running) template(d *Draft) (string, error) {
	resources := of(
		"GreenGroup", r.group(),
		"Rule", r.rule(),
		"GreenService", r.service(d.Slots.Green),
	)
	if r.Scaling != nil {
		resources = append(resources, r.scaling(d)...)
	}
	resources = append(resources, r.alarms(d.App)...)
	out, err := yaml.MarshalWithOptions(of(
		"AWSTemplateFormatVersion", "2010-09-09",
		"Description", "The second slot of "+d.App+", and the rule and alarms by which Sluice moves traffic between both",
		"Resources", resources,
	), yaml.IndentSequence(true))
	return string(out), err
}

// group is like the one that is there.
func (r *Running) group() block {
	g := r.Group
	var attributes []block
	for _, a := range r.Attributes {
		if v := aws.ToString(a.Value); v != "" {
			attributes = append(attributes, of("Key", aws.ToString(a.Key), "Value", v))
		}
	}
	p := of(
		"VpcId", text(g.VpcId), "Protocol", string(g.Protocol), "Port", number(g.Port), "TargetType", string(g.TargetType),
		"HealthCheckPath", text(g.HealthCheckPath), "HealthCheckIntervalSeconds", number(g.HealthCheckIntervalSeconds),
		"HealthCheckTimeoutSeconds", number(g.HealthCheckTimeoutSeconds), "HealthyThresholdCount", number(g.HealthyThresholdCount),
		"UnhealthyThresholdCount", number(g.UnhealthyThresholdCount),
	)
	if g.Matcher != nil && g.Matcher.HttpCode != nil {
		p = append(p, of("Matcher", of("HttpCode", *g.Matcher.HttpCode))...)
	}
	if len(attributes) > 0 {
		p = append(p, of("TargetGroupAttributes", attributes)...)
	}
	return resource("AWS::ElasticLoadBalancingV2::TargetGroup", p)
}

// rule takes what today's rule takes, and goes before it.
func (r *Running) rule() block {
	return resource("AWS::ElasticLoadBalancingV2::ListenerRule", of(
		"ListenerArn", r.Listener, "Priority", r.Free, "Conditions", r.conditions(),
		"Actions", []block{of("Type", "forward", "ForwardConfig", of("TargetGroups", []block{
			of("TargetGroupArn", aws.ToString(r.Group.TargetGroupArn), "Weight", 100),
			of("TargetGroupArn", ref("GreenGroup"), "Weight", 0),
		}))},
	))
}

func (r *Running) conditions() []block {
	if aws.ToBool(r.Rule.IsDefault) || len(r.Rule.Conditions) == 0 {
		return []block{of("Field", "path-pattern", "PathPatternConfig", of("Values", []string{"/*"}))}
	}
	var all []block
	for _, c := range r.Rule.Conditions {
		all = append(all, condition(c))
	}
	return all
}

func condition(c elbtypes.RuleCondition) block {
	field := aws.ToString(c.Field)
	switch {
	case c.PathPatternConfig != nil:
		return of("Field", field, "PathPatternConfig", of("Values", c.PathPatternConfig.Values))
	case c.HostHeaderConfig != nil:
		return of("Field", field, "HostHeaderConfig", of("Values", c.HostHeaderConfig.Values))
	case c.HttpHeaderConfig != nil:
		return of("Field", field, "HttpHeaderConfig", of("HttpHeaderName", text(c.HttpHeaderConfig.HttpHeaderName), "Values", c.HttpHeaderConfig.Values))
	case c.HttpRequestMethodConfig != nil:
		return of("Field", field, "HttpRequestMethodConfig", of("Values", c.HttpRequestMethodConfig.Values))
	case c.SourceIpConfig != nil:
		return of("Field", field, "SourceIpConfig", of("Values", c.SourceIpConfig.Values))
	case c.QueryStringConfig != nil:
		var values []block
		for _, v := range c.QueryStringConfig.Values {
			values = append(values, of("Key", text(v.Key), "Value", text(v.Value)))
		}
		return of("Field", field, "QueryStringConfig", of("Values", values))
	default:
		return of("Field", field, "Values", c.Values)
	}
}

// service is like the one that is there, with no task.
func (r *Running) service(name string) block {
	s := r.Service
	b := s.LoadBalancers[0]
	p := of(
		"Cluster", r.Cluster, "ServiceName", name, "DesiredCount", 0, "TaskDefinition", text(s.TaskDefinition),
	)
	if len(s.CapacityProviderStrategy) > 0 {
		var strategy []block
		for _, c := range s.CapacityProviderStrategy {
			strategy = append(strategy, of("CapacityProvider", text(c.CapacityProvider), "Base", c.Base, "Weight", c.Weight))
		}
		p = append(p, of("CapacityProviderStrategy", strategy)...)
	} else if s.LaunchType != "" {
		p = append(p, of("LaunchType", string(s.LaunchType))...)
	}
	if s.LaunchType == ecstypes.LaunchTypeFargate && s.PlatformVersion != nil {
		p = append(p, of("PlatformVersion", *s.PlatformVersion)...)
	}
	p = append(p, of("HealthCheckGracePeriodSeconds", number(s.HealthCheckGracePeriodSeconds), "EnableExecuteCommand", s.EnableExecuteCommand)...)
	p = append(p, deployment(s.DeploymentConfiguration)...)
	if n := s.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		v := n.AwsvpcConfiguration
		p = append(p, of("NetworkConfiguration", of("AwsvpcConfiguration", of(
			"Subnets", v.Subnets, "SecurityGroups", v.SecurityGroups, "AssignPublicIp", string(v.AssignPublicIp),
		)))...)
	}
	p = append(p, of("LoadBalancers", []block{of(
		"ContainerName", text(b.ContainerName), "ContainerPort", number(b.ContainerPort), "TargetGroupArn", ref("GreenGroup"),
	)})...)
	return resource("AWS::ECS::Service", p, "DependsOn", []string{"Rule"})
}

func deployment(c *ecstypes.DeploymentConfiguration) block {
	if c == nil {
		return nil
	}
	p := of("MinimumHealthyPercent", number(c.MinimumHealthyPercent), "MaximumPercent", number(c.MaximumPercent))
	if b := c.DeploymentCircuitBreaker; b != nil {
		p = append(p, of("DeploymentCircuitBreaker", of("Enable", b.Enable, "Rollback", b.Rollback))...)
	}
	return of("DeploymentConfiguration", p)
}

// scaling is like the one that is there, at rest. Policies that track a metric of the
// service go along; the others are noted.
func (r *Running) scaling(d *Draft) block {
	resources := of("GreenScaling", resource("AWS::ApplicationAutoScaling::ScalableTarget", of(
		"ServiceNamespace", "ecs", "ScalableDimension", "ecs:service:DesiredCount",
		"ResourceId", of("Fn::Sub", "service/"+r.Cluster+"/${GreenService.Name}"),
		"MinCapacity", 0, "MaxCapacity", number(r.Scaling.MaxCapacity),
		"SuspendedState", of("DynamicScalingInSuspended", true, "DynamicScalingOutSuspended", true, "ScheduledScalingSuspended", true),
	)))
	for i, p := range r.Policies {
		t := p.TargetTrackingScalingPolicyConfiguration
		if t == nil || t.PredefinedMetricSpecification == nil || t.PredefinedMetricSpecification.ResourceLabel != nil {
			d.Notes = append(d.Notes, fmt.Sprintf("the scaling policy %s is to be made for %s too, on that one's own metric", aws.ToString(p.PolicyName), d.Slots.Green))
			continue
		}
		resources = append(resources, of(fmt.Sprintf("GreenScalingPolicy%d", i+1), resource("AWS::ApplicationAutoScaling::ScalingPolicy", of(
			"PolicyName", text(p.PolicyName), "PolicyType", "TargetTrackingScaling", "ScalingTargetId", ref("GreenScaling"),
			"TargetTrackingScalingPolicyConfiguration", tracking(t),
		)))...)
	}
	return resources
}

func tracking(t *aastypes.TargetTrackingScalingPolicyConfiguration) block {
	return of(
		"PredefinedMetricSpecification", of("PredefinedMetricType", string(t.PredefinedMetricSpecification.PredefinedMetricType)),
		"TargetValue", aws.ToFloat64(t.TargetValue), "ScaleOutCooldown", number(t.ScaleOutCooldown), "ScaleInCooldown", number(t.ScaleInCooldown),
	)
}
