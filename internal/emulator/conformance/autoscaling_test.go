package conformance_test

import (
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

func autoscalingStories() []story {
	register := func(resource string, least, most *int32) *aas.RegisterScalableTargetInput {
		return &aas.RegisterScalableTargetInput{
			ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: &resource, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
			MinCapacity: least, MaxCapacity: most,
		}
	}
	suspend := register("service/shop/web", nil, nil)
	suspend.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: new(true)}
	deregister := &aas.DeregisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: new("service/shop/web"), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	}
	return []story{autoscalingPolicies(register("service/shop/web", new(int32(2)), new(int32(8)))), {name: "application-autoscaling/Targets", steps: []step{
		ok(&ecs.CreateClusterInput{ClusterName: new("shop")}), registerTask(), ok(webService("web", 2)),
		ok(register("service/shop/web", new(int32(2)), new(int32(8))), like("ScalableTargetARN", "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/.+")),
		fails("ValidationException", register("service/shop/none", new(int32(1)), new(int32(2)))),
		ok(suspend),
		ok(&aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: []string{"service/shop/web"}},
			want("ScalableTargets.#", 1), want("ScalableTargets.0.MinCapacity", 2), want("ScalableTargets.0.MaxCapacity", 8),
			want("ScalableTargets.0.SuspendedState.DynamicScalingInSuspended", true), want("ScalableTargets.0.SuspendedState.DynamicScalingOutSuspended", false),
			motoValue("moto_server leaves it out; AWS: Application Auto Scaling API Reference, DescribeScalableTargets, Examples")),
		fails("InvalidNextTokenException", &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs, NextToken: new("made-up")},
			moto("moto_server answers 500; AWS: model, DescribeScalableTargets has InvalidNextTokenException")),
		fails("ValidationException", register("service/shop/web", new(int32(9)), new(int32(8))),
			moto("moto_server does not compare; AWS: Application Auto Scaling API Reference, RegisterScalableTarget: MaxCapacity is at least MinCapacity")),
		ok(deregister),
		fails("ObjectNotFoundException", deregister,
			moto("moto_server has another code; AWS: model, DeregisterScalableTarget has ObjectNotFoundException")),
	}}}
}

// autoscalingPolicies tells scaling policies of a target that is registered so.
func autoscalingPolicies(register *aas.RegisterScalableTargetInput) story {
	put := func(name string, percent float64) *aas.PutScalingPolicyInput {
		return &aas.PutScalingPolicyInput{
			PolicyName: &name, PolicyType: types.PolicyTypeTargetTrackingScaling,
			ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: register.ResourceId, ScalableDimension: register.ScalableDimension,
			TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{
				TargetValue:                   &percent,
				PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeECSServiceAverageCPUUtilization},
			},
		}
	}
	describe := &aas.DescribeScalingPoliciesInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: register.ResourceId}
	remove := &aas.DeleteScalingPolicyInput{
		PolicyName: new("cpu"), ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: register.ResourceId, ScalableDimension: register.ScalableDimension,
	}
	return story{name: "application-autoscaling/Policies", steps: []step{
		ok(&ecs.CreateClusterInput{ClusterName: new("shop")}), registerTask(), ok(webService("web", 2)),
		fails("ObjectNotFoundException", put("cpu", 60),
			moto("moto_server does not look for the target; AWS: model, PutScalingPolicy has ObjectNotFoundException")),
		ok(register),
		ok(put("cpu", 60), like("PolicyARN", "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:.+:resource/ecs/service/shop/web:policyName/cpu")),
		ok(put("cpu", 70)),
		ok(describe, want("ScalingPolicies.#", 1), want("ScalingPolicies.0.PolicyName", "cpu"), want("ScalingPolicies.0.PolicyType", "TargetTrackingScaling"),
			want("ScalingPolicies.0.TargetTrackingScalingPolicyConfiguration.TargetValue", 70.0)),
		fails("InvalidNextTokenException", &aas.DescribeScalingPoliciesInput{ServiceNamespace: types.ServiceNamespaceEcs, NextToken: new("made-up")},
			moto("moto_server answers 500; AWS: model, DescribeScalingPolicies has InvalidNextTokenException")),
		ok(remove),
		ok(describe, want("ScalingPolicies.#", 0)),
		fails("ObjectNotFoundException", remove,
			moto("moto_server has another code; AWS: model, DeleteScalingPolicy has ObjectNotFoundException")),
	}}
}
