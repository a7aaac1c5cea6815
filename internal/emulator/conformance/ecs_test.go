package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// registerTask registers the next revision of the family web.
func registerTask() step {
	return ok(&ecs.RegisterTaskDefinitionInput{
		Family: new("web"), NetworkMode: types.NetworkModeAwsvpc, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu: new("256"), Memory: new("512"), ExecutionRoleArn: new("arn:aws:iam::123456789012:role/execution"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: new("web"), Image: new("web:1"), PortMappings: []types.PortMapping{{ContainerPort: new(int32(8080))}}}},
	}, want("TaskDefinition.Family", "web"), want("TaskDefinition.Status", "ACTIVE"), save("task", "TaskDefinition.TaskDefinitionArn"))
}

func webService(name string, n int32) *ecs.CreateServiceInput {
	return &ecs.CreateServiceInput{
		Cluster: new("shop"), ServiceName: &name, TaskDefinition: new("web"), DesiredCount: &n, LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"${subnet1}"}, SecurityGroups: []string{}}},
	}
}

func ecsStories() []story {
	createCluster := ok(&ecs.CreateClusterInput{ClusterName: new("shop")}, want("Cluster.Status", "ACTIVE"), want("Cluster.ClusterArn", "arn:aws:ecs:us-east-1:123456789012:cluster/shop"))
	const serviceARN = "arn:aws:ecs:us-east-1:123456789012:service/shop/web"
	const noRevision = "arn:aws:ecs:us-east-1:123456789012:task-definition/none:1"
	return []story{
		{name: "ecs/Clusters", steps: []step{
			createCluster, createCluster,
			ok(&ecs.DescribeClustersInput{Clusters: []string{"shop", "none"}},
				want("Clusters.#", 1), want("Clusters.0.ClusterName", "shop"), want("Failures.0.Reason", "MISSING")),
			fails("InvalidParameterException", &ecs.DescribeClustersInput{Include: []types.ClusterField{"COLOUR"}},
				moto("moto_server does not check; AWS: model, ClusterField")),
			ok(&ecs.ListClustersInput{}, want("ClusterArns.#", 1)),
			fails("InvalidParameterException", &ecs.ListClustersInput{MaxResults: new(int32(101))},
				moto("moto_server does not check; AWS: ECS API Reference, ListClusters: maxResults is 1 to 100")),
			ok(&ecs.ListTasksInput{Cluster: new("shop")}, want("TaskArns.#", 0)),
			fails("ClusterNotFoundException", &ecs.ListTasksInput{Cluster: new("none")}),
			fails("ClusterNotFoundException", &ecs.DescribeTasksInput{Cluster: new("none"), Tasks: []string{"00000000000000000000000000000000"}}),
			ok(&ecs.UpdateClusterSettingsInput{Cluster: new("shop"), Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: new("enabled")}}},
				want("Cluster.Settings.0.Value", "enabled"), moto("moto_server does not have the operation; AWS: ECS API Reference, UpdateClusterSettings")),
			fails("ClusterNotFoundException", &ecs.UpdateClusterSettingsInput{Cluster: new("none"), Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: new("enabled")}}},
				moto("moto_server does not have the operation; AWS: ECS API Reference, UpdateClusterSettings")),
			ok(&ecs.DeleteClusterInput{Cluster: new("shop")}, want("Cluster.Status", "INACTIVE")),
			fails("ClusterNotFoundException", &ecs.DeleteClusterInput{Cluster: new("none")}),
			fails("InvalidParameterException", &ecs.CreateClusterInput{ClusterName: new("no spaces")},
				moto("moto_server takes any name; AWS: ECS API Reference, CreateCluster: letters, numbers, underscores and hyphens")),
		}},
		{name: "ecs/TaskDefinitions", steps: []step{
			registerTask(), registerTask(),
			fails("ClientException", &ecs.RegisterTaskDefinitionInput{
				Family: new("bad"), NetworkMode: types.NetworkModeAwsvpc, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
				Cpu: new("256"), Memory: new("8192"), ContainerDefinitions: []types.ContainerDefinition{{Name: new("web"), Image: new("web:1")}},
			}, moto("moto_server does not check the size; AWS: ECS API Reference, RegisterTaskDefinition: valid combinations of cpu and memory")),
			ok(&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web")}, want("TaskDefinition.Revision", 2), want("TaskDefinition.ContainerDefinitions.0.Image", "web:1"),
				want("TaskDefinition.ContainerDefinitions.0.Essential", true)),
			ok(&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web:1")}, want("TaskDefinition.Revision", 1)),
			fails("ClientException", &ecs.DescribeTaskDefinitionInput{TaskDefinition: new("none")}),
			ok(&ecs.ListTaskDefinitionsInput{FamilyPrefix: new("web"), Sort: types.SortOrderDesc}, want("TaskDefinitionArns.#", 2), want("TaskDefinitionArns.0", "${task}"),
				motoValue("moto_server does not sort; AWS: ECS API Reference, ListTaskDefinitions: DESC gives the newest revision first")),
			fails("InvalidParameterException", &ecs.ListTaskDefinitionsInput{MaxResults: new(int32(101))},
				moto("moto_server does not check; AWS: ECS API Reference, ListTaskDefinitions: maxResults is 1 to 100")),
			ok(&ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web:2")}, want("TaskDefinition.Status", "INACTIVE")),
			fails("ClientException", &ecs.DeregisterTaskDefinitionInput{TaskDefinition: new(noRevision)}),
		}},
		{name: "ecs/Services", steps: []step{
			createCluster, registerTask(),
			ok(webService("web", 1), want("Service.ServiceArn", serviceARN), want("Service.Status", "ACTIVE"), want("Service.DesiredCount", 1),
				want("Service.Deployments.0.Status", "PRIMARY")),
			fails("InvalidParameterException", webService("web", 3),
				moto("moto_server makes another; AWS: InvalidParameterException, Creation of service was not idempotent, as in github.com/hashicorp/terraform-provider-aws issue 2283")),
			ok(&ecs.DescribeServicesInput{Cluster: new("shop"), Services: []string{"web", "none"}},
				want("Services.#", 1), want("Services.0.TaskDefinition", "${task}"), want("Failures.0.Reason", "MISSING")),
			fails("ClusterNotFoundException", &ecs.DescribeServicesInput{Cluster: new("none"), Services: []string{"web"}}),
			ok(&ecs.ListServicesInput{Cluster: new("shop")}, want("ServiceArns.0", serviceARN)),
			fails("ClusterNotFoundException", &ecs.ListServicesInput{Cluster: new("none")}),
			ok(&ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("web"), DesiredCount: new(int32(0))}, want("Service.DesiredCount", 0)),
			fails("ServiceNotFoundException", &ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("none"), DesiredCount: new(int32(0))}),
			fails("ClusterNotFoundException", &ecs.CreateServiceInput{Cluster: new("none"), ServiceName: new("web"), TaskDefinition: new("web")}),
			ok(&ecs.DeleteServiceInput{Cluster: new("shop"), Service: new("web")}, want("Service.ServiceArn", serviceARN)),
			fails("ServiceNotFoundException", &ecs.DeleteServiceInput{Cluster: new("shop"), Service: new("none")}),
		}},
		{name: "ecs/Tasks", notMoto: "its services start no tasks; AWS: ECS Developer Guide, service scheduler", steps: []step{
			createRole("execution", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`),
			createCluster, registerTask(), ok(webService("web", 2)),
			wait(5 * time.Minute),
			ok(&ecs.DescribeServicesInput{Cluster: new("shop"), Services: []string{"web"}},
				want("Services.0.RunningCount", 2), want("Services.0.PendingCount", 0), want("Services.0.Deployments.0.RolloutState", "COMPLETED")),
			fails("InvalidParameterException", &ecs.DeleteServiceInput{Cluster: new("shop"), Service: new("web")}),
			ok(&ecs.ListTasksInput{Cluster: new("shop"), ServiceName: new("web")}, want("TaskArns.#", 2), save("one", "TaskArns.0")),
			ok(&ecs.DescribeTasksInput{Cluster: new("shop"), Tasks: []string{"${one}"}},
				want("Tasks.#", 1), want("Tasks.0.LastStatus", "RUNNING"), want("Tasks.0.TaskDefinitionArn", "${task}"), want("Tasks.0.Containers.0.Name", "web")),
			ok(&ecs.StopTaskInput{Cluster: new("shop"), Task: new("${one}"), Reason: new("to see")}, want("Task.DesiredStatus", "STOPPED"), want("Task.StoppedReason", "to see")),
			fails("InvalidParameterException", &ecs.StopTaskInput{Cluster: new("shop"), Task: new("00000000000000000000000000000000")}),
			wait(5 * time.Minute),
			ok(&ecs.DescribeServicesInput{Cluster: new("shop"), Services: []string{"web"}}, want("Services.0.RunningCount", 2)),
			fails("ClusterContainsServicesException", &ecs.DeleteClusterInput{Cluster: new("shop")}),
		}},
		{name: "ecs/Tags", steps: []step{
			createCluster, registerTask(), ok(webService("web", 0)),
			ok(&ecs.TagResourceInput{ResourceArn: new(serviceARN), Tags: []types.Tag{{Key: new("team"), Value: new("shop")}, {Key: new("tier"), Value: new("1")}}}),
			ok(&ecs.UntagResourceInput{ResourceArn: new(serviceARN), TagKeys: []string{"tier"}}),
			ok(&ecs.ListTagsForResourceInput{ResourceArn: new(serviceARN)}, want("Tags.#", 1), want("Tags.0.Key", "team")),
			fails("InvalidParameterException", &ecs.ListTagsForResourceInput{ResourceArn: new("web")}),
			fails("InvalidParameterException", &ecs.TagResourceInput{ResourceArn: new("web"), Tags: []types.Tag{{Key: new("k"), Value: new("v")}}}),
			fails("InvalidParameterException", &ecs.UntagResourceInput{ResourceArn: new("web"), TagKeys: []string{"k"}}),
		}},
	}
}
