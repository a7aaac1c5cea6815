package codedeploy

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) createDeploymentGroup(_ *wire.Call, in *codedeploy.CreateDeploymentGroupInput) (*codedeploy.CreateDeploymentGroupOutput, error) {
	a, err := s.find(in.ApplicationName)
	if err != nil {
		return nil, err
	}
	name := *in.DeploymentGroupName
	if _, there := a.groups[name]; there {
		return nil, &types.DeploymentGroupAlreadyExistsException{Message: aws.String("Deployment group name already exists: " + name)}
	}
	if err := s.check(a, in); err != nil {
		return nil, err
	}
	group := types.DeploymentGroupInfo{
		ApplicationName: &a.name, ComputePlatform: a.platform, DeploymentGroupName: &name, DeploymentGroupId: aws.String(s.loop.UUID()),
		DeploymentConfigName: in.DeploymentConfigName, ServiceRoleArn: in.ServiceRoleArn, EcsServices: in.EcsServices,
		LoadBalancerInfo: in.LoadBalancerInfo, DeploymentStyle: in.DeploymentStyle, AlarmConfiguration: in.AlarmConfiguration,
		AutoRollbackConfiguration: in.AutoRollbackConfiguration, BlueGreenDeploymentConfiguration: in.BlueGreenDeploymentConfiguration,
		OutdatedInstancesStrategy: in.OutdatedInstancesStrategy,
	}
	if group.DeploymentConfigName == nil { // AWS: CodeDeploy User Guide, deployment configurations
		group.DeploymentConfigName = aws.String("CodeDeployDefault.ECSAllAtOnce")
	}
	a.groups[name] = group
	return &codedeploy.CreateDeploymentGroupOutput{DeploymentGroupId: group.DeploymentGroupId}, nil
}

func (s *Service) getDeploymentGroup(_ *wire.Call, in *codedeploy.GetDeploymentGroupInput) (*codedeploy.GetDeploymentGroupOutput, error) {
	a, err := s.find(in.ApplicationName)
	if err != nil {
		return nil, err
	}
	group, there := a.groups[*in.DeploymentGroupName]
	if !there {
		return nil, &types.DeploymentGroupDoesNotExistException{Message: aws.String("No Deployment Group found for name: " + *in.DeploymentGroupName)}
	}
	return &codedeploy.GetDeploymentGroupOutput{DeploymentGroupInfo: &group}, nil
}

// maxBatch is how many groups may be asked for at once (AWS: CodeDeploy API Reference,
// BatchLimitExceededException).
const maxBatch = 100

// batchGetDeploymentGroups leaves out groups that are not there, and says so beside.
func (s *Service) batchGetDeploymentGroups(_ *wire.Call, in *codedeploy.BatchGetDeploymentGroupsInput) (*codedeploy.BatchGetDeploymentGroupsOutput, error) {
	a, err := s.find(in.ApplicationName)
	if err != nil {
		return nil, err
	}
	if len(in.DeploymentGroupNames) > maxBatch {
		return nil, &types.BatchLimitExceededException{Message: aws.String("The maximum number of names or IDs allowed for this request is 100.")}
	}
	out := &codedeploy.BatchGetDeploymentGroupsOutput{}
	for _, name := range in.DeploymentGroupNames {
		group, there := a.groups[name]
		if !there {
			out.ErrorMessage = aws.String("No Deployment Group found for name: " + name)
			continue
		}
		out.DeploymentGroupsInfo = append(out.DeploymentGroupsInfo, group)
	}
	return out, nil
}

func (s *Service) listDeploymentGroups(_ *wire.Call, in *codedeploy.ListDeploymentGroupsInput) (*codedeploy.ListDeploymentGroupsOutput, error) {
	a, err := s.find(in.ApplicationName)
	if err != nil {
		return nil, err
	}
	names, next, err := page(slices.Sorted(maps.Keys(a.groups)), in.NextToken)
	return &codedeploy.ListDeploymentGroupsOutput{ApplicationName: &a.name, DeploymentGroups: names, NextToken: next}, err
}

// deleteDeploymentGroup deletes a group; one that is not there is no error (AWS: model,
// DeleteDeploymentGroup has no DeploymentGroupDoesNotExistException).
func (s *Service) deleteDeploymentGroup(_ *wire.Call, in *codedeploy.DeleteDeploymentGroupInput) (*codedeploy.DeleteDeploymentGroupOutput, error) {
	if a := s.applications[*in.ApplicationName]; a != nil {
		delete(a.groups, *in.DeploymentGroupName)
	}
	return &codedeploy.DeleteDeploymentGroupOutput{}, nil
}
