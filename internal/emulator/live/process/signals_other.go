//go:build !unix

package process

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

// terminate ends a process at once: there is no signal that asks it to.
func terminate(p *os.Process) { kill(p) }

func kill(p *os.Process) { _ = p.Kill() } // gone already is as good

// freeze and thaw do nothing: there is no signal for them.
func freeze(*os.Process) {}
func thaw(*os.Process)   {}

func endedBy(*os.ProcessState) int { return 0 }
