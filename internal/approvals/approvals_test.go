package approvals_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestPersonOf(t *testing.T) {
	t.Parallel()
	const sso = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/Ada@Example.com"
	for _, c := range []struct {
		arn  string
		want rollout.Person
	}{
		{"arn:aws:iam::123456789012:user/team/ada", rollout.Person{ID: "arn:aws:iam::123456789012:user/team/ada", Name: "ada"}},
		{
			"arn:aws:sts::123456789012:assumed-role/Deployers/ada@example.com", // the session's name is its holder's choice
			rollout.Person{ID: "arn:aws:iam::123456789012:role/Deployers", Name: "role Deployers"},
		},
		{sso, rollout.Person{ID: sso, Name: "Ada@Example.com", Email: "ada@example.com"}},
		{
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Deployer/ada@example.com", // not a name that Identity Center gives
			rollout.Person{ID: "arn:aws:iam::123456789012:role/AWSReservedSSO_Deployer", Name: "role AWSReservedSSO_Deployer"},
		},
		{
			"arn:aws-cn:sts::123456789012:assumed-role/Deployers/x",
			rollout.Person{ID: "arn:aws-cn:iam::123456789012:role/Deployers", Name: "role Deployers"},
		},
	} {
		c.want.Way = rollout.ByIAM
		got, err := approvals.PersonOf(c.arn)
		if err != nil {
			t.Errorf("%s: %v", c.arn, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.arn, diff)
		}
	}
	for _, arn := range []string{
		"", "ada", "arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/ada",
		"arn:aws:sts::123456789012:assumed-role/Deployers", "arn:aws:sts::123456789012:assumed-role//x", "arn:aws:iam::123456789012:user/",
	} {
		if got, err := approvals.PersonOf(arn); rollout.KindOf(err) != rollout.KindDenied {
			t.Errorf("%q: got %+v, %v, want Denied", arn, got, err)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := func() approvals.Decision {
		return approvals.Decision{
			ID: "1", Action: approvals.Approve, Subject: "apr-1", At: time.Unix(1, 0),
			Person: rollout.Person{Way: rollout.BySlack, ID: "U1", Name: "Ada"},
		}
	}
	if err := good().Check(); err != nil {
		t.Errorf("a good decision: %v", err)
	}
	for field, change := range map[string]func(*approvals.Decision){
		"id":      func(d *approvals.Decision) { d.ID = "" },
		"action":  func(d *approvals.Decision) { d.Action = "force" },
		"subject": func(d *approvals.Decision) { d.Subject = strings.Repeat("x", approvals.MaxSubject+1) },
		"person":  func(d *approvals.Decision) { d.Person.Way = "mail" },
		"at":      func(d *approvals.Decision) { d.At = time.Time{} },
	} {
		d := good()
		change(&d)
		err := d.Check()
		if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v, want EventInvalid that names it", field, err)
		}
	}
}

func TestPast(t *testing.T) {
	t.Parallel()
	for action, want := range map[approvals.Action]string{
		approvals.Approve: "approved", approvals.Reject: "rejected", approvals.Promote: "promoted",
		approvals.Pause: "paused", approvals.Resume: "resumed", approvals.Abort: "aborted",
	} {
		if got := action.Past(); got != want {
			t.Errorf("%s: got %s, want %s", action, got, want)
		}
	}
}
