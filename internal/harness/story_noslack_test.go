package harness_test

import (
	"context"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/handler"
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

// Without Slack's secret the template makes everything but Slack's function.
func TestTemplateWithoutSlack(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(midnight)
	atEnd(t, l.Close)
	cloud := emulator.New(l, emulator.Options{})
	text, err := fs.ReadFile(sluice.Files, "template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := cloudformation.Load("template.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := cloud.Deploy(template, emulator.Deployment{
		StackName: "sluice", Files: sluice.Files, Parameters: map[string]string{"Approvals": "url"},
		Code: func(f cloudformation.Function) (lambda.Code, error) {
			if f.Name == "sluice-check" {
				return lambda.InProcess("check", handler.Check{HTTP: cloud.Web.Client(0), Log: slog.New(slog.DiscardHandler)}.Handler()), nil
			}
			return lambda.InProcess("nobody", nobody{}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	names := cloud.Lambda.Functions()
	if slices.Contains(names, "sluice-slack") || !slices.Contains(names, "sluice-decide") {
		t.Errorf("functions %v, want decide and not slack", names)
	}
	if stack.Outputs["SlackUrl"] != "" || stack.Outputs["DecideUrl"] == "" {
		t.Errorf("outputs %v, want DecideUrl and not SlackUrl", stack.Outputs)
	}
}

// nobody is code that is never called.
type nobody struct{}

func (nobody) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }
