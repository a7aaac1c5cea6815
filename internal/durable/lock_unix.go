//go:build unix

package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock locks a file, which it makes if there is none, until what it gives is closed or
// the process ends, however it ends. It is ErrLocked if another process has it.
func Lock(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // it was not written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("lock %s: %w", file, err)
}

// sync has the disk know a folder's names.
func sync(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // the person's folder
	if err != nil {
		return fmt.Errorf("write to %s: %w", folder, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write to %s: %w", folder, err)
	}
	return nil
}
