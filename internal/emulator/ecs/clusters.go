package ecs

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// The states of clusters and services.
const (
	statusActive   = "ACTIVE"
	statusDraining = "DRAINING"
	statusInactive = "INACTIVE"
)

const failureMissing = "MISSING"

type cluster struct {
	name, arn, status string
	services          map[string]*service
	settings          []types.ClusterSetting
	configuration     *types.ClusterConfiguration
	capacityProviders []string
	defaultStrategy   []types.CapacityProviderStrategyItem
}

// cluster finds an active cluster by name or ARN; without either it is the one
// named default.
func (s *Service) cluster(nameOrARN *string) (*cluster, error) {
	name := lastPart(aws.ToString(nameOrARN))
	if name == "" {
		name = "default"
	}
	c, ok := s.clusters[name]
	ofOurs := !strings.HasPrefix(aws.ToString(nameOrARN), "arn:") || *nameOrARN == s.arn("cluster/"+name)
	if !ok || !ofOurs || c.status != statusActive {
		return nil, &types.ClusterNotFoundException{Message: aws.String("Cluster not found.")}
	}
	return c, nil
}

// ordered gives the services by name.
func (c *cluster) ordered() []*service {
	services := make([]*service, 0, len(c.services))
	for _, name := range slices.Sorted(maps.Keys(c.services)) {
		services = append(services, c.services[name])
	}
	return services
}

// active finds an active service by name or ARN.
func (c *cluster) active(nameOrARN string) (*service, error) {
	svc, ok := c.services[lastPart(nameOrARN)]
	if !ok || strings.HasPrefix(nameOrARN, "arn:") && nameOrARN != svc.arn {
		return nil, &types.ServiceNotFoundException{Message: aws.String("Service not found.")}
	}
	if svc.status != statusActive {
		return nil, &types.ServiceNotActiveException{Message: aws.String("Service was not ACTIVE.")}
	}
	return svc, nil
}

// createCluster gives the cluster of that name if there is one (AWS: the call is
// idempotent by name).
func (s *Service) createCluster(_ *wire.Call, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	name := aws.ToString(in.ClusterName)
	if name == "" {
		name = "default"
	}
	if !validName(name) {
		return nil, invalidParameter("Identifier contains invalid characters.")
	}
	if in.ServiceConnectDefaults != nil {
		return nil, invalidParameter("The local cloud does not emulate Service Connect.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for _, provider := range in.CapacityProviders {
		if !fargateProvider(provider) {
			return nil, invalidParameter("The specified capacity provider '" + provider +
				"' was not found. Specify a valid name or ARN and try again.")
		}
	}
	c := s.clusters[name]
	if c == nil || c.status != statusActive {
		c = &cluster{
			name: name, arn: s.arn("cluster/" + name), status: statusActive,
			services: map[string]*service{}, settings: in.Settings, configuration: in.Configuration,
			capacityProviders: in.CapacityProviders, defaultStrategy: in.DefaultCapacityProviderStrategy,
		}
		if err := c.checkStrategy(c.defaultStrategy); err != nil {
			return nil, err
		}
		s.clusters[name] = c
		s.tags[c.arn] = slices.Clone(in.Tags)
	}
	out := s.describeCluster(c, []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings})
	return &ecs.CreateClusterOutput{Cluster: &out}, nil
}

func fargateProvider(name string) bool { return name == "FARGATE" || name == "FARGATE_SPOT" }

// checkStrategy refuses providers that the cluster does not have.
func (c *cluster) checkStrategy(items []types.CapacityProviderStrategyItem) error {
	for _, item := range items {
		if !slices.Contains(c.capacityProviders, aws.ToString(item.CapacityProvider)) {
			return invalidParameter("The specified capacity provider strategy cannot contain a capacity provider that is not " +
				"associated with the cluster. Associate the capacity provider with the cluster and try again.")
		}
	}
	return nil
}

// updateClusterSettings gives the cluster other settings, which change nothing here.
// AWS: ECS API Reference, UpdateClusterSettings.
func (s *Service) updateClusterSettings(_ *wire.Call, in *ecs.UpdateClusterSettingsInput) (*ecs.UpdateClusterSettingsOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	c.settings = in.Settings
	out := s.describeCluster(c, []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings})
	return &ecs.UpdateClusterSettingsOutput{Cluster: &out}, nil
}

func (s *Service) deleteCluster(_ *wire.Call, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, svc := range c.ordered() {
		if svc.status == statusActive {
			return nil, &types.ClusterContainsServicesException{
				Message: aws.String("The Cluster cannot be deleted while Services are active."),
			}
		}
		if len(svc.tasks) > 0 {
			return nil, &types.ClusterContainsTasksException{
				Message: aws.String("The Cluster cannot be deleted while Tasks are active."),
			}
		}
	}
	c.status = statusInactive
	out := s.describeCluster(c, nil)
	delete(s.tags, c.arn)
	return &ecs.DeleteClusterOutput{Cluster: &out}, nil
}

func (s *Service) describeCluster(c *cluster, include []types.ClusterField) types.Cluster {
	out := types.Cluster{
		ClusterArn: aws.String(c.arn), ClusterName: aws.String(c.name), Status: aws.String(c.status),
		CapacityProviders: c.capacityProviders, DefaultCapacityProviderStrategy: c.defaultStrategy,
	}
	for _, svc := range c.ordered() {
		if svc.status == statusActive {
			out.ActiveServicesCount++
		}
		for _, t := range svc.tasks {
			switch {
			case t.lastStatus == taskRunning:
				out.RunningTasksCount++
			case t.lastStatus.beforeRunning():
				out.PendingTasksCount++
			}
		}
	}
	for _, field := range include {
		switch field {
		case types.ClusterFieldTags:
			out.Tags = slices.Clone(s.tags[c.arn])
		case types.ClusterFieldSettings:
			out.Settings = c.settings
		case types.ClusterFieldConfigurations:
			out.Configuration = c.configuration
		case types.ClusterFieldStatistics, types.ClusterFieldAttachments:
		}
	}
	return out
}

func (s *Service) describeClusters(_ *wire.Call, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	names := in.Clusters
	if len(names) == 0 {
		names = []string{"default"}
	}
	if len(names) > 100 {
		return nil, invalidParameter("Clusters can not have more than 100 items.")
	}
	out := &ecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, name := range names {
		c, ok := s.clusters[lastPart(name)]
		if !ok || strings.HasPrefix(name, "arn:") && name != c.arn {
			arn := name
			if !strings.HasPrefix(name, "arn:") {
				arn = s.arn("cluster/" + name)
			}
			out.Failures = append(out.Failures, types.Failure{Arn: aws.String(arn), Reason: aws.String(failureMissing)})
			continue
		}
		out.Clusters = append(out.Clusters, s.describeCluster(c, in.Include))
	}
	return out, nil
}

func (s *Service) listClusters(_ *wire.Call, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(s.clusters)) {
		if c := s.clusters[name]; c.status == statusActive {
			arns = append(arns, c.arn)
		}
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListClustersOutput{ClusterArns: arns, NextToken: next}, nil
}
