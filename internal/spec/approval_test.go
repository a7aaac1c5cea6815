package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/spec"
)

const wantApprover = "the ID of a Slack user (U… or W…) or Slack user group (S…), or the ARN of an IAM role, an IAM user or an IAM Identity Center user"

func TestProblemsOfApprovals(t *testing.T) {
	t.Parallel()
	const (
		first    = "{approvers: [arn:aws"
		right    = "{approvers: [arn:aws:iam::210987654321:role/release-manager]}"
		at       = "sluice.yaml:48:"
		field    = ": environments[2].approval"
		wantList = "a list of 1 to 50, each " + wantApprover
	)
	testProblems(t, several, []problemTest{
		{"not a mapping", right, "yes", at + `15` + field + `: found "yes", want a mapping with slack, approvers, quorum, expires, onExpiry, notAuthor`},
		{"unknown field", first, "{quorom: 1, approvers: [arn:aws", at + `16` + field + `.quorom: found an unknown field "quorom", want one of slack, approvers, quorum, expires, onExpiry, notAuthor; did you mean "quorum"?`},
		{"approvers missing", right, `{slack: "#deploys"}`, at + `15` + field + `.approvers: found nothing, want ` + wantList},
		{"approvers empty", right, `{approvers: []}`, at + `27` + field + `.approvers: found an empty list, want ` + wantList},
		{"approvers are one", right, `{approvers: U024BE7LH}`, at + `27` + field + `.approvers: found "U024BE7LH", want ` + wantList},
		{"approver twice", right, `{approvers: [U024BE7LH, W024BE7LH, U024BE7LH]}`, at + `50` + field + `.approvers[2]: found "U024BE7LH" again, want every name once`},
		{"approver by handle", right, `{approvers: ["@anna"]}`, at + `28` + field + `.approvers[0]: found "@anna", want ` + wantApprover},
		{"approver by address", right, `{approvers: [anna@example.com]}`, at + `28` + field + `.approvers[0]: found "anna@example.com", want ` + wantApprover},
		{"approver is a channel", right, `{approvers: [C024BE91L]}`, at + `28` + field + `.approvers[0]: found "C024BE91L", want ` + wantApprover},
		{"approver is a number", right, `{approvers: [12]}`, at + `28` + field + `.approvers[0]: found 12, want ` + wantApprover + `; put it in quotes if it is meant as text`},
		{"approver is an account", right, `{approvers: [arn:aws:iam::210987654321:root]}`, at + `28` + field + `.approvers[0]: found "arn:aws:iam::210987654321:root", want ` + wantApprover},
		{"approver is any role", right, `{approvers: ["arn:aws:iam::210987654321:role/*"]}`, at + `28` + field + `.approvers[0]: found "arn:aws:iam::210987654321:role/*", want ` + wantApprover},
		{"session of a role", right, `{approvers: [arn:aws:sts::210987654321:assumed-role/release-manager/anna]}`, at + `28` + field + `.approvers[0]: found "arn:aws:sts::210987654321:assumed-role/release-manager/anna", want the ARN of the role, with its path: a session's name is its holder's choice; did you mean "arn:aws:iam::210987654321:role/release-manager"?`},
		{"suffix too short", right, `{approvers: [arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123/anna]}`, at + `28` + field + `.approvers[0]: found "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123/anna", want arn:aws:sts::ACCOUNT:assumed-role/AWSReservedSSO_SET_SUFFIX/USER with a suffix of 16 hexadecimal digits`},
		{"two of three wrong", right, `{approvers: [anna, U024BE7LH, berta], quorum: 3}`, at + `28` + field + `.approvers[0]: found "anna", want ` + wantApprover + "\n" + at + `45` + field + `.approvers[2]: found "berta", want ` + wantApprover},
		{"quorum zero", first, "{quorum: 0, approvers: [arn:aws", at + `24` + field + `.quorum: found 0, want a whole number from 1 to 20`},
		{"quorum too high", first, "{quorum: 21, approvers: [arn:aws", at + `24` + field + `.quorum: found 21, want a whole number from 1 to 20`},
		{"quorum is all", first, "{quorum: all, approvers: [arn:aws", at + `24` + field + `.quorum: found "all", want a whole number from 1 to 20`},
		{"quorum above approvers", first, "{quorum: 2, approvers: [arn:aws", at + `24` + field + `.quorum: found 2, want at most 1, the number of approvers`},
		{"expires zero", first, "{expires: 0s, approvers: [arn:aws", at + `25` + field + `.expires: found "0s", want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"expires in days", first, "{expires: 7d, approvers: [arn:aws", at + `25` + field + `.expires: found "7d", want a duration above zero such as 90s, 10m, 1h or 2h30m; did you mean "168h"?`},
		{"expires late", first, "{expires: 721h, approvers: [arn:aws", at + `25` + field + `.expires: found "721h", want at most 720h`},
		{"a step's expires late", "expires: 2h}", "expires: 168h1s}", `sluice.yaml:38:53: environments[1].steps[1].approval.expires: found "168h1s", want at most 168h`},
		{"onExpiry", first, "{onExpiry: aprove, approvers: [arn:aws", at + `26` + field + `.onExpiry: found "aprove", want reject or approve; did you mean "approve"?`},
		{"notAuthor", first, "{notAuthor: never, approvers: [arn:aws", at + `27` + field + `.notAuthor: found "never", want true or false`},
		{"operators", "operators: []", "operators: [anna]", `sluice.yaml:49:17: environments[2].operators[0]: found "anna", want ` + wantApprover},
		{"operators are a word", "operators: []", "operators: all", `sluice.yaml:49:16: environments[2].operators: found "all", want a list of 0 to 50, each ` + wantApprover},
		{"channel of upper case", "slack: C024BE91L", `slack: "#Deploys"`, `sluice.yaml:24:14: environments[1].approval.slack: found "#Deploys", want a Slack channel's name in quotes such as "#deploys" (at most 80 letters that are not upper-case, digits, hyphens and underscores), or its ID; did you mean "#deploys"?`},
		{"channel of nothing", "slack: C024BE91L", `slack: #deploys`, `sluice.yaml:24:7: environments[1].approval.slack: found nothing, want a Slack channel's name in quotes such as "#deploys" (at most 80 letters that are not upper-case, digits, hyphens and underscores), or its ID`},
	})
}

// Slack approvers have to be asked in Slack: in the approval's channel or in one
// that hears of the environment.
func TestNobodyIsAsked(t *testing.T) {
	t.Parallel()
	const (
		slack = "  - slack: \"#deploys\"\n"
		want  = `sluice.yaml:37:19: environments[1].steps[1].approval.slack: found nothing, want a channel here, or a slack channel in notify: the Slack approvers would not be asked`
	)
	testProblems(t, several, []problemTest{
		{"no channel of Slack", slack, "", want},
		{"a channel for others", slack, slack + "    environments: [staging, ireland, sydney]\n", strings.Replace(want, ":37:", ":39:", 1)},
	})
	// A channel that is wrong may be the one.
	testProblems(t, strings.Replace(several, slack, "", 1), []problemTest{
		{"a wrong channel in the environment", "      - teams: ", "      - slack: \"#Virginia\"\n      - teams: ", `sluice.yaml:39:16: environments[1].notify[0].slack: found "#Virginia", want ` + wantSlack + `; did you mean "#virginia"?`},
		{"a wrong name of the environment", "notify:\n", "notify:\n" + slack + "    environments: [Virginia]\n", `sluice.yaml:7:20: notify[0].environments[0]: found "Virginia", want the name of an environment: "staging", "virginia", "ireland", "sydney"; did you mean "virginia"?`},
	})
	testProblems(t, strings.Replace(several, slack, slack+"    environments: [virginia]\n", 1), []problemTest{
		{"an environment without name", "name: virginia", "name: Virginia", `sluice.yaml:18:11: environments[1].name: found "Virginia", want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last`},
	})
	for _, elsewhere := range []string{
		strings.Replace(several, slack, slack+"    environments: [virginia]\n", 1),
		strings.Replace(strings.Replace(several, slack, "", 1), "approval: {approvers: [W", "approval: {slack: C024BE91L, approvers: [W", 1),
		strings.Replace(strings.Replace(several, slack, "", 1), "      - teams: ", "      - slack: \"#virginia\"\n      - teams: ", 1),
		strings.Replace(several, "      slack: C024BE91L\n", "", 1),
	} {
		if _, err := spec.Parse("sluice.yaml", []byte(elsewhere)); err != nil {
			t.Errorf("asked elsewhere: %v", err)
		}
	}
}

func TestApprovers(t *testing.T) {
	t.Parallel()
	parse := func(approval string) error {
		source := strings.Replace(least, "    steps", "    approval: "+approval+"\n    steps", 1)
		s, err := spec.Parse("s", []byte(source))
		if err == nil && (s.Environments[0].Approval == nil || len(s.Environments[0].Operators) == 0) {
			return fmt.Errorf("approval %v and operators %q were not read", s.Environments[0].Approval, s.Environments[0].Operators)
		}
		return err
	}
	for _, approver := range []string{
		"U024BE7LH", "W012A3CDE", "USLACKBOT", "S0614TZR7",
		"arn:aws:iam::210987654321:role/x", "arn:aws-cn:iam::210987654321:role/a/b/c+d=e.f@g-h_i", "'arn:aws:iam::210987654321:role/with,comma'", "arn:aws-us-gov:iam::210987654321:user/division/anna",
		"arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Release_0123456789abcdef",
		"arn:aws-eusc:sts::210987654321:assumed-role/AWSReservedSSO_Set_With_Lines_0123456789abcdef/anna@example.com",
	} {
		if err := parse(`{slack: "#deploys", approvers: [` + approver + `]}`); err != nil {
			t.Errorf("approver %s: %v", approver, err)
		}
	}
	for _, approver := range []string{
		"u024be7lh", "B024BE7LH", "arn:aws:iam::1:role/x", "arn:aws:iam::210987654321:role/", "arn:aws:iam::210987654321:group/x",
		"arn:aws:iam::210987654321:role/" + strings.Repeat("x", 65), "arn:aws:sts::210987654321:federated-user/anna",
		"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123456789ABCDEF/anna",
		"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO__0123456789abcdef/anna",
		"arn:aws:sts::210987654321:assumed-role/XAWSReservedSSO_Release_0123456789abcdef/anna",
		"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123456789abcdef/a",
	} {
		if err := parse(`{slack: "#deploys", approvers: [` + approver + `]}`); err == nil {
			t.Errorf("approver %s was taken", approver)
		}
	}
	ids := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("U%08d", i))
		}
		return strings.Join(list, ", ")
	}
	if err := parse(`{slack: "#deploys", quorum: 20, approvers: [` + ids(50) + `]}`); err != nil {
		t.Errorf("50 approvers: %v", err)
	}
	const want = "s:9:597: environments[0].approval.approvers[50]: found 51 names, want at most 50"
	if err := parse(`{slack: "#deploys", approvers: [` + ids(51) + `]}`); err == nil || err.Error() != want {
		t.Errorf("51 approvers: error = %v\nwant %s", err, want)
	}
	if err := parse(`{slack: "#deploys", quorum: 20, approvers: [S0614TZR7]}`); err != nil {
		t.Errorf("a group may have more people than it is names: %v", err)
	}
}
