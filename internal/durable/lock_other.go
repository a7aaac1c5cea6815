//go:build !unix

package durable

import "os"

// Lock is ErrNoLocks.
func Lock(string) (*os.File, error) { return nil, ErrNoLocks }
