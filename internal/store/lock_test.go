package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

func TestAcquire(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(tb table)
		claim store.Claim
		want  bool
	}{
		{"a new environment", func(table) {}, forward(1), true},
		{"its own", func(tb table) { tb.own(forward(1)) }, forward(1), true},
		{"another's", func(tb table) { tb.own(forward(1)) }, forward(2), false},
		{"another's, by a rollback", func(tb table) { tb.own(forward(1)) }, back(2), false},
		{"one that was let go", func(tb table) { tb.own(forward(1)); tb.handOver(forward(1)) }, forward(2), true},
		{"one that it let go itself", func(tb table) { tb.own(forward(1)); tb.handOver(forward(1)) }, forward(1), false},
		{"one that a newer has let go", func(tb table) { tb.own(forward(2)); tb.handOver(forward(2)) }, forward(1), false},
		{"after a newer one came", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(3), entered(1, 0))
			if err := tb.LeaveQueue(tb.t.Context(), forward(3)); err != nil {
				tb.t.Fatal(err)
			}
			tb.handOver(forward(1))
		}, forward(2), false},
		{"a rollback after a newer release", func(tb table) { tb.own(forward(5)); tb.handOver(forward(5)) }, back(4), true},
		{"a rollback after a newer rollback", func(tb table) { tb.own(back(5)); tb.handOver(back(5)) }, back(4), false},
		{"a release after a newer rollback", func(tb table) { tb.own(back(5)); tb.handOver(back(5)) }, forward(4), true},
		{"a Dirty one", func(tb table) { tb.own(forward(1)); tb.dirty(forward(1)) }, forward(2), false},
		{"its own Dirty one", func(tb table) { tb.own(forward(1)); tb.dirty(forward(1)) }, forward(1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := newTable(t)
			c.setUp(tb)
			before := tb.environment()
			got, env := tb.acquire(c.claim)
			if got != c.want {
				t.Fatalf("it got the environment: %t, want %t; %+v", got, c.want, env)
			}
			if got && (env.Owner != c.claim.Execution || env.Rollout != c.claim.Rollout || env.Kind != c.claim.Kind ||
				env.Number != c.claim.Number) {
				t.Errorf("the owner is not %+v: %+v", c.claim, env)
			}
			if raised := env.Fence > before.Fence; got && raised != (before.Owner == "") {
				t.Errorf("%q had the environment under fence %d; the fence is %d", before.Owner, before.Fence, env.Fence)
			}
			if !got && (env.Owner != before.Owner || env.Fence != before.Fence) {
				t.Errorf("it did not get the environment but changed it from %+v to %+v", before, env)
			}
		})
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(tb table)
		claim store.Claim
		token store.Token
		want  bool
	}{
		{"a free environment", func(table) {}, forward(2), entered(1, 0), false},
		{"its own environment", func(tb table) { tb.own(forward(2)) }, forward(2), entered(1, 0), false},
		{"an empty place", func(tb table) { tb.own(forward(1)) }, forward(2), entered(1, 0), true},
		{"an older release's place", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(1, 0))
		}, forward(3), entered(2, 0), true},
		{"a newer release's place", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(3), entered(1, 0))
		}, forward(2), entered(2, 0), false},
		{"with a later entry", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(1, 3))
		}, forward(2), entered(2, 0), true},
		{"with a later attempt", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(1, 0))
		}, forward(2), entered(1, 1), true},
		{"with the same attempt", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(1, 1))
		}, forward(2), entered(1, 1), true},
		{"with an earlier attempt", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(1, 1))
		}, forward(2), entered(1, 0), false},
		{"with an earlier entry", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(2), entered(2, 0))
		}, forward(2), entered(1, 9), false},
		{"a rollback has a place of its own", func(tb table) {
			tb.own(forward(1))
			tb.queue(forward(9), entered(1, 0))
		}, back(2), entered(2, 0), true},
		{"one that has let go", func(tb table) {
			tb.own(forward(2))
			tb.handOver(forward(2))
			tb.own(back(3))
		}, forward(2), entered(1, 0), false},
		{"a release behind a Dirty one", func(tb table) { tb.own(forward(1)); tb.dirty(forward(1)) }, forward(2), entered(1, 0), true},
		{"a rollback behind a Dirty one", func(tb table) { tb.own(forward(1)); tb.dirty(forward(1)) }, back(2), entered(1, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := newTable(t)
			c.setUp(tb)
			before := tb.environment()
			queued, env := tb.queue(c.claim, c.token)
			if queued != c.want {
				t.Fatalf("it waits: %t, want %t; %+v", queued, c.want, env)
			}
			waiter, was := env.Waiter, before.Waiter
			if c.claim.Kind == rollout.Back {
				waiter, was = env.RollbackWaiter, before.RollbackWaiter
			}
			if queued && (waiter == nil || waiter.Execution != c.claim.Execution || waiter.Token != c.token.Token) {
				t.Errorf("the waiter is %+v, want %s with %s", waiter, c.claim.Execution, c.token.Token)
			}
			if !queued && (waiter == nil) != (was == nil) || !queued && waiter != nil && *waiter != *was {
				t.Errorf("it does not wait, but the waiter changed from %+v to %+v", was, waiter)
			}
		})
	}
}

