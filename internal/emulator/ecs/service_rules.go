package ecs

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// onlyRolling refuses by name the features of a service that are not emulated.
func onlyRolling(in *ecs.CreateServiceInput) error {
	switch {
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return notEmulated("the scheduling strategy DAEMON")
	case len(in.ServiceRegistries) > 0:
		return notEmulated("service registries")
	case in.ServiceConnectConfiguration != nil && in.ServiceConnectConfiguration.Enabled:
		return notEmulated("Service Connect")
	case len(in.VolumeConfigurations) > 0:
		return notEmulated("volume configurations")
	case len(in.VpcLatticeConfigurations) > 0:
		return notEmulated("VPC Lattice")
	case len(in.GatewayConnectors) > 0:
		return notEmulated("gateway connectors")
	case in.Monitoring != nil:
		return notEmulated("a service's monitoring configuration")
	case len(in.PlacementConstraints) > 0:
		return invalidParameter("Placement constraints are not supported with FARGATE launch type.")
	case len(in.PlacementStrategy) > 0:
		return invalidParameter("Placement strategies are not supported with FARGATE launch type.")
	case in.Role != nil:
		return invalidParameter("You cannot specify an IAM role for services that require a service linked role.")
	}
	if err := onlyControllers(in.DeploymentController); err != nil {
		return err
	}
	return onlyRollingStrategy(in.DeploymentConfiguration)
}

