package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// BeforeAll is the step of a question that is asked before the environment.
const BeforeAll = -1

// Way is how a person's answer came.
type Way string

// The ways.
const (
	BySlack Way = "slack"
	ByIAM   Way = "iam"
)

// Person is who answers a question or presses a button, as the way they came by
// has proven.
type Person struct {
	Way    Way      `json:"way"`
	ID     string   `json:"id"`               // Slack user ID, or IAM ARN
	Name   string   `json:"name"`             // for people
	Email  string   `json:"email,omitempty"`  // "" where it is not known
	Groups []string `json:"groups,omitempty"` // those of the list that they are a member of
}

// Key tells people apart, whichever way they came: by their e-mail address where
// it is known.
func (p Person) Key() string {
	if p.Email != "" {
		return strings.ToLower(p.Email)
	}
	return p.ID
}

// In reports whether the list names the person, or a group of theirs.
func (p Person) In(list []string) bool {
	return slices.ContainsFunc(list, func(one string) bool {
		return one == p.ID || slices.Contains(p.Groups, one) || p.Way == ByIAM && sameIAM(one, p.ID)
	})
}

// sameIAM compares the ARNs of IAM roles and users without their paths: a role's
// session does not tell its role's path, and names are unique in an account without
// it (AWS: IAM User Guide, IAM identifiers).
func sameIAM(a, b string) bool { return withoutPath(a) == withoutPath(b) }

func withoutPath(arn string) string {
	for _, kind := range []string{":role/", ":user/"} {
		if before, path, ok := strings.Cut(arn, kind); ok && strings.Contains(before, ":iam:") {
			return before + kind + path[strings.LastIndex(path, "/")+1:]
		}
	}
	return arn
}

// May says why the person may not answer so, nil if they may: the list names
// them, and where the author may not approve, they are known not to be the author.
func (a Approval) May(p Person, answer Answer, author string) error {
	if !p.In(a.Approvers) {
		return Errorf(KindRefused, "%s is not among those who may approve this: %s", p.Name, strings.Join(a.Approvers, ", "))
	}
	if answer == Reject || !a.NotAuthor {
		return nil
	}
	switch {
	case p.Email == "":
		return Errorf(KindRefused, "the author may not approve this, and no e-mail address of %s is known to compare; somebody else has to", p.Name)
	case strings.EqualFold(p.Email, author):
		return Errorf(KindRefused, "%s is the author of this release; somebody else has to approve it", p.Name)
	default:
		return nil
	}
}

// Vote is one person's answer to a question.
type Vote struct {
	Person Person    `json:"person"`
	Answer Answer    `json:"answer"`
	Reason string    `json:"reason,omitempty"`
	Saw    string    `json:"saw,omitempty"` // the hash that they were shown
	At     time.Time `json:"at"`
}

// Standing is where a question stands.
type Standing string

// The standings. All but Open are for good.
const (
	Open     Standing = "open"
	Approved Standing = "approved"
	Refusal  Standing = "rejected"
	Void     Standing = "void" // nobody needs the answer any more
)

// Stands says where a question stands that was answered so and whose time is over
// at deadline (never, if zero), and why, in a sentence.
func (a Approval) Stands(votes []Vote, deadline, now time.Time) (Standing, string) {
	var yes []string
	for _, v := range votes {
		if v.Answer == Reject {
			return Refusal, fmt.Sprintf("rejected by %s: %s", v.Person.Name, v.Reason)
		}
		yes = append(yes, v.Person.Name)
	}
	expired := !deadline.IsZero() && !now.Before(deadline)
	switch {
	case len(yes) >= a.Quorum:
		return Approved, "approved by " + strings.Join(yes, " and ")
	case expired && a.OnExpiry == Approve:
		return Approved, fmt.Sprintf("nobody rejected it within %v, which counts as an approval here", a.Expires)
	case expired:
		return Refusal, fmt.Sprintf("expired: %d of %d had approved it within %v", len(yes), a.Quorum, a.Expires)
	default:
		return Open, ""
	}
}