// A rollback asks the rollout that runs to stop, and a release does not.
func TestQueueAborts(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	_, env := tb.queue(forward(2), entered(1, 0))
	wantKind(t, "after a release", env.Stopped(forward(1).Rollout), "")
	_, env = tb.queue(back(3), entered(1, 0))
	wantKind(t, "after a rollback", env.Stopped(forward(1).Rollout), rollout.KindAborted)
	wantKind(t, "of another rollout", env.Stopped(forward(2).Rollout), "")
}

func TestLeaveQueue(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	tb.queue(forward(2), entered(1, 0))
	for _, other := range []store.Claim{forward(3), back(2), forward(1)} {
		if err := tb.LeaveQueue(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	if tb.environment().Waiter == nil {
		t.Fatal("the waiter was taken out by others")
	}
	for range 2 { // the second finds nothing
		if err := tb.LeaveQueue(t.Context(), forward(2)); err != nil {
			t.Fatal(err)
		}
	}
	if env := tb.environment(); env.Waiter != nil {
		t.Errorf("the waiter is still %+v", env.Waiter)
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	tb.queue(forward(2), entered(1, 0))
	tb.queue(back(3), entered(2, 0))
	before := tb.environment()

	// The rollback goes first.
	grant := tb.handOver(forward(1))
	env := tb.environment()
	if grant == nil || grant.Token != entered(2, 0).Token || env.Owner != back(3).Execution || env.Rollout != back(3).Rollout ||
		env.Kind != rollout.Back || env.Number != 3 || env.RollbackWaiter != nil {
		t.Errorf("the grant is %+v and the environment %+v, want the rollback to have it", grant, env)
	}
	if env.Fence <= before.Fence || env.Ended != 1 {
		t.Errorf("the fence went from %d to %d and %d has ended, want it raised and 1", before.Fence, env.Fence, env.Ended)
	}
	// A repeat gives the same grant and changes nothing.
	if again := tb.handOver(forward(1)); again == nil || *again != *grant || tb.environment().Fence != env.Fence {
		t.Errorf("the repeat gave %+v and the fence %d, want %+v and %d", again, tb.environment().Fence, grant, env.Fence)
	}
	// Then the release.
	if grant = tb.handOver(back(3)); grant == nil || grant.Token != entered(1, 0).Token {
		t.Errorf("the second grant is %+v, want the release's", grant)
	}
	// Then nobody.
	if grant = tb.handOver(forward(2)); grant != nil {
		t.Errorf("the last grant is %+v, want none", grant)
	}
	env = tb.environment()
	if env.Owner != "" || env.Rollout != "" || env.Kind != "" || env.Number != 0 || env.Token != nil {
		t.Errorf("the environment is not free: %+v", env)
	}
	if grant = tb.handOver(forward(2)); grant != nil {
		t.Errorf("the repeat gave %+v, want none", grant)
	}
	for _, c := range []store.Claim{forward(9), back(9)} {
		_, err := tb.HandOver(t.Context(), c, nil)
		wantKind(t, "by "+c.Rollout+", who never had it", err, rollout.KindLockLost)
	}
}

// The facts change in the same write, and not by a repeat.
func TestHandOverWithFacts(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	for _, release := range []int{7, 8} {
		if _, err := tb.HandOver(t.Context(), forward(1), &store.Facts{Release: release}); err != nil {
			t.Fatal(err)
		}
	}
	if facts := tb.environment().Facts; facts == nil || facts.Release != 7 {
		t.Errorf("the facts are %+v, want those of the first hand-over", facts)
	}
}

// Somebody joins the queue between the look and the write, or leaves it: whoever
// waits then is the next.
func TestHandOverRaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(tb table)
		other func(ctx context.Context, tb table) error
		owner string
	}{
		{"a waiter joins", func(table) {}, func(ctx context.Context, tb table) error {
			_, _, err := tb.Queue(ctx, forward(2), store.Queuing{Token: entered(1, 0)})
			return err
		}, forward(2).Execution},
		{"a rollback joins", func(tb table) { tb.queue(forward(2), entered(1, 0)) }, func(ctx context.Context, tb table) error {
			_, _, err := tb.Queue(ctx, back(3), store.Queuing{Token: entered(1, 0)})
			return err
		}, back(3).Execution},
		{"a newer release joins", func(tb table) { tb.queue(forward(2), entered(1, 0)) }, func(ctx context.Context, tb table) error {
			_, _, err := tb.Queue(ctx, forward(3), store.Queuing{Token: entered(3, 0)})
			return err
		}, forward(3).Execution},
		{"the waiter comes with a new token", func(tb table) { tb.queue(forward(2), entered(1, 0)) }, func(ctx context.Context, tb table) error {
			_, _, err := tb.Queue(ctx, forward(2), store.Queuing{Token: entered(2, 0)})
			return err
		}, forward(2).Execution},
		{"the waiter leaves", func(tb table) { tb.queue(forward(2), entered(1, 0)) }, func(ctx context.Context, tb table) error {
			return tb.LeaveQueue(ctx, forward(2))
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := newTable(t)
			tb.own(forward(1))
			c.setUp(tb)
			slow := true
			tb.Faults.Request = func(call *wire.Call) *wire.Fault {
				if call.Operation != "UpdateItem" || !slow {
					return nil
				}
				slow = false
				return &wire.Fault{Delay: time.Second}
			}
			tb.together(func(ctx context.Context) {
				if _, err := tb.HandOver(ctx, forward(1), nil); err != nil {
					t.Errorf("hand over: %v", err)
				}
			}, func(ctx context.Context) {
				for slow { // until the hand-over is on its way
					if _, err := tb.Environment(ctx, place()); err != nil {
						t.Error(err)
					}
				}
				if err := c.other(ctx, tb); err != nil {
					t.Errorf("meanwhile: %v", err)
				}
			})
			env := tb.environment()
			if env.Owner != c.owner {
				t.Errorf("the owner is %q, want %q", env.Owner, c.owner)
			}
			if c.owner != "" && (env.Granted == nil || env.Granted.From != forward(1).Execution) {
				t.Errorf("the grant is %+v, want one of the first rollout", env.Granted)
			}
		})
	}
}

// Two want a free environment at the same time: one gets it.
func TestAcquireRace(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	got := map[string]bool{}
	try := func(c store.Claim) func(context.Context) {
		return func(ctx context.Context) {
			held, _, err := tb.Acquire(ctx, c)
			if err != nil {
				t.Error(err)
			}
			got[c.Rollout] = held
		}
	}
	tb.together(try(forward(1)), try(forward(2)), try(back(3)))
	winners := 0
	for _, held := range got {
		if held {
			winners++
		}
	}
	if winners != 1 || tb.environment().Owner == "" {
		t.Errorf("they got it: %v; want one to", got)
	}
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	dead := forward(1)
	const successor = "arn:shop-forward-1-r2"
	for _, c := range []struct {
		name  string
		setUp func(tb table)
		dead  string
		off   int // of the fence
		want  bool
	}{
		{"a dead owner's", func(table) {}, dead.Execution, 0, true},
		{"with a fence that was raised", func(table) {}, dead.Execution, -1, false},
		{"another's", func(table) {}, "arn:somebody", 0, false},
		{"a Dirty one", func(tb table) { tb.dirty(dead) }, dead.Execution, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := newTable(t)
			before := tb.own(dead)
			c.setUp(tb)
			taken, env, err := tb.TakeOver(t.Context(), place(), c.dead, successor, before.Fence+c.off)
			if err != nil {
				t.Fatal(err)
			}
			if taken != c.want {
				t.Fatalf("it was taken over: %t, want %t", taken, c.want)
			}
			if taken && (env.Owner != successor || env.Fence != before.Fence+1 || env.Rollout != dead.Rollout || env.Token != nil) {
				t.Errorf("the environment is %+v, want it owned by %s under fence %d, without a token", env, successor, before.Fence+1)
			}
			if !taken && env.Owner != dead.Execution {
				t.Errorf("the owner is %s, want %s", env.Owner, dead.Execution)
			}
		})
	}
}

