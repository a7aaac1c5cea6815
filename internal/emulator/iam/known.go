package iam

import (
	"maps"
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
)

// policies are what the policies of a role say, and the ARNs of those of which it is not
// known.
type policies struct {
	known   []*policy.Document
	unknown []string
	own     []*policy.Document // of known, those that AWS does not manage
}

// Policies are the role's identity-based policies, inline and managed, and the ARNs of
// those managed by AWS of which it is not known here what they allow. What the former
// do not allow, the latter may.
func (r *Role) Policies() (known []*policy.Document, unknown []string) {
	p := r.policies()
	return p.known, p.unknown
}

// Grants are all that the role's policies allow and deny, but for those of policies that
// AWS manages.
func (r *Role) Grants() []policy.Grant {
	var all []policy.Grant
	for _, d := range r.policies().own {
		all = append(all, d.Grants()...)
	}
	return all
}

func (r *Role) policies() *policies {
	if r.kept == nil {
		r.kept = r.read()
	}
	return r.kept
}

func (r *Role) read() *policies {
	out := &policies{}
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		out.own = append(out.own, r.inline[name].parsed)
	}
	for _, arn := range r.attached {
		if p := r.service.policies[arn]; p != nil {
			out.own = append(out.own, p.document.parsed)
		} else if d := r.service.awsDocument(arn); d != nil {
			out.known = append(out.known, d)
		} else {
			out.unknown = append(out.unknown, arn)
		}
	}
	out.known = append(out.known, out.own...)
	return out
}

// awsDocument is what a policy managed by AWS allows, or nil.
// AWS: AWS Managed Policy Reference Guide.
func (s *Service) awsDocument(arn string) *policy.Document {
	var statement string
	switch name, _ := s.awsManaged(arn); name {
	case "AdministratorAccess":
		return policy.Administrator()
	case "service-role/AWSLambdaBasicExecutionRole":
		statement = `{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`
	case "service-role/AmazonECSTaskExecutionRolePolicy":
		statement = `{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`
	default:
		return nil
	}
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":`+statement+`}`, policy.Identity)
	if err != nil {
		panic("iam: " + arn + ": " + err.Error())
	}
	return d
}
