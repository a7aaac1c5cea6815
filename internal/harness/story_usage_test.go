package harness_test

import (
	"fmt"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// What a plan says that a rollout takes is what it takes.
func TestUsageOfARollout(t *testing.T) {
	t.Parallel()
	for steps := 1; steps <= 3; steps++ {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Steps = s.Environments[0].Steps[3-steps:] })
			used := b.usage()
			name := b.roll(good)
			used.Transitions = b.transitions(name)
			want := rollout.Plan{Steps: make([]rollout.Step, steps)}.Usage()
			// Whether a notice finds an earlier one still under way may cost or save a few requests.
			near := func(got, want int) bool { return got <= want && 10*got >= 9*want }
			if used.Transitions != want.Transitions || used.Events != want.Events || !near(used.Invocations, want.Invocations) ||
				!near(used.Reads, want.Reads) || !near(used.Writes, want.Writes) {
				t.Errorf("the rollout took %+v, Plan.Usage says %+v", *used, want)
			}
		})
	}
}

// usage counts what Sluice's functions do from now on, but for the machine's transitions.
func (b *box) usage() *rollout.Usage {
	var u rollout.Usage
	b.Faults.Function = func(string, int) lambda.FunctionFault {
		u.Invocations++
		return lambda.FunctionFault{}
	}
	b.observe(func(c *wire.Call, _, _ any, _ error) {
		if b.caller(c) == "" {
			return
		}
		switch c.Operation {
		case "GetItem", "Query":
			u.Reads++
		case "PutItem", "UpdateItem", "DeleteItem":
			u.Writes++
		case "TransactWriteItems":
			u.Writes += 6 // three items, each twice
		case "PutEvents":
			u.Events++
		}
	})
	return &u
}
