package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// A question whose asking took a while does not expire a whole look later: its time
// counts from where the state's timeout does.
func TestExpiresInTimeWhenAskingIsSlow(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t, func(a *rollout.Approval) { a.Expires = time.Hour })
	b.during("approve", "GetItem", 1, wire.Fault{Delay: 3 * time.Second})
	name := b.build(good, 1)
	b.untilState(name, "Approve")
	entered := b.Now()
	b.untilState(name, "Leave")
	if late := b.Now().Sub(entered.Add(time.Hour)); late < 0 || late > 10*time.Second {
		t.Errorf("it expired %v after its time, want at most ten seconds", late)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
}
