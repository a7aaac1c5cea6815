package foreground

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// take locks a state's file until what it gives is closed or the process ends, however it
// ends. The lock is on a file beside it, which stays: the state's own is replaced.
// Windows frees what a process has locked when it ends (Win32: LockFileEx).
func take(file string) (*os.File, error) {
	f, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return nil, fmt.Errorf("lock the state: %w", err)
	}
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{}); err != nil {
		_ = f.Close() // it was not written
		return nil, rollout.Errorf(rollout.KindRefused, "another sluice works with %s: wait until it has ended: %w", file, err)
	}
	return f, nil
}

// sync does nothing: Windows has no such call for folders, and NTFS keeps its journal of
// names in order.
func sync(string) error { return nil }
