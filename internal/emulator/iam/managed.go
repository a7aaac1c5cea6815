package iam

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// managed is a policy of its own.
type managed struct {
	name, path, arn, id string
	created             time.Time
	description         *string
	tags                []types.Tag
	document            document  // of the version that stands
	versions            []version // oldest first
	standing            string    // id of the version that stands
	last                int       // number of the last version; none is given twice
}

// version is a document that the policy has or had.
type version struct {
	id       string
	created  time.Time
	document document
}

// add makes a version of a document.
func (p *managed) add(d document, now time.Time) version {
	p.last++
	v := version{"v" + strconv.Itoa(p.last), now, d}
	p.versions = append(p.versions, v)
	return v
}

// stand makes a version the one that counts.
func (p *managed) stand(v version) { p.standing, p.document = v.id, v.document }

// awsManaged is the name, with its path, of a policy that AWS manages; not for any other
// ARN. It is in the partition of the account.
func (s *Service) awsManaged(arn string) (name string, ok bool) {
	return strings.CutPrefix(arn, partition.IAM(s.region, "aws", "policy/"))
}

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
		name: *in.PolicyName, path: path, arn: partition.IAM(s.region, s.account, "policy"+path+*in.PolicyName), id: s.uniqueID("ANPA"),
		created: s.loop.Now(), description: in.Description, tags: in.Tags,
	}
	p.stand(p.add(d, p.created))
	s.policies[p.arn] = p
	out := s.describePolicy(p)
	out.Description = nil // CreatePolicy does not show it
	return &iam.CreatePolicyOutput{Policy: &out}, nil
}

func (s *Service) describePolicy(p *managed) types.Policy {
	return types.Policy{
		Arn: &p.arn, PolicyName: &p.name, Path: &p.path, PolicyId: &p.id, CreateDate: &p.created, UpdateDate: &p.versions[len(p.versions)-1].created,
		Description: p.description, DefaultVersionId: &p.standing, IsAttachable: true, Tags: p.tags,
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
	_, awsManaged := s.awsManaged(*arn)
	switch {
	case p != nil:
		return p, nil
	case awsManaged:
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
	for _, v := range p.versions {
		if v.id == *in.VersionId {
			out := p.describeVersion(v)
			out.Document = v.document.shown()
			return &iam.GetPolicyVersionOutput{PolicyVersion: &out}, nil
		}
	}
	return nil, noSuchVersion(p, *in.VersionId)
}

func noSuchVersion(p *managed, id string) error {
	return noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.arn, id)
}

func (p *managed) describeVersion(v version) types.PolicyVersion {
	return types.PolicyVersion{CreateDate: &v.created, IsDefaultVersion: v.id == p.standing, VersionId: &v.id}
}

// createPolicyVersion makes a version, and has it stand if that is asked for.
// AWS: IAM API Reference, CreatePolicyVersion.
func (s *Service) createPolicyVersion(_ *wire.Call, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	d, err := readDocument(*in.PolicyDocument, policy.Identity)
	switch {
	case err != nil:
		return nil, err
	case d.size() > maxManaged:
		return nil, limitExceeded("Cannot exceed quota for PolicySize: %d", maxManaged)
	case len(p.versions) >= maxVersions:
		return nil, limitExceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
	}
	v := p.add(d, s.loop.Now())
	if in.SetAsDefault {
		p.stand(v)
		for _, r := range s.roles {
			r.kept = nil
		}
	}
	out := p.describeVersion(v)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &out}, nil
}

// listPolicyVersions gives the latest first.
func (s *Service) listPolicyVersions(_ *wire.Call, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyVersionsOutput{Versions: []types.PolicyVersion{}}
	for _, v := range slices.Backward(p.versions) {
		out.Versions = append(out.Versions, p.describeVersion(v))
	}
	return out, nil
}

func (s *Service) deletePolicyVersion(_ *wire.Call, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(p.versions, func(v version) bool { return v.id == *in.VersionId })
	switch {
	case at < 0:
		return nil, noSuchVersion(p, *in.VersionId)
	case *in.VersionId == p.standing:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete the default version of a policy.")}
	}
	p.versions = slices.Delete(p.versions, at, at+1)
	return &iam.DeletePolicyVersionOutput{}, nil
}

func (s *Service) deletePolicy(_ *wire.Call, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if s.attachments(p.arn) > 0 {
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete a policy attached to entities.")}
	}
	if len(p.versions) > 1 {
		return nil, &types.DeleteConflictException{Message: aws.String("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")}
	}
	delete(s.policies, p.arn)
	return &iam.DeletePolicyOutput{}, nil
}

func (s *Service) attachRolePolicy(_ *wire.Call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	r, err := s.findRole(in.RoleName)
	arn := *in.PolicyArn
	_, awsManaged := s.awsManaged(arn)
	switch {
	case err != nil:
		return nil, err
	case s.policies[arn] == nil && !awsManaged:
		return nil, noSuchEntity("Policy %s does not exist or is not attachable.", arn)
	case slices.Contains(r.attached, arn):
		return &iam.AttachRolePolicyOutput{}, nil
	case len(r.attached) >= maxAttached:
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
	}
	r.attached = append(r.attached, arn)
	r.kept = nil
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
	r.kept = nil
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
