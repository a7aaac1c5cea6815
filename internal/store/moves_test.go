package store_test

import (
	"context"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// draw draws a move. It is of the owner as often as of anybody, or little would come of
// most.
func (s *sequence) draw(t *rapid.T) move {
	c := s.claim(t)
	at := entered(rapid.IntRange(1, 3).Draw(t, "entered"), rapid.IntRange(0, 2).Draw(t, "retry"))
	at.Token += " of " + c.Execution
	fence := s.model.fence - rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "fences behind")
	return rapid.SampledFrom([]func() move{
		func() move { return s.acquire(first(c)) }, func() move { return s.acquire(first(c)) },
		func() move { return s.queue(first(c), at) }, func() move { return s.queue(first(c), at) },
		func() move { return s.leave(c) },
		func() move { return s.handOver(c) }, func() move { return s.yield(c) },
		func() move { return s.takeOver(c, fence) }, func() move { return s.takeDirty(c) },
		func() move { return s.latch() }, func() move { return s.abort(c) },
		func() move { return s.commit(c) }, func() move { return s.closeGuard(c) }, func() move { return s.writeIntent(c, fence) },
		func() move { return s.storeToken(c, at) }, func() move { return s.raiseFence(c) }, func() move { return s.markDirty(c) },
	}).Draw(t, "move")()
}

// claim is the owner's, or that of one of a few rollouts, some of them by a second execution.
func (s *sequence) claim(t *rapid.T) store.Claim {
	if s.model.owner.Execution != "" && rapid.Bool().Draw(t, "of the owner") {
		return s.model.owner
	}
	c := claim(rapid.SampledFrom([]rollout.Kind{rollout.Forward, rollout.Forward, rollout.Back}).Draw(t, "kind"), rapid.IntRange(1, 5).Draw(t, "number"))
	c.Place = s.place
	if rapid.IntRange(0, 3).Draw(t, "again") == 3 {
		c.Execution = again(c.Execution)
	}
	return c
}

// again is the execution that comes after another of the same rollout.
func again(execution string) string { return execution + "+" }

// first is the claim by the rollout's first execution: those that come after it take over,
// and never ask for the lock.
func first(c store.Claim) store.Claim {
	c.Execution = strings.TrimRight(c.Execution, "+")
	return c
}

// told is the answer of a call that gives an error.
func told(ok bool, err error) answer {
	return answer{OK: ok && err == nil, Kind: rollout.KindOf(err)}
}

// granted is the answer of a call that gives a grant.
func granted(g *store.Grant, err error) answer {
	a := told(true, err)
	if g != nil {
		a.Grant = g.Token
	}
	return a
}

func (s *sequence) acquire(c store.Claim) move {
	return move{"acquire by " + c.Execution, func(ctx context.Context) answer {
		got, _, err := s.tb.Acquire(ctx, c)
		return told(got, err)
	}, func(m *model) answer { return m.acquire(c) }}
}

func (s *sequence) queue(c store.Claim, at store.Token) move {
	return move{"queue with " + at.Token, func(ctx context.Context) answer {
		waits, _, err := s.tb.Queue(ctx, c, store.Queuing{Token: at, Why: "somebody asked"})
		return told(waits, err)
	}, func(m *model) answer { return m.queue(c, at) }}
}

func (s *sequence) leave(c store.Claim) move {
	return move{"leave by " + c.Execution, func(ctx context.Context) answer {
		return told(true, s.tb.LeaveQueue(ctx, c))
	}, func(m *model) answer { return m.leave(c) }}
}

func (s *sequence) handOver(c store.Claim) move {
	return move{"hand over by " + c.Execution, func(ctx context.Context) answer {
		return granted(s.tb.HandOver(ctx, c, nil))
	}, func(m *model) answer { return m.handOver(c) }}
}

func (s *sequence) yield(c store.Claim) move {
	return move{"yield by " + c.Execution, func(ctx context.Context) answer {
		c.Entered = "9" // after all others
		return granted(s.tb.Yield(ctx, c))
	}, func(m *model) answer { return m.yield(c) }}
}

func (s *sequence) takeOver(dead store.Claim, fence int) move {
	return move{fmt.Sprintf("take over from %s under fence %d", dead.Execution, fence), func(ctx context.Context) answer {
		took, _, err := s.tb.TakeOver(ctx, s.place, dead.Execution, again(dead.Execution), fence)
		return told(took, err)
	}, func(m *model) answer { return m.takeOver(dead, again(dead.Execution), fence) }}
}

func (s *sequence) takeDirty(c store.Claim) move {
	was := s.env
	if was.Dirty == nil {
		return s.markDirty(c)
	}
	return move{"repair what " + was.Owner + " left", func(ctx context.Context) answer {
		took, _, err := s.tb.TakeDirty(ctx, was, store.Repair{Execution: again(was.Owner)})
		return told(took, err)
	}, func(m *model) answer { return m.takeDirty(was, again(was.Owner)) }}
}

func (s *sequence) latch() move {
	return move{"latch", func(ctx context.Context) answer {
		latched, _, err := s.tb.Latch(ctx, s.place, "alarm", start())
		return told(latched, err)
	}, func(m *model) answer { return m.latch() }}
}

func (s *sequence) abort(c store.Claim) move {
	return move{"abort " + c.Rollout, func(ctx context.Context) answer {
		aborted, _, err := s.tb.Abort(ctx, s.place, store.Abortion{Rollout: c.Rollout, Why: "ana asked"})
		return told(aborted, err)
	}, func(m *model) answer { return m.abort(c.Rollout) }}
}

func (s *sequence) commit(c store.Claim) move {
	return move{"commit by " + c.Execution, func(ctx context.Context) answer {
		_, err := s.tb.Commit(ctx, c, store.Facts{Release: c.Number}, start())
		return told(true, err)
	}, func(m *model) answer { return m.commit(c) }}
}

func (s *sequence) closeGuard(c store.Claim) move {
	return move{"close the guard by " + c.Execution, func(ctx context.Context) answer {
		_, err := s.tb.CloseGuard(ctx, c)
		return told(true, err)
	}, func(m *model) answer { return m.closeGuard(c) }}
}

func (s *sequence) writeIntent(c store.Claim, fence int) move {
	return move{fmt.Sprintf("intent of %s under fence %d", c.Execution, fence), func(ctx context.Context) answer {
		return told(true, s.tb.WriteIntent(ctx, c, store.Intent{Rollout: c.Rollout, Fence: fence}))
	}, func(m *model) answer { return m.writeIntent(c, fence) }}
}

func (s *sequence) storeToken(c store.Claim, at store.Token) move {
	return move{"wait with " + at.Token, func(ctx context.Context) answer {
		kept, _, err := s.tb.StoreToken(ctx, c, at)
		return told(kept, err)
	}, func(m *model) answer { return m.storeToken(c, at) }}
}

func (s *sequence) raiseFence(c store.Claim) move {
	return move{"raise the fence by " + c.Execution, func(ctx context.Context) answer {
		_, err := s.tb.RaiseFence(ctx, c)
		return told(true, err)
	}, func(m *model) answer { return m.raiseFence(c) }}
}

func (s *sequence) markDirty(c store.Claim) move {
	return move{"mark Dirty by " + c.Execution, func(ctx context.Context) answer {
		return told(true, s.tb.MarkDirty(ctx, c, "the rule is odd", start()))
	}, func(m *model) answer { return m.markDirty(c) }}
}
