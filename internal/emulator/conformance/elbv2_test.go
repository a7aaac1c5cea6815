package conformance_test

import (
	"time"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	noBalancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/none/50dc6c495c0c9188"
	noListener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/none/50dc6c495c0c9188/f2f7dc8efc522ab2"
	noRule     = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/none/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
	noGroup    = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/73e2d6bc24d8a067"
)

func createGroup(name string) step {
	return ok(&elbv2.CreateTargetGroupInput{Name: &name, Protocol: types.ProtocolEnumHttp, Port: new(int32(8080)), VpcId: new("${vpc}"), TargetType: types.TargetTypeEnumIp},
		want("TargetGroups.0.TargetGroupName", name), want("TargetGroups.0.HealthCheckPath", "/"), want("TargetGroups.0.HealthyThresholdCount", 5),
		save(name, "TargetGroups.0.TargetGroupArn"))
}

func createBalancer() step {
	return ok(&elbv2.CreateLoadBalancerInput{Name: new("shop"), Subnets: []string{"${subnet1}", "${subnet2}"}},
		want("LoadBalancers.0.LoadBalancerName", "shop"), want("LoadBalancers.0.Type", "application"), save("balancer", "LoadBalancers.0.LoadBalancerArn"))
}

func fixed(code string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: &code}}}
}

func createListener() step {
	return ok(&elbv2.CreateListenerInput{LoadBalancerArn: new("${balancer}"), Port: new(int32(80)), Protocol: types.ProtocolEnumHttp, DefaultActions: fixed("404")},
		want("Listeners.0.Port", 80), want("Listeners.0.DefaultActions.0.FixedResponseConfig.StatusCode", "404"), save("listener", "Listeners.0.ListenerArn"))
}

// weighted forwards to the groups blue and green.
func weighted(blue, green int32) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
		{TargetGroupArn: new("${blue}"), Weight: &blue}, {TargetGroupArn: new("${green}"), Weight: &green},
	}}}}
}

func rule(listener string, priority int32, actions []types.Action) *elbv2.CreateRuleInput {
	return &elbv2.CreateRuleInput{
		ListenerArn: &listener, Priority: &priority, Actions: actions, Conditions: []types.RuleCondition{{Field: new("path-pattern"), Values: []string{"/*"}}},
	}
}

