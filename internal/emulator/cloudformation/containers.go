package cloudformation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// containerHandler creates what runs containers and brings traffic to them.
func containerHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::ApplicationAutoScaling::ScalableTarget":
		return puts(putScalableTarget, removeScalableTarget), true
	case "AWS::ApplicationAutoScaling::ScalingPolicy":
		return puts(putScalingPolicy, removeScalingPolicy), true
	case "AWS::ECS::Cluster":
		return handler{create: createCluster, update: updateCluster, remove: removeCluster, name: "ClusterName"}, true
	case "AWS::ECS::Service":
		return handler{create: createService, update: updateService, remove: removeService, name: "ServiceName"}, true
	case "AWS::ECS::TaskDefinition":
		return handler{create: createTaskDefinition, remove: removes("ecs", "DeregisterTaskDefinition", "TaskDefinition")}, true
	case "AWS::ElasticLoadBalancingV2::Listener":
		return handler{create: createListener, update: updateListener, remove: removes(balancing, "DeleteListener", "ListenerArn")}, true
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		return handler{create: createListenerRule, update: updateListenerRule, remove: removes(balancing, "DeleteRule", "RuleArn")}, true
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		return handler{create: createLoadBalancer, update: updateLoadBalancer, remove: removes(balancing, "DeleteLoadBalancer", "LoadBalancerArn"), name: "Name"}, true
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		return handler{create: createTargetGroup, update: updateTargetGroup, remove: removes(balancing, "DeleteTargetGroup", "TargetGroupArn"), name: "Name"}, true
	}
	return handler{}, false
}

// balancing is Elastic Load Balancing as aws-sdk integrations call it.
const balancing = "elasticloadbalancingv2"

