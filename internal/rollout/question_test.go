package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func person(id, email string, groups ...string) rollout.Person {
	return rollout.Person{Way: rollout.BySlack, ID: id, Name: id, Email: email, Groups: groups}
}

func TestStands(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	yes := func(who string) rollout.Vote {
		return rollout.Vote{Person: person(who, ""), Answer: rollout.Approve}
	}
	no := rollout.Vote{Person: person("Eve", ""), Answer: rollout.Reject, Reason: "not on a Friday"}
	two := rollout.Approval{Quorum: 2, Expires: time.Hour, OnExpiry: rollout.Reject}
	silent := rollout.Approval{Quorum: 1, Expires: time.Hour, OnExpiry: rollout.Approve}
	for _, c := range []struct {
		name     string
		rule     rollout.Approval
		votes    []rollout.Vote
		deadline time.Time
		want     rollout.Standing
		why      string
	}{
		{"nobody yet", two, nil, now.Add(time.Second), rollout.Open, ""},
		{"one of two", two, []rollout.Vote{yes("Ada")}, now.Add(time.Second), rollout.Open, ""},
		{"two of two", two, []rollout.Vote{yes("Ada"), yes("Bob")}, now.Add(time.Second), rollout.Approved, "approved by Ada and Bob"},
		{"one no beats a quorum", two, []rollout.Vote{yes("Ada"), yes("Bob"), no}, now.Add(time.Second), rollout.Refusal, "rejected by Eve: not on a Friday"},
		{"time is over at the deadline", two, []rollout.Vote{yes("Ada")}, now, rollout.Refusal, "expired: 1 of 2"},
		{"a quorum counts at the deadline", two, []rollout.Vote{yes("Ada"), yes("Bob")}, now, rollout.Approved, "approved by"},
		{"silence means yes", silent, nil, now, rollout.Approved, "counts as an approval"},
		{"silence does not undo a no", silent, []rollout.Vote{no}, now, rollout.Refusal, "rejected by Eve"},
		{"no deadline", two, nil, time.Time{}, rollout.Open, ""},
	} {
		got, why := c.rule.Stands(c.votes, c.deadline, now)
		if got != c.want || !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
			t.Errorf("%s: got %s (%q), want %s (%q)", c.name, got, why, c.want, c.why)
		}
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	rule := rollout.Approval{Approvers: []string{"U1", "S9", "arn:aws:iam::123456789012:role/team/Deployers"}, NotAuthor: true}
	const author = "dana@example.com"
	role := rollout.Person{Way: rollout.ByIAM, ID: "arn:aws:iam::123456789012:role/Deployers", Name: "role Deployers"}
	for _, c := range []struct {
		name   string
		who    rollout.Person
		answer rollout.Answer
		want   string // part of the refusal; "" is allowed
	}{
		{"named", person("U1", "ada@example.com"), rollout.Approve, ""},
		{"in a group", person("U2", "ada@example.com", "S9"), rollout.Approve, ""},
		{"in another group", person("U2", "ada@example.com", "S8"), rollout.Approve, "not among those who may"},
		{"nobody", person("U3", "ada@example.com"), rollout.Reject, "not among those who may"},
		{"the author", person("U1", "Dana@Example.com"), rollout.Approve, "is the author"},
		{"the author may reject", person("U1", "dana@example.com"), rollout.Reject, ""},
		{"nobody knows whether the author", person("U1", ""), rollout.Approve, "no e-mail address"},
		{"a role, which could be the author", role, rollout.Approve, "no e-mail address"},
		{"a role rejects, its path does not matter", role, rollout.Reject, ""},
		{"a role of another account", rollout.Person{Way: rollout.ByIAM, ID: "arn:aws:iam::210987654321:role/Deployers"}, rollout.Reject, "not among those who may"},
		{"a user of the role's name", rollout.Person{Way: rollout.ByIAM, ID: "arn:aws:iam::123456789012:user/Deployers"}, rollout.Reject, "not among those who may"},
	} {
		err := rule.May(c.who, c.answer, author)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if err != nil && rollout.KindOf(err) != rollout.KindRefused {
			t.Errorf("%s: got kind %s, want Refused", c.name, rollout.KindOf(err))
		}
	}
}

func TestPersonKey(t *testing.T) {
	t.Parallel()
	slack := person("U1", "Ada@Example.com")
	cli := rollout.Person{Way: rollout.ByIAM, ID: "arn:aws:sts::1:assumed-role/AWSReservedSSO_a_0123456789abcdef/ada@example.com", Email: "ada@example.com"}
	if slack.Key() != cli.Key() {
		t.Errorf("one person is %q by Slack and %q by IAM, want the same", slack.Key(), cli.Key())
	}
	if a, b := person("U1", "").Key(), person("U2", "").Key(); a == b {
		t.Errorf("two people have the key %q", a)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	release := func() rollout.Release {
		return rollout.Release{
			App: "shop", Number: 7, Images: map[string]string{"web": "shop@sha256:1", "sidecar": "proxy@sha256:2"},
			Spec: rollout.Spec{App: "shop", Environments: []rollout.Environment{{Name: "production", Steps: []rollout.Step{{Weight: 100}}}}},
		}
	}
	want := release().Hash()
	if again := release().Hash(); again != want {
		t.Errorf("the same release has the hashes %s and %s", want, again)
	}
	for name, change := range map[string]func(*rollout.Release){
		"another digest":  func(r *rollout.Release) { r.Images["web"] = "shop@sha256:3" },
		"another number":  func(r *rollout.Release) { r.Number++ },
		"another step":    func(r *rollout.Release) { r.Spec.Environments[0].Steps[0].Weight = 50 },
		"another app":     func(r *rollout.Release) { r.App = "shop2" },
		"another quorum":  func(r *rollout.Release) { r.Spec.Environments[0].Approval = &rollout.Approval{Quorum: 2} },
		"without sidecar": func(r *rollout.Release) { delete(r.Images, "sidecar") },
	} {
		changed := release()
		change(&changed)
		if changed.Hash() == want {
			t.Errorf("%s has the same hash", name)
		}
	}
}
