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

import (
	"strings"
	"time"
)

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
	Account      string
	ARN          string // of a user, a session or an account's root
	UserID       string
	Role         string // ARN of a session's role; "" for others
	Service      string // "events.amazonaws.com" when a service of AWS asks for itself
	Organization string // that the account belongs to, or ""
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool

	action   string
	explicit bool
	resource bool // it rests on the resource's policy, not on one of the principal
}

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
	q := newQuery(r)
	byIdentity := verdict{}
	for _, d := range r.Identity {
		byIdentity.add(d.judge(q))
	}
	byResource := r.Attached.judge(q)
	d := Decision{action: r.Action}
	switch {
	case byResource.denied:
		d.explicit, d.resource = true, true
	case byIdentity.denied:
		d.explicit = true
	case r.Principal.Service != "":
		d.Allowed, d.resource = byResource.allowed != toNobody, true
	case r.Principal.Account != r.ResourceAccount:
		d.resource = byResource.allowed == toNobody
		d.Allowed = !d.resource && byIdentity.allowed != toNobody
	case r.Trust:
		d.resource = byResource.allowed == toNobody
		d.Allowed = byResource.allowed == toPrincipal || !d.resource && byIdentity.allowed != toNobody
	default:
		d.Allowed = byResource.allowed == toPrincipal || byIdentity.allowed != toNobody
	}
	return d
}

// recipient is to whom a policy gives something.
type recipient int

const (
	toNobody recipient = iota
	toAccount
	toPrincipal
)

// verdict is what policies say of a request.
type verdict struct {
	allowed recipient
	denied  bool
}

func (v *verdict) add(other verdict) {
	v.allowed = max(v.allowed, other.allowed)
	v.denied = v.denied || other.denied
}

// judge is what the document says of a request; a nil one says nothing.
func (d *Document) judge(q *query) verdict {
	v := verdict{}
	if d == nil {
		return v
	}
	for _, s := range d.statements {
		to := s.matches(q)
		switch {
		case to == toNobody:
		case s.allow:
			v.allowed = max(v.allowed, to)
		default:
			v.denied = true
		}
	}
	return v
}

// matches tells to whom the statement applies, for a request that it applies to.
func (s *statement) matches(q *query) recipient {
	to := toPrincipal
	if s.principals != nil {
		to = s.principals.matches(q.Principal)
	}
	if to == toNobody || s.actions.match(q, strings.ToLower(q.Action)) == s.notActions || !s.matchesResource(q) {
		return toNobody
	}
	for _, c := range s.conditions {
		if !c.holds(q) {
			return toNobody
		}
	}
	return to
}

// matchesResource also holds for a statement that names no resource, as a trust
// policy's: it is about what it is attached to.
func (s *statement) matchesResource(q *query) bool {
	return s.resources == nil || s.resources.match(q, q.Resource) != s.notResources
}
