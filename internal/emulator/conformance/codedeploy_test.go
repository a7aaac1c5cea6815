package conformance_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// blueGreenGroup is a deployment group for a service of cluster shop.
func blueGreenGroup(name, service string, changes ...func(*codedeploy.CreateDeploymentGroupInput)) *codedeploy.CreateDeploymentGroupInput {
	in := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("shop"), DeploymentGroupName: &name, ServiceRoleArn: new("arn:aws:iam::123456789012:role/deployer"),
		EcsServices:     []types.ECSService{{ClusterName: new("shop"), ServiceName: &service}},
		DeploymentStyle: &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 30},
			DeploymentReadyOption:                     &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
		},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: new("one")}, {Name: new("two")}},
			ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/1/2"}},
		}}},
	}
	for _, change := range changes {
		change(in)
	}
	return in
}

// byCodeDeploy are the steps to a service web of cluster shop that CodeDeploy deploys, and
// the role deployer.
func byCodeDeploy(group string) (service *ecs.CreateServiceInput, steps []step) {
	service = webService("web", 1)
	service.DeploymentController = &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy}
	service.LoadBalancers = []ecstypes.LoadBalancer{{ContainerName: new("web"), ContainerPort: new(int32(8080)), TargetGroupArn: &group}}
	return service, []step{
		ok(&ecs.CreateClusterInput{ClusterName: new("shop")}), registerTask(),
		ok(&iam.CreateRoleInput{RoleName: new("deployer"), AssumeRolePolicyDocument: new(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codedeploy.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}),
		ok(&iam.CreateRoleInput{RoleName: new("stranger"), AssumeRolePolicyDocument: new(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}),
		ok(&elbv2.CreateLoadBalancerInput{Name: new("front"), Subnets: []string{"${subnet1}", "${subnet2}"}}, save("balancer", "LoadBalancers.0.LoadBalancerArn")),
		createGroup("one"),
		ok(&elbv2.CreateListenerInput{
			LoadBalancerArn: new("${balancer}"), Port: new(int32(80)), Protocol: elbtypes.ProtocolEnumHttp,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}},
		}),
	}
}

func codedeployStories() []story {
	const missing = "ApplicationDoesNotExistException"
	const noTimes = "moto_server writes times as text; AWS: smithy.io, AWS JSON protocol: a timestamp is a number"
	const unchecked = "moto_server does not check; AWS: CodeDeploy API Reference, CreateDeploymentGroup"
	const absent = "moto_server does not have the operation; AWS: CodeDeploy API Reference"
	app := &codedeploy.CreateApplicationInput{ApplicationName: new("shop"), ComputePlatform: types.ComputePlatformEcs}
	long := strings.Repeat("x", 101)
	return []story{
		{name: "codedeploy/Applications", steps: []step{
			ok(app, like("ApplicationId", `^[0-9a-f-]{36}$`)),
			fails("ApplicationAlreadyExistsException", app),
			ok(&codedeploy.GetApplicationInput{ApplicationName: new("shop")}, want("Application.ComputePlatform", "ECS"), moto(noTimes)),
			fails(missing, &codedeploy.GetApplicationInput{ApplicationName: new("none")}),
			ok(&codedeploy.CreateApplicationInput{ApplicationName: new("fleet")}),
			ok(&codedeploy.ListApplicationsInput{}, want("Applications.#", 2)),
			fails("InvalidNextTokenException", &codedeploy.ListApplicationsInput{NextToken: new("made-up")},
				moto("moto_server does not page; AWS: model, ListApplications has InvalidNextTokenException")),
			fails("InvalidApplicationNameException", &codedeploy.CreateApplicationInput{ApplicationName: &long}, moto(unchecked)),
			fails("InvalidComputePlatformException", &codedeploy.CreateApplicationInput{ApplicationName: new("x"), ComputePlatform: "Moon"}, moto(unchecked)),
			ok(&codedeploy.DeleteApplicationInput{ApplicationName: new("shop")}, moto(absent)),
			ok(&codedeploy.DeleteApplicationInput{ApplicationName: new("shop")}, moto(absent)),
			fails("InvalidApplicationNameException", &codedeploy.DeleteApplicationInput{ApplicationName: &long}, moto(absent)),
		}},
		codedeployGroups(app, missing, absent),
		codedeployRefusals(app),
	}
}

