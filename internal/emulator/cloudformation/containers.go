package cloudformation

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// containerCreator creates what runs containers and brings traffic to them.
func containerCreator(kind string) creator {
	switch kind {
	case "AWS::ApplicationAutoScaling::ScalableTarget":
		return createScalableTarget
	case "AWS::ECS::Cluster":
		return createCluster
	case "AWS::ECS::Service":
		return createService
	case "AWS::ECS::TaskDefinition":
		return createTaskDefinition
	case "AWS::ElasticLoadBalancingV2::Listener":
		return createListener
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		return createListenerRule
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		return createLoadBalancer
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		return createTargetGroup
	}
	return nil
}

func createCluster(r *request) (*created, error) {
	name := r.name("ClusterName", 255)
	properties := renamed(r.properties, map[string]string{"ClusterSettings": "Settings"})
	out, err := r.call("ecs", "CreateCluster", &ecs.CreateClusterInput{}, properties, map[string]any{"ClusterName": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Arn": pick(out, "Cluster", "ClusterArn")}}, nil
}

// createService does not wait for the service's tasks, as CloudFormation would:
// whoever deploys decides what to wait for.
func createService(r *request) (*created, error) {
	name := r.name("ServiceName", 255)
	out, err := r.call("ecs", "CreateService", &ecs.CreateServiceInput{}, r.properties, map[string]any{"ServiceName": name})
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Service", "ServiceArn")
	return &created{arn, map[string]string{"Name": name, "ServiceArn": arn}}, nil
}

func createTaskDefinition(r *request) (*created, error) {
	family := r.name("Family", 255)
	out, err := r.call("ecs", "RegisterTaskDefinition", &ecs.RegisterTaskDefinitionInput{}, r.properties, map[string]any{"Family": family})
	if err != nil {
		return nil, err
	}
	arn := pick(out, "TaskDefinition", "TaskDefinitionArn")
	return &created{arn, map[string]string{"TaskDefinitionArn": arn}}, nil
}

// nameLimit is the longest name of a load balancer and of a target group.
// AWS: Elastic Load Balancing API Reference, CreateLoadBalancer.
const nameLimit = 32

func createLoadBalancer(r *request) (*created, error) {
	properties, attributes := taken(r.properties, "LoadBalancerAttributes")
	more := map[string]any{"Name": r.name("Name", nameLimit)}
	out, err := r.call("elasticloadbalancingv2", "CreateLoadBalancer", &elbv2.CreateLoadBalancerInput{}, properties, more)
	if err != nil {
		return nil, err
	}
	at := func(member string) string { return pick(out, "LoadBalancers", 0, member) }
	arn := at("LoadBalancerArn")
	if len(attributes.fields) > 0 {
		attributes = renamed(attributes, map[string]string{"LoadBalancerAttributes": "Attributes"})
		more := map[string]any{"LoadBalancerArn": arn}
		if _, err := r.call("elasticloadbalancingv2", "ModifyLoadBalancerAttributes", &elbv2.ModifyLoadBalancerAttributesInput{}, attributes, more); err != nil {
			return nil, err
		}
	}
	_, full, _ := strings.Cut(arn, ":loadbalancer/")
	return &created{arn, map[string]string{
		"LoadBalancerArn": arn, "DNSName": at("DNSName"), "LoadBalancerName": at("LoadBalancerName"),
		"LoadBalancerFullName": full, "CanonicalHostedZoneID": at("CanonicalHostedZoneId"),
	}}, nil
}

func createTargetGroup(r *request) (*created, error) {
	properties, attributes := taken(r.properties, "TargetGroupAttributes")
	properties, targets := taken(properties, "Targets")
	more := map[string]any{"Name": r.name("Name", nameLimit)}
	out, err := r.call("elasticloadbalancingv2", "CreateTargetGroup", &elbv2.CreateTargetGroupInput{}, properties, more)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "TargetGroups", 0, "TargetGroupArn")
	more = map[string]any{"TargetGroupArn": arn}
	if len(attributes.fields) > 0 {
		attributes = renamed(attributes, map[string]string{"TargetGroupAttributes": "Attributes"})
		if _, err := r.call("elasticloadbalancingv2", "ModifyTargetGroupAttributes", &elbv2.ModifyTargetGroupAttributesInput{}, attributes, more); err != nil {
			return nil, err
		}
	}
	if len(targets.fields) > 0 {
		if _, err := r.call("elasticloadbalancingv2", "RegisterTargets", &elbv2.RegisterTargetsInput{}, targets, more); err != nil {
			return nil, err
		}
	}
	return &created{arn, map[string]string{
		"TargetGroupArn": arn, "TargetGroupName": pick(out, "TargetGroups", 0, "TargetGroupName"),
		"TargetGroupFullName": arn[strings.LastIndex(arn, ":")+1:],
	}}, nil
}

func createListener(r *request) (*created, error) {
	out, err := r.call("elasticloadbalancingv2", "CreateListener", &elbv2.CreateListenerInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Listeners", 0, "ListenerArn")
	return &created{arn, map[string]string{"ListenerArn": arn}}, nil
}

func createListenerRule(r *request) (*created, error) {
	out, err := r.call("elasticloadbalancingv2", "CreateRule", &elbv2.CreateRuleInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Rules", 0, "RuleArn")
	return &created{arn, map[string]string{"RuleArn": arn, "IsDefault": "false"}}, nil
}

func createScalableTarget(r *request) (*created, error) {
	_, err := r.call("applicationautoscaling", "RegisterScalableTarget", &applicationautoscaling.RegisterScalableTargetInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	id := strings.Join([]string{
		r.properties.get("ResourceId").String(), r.properties.get("ScalableDimension").String(), r.properties.get("ServiceNamespace").String(),
	}, "|")
	return &created{id, map[string]string{"Id": id}}, nil
}
