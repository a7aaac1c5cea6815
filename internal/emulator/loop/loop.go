// Package loop is the emulator's one event loop: it owns all time and, because
// everything that changes state runs on it, all state.
//
// Everything delayed is a timer in the loop's queue. The same emulated services
// run on it in two ways. Live, the loop follows the wall clock or a stated
// multiple of it, and code outside (Lambda handlers, the proxy, HTTP requests)
// runs freely and hands its work in. Virtual, time jumps from timer to timer,
// and exactly one thing runs at a time: code outside runs only while the loop
// waits for it, so the same inputs give the same run.
package loop

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// Loop owns time and the order in which things happen. Make one with NewVirtual
// or NewLive. Functions handed to it (timers, Post, Do) run one at a time, in
// the order of their due time and then of their arrival.
type Loop struct {
	speed  float64 // cloud seconds a wall second; 0 means virtual
	wall   time.Time
	seed   int64      // of the IDs
	mu     sync.Mutex // guards all below
	start  time.Time
	now    time.Time // virtual time
	timers queue
	seq    uint64
	order  func(seq uint64) uint64 // of things due at the same time
	ids    uint64
	inbox  []func()
	wake   chan struct{}

	driver sync.Mutex // virtual: held by whoever drives the loop
	alive  map[*Coroutine]struct{}
}

// NewVirtual gives a loop whose time starts at start and moves only when it is
// driven, by Step, RunFor, RunUntil or Await.
func NewVirtual(start time.Time) *Loop {
	return &Loop{now: start, start: start, seed: start.UnixNano(), alive: map[*Coroutine]struct{}{}, wake: make(chan struct{}, 1)}
}

// NewLive gives a loop whose time starts now and passes speed times as fast as
// the wall clock. It does nothing until Run is called. Speed must be above zero.
func NewLive(speed float64) *Loop {
	now := time.Now()
	return &Loop{speed: speed, start: now, wall: now, seed: now.UnixNano(), alive: map[*Coroutine]struct{}{}, wake: make(chan struct{}, 1)}
}

// Virtual reports whether the loop's time is virtual.
func (l *Loop) Virtual() bool { return l.speed == 0 }

// Speed is how many seconds of cloud time pass in a second of wall time; 0 for
// a virtual loop.
func (l *Loop) Speed() float64 { return l.speed }

// Now is the cloud's time. It may be called from anywhere.
func (l *Loop) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nowLocked()
}

func (l *Loop) nowLocked() time.Time {
	if l.Virtual() {
		return l.now
	}
	return l.start.Add(time.Duration(float64(time.Since(l.wall)) * l.speed)).UTC()
}

// Wall turns a span of cloud time into the wall-clock time it takes; zero on a
// virtual loop.
func (l *Loop) Wall(d time.Duration) time.Duration {
	if l.Virtual() {
		return 0
	}
	return time.Duration(float64(d) / l.speed)
}

// Event is what happens at a time, as data: unlike a function, it can be kept while
// there is no loop.
type Event interface{ Happen() }

// Timer is an event, or a function, that is due at a time.
type Timer struct {
	loop  *Loop
	due   time.Time
	seq   uint64
	event Event
	run   func() `keep:"-"` // in the event's place
	index int    `keep:"-"` // in the heap; -1 when not there
}

// Due has an event happen on the loop at t, or as soon as possible if t has passed. It
// may be called from anywhere.
func (l *Loop) Due(t time.Time, e Event) *Timer { return l.set(&Timer{due: t, event: e}) }

// DueIn has an event happen when d of cloud time has passed.
func (l *Loop) DueIn(d time.Duration, e Event) *Timer { return l.Due(l.Now().Add(d), e) }

// At runs f on the loop at t, or as soon as possible if t has passed. It may be
// called from anywhere. It is for what ends with the process, such as the wait of a
// client: what is kept of a loop has no functions.
func (l *Loop) At(t time.Time, f func()) *Timer { return l.set(&Timer{due: t, run: f}) }

// After is At when d of cloud time has passed.
func (l *Loop) After(d time.Duration, f func()) *Timer { return l.At(l.Now().Add(d), f) }

func (l *Loop) set(timer *Timer) *Timer {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	timer.loop, timer.seq = l, l.seq
	if l.order != nil {
		timer.seq = l.order(l.seq)
	}
	heap.Push(&l.timers, timer)
	l.poke()
	return timer
}

func (t *Timer) happen() {
	if t.event != nil {
		t.event.Happen()
		return
	}
	t.run()
}

// Shuffle has timers that are due at the same time run in an order that follows from the
// seed, not in that of their arrival.
func (l *Loop) Shuffle(seed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = func(seq uint64) uint64 {
		var in [16]byte
		binary.BigEndian.PutUint64(in[:8], seed)
		binary.BigEndian.PutUint64(in[8:], seq)
		sum := sha256.Sum256(in[:])
		return binary.BigEndian.Uint64(sum[:8])
	}
}

// Stop takes the timer out of the queue and reports whether it was still there.
// A nil timer is never there.
func (t *Timer) Stop() bool {
	if t == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.loop.timers, t.index)
	return true
}

