package spec_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/spec"
)

// What docs/spec.md shows as a spec is one.
func TestSpecsInTheDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/spec.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Split(string(document), "```yaml\n")[1:]
	if len(shown) < 2 {
		t.Errorf("the document shows %d specs, want one with one environment and one with several", len(shown))
	}
	for i, rest := range shown {
		text, _, _ := strings.Cut(rest, "```")
		if _, err := spec.Parse("spec.md", []byte(text)); err != nil {
			t.Errorf("spec %d in the document: %v", i, err)
		}
	}
}

// Within braces the parser takes an ARN in brackets for a mapping; in YAML it is a
// text.
func TestColonsInBrackets(t *testing.T) {
	t.Parallel()
	const want = "arn:aws:iam::210987654321:role/release-manager"
	for _, approval := range []string{
		"{approvers: [" + want + "]}", "{approvers: [ " + want + " ]}", "{approvers: [\n      " + want + ", # her\n      arn:aws:iam::210987654321:user/anna]}",
		"{approvers: ['" + want + "']}", "{quorum: 1, approvers: [" + want + ", arn:aws:iam::210987654321:user/anna], notAuthor: true}",
	} {
		s, err := spec.Parse("s", []byte(strings.Replace(least, "    steps", "    approval: "+approval+"\n    steps", 1)))
		if err != nil {
			t.Errorf("approval %s: %v", approval, err)
			continue
		}
		if got := s.Environments[0].Approval.Approvers[0]; got != want {
			t.Errorf("first approver of %s is %q, want %q", approval, got, want)
		}
	}
	testProblems(t, least, []problemTest{
		{"a mapping in brackets", "    steps", "    approval: {approvers: [role: x]}\n    steps", `sluice.yaml:9:28: environments[0].approval.approvers[0]: found a mapping, want ` + wantApprover},
		{"a blank before the colon", "    steps", "    approval: {approvers: [role :x]}\n    steps", `sluice.yaml:9:28: environments[0].approval.approvers[0]: found a mapping, want ` + wantApprover},
		{"quotes before the colon", "    steps", "    approval: {approvers: ['role':x]}\n    steps", `sluice.yaml:9:28: environments[0].approval.approvers[0]: found a mapping, want ` + wantApprover},
	})
}
