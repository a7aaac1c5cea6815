//go:build unix

package localcloud

import (
	"os/exec"
	"syscall"
	"time"
)

// interruptible has the end of the command's context reach the command and its
// children as Ctrl-C does, so that they clean up behind themselves.
func interruptible(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
}
