package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// The answer to a token's write is lost, and the SDK writes it again: it is the
// same attempt, which goes on to look.
func TestAnswerOfTheTokenLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.during("bake", "UpdateItem", 1, wire.Fault{LoseAnswer: true})
	b.after("shift", "ModifyRule", func() { b.alarmNow("shop-green-5xx", red) })
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	began := b.Now()
	b.untilEnded(name)
	b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
	if took := b.Now().Sub(began); took > 2*time.Minute {
		t.Errorf("it went back only after %v: the bake did not look", took)
	}
}

// The same when a release takes its place in the queue: the guard still yields.
func TestAnswerOfTheQueueLost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Guard")
	began := b.Now()
	requests := 0
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation != "UpdateItem" || b.Lambda.Caller(c.AccessKey) != "sluice-lock" {
			return nil
		}
		if requests++; requests == 2 { // the first asks for the lock, the second queues
			return &wire.Fault{LoseAnswer: true}
		}
		return nil
	})
	b.build(good, 1)
	b.untilEnded(first)
	if took := b.Now().Sub(began); took > time.Minute {
		t.Errorf("the guard went on for %v although a release waited", took)
	}
}