// Whoever is told first takes over; the second finds the fence raised.
func TestTakeOverOnce(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	fence := tb.own(forward(1)).Fence
	var wins int
	try := func(successor string) func(context.Context) {
		return func(ctx context.Context) {
			taken, _, err := tb.TakeOver(ctx, place(), forward(1).Execution, successor, fence)
			if err != nil {
				t.Error(err)
			}
			if taken {
				wins++
			}
		}
	}
	tb.together(try("arn:a"), try("arn:b"))
	if wins != 1 {
		t.Errorf("%d took it over, want 1", wins)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	facts := store.Facts{Release: 7}
	tb.own(forward(1))
	forget := func(when string, f store.Facts, want bool) {
		t.Helper()
		got, err := tb.Forget(t.Context(), place(), f)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: forgotten %t, want %t", when, got, want)
		}
	}
	forget("without facts", facts, false)
	if _, err := tb.Commit(t.Context(), forward(1), facts, start()); err != nil {
		t.Fatal(err)
	}
	forget("while somebody has it", facts, false)
	tb.handOver(forward(1))
	forget("other facts", store.Facts{Release: 6}, false)
	forget("these facts", facts, true)
	if env := tb.environment(); env.Facts != nil {
		t.Errorf("the facts are still %+v", env.Facts)
	}
	forget("again", facts, false)
}

