package rollout_test

import (
	"testing"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// A deployment through staging, one step, and production, 10/50/100, costs less than
// 0.2 US cent.
func TestDollars(t *testing.T) {
	t.Parallel()
	plan := func(steps int) rollout.Plan { return rollout.Plan{Steps: make([]rollout.Step, steps)} }
	both := plan(1).Usage().Add(plan(3).Usage())
	if want := (rollout.Usage{Transitions: 32, Invocations: 50, Events: 14, Reads: 196, Writes: 90}); both != want {
		t.Errorf("usage %+v, want %+v", both, want)
	}
	if got := both.Dollars(); got < 0.0008 || got >= 0.002 {
		t.Errorf("%v dollars; 32 transitions alone cost 0.0008, and 0.002 is the most that it may cost", got)
	}
}
