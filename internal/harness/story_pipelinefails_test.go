package harness_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/store"
)

// refuse has PutApprovalResult refused until a time.
func (p *piped) refuse(err error, until time.Time) {
	p.faults = append(p.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation == "PutApprovalResult" && p.Now().Before(until) {
			return &wire.Fault{Err: err}
		}
		return nil
	})
}

func TestPipelineThrottled(t *testing.T) {
	t.Parallel()
	p := newPiped(t, asksFor("", ""))
	run := p.create(infra)
	p.refuse(wire.Errorf("ThrottlingException", "Rate exceeded"), p.Now().Add(10*time.Minute))
	p.press(ada, "approve")
	p.wantSaid("which it was not told yet")
	p.RunFor(20 * time.Minute)
	p.wantRun(run, succeeded)
	p.wantThread("ada approved it")
	if d := p.decisions(p.asked("shop").ID, store.DecidedApproval); len(d) != 2 {
		t.Errorf("recorded %+v, want the vote and the approval", d)
	}
}

// Sluice's role may not answer: people are told, it is recorded, and tried for a day.
func TestPipelineDenied(t *testing.T) {
	t.Parallel()
	denied := wire.Errorf("AccessDeniedException", "not authorized to perform: codepipeline:PutApprovalResult")
	t.Run("until somebody mends it", func(t *testing.T) {
		t.Parallel()
		p := newPiped(t, asksFor("", ""))
		run := p.create(infra)
		p.refuse(denied, p.Now().Add(5*time.Hour))
		p.press(ada, "approve")
		p.RunFor(time.Hour)
		p.wantSaid("which it was not told yet")
		p.wantThread("could not be told (Denied)")
		p.wantRun(run, running)
		p.RunFor(6 * time.Hour)
		p.wantRun(run, succeeded)
	})
	t.Run("for more than a day", func(t *testing.T) {
		t.Parallel()
		p := newPiped(t, asksFor("", ""))
		run := p.create(infra)
		p.refuse(denied, p.Now().Add(100*time.Hour))
		p.press(ada, "approve")
		p.RunFor(26 * time.Hour)
		p.wantRun(run, running)
		p.wantThread("given up after a day")
		if id := p.asked("shop").ID; p.scheduled(p.Settings.Answers, id) {
			t.Error("something is to be tried again, want nothing")
		}
	})
}
