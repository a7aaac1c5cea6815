package durable

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Lock locks a file, which it makes if there is none, until what it gives is closed or
// the process ends, however it ends (Win32: LockFileEx). It is ErrLocked if another
// process has it.
func Lock(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{})
	if err == nil {
		return f, nil
	}
	_ = f.Close() // it was not written
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("lock %s: %w", file, err)
}

// sync does nothing: Windows has no such call for folders, and NTFS keeps its journal of
// names in order.
func sync(string) error { return nil }