// onlyCodeDeploy refuses what CodeDeploy alone may change of the services that it
// deploys, of which UpdateService takes the desired count, the circuit breaker no more
// than CreateService, and settings that make no deployment.
// AWS: ECS API reference, UpdateService.
func onlyCodeDeploy(svc *service, in *ecs.UpdateServiceInput) error {
	if svc.controller() != types.DeploymentControllerTypeCodeDeploy {
		return nil
	}
	var what string
	switch {
	case in.TaskDefinition != nil:
		what = "task definition"
	case in.NetworkConfiguration != nil:
		what = "network parameters"
	case in.PlatformVersion != nil:
		what = "platform version"
	case in.CapacityProviderStrategy != nil:
		what = "capacity provider strategy"
	case in.LoadBalancers != nil:
		what = "load balancers"
	case in.ForceNewDeployment:
		return invalidParameter("Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
	case in.DeploymentController != nil && in.DeploymentController.Type != svc.controller():
		return notEmulated("the change of a service's deployment controller")
	default:
		return checkController(svc.controller(), in.DeploymentConfiguration)
	}
	return invalidParameter("Unable to update " + what + " on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
}

// checkController refuses a circuit breaker where CodeDeploy deploys.
// AWS: ECS API reference, DeploymentCircuitBreaker: for the rolling update.
func checkController(of types.DeploymentControllerType, configuration *types.DeploymentConfiguration) error {
	if of == types.DeploymentControllerTypeCodeDeploy && configuration != nil && configuration.DeploymentCircuitBreaker != nil {
		return invalidParameter("DeploymentCircuitBreaker feature can be configured only with ECS deployment controller.")
	}
	return nil
}

func onlyRollingUpdate(in *ecs.UpdateServiceInput) error {
	return onlyRolling(&ecs.CreateServiceInput{
		ServiceRegistries: in.ServiceRegistries, ServiceConnectConfiguration: in.ServiceConnectConfiguration,
		VolumeConfigurations: in.VolumeConfigurations, VpcLatticeConfigurations: in.VpcLatticeConfigurations,
		GatewayConnectors: in.GatewayConnectors, Monitoring: in.Monitoring,
		PlacementConstraints: in.PlacementConstraints, PlacementStrategy: in.PlacementStrategy,
		DeploymentController: in.DeploymentController, DeploymentConfiguration: in.DeploymentConfiguration,
	})
}

func onlyControllers(controller *types.DeploymentController) error {
	if controller != nil && controller.Type != types.DeploymentControllerTypeEcs && controller.Type != types.DeploymentControllerTypeCodeDeploy {
		return notEmulated("the deployment controller " + string(controller.Type))
	}
	return nil
}

func onlyRollingStrategy(configuration *types.DeploymentConfiguration) error {
	if configuration == nil {
		return nil
	}
	breaker := configuration.DeploymentCircuitBreaker
	switch {
	case configuration.Strategy != "" && configuration.Strategy != types.DeploymentStrategyRolling:
		return notEmulated("the deployment strategy " + string(configuration.Strategy))
	case configuration.Alarms != nil && configuration.Alarms.Enable:
		return notEmulated("deployment alarms")
	case len(configuration.LifecycleHooks) > 0:
		return notEmulated("deployment lifecycle hooks")
	case configuration.EarlySuccessCriteria != nil:
		return notEmulated("a deployment's early success criteria")
	case configuration.LinearConfiguration != nil, configuration.CanaryConfiguration != nil:
		return invalidParameter("linearConfiguration and canaryConfiguration are not valid with the deployment strategy ROLLING.")
	case breaker != nil && breaker.ThresholdConfiguration != nil:
		return notEmulated("the circuit breaker's threshold configuration")
	case breaker != nil && breaker.ResetOnHealthyTask != nil && !*breaker.ResetOnHealthyTask:
		return notEmulated("a circuit breaker that does not reset on a healthy task")
	}
	return nil
}

// checkService refuses what CreateService refuses beyond its revision.
func checkService(in *ecs.CreateServiceInput, r revision) error {
	if in.DesiredCount == nil {
		return invalidParameter("Desired count must be specified for the scheduling strategy REPLICA.")
	}
	if err := checkDesired(in.DesiredCount); err != nil {
		return err
	}
	if in.HealthCheckGracePeriodSeconds != nil && len(r.loadBalancers) == 0 {
		return errGraceWithoutLoadBalancer()
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if controller := controllerOf(in); controller == types.DeploymentControllerTypeCodeDeploy {
		// AWS: ECS Developer Guide, CodeDeploy blue/green deployments: behind an
		// Application or Network Load Balancer.
		if len(r.loadBalancers) != 1 {
			return invalidParameter("A service with a CODE_DEPLOY deployment controller must have one load balancer.")
		}
		if err := checkController(controller, in.DeploymentConfiguration); err != nil {
			return err
		}
	}
	return checkConfiguration(in.DeploymentConfiguration)
}

func checkDesired(n *int32) error {
	if n != nil && *n < 0 {
		return invalidParameter(fmt.Sprintf("Invalid desiredCount %d: it must be greater than or equal to 0.", *n))
	}
	return nil
}

func errGraceWithoutLoadBalancer() error {
	return invalidParameter("Health check grace period is only valid for services configured to use load balancers")
}

// checkConfiguration refuses percentages that would leave no room for a
// deployment.
func checkConfiguration(configuration *types.DeploymentConfiguration) error {
	if configuration == nil {
		return nil
	}
	least, most := int32(100), int32(200)
	if configuration.MinimumHealthyPercent != nil {
		least = *configuration.MinimumHealthyPercent
	}
	if configuration.MaximumPercent != nil {
		most = *configuration.MaximumPercent
	}
	switch {
	case least < 0 || most < 0:
		return invalidParameter("minimumHealthyPercent and maximumPercent can not be negative.")
	case least == 100 && most == 100:
		return invalidParameter("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case most < 100 || least > most:
		return invalidParameter(fmt.Sprintf("Invalid maximumPercent %d: it must be at least 100 and at least minimumHealthyPercent %d.", most, least))
	}
	return nil
}

// mergeConfiguration changes the members that are given and keeps the others.
func mergeConfiguration(have types.DeploymentConfiguration, change *types.DeploymentConfiguration) types.DeploymentConfiguration {
	if change == nil {
		return have
	}
	if change.MinimumHealthyPercent != nil {
		have.MinimumHealthyPercent = change.MinimumHealthyPercent
	}
	if change.MaximumPercent != nil {
		have.MaximumPercent = change.MaximumPercent
	}
	if change.DeploymentCircuitBreaker != nil {
		have.DeploymentCircuitBreaker = change.DeploymentCircuitBreaker
	}
	if change.Alarms != nil {
		have.Alarms = change.Alarms
	}
	return have
}

// checkRevision refuses what could not be deployed in the cluster.
func (s *Service) checkRevision(c *cluster, r revision) error {
	if err := c.checkStrategy(r.providers); err != nil {
		return err
	}
	if len(r.providers) == 0 && r.launchType != types.LaunchTypeFargate {
		return notEmulated("the launch type " + string(launchTypeOrDefault(r.launchType)) + "; give FARGATE or a Fargate capacity provider")
	}
	if !slices.Contains(r.definition.Compatibilities, types.CompatibilityFargate) {
		return invalidParameter("Task definition does not support launch_type FARGATE.")
	}
	if r.network == nil || r.network.AwsvpcConfiguration == nil || len(r.network.AwsvpcConfiguration.Subnets) == 0 {
		return invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	for _, lb := range r.loadBalancers {
		if err := s.checkLoadBalancer(r.definition, lb); err != nil {
			return err
		}
	}
	return nil
}

// launchTypeOrDefault is the launch type AWS takes when none is given.
func launchTypeOrDefault(l types.LaunchType) types.LaunchType {
	if l == "" {
		return types.LaunchTypeEc2
	}
	return l
}

func (s *Service) checkLoadBalancer(td *types.TaskDefinition, lb types.LoadBalancer) error {
	group, name := aws.ToString(lb.TargetGroupArn), aws.ToString(lb.ContainerName)
	switch {
	case lb.LoadBalancerName != nil:
		return notEmulated("Classic Load Balancers")
	case lb.AdvancedConfiguration != nil:
		return notEmulated("a load balancer's advanced configuration for blue/green deployments")
	case group == "":
		return invalidParameter("targetGroupArn cannot be blank.")
	case s.deps.Targets == nil || !s.deps.Targets.Attached(group):
		return invalidParameter("The target group with targetGroupArn " + group + " does not have an associated load balancer.")
	}
	at := slices.IndexFunc(td.ContainerDefinitions, func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == name })
	if at < 0 {
		return invalidParameter("The container " + name + " does not exist in the task definition.")
	}
	port := aws.ToInt32(lb.ContainerPort)
	mapped := slices.ContainsFunc(td.ContainerDefinitions[at].PortMappings, func(p types.PortMapping) bool {
		return aws.ToInt32(p.ContainerPort) == port
	})
	if !mapped {
		return invalidParameter(fmt.Sprintf("The container %s did not have a container port %d defined.", name, port))
	}
	return nil
}
