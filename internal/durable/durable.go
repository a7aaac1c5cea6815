// Package durable writes files so that a crash leaves the old one or the new one, and
// locks what only one process may have.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrLocked says that another process has the lock.
var ErrLocked = errors.New("another process has it")

// Write puts a file in place of the one of that name. When it returns, the disk has it.
func Write(file string, parts ...[]byte) error {
	next := file + ".next"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	for _, part := range parts {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return sync(filepath.Dir(file))
}
