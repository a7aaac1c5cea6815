package ecr

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) createRepository(_ *wire.Call, in *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	encryption := in.EncryptionConfiguration
	switch {
	case in.RegistryId != nil && *in.RegistryId != s.account:
		return nil, invalid("Invalid parameter at 'registryId': %s is not the caller's registry", *in.RegistryId)
	case in.ImageTagMutability == types.ImageTagMutabilityMutableWithExclusion:
		return nil, notEmulated("Tag mutability " + string(in.ImageTagMutability))
	case (len(in.ImageTagMutabilityExclusionFilters) > 0) != (in.ImageTagMutability == types.ImageTagMutabilityImmutableWithExclusion):
		return nil, invalid("Invalid parameter: imageTagMutabilityExclusionFilters go with an imageTagMutability with exclusion, and it with them")
	case encryption != nil && encryption.EncryptionType != types.EncryptionTypeAes256:
		return nil, notEmulated("Encryption by " + string(encryption.EncryptionType))
	}
	name := *in.RepositoryName
	if _, exists := s.repositories[name]; exists {
		return nil, &types.RepositoryAlreadyExistsException{Message: aws.String(fmt.Sprintf(
			"The repository with name '%s' already exists in the registry with id '%s'", name, s.account))}
	}
	now := s.loop.Now()
	r := &repository{images: map[string]*image{}, tags: map[string]string{}, layers: map[string][]byte{}, uploads: map[string]*upload{}}
	r.described = types.Repository{
		RepositoryName: &name, RegistryId: &s.account, CreatedAt: &now,
		RepositoryArn:                      aws.String(partition.ARN("ecr", s.region, s.account, "repository/"+name)),
		RepositoryUri:                      aws.String(s.host() + "/" + name),
		ImageTagMutability:                 in.ImageTagMutability,
		ImageTagMutabilityExclusionFilters: in.ImageTagMutabilityExclusionFilters,
		ImageScanningConfiguration:         in.ImageScanningConfiguration,
		EncryptionConfiguration:            &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256},
	}
	if r.described.ImageTagMutability == "" {
		r.described.ImageTagMutability = types.ImageTagMutabilityMutable
	}
	if r.described.ImageScanningConfiguration == nil {
		r.described.ImageScanningConfiguration = &types.ImageScanningConfiguration{}
	}
	if r.described.ImageScanningConfiguration.ScanOnPush {
		return nil, notEmulated("Scanning on push")
	}
	s.repositories[name] = r
	return &ecr.CreateRepositoryOutput{Repository: &r.described}, nil
}

func (s *Service) describeRepositories(_ *wire.Call, in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	names, next := in.RepositoryNames, (*string)(nil)
	switch {
	case len(names) == 0 && (in.RegistryId == nil || *in.RegistryId == s.account):
		names, next = page(slices.Sorted(maps.Keys(s.repositories)), in.NextToken, in.MaxResults)
	case len(names) > 0 && (in.NextToken != nil || in.MaxResults != nil):
		return nil, invalid("Invalid parameter: nextToken and maxResults cannot be used when you specify repositories with repositoryNames")
	}
	out := &ecr.DescribeRepositoriesOutput{Repositories: []types.Repository{}, NextToken: next}
	for _, name := range names {
		r, err := s.find(in.RegistryId, &name)
		if err != nil {
			return nil, err
		}
		out.Repositories = append(out.Repositories, r.described)
	}
	return out, nil
}

func (s *Service) deleteRepository(_ *wire.Call, in *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if len(r.images) > 0 && !in.Force {
		return nil, &types.RepositoryNotEmptyException{Message: aws.String(fmt.Sprintf(
			"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", *in.RepositoryName, s.account))}
	}
	delete(s.repositories, *in.RepositoryName)
	return &ecr.DeleteRepositoryOutput{Repository: &r.described}, nil
}
