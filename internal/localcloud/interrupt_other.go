//go:build !unix

package localcloud

import "os/exec"

// interruptible does nothing: there is no signal that asks a command to end.
func interruptible(*exec.Cmd) {}