func createCluster(r *request) (*created, error) {
	name := r.name("ClusterName", 255)
	properties := renamed(r.properties, map[string]string{"ClusterSettings": "Settings"})
	out, err := r.call("ecs", "CreateCluster", &ecs.CreateClusterInput{}, properties, map[string]any{"ClusterName": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Arn": pick(out, "Cluster", "ClusterArn")}}, nil
}

// updateCluster changes the settings; what else changed has no operation here.
func updateCluster(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		if property != "ClusterSettings" {
			return nil, fmt.Errorf("an update of property %s is not emulated", property)
		}
	}
	_, settings := taken(r.properties, "ClusterSettings")
	settings = renamed(settings, map[string]string{"ClusterSettings": "Settings"})
	_, err := r.call("ecs", "UpdateClusterSettings", &ecs.UpdateClusterSettingsInput{}, settings, map[string]any{"Cluster": r.was.ref})
	return r.was.created, err
}

// removeCluster tries again while the last tasks of services that are gone stop. AWS
// does not document whether its handler does.
func removeCluster(r *request) error {
	const attempts = 600
	var err error
	for range attempts {
		_, err = r.ask("ecs", "DeleteCluster", map[string]any{"Cluster": r.was.ref})
		if code, _ := errorCode(err); code != "ClusterContainsTasksException" {
			return err
		}
		r.Wait(time.Second)
	}
	return err
}

// createService does not wait for the service's tasks, as CloudFormation would:
// whoever deploys decides what to wait for.
func createService(r *request) (*created, error) {
	name := r.name("ServiceName", 255)
	properties := r.properties
	if properties.get("DesiredCount") == nil && optional(properties.get("SchedulingStrategy")) != "DAEMON" {
		// AWS: CloudFormation template reference, AWS::ECS::Service, DesiredCount: "For new services, if a
		// desired count is not specified, a default value of 1 is used."
		properties = merge(properties, mapping(r.line, field{name: "DesiredCount", value: text(r.line, "1")}))
	}
	out, err := r.call("ecs", "CreateService", &ecs.CreateServiceInput{}, properties, map[string]any{"ServiceName": name})
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Service", "ServiceArn")
	return &created{arn, map[string]string{"Name": name, "ServiceArn": arn}}, nil
}

// updateService sends all that the template says of what UpdateService takes,
// whichever property changed: so does AWS's handler of the type, which knows the
// template and not what others did to the service. What the template does not say
// stays as it is, the desired count above all.
// AWS: CloudFormation template reference, AWS::ECS::Service, DesiredCount: "For
// existing services, if a desired count is not specified, it is omitted from the
// operation".
func updateService(r *request) (*created, error) {
	properties, _ := taken(r.properties, "Cluster", "LaunchType", "Role", "SchedulingStrategy", "ServiceName", "Tags")
	more := map[string]any{"Service": r.was.ref}
	if cluster := r.properties.get("Cluster"); cluster != nil {
		more["Cluster"] = cluster.text
	}
	_, err := r.call("ecs", "UpdateService", &ecs.UpdateServiceInput{}, properties, more)
	return r.was.created, err
}

// removeService deletes the service with its tasks and waits until it is inactive,
// as a cluster with tasks in it cannot be deleted.
func removeService(r *request) error {
	input := map[string]any{"Service": r.was.ref, "Force": true}
	describe := map[string]any{"Services": []any{r.was.ref}}
	if cluster := r.was.properties.get("Cluster"); cluster != nil {
		input["Cluster"], describe["Cluster"] = cluster.text, cluster.text
	}
	if _, err := r.ask("ecs", "DeleteService", input); err != nil {
		return err
	}
	const attempts = 600
	for range attempts {
		out, err := r.ask("ecs", "DescribeServices", describe)
		if status := pick(out, "Services", 0, "Status"); err != nil || status == "INACTIVE" || status == "" {
			return err
		}
		r.Wait(time.Second)
	}
	return fmt.Errorf("service %s still drains after %d seconds", r.was.ref, attempts)
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
	out, err := r.call(balancing, "CreateLoadBalancer", &elbv2.CreateLoadBalancerInput{}, properties, more)
	if err != nil {
		return nil, err
	}
	at := func(member string) string { return pick(out, "LoadBalancers", 0, member) }
	arn := at("LoadBalancerArn")
	_, full, _ := strings.Cut(arn, ":loadbalancer/")
	return &created{arn, map[string]string{
		"LoadBalancerArn": arn, "DNSName": at("DNSName"), "LoadBalancerName": at("LoadBalancerName"),
		"LoadBalancerFullName": full, "CanonicalHostedZoneID": at("CanonicalHostedZoneId"),
	}}, r.setBalancerAttributes(arn, attributes)
}

func (r *request) setBalancerAttributes(arn string, attributes *node) error {
	if len(attributes.fields) == 0 {
		return nil
	}
	attributes = renamed(attributes, map[string]string{"LoadBalancerAttributes": "Attributes"})
	more := map[string]any{"LoadBalancerArn": arn}
	_, err := r.call(balancing, "ModifyLoadBalancerAttributes", &elbv2.ModifyLoadBalancerAttributesInput{}, attributes, more)
	return err
}

// updateLoadBalancer changes what has an operation of its own.
func updateLoadBalancer(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		var err error
		_, value := taken(r.properties, property)
		more := map[string]any{"LoadBalancerArn": r.was.ref}
		switch property {
		case "LoadBalancerAttributes":
			err = r.setBalancerAttributes(r.was.ref, value)
		case "SecurityGroups":
			_, err = r.call(balancing, "SetSecurityGroups", &elbv2.SetSecurityGroupsInput{}, value, more)
		case "Subnets", "SubnetMappings":
			_, err = r.call(balancing, "SetSubnets", &elbv2.SetSubnetsInput{}, value, more)
		case "IpAddressType":
			_, err = r.call(balancing, "SetIpAddressType", &elbv2.SetIpAddressTypeInput{}, value, more)
		default:
			err = fmt.Errorf("an update of property %s is not emulated", property)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.was.created, nil
}

func createTargetGroup(r *request) (*created, error) {
	properties, attributes := taken(r.properties, "TargetGroupAttributes")
	properties, targets := taken(properties, "Targets")
	more := map[string]any{"Name": r.name("Name", nameLimit)}
	out, err := r.call(balancing, "CreateTargetGroup", &elbv2.CreateTargetGroupInput{}, properties, more)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "TargetGroups", 0, "TargetGroupArn")
	made := &created{arn, map[string]string{
		"TargetGroupArn": arn, "TargetGroupName": pick(out, "TargetGroups", 0, "TargetGroupName"),
		"TargetGroupFullName": arn[strings.LastIndex(arn, ":")+1:],
	}}
	if err := r.setGroupAttributes(arn, attributes); err != nil {
		return made, err
	}
	if len(targets.fields) > 0 {
		_, err = r.call(balancing, "RegisterTargets", &elbv2.RegisterTargetsInput{}, targets, map[string]any{"TargetGroupArn": arn})
	}
	return made, err
}

func (r *request) setGroupAttributes(arn string, attributes *node) error {
	if len(attributes.fields) == 0 {
		return nil
	}
	attributes = renamed(attributes, map[string]string{"TargetGroupAttributes": "Attributes"})
	more := map[string]any{"TargetGroupArn": arn}
	_, err := r.call(balancing, "ModifyTargetGroupAttributes", &elbv2.ModifyTargetGroupAttributesInput{}, attributes, more)
	return err
}

// updateTargetGroup changes the group's health checks and attributes. Its targets
// are those that somebody registered, unless the template names them.
func updateTargetGroup(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		if !strings.HasPrefix(property, "HealthCheck") && !slices.Contains([]string{"HealthyThresholdCount", "UnhealthyThresholdCount", "Matcher", "TargetGroupAttributes"}, property) {
			return nil, fmt.Errorf("an update of property %s is not emulated", property)
		}
	}
	checks := mapping(r.line)
	for _, f := range r.properties.fields {
		if _, ok := reflect.TypeFor[elbv2.ModifyTargetGroupInput]().FieldByName(f.name); ok {
			checks.fields = append(checks.fields, f)
		}
	}
	more := map[string]any{"TargetGroupArn": r.was.ref}
	if _, err := r.call(balancing, "ModifyTargetGroup", &elbv2.ModifyTargetGroupInput{}, checks, more); err != nil {
		return nil, err
	}
	_, attributes := taken(r.properties, "TargetGroupAttributes")
	return r.was.created, r.setGroupAttributes(r.was.ref, attributes)
}

