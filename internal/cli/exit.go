package cli

import (
	"errors"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Exit statuses. docs/cli.md lists them for scripts.
const (
	exitOK          = 0
	exitFailed      = 1   // it did not work
	exitUsage       = 2   // the command line or a file given in it is wrong
	exitRolledBack  = 3   // the rollout that was waited for went back
	exitRejected    = 4   // somebody said no
	exitSuperseded  = 5   // a newer release took its place
	exitRefused     = 6   // Sluice did not begin it
	exitDirty       = 7   // it needs a person
	exitTimedOut    = 8   // it was waited for long enough
	exitInterrupted = 130 // by Ctrl-C
)

// statusError is an error with an exit status of its own.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// statusOf is the exit status of what a command gave.
func statusOf(err error) int {
	var usage *usageError
	var status *statusError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &status):
		return status.status
	case rollout.KindOf(err) == rollout.KindRefused:
		return exitRefused
	default:
		return exitFailed
	}
}
