package store_test

import (
	"maps"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// model is what an environment's item is to be: what Acquire, Queue and the rest promise,
// in plain words.
type model struct {
	owner     store.Claim // without an Execution it is free
	fence     int
	token     store.Token // of the owner
	waiters   map[rollout.Kind]waiting
	ended     map[rollout.Kind]int
	newest    int
	from      string // who handed over last, and
	granted   string // the token of who got it
	red       string // the rollout that is latched
	aborted   string
	committed string
	closed    string // the rollout whose guard is closed
	intent    string
	dirty     bool
}

// waiting is a claim in a waiting place.
type waiting struct {
	store.Claim
	token store.Token
}

// answer is what a move tells who made it.
type answer struct {
	OK    bool
	Grant string // token
	Kind  rollout.ErrorKind
}

func newModel() *model {
	return &model{waiters: map[rollout.Kind]waiting{}, ended: map[rollout.Kind]int{}}
}

func (m *model) clone() *model {
	other := *m
	other.waiters, other.ended = maps.Clone(m.waiters), maps.Clone(m.ended)
	return &other
}

// give makes the claim the owner.
func (m *model) give(c store.Claim) {
	m.owner, m.fence, m.token = c, m.fence+1, store.Token{}
}

// late reports whether the claim has let go before, or comes after a newer one.
func (m *model) late(c store.Claim) bool {
	return m.ended[c.Kind] >= c.Number || c.Kind == rollout.Forward && m.newest > c.Number
}

func (m *model) acquire(c store.Claim) answer {
	if m.owner.Execution == c.Execution && !m.dirty {
		return answer{OK: true}
	}
	if m.owner.Execution != "" || m.late(c) {
		return answer{}
	}
	if c.Kind == rollout.Forward {
		m.newest = c.Number
	}
	m.give(c)
	return answer{OK: true}
}

func (m *model) queue(c store.Claim, t store.Token) answer {
	was, taken := m.waiters[c.Kind]
	if taken && was.token.Token == t.Token {
		return answer{OK: true}
	}
	older := taken && (was.Number > c.Number || was.Number == c.Number && (was.Execution != c.Execution || !after(t, was.token)))
	if m.owner.Execution == "" || m.owner.Execution == c.Execution || m.late(c) || older || c.Kind == rollout.Back && m.dirty {
		return answer{}
	}
	if c.Kind == rollout.Back {
		m.aborted = m.owner.Rollout
	} else {
		m.newest = c.Number
	}
	m.waiters[c.Kind] = waiting{c, t}
	return answer{OK: true}
}

// after reports whether a token is a later one's.
func after(t, u store.Token) bool {
	return t.Entered > u.Entered || t.Entered == u.Entered && t.Retry > u.Retry
}

func (m *model) leave(c store.Claim) answer {
	if m.waiters[c.Kind].Execution == c.Execution {
		delete(m.waiters, c.Kind)
	}
	return answer{OK: true}
}

// letGo gives the environment to who waits, a rollback first.
func (m *model) letGo(c store.Claim) answer {
	for _, kind := range []rollout.Kind{rollout.Back, rollout.Forward} {
		if w, waits := m.waiters[kind]; waits {
			delete(m.waiters, kind)
			m.give(w.Claim)
			m.from, m.granted = c.Execution, w.token.Token
			return answer{OK: true, Grant: w.token.Token}
		}
	}
	m.give(store.Claim{})
	return answer{OK: true}
}

func (m *model) handOver(c store.Claim) answer {
	switch {
	case m.owner.Execution == c.Execution && m.dirty:
		return answer{Kind: rollout.KindDirty}
	case m.owner.Execution == c.Execution:
		m.ended[c.Kind] = c.Number
		return m.letGo(c)
	case m.from == c.Execution:
		return answer{OK: true, Grant: m.granted}
	case m.ended[c.Kind] >= c.Number:
		return answer{OK: true}
	default:
		return answer{Kind: rollout.KindLockLost}
	}
}

func (m *model) yield(c store.Claim) answer {
	if m.owner.Execution != c.Execution || m.dirty {
		return answer{OK: true}
	}
	return m.letGo(c)
}

func (m *model) takeOver(dead store.Claim, successor string, fence int) answer {
	if m.owner.Execution != dead.Execution || m.owner.Execution == "" || m.fence != fence || m.dirty {
		return answer{}
	}
	next := m.owner
	next.Execution = successor
	m.give(next)
	return answer{OK: true}
}

// forward reports whether the owner is a forward rollout whose guard is not closed.
func (m *model) forward() bool {
	return m.owner.Execution != "" && m.owner.Kind == rollout.Forward && m.closed != m.owner.Rollout
}

func (m *model) latch() answer {
	if !m.forward() || m.dirty && m.red != m.owner.Rollout {
		return answer{}
	}
	m.red = m.owner.Rollout
	return answer{OK: true}
}

func (m *model) abort(name string) answer {
	if !m.forward() || m.owner.Rollout != name || m.dirty {
		return answer{}
	}
	m.aborted = name
	return answer{OK: true}
}

// stopped says what keeps the claim from going forward, "" if nothing does.
func (m *model) stopped(c store.Claim) rollout.ErrorKind {
	switch {
	case m.owner.Execution != c.Execution:
		return rollout.KindLockLost
	case c.Kind == rollout.Back:
		return ""
	case m.aborted == c.Rollout:
		return rollout.KindAborted
	case m.red == c.Rollout:
		return rollout.KindAlarmRed
	default:
		return ""
	}
}

func (m *model) commit(c store.Claim) answer {
	if why := m.stopped(c); why == rollout.KindLockLost || why != "" && m.committed != c.Rollout {
		return answer{Kind: why}
	}
	m.committed = c.Rollout
	return answer{OK: true}
}

func (m *model) closeGuard(c store.Claim) answer {
	if why := m.stopped(c); why == rollout.KindLockLost || why != "" && m.closed != c.Rollout {
		return answer{Kind: why}
	}
	m.closed = c.Rollout
	return answer{OK: true}
}

func (m *model) writeIntent(c store.Claim, fence int) answer {
	why := m.stopped(c)
	if why == "" && fence != m.fence {
		why = rollout.KindLockLost
	}
	if why == "" {
		m.intent = c.Rollout
	}
	return answer{OK: why == "", Kind: why}
}

func (m *model) storeToken(c store.Claim, t store.Token) answer {
	if m.owner.Execution != c.Execution {
		return answer{Kind: rollout.KindLockLost}
	}
	if after(t, m.token) {
		m.token = t
	}
	return answer{OK: m.token.Token == t.Token}
}

func (m *model) raiseFence(c store.Claim) answer {
	if m.owner.Execution != c.Execution {
		return answer{Kind: rollout.KindLockLost}
	}
	m.give(m.owner)
	return answer{OK: true}
}

func (m *model) markDirty(c store.Claim) answer {
	if m.owner.Execution != c.Execution {
		return answer{Kind: rollout.KindLockLost}
	}
	m.dirty = true
	return answer{OK: true}
}

// takeDirty repairs the environment as it was seen.
func (m *model) takeDirty(seen store.Environment, successor string) answer {
	if !m.dirty || seen.Dirty == nil || seen.Owner != m.owner.Execution || seen.Fence != m.fence {
		return answer{}
	}
	next := m.owner
	next.Execution = successor
	m.dirty = false
	m.give(next)
	return answer{OK: true}
}
