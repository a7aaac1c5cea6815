package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Who may approve. Slack's IDs begin with U or W for people and S for user groups
// (Slack: reference, user and usergroup objects). A user of IAM Identity Center comes
// as a session of a role that it made, named AWSReservedSSO_ with the permission set
// and 16 hexadecimal digits, and the session's name is the user's (AWS: IAM Identity
// Center User Guide, referencing permission sets in resource policies).
var (
	slackPersonPattern = regexp.MustCompile(`^[UW][A-Z0-9]{5,20}$`)
	slackGroupPattern  = regexp.MustCompile(`^S[A-Z0-9]{5,20}$`)
	userPattern        = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:user/(?:[\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,64}$`)
	identityPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:sts::\d{12}:assumed-role/AWSReservedSSO_[\w+=,.@-]{1,32}_[0-9a-f]{16}/[\w+=,.@-]{2,64}$`)
	sessionPattern     = regexp.MustCompile(`^(arn:aws[a-z-]*):sts::(\d{12}):assumed-role/([\w+=,.@-]{1,64})/[^/]*$`)
)

const wantApprover = "the ID of a Slack user (U… or W…) or Slack user group (S…), or the ARN of an IAM role, an IAM user or an IAM Identity Center user"

// approval is an approval that was read, with its place.
type approval struct {
	rollout.Approval
	at object
}

// approval reads an approval whose question stands for at most longest; zero is
// that of a pipeline, which ends its questions by itself.
func (r *reader) approval(p place, longest time.Duration) *approval {
	f := approvalFields()
	if longest == 0 {
		f = pipelineApprovalFields()
	}
	o := r.object(p, f)
	if !o.ok {
		return nil
	}
	a := &approval{at: o}
	if slack := o.get("slack"); slack.given() {
		a.Slack = r.slackChannel(slack)
	}
	a.Approvers, _ = r.approvers(o.get("approvers"), 1)
	a.Quorum = r.quorum(o.get("quorum"), a.Approvers)
	if not := o.get("notAuthor"); not.given() {
		a.NotAuthor = r.boolean(not)
	}
	if longest > 0 {
		r.expiry(a, longest)
	}
	return a
}

func (r *reader) expiry(a *approval, longest time.Duration) {
	a.Expires, a.OnExpiry = DefaultExpiry, DefaultOnExpiry
	if expires := a.at.get("expires"); expires.given() {
		a.Expires = r.upTo(expires, longest)
	}
	if on := a.at.get("onExpiry"); on.given() {
		a.OnExpiry = rollout.Answer(r.choice(on, string(rollout.Reject), string(rollout.Approve)))
	}
}

// approvers reads a list of people and principals, at least so many, and tells
// whether all are right.
func (r *reader) approvers(p place, least int) ([]string, bool) {
	want := fmt.Sprintf("a list of %d to %d, each %s", least, MaxApprovers, wantApprover)
	items, ok := r.list(p, want)
	switch {
	case !ok:
		return nil, false
	case len(items) < least:
		r.add(p, "an empty list", want)
		return nil, false
	case len(items) > MaxApprovers:
		r.add(items[MaxApprovers], fmt.Sprintf("%d names", len(items)), fmt.Sprintf("at most %d", MaxApprovers))
		return nil, false
	}
	var approvers []string
	for _, item := range items {
		if name, ok := r.approver(item); ok {
			approvers = append(approvers, name)
		}
	}
	r.unique(items, approvers)
	if len(approvers) < len(items) {
		return nil, false
	}
	return approvers, true
}

// approver reads one person or principal. Of sessions only those of IAM Identity
// Center are taken: elsewhere who assumes a role chooses the session's name.
func (r *reader) approver(p place) (string, bool) {
	text, ok := r.text(p, wantApprover)
	if !ok {
		return "", false
	}
	if inSlack(text) || rolePattern.MatchString(text) || userPattern.MatchString(text) || identityPattern.MatchString(text) {
		return text, true
	}
	session := sessionPattern.FindStringSubmatch(text)
	switch {
	case session == nil:
		r.add(p, fmt.Sprintf("%q", text), wantApprover)
	case strings.HasPrefix(session[3], "AWSReservedSSO_"):
		r.add(p, fmt.Sprintf("%q", text), "arn:aws:sts::ACCOUNT:assumed-role/AWSReservedSSO_SET_SUFFIX/USER with a suffix of 16 hexadecimal digits")
	default:
		role := fmt.Sprintf("%s:iam::%s:role/%s", session[1], session[2], session[3])
		r.add(p, fmt.Sprintf("%q", text), "the ARN of the role, with its path: a session's name is its holder's choice").Suggestion = fmt.Sprintf("%q", role)
	}
	return "", false
}

func inSlack(approver string) bool {
	return slackPersonPattern.MatchString(approver) || slackGroupPattern.MatchString(approver)
}

// quorum reads how many have to approve: no more than there are, unless there is a
// group, whose members only Slack knows.
func (r *reader) quorum(p place, approvers []string) int {
	if !p.given() {
		return DefaultQuorum
	}
	want := fmt.Sprintf("a whole number from 1 to %d", MaxQuorum)
	n, ok := r.integer(p, want)
	switch {
	case !ok:
		return 0
	case n < 1 || n > MaxQuorum:
		r.add(p, fmt.Sprint(n), want)
	case len(approvers) > 0 && n > len(approvers) && !slices.ContainsFunc(approvers, slackGroupPattern.MatchString):
		r.add(p, fmt.Sprint(n), fmt.Sprintf("at most %d, the number of approvers", len(approvers)))
	}
	return n
}

// asked checks that Slack approvers are asked somewhere: in the approval's channel,
// or else in others.
func (r *reader) asked(a *approval, others bool, want string) {
	slack := a.at.get("slack")
	if !slack.given() && !others && slices.ContainsFunc(a.Approvers, inSlack) {
		r.add(slack, "nothing", want)
	}
}
