package approvals

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// identityCenter is the name of a role that IAM Identity Center has made for a
// permission set: its sessions are named after the user by Identity Center, not by
// who takes the role (AWS: IAM Identity Center User Guide, referencing permission sets
// in resource policies).
var identityCenter = regexp.MustCompile(`^AWSReservedSSO_[\w+=,.@-]+_[0-9a-f]{16}$`)

// PersonOf is who called, as AWS has found: userARN as it stands in a Function URL's
// request (AWS: Lambda Developer Guide, invoking function URLs, requestContext).
//
// Of an assumed role the role counts: whoever takes it chooses the session's name. An
// IAM Identity Center user counts as themselves. Denied for anybody else, such as the
// root user and federated users.
func PersonOf(userARN string) (rollout.Person, error) {
	a, err := arn.Parse(userARN)
	if err != nil {
		return rollout.Person{}, rollout.Errorf(rollout.KindDenied, "the caller %q is not an ARN", userARN)
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service == "iam" && kind == "user" && rest != "" && !strings.HasSuffix(rest, "/"):
		return named(userARN, rest[strings.LastIndex(rest, "/")+1:]), nil
	case a.Service == "sts" && kind == "assumed-role":
		role, session, ok := strings.Cut(rest, "/")
		if !ok || role == "" || session == "" {
			break
		}
		if identityCenter.MatchString(role) {
			return named(userARN, session), nil
		}
		a.Service, a.Resource = "iam", "role/"+role
		return rollout.Person{Way: rollout.ByIAM, ID: a.String(), Name: "role " + role}, nil
	}
	return rollout.Person{}, rollout.Errorf(rollout.KindDenied,
		"%s may not decide: only IAM users, roles and IAM Identity Center users can be approvers", userARN)
}

// named is somebody with a name of their own, which may be an e-mail address.
func named(id, name string) rollout.Person {
	p := rollout.Person{Way: rollout.ByIAM, ID: id, Name: name}
	if before, after, ok := strings.Cut(name, "@"); ok && before != "" && strings.Contains(after, ".") {
		p.Email = strings.ToLower(name)
	}
	return p
}
