package iam

import (
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Session is the identity of a session of the role: the ARN without the role's path
// (AWS: IAM User Guide, IAM identifiers, IAM ARNs).
func (r *Role) Session(name string) wire.Identity {
	account, _, _ := ParseRoleARN(r.ARN)
	return wire.Identity{
		Account: account, ARN: SessionARN(r.ARN, name), UserID: r.ID + ":" + name, Role: r.ARN,
	}
}

// SessionARN is the ARN of a session of the role with this ARN.
func SessionARN(roleARN, session string) string {
	account, name, _ := ParseRoleARN(roleARN)
	return "arn:" + partition.OfARN(roleARN) + ":sts::" + account + ":assumed-role/" + name + "/" + session
}

// ParseRoleARN gives account and name of the role with an ARN; not for what is no
// role's ARN.
func ParseRoleARN(arn string) (account, name string, ok bool) {
	rest, isIAM := strings.CutPrefix(arn, "arn:"+partition.OfARN(arn)+":iam::")
	account, path, isRole := strings.Cut(rest, ":role/")
	name = path[strings.LastIndexByte(path, '/')+1:]
	return account, name, isIAM && isRole && account != "" && name != ""
}

// Principal is an identity as policies see it; the organization is that of its
// account, or "".
func Principal(id wire.Identity, organization string) policy.Principal {
	if id.Service != "" {
		return policy.Principal{Service: id.Service}
	}
	return policy.Principal{Account: id.Account, ARN: id.ARN, UserID: id.UserID, Role: id.Role, Provider: id.Provider, Organization: organization}
}

// Evaluate decides a request of a caller. Identity-based policies are those of the
// role (nil for a caller without one, who is an administrator of the account). It is
// an error if the decision hangs on a policy managed by AWS of which it is not known
// what it allows.
func Evaluate(r policy.Request, role *Role) (policy.Decision, error) {
	if role == nil {
		r.Identity = []*policy.Document{policy.Administrator()}
		return policy.Evaluate(r), nil
	}
	known, unknown := role.Policies()
	r.Identity = known
	d := policy.Evaluate(r)
	if d.Allowed || len(unknown) == 0 {
		return d, nil
	}
	r.Identity = append(slices.Clone(known), policy.Administrator())
	if policy.Evaluate(r).Allowed {
		return d, wire.Errorf("NotImplemented", "whether %s may call %s hangs on %s, and what that policy allows is not emulated",
			r.Principal.ARN, r.Action, strings.Join(unknown, ", "))
	}
	return d, nil
}
