//go:build unix

package process

import (
	"os"
	"syscall"
)

func terminate(p *os.Process) { signal(p, syscall.SIGTERM) }
func kill(p *os.Process)      { signal(p, syscall.SIGKILL) }
func freeze(p *os.Process)    { signal(p, syscall.SIGSTOP) }
func thaw(p *os.Process)      { signal(p, syscall.SIGCONT) }

// signal reaches a process and its children.
func signal(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) } // gone already is as good

// endedBy gives the number of the signal that ended a process, or 0.
func endedBy(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}
