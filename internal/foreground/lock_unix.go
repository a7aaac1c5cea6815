//go:build unix

package foreground

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// take locks a state's file until what it gives is closed or the process ends, however it
// ends. The lock is on a file beside it, which stays: the state's own is replaced.
func take(file string) (*os.File, error) {
	f, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return nil, fmt.Errorf("lock the state: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // it was not written
		return nil, rollout.Errorf(rollout.KindRefused, "another sluice works with %s: wait until it has ended: %w", file, err)
	}
	return f, nil
}

// sync has the disk know a folder's names.
func sync(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // the person's folder
	if err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return nil
}
