package rollout

import (
	"errors"
	"fmt"
)

// ErrorKind is the stable, machine-readable part of an error. Kinds are the names
// that the state machine catches and retries.
type ErrorKind string

// The kinds.
const (
	// KindRefused: a rollout may not begin; nothing was moved.
	KindRefused ErrorKind = "Refused"
	// KindRejected: a person, or an expiry, said no.
	KindRejected ErrorKind = "Rejected"
	// KindUnapproved: nobody has approved what is about to be done.
	KindUnapproved ErrorKind = "Unapproved"
	// KindSuperseded: a newer release took this one's place.
	KindSuperseded ErrorKind = "Superseded"
	// KindUnneeded: a rollback whose release has no traffic to leave.
	KindUnneeded ErrorKind = "Unneeded"
	// KindLockLost: another execution owns the environment; nothing more may be written.
	KindLockLost ErrorKind = "LockLost"
	// KindAlarmRed: an alarm went red during the rollout.
	KindAlarmRed ErrorKind = "AlarmRed"
	// KindVerdictFailed: the judge did not pass the canary.
	KindVerdictFailed ErrorKind = "VerdictFailed"
	// KindCanaryFailed: the canary did not become healthy.
	KindCanaryFailed ErrorKind = "CanaryFailed"
	// KindNotReady: the canary is not yet as large and healthy as it has to be.
	KindNotReady ErrorKind = "NotReady"
	// KindForeignWrite: somebody else changed the weights of our rule.
	KindForeignWrite ErrorKind = "ForeignWrite"
	// KindRuleChanged: the rule does not forward to exactly our two target groups any more.
	KindRuleChanged ErrorKind = "RuleChanged"
	// KindAborted: a person, or a rollback rollout, ended this one.
	KindAborted ErrorKind = "Aborted"
	// KindClosed: a freeze, or the windows, keep a rollout from beginning.
	KindClosed ErrorKind = "Closed"
	// KindPaused: a person paused a bake.
	KindPaused ErrorKind = "Paused"
	// KindDirty: what is there cannot be put right without a person.
	KindDirty ErrorKind = "Dirty"
	// KindThrottled: AWS asked for fewer calls.
	KindThrottled ErrorKind = "Throttled"
	// KindUnavailable: AWS, or the way to it, did not answer.
	KindUnavailable ErrorKind = "Unavailable"
	// KindDenied: our own permissions do not allow the call.
	KindDenied ErrorKind = "Denied"
	// KindNotFound: what a name points to is not there.
	KindNotFound ErrorKind = "NotFound"
	// KindEventInvalid: an event that cannot be understood or followed.
	KindEventInvalid ErrorKind = "EventInvalid"
	// KindSpecInvalid: a spec that cannot be followed.
	KindSpecInvalid ErrorKind = "SpecInvalid"
	// KindNewerFormat: what is in the table, or what the machine sends, is from a newer Sluice than this one.
	KindNewerFormat ErrorKind = "NewerFormat"
	// KindInternal: a mistake of ours.
	KindInternal ErrorKind = "Internal"
)

// Error is a kind for machines and a sentence for people, which says what is
// wrong and what to do.
type Error struct {
	Kind    ErrorKind
	Message string
	Err     error // the cause, if there is one
}

// Errorf makes an error of a kind. A %w operand becomes its cause.
func Errorf(kind ErrorKind, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the outermost Error in err's chain; KindInternal if there
// is none, "" for nil.
func KindOf(err error) ErrorKind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
