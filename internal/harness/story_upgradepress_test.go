package harness_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// press is a button of a rollout's message, pressed while the rollout is in a state.
type press struct{ state, button string }

// What people press on a message drawn before an upgrade of Sluice is understood after
// it, in every state that waits. On the way back they hear that it is too late.
func TestUpgradeWhileAMessageIsOnTheScreen(t *testing.T) {
	t.Parallel()
	approve, pause, answer := press{"Approve", "approve"}, press{"Bake", "pause"}, press{"Ask", "approve"}
	baking, released := way(begin, []string{"Shift", "Bake"}), way(begin, step, askedStep, step, finish)
	resumed := way(baking, []string{"Hold", "Bake", "Judge", "Next"}, askedStep, step, finish)
	for _, c := range []struct {
		name    string
		before  []press
		red     bool // an alarm, after them
		upgrade press
		then    []press
		path    []string
		outcome rollout.Outcome
		sees    string // who presses
	}{
		{name: "asked", upgrade: approve, then: []press{answer}, path: released, outcome: rollout.Succeeded},
		{
			name: "canary starts", before: []press{approve}, upgrade: press{"AwaitCanary", "abort"},
			path: way(begin, back), outcome: rollout.RolledBack,
		},
		{
			name: "bakes", before: []press{approve}, upgrade: press{"Bake", "promote"}, then: []press{answer},
			path: released, outcome: rollout.Succeeded,
		},
		{
			name: "bakes, paused then", before: []press{approve}, upgrade: pause, then: []press{{"Hold", "resume"}, answer},
			path: resumed, outcome: rollout.Succeeded,
		},
		{
			name: "paused", before: []press{approve, pause}, upgrade: press{"Hold", "resume"}, then: []press{answer},
			path: resumed, outcome: rollout.Succeeded,
		},
		{
			name: "paused, aborted then", before: []press{approve, pause}, upgrade: press{"Hold", "abort"},
			path: way(baking, []string{"Hold"}, back), outcome: rollout.RolledBack,
		},
		{name: "asked before a step", before: []press{approve}, upgrade: answer, path: released, outcome: rollout.Succeeded},
		{
			name: "guards", before: []press{approve, answer}, upgrade: press{"Guard", "abort"},
			path: way(begin, step, askedStep, step, []string{"Complete", "Guard"}, back), outcome: rollout.RolledBack,
		},
		{
			name: "rolls back", before: []press{approve}, red: true, upgrade: press{"Rollback", "promote"},
			path: way(baking, back), outcome: rollout.RolledBack, sees: "goes back, and there is nothing to",
		},
		{
			name: "settles", before: []press{approve}, red: true, upgrade: press{"Settle", "pause"},
			path: way(baking, back), outcome: rollout.RolledBack, sees: "goes back, and there is nothing to",
		},
		{
			name: "restores", before: []press{approve}, red: true, upgrade: press{"Restore", "promote"},
			path: way(baking, back), outcome: rollout.RolledBack, sees: "goes back, and there is nothing to",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, func(s *rollout.Spec) {
				env := &s.Environments[0]
				env.Approval, env.Steps[1].Approval, env.Operators = asking(), asking(), []string{deployers}
			})
			b.people()
			name := b.build(good, 1)
			for _, p := range c.before {
				b.drawn(name, p.state)
				b.press(ada, name, p.button)
			}
			m := b.upgradeIn(name, c.upgrade.state, c.red)
			if got := b.send(ada, m.TS, m.Blocks, c.upgrade.button); got.Status != http.StatusOK {
				t.Errorf("%s was answered %d (%s)", c.upgrade.button, got.Status, got.Body)
			}
			if c.sees != "" {
				b.wantSees(ada, c.sees)
			} else if got := b.whispers(ada); len(got) > 0 {
				t.Errorf("ada sees %q, want nothing apart", got)
			}
			for _, p := range c.then {
				b.drawn(name, p.state)
				b.press(ada, name, p.button)
			}
			b.untilEnded(name)
			b.wantPath(name, c.path...)
			b.wantOutcome(name, c.outcome)
			b.wantAtRest(map[rollout.Outcome]rollout.Slot{rollout.Succeeded: rollout.Green, rollout.RolledBack: rollout.Blue}[c.outcome], name)
			// What ran when the alias moved ends on the version that it began on.
			want := map[bool]int{true: store.Format, false: newer}[c.upgrade.state == "Restore"]
			if got := b.format(name); got != want {
				t.Errorf("the record of %s has format %d, want %d", name, got, want)
			}
		})
	}
}

// drawn runs until the rollout's message shows what it is in a state, and gives it.
func (b *box) drawn(name, state string) slack.Message {
	b.t.Helper()
	b.untilState(name, state)
	b.RunFor(10 * time.Second)
	return b.message(name)
}

// upgradeIn upgrades Sluice when the rollout is in a state, and gives the message as
// it was before. On the way back, which an alarm begins, that is the one of the bake.
func (b *box) upgradeIn(name, state string, red bool) slack.Message {
	b.t.Helper()
	if !red {
		m := b.drawn(name, state)
		b.update(newer)
		return m
	}
	m := b.drawn(name, "Bake")
	b.alarm("shop-green-5xx", "ALARM")
	b.untilState(name, state)
	b.update(newer)
	return m
}
