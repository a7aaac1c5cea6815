package codedeploy

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// configurations are AWS's own for ECS (AWS: CodeDeploy User Guide, Deployment
// configurations on an Amazon ECS compute platform). Nobody can make others here.
func configurations() []string {
	return []string{
		"CodeDeployDefault.ECSAllAtOnce", "CodeDeployDefault.ECSCanary10Percent5Minutes", "CodeDeployDefault.ECSCanary10Percent15Minutes",
		"CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
	}
}

// check refuses what CreateDeploymentGroup refuses for an application of ECS.
// AWS: CodeDeploy API Reference, CreateDeploymentGroup; CodeDeploy User Guide, Create a
// deployment group for an Amazon ECS deployment.
func (s *Service) check(a *application, in *codedeploy.CreateDeploymentGroupInput) error {
	if a.platform != types.ComputePlatformEcs {
		if len(in.EcsServices) > 0 {
			return &types.InvalidECSServiceException{Message: aws.String("Should not specify ECS services parameter for " + string(a.platform) + " deployment group")}
		}
		return notEmulated("deployment groups of the compute platform " + string(a.platform))
	}
	if err := onlyECS(in); err != nil {
		return err
	}
	if !s.deps.MayAssume(aws.ToString(in.ServiceRoleArn)) {
		return &types.InvalidRoleException{Message: aws.String("Cannot assume role provided.")}
	}
	if name := in.DeploymentConfigName; name != nil && !slices.Contains(configurations(), *name) {
		return &types.DeploymentConfigDoesNotExistException{Message: aws.String("No deployment configuration found for name: " + *name)}
	}
	for _, err := range []error{s.checkService(in), checkStyle(in), checkBalancing(in.LoadBalancerInfo), checkAlarms(in.AlarmConfiguration)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// onlyECS refuses by name what is for servers, or is not emulated.
func onlyECS(in *codedeploy.CreateDeploymentGroupInput) error {
	switch {
	case len(in.Ec2TagFilters) > 0, in.Ec2TagSet != nil, len(in.OnPremisesInstanceTagFilters) > 0, in.OnPremisesTagSet != nil, len(in.AutoScalingGroups) > 0:
		return notEmulated("instances of deployment groups")
	case len(in.TriggerConfigurations) > 0:
		return notEmulated("triggers of deployment groups")
	case len(in.Tags) > 0:
		return notEmulated("tags of deployment groups")
	case in.TerminationHookEnabled != nil:
		return notEmulated("termination hooks of deployment groups")
	}
	return nil
}

// checkService wants one service that CodeDeploy deploys, and of no other group.
func (s *Service) checkService(in *codedeploy.CreateDeploymentGroupInput) error {
	if len(in.EcsServices) != 1 {
		return &types.InvalidECSServiceException{Message: aws.String("For ECS deployment group, one ECS service must be specified.")}
	}
	of := in.EcsServices[0]
	if !s.deps.Deploys(aws.ToString(of.ClusterName), aws.ToString(of.ServiceName)) {
		return &types.InvalidECSServiceException{Message: aws.String("Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.")}
	}
	for _, a := range s.applications {
		for _, group := range a.groups {
			if *group.EcsServices[0].ClusterName == *of.ClusterName && *group.EcsServices[0].ServiceName == *of.ServiceName {
				return &types.ECSServiceMappingLimitExceededException{Message: aws.String(
					"The Amazon ECS service is associated with more than one deployment groups. An Amazon ECS service can be associated with only one deployment group.")}
			}
		}
	}
	return nil
}

// checkStyle wants blue/green with traffic control, and says what becomes of both sides.
func checkStyle(in *codedeploy.CreateDeploymentGroupInput) error {
	style, how := in.DeploymentStyle, in.BlueGreenDeploymentConfiguration
	switch {
	case style == nil || style.DeploymentType != types.DeploymentTypeBlueGreen || style.DeploymentOption != types.DeploymentOptionWithTrafficControl:
		return &types.InvalidDeploymentStyleException{Message: aws.String(
			"For ECS deployment group, the deployment type must be BLUE_GREEN and the deployment option WITH_TRAFFIC_CONTROL.")}
	case how == nil || how.TerminateBlueInstancesOnDeploymentSuccess == nil || how.DeploymentReadyOption == nil:
		return &types.InvalidBlueGreenDeploymentConfigurationException{Message: aws.String(
			"For ECS deployment group, terminateBlueInstancesOnDeploymentSuccess and deploymentReadyOption must be specified.")}
	case how.GreenFleetProvisioningOption != nil:
		return &types.InvalidBlueGreenDeploymentConfigurationException{Message: aws.String(
			"For ECS deployment group, greenFleetProvisioningOption must not be specified.")}
	}
	return nil
}

// checkBalancing wants two target groups and one listener of production.
func checkBalancing(info *types.LoadBalancerInfo) error {
	switch {
	case info == nil:
		return &types.InvalidLoadBalancerInfoException{Message: aws.String("For ECS deployment group, loadBalancerInfo must be specified.")}
	case len(info.ElbInfoList) > 0, len(info.TargetGroupInfoList) > 0:
		return &types.InvalidLoadBalancerInfoException{Message: aws.String("For ECS deployment group, only targetGroupPairInfoList may be specified.")}
	case len(info.TargetGroupPairInfoList) != 1:
		return &types.InvalidTargetGroupPairException{Message: aws.String("For ECS deployment group, one target group pair must be specified.")}
	}
	pair := info.TargetGroupPairInfoList[0]
	switch {
	case len(pair.TargetGroups) != 2:
		return &types.InvalidTargetGroupPairException{Message: aws.String("A target group pair must have two target groups.")}
	case pair.ProdTrafficRoute == nil || len(pair.ProdTrafficRoute.ListenerArns) != 1:
		return &types.InvalidTargetGroupPairException{Message: aws.String("A target group pair must have one listener in its prodTrafficRoute.")}
	case pair.TestTrafficRoute != nil && len(pair.TestTrafficRoute.ListenerArns) != 1:
		return &types.InvalidTargetGroupPairException{Message: aws.String("A target group pair must have one listener in its testTrafficRoute.")}
	}
	return nil
}

// maxAlarms is how many alarms a group may have (AWS: CodeDeploy API Reference,
// AlarmConfiguration).
const maxAlarms = 10

func checkAlarms(c *types.AlarmConfiguration) error {
	switch {
	case c == nil:
		return nil
	case len(c.Alarms) > maxAlarms:
		return &types.AlarmsLimitExceededException{Message: aws.String("The maximum number of alarms for a deployment group (10) was exceeded.")}
	case c.Enabled && len(c.Alarms) == 0:
		return &types.InvalidAlarmConfigException{Message: aws.String("The format of the alarm configuration is invalid: no alarm is specified.")}
	}
	return nil
}
