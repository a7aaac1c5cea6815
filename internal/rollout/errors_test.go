package rollout_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	inner := rollout.Errorf(rollout.KindThrottled, "slow down")
	for _, c := range []struct {
		name string
		err  error
		want rollout.ErrorKind
	}{
		{"nil", nil, ""},
		{"none of ours", io.EOF, rollout.KindInternal},
		{"ours", inner, rollout.KindThrottled},
		{"wrapped", fmt.Errorf("set weights: %w", inner), rollout.KindThrottled},
		{"the outermost counts", rollout.Errorf(rollout.KindRefused, "begin: %w", inner), rollout.KindRefused},
		{"joined", errors.Join(io.EOF, inner), rollout.KindThrottled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rollout.KindOf(c.err); got != c.want {
				t.Errorf("kind is %q, want %q", got, c.want)
			}
		})
	}
}

func TestErrorf(t *testing.T) {
	t.Parallel()
	err := rollout.Errorf(rollout.KindDenied, "read %s: %w", "rule", io.ErrUnexpectedEOF)
	if got, want := err.Error(), "read rule: unexpected EOF"; got != want {
		t.Errorf("message is %q, want %q", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is not in the chain")
	}
	if plain := rollout.Errorf(rollout.KindDenied, "no cause"); errors.Unwrap(plain) != nil {
		t.Errorf("an error without a cause unwraps to %v", errors.Unwrap(plain))
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	outcomes := map[rollout.ErrorKind]rollout.Outcome{
		rollout.KindSuperseded: rollout.Superseded,
		rollout.KindRefused:    rollout.Refused,
		rollout.KindUnneeded:   rollout.Succeeded,
		rollout.KindDirty:      rollout.Dirty,
		rollout.KindAlarmRed:   rollout.RolledBack,
		rollout.KindAborted:    rollout.RolledBack,
		rollout.KindInternal:   rollout.RolledBack,
		"States.Timeout":       rollout.RolledBack,
	}
	for kind, want := range outcomes {
		if got := rollout.Ended(kind); got != want {
			t.Errorf("an error of kind %s ends %s, want %s", kind, got, want)
		}
	}
}
