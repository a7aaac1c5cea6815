// Package harness is the product in a box: the local cloud, every function of
// Sluice wired by the one wiring function, and the real template and state machine.
// The demo, the local commands and the tests run on it.
package harness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"strings"
	"time"

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
	"github.com/sluice-deploy/sluice/internal/store"
)

// stackName is the name of Sluice's own stack in the local cloud.
const stackName = "sluice"

// Options say what box is made.
type Options struct {
	Cloud emulator.Options
	Slack slack.Options
	Log   *slog.Logger // of all functions
	// Function gives the code of a function by its name, which is that of its folder.
	// Nil has all functions called in this process.
	Function func(name string) (lambda.Code, error)
	// Made, if not nil, hears of the cloud before anything is installed in it.
	Made func(*emulator.Cloud)
	// Parameters are of template.yaml, beside Slack's secret.
	Parameters map[string]string
	// Stack is the name of Sluice's stack; "" is "sluice".
	Stack string
	// Account is where what Sluice deploys is; nil is this cloud.
	Account *aws.Config
	// Kept, if not nil, is what the box goes on from.
	Kept *Kept
	// Skew is by how much the clock of a function of this process is ahead; nil is none.
	Skew func(function string) time.Duration
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
	// Stacks are all that was deployed, Sluice's first.
	Stacks []Stack

	resumed    bool
	parameters map[string]string // of Sluice's stack
	stack      string            // its name
	account    *aws.Config
	skew       func(function string) time.Duration
	log        *slog.Logger
	function   func(name string) (lambda.Code, error)
}

// Stack is what came of a template.
type Stack struct {
	*cloudformation.Stack

	Template string // its file
	Cloud    *emulator.Cloud
}

// New installs Sluice from template.yaml in a new cloud on the loop. It waits for
// the loop, so a live one must run already.
func New(l *loop.Loop, o Options) (*Harness, error) {
	h := &Harness{Cloud: emulator.New(l, o.Cloud), log: o.Log, function: o.Function, stack: cmp.Or(o.Stack, stackName), account: o.Account, skew: o.Skew}
	if o.Made != nil {
		o.Made(h.Cloud)
	}
	h.Do(func() { h.Slack = slack.New(l, h.Web, o.Slack) })
	stack, err := h.install(o)
	if err != nil {
		return nil, err
	}
	out, secret := stack.Outputs, h.parameters["SlackSecret"]
	h.SlackURL, h.DecideURL = out["SlackUrl"], out["DecideUrl"]
	h.Do(func() { h.Slack.SetRequestURL(h.SlackURL) })
	h.Settings = app.Settings{
		Table: out["Table"], Machine: out["Machine"], DeadLetters: out["DeadLetters"], LettersARN: out["DeadLettersArn"], Recover: out["Recover"],
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

// install installs Sluice, or finds it in what was kept and updates it where it is not
// this one.
func (h *Harness) install(o Options) (*cloudformation.Stack, error) {
	if o.Kept != nil {
		if err := h.resume(o.Kept); err != nil {
			return nil, err
		}
	} else if err := h.putSlackSecret(context.Background()); err != nil { //nolint:forbidigo // New has no context: the cloud answers at once
		return nil, err
	}
	secret := ""
	h.Do(func() { secret = h.SecretsManager.ARN(slackSecret) })
	h.parameters = map[string]string{"SlackSecret": secret}
	maps.Copy(h.parameters, o.Parameters)
	return h.DeployStack(h.Cloud, h.stack, "template.yaml", h.parameters)
}

// world is what code with the access key runs in.
func (h *Harness) world(accessKey string) app.World {
	return app.World{AWS: h.Config(accessKey), Account: h.account, HTTP: h.Web.Client(awsclient.CallTimeout), Now: h.Now, Log: h.log}
}

// slackSecret is the name of the secret with what Slack gave the app.
const slackSecret = "slack"

// putSlackSecret keeps what Slack gave the app, as a person would.
func (h *Harness) putSlackSecret(ctx context.Context) error {
	o := h.Slack.Options()
	value, err := json.Marshal(map[string]string{"signingSecret": o.SigningSecret, "botToken": o.Token})
	if err != nil {
		return fmt.Errorf("encode Slack's secret: %w", err)
	}
	_, err = secretsmanager.NewFromConfig(h.Config("AKIAOPERATOR")).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(slackSecret), SecretString: aws.String(string(value)), ClientRequestToken: aws.String("slack-secret-of-the-local-cloud-1"),
	})
	if err != nil {
		return fmt.Errorf("keep Slack's secret: %w", err)
	}
	return nil
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
	stack, err := h.DeployStack(c, all["App"]+"-"+all["Environment"], "infra/service.yaml", all)
	if err != nil {
		return Service{}, err
	}
	out := stack.Outputs
	return Service{
		Cluster: out["Cluster"], Rule: out["Rule"], Listener: out["Listener"], Balancer: out["Balancer"],
		BlueGroup: out["BlueGroup"], GreenGroup: out["GreenGroup"],
	}, nil
}

