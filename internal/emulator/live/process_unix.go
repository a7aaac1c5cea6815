//go:build unix

package live

import (
	"os"
	"syscall"
)

// interrupt asks a process and its children to end.
func interrupt(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) } // gone already is as good

// end ends a process and its children.
func end(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // gone already is as good

// endedBy gives the number of the signal that ended a process, or 0.
func endedBy(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}
