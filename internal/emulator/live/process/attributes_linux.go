package process

import "syscall"

// attributes gives a process a group of its own, and has Linux kill it when the
// emulator ends, however it ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
