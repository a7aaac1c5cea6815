package cli_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// codeDeploy has CodeDeploy deploy a service, CLUSTER/SERVICE, as the role codedeploy: an
// application and its deployment group.
func (w *scripted) codeDeploy(args []string) error {
	cluster, service, _ := strings.Cut(args[2], "/")
	client := codedeploy.NewFromConfig(w.Config("AKIAPERSON"))
	_, err := client.CreateApplication(context.Background(), &codedeploy.CreateApplicationInput{ApplicationName: &args[0], ComputePlatform: types.ComputePlatformEcs})
	if err != nil {
		return fmt.Errorf("create application: %w", err)
	}
	_, err = client.CreateDeploymentGroup(context.Background(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: &args[0], DeploymentGroupName: &args[1], ServiceRoleArn: aws.String("arn:aws:iam::123456789012:role/codedeploy"),
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSCanary10Percent5Minutes"),
		EcsServices:          []types.ECSService{{ClusterName: &cluster, ServiceName: &service}},
		DeploymentStyle:      &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		AlarmConfiguration:   &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String(service + "-errors")}}},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 45},
			DeploymentReadyOption:                     &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
		},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: aws.String(service)}, {Name: aws.String(service + "-other")}},
			ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/cart/1/2"}},
		}}},
	})
	if err != nil {
		return fmt.Errorf("create deployment group: %w", err)
	}
	return nil
}
