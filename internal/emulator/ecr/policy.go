package ecr

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// repositoryPolicy is a repository's policy as it was given and as it was read.
type repositoryPolicy struct {
	text   string
	parsed *policy.Document
}

// Policy is the policy of the repository with this ARN; nil if it has none.
func (s *Service) Policy(arn string) *policy.Document {
	_, name, _ := strings.Cut(arn, ":repository/")
	if r := s.repositories[name]; r != nil && r.policy != nil {
		return r.policy.parsed
	}
	return nil
}

// setRepositoryPolicy replaces the repository's policy. That a policy may lock its owner
// out, for which Force is asked, is not checked.
func (s *Service) setRepositoryPolicy(_ *wire.Call, in *ecr.SetRepositoryPolicyInput) (*ecr.SetRepositoryPolicyOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	parsed, err := policy.Parse(*in.PolicyText, policy.Own)
	if err != nil {
		return nil, invalid("Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'")
	}
	r.policy = &repositoryPolicy{*in.PolicyText, parsed}
	return &ecr.SetRepositoryPolicyOutput{RegistryId: &s.account, RepositoryName: in.RepositoryName, PolicyText: in.PolicyText}, nil
}

func (s *Service) getRepositoryPolicy(_ *wire.Call, in *ecr.GetRepositoryPolicyInput) (*ecr.GetRepositoryPolicyOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if r.policy == nil {
		return nil, &types.RepositoryPolicyNotFoundException{Message: aws.String(fmt.Sprintf(
			"Repository policy does not exist for the repository with name '%s' in the registry with id '%s'", *in.RepositoryName, s.account))}
	}
	return &ecr.GetRepositoryPolicyOutput{RegistryId: &s.account, RepositoryName: in.RepositoryName, PolicyText: &r.policy.text}, nil
}
