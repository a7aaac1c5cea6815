// Package iam emulates the part of AWS Identity and Access Management that says what
// roles may do: roles with their trust policies, inline policies and managed policies; and
// the OpenID Connect providers whose tokens roles may trust; and users, who are all
// administrators. Policies and access keys of users, groups, instance profiles and
// permissions boundaries are not emulated.
//
// Policies managed by AWS may be attached to roles. What they allow is known of a few
// (see Role.Policies).
package iam

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Quotas of an account.
// AWS: IAM User Guide, IAM and AWS STS quotas.
const (
	maxRoles    = 1000
	maxAttached = 10    // managed policies of a role
	maxTrust    = 2048  // characters of a trust policy
	maxInline   = 10240 // characters of all inline policies of a role
	maxManaged  = 6144  // characters of a managed policy
	maxPolicies = 1500
	defaultPage = 100
	maxVersions = 5 // of a managed policy

	maxProviders = 100
	maxClients   = 100 // of an OpenID Connect provider
)

// Deps are what the service asks others.
type Deps struct {
	// RoleExists tells whether there is a role with the ARN, in any account. Needed
	// for trust policies that name roles.
	RoleExists func(arn string) bool
}

// Service is IAM of one account, the same for all of its Regions in the partition. It lives on the
// loop.
type Service struct {
	loop     *loop.Loop
	account  string
	region   string              // one of the partition's
	deps     Deps                `keep:"-"`
	roles    map[string]*Role    // by name
	users    map[string]*user    // by name
	policies map[string]*managed // by ARN
	// providers are by ARN.
	providers map[string]*Provider
}

// New gives an IAM without roles, in the partition of a Region.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, roles: map[string]*Role{}, users: map[string]*user{}, policies: map[string]*managed{}, providers: map[string]*Provider{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("iam",
		wire.Op("AttachRolePolicy", s.attachRolePolicy),
		wire.Op("CreateOpenIDConnectProvider", s.createProvider),
		wire.Op("CreatePolicy", s.createPolicy),
		wire.Op("CreatePolicyVersion", s.createPolicyVersion),
		wire.Op("CreateRole", s.createRole),
		wire.Op("CreateUser", s.createUser),
		wire.Op("DeleteOpenIDConnectProvider", s.deleteProvider),
		wire.Op("DeletePolicy", s.deletePolicy),
		wire.Op("DeletePolicyVersion", s.deletePolicyVersion),
		wire.Op("DeleteRole", s.deleteRole),
		wire.Op("DeleteRolePolicy", s.deleteRolePolicy),
		wire.Op("DeleteUser", s.deleteUser),
		wire.Op("DetachRolePolicy", s.detachRolePolicy),
		wire.Op("GetOpenIDConnectProvider", s.getProvider),
		wire.Op("GetPolicy", s.getPolicy),
		wire.Op("GetPolicyVersion", s.getPolicyVersion),
		wire.Op("GetRole", s.getRole),
		wire.Op("GetRolePolicy", s.getRolePolicy),
		wire.Op("GetUser", s.getUser),
		wire.Op("ListAttachedRolePolicies", s.listAttachedRolePolicies),
		wire.Op("ListPolicyVersions", s.listPolicyVersions),
		wire.Op("ListRolePolicies", s.listRolePolicies),
		wire.Op("ListRoles", s.listRoles),
		wire.Op("ListUsers", s.listUsers),
		wire.Op("PutRolePolicy", s.putRolePolicy),
		wire.Op("SimulatePrincipalPolicy", s.simulatePrincipalPolicy),
		wire.Op("UpdateAssumeRolePolicy", s.updateAssumeRolePolicy),
	)
}

// document is a policy document as it was given and as it was read.
type document struct {
	text   string
	parsed *policy.Document
}

func readDocument(text string, kind policy.Kind) (document, error) {
	parsed, err := policy.Parse(text, kind)
	var malformed *policy.MalformedError
	if errors.As(err, &malformed) {
		return document{}, &types.MalformedPolicyDocumentException{Message: &malformed.Message}
	}
	return document{text, parsed}, err
}

// shown is the document as answers have it, percent-encoded (AWS: IAM API Reference,
// Role, AssumeRolePolicyDocument).
func (d document) shown() *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(d.text), "+", "%20"))
}

// size is the document's as quotas count it, without white space.
func (d document) size() int { return len(strings.Join(strings.Fields(d.text), "")) }

func noSuchEntity(format string, args ...any) error {
	return wire.Errorf("NoSuchEntity", format, args...)
}

func limitExceeded(format string, args ...any) error {
	return wire.Errorf("LimitExceeded", format, args...)
}

// notEmulated refuses, by name, a member that AWS would accept.
func notEmulated(operation, member string) error {
	return wire.Errorf("NotImplemented", "%s with %s is not emulated", operation, member)
}

// uniqueID is the id of an entity, of which the prefix tells the kind.
// AWS: IAM User Guide, IAM identifiers, Unique identifiers.
func (s *Service) uniqueID(prefix string) string {
	return prefix + strings.ToUpper(s.loop.ID(17))
}

// page is the part of sorted names from the marker on, and the marker of the rest.
func page(names []string, marker *string, size *int32) (part []string, next *string) {
	if marker != nil {
		at, _ := slices.BinarySearch(names, *marker)
		names = names[at:]
	}
	limit := defaultPage
	if size != nil {
		limit = int(*size)
	}
	if len(names) <= limit {
		return names, nil
	}
	return names[:limit], &names[limit]
}

// checkTags wants a key once at most, whatever its case.
func checkTags(tags []types.Tag) error {
	seen := map[string]bool{}
	for _, tag := range tags {
		key := strings.ToLower(*tag.Key)
		if seen[key] {
			return &types.InvalidInputException{Message: aws.String("Duplicate tag keys found. Please note that Tag keys are case insensitive.")}
		}
		seen[key] = true
	}
	return nil
}

// seconds is a duration in whole seconds.
func seconds(n *int32, otherwise time.Duration) time.Duration {
	if n == nil {
		return otherwise
	}
	return time.Duration(*n) * time.Second
}
