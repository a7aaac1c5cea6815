package harness_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/harness/grants"
)

// spare are the grants that no story needs, with the reason why they are there.
func spare() map[string]string {
	reasons := map[string]string{}
	for reason, actions := range map[string][]string{
		"Step Functions checks it when a machine that logs is made, and delivery to CloudWatch Logs has no emulation": {
			"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
			"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
		},
		"Step Functions traces with it, and X-Ray has no emulation": {
			"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
		},
	} {
		for _, action := range actions {
			reasons["template.yaml MachineRole: Allow "+action+" on *"] = reason
		}
	}
	return reasons
}

// TestMain runs the stories. When all have run and held, it wants the roles of the
// templates to grant what some story has needed, and nothing else. The account of
// infra/pipeline.yaml is kept by the tests beside it, which also run its builds.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && grants.AllRun() {
		for _, wrong := range account.Judge(spare()) {
			fmt.Println(wrong)
			code = 1
		}
	}
	os.Exit(code)
}

// account is of all boxes, which run side by side.
var account = &grants.Ledger{}

// keepAccount keeps the account of a harness until the test ends.
func keepAccount(t *testing.T, h *harness.Harness) {
	t.Helper()
	enter := account.Watch(h.Partition)
	atEnd(t, func() {
		enter(slices.DeleteFunc(slices.Clone(h.Stacks), func(s harness.Stack) bool { return s.Template == "infra/pipeline.yaml" }))
	})
}
