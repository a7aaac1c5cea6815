package iam

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Role is a role of the account.
type Role struct {
	Name, Path, ARN, ID string
	// MaxSession is how long a session of the role may be.
	MaxSession time.Duration

	service     *Service
	created     time.Time
	description *string
	tags        []types.Tag
	trust       document
	inline      map[string]document
	attached    []string  // ARNs of managed policies
	kept        *policies `keep:"-"` // what they say, until one changes
}

// Role is the role of this name, or nil.
func (s *Service) Role(name string) *Role { return s.roles[name] }

// Trust is the role's trust policy.
func (r *Role) Trust() *policy.Document { return r.trust.parsed }

// Tags are the role's tags.
func (r *Role) Tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range r.tags {
		tags[*tag.Key] = *tag.Value
	}
	return tags
}

func (s *Service) findRole(name *string) (*Role, error) {
	r := s.roles[*name]
	if r == nil {
		return nil, noSuchEntity("The role with name %s cannot be found.", *name)
	}
	return r, nil
}

func (s *Service) createRole(_ *wire.Call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	if in.PermissionsBoundary != nil {
		return nil, notEmulated("CreateRole", "PermissionsBoundary")
	}
	trust, err := s.readTrust(*in.AssumeRolePolicyDocument)
	if err == nil {
		err = checkTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	for name := range s.roles {
		if strings.EqualFold(name, *in.RoleName) {
			return nil, &types.EntityAlreadyExistsException{Message: aws.String("Role with name " + *in.RoleName + " already exists.")}
		}
	}
	if len(s.roles) >= maxRoles {
		return nil, limitExceeded("Cannot exceed quota for RolesPerAccount: %d", maxRoles)
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	r := &Role{
		Name: *in.RoleName, Path: path, ARN: partition.IAM(s.region, s.account, "role"+path+*in.RoleName), ID: s.uniqueID("AROA"),
		MaxSession: seconds(in.MaxSessionDuration, time.Hour), service: s, created: s.loop.Now(), description: in.Description,
		tags: in.Tags, trust: trust, inline: map[string]document{},
	}
	s.roles[r.Name] = r
	out := r.describe()
	out.Description, out.MaxSessionDuration = nil, nil // CreateRole does not show them
	return &iam.CreateRoleOutput{Role: &out}, nil
}

// readTrust reads a trust policy. The roles that it names have to exist, and whoever
// it names has to be of the partition (AWS: IAM User Guide, AWS JSON policy elements:
// Principal, IAM role principals; IAM identifiers).
func (s *Service) readTrust(text string) (document, error) {
	trust, err := readDocument(text, policy.Trust)
	if err != nil {
		return trust, err
	}
	if trust.size() > maxTrust {
		return trust, limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", maxTrust)
	}
	for _, arn := range trust.parsed.Principals() {
		_, _, isRole := ParseRoleARN(arn)
		if partition.OfARN(arn) != partition.Of(s.region) || isRole && !s.deps.RoleExists(arn) {
			return trust, &types.MalformedPolicyDocumentException{Message: aws.String(`Invalid principal in policy: "AWS":"` + arn + `"`)}
		}
	}
	return trust, nil
}

func (r *Role) describe() types.Role {
	return types.Role{
		Arn: &r.ARN, RoleName: &r.Name, Path: &r.Path, RoleId: &r.ID, CreateDate: &r.created, Description: r.description,
		AssumeRolePolicyDocument: r.trust.shown(), Tags: r.tags,
		MaxSessionDuration: new(int32(r.MaxSession / time.Second)), //nolint:gosec // at most 43200
	}
}

func (s *Service) getRole(_ *wire.Call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := r.describe()
	return &iam.GetRoleOutput{Role: &out}, nil
}

// listRoles shows no tags, as AWS does.
func (s *Service) listRoles(_ *wire.Call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.roles)), func(name string) bool {
		return !strings.HasPrefix(s.roles[name].Path, aws.ToString(in.PathPrefix))
	})
	names, next := page(names, in.Marker, in.MaxItems)
	out := &iam.ListRolesOutput{Roles: []types.Role{}, IsTruncated: next != nil, Marker: next}
	for _, name := range names {
		r := s.roles[name].describe()
		r.Tags = nil
		out.Roles = append(out.Roles, r)
	}
	return out, nil
}

func (s *Service) deleteRole(_ *wire.Call, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := s.findRole(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.attached) > 0:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must detach all policies first.")}
	case len(r.inline) > 0:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must delete policies first.")}
	}
	delete(s.roles, r.Name)
	return &iam.DeleteRoleOutput{}, nil
}

func (s *Service) updateAssumeRolePolicy(_ *wire.Call, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := s.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	trust, err := s.readTrust(*in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	r.trust = trust
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}
