//go:build unix

package localcloud

import (
	"errors"
	"syscall"
)

// alive reports whether a process runs; another user's, which may not be signalled,
// does too.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