func createListener(r *request) (*created, error) {
	out, err := r.call(balancing, "CreateListener", &elbv2.CreateListenerInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Listeners", 0, "ListenerArn")
	return &created{arn, map[string]string{"ListenerArn": arn}}, nil
}

func createListenerRule(r *request) (*created, error) {
	out, err := r.call(balancing, "CreateRule", &elbv2.CreateRuleInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Rules", 0, "RuleArn")
	return &created{arn, map[string]string{"RuleArn": arn, "IsDefault": "false"}}, nil
}

func updateListener(r *request) (*created, error) {
	properties, _ := taken(r.properties, "LoadBalancerArn", "Tags")
	_, err := r.call(balancing, "ModifyListener", &elbv2.ModifyListenerInput{}, properties, map[string]any{"ListenerArn": r.was.ref})
	return r.was.created, err
}

// updateListenerRule sends conditions and actions, whichever property changed, and
// with the actions their weights: AWS's handler of the type does so (type
// AWS::ElasticLoadBalancingV2::ListenerRule calls ModifyRule and SetRulePriorities;
// which members it sends is not documented, so this is the worse case).
func updateListenerRule(r *request) (*created, error) {
	properties, priority := taken(r.properties, "Priority")
	properties, _ = taken(properties, "ListenerArn", "Tags")
	more := map[string]any{"RuleArn": r.was.ref}
	if _, err := r.call(balancing, "ModifyRule", &elbv2.ModifyRuleInput{}, properties, more); err != nil {
		return nil, err
	}
	if same(r.was.properties.get("Priority"), r.properties.get("Priority")) {
		return r.was.created, nil
	}
	pair := list(r.line, merge(mapping(r.line, field{name: "RuleArn", value: text(r.line, r.was.ref)}), priority))
	_, err := r.call(balancing, "SetRulePriorities", &elbv2.SetRulePrioritiesInput{}, mapping(r.line, field{name: "RulePriorities", value: pair}), nil)
	return r.was.created, err
}

// putScalableTarget registers the target with all its properties, also when one of
// them changed: its minimum and maximum are what the template says again.
// AWS: Application Auto Scaling API Reference, RegisterScalableTarget.
func putScalableTarget(r *request) (*created, error) {
	_, err := r.call("applicationautoscaling", "RegisterScalableTarget", &applicationautoscaling.RegisterScalableTargetInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	id := strings.Join([]string{
		r.properties.get("ResourceId").String(), r.properties.get("ScalableDimension").String(), r.properties.get("ServiceNamespace").String(),
	}, "|")
	return &created{id, map[string]string{"Id": id}}, nil
}

func removeScalableTarget(r *request) error {
	_, properties := taken(r.was.properties, "ServiceNamespace", "ScalableDimension", "ResourceId")
	_, err := r.call("applicationautoscaling", "DeregisterScalableTarget", &applicationautoscaling.DeregisterScalableTargetInput{}, properties, nil)
	return err
}

// putScalingPolicy takes the target from its id where that is given.
// AWS: CloudFormation template reference, AWS::ApplicationAutoScaling::ScalingPolicy.
func putScalingPolicy(r *request) (*created, error) {
	properties, target, err := scalingPolicy(r.properties)
	if err != nil {
		return nil, err
	}
	out, err := r.call("applicationautoscaling", "PutScalingPolicy", &applicationautoscaling.PutScalingPolicyInput{}, properties, target)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "PolicyARN")
	return &created{arn, map[string]string{"Arn": arn}}, nil
}

func removeScalingPolicy(r *request) error {
	properties, target, err := scalingPolicy(r.was.properties)
	if err != nil {
		return err
	}
	_, properties = taken(properties, "PolicyName", "ResourceId", "ScalableDimension", "ServiceNamespace")
	_, err = r.call("applicationautoscaling", "DeleteScalingPolicy", &applicationautoscaling.DeleteScalingPolicyInput{}, properties, target)
	return err
}

// scalingPolicy is a policy's properties and, where it is given by its id, its target.
func scalingPolicy(all *node) (properties *node, target map[string]any, err error) {
	properties, given := taken(all, "ScalingTargetId")
	id := given.get("ScalingTargetId")
	if id == nil {
		return properties, nil, nil
	}
	parts := strings.Split(id.text, "|")
	if len(parts) != 3 {
		return nil, nil, fail(id.line, "property ScalingTargetId is the Ref of a scalable target, not %v", id)
	}
	return properties, map[string]any{"ResourceId": parts[0], "ScalableDimension": parts[1], "ServiceNamespace": parts[2]}, nil
}
