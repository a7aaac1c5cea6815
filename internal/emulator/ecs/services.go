package ecs

import (
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxDescribedServices is AWS's limit for one DescribeServices call.
const maxDescribedServices = 10

func (s *Service) createService(_ *wire.Call, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	if err := onlyRolling(in); err != nil {
		return nil, err
	}
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.ServiceName)
	if !validName(name) {
		return nil, invalidParameter("Identifier contains invalid characters.")
	}
	if old := c.services[name]; old != nil && old.status != statusInactive {
		return s.repeatedCreate(old, in)
	}
	r, err := s.firstRevision(c, in)
	if err != nil {
		return nil, err
	}
	if err := checkService(in, r); err != nil {
		return nil, err
	}
	svc := &service{
		cluster: c, name: name, arn: s.arn("service/" + c.name + "/" + name), status: statusActive,
		createdAt: s.loop.Now(), created: *in, desired: *in.DesiredCount, revision: r,
		configuration: mergeConfiguration(types.DeploymentConfiguration{
			MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200),
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{}, Strategy: types.DeploymentStrategyRolling,
		}, in.DeploymentConfiguration),
		grace: in.HealthCheckGracePeriodSeconds,
		settings: serviceSettings{
			propagateTags: in.PropagateTags, managedTags: in.EnableECSManagedTags, executeCommand: in.EnableExecuteCommand,
			rebalancing: in.AvailabilityZoneRebalancing,
		},
	}
	if svc.settings.rebalancing == "" {
		svc.settings.rebalancing = types.AvailabilityZoneRebalancingEnabled
	}
	if svc.grace == nil && len(r.loadBalancers) > 0 {
		svc.grace = aws.Int32(0)
	}
	c.services[name] = svc
	s.tags[svc.arn] = slices.Clone(in.Tags)
	s.deploy(svc, r)
	out := s.describe(svc, []types.ServiceField{types.ServiceFieldTags})
	return &ecs.CreateServiceOutput{Service: &out}, nil
}

// repeatedCreate answers a call for a name that is taken: with the service, if
// the call is the same down to its clientToken.
func (s *Service) repeatedCreate(svc *service, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	if svc.status == statusDraining {
		return nil, invalidParameter("Unable to Start a service that is still Draining.")
	}
	if in.ClientToken == nil || !reflect.DeepEqual(svc.created, *in) {
		return nil, invalidParameter("Creation of service was not idempotent.")
	}
	out := s.describe(svc, []types.ServiceField{types.ServiceFieldTags})
	return &ecs.CreateServiceOutput{Service: &out}, nil
}

