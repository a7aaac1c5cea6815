package loop

import (
	"cmp"
	"container/heap"
	"errors"
	"slices"
	"time"
)

// State is what is kept of a loop besides its time: its events and how many IDs it has
// given.
type State struct {
	Seed     int64
	IDs, Seq uint64
	Timers   []*Timer // in the order in which they are due
}

// Over implements keep.Passing: a timer that is not in the queue does nothing any more.
func (t *Timer) Over() (bool, error) {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	switch {
	case t.index < 0:
		return true, nil
	case t.event == nil:
		return false, errors.New("a timer runs a function, which cannot be kept; have it be an event (loop.Due)")
	}
	return false, nil
}

// Settle runs f on the loop when nothing is left that it was handed by Post, so that
// what is under way is in timers and in what services keep. It may be called from
// anywhere.
func (l *Loop) Settle(f func()) {
	l.Post(func() {
		l.mu.Lock()
		settled := len(l.inbox) == 0
		l.mu.Unlock()
		if settled {
			f()
			return
		}
		l.Settle(f)
	})
}

// State gives the loop's state. Functions that are due are not in it. It must be called
// on the loop or while a virtual loop stands still.
func (l *Loop) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := State{Seed: l.seed, IDs: l.ids, Seq: l.seq}
	for _, t := range l.timers {
		if t.event != nil {
			s.Timers = append(s.Timers, t)
		}
	}
	slices.SortFunc(s.Timers, func(a, b *Timer) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return cmp.Compare(a.seq, b.seq)
	})
	return s
}

// Resume gives a new loop the state of another, and a time to go on from. The IDs of a
// live loop follow from a seed of its own: which were given after the state was written is
// not known. It must be called on the loop or while a virtual loop stands still.
func (l *Loop) Resume(s State, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Virtual() {
		l.now, l.seed, l.ids = now, s.Seed, s.IDs
	} else {
		l.start, l.wall = now, time.Now()
	}
	l.seq = max(l.seq, s.Seq)
	for _, t := range s.Timers {
		heap.Push(&l.timers, t)
	}
	l.poke()
}
