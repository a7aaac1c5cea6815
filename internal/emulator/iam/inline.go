package iam

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) putRolePolicy(_ *wire.Call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	d, err := readDocument(*in.PolicyDocument, policy.Identity)
	if err != nil {
		return nil, err
	}
	total := d.size()
	for name, other := range r.inline {
		if name != *in.PolicyName {
			total += other.size()
		}
	}
	if total > maxInline {
		return nil, limitExceeded("Maximum policy size of %d bytes exceeded for role %s", maxInline, r.Name)
	}
	r.inline[*in.PolicyName] = d
	r.kept = nil
	return &iam.PutRolePolicyOutput{}, nil
}

func (s *Service) findInline(role, name *string) (*Role, document, error) {
	r, err := s.findRole(role)
	if err != nil {
		return nil, document{}, err
	}
	d, ok := r.inline[*name]
	if !ok {
		return nil, document{}, noSuchEntity("The role policy with name %s cannot be found.", *name)
	}
	return r, d, nil
}

func (s *Service) getRolePolicy(_ *wire.Call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	r, d, err := s.findInline(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyOutput{RoleName: &r.Name, PolicyName: in.PolicyName, PolicyDocument: d.shown()}, nil
}

func (s *Service) listRolePolicies(_ *wire.Call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	names, next := page(slices.Sorted(maps.Keys(r.inline)), in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: append([]string{}, names...), IsTruncated: next != nil, Marker: next}, nil
}

func (s *Service) deleteRolePolicy(_ *wire.Call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	r, _, err := s.findInline(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	delete(r.inline, *in.PolicyName)
	r.kept = nil
	return &iam.DeleteRolePolicyOutput{}, nil
}
