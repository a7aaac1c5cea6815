// Package harness is the product in a box: the local cloud, every function of
// Sluice wired by the one wiring function, and the real template and state machine.
// The demo, the local commands and the tests run on it.
package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// stackName is the name of Sluice's own stack in the local cloud.
const stackName = "sluice"

// Options say what box is made.
type Options struct {
	Cloud emulator.Options
	Slack slack.Options
	Log   *slog.Logger // of all functions
}

// Harness is a cloud with Sluice installed.
type Harness struct {
	*emulator.Cloud

	// Steps is Sluice as a person's terminal has it: outside of every function,
	// with credentials of its own.
	Steps    *steps.Steps
	Settings app.Settings
	// Slack is the workspace in which Sluice asks, and SlackURL and DecideURL are the
	// Function URLs where people's decisions come in.
	Slack               *slack.Service
	SlackURL, DecideURL string

	log *slog.Logger
}

// New installs Sluice from template.yaml in a new cloud on the loop. It waits for
// the loop, so a live one must run already.
func New(l *loop.Loop, o Options) (*Harness, error) {
	h := &Harness{Cloud: emulator.New(l, o.Cloud), log: o.Log}
	h.Do(func() { h.Slack = slack.New(l, h.Web, o.Slack) })
	secret, err := h.putSlackSecret(context.Background()) //nolint:forbidigo // New has no context: the cloud answers at once
	if err != nil {
		return nil, err
	}
	stack, err := h.deploy(h.Cloud, stackName, "template.yaml", map[string]string{"SlackSecret": secret})
	if err != nil {
		return nil, err
	}
	out := stack.Outputs
	h.SlackURL, h.DecideURL = out["SlackUrl"], out["DecideUrl"]
	h.Do(func() { h.Slack.SetRequestURL(h.SlackURL) })
	h.Settings = app.Settings{
		Table: out["Table"], Machine: out["Machine"], DeadLetters: out["DeadLetters"], Recover: out["Recover"],
		DeadmanRole: out["DeadmanRole"], Approval: out["Approval"], Notify: out["Notify"], Answers: out["Answers"],
		Notices: out["Notices"], Decisions: out["Decisions"], SlackSecret: secret,
	}
	operator, err := app.New(h.world("AKIAOPERATOR"), h.Settings)
	if err != nil {
		return nil, err
	}
	h.Steps = operator.Steps
	return h, nil
}

// world is what code with the access key runs in.
func (h *Harness) world(accessKey string) app.World {
	return app.World{AWS: h.Config(accessKey), HTTP: h.Web.Client(awsclient.CallTimeout), Now: h.Now, Log: h.log}
}

// putSlackSecret keeps what Slack gave the app, as a person would, and gives the
// secret's ARN.
func (h *Harness) putSlackSecret(ctx context.Context) (string, error) {
	o := h.Slack.Options()
	value, err := json.Marshal(map[string]string{"signingSecret": o.SigningSecret, "botToken": o.Token})
	if err != nil {
		return "", fmt.Errorf("encode Slack's secret: %w", err)
	}
	out, err := secretsmanager.NewFromConfig(h.Config("AKIAOPERATOR")).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(stackName + "/slack"), SecretString: aws.String(string(value)), ClientRequestToken: aws.String("slack-secret-of-the-local-cloud-1"),
	})
	if err != nil {
		return "", fmt.Errorf("keep Slack's secret: %w", err)
	}
	return aws.ToString(out.ARN), nil
}

// Service is an app's environment in the cloud: the outputs of infra/service.yaml.
type Service struct {
	Cluster, Rule, Listener, Balancer, BlueGroup, GreenGroup string
}

// DeployService makes what an app's environment needs around it, from
// infra/service.yaml with the given parameters.
func (h *Harness) DeployService(parameters map[string]string) (Service, error) {
	return h.DeployServiceIn(h.Cloud, parameters)
}

// DeployServiceIn is DeployService in another account or Region.
func (h *Harness) DeployServiceIn(c *emulator.Cloud, parameters map[string]string) (Service, error) {
	all := map[string]string{"Vpc": "vpc-0a1b2c3d", "Subnets": "subnet-0a1b2c3d,subnet-1a1b2c3d"}
	maps.Copy(all, parameters)
	stack, err := h.deploy(c, all["App"]+"-"+all["Environment"], "infra/service.yaml", all)
	if err != nil {
		return Service{}, err
	}
	out := stack.Outputs
	return Service{
		Cluster: out["Cluster"], Rule: out["Rule"], Listener: out["Listener"], Balancer: out["Balancer"],
		BlueGroup: out["BlueGroup"], GreenGroup: out["GreenGroup"],
	}, nil
}

func (h *Harness) deploy(c *emulator.Cloud, stack, file string, parameters map[string]string) (*cloudformation.Stack, error) {
	text, err := fs.ReadFile(sluice.Files, file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	template, err := cloudformation.Load(file, text)
	if err != nil {
		return nil, err
	}
	return c.Deploy(template, emulator.Deployment{
		StackName: stack, Parameters: parameters, Files: sluice.Files, Handler: h.handler,
	})
}

// handler is the code of a function of the template: the same that its Lambda
// binary would serve, calling with the function's own credentials.
func (h *Harness) handler(f cloudformation.Function) (lambda.Handler, error) {
	name, ok := strings.CutPrefix(f.CodeURI, "functions/")
	if !ok || path.Base(name) != name {
		return nil, fmt.Errorf("function %s: CodeUri %q is not a folder of functions/", f.LogicalID, f.CodeURI)
	}
	settings, err := app.SettingsFrom(func(variable string) string { return f.Environment[variable] })
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.LogicalID, err)
	}
	wired, err := app.New(h.world(h.Lambda.AccessKey(f.Name)), settings)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.LogicalID, err)
	}
	code, ok := wired.Handlers()[name]
	if !ok {
		return nil, fmt.Errorf("function %s: there is no function %q", f.LogicalID, name)
	}
	return code, nil
}
