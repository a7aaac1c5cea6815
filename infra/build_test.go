package infra_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
)

const registry = account + ".dkr.ecr." + region + ".amazonaws.com"

// docker stands in for Docker: it notes how it is called, and a push looks whether the
// registry has the image and puts a manifest into the local cloud's ECR. FAIL names what
// fails.
const docker = `#!/usr/bin/env bash
echo "$*" >> "$NOTES"
if [ "$1" = "$FAIL" ]; then echo "docker $1: refused" >&2; exit 1; fi
case $1 in
login) cat > /dev/null ;;
push)
  repository=${2%:*}
  aws ecr batch-get-image --repository-name "${repository#*/}" --image-ids imageTag="${2##*:}" > /dev/null || exit 1
  aws ecr put-image --repository-name "${repository#*/}" --image-tag "${2##*:}" \
    --image-manifest-media-type application/vnd.oci.image.manifest.v1+json \
    --image-manifest "{\"schemaVersion\":2,\"annotations\":{\"ref\":\"$2\"}}" > /dev/null ;;
esac
`

// hurried stands in for the aws CLI where a build fails before it matters: it starts
// a hundred times as fast.
const hurried = `#!/usr/bin/env bash
case "$1 $2" in
"ecr get-login-password") echo token ;;
*) exit 254 ;;
esac
`

// workshop is where a build's shell runs: a repository with commits, Docker's
// stand-in, and the local cloud on a port. What is asked for there is decided by the
// policies of the roles that a template makes.
type workshop struct {
	t           *testing.T
	folder      string
	tools       string // of its own, before all others
	environment []string
	cloud       *emulator.Cloud
	url         string          // of its port
	stacks      []harness.Stack // whose roles' grants are accounted for
	images      string          // name of the repository of images
	pushed      bool            // whether the pipeline's source has commits; read and written on the loop
	refuse      bool            // whether EventBridge takes no event

	actions sync.WaitGroup // of pipelines, that run

	mu     sync.Mutex
	events []map[string]any // what was put
}

// newWorkshop is one with nothing in its cloud.
func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{t: t, images: "shop"}
	w.open(emulator.New(live(t), emulator.Options{}))
	return w
}

// live is a loop that runs until the test has ended.
func live(t *testing.T) *loop.Loop {
	t.Helper()
	l := loop.NewLive(1)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = l.Run(ctx) // it ends with its context
	}()
	t.Cleanup(func() { stop(); <-ended })
	return l
}

