package approvals_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// FuzzPersonOf: whoever AWS names, nobody becomes somebody else. What a caller chooses,
// which is a session's name, is never who they are, but where Identity Center has chosen it.
func FuzzPersonOf(f *testing.F) {
	for _, arn := range []string{
		"arn:aws:iam::123456789012:user/team/ada", "arn:aws:sts::123456789012:assumed-role/Deployer/ada@example.com",
		"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/ada@example.com",
		"arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/ada", "arn:aws:iam::123456789012:user/", "::::::", "",
	} {
		f.Add(arn)
	}
	f.Fuzz(func(t *testing.T, userARN string) {
		p, err := approvals.PersonOf(userARN)
		if err != nil {
			if rollout.KindOf(err) != rollout.KindDenied {
				t.Fatalf("%q: %v is of kind %s", userARN, err, rollout.KindOf(err))
			}
			return
		}
		if p.ID == "" || p.Name == "" || p.Way != rollout.ByIAM || len(p.Groups) != 0 {
			t.Fatalf("%q is %+v", userARN, p)
		}
		_, role, assumed := strings.Cut(userARN, ":assumed-role/")
		if assumed && !strings.HasPrefix(role, "AWSReservedSSO_") && (p.Email != "" || strings.HasPrefix(p.ID, "arn:aws:sts:")) {
			t.Fatalf("the session's name counts in %q: %+v", userARN, p)
		}
	})
}