// DeployStack makes a stack of one of the project's templates in a cloud, or updates it.
func (h *Harness) DeployStack(c *emulator.Cloud, stack, file string, parameters map[string]string) (*cloudformation.Stack, error) {
	text, err := fs.ReadFile(sluice.Files, file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	template, err := cloudformation.Load(file, text)
	if err != nil {
		return nil, err
	}
	made, err := h.kept(c, cloudformation.Deployment{Template: template, StackName: stack, Parameters: parameters, Files: sluice.Files})
	if err == nil && made == nil {
		made, err = c.Deploy(template, emulator.Deployment{
			StackName: stack, Parameters: parameters, Files: sluice.Files, Code: h.code(store.Format),
		})
	}
	if err != nil {
		return nil, err
	}
	h.Stacks = append(h.Stacks, Stack{Stack: made, Template: file, Cloud: c})
	return made, nil
}

// code is the code of a function of the template, which the template names by its
// package. It reads and writes items of the format.
func (h *Harness) code(format int) func(cloudformation.Function) (lambda.Code, error) {
	return func(f cloudformation.Function) (lambda.Code, error) {
		name, ok := strings.CutSuffix(path.Base(f.CodeURI), ".zip")
		if !ok || !strings.HasPrefix(f.CodeURI, "dist/") {
			return lambda.Code{}, fmt.Errorf("function %s: CodeUri %q is not what scripts/build makes, dist/<name>.zip", f.LogicalID, f.CodeURI)
		}
		if h.function != nil {
			return h.function(name)
		}
		return h.inProcess(name, f, format)
	}
}

// inProcess is the code of a function as a value of this process: the same that its
// Lambda binary would serve, calling with the function's own credentials. What it
// cannot be started with is told at once, not when it is invoked.
func (h *Harness) inProcess(name string, f cloudformation.Function, format int) (lambda.Code, error) {
	start := func(_ context.Context, e lambda.Environment) (lambda.Handler, error) {
		settings, err := app.SettingsFrom(func(variable string) string { return e.Config.Environment[variable] })
		if err != nil {
			return nil, err
		}
		world := h.world(h.Lambda.AccessKey(e.Function))
		if h.skew != nil {
			world.Now = func() time.Time { return h.Now().Add(h.skew(e.Function)) }
		}
		world.Log = slog.New(slog.NewMultiHandler(h.log.Handler(), printed(e, h.Now)))
		wired, err := app.New(world, settings)
		if err != nil {
			return nil, err
		}
		wired.Steps.Store.Format = format
		code, ok := wired.Handlers()[name]
		if !ok {
			return nil, fmt.Errorf("there is no function %q", name)
		}
		return code, nil
	}
	environment := lambda.Environment{Function: f.Name, Config: lambda.FunctionConfig{Environment: f.Environment}, Print: func(string) {}}
	if _, err := start(context.Background(), environment); err != nil { //nolint:forbidigo // nothing waits in it
		return lambda.Code{}, fmt.Errorf("function %s: %w", f.LogicalID, err)
	}
	return lambda.Code{SHA256: lambda.Hash([]byte(f.CodeURI)), Size: int64(len(f.CodeURI)), Start: start}, nil
}
