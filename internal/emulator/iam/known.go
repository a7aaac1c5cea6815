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
}

// Policies are the role's identity-based policies, inline and managed, and the ARNs of
// those managed by AWS of which it is not known here what they allow. What the former
// do not allow, the latter may.
func (r *Role) Policies() (known []*policy.Document, unknown []string) {
	if r.kept == nil {
		known, unknown := r.read()
		r.kept = &policies{known, unknown}
	}
	return r.kept.known, r.kept.unknown
}

func (r *Role) read() (known []*policy.Document, unknown []string) {
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		known = append(known, r.inline[name].parsed)
	}
	for _, arn := range r.attached {
		if p := r.service.policies[arn]; p != nil {
			known = append(known, p.document.parsed)
			continue
		}
		if d := awsDocument(arn); d != nil {
			known = append(known, d)
		} else {
			unknown = append(unknown, arn)
		}
	}
	return known, unknown
}

// awsDocument is what a policy managed by AWS allows, or nil.
// AWS: AWS Managed Policy Reference Guide.
func awsDocument(arn string) *policy.Document {
	var statement string
	switch arn {
	case awsManaged + "AdministratorAccess":
		return policy.Administrator()
	case awsManaged + "service-role/AWSLambdaBasicExecutionRole":
		statement = `{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`
	case awsManaged + "service-role/AmazonECSTaskExecutionRolePolicy":
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
