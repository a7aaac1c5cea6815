package spec_test

import "testing"

func TestProblemsOfPipelines(t *testing.T) {
	t.Parallel()
	const (
		first  = "  - pipeline: shop\n    stage: Production\n    action: Approve\n"
		last   = "    approval: {approvers: [arn:aws-cn:iam::210987654321:user/ops/carl]}\n"
		within = "{slack: \"#deploys\", approvers: [S0614TZR7]"
	)
	testProblems(t, several, []problemTest{
		{"not a list", "  - pipeline: infra.v2\n" + last, "  - infra.v2\n", `sluice.yaml:65:5: pipelines[1]: found "infra.v2", want a mapping with pipeline, stage, action, approval`},
		{"pipeline missing", "  - pipeline: infra.v2\n    approval", "  - approval", `sluice.yaml:65:5: pipelines[1].pipeline: found nothing, want the name of a pipeline: 1 to 100 letters, digits and .@-_`},
		{"pipeline's name", "pipeline: infra.v2", "pipeline: infra v2", `sluice.yaml:65:15: pipelines[1].pipeline: found "infra v2", want the name of a pipeline: 1 to 100 letters, digits and .@-_`},
		{"stage's name", "stage: Production", "stage: Production/eu", `sluice.yaml:62:12: pipelines[0].stage: found "Production/eu", want the name of a stage: 1 to 100 letters, digits and .@-_`},
		{"action's name", "action: Approve", "action: ''", `sluice.yaml:63:13: pipelines[0].action: found "", want the name of an action: 1 to 100 letters, digits and .@-_`},
		{"approval missing", last, "", `sluice.yaml:65:5: pipelines[1].approval: found nothing, want a mapping with slack, approvers, quorum, notAuthor`},
		{"expires", within, "{expires: 1h, slack: C024BE91L, approvers: [S0614TZR7]", `sluice.yaml:64:16: pipelines[0].approval.expires: found the field expires, want no such field here: CodePipeline's own timeout ends the question`},
		{"onExpiry", within, "{onExpiry: approve, slack: C024BE91L, approvers: [S0614TZR7]", `sluice.yaml:64:16: pipelines[0].approval.onExpiry: found the field onExpiry, want no such field here: CodePipeline's own timeout ends the question`},
		{"nobody asked", within, "{approvers: [S0614TZR7]", `sluice.yaml:64:15: pipelines[0].approval.slack: found nothing, want a channel: the Slack approvers would not be asked`},
		{"approver", within, "{approvers: [anna]", `sluice.yaml:64:28: pipelines[0].approval.approvers[0]: found "anna", want ` + wantApprover},
		{"twice", "  - pipeline: infra.v2\n", first, `sluice.yaml:65:5: pipelines[1]: found the pipeline, stage and action of pipelines[0] again, want each once`},
		{"a word", "pipelines:\n" + first + "    approval: " + within + ", quorum: 2, notAuthor: true}\n  - pipeline: infra.v2\n" + last, "pipelines: shop\n", `sluice.yaml:60:12: pipelines: found "shop", want a list of pipelines`},
	})
}
