package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// built is the sluice binary, and a folder in which it finds the functions' packages
// ready where it would build them: a module of Sluice's name, whose scripts/build copies.
type built struct{ binary, source string }

func build(t *testing.T) built {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds every function")
	}
	if _, err := exec.LookPath("go"); (err != nil || runtime.GOOS != "linux") && os.Getenv("CI") != "true" {
		t.Skip("functions that are processes need Linux, and Go to build them")
	}
	b := command(t)
	folder := filepath.Dir(b.binary)
	packages, scripts := filepath.Join(folder, "packages"), filepath.Join(b.source, "scripts")
	if err := localcloud.BuildFunctions(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(scripts, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		filepath.Join(b.source, "go.mod"): "module github.com/sluice-deploy/sluice\n",
		filepath.Join(scripts, "build"):   "#!/bin/sh\nexec cp '" + packages + "'/*.zip \"$DIST\"\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	return b
}

// command is the sluice binary alone.
func command(t *testing.T) built {
	t.Helper()
	folder := t.TempDir()
	b := built{binary: filepath.Join(folder, "sluice"), source: filepath.Join(folder, "source")}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", b.binary, ".").CombinedOutput(); err != nil { //nolint:gosec // this command
		t.Fatalf("build the command: %v\n%s", err, out)
	}
	if err := os.MkdirAll(b.source, 0o700); err != nil {
		t.Fatal(err)
	}
	return b
}

// running is a sluice command with a home and a temporary folder of its own.
type running struct {
	t         *testing.T
	cmd       *exec.Cmd
	temporary string
	lines     *bufio.Scanner
	said      []string
	errs      strings.Builder
}

func (b built) start(t *testing.T, args ...string) *running {
	t.Helper()
	home := t.TempDir()
	r := &running{t: t, temporary: t.TempDir(), cmd: exec.CommandContext(t.Context(), b.binary, args...)} //nolint:gosec // this command
	r.cmd.Dir, r.cmd.Stderr = b.source, &r.errs
	r.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home, "TMPDIR="+r.temporary,
		"GOCACHE="+filepath.Join(home, "go"), "GOFLAGS=", "GOWORK=off")
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewScanner(out)
	return r
}

// await reads what the command prints, up to a line that matches.
func (r *running) await(pattern string) string {
	r.t.Helper()
	wanted := regexp.MustCompile(pattern)
	for r.lines.Scan() {
		r.said = append(r.said, r.lines.Text())
		if wanted.MatchString(r.lines.Text()) {
			return r.lines.Text()
		}
	}
	r.t.Fatalf("it has not printed %q but:\n%s\n%s", pattern, strings.Join(r.said, "\n"), r.errs.String())
	return ""
}

// with is the processes of this machine that have a part in their environment.
func (r *running) with(part string) []string {
	r.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		r.t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a process of this machine
		if err == nil && strings.Contains(string(text), part) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// functions is the processes of the command's functions.
func (r *running) functions() []string {
	return r.with("LAMBDA_TASK_ROOT=" + r.temporary + "/sluice-functions-")
}

// awaitFunction waits until a function is a process.
func (r *running) awaitFunction() {
	r.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); len(r.functions()) == 0; {
		if time.Now().After(deadline) {
			r.t.Fatal("no function has become a process")
		}
		<-time.After(time.Millisecond)
	}
}

// end sends the signal, and fails the test unless the command ends with the status and
// leaves nothing behind.
func (r *running) end(signal syscall.Signal, status int) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(signal); err != nil {
		r.t.Fatal(err)
	}
	for r.lines.Scan() {
		r.said = append(r.said, r.lines.Text())
	}
	_ = r.cmd.Wait() // its status is looked at
	processes := r.with(r.temporary)
	if got := r.cmd.ProcessState.ExitCode(); got != status {
		r.t.Errorf("%s, want exit status %d; it said\n%s\n%s", r.cmd.ProcessState, status, strings.Join(r.said, "\n"), r.errs.String())
	}
	if len(processes) > 0 {
		r.t.Errorf("it left the processes %q", processes)
	}
	files, err := filepath.Glob(filepath.Join(r.temporary, "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	if len(files) > 0 {
		r.t.Errorf("it left the files %q", files)
	}
}

// Whatever signal ends a command whose functions are processes, and whenever it comes,
// nothing is left behind. One at a time: each has many processes.
func TestSignals(t *testing.T) {
	b := build(t)
	demo := []string{"demo", "--lambda=process", "--plain"}
	for name, test := range map[string]struct {
		args   []string
		signal syscall.Signal
		status int
		when   func(r *running)
	}{
		"SIGINT while functions start": {demo, syscall.SIGINT, 130, (*running).awaitFunction},
		"SIGTERM while a rollout runs": {demo, syscall.SIGTERM, 130, inRollout},
		"SIGHUP to the local cloud":    {[]string{"local", "--lambda=process"}, syscall.SIGHUP, 0, inLocalCloud},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.start(t, test.args...)
			test.when(r)
			r.end(test.signal, test.status)
		})
	}
}

// inRollout waits until a task of a rollout starts.
func inRollout(r *running) {
	r.await(`AwaitCanary: waits`)
	if len(r.functions()) == 0 {
		r.t.Fatal("no function is a process")
	}
}

// inLocalCloud waits until the local cloud says that it runs, and reads what functions print.
func inLocalCloud(r *running) {
	logs := strings.TrimPrefix(strings.TrimSpace(r.await(`curl http\S+/_sluice/logs$`)), "curl ")
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, logs, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		r.t.Errorf("%s = %d %s, error %v; want what functions printed", logs, resp.StatusCode, text, err)
	}
	if len(r.functions()) == 0 {
		r.t.Error("no function is a process")
	}
}
