package harness_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Where Slack is not set up, a spec that needs it is not registered.
func TestSpecThatNeedsSlack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	settings := b.Settings
	settings.SlackSecret = ""
	without, err := app.New(app.World{AWS: b.Config("AKIAOPERATOR"), HTTP: b.Web.Client(0), Now: b.Now, Log: b.Steps.Log}, settings)
	if err != nil {
		t.Fatal(err)
	}
	spec := shop()
	spec.Environments[0].Approval = asking()
	err = without.Steps.Register(b.ctx(), spec)
	if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), "SlackSecret") {
		t.Errorf("got %v, want it refused with what to do", err)
	}
	spec.Environments[0].Approval.Slack = ""
	spec.Environments[0].Approval.Approvers = []string{"arn:aws:iam::123456789012:role/release"}
	if err := without.Steps.Register(b.ctx(), spec); err != nil {
		t.Errorf("approvers by IAM: %v", err)
	}
	if _, ok := without.Handlers()["slack"]; ok {
		t.Error("there is a handler for Slack")
	}
}
