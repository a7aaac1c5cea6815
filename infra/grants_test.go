package infra_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/harness/grants"
)

// spare are the grants that no test needs, with the reason why they are there.
func spare() map[string]string {
	return map[string]string{}
}

// TestMain runs the tests. When all have run and held, it wants the roles of
// infra/pipeline.yaml and infra/github.yaml to grant what a build, a workflow or a
// pipeline has needed, and nothing else.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && grants.AllRun() {
		for _, wrong := range needed.Judge(spare()) {
			fmt.Println(wrong)
			code = 1
		}
	}
	os.Exit(code)
}

// needed is the account of all workshops, which run side by side.
var needed = &grants.Ledger{}

// account keeps the account of the workshop's cloud until the test ends.
func (w *workshop) account() {
	var enter func([]harness.Stack)
	w.cloud.Do(func() { enter = needed.Watch(w.cloud.Partition) })
	w.t.Cleanup(func() { w.cloud.Do(func() { enter(w.stacks) }) })
}

// install makes a stack whose roles are accounted for.
func (w *workshop) install(template string, p parameters) *cloudformation.Stack {
	w.t.Helper()
	stack := mustDeploy(w.t, w.cloud, template, "delivery", p)
	w.stacks = append(w.stacks, harness.Stack{Stack: stack, Template: template, Cloud: w.cloud})
	return stack
}

// credentials are what a program finds in its environment to call with an access key.
func (w *workshop) credentials(accessKey string) []string {
	c, err := w.cloud.Config(accessKey).Credentials.Retrieve(w.t.Context())
	if err != nil {
		w.t.Error(err)
	}
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
}
