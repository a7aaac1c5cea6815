package iam

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// managed is a policy of its own.
type managed struct {
	name, path, arn, id string
	created             time.Time
	description         *string
	tags                []types.Tag
	document            document
}

// awsManaged begins the ARNs of policies that AWS manages.
const awsManaged = "arn:aws:iam::aws:policy/"

func (s *Service) createPolicy(_ *wire.Call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	d, err := readDocument(*in.PolicyDocument, policy.Identity)
	if err == nil {
		err = checkTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	if d.size() > maxManaged {
		return nil, limitExceeded("Cannot exceed quota for PolicySize: %d", maxManaged)
	}
	for _, other := range s.policies {
		if strings.EqualFold(other.name, *in.PolicyName) {
			return nil, &types.EntityAlreadyExistsException{Message: aws.String("A policy called " + *in.PolicyName + " already exists. Duplicate names are not allowed.")}
		}
	}
	if len(s.policies) >= maxPolicies {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerAccount: %d", maxPolicies)
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	p := &managed{
		name: *in.PolicyName, path: path, arn: "arn:aws:iam::" + s.account + ":policy" + path + *in.PolicyName, id: s.uniqueID("ANPA"),
		created: s.loop.Now(), description: in.Description, tags: in.Tags, document: d,
	}
	s.policies[p.arn] = p
	out := s.describePolicy(p)
	out.Description = nil // CreatePolicy does not show it
	return &iam.CreatePolicyOutput{Policy: &out}, nil
}

func (s *Service) describePolicy(p *managed) types.Policy {
	return types.Policy{
		Arn: &p.arn, PolicyName: &p.name, Path: &p.path, PolicyId: &p.id, CreateDate: &p.created, UpdateDate: &p.created,
		Description: p.description, DefaultVersionId: aws.String(policyVersion), IsAttachable: true, Tags: p.tags,
		AttachmentCount: aws.Int32(s.attachments(p.arn)), PermissionsBoundaryUsageCount: aws.Int32(0),
	}
}

// attachments is how many roles have the policy.
func (s *Service) attachments(arn string) int32 {
	var n int32
	for _, r := range s.roles {
		if slices.Contains(r.attached, arn) {
			n++
		}
	}
	return n
}

func (s *Service) findPolicy(arn *string) (*managed, error) {
	p := s.policies[*arn]
	switch {
	case p != nil:
		return p, nil
	case strings.HasPrefix(*arn, awsManaged):
		return nil, wire.Errorf("NotImplemented", "the policy %s, which AWS manages, is not emulated; it can be attached", *arn)
	}
	return nil, noSuchEntity("Policy %s was not found.", *arn)
}

func (s *Service) getPolicy(_ *wire.Call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := s.describePolicy(p)
	return &iam.GetPolicyOutput{Policy: &out}, nil
}

func (s *Service) getPolicyVersion(_ *wire.Call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if *in.VersionId != policyVersion {
		return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.arn, *in.VersionId)
	}
	return &iam.GetPolicyVersionOutput{PolicyVersion: &types.PolicyVersion{
		CreateDate: &p.created, Document: p.document.shown(), IsDefaultVersion: true, VersionId: aws.String(policyVersion),
	}}, nil
}

func (s *Service) deletePolicy(_ *wire.Call, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if s.attachments(p.arn) > 0 {
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete a policy attached to entities.")}
	}
	delete(s.policies, p.arn)
	return &iam.DeletePolicyOutput{}, nil
}

func (s *Service) attachRolePolicy(_ *wire.Call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	r, err := s.findRole(in.RoleName)
	arn := *in.PolicyArn
	switch {
	case err != nil:
		return nil, err
	case s.policies[arn] == nil && !strings.HasPrefix(arn, awsManaged):
		return nil, noSuchEntity("Policy %s does not exist or is not attachable.", arn)
	case slices.Contains(r.attached, arn):
		return &iam.AttachRolePolicyOutput{}, nil
	case len(r.attached) >= maxAttached:
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
	}
	r.attached = append(r.attached, arn)
	return &iam.AttachRolePolicyOutput{}, nil
}

func (s *Service) detachRolePolicy(_ *wire.Call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	at := slices.Index(r.attached, *in.PolicyArn)
	if at < 0 {
		return nil, noSuchEntity("Policy %s was not found.", *in.PolicyArn)
	}
	r.attached = slices.Delete(r.attached, at, at+1)
	return &iam.DetachRolePolicyOutput{}, nil
}

func (s *Service) listAttachedRolePolicies(_ *wire.Call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	arns := slices.DeleteFunc(slices.Sorted(slices.Values(r.attached)), func(arn string) bool {
		_, path, _ := strings.Cut(arn, ":policy")
		return !strings.HasPrefix(path, aws.ToString(in.PathPrefix))
	})
	arns, next := page(arns, in.Marker, in.MaxItems)
	out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []types.AttachedPolicy{}, IsTruncated: next != nil, Marker: next}
	for _, arn := range arns {
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &name})
	}
	return out, nil
}
