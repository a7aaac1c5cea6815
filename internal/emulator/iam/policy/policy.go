// Package policy reads the policy documents of AWS and says whether they allow a
// request, as AWS does: a deny beats every allow, and what nothing allows is denied
// (AWS: IAM User Guide, Policy evaluation logic).
//
// Read are identity-based policies, trust policies of roles and policies of
// resources. There are no permissions boundaries, session policies and policies of
// organizations. A condition operator or the prefix of a condition key that is not
// known is refused by name when the document is read, and so is a key of AWS's own
// that has no value here: no condition is passed over.
package policy

import "time"

// Request is what is asked for, with all policies that have a say in it.
type Request struct {
	Principal Principal
	Action    string // "sts:AssumeRole"
	Resource  string // its ARN
	// ResourceAccount owns the resource.
	ResourceAccount string
	Region          string // that the request was sent to
	Time            time.Time
	// Context has the values of the condition keys that the request's service and
	// the tags bring ("sts:ExternalId", "aws:ResourceTag/stage"). What the fields
	// above say need not be in it.
	Context map[string][]string

	// Identity are the identity-based policies of the principal.
	Identity []*Document
	// Attached is the resource's own policy, or nil.
	Attached *Document
	// Trust says that Attached is a role's trust policy: what it does not allow is
	// denied, to the role's own account too.
	Trust bool
}

// Principal is who asks.
type Principal struct {
	Account string
	ARN     string // of a user, a session or an account's root
	UserID  string
	Role    string // ARN of a session's role; "" for others
	Service string // "events.amazonaws.com" when a service of AWS asks for itself
	// Provider is the ARN of the identity provider of who shows its token, and has nothing
	// else, or of who has a session that was given for one.
	Provider     string
	Organization string // that the account belongs to, or ""
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool
	// By are the grants of the principal's own policies on which it rests: those that
	// allow, where nothing else would have, or those that deny what is else allowed.
	By []Grant

	action   string
	explicit bool
	resource bool // it rests on the resource's policy, not on one of the principal
}

// Explicit tells that a statement denies it, beyond that none allows it.
func (d Decision) Explicit() bool { return d.explicit }

// Because is the end of AWS's message about a request that was denied: "with an
// explicit deny in …" or "because no … policy allows the … action" (AWS: IAM User
// Guide, Troubleshoot access denied error messages).
func (d Decision) Because() string {
	kind := "identity-based"
	article := "an "
	if d.resource {
		kind, article = "resource-based", "a "
	}
	if d.explicit {
		return "with an explicit deny in " + article + kind + " policy"
	}
	return "because no " + kind + " policy allows the " + d.action + " action"
}

// Evaluate decides a request.
//
// In one account it is enough that the principal's policies allow it, or that the
// resource's policy allows it to the principal itself; a policy that allows it to
// the account leaves it to the principal's policies. Between accounts both have to
// allow it (AWS: IAM User Guide, Cross-account policy evaluation logic; Granting a
// user permissions to switch roles).
func Evaluate(r Request) Decision {
	q := &query{Request: r}
	byIdentity := verdict{}
	for _, d := range r.Identity {
		byIdentity.add(d.judge(q))
	}
	byResource := r.Attached.judge(q)
	d := Decision{action: r.Action}
	d.Allowed, d.resource = allowed(r, byIdentity.allowed, byResource.allowed)
	switch {
	case byResource.denies != nil:
		d.Allowed, d.explicit, d.resource = false, true, true
	case byIdentity.denies != nil:
		if d.Allowed {
			d.By = byIdentity.denies
		}
		d.Allowed, d.explicit, d.resource = false, true, false
	case d.Allowed:
		if without, _ := allowed(r, toNobody, byResource.allowed); !without {
			d.By = byIdentity.allows
		}
	}
	return d
}

// allowed says whether what the two kinds of policies allow is enough, and whether a
// refusal rests on the resource's.
func allowed(r Request, byIdentity, byResource recipient) (enough, resource bool) {
	switch {
	case r.Principal.Service != "", r.Principal.ARN == "":
		return byResource != toNobody, true
	case r.Principal.Account != r.ResourceAccount:
		return byResource != toNobody && byIdentity != toNobody, byResource == toNobody
	case r.Trust:
		return byResource == toPrincipal || byResource != toNobody && byIdentity != toNobody, byResource == toNobody
	}
	return byResource == toPrincipal || byIdentity != toNobody, false
}

// recipient is to whom a policy gives something.
type recipient int

const (
	toNobody recipient = iota
	toAccount
	toPrincipal
)

// verdict is what policies say of a request, and by which of their grants.
type verdict struct {
	allowed        recipient
	allows, denies []Grant
}

func (v *verdict) add(other verdict) {
	v.allowed = max(v.allowed, other.allowed)
	v.allows, v.denies = append(v.allows, other.allows...), append(v.denies, other.denies...)
}

// judge is what the document says of a request; a nil one says nothing.
func (d *Document) judge(q *query) verdict {
	v := verdict{}
	if d == nil {
		return v
	}
	for _, s := range d.statements {
		to, grants := s.matches(q)
		switch {
		case to == toNobody:
		case s.allow:
			v.allowed = max(v.allowed, to)
			v.allows = append(v.allows, grants...)
		default:
			v.denies = append(v.denies, grants...)
		}
	}
	return v
}

// matches tells to whom the statement applies, for a request that it applies to, and
// which of its grants match.
func (s *statement) matches(q *query) (recipient, []Grant) {
	to := toPrincipal
	if s.principals != nil {
		to = s.principals.matches(q.Principal)
	}
	if to == toNobody {
		return toNobody, nil
	}
	grants := s.granting(q)
	if grants == nil {
		return toNobody, nil
	}
	for _, c := range s.conditions {
		if !c.holds(q) {
			return toNobody, nil
		}
	}
	return to, grants
}
