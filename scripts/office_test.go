package scripts_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/creack/pty"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

// office is where somebody sits with the aws command, an account, and what of a
// checkout the scripts read, whose functions are built already.
type office struct {
	t      *testing.T
	cloud  *emulator.Cloud
	folder string
	env    []string
}

func newOffice(t *testing.T) office {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the aws CLI is not installed; the tests need it where CI is true")
		}
		t.Skip("the aws CLI is not installed")
	}
	l := loop.NewLive(100)
	var c *emulator.Cloud
	c = emulator.New(l, emulator.Options{Package: func(pack []byte) (lambda.Code, error) { return code(c, pack) }})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx) }()
	c.Do(func() { slack.New(l, c.Web, slack.Options{Token: "xoxb-right"}) })
	server := httptest.NewServer(patient(c))
	t.Cleanup(func() { server.Close(); stop(); <-done; c.Close() })
	o := office{t: t, cloud: c, folder: t.TempDir(), env: append(os.Environ(),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_DEFAULT_OUTPUT=json", "PATH="+path(t))}
	for _, file := range []string{"template.yaml", "statemachine/rollout.asl.json", "infra/artifacts.yaml", "scripts/account", "scripts/deploy", "scripts/destroy"} {
		text, err := os.ReadFile(filepath.Join("..", file)) //nolint:gosec // files of ours
		if err != nil {
			t.Fatal(err)
		}
		o.write(file, text)
	}
	o.write("scripts/build", []byte("#!/bin/sh\n"))
	functions, err := os.ReadDir("../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions {
		o.write("dist/"+f.Name()+".zip", named(t, f.Name()))
	}
	return o
}

// path is the PATH, on which the aws command comes before what stands in for it where
// pyenv installed it: that takes longer than the command itself.
func path(t *testing.T) string {
	t.Helper()
	found, err := exec.CommandContext(t.Context(), "pyenv", "which", "aws").Output()
	if err != nil {
		return os.Getenv("PATH") // without pyenv
	}
	return filepath.Dir(string(found)) + string(os.PathListSeparator) + os.Getenv("PATH")
}

// patient is the cloud, whose answers to what changes a stack travel until the stack is
// at rest. The CLI looks at once whether it is, and then only every half a minute.
func patient(c *emulator.Cloud) http.Handler {
	changing := regexp.MustCompile(`\bAction=(CreateChangeSet|ExecuteChangeSet|DeleteStack)\b`)
	stacks := cloudformation.NewFromConfig(c.Config("local"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !changing.Match(body) {
			c.Handler().ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		c.Handler().ServeHTTP(answer, r)
		for again := true; again; again = moving(r.Context(), stacks) {
			later := make(chan struct{})
			c.After(10*time.Second, func() { close(later) })
			<-later
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// moving tells whether a stack is being changed.
func moving(ctx context.Context, client *cloudformation.Client) bool {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
	if err != nil {
		return false
	}
	for _, s := range out.Stacks {
		if status := string(s.StackStatus); strings.HasSuffix(status, "_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS" {
			return true
		}
	}
	return false
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

func (o office) write(name string, text []byte) {
	o.t.Helper()
	file := filepath.Join(o.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o700)); err != nil { //nolint:gosec // scripts are run
		o.t.Fatal(err)
	}
}

// run runs a script with nobody at the terminal.
func (o office) run(script string, env []string) (string, error) {
	o.t.Helper()
	out, err := o.command(script, env).CombinedOutput()
	return string(out), err
}

// command is a script, whose first word may be followed by options.
func (o office) command(script string, env []string) *exec.Cmd {
	words := strings.Fields(script)
	command := exec.CommandContext(o.t.Context(), filepath.Join(o.folder, words[0]), words[1:]...) //nolint:gosec // our own script
	command.Env = append(append([]string{}, o.env...), env...)
	return command
}

// does wants a script to succeed, and to say all that is wanted.
func (o office) does(script string, env []string, wants ...string) {
	o.t.Helper()
	out, err := o.run(script, env)
	if err != nil || !says(out, wants) {
		o.t.Fatalf("%s %v: %v, says\n%s\nwant it to say %q", script, env, err, out, wants)
	}
}

// fails wants a script to fail, and to say all that is wanted.
func (o office) fails(script string, env []string, wants ...string) {
	o.t.Helper()
	out, err := o.run(script, env)
	if err == nil || !says(out, wants) {
		o.t.Fatalf("%s %v: %v, says\n%s\nwant it to fail with %q", script, env, err, out, wants)
	}
}

func says(out string, wants []string) bool {
	for _, want := range wants {
		if !strings.Contains(out, want) {
			return false
		}
	}
	return true
}

// answers runs a script at a terminal: whenever a question stands there, its answer is
// typed. It gives what the terminal showed.
func (o office) answers(script string, env []string, questions ...[2]string) (string, error) {
	o.t.Helper()
	command := o.command(script, env)
	terminal, err := pty.Start(command)
	if err != nil {
		o.t.Fatal(err)
	}
	var shown bytes.Buffer
	piece := make([]byte, 4096)
	for {
		n, err := terminal.Read(piece)
		shown.Write(piece[:n])
		if len(questions) > 0 && strings.Contains(shown.String(), questions[0][0]) {
			if _, err := io.WriteString(terminal, questions[0][1]+"\n"); err != nil {
				o.t.Fatal(err)
			}
			questions = questions[1:]
		}
		if err != nil { // EIO, once nobody has the other end
			break
		}
	}
	err = errors.Join(command.Wait(), terminal.Close())
	if len(questions) > 0 {
		o.t.Fatalf("%s %v: %v, never asked %q, but showed\n%s", script, env, err, questions[0][0], shown.String())
	}
	return shown.String(), err
}
