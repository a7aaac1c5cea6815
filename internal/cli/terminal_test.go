package cli_test

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// onTerminal runs a command on a terminal of 120 columns and compares what it shows,
// colours and all, with a golden file.
func onTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("it takes the name of a golden file and a command, and is not negated")
	}
	program := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if found, err := exec.LookPath(filepath.Join(dir, args[1])); err == nil && program == "" {
			program = found
		}
	}
	cmd := exec.Command(program, args[2:]...) //nolint:gosec,noctx // what the script says; it ends with its terminal
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	screen, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	ts.Check(err)
	shown, _ := io.ReadAll(screen) // Linux says EIO when the other side has closed
	if err := cmd.Wait(); err != nil {
		ts.Logf("%v", err)
	}
	matches(ts, args[0], strings.ReplaceAll(string(shown), "\r\n", "\n"))
}
