package scripts_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Sluice is installed, changed, refused, and taken away with the real aws command.
func TestDeployAndDestroy(t *testing.T) {
	t.Parallel()
	p := newPerson(t)

	p.fails("where do approvals come from? Set SLACK_SECRET", "scripts/deploy")
	p.fails("nobody is here to ask: The code needs a bucket in account 123456789012", "scripts/deploy", "APPROVALS=url")
	p.fails("Approvals is slack, so SlackSecret has to be the ARN of the secret", "scripts/deploy", "APPROVALS=slack", "YES=1")
	p.does("AWS::StepFunctions::StateMachine", "scripts/deploy", "APPROVALS=url", "PLAN=1")

	p.does("runs in account 123456789012, Region us-east-1, as stack sluice", "scripts/deploy", "APPROVALS=url")
	p.does("No changes to deploy", "scripts/deploy")

	secret := "arn:aws:secretsmanager:us-east-1:123456789012:secret:sluice/slack-AbCdEf" //nolint:gosec // the ARN of none
	p.fails("Check: Received response status [FAILED] from custom resource. Message returned: parameter SlackSecret", "scripts/deploy", "SLACK_SECRET="+secret)

	p.fails("nobody is here to ask: Take away sluice?", "scripts/destroy")
	p.does("aws dynamodb delete-table --table-name sluice-Table-", "scripts/destroy", "YES=1")
	p.does("Bucket sluice-artifacts-123456789012-us-east-1 is gone.", "scripts/destroy", "YES=1", "ARTIFACTS=1")
	p.does("There is no bucket of ours.", "scripts/destroy", "YES=1", "ARTIFACTS=1")
}

// person is somebody with the aws command, an account, and what of a checkout the
// scripts read, whose functions are built already.
type person struct {
	t      *testing.T
	folder string
	env    []string
}

func newPerson(t *testing.T) person {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the aws CLI is not installed; the tests need it where CI is true")
		}
		t.Skip("the aws CLI is not installed")
	}
	l := loop.NewLive(1000) // done before the CLI asks: it waits half a minute before it asks again
	var c *emulator.Cloud
	c = emulator.New(l, emulator.Options{Package: func(pack []byte) (lambda.Code, error) { return code(c, pack) }})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx) }()
	server := httptest.NewServer(http.HandlerFunc(c.Handler().ServeHTTP))
	t.Cleanup(func() { server.Close(); stop(); <-done; c.Close() })
	p := person{t: t, folder: t.TempDir(), env: append(os.Environ(),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE=/dev/null", "AWS_DEFAULT_OUTPUT=json")}
	for _, file := range []string{"template.yaml", "statemachine/rollout.asl.json", "infra/artifacts.yaml", "scripts/account", "scripts/deploy", "scripts/destroy"} {
		text, err := os.ReadFile(filepath.Join("..", file)) //nolint:gosec // files of ours
		if err != nil {
			t.Fatal(err)
		}
		p.write(file, text)
	}
	p.write("scripts/build", []byte("#!/bin/sh\n"))
	functions, err := os.ReadDir("../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions {
		p.write("dist/"+f.Name()+".zip", named(t, f.Name()))
	}
	return p
}

// named is a zip in whose bootstrap is the function's name.
func named(t *testing.T, name string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.WriteString(w, name)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// code is the function that a zip names, as its binary would be.
func code(c *emulator.Cloud, pack []byte) (lambda.Code, error) {
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return lambda.Code{}, err
	}
	file, err := z.Open("bootstrap")
	if err != nil {
		return lambda.Code{}, err
	}
	name, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return lambda.Code{}, err
	}
	start := func(_ context.Context, e lambda.Environment) (lambda.Handler, error) {
		settings, err := app.SettingsFrom(func(variable string) string { return e.Config.Environment[variable] })
		if err != nil {
			return nil, err
		}
		wired, err := app.New(app.World{
			AWS: c.Config(c.Lambda.AccessKey(e.Function)), HTTP: c.Web.Client(awsclient.CallTimeout), Now: c.Now, Log: slog.New(slog.DiscardHandler),
		}, settings)
		if err != nil {
			return nil, err
		}
		return wired.Handlers()[string(name)], nil
	}
	return lambda.Code{SHA256: lambda.Hash(pack), Size: int64(len(pack)), Start: start}, nil
}

func (p person) write(name string, text []byte) {
	p.t.Helper()
	file := filepath.Join(p.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o700)); err != nil { //nolint:gosec // scripts are run
		p.t.Fatal(err)
	}
}

func (p person) run(script string, env []string) (string, error) {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), filepath.Join(p.folder, script)) //nolint:gosec // our own script
	command.Env = append(append([]string{}, p.env...), env...)
	out, err := command.CombinedOutput()
	return string(out), err
}

func (p person) does(want, script string, env ...string) {
	p.t.Helper()
	if out, err := p.run(script, env); err != nil || !strings.Contains(out, want) {
		p.t.Fatalf("%s %v: %v, says\n%s\nwant %q", script, env, err, out, want)
	}
}

func (p person) fails(want, script string, env ...string) {
	p.t.Helper()
	if out, err := p.run(script, env); err == nil || !strings.Contains(out, want) {
		p.t.Fatalf("%s %v: %v, says\n%s\nwant it to fail with %q", script, env, err, out, want)
	}
}