// Post hands f to the loop and returns at once. It is how things outside (a
// process that ended, a probe that came back) tell the loop. On a virtual loop f
// runs before the next timer.
func (l *Loop) Post(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inbox = append(l.inbox, f)
	l.poke()
}

func (l *Loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Do runs f on the loop and waits for it. It must not be called from the loop.
func (l *Loop) Do(f func()) {
	l.Await(func(done func()) { f(); done() })
}

// Await runs start on the loop and waits until the function it is given has been
// called there. On a virtual loop the caller drives the loop meanwhile; if
// nothing is left to happen and done was never called, it panics, because the
// caller would wait for ever. It must not be called from the loop or from a
// coroutine, which have Coroutine.Await.
func (l *Loop) Await(start func(done func())) {
	if !l.Virtual() {
		ch := make(chan struct{})
		l.Post(func() { start(sync.OnceFunc(func() { close(ch) })) })
		<-ch
		return
	}
	l.driver.Lock()
	defer l.driver.Unlock()
	finished := false
	start(func() { finished = true })
	for !finished {
		if !l.step() {
			panic("loop: waiting for something that nothing in the queue will bring about")
		}
	}
}

// Step runs the next due thing on a virtual loop, moving time to it, and reports
// whether there was one.
func (l *Loop) Step() bool {
	l.driver.Lock()
	defer l.driver.Unlock()
	return l.step()
}

func (l *Loop) step() bool {
	l.mu.Lock()
	var run func()
	switch {
	case len(l.inbox) > 0:
		run = l.inbox[0]
		l.inbox = l.inbox[1:]
	case len(l.timers) > 0:
		timer := heap.Pop(&l.timers).(*Timer)
		if timer.due.After(l.now) {
			l.now = timer.due
		}
		run = timer.happen
	}
	l.mu.Unlock()
	if run == nil {
		return false
	}
	run()
	return true
}

// RunFor drives a virtual loop for d of its time, and leaves the time there.
func (l *Loop) RunFor(d time.Duration) {
	end := l.Now().Add(d)
	l.RunUntil(end, func() bool { return false })
}

// RunUntil drives a virtual loop until cond holds, looking after every step, or
// until limit. It reports whether cond held. When the limit is reached, time
// stands there.
func (l *Loop) RunUntil(limit time.Time, cond func() bool) bool {
	l.driver.Lock()
	defer l.driver.Unlock()
	for {
		if cond() {
			return true
		}
		l.mu.Lock()
		idle := len(l.inbox) == 0 && (len(l.timers) == 0 || l.timers[0].due.After(limit))
		if idle && l.now.Before(limit) {
			l.now = limit
		}
		l.mu.Unlock()
		if idle {
			return cond()
		}
		l.step()
	}
}

// ID gives n lower-case hexadecimal characters that no earlier call gave. On a
// virtual loop they follow from how many were given before.
func (l *Loop) ID(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids++
	var id []byte
	for block := uint64(0); len(id) < n; block++ {
		var in [24]byte
		binary.BigEndian.PutUint64(in[0:], uint64(l.seed)) //nolint:gosec // any bits will do
		binary.BigEndian.PutUint64(in[8:], l.ids)
		binary.BigEndian.PutUint64(in[16:], block)
		sum := sha256.Sum256(in[:])
		id = hex.AppendEncode(id, sum[:])
	}
	return string(id[:n])
}

// UUID is an ID in the form of a UUID.
func (l *Loop) UUID() string {
	id := l.ID(32)
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// Pending is the number of timers that are set.
func (l *Loop) Pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.timers)
}

// Run drives a live loop until the context ends. It returns the context's error.
func (l *Loop) Run(ctx context.Context) error {
	sleep := time.NewTimer(time.Hour)
	defer sleep.Stop()
	for {
		run, wait := l.next()
		if run != nil {
			run()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		sleep.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		case <-sleep.C:
		}
	}
}

// next is what is due now, or how long (wall time) until something may be.
func (l *Loop) next() (func(), time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.inbox) > 0 {
		run := l.inbox[0]
		l.inbox = l.inbox[1:]
		return run, 0
	}
	if len(l.timers) == 0 {
		return nil, time.Hour
	}
	if wait := l.timers[0].due.Sub(l.nowLocked()); wait > 0 {
		return nil, l.Wall(wait)
	}
	return heap.Pop(&l.timers).(*Timer).happen, 0
}

// Close ends every coroutine that is still there. The loop is not used after it.
func (l *Loop) Close() {
	l.mu.Lock()
	rest := make([]*Coroutine, 0, len(l.alive))
	for co := range l.alive {
		rest = append(rest, co)
	}
	l.mu.Unlock()
	for _, co := range rest {
		co.Kill()
	}
}

// queue is a heap of timers by due time, then by arrival.
type queue []*Timer

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].seq < q[j].seq
	}
	return q[i].due.Before(q[j].due)
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	t := x.(*Timer)
	t.index = len(*q)
	*q = append(*q, t)
}

func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.index = -1
	return t
}
