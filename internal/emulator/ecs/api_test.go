package ecs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// refused says how a call was refused: the code and the message.
func refused(err error) string {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return fmt.Sprintf("not refused: %v", err)
	}
	return failure.ErrorCode() + ": " + failure.ErrorMessage()
}

func TestRegisterTaskDefinitionRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(in *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition)
		want   string
	}{
		{"NoImage", func(_ *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Image = nil }, "ClientException: Container.image should not be null or empty."},
		{"NoName", func(_ *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Name = nil }, "ClientException: Container.name should not be null or empty."},
		{"BadFamily", func(in *sdk.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			in.Family = aws.String("a b")
		}, "ClientException: Family contains invalid characters."},
		{"FargateSize", func(in *sdk.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			in.Memory = aws.String("4096")
		}, "ClientException: No Fargate configuration exists for given values: 256 CPU, 4096 memory."},
		{"FargateWithoutCPU", func(in *sdk.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) { in.Cpu = nil }, "ClientException: Fargate requires that 'cpu' be defined at the task level."},
		{"FargateNetwork", func(in *sdk.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			in.NetworkMode = types.NetworkModeBridge
		}, "ClientException: Fargate only supports network mode ‘awsvpc’."},
		{"HostPort", func(_ *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.PortMappings[0].HostPort = aws.Int32(80)
		}, "ClientException: When networkMode=awsvpc, the host ports and container ports in port mappings must match."},
		{"NothingEssential", func(_ *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Essential = aws.Bool(false) }, "ClientException: A task definition must have at least one essential container."},
		{"TwoOfAName", func(in *sdk.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			in.ContainerDefinitions = append(in.ContainerDefinitions, *c)
		}, "ClientException: Container names must be unique within a task definition: web."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := definitionInput("good")
			tt.change(in, &in.ContainerDefinitions[0])
			_, err := newCloud(t).client.RegisterTaskDefinition(t.Context(), in)
			if got := refused(err); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTaskDefinitionRevisions(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := definitionInput("good")
	in.Cpu, in.Memory = aws.String(".25 vCPU"), aws.String("0.5 GB")
	in.Tags = []types.Tag{{Key: aws.String("release"), Value: aws.String("7")}}
	if _, err := c.client.RegisterTaskDefinition(t.Context(), in); err != nil {
		t.Fatalf("register task definition: %v", err)
	}
	second := c.definition("good")
	if _, err := c.client.DeregisterTaskDefinition(t.Context(), &sdk.DeregisterTaskDefinitionInput{TaskDefinition: aws.String(second)}); err != nil {
		t.Fatalf("deregister task definition: %v", err)
	}
	out, err := c.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("web"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	if err != nil {
		t.Fatalf("describe task definition: %v", err)
	}
	td := out.TaskDefinition
	if td.Revision != 1 || *td.Cpu != "256" || *td.Memory != "512" || len(out.Tags) != 1 {
		t.Errorf("latest active: revision %d, cpu %s, memory %s, %d tags; want 1, 256, 512, 1", td.Revision, *td.Cpu, *td.Memory, len(out.Tags))
	}
	if got := td.ContainerDefinitions[0]; !*got.Essential || *got.PortMappings[0].HostPort != 8080 || got.PortMappings[0].Protocol != "tcp" {
		t.Errorf("what AWS fills in: essential %v, port %v", *got.Essential, got.PortMappings[0])
	}
	inactive, err := c.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web:2")})
	if err != nil || inactive.TaskDefinition.Status != types.TaskDefinitionStatusInactive || inactive.TaskDefinition.DeregisteredAt == nil {
		t.Errorf("deregistered: %v, %v; want it INACTIVE", inactive, err)
	}
	_, err = c.client.CreateService(t.Context(), serviceInput("web:2", 1))
	if got, want := refused(err), "ClientException: TaskDefinition is inactive"; got != want {
		t.Errorf("service of it: %s, want %s", got, want)
	}
	if got := lastPart(c.definition("good")); got != "web:3" {
		t.Errorf("next revision %s, want web:3", got)
	}
	first, err := c.client.ListTaskDefinitions(t.Context(), &sdk.ListTaskDefinitionsInput{MaxResults: aws.Int32(1), Sort: types.SortOrderDesc})
	if err != nil || len(first.TaskDefinitionArns) != 1 || lastPart(first.TaskDefinitionArns[0]) != "web:3" {
		t.Fatalf("first page: %v, %v; want web:3", first, err)
	}
	rest, err := c.client.ListTaskDefinitions(t.Context(), &sdk.ListTaskDefinitionsInput{NextToken: first.NextToken, Sort: types.SortOrderDesc})
	if err != nil || len(rest.TaskDefinitionArns) != 1 || lastPart(rest.TaskDefinitionArns[0]) != "web:1" || rest.NextToken != nil {
		t.Errorf("second page: %v, %v; want web:1 and no more", rest, err)
	}
	_, err = c.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web:9")})
	if got, want := refused(err), "ClientException: Unable to describe task definition."; got != want {
		t.Errorf("unknown revision: %s, want %s", got, want)
	}
}

func TestCreateServiceRefuses(t *testing.T) {
	t.Parallel()
	elsewhere := strings.Replace(group, "/web/", "/other/", 1)
	tests := []struct {
		name   string
		change func(in *sdk.CreateServiceInput)
		want   string
	}{
		{"UnknownCluster", func(in *sdk.CreateServiceInput) { in.Cluster = aws.String("nowhere") }, "ClusterNotFoundException: Cluster not found."},
		{"UnknownTaskDefinition", func(in *sdk.CreateServiceInput) { in.TaskDefinition = aws.String("other") }, "ClientException: TaskDefinition not found."},
		{"TargetGroupWithoutLoadBalancer", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].TargetGroupArn = aws.String(elsewhere) }, "InvalidParameterException: The target group with targetGroupArn " + elsewhere + " does not have an associated load balancer."},
		{"UnknownContainer", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].ContainerName = aws.String("api") }, "InvalidParameterException: The container api does not exist in the task definition."},
		{"UnknownPort", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].ContainerPort = aws.Int32(81) }, "InvalidParameterException: The container web did not have a container port 81 defined."},
		{"NoNetwork", func(in *sdk.CreateServiceInput) { in.NetworkConfiguration = nil }, "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		{"GraceWithoutLoadBalancer", func(in *sdk.CreateServiceInput) {
			in.LoadBalancers, in.HealthCheckGracePeriodSeconds = nil, aws.Int32(5)
		}, "InvalidParameterException: Health check grace period is only valid for services configured to use load balancers"},
		{"NoRoomToDeploy", func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100)}
		}, "InvalidParameterException: Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."},
		{"ExternalController", func(in *sdk.CreateServiceInput) {
			in.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeExternal}
		}, "UnsupportedFeatureException: The local cloud does not emulate the deployment controller EXTERNAL."},
		{"BlueGreen", func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyBlueGreen}
		}, "UnsupportedFeatureException: The local cloud does not emulate the deployment strategy BLUE_GREEN."},
		{"Alarms", func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{Enable: true, AlarmNames: []string{"5xx"}}}
		}, "UnsupportedFeatureException: The local cloud does not emulate deployment alarms."},
		{"EC2", func(in *sdk.CreateServiceInput) { in.LaunchType = types.LaunchTypeEc2 }, "UnsupportedFeatureException: The local cloud does not emulate the launch type EC2; give FARGATE or a Fargate capacity provider."},
		{"ProviderNotOfTheCluster", func(in *sdk.CreateServiceInput) {
			in.LaunchType = ""
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT")}}
		}, "InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			in := serviceInput(c.definition("good"), 1)
			tt.change(in)
			_, err := c.client.CreateService(t.Context(), in)
			if got := refused(err); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
			if len(c.events) != 0 {
				t.Errorf("%d events of a refused call, want none", len(c.events))
			}
		})
	}
}

func TestCreateServiceIsIdempotentByClientToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("good"), 1)
	in.ClientToken = aws.String("token-1")
	c.create(in)
	again, err := c.client.CreateService(t.Context(), in)
	if err != nil || len(again.Service.Deployments) != 1 {
		t.Errorf("repeated: %v, %v; want the same service", again, err)
	}
	in.DesiredCount = aws.Int32(2)
	_, err = c.client.CreateService(t.Context(), in)
	want := "InvalidParameterException: Creation of service was not idempotent."
	if got := refused(err); got != want {
		t.Errorf("the token with other parameters: %s, want %s", got, want)
	}
	in.ClientToken, in.DesiredCount = nil, aws.Int32(1)
	_, err = c.client.CreateService(t.Context(), in)
	if got := refused(err); got != want {
		t.Errorf("the name without the token: %s, want %s", got, want)
	}
}

func TestDeleteService(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.steady(serviceInput(c.definition("good"), 1))
	in := &sdk.DeleteServiceInput{Cluster: aws.String("prod"), Service: aws.String("web")}
	_, err := c.client.DeleteService(t.Context(), in)
	if got, want := refused(err), "InvalidParameterException: The service cannot be stopped while it is scaled above 0."; got != want {
		t.Errorf("at one task: %s, want %s", got, want)
	}
	in.Force = aws.Bool(true)
	out, err := c.client.DeleteService(t.Context(), in)
	if err != nil || *out.Service.Status != "DRAINING" {
		t.Fatalf("forced: %v, %v; want DRAINING", out, err)
	}
	_, err = c.client.UpdateService(t.Context(), &sdk.UpdateServiceInput{Cluster: aws.String("prod"), Service: aws.String("web")})
	if got, want := refused(err), "ServiceNotActiveException: Service was not ACTIVE."; got != want {
		t.Errorf("update while draining: %s, want %s", got, want)
	}
	_, err = c.client.CreateService(t.Context(), serviceInput("web", 1))
	if got, want := refused(err), "InvalidParameterException: Unable to Start a service that is still Draining."; got != want {
		t.Errorf("create while draining: %s, want %s", got, want)
	}
	_, err = c.client.DeleteCluster(t.Context(), &sdk.DeleteClusterInput{Cluster: aws.String("prod")})
	if got, want := refused(err), "ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active."; got != want {
		t.Errorf("delete the cluster while draining: %s, want %s", got, want)
	}
	c.loop.RunFor(time.Minute)
	if got := c.service(); *got.Status != "INACTIVE" || got.RunningCount != 0 || len(got.Deployments) != 0 {
		t.Errorf("a minute later: %s, %s; want INACTIVE and empty", *got.Status, summary(got))
	}
	list, err := c.client.ListServices(t.Context(), &sdk.ListServicesInput{Cluster: aws.String("prod")})
	if err != nil || len(list.ServiceArns) != 0 {
		t.Errorf("list services: %v, %v; want none", list, err)
	}
	c.create(serviceInput("web", 1))
	if got := c.service(); *got.Status != "ACTIVE" {
		t.Errorf("created again: %s, want ACTIVE", *got.Status)
	}
}

func TestDescribeNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	services, err := c.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Cluster: aws.String("prod"), Services: []string{"api"}})
	if err != nil {
		t.Fatalf("describe services: %v", err)
	}
	tasks, err := c.client.DescribeTasks(t.Context(), &sdk.DescribeTasksInput{Cluster: aws.String("prod"), Tasks: []string{"0123"}})
	if err != nil {
		t.Fatalf("describe tasks: %v", err)
	}
	clusters, err := c.client.DescribeClusters(t.Context(), &sdk.DescribeClustersInput{Clusters: []string{"test"}})
	if err != nil {
		t.Fatalf("describe clusters: %v", err)
	}
	var got []string
	for _, f := range append(append(services.Failures, tasks.Failures...), clusters.Failures...) {
		got = append(got, *f.Arn+" "+*f.Reason)
	}
	want := []string{
		"arn:aws:ecs:us-east-1:123456789012:service/prod/api MISSING",
		"arn:aws:ecs:us-east-1:123456789012:task/prod/0123 MISSING",
		"arn:aws:ecs:us-east-1:123456789012:cluster/test MISSING",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	eleven := strings.Split(strings.Repeat("a ", 10)+"a", " ")
	_, err = c.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Cluster: aws.String("prod"), Services: eleven})
	if got := refused(err); !strings.HasPrefix(got, "InvalidParameterException") {
		t.Errorf("eleven services: %s, want InvalidParameterException", got)
	}
}

func TestTagsAreKeptAndPropagated(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("good"), 1)
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}
	in.PropagateTags = types.PropagateTagsService
	c.steady(in)
	arn := *c.service().ServiceArn
	if _, err := c.client.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: aws.String(arn), Tags: []types.Tag{
		{Key: aws.String("team"), Value: aws.String("web")}, {Key: aws.String("tier"), Value: aws.String("1")},
	}}); err != nil {
		t.Fatalf("tag resource: %v", err)
	}
	if _, err := c.client.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: []string{"tier"}}); err != nil {
		t.Fatalf("untag resource: %v", err)
	}
	for resource, want := range map[string]string{arn: "web", *c.tasks(types.DesiredStatusRunning)[0].TaskArn: "shop"} {
		out, err := c.client.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: aws.String(resource)})
		if err != nil || len(out.Tags) != 1 || *out.Tags[0].Value != want {
			t.Errorf("tags of %s: %v, %v; want team=%s alone", resource, out, err, want)
		}
	}
	_, err := c.client.TagResource(t.Context(), &sdk.TagResourceInput{
		ResourceArn: aws.String(arn), Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("1")}},
	})
	if got := refused(err); !strings.HasPrefix(got, "InvalidParameterException: Tag keys can not begin with aws:") {
		t.Errorf("a reserved key: %s, want InvalidParameterException", got)
	}
}

func TestSpotServiceUsesItsCapacityProvider(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	strategy := []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 1}}
	if _, err := c.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{
		ClusterName: aws.String("spot"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"}, DefaultCapacityProviderStrategy: strategy,
	}); err != nil {
		t.Fatalf("create cluster: %v", err)
	}
	in := serviceInput(c.definition("good"), 1)
	in.Cluster, in.LaunchType = aws.String("spot"), ""
	out, err := c.client.CreateService(t.Context(), in)
	if err != nil {
		t.Fatalf("create service: %v", err)
	}
	if out.Service.LaunchType != "" || len(out.Service.CapacityProviderStrategy) != 1 || *out.Service.CapacityProviderStrategy[0].CapacityProvider != "FARGATE_SPOT" {
		t.Errorf("launch type %q, strategy %v; want the cluster's default strategy", out.Service.LaunchType, out.Service.CapacityProviderStrategy)
	}
	c.loop.RunFor(time.Minute)
	clusters, err := c.client.DescribeClusters(t.Context(), &sdk.DescribeClustersInput{Clusters: []string{"spot"}})
	if err != nil || clusters.Clusters[0].RunningTasksCount != 1 || clusters.Clusters[0].ActiveServicesCount != 1 {
		t.Errorf("describe clusters: %v, %v; want one service with one running task", clusters, err)
	}
}