// codedeployGroups makes groups, reads them and deletes them.
func codedeployGroups(app *codedeploy.CreateApplicationInput, missing, absent string) story {
	service, steps := byCodeDeploy("${one}")
	read := func(group string) *codedeploy.GetDeploymentGroupInput {
		return &codedeploy.GetDeploymentGroupInput{ApplicationName: new("shop"), DeploymentGroupName: &group}
	}
	const lists = "moto_server does not say so; AWS: CodeDeploy API Reference, ListDeploymentGroups"
	return story{name: "codedeploy/Groups", notMoto: "moto_server has no services of CodeDeploy's; AWS: CodeDeploy API Reference, CreateDeploymentGroup", steps: append(
		steps, ok(service, want("Service.DeploymentController.Type", "CODE_DEPLOY"), want("Service.Deployments.#", 0),
			want("Service.TaskSets.0.Status", "PRIMARY"), want("Service.TaskSets.0.Scale.Value", 100.0)),
		fails("InvalidParameterException", &ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("web"), TaskDefinition: new("web")}),
		fails("InvalidParameterException", &ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("web"), ForceNewDeployment: true}),
		ok(&ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("web"), DesiredCount: new(int32(2))}, want("Service.DesiredCount", 2)),
		fails(missing, blueGreenGroup("prod", "web")), ok(app),
		ok(blueGreenGroup("prod", "web"), like("DeploymentGroupId", `^[0-9a-f-]{36}$`)),
		fails("DeploymentGroupAlreadyExistsException", blueGreenGroup("prod", "web")),
		fails("ECSServiceMappingLimitExceededException", blueGreenGroup("again", "web")),
		ok(read("prod"), want("DeploymentGroupInfo.ComputePlatform", "ECS"), want("DeploymentGroupInfo.EcsServices.0.ServiceName", "web"),
			want("DeploymentGroupInfo.DeploymentConfigName", "CodeDeployDefault.ECSAllAtOnce")),
		fails("DeploymentGroupDoesNotExistException", read("none")),
		ok(&codedeploy.ListDeploymentGroupsInput{ApplicationName: new("shop")}, want("DeploymentGroups.#", 1), want("DeploymentGroups.0", "prod")),
		fails(missing, &codedeploy.ListDeploymentGroupsInput{ApplicationName: new("none")}, moto(lists)),
		ok(&codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: new("shop"), DeploymentGroupNames: []string{"prod", "none"}},
			want("DeploymentGroupsInfo.#", 1), like("ErrorMessage", ".*none")),
		fails(missing, &codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: new("none"), DeploymentGroupNames: []string{"prod"}}, moto(absent)),
		ok(&codedeploy.DeleteDeploymentGroupInput{ApplicationName: new("shop"), DeploymentGroupName: new("prod")}),
		ok(&codedeploy.DeleteDeploymentGroupInput{ApplicationName: new("shop"), DeploymentGroupName: new("prod")}),
		fails("InvalidDeploymentGroupNameException", &codedeploy.DeleteDeploymentGroupInput{
			ApplicationName: new("shop"), DeploymentGroupName: new(strings.Repeat("x", 101)),
		}),
		fails("DeploymentGroupDoesNotExistException", read("prod")),
	)}
}

// codedeployRefusals is what no group may be.
func codedeployRefusals(app *codedeploy.CreateApplicationInput) story {
	type group = codedeploy.CreateDeploymentGroupInput
	service, steps := byCodeDeploy("${one}")
	bare := webService("bare", 1)
	bare.DeploymentController = service.DeploymentController
	plain := webService("plain", 0)
	refused := func(code string, change func(*group)) {
		steps = append(steps, fails(code, blueGreenGroup("prod", "web", change)))
	}
	steps = append(steps, fails("InvalidParameterException", bare), ok(plain), ok(service), ok(app))
	refused("InvalidECSServiceException", func(in *group) { in.EcsServices[0].ServiceName = new("none") })
	refused("InvalidECSServiceException", func(in *group) { in.EcsServices[0].ServiceName = new("plain") })
	refused("InvalidECSServiceException", func(in *group) { in.EcsServices = nil })
	refused("InvalidRoleException", func(in *group) { in.ServiceRoleArn = new("arn:aws:iam::123456789012:role/stranger") })
	refused("DeploymentConfigDoesNotExistException", func(in *group) { in.DeploymentConfigName = new("Mine") })
	refused("InvalidDeploymentStyleException", func(in *group) { in.DeploymentStyle.DeploymentType = types.DeploymentTypeInPlace })
	refused("InvalidBlueGreenDeploymentConfigurationException", func(in *group) { in.BlueGreenDeploymentConfiguration = nil })
	refused("InvalidLoadBalancerInfoException", func(in *group) { in.LoadBalancerInfo = nil })
	refused("InvalidTargetGroupPairException", func(in *group) { in.LoadBalancerInfo.TargetGroupPairInfoList[0].ProdTrafficRoute = nil })
	refused("InvalidAlarmConfigException", func(in *group) { in.AlarmConfiguration = &types.AlarmConfiguration{Enabled: true} })
	return story{name: "codedeploy/Refusals", notMoto: "moto_server does not check; AWS: CodeDeploy API Reference, CreateDeploymentGroup", steps: steps}
}