// open puts the cloud on a port and makes the repository and the tools.
func (w *workshop) open(c *emulator.Cloud) {
	w.t.Helper()
	for _, name := range []string{"bash", "git", "make", "jq", "aws"} {
		tool(w.t, name)
	}
	w.cloud, w.folder, w.tools = c, w.t.TempDir(), w.t.TempDir()
	w.account()
	handler := c.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if strings.HasSuffix(in.Header.Get("X-Amz-Target"), ".PutEvents") && w.refuse {
			out.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = io.WriteString(out, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"Rate exceeded"}]}`)
			return
		}
		handler.ServeHTTP(out, in)
	}))
	w.t.Cleanup(server.Close)
	c.Do(func() { c.Observe = w.observe })
	w.url = server.URL
	w.program("docker", docker)
	w.environment = []string{
		"PATH=" + w.tools + ":" + os.Getenv("PATH"), "HOME=" + w.tools, "NOTES=" + filepath.Join(w.tools, "notes"), "FAIL=none",
		"AWS_ENDPOINT_URL=" + w.url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_MAX_ATTEMPTS=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Dana", "GIT_AUTHOR_EMAIL=dana@example.com", "GIT_COMMITTER_NAME=Dana", "GIT_COMMITTER_EMAIL=dana@example.com",
	}
	w.commit("Makefile", "test:\n\t@echo tests pass\n", "Begin")
}

// program puts one before those that the machine has.
func (w *workshop) program(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.tools, name)
	write(w.t, path, []byte(text))
	if err := os.Chmod(path, 0o700); err != nil { //nolint:gosec // it is run
		w.t.Fatal(err)
	}
}

// observe notes the events that builds have put.
func (w *workshop) observe(_ *wire.Call, in, _ any, err error) {
	put, is := in.(*eventbridge.PutEventsInput)
	if !is || err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, entry := range put.Entries {
		var detail map[string]any
		if aws.ToString(entry.Source) != "sluice.build" {
			continue
		}
		if err := json.Unmarshal([]byte(*entry.Detail), &detail); err != nil {
			w.t.Errorf("detail: %v", err)
		}
		w.events = append(w.events, map[string]any{"source": *entry.Source, "type": *entry.DetailType, "detail": detail})
	}
}

// commit puts a file into the repository and gives the commit.
func (w *workshop) commit(name, text, message string) string {
	w.t.Helper()
	write(w.t, filepath.Join(w.folder, name), []byte(text))
	if _, err := os.Stat(filepath.Join(w.folder, ".git")); err != nil {
		w.must("git", "init", "--quiet", "--initial-branch=main")
	}
	w.must("git", "add", name)
	w.must("git", "commit", "--quiet", "--message", message)
	return strings.TrimSpace(w.must("git", "rev-parse", "HEAD"))
}

func (w *workshop) must(program string, arguments ...string) string {
	w.t.Helper()
	out, err := run(w.t, w.folder, w.environment, program, arguments...)
	if err != nil {
		w.t.Fatalf("%s %v: %v\n%s", program, arguments, err, out)
	}
	return out
}

// shell runs commands one by one, as a CI does: each in a shell of its own that has
// what those before have exported. It stops at the first that fails.
func (w *workshop) shell(commands []string, environment ...string) (string, error) {
	w.t.Helper()
	state := filepath.Join(w.t.TempDir(), "state")
	write(w.t, state, nil)
	var all strings.Builder
	for _, command := range commands {
		script := "source " + state + "\n" + command + "\nexport -p > " + state + "\n"
		out, err := run(w.t, w.folder, slices.Concat(w.environment, environment), "bash", "-e", "-c", script)
		all.WriteString(out)
		if err != nil {
			return all.String(), err
		}
	}
	return all.String(), nil
}

// notes are the calls of Docker.
func (w *workshop) notes() []string {
	w.t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(w.environment[2], "NOTES="))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// digest is that of an image in ECR.
func (w *workshop) digest(tag string) string {
	w.t.Helper()
	out, err := ecr.NewFromConfig(w.cloud.Config("AKIAPERSON")).BatchGetImage(w.t.Context(), &ecr.BatchGetImageInput{
		RepositoryName: &w.images, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &tag}},
	})
	if err != nil || len(out.Images) != 1 {
		w.t.Fatalf("image %s: %v, %v", tag, out, err)
	}
	return *out.Images[0].ImageId.ImageDigest
}

const buildARN = "arn:aws:codebuild:us-east-1:123456789012:build/shop-build:8745a7a9-c340-456a-9166-edf953571be0"

// project makes the project of infra/pipeline.yaml, whose builds the workshop does.
func (w *workshop) project() *workshop {
	w.t.Helper()
	w.install("infra/pipeline.yaml", parameters{"Repository": "shop", "Deploy": "event"})
	return w
}

// build runs a build of that project, with the environment and the role that it has.
func (w *workshop) build(environment ...string) (string, error) {
	w.t.Helper()
	out, err := codebuild.NewFromConfig(w.cloud.Config("AKIAPERSON")).BatchGetProjects(w.t.Context(), &codebuild.BatchGetProjectsInput{Names: []string{"shop-build"}})
	if err != nil || len(out.Projects) != 1 {
		w.t.Fatalf("the project: %v, %v", out, err)
	}
	p := out.Projects[0]
	var key string
	w.cloud.Do(func() { key, err = w.cloud.Assume("codebuild", *p.ServiceRole, *p.Arn, "AWSCodeBuild-8745a7a9") })
	if err != nil {
		w.t.Fatal(err)
	}
	return w.run(key, buildARN, p.Environment.EnvironmentVariables, environment...)
}

// run runs the buildspec's phases as CodeBuild does: after a phase that failed and
// does not abort, post_build still comes.
func (w *workshop) run(accessKey, build string, variables []buildtypes.EnvironmentVariable, more ...string) (string, error) {
	spec := parsed(w.t, "infra/buildspec.yml")
	phases := spec["phases"].(map[string]any)
	var commands []string
	for _, name := range []string{"install", "pre_build", "build", "post_build"} {
		phase, _ := phases[name].(map[string]any)
		for _, c := range list(phase["commands"]) {
			commands = append(commands, c.(string))
		}
	}
	for _, name := range list(spec["env"].(map[string]any)["exported-variables"]) {
		commands = append(commands, fmt.Sprintf("echo \"%s=$%s\" >> \"$EXPORTED\"", name, name))
	}
	environment := append(w.credentials(accessKey),
		"CODEBUILD_BUILD_ARN="+build, "CODEBUILD_BUILD_SUCCEEDING=1", "CODEBUILD_SOURCE_REPO_URL=https://github.com/example/shop.git", "EXPORTED=/dev/null")
	for _, v := range variables {
		environment = append(environment, *v.Name+"="+aws.ToString(v.Value))
	}
	return w.shell(commands, append(environment, more...)...)
}

func list(value any) []any {
	out, _ := value.([]any)
	return out
}

// TestBuildspecIsOne looks at what CodeBuild reads.
func TestBuildspecIsOne(t *testing.T) {
	t.Parallel()
	spec := parsed(t, "infra/buildspec.yml")
	for key := range spec {
		if !slices.Contains([]string{"version", "env", "phases", "artifacts"}, key) {
			t.Errorf("buildspec.yml has %q, which is no key of a buildspec", key)
		}
	}
	for phase, body := range spec["phases"].(map[string]any) {
		if !slices.Contains([]string{"install", "pre_build", "build", "post_build"}, phase) {
			t.Errorf("phase %q is none of CodeBuild's", phase)
		}
		for key := range body.(map[string]any) {
			if !slices.Contains([]string{"commands", "on-failure", "finally"}, key) {
				t.Errorf("phase %s has %q, which no phase has", phase, key)
			}
		}
	}
	if spec["version"] != 0.2 {
		t.Errorf("version is %v, want 0.2", spec["version"])
	}
}

// TestBuild builds a commit, and then the same one again.
func TestBuild(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t).project()
	commit := w.commit("main.go", "package main\n", `Say "hello", 'twice' \ and a	tab`)
	for range 2 {
		if out, err := w.build(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	image := registry + "/shop:" + commit[:12]
	want := []string{"login --username AWS --password-stdin " + registry, "build --pull --tag " + image + " .", "push " + image}
	if diff := cmp.Diff(append(want, want[0]), w.notes()); diff != "" {
		t.Errorf("Docker was called (-want +got):\n%s", diff)
	}
	pinned := registry + "/shop@" + w.digest(commit[:12])
	definitions, err := os.ReadFile(filepath.Join(w.folder, "imagedefinitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	if err := json.Unmarshal(definitions, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]string{{"name": "web", "imageUri": pinned}}, got); diff != "" {
		t.Errorf("imagedefinitions.json (-want +got):\n%s", diff)
	}
	first := strings.TrimSpace(w.must("git", "rev-parse", "HEAD~1"))
	event := map[string]any{"source": "sluice.build", "type": "Sluice Build Succeeded", "detail": map[string]any{
		"app": "shop", "build": buildARN, "images": map[string]any{"web": pinned}, "commit": commit, "author": "dana@example.com",
		"committedAt": w.committedAt(commit), "repository": "https://github.com/example/shop",
		"commits": []any{
			map[string]any{"id": commit, "author": "dana@example.com", "message": `Say "hello", 'twice' \ and a tab`},
			map[string]any{"id": first, "author": "dana@example.com", "message": "Begin"},
		},
	}}
	if diff := cmp.Diff([]map[string]any{event, event}, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// committedAt is when a commit was made.
func (w *workshop) committedAt(commit string) string {
	w.t.Helper()
	return strings.TrimSpace(w.must("git", "show", "--no-patch", "--format=%cI", commit))
}

// TestBuildThatFails puts no event, and says why.
func TestBuildThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(w *workshop)
		environment []string
		says        string
	}{
		"the login":      {nil, []string{"FAIL=login"}, "docker login: refused"},
		"the build":      {nil, []string{"FAIL=build"}, "docker build: refused"},
		"the push":       {nil, []string{"FAIL=push"}, "docker push: refused"},
		"the tests":      {func(w *workshop) { w.commit("Makefile", "test:\n\t@echo no; false\n", "Break") }, nil, "no"},
		"no commit":      {func(w *workshop) { w.must("rm", "-rf", ".git") }, nil, "No commit is here"},
		"a phase before": {nil, []string{"CODEBUILD_BUILD_SUCCEEDING=0"}, ""},
		"EventBridge":    {func(w *workshop) { w.refuse = true }, nil, `EventBridge did not take the event: [{"ErrorCode":"ThrottlingException"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t).project()
			if c.change != nil {
				c.change(w)
			}
			if !w.refuse {
				w.program("aws", hurried)
			}
			out, err := w.build(c.environment...)
			if err == nil || !strings.Contains(out, c.says) {
				t.Errorf("build: %v, want a failure that says %q\n%s", err, c.says, out)
			}
			if len(w.events) > 0 {
				t.Errorf("%d events were put", len(w.events))
			}
		})
	}
}

// TestBuildBeforeAStage leaves it to the pipeline's stage to start the deployment.
func TestBuildBeforeAStage(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t).project()
	if out, err := w.build("SLUICE_EVENT=false"); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if len(w.events) > 0 {
		t.Errorf("events %v were put beside the stage", w.events)
	}
}
