package emulator_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// packaged is a serverless application as the aws CLI packages and deploys it: code
// and definition are files.
const packaged = `
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello, AllowedPattern: '[a-z]+', ConstraintDescription: a greeting is lower case}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub '${AWS::StackName}-greeter'
      CodeUri: code
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 600
      AutoPublishAlias: live
      Environment: {Variables: {GREETING: !Ref Greeting}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Greeter: !Ref Greeter.Alias}
      Policies:
        - Version: '2012-10-17'
          Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Greeter.Alias}]
Outputs:
  Greeter: {Value: !Ref Greeter.Alias}
  Greeting: {Value: !Ref Greeting}
`

// packageCode is code that says what its package and its environment say.
func packageCode(pack []byte) (lambda.Code, error) {
	archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return lambda.Code{}, err
	}
	file, err := archive.Open("who")
	if err != nil {
		return lambda.Code{}, err
	}
	who, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return lambda.Code{}, err
	}
	return lambda.Code{SHA256: lambda.Hash(pack), Size: int64(len(pack)), Start: func(_ context.Context, e lambda.Environment) (lambda.Handler, error) {
		return said(e.Config.Environment["GREETING"] + " " + strings.TrimSpace(string(who))), nil
	}}, nil
}

// said answers every event with itself.
type said string

func (s said) Invoke(context.Context, []byte) ([]byte, error) {
	return []byte(`"` + string(s) + `"`), nil
}

// TestAWSCommandDeploys has the real aws CLI package, deploy, change, change again and
// delete a stack, over a port.
func TestAWSCommandDeploys(t *testing.T) {
	t.Parallel()
	command, err := exec.LookPath("aws")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the aws CLI is not installed; the tests need it where CI is true")
		}
		t.Skip("the aws CLI is not installed")
	}
	cli := startCLI(t, command, emulator.Options{Package: packageCode})
	cli.write("template.yaml", packaged)
	cli.write("code/who", "world")
	cli.write("flow.asl.json", `{"QueryLanguage":"JSONata","StartAt":"Greet","States":{"Greet":{"Type":"Task","Resource":"${Greeter}","End":true}}}`)
	cli.run("s3api", "create-bucket", "--bucket", "artifacts")

	cli.refused("Requires capabilities : [CAPABILITY_IAM]", cli.deploy("--parameter-overrides", "Greeting=hello", "--capabilities", "CAPABILITY_AUTO_EXPAND")...)
	cli.refused("Parameter Greeting failed to satisfy constraint: a greeting is lower case", cli.deploy("--parameter-overrides", "Greeting=Hello", "--capabilities", "CAPABILITY_IAM")...)
	deploy := func(overrides ...string) {
		t.Helper()
		cli.run("cloudformation", "package", "--template-file", "template.yaml", "--s3-bucket", "artifacts", "--output-template-file", "packaged.yaml")
		args := []string{"--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"}
		if len(overrides) > 0 {
			args = append(append(args, "--parameter-overrides"), overrides...)
		}
		cli.run(cli.deploy(args...)...)
	}
	deploy()
	cli.want("CREATE_COMPLETE", "cloudformation", "describe-stacks", "--stack-name", "app")
	cli.want("hello world", "lambda", "invoke", "--function-name", "app-greeter:live", "/dev/stdout")
	deploy("Greeting=bye")
	cli.want("UPDATE_COMPLETE", "cloudformation", "describe-stacks", "--stack-name", "app")
	cli.want("bye", "cloudformation", "describe-stacks", "--stack-name", "app", "--query", "Stacks[0].Outputs")
	// The environment's text is the same, so SAM publishes no version: the alias stays.
	cli.want("hello world", "lambda", "invoke", "--function-name", "app-greeter:live", "/dev/stdout")
	cli.write("code/who", "moon")
	deploy()
	cli.want("bye moon", "lambda", "invoke", "--function-name", "app-greeter:live", "/dev/stdout")
	cli.want("hello world", "lambda", "invoke", "--function-name", "app-greeter:1", "/dev/stdout")
	cli.want("No changes to deploy", cli.deploy("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset")...)
	cli.run("cloudformation", "delete-stack", "--stack-name", "app")
	cli.run("cloudformation", "wait", "stack-delete-complete", "--stack-name", "app")
	cli.refused("Stack with id app does not exist", "cloudformation", "describe-stacks", "--stack-name", "app")
	cli.want("[]", "lambda", "list-functions", "--query", "Functions", "--output", "json")
}

// cli is the aws CLI with a cloud on a port, in a folder of its own.
type cli struct {
	t       *testing.T
	command string
	folder  string
	env     []string
}

func startCLI(t *testing.T, command string, o emulator.Options) *cli {
	t.Helper()
	l := loop.NewLive(1000) // done before the CLI asks: it waits half a minute before it asks again
	c := emulator.New(l, o)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx) }()
	server := httptest.NewServer(http.HandlerFunc(c.Handler().ServeHTTP))
	t.Cleanup(func() { server.Close(); stop(); <-done; c.Close() })
	return &cli{t: t, command: command, folder: t.TempDir(), env: append(os.Environ(),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_DEFAULT_OUTPUT=text", "AWS_CONFIG_FILE=/dev/null")}
}

func (c *cli) write(name, text string) {
	c.t.Helper()
	file := filepath.Join(c.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		c.t.Fatal(err)
	}
}

// deploy are the arguments that deploy the package, or the template if there is none.
func (c *cli) deploy(args ...string) []string {
	file := "packaged.yaml"
	if _, err := os.Stat(filepath.Join(c.folder, file)); err != nil {
		c.run("cloudformation", "package", "--template-file", "template.yaml", "--s3-bucket", "artifacts", "--output-template-file", file)
	}
	return append([]string{"cloudformation", "deploy", "--template-file", file, "--stack-name", "app"}, args...)
}

func (c *cli) try(args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), c.command, args...) //nolint:gosec // the aws CLI
	cmd.Env, cmd.Dir = c.env, c.folder
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *cli) run(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *cli) want(part string, args ...string) {
	c.t.Helper()
	if out := c.run(args...); !strings.Contains(out, part) {
		c.t.Errorf("aws %s: %q has no %q", strings.Join(args, " "), out, part)
	}
}

func (c *cli) refused(part string, args ...string) {
	c.t.Helper()
	if out, err := c.try(args...); err == nil || !strings.Contains(out, part) {
		c.t.Errorf("aws %s: %v, %q; want to be refused with %q", strings.Join(args, " "), err, out, part)
	}
}