// firstRevision is what CreateService is to deploy.
func (s *Service) firstRevision(c *cluster, in *ecs.CreateServiceInput) (revision, error) {
	if in.TaskDefinition == nil {
		return revision{}, invalidParameter("Task definition can not be blank.")
	}
	td, err := s.usableTaskDefinition(*in.TaskDefinition)
	if err != nil {
		return revision{}, err
	}
	r := revision{
		definition: td, launchType: in.LaunchType, providers: in.CapacityProviderStrategy,
		platformVersion: aws.ToString(in.PlatformVersion), network: in.NetworkConfiguration, loadBalancers: in.LoadBalancers,
	}
	if r.launchType != "" && len(r.providers) > 0 {
		return revision{}, invalidParameter("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if r.launchType == "" && len(r.providers) == 0 {
		r.providers = c.defaultStrategy
	}
	if r.platformVersion == "" {
		r.platformVersion = "LATEST"
	}
	return r, s.checkRevision(c, r)
}

func (s *Service) updateService(_ *wire.Call, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	if err := onlyRollingUpdate(in); err != nil {
		return nil, err
	}
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	svc, err := c.active(aws.ToString(in.Service))
	if err != nil {
		return nil, err
	}
	if err := onlyCodeDeploy(svc, in); err != nil {
		return nil, err
	}
	r, err := s.nextRevision(svc, in)
	if err != nil {
		return nil, err
	}
	configuration := mergeConfiguration(svc.configuration, in.DeploymentConfiguration)
	if err := checkConfiguration(&configuration); err != nil {
		return nil, err
	}
	if in.HealthCheckGracePeriodSeconds != nil && len(r.loadBalancers) == 0 {
		return nil, errGraceWithoutLoadBalancer()
	}
	if err := checkDesired(in.DesiredCount); err != nil {
		return nil, err
	}
	svc.configuration = configuration
	keepSettings(svc, in)
	if in.DesiredCount != nil {
		s.setDesired(svc, *in.DesiredCount)
	}
	if in.ForceNewDeployment || !reflect.DeepEqual(r, svc.revision) {
		svc.revision = r
		s.deploy(svc, r)
	}
	s.wake(svc)
	out := s.describe(svc, nil)
	return &ecs.UpdateServiceOutput{Service: &out}, nil
}

// nextRevision is the service's revision with what the update changes. Only
// something new makes a deployment: repeating what is there does not (AWS: ECS
// API reference, UpdateService, forceNewDeployment).
func (s *Service) nextRevision(svc *service, in *ecs.UpdateServiceInput) (revision, error) {
	r := svc.revision
	if in.TaskDefinition != nil {
		td, err := s.usableTaskDefinition(*in.TaskDefinition)
		if err != nil {
			return r, err
		}
		r.definition = td
	}
	if in.CapacityProviderStrategy != nil {
		r.providers, r.launchType = in.CapacityProviderStrategy, ""
		if len(r.providers) == 0 {
			r.providers, r.launchType = nil, svc.created.LaunchType
		}
	}
	if in.PlatformVersion != nil {
		r.platformVersion = *in.PlatformVersion
	}
	if in.NetworkConfiguration != nil {
		r.network = in.NetworkConfiguration
	}
	if in.LoadBalancers != nil {
		r.loadBalancers = in.LoadBalancers
		if len(r.loadBalancers) == 0 {
			r.loadBalancers = nil
		}
	}
	if reflect.DeepEqual(r, svc.revision) {
		return r, nil
	}
	return r, s.checkRevision(svc.cluster, r)
}

// keepSettings takes over what makes no deployment.
func keepSettings(svc *service, in *ecs.UpdateServiceInput) {
	if in.HealthCheckGracePeriodSeconds != nil {
		svc.grace = in.HealthCheckGracePeriodSeconds
	}
	if in.PropagateTags != "" {
		svc.settings.propagateTags = in.PropagateTags
	}
	if in.EnableECSManagedTags != nil {
		svc.settings.managedTags = *in.EnableECSManagedTags
	}
	if in.EnableExecuteCommand != nil {
		svc.settings.executeCommand = *in.EnableExecuteCommand
	}
	if in.AvailabilityZoneRebalancing != "" {
		svc.settings.rebalancing = in.AvailabilityZoneRebalancing
	}
}

func (s *Service) deleteService(_ *wire.Call, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	svc, err := c.active(aws.ToString(in.Service))
	if err != nil {
		return nil, err
	}
	if svc.desired > 0 && !aws.ToBool(in.Force) {
		return nil, invalidParameter("The service cannot be stopped while it is scaled above 0.")
	}
	s.delete(svc)
	out := s.describe(svc, nil)
	return &ecs.DeleteServiceOutput{Service: &out}, nil
}

func (s *Service) describeServices(_ *wire.Call, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) == 0 {
		return nil, invalidParameter("Services cannot be empty.")
	}
	if len(in.Services) > maxDescribedServices {
		return nil, invalidParameter("Too many services: DescribeServices takes at most 10.")
	}
	out := &ecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, name := range in.Services {
		svc, ok := c.services[lastPart(name)]
		arn := name
		if !strings.HasPrefix(name, "arn:") {
			arn = s.arn("service/" + c.name + "/" + name)
		}
		if !ok || svc.arn != arn {
			out.Failures = append(out.Failures, types.Failure{Arn: aws.String(arn), Reason: aws.String(failureMissing)})
			continue
		}
		out.Services = append(out.Services, s.describe(svc, in.Include))
	}
	return out, nil
}

func (s *Service) listServices(_ *wire.Call, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, svc := range c.ordered() {
		switch {
		case svc.status != statusActive,
			in.LaunchType != "" && in.LaunchType != svc.revision.launchType,
			in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		default:
			arns = append(arns, svc.arn)
		}
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 10)
	if err != nil {
		return nil, err
	}
	return &ecs.ListServicesOutput{ServiceArns: arns, NextToken: next}, nil
}