func elbv2Stories() []story {
	return []story{
		{name: "elbv2/LoadBalancers", steps: []step{
			createBalancer(),
			ok(&elbv2.DescribeLoadBalancersInput{Names: []string{"shop"}}, want("LoadBalancers.#", 1), want("LoadBalancers.0.LoadBalancerArn", "${balancer}"), want("LoadBalancers.0.Scheme", "internet-facing"),
				motoValue("moto_server has no default; AWS: Elastic Load Balancing API Reference, CreateLoadBalancer: Scheme")),
			fails("LoadBalancerNotFound", &elbv2.DescribeLoadBalancersInput{Names: []string{"none"}}),
			ok(&elbv2.AddTagsInput{ResourceArns: []string{"${balancer}"}, Tags: []types.Tag{{Key: new("team"), Value: new("shop")}}}),
			ok(&elbv2.DescribeTagsInput{ResourceArns: []string{"${balancer}"}}, want("TagDescriptions.0.Tags.#", 1), want("TagDescriptions.0.Tags.0.Value", "shop")),
			fails("DuplicateTagKeys", &elbv2.AddTagsInput{ResourceArns: []string{"${balancer}"}, Tags: []types.Tag{{Key: new("team")}, {Key: new("team")}}},
				moto("moto_server takes the last; AWS: model, AddTags has DuplicateTagKeysException")),
			fails("LoadBalancerNotFound", &elbv2.AddTagsInput{ResourceArns: []string{noBalancer}, Tags: []types.Tag{{Key: new("team")}}}),
			fails("LoadBalancerNotFound", &elbv2.DescribeTagsInput{ResourceArns: []string{noBalancer}},
				moto("moto_server leaves it out; AWS: model, DescribeTags has LoadBalancerNotFoundException")),
			ok(&elbv2.SetSecurityGroupsInput{LoadBalancerArn: new("${balancer}"), SecurityGroups: []string{"sg-1"}}, want("SecurityGroupIds.#", 1),
				moto("moto_server wants a group that EC2 has; AWS: Elastic Load Balancing API Reference, SetSecurityGroups")),
			fails("LoadBalancerNotFound", &elbv2.SetSecurityGroupsInput{LoadBalancerArn: new(noBalancer), SecurityGroups: []string{"sg-1"}}),
			ok(&elbv2.SetSubnetsInput{LoadBalancerArn: new("${balancer}"), Subnets: []string{"${subnet1}", "${subnet2}"}}, want("AvailabilityZones.#", 2)),
			fails("LoadBalancerNotFound", &elbv2.SetSubnetsInput{LoadBalancerArn: new(noBalancer), Subnets: []string{"${subnet1}", "${subnet2}"}}),
			ok(&elbv2.DeleteLoadBalancerInput{LoadBalancerArn: new("${balancer}")}),
			ok(&elbv2.DescribeLoadBalancersInput{}, want("LoadBalancers.#", 0)),
			fails("ValidationError", &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: new("shop")},
				moto("moto_server deletes what is not there; AWS: ValidationError, 'shop' is not a valid load balancer ARN, as in github.com/hashicorp/terraform issue 18060")),
		}},
		{name: "elbv2/Duplicates", steps: []step{
			createBalancer(), createListener(),
			ok(&elbv2.CreateLoadBalancerInput{Name: new("shop"), Subnets: []string{"${subnet1}", "${subnet2}"}}, want("LoadBalancers.0.LoadBalancerArn", "${balancer}"),
				motoValue("moto_server makes a second one; AWS: Elastic Load Balancing API Reference, CreateLoadBalancer: the operation is idempotent")),
			fails("DuplicateLoadBalancerName", &elbv2.CreateLoadBalancerInput{Name: new("shop"), Subnets: []string{"${subnet1}", "${subnet2}"}, Scheme: types.LoadBalancerSchemeEnumInternal},
				moto("moto_server gives the one that there is; AWS: Elastic Load Balancing API Reference, CreateLoadBalancer: DuplicateLoadBalancerName")),
			fails("DuplicateListener", &elbv2.CreateListenerInput{LoadBalancerArn: new("${balancer}"), Port: new(int32(80)), Protocol: types.ProtocolEnumHttp, DefaultActions: fixed("503")},
				moto("moto_server makes a second one; AWS: Elastic Load Balancing API Reference, CreateListener: DuplicateListener")),
		}},
		{name: "elbv2/Listeners", steps: []step{
			createBalancer(), createListener(),
			fails("LoadBalancerNotFound", &elbv2.CreateListenerInput{LoadBalancerArn: new(noBalancer), Port: new(int32(80)), Protocol: types.ProtocolEnumHttp, DefaultActions: fixed("404")}),
			ok(&elbv2.DescribeListenersInput{LoadBalancerArn: new("${balancer}")}, want("Listeners.#", 1), want("Listeners.0.ListenerArn", "${listener}")),
			fails("ListenerNotFound", &elbv2.DescribeListenersInput{ListenerArns: []string{noListener}}),
			ok(&elbv2.ModifyListenerInput{ListenerArn: new("${listener}"), DefaultActions: fixed("503")},
				want("Listeners.0.DefaultActions.0.FixedResponseConfig.StatusCode", "503")),
			fails("ListenerNotFound", &elbv2.ModifyListenerInput{ListenerArn: new(noListener), DefaultActions: fixed("503")}),
			ok(&elbv2.DeleteListenerInput{ListenerArn: new("${listener}")}),
			fails("ListenerNotFound", &elbv2.DeleteListenerInput{ListenerArn: new("${listener}")}),
		}},
		{name: "elbv2/Rules", steps: []step{
			createGroup("blue"), createGroup("green"), createBalancer(), createListener(),
			ok(rule("${listener}", 10, weighted(100, 0)), want("Rules.0.Priority", "10"), want("Rules.0.IsDefault", false), save("rule", "Rules.0.RuleArn")),
			fails("PriorityInUse", rule("${listener}", 10, weighted(100, 0))),
			fails("ListenerNotFound", rule(noListener, 10, fixed("404"))),
			ok(&elbv2.DescribeRulesInput{ListenerArn: new("${listener}")}, want("Rules.#", 2),
				want("Rules.0.Actions.0.ForwardConfig.TargetGroups.0.Weight", 100), want("Rules.1.IsDefault", true)),
			fails("RuleNotFound", &elbv2.DescribeRulesInput{RuleArns: []string{noRule}}),
			ok(&elbv2.ModifyRuleInput{RuleArn: new("${rule}"), Actions: weighted(90, 10)}, want("Rules.0.Actions.0.ForwardConfig.TargetGroups.1.Weight", 10)),
			fails("RuleNotFound", &elbv2.ModifyRuleInput{RuleArn: new(noRule), Actions: fixed("404")}),
			fails("ValidationError", &elbv2.ModifyRuleInput{RuleArn: new("${rule}"), Actions: weighted(90, 1000)},
				moto("moto_server takes any weight; AWS: Elastic Load Balancing API Reference, TargetGroupTuple: 0 to 999; code and words in github.com/aws/aws-cdk issue 24805")),
			fails("ResourceInUse", &elbv2.DeleteTargetGroupInput{TargetGroupArn: new("${blue}")}),
			ok(&elbv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{{RuleArn: new("${rule}"), Priority: new(int32(7))}}}, want("Rules.0.Priority", "7")),
			fails("RuleNotFound", &elbv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{{RuleArn: new(noRule), Priority: new(int32(7))}}}),
			ok(&elbv2.DeleteRuleInput{RuleArn: new("${rule}")}),
			fails("RuleNotFound", &elbv2.DeleteRuleInput{RuleArn: new("${rule}")},
				moto("moto_server deletes what is not there; AWS: model, DeleteRule has RuleNotFoundException")),
			ok(&elbv2.DeleteTargetGroupInput{TargetGroupArn: new("${blue}")}),
		}},
		{name: "elbv2/TargetGroups", steps: []step{
			createGroup("blue"),
			fails("DuplicateTargetGroupName", &elbv2.CreateTargetGroupInput{
				Name: new("blue"), Protocol: types.ProtocolEnumHttp, Port: new(int32(9090)), VpcId: new("${vpc}"), TargetType: types.TargetTypeEnumIp,
			}),
			ok(&elbv2.DescribeTargetGroupsInput{Names: []string{"blue"}}, want("TargetGroups.#", 1), want("TargetGroups.0.TargetGroupArn", "${blue}")),
			fails("TargetGroupNotFound", &elbv2.DescribeTargetGroupsInput{Names: []string{"none"}}),
			ok(&elbv2.ModifyTargetGroupInput{TargetGroupArn: new("${blue}"), HealthCheckPath: new("/health"), HealthyThresholdCount: new(int32(2))},
				want("TargetGroups.0.HealthCheckPath", "/health"), want("TargetGroups.0.HealthyThresholdCount", 2)),
			fails("TargetGroupNotFound", &elbv2.ModifyTargetGroupInput{TargetGroupArn: new(noGroup), HealthCheckPath: new("/health")}),
			ok(&elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: new("${blue}"), Attributes: []types.TargetGroupAttribute{{Key: new("deregistration_delay.timeout_seconds"), Value: new("30")}}}),
			fails("TargetGroupNotFound", &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: new(noGroup), Attributes: []types.TargetGroupAttribute{{Key: new("stickiness.enabled"), Value: new("true")}}}),
			ok(&elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: new("${blue}")}),
			fails("TargetGroupNotFound", &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: new(noGroup)}),
			ok(&elbv2.DeleteTargetGroupInput{TargetGroupArn: new("${blue}")}),
			fails("ValidationError", &elbv2.DeleteTargetGroupInput{TargetGroupArn: new("blue")},
				moto("moto_server does not find it; AWS: ValidationError, 'blue' is not a valid target group ARN, as in github.com/hashicorp/terraform issue 18060")),
		}},
		{name: "elbv2/Targets", steps: []step{
			createGroup("blue"),
			ok(&elbv2.RegisterTargetsInput{TargetGroupArn: new("${blue}"), Targets: []types.TargetDescription{{Id: new("10.0.0.7")}}}),
			fails("TargetGroupNotFound", &elbv2.RegisterTargetsInput{TargetGroupArn: new(noGroup), Targets: []types.TargetDescription{{Id: new("10.0.0.7")}}}),
			ok(&elbv2.DescribeTargetHealthInput{TargetGroupArn: new("${blue}")}, want("TargetHealthDescriptions.#", 1),
				want("TargetHealthDescriptions.0.Target.Id", "10.0.0.7"), want("TargetHealthDescriptions.0.Target.Port", 8080),
				want("TargetHealthDescriptions.0.TargetHealth.State", "unused"),
				motoValue("moto_server's targets are always healthy; AWS: Elastic Load Balancing API Reference, TargetHealth: Target.NotInUse"),
				want("TargetHealthDescriptions.0.TargetHealth.Reason", "Target.NotInUse"), motoValue("as above; AWS: TargetHealth")),
			fails("TargetGroupNotFound", &elbv2.DescribeTargetHealthInput{TargetGroupArn: new(noGroup)}),
			ok(&elbv2.DeregisterTargetsInput{TargetGroupArn: new("${blue}"), Targets: []types.TargetDescription{{Id: new("10.0.0.7")}}}),
			fails("TargetGroupNotFound", &elbv2.DeregisterTargetsInput{TargetGroupArn: new(noGroup), Targets: []types.TargetDescription{{Id: new("10.0.0.7")}}}),
			wait(10 * time.Minute),
			ok(&elbv2.DescribeTargetHealthInput{TargetGroupArn: new("${blue}")}, want("TargetHealthDescriptions.#", 0)),
			fails("ValidationError", &elbv2.RegisterTargetsInput{TargetGroupArn: new("${blue}"), Targets: []types.TargetDescription{{Id: new("nobody")}}},
				moto("moto_server takes any id; AWS: Elastic Load Balancing API Reference, TargetDescription: the target type ip wants an IP address")),
		}},
	}
}