// What asks to let go of an environment lets go of what was got before it was entered, and
// of nothing that was got after: its rollout has gone on.
func TestYieldLate(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	as := func(c store.Claim, entered string) store.Claim {
		c.Entered = entered
		return c
	}
	late := func(c store.Claim, entered string) {
		t.Helper()
		if grant, err := tb.Yield(t.Context(), as(c, entered)); rollout.KindOf(err) != rollout.KindLockLost || grant != nil {
			t.Errorf("%s entered at %s lets go: %v, %v, want LockLost", c.Execution, entered, grant, err)
		}
		if env, err := tb.Environment(t.Context(), place()); err != nil || env.Owner != c.Execution {
			t.Errorf("%q has it (%v), want %s", env.Owner, err, c.Execution)
		}
	}
	before, got, queued, after := entered(1, 0).Entered, entered(2, 0).Entered, entered(3, 0), entered(4, 0).Entered
	first, second := forward(1), forward(2)
	tb.own(as(first, got))
	late(first, before)
	late(first, got)
	if waits, _ := tb.queue(second, queued); !waits {
		t.Fatal("the second does not wait")
	}
	if grant, err := tb.Yield(t.Context(), as(first, after)); err != nil || grant == nil {
		t.Errorf("it was let go of: %v, %v, want the grant of who waited", grant, err)
	}
	late(second, got)
	if _, err := tb.Yield(t.Context(), as(second, after)); err != nil {
		t.Error(err)
	}
	if env, err := tb.Environment(t.Context(), place()); err != nil || env.Owner != "" || env.Locked != "" {
		t.Errorf("%q has it since %q (%v), want nobody", env.Owner, env.Locked, err)
	}
}
