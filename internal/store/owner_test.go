package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

func TestOwned(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	_, err := tb.Owned(t.Context(), forward(1))
	wantKind(t, "a new environment", err, rollout.KindLockLost)
	tb.own(forward(1))
	_, err = tb.Owned(t.Context(), forward(1))
	wantKind(t, "its own", err, "")
	_, err = tb.Owned(t.Context(), forward(2))
	wantKind(t, "another's", err, rollout.KindLockLost)
	if err == nil || !strings.Contains(err.Error(), forward(1).Execution) {
		t.Errorf("%v does not say who has it", err)
	}
}

// moves are all writes that only the owner may make.
func moves(ctx context.Context, tb table, c store.Claim, fence int) map[string]func() error {
	return map[string]func() error{
		"StoreToken": func() error {
			_, _, err := tb.StoreToken(ctx, c, entered(1, 0))
			return err
		},
		"RaiseFence": func() error {
			_, err := tb.RaiseFence(ctx, c)
			return err
		},
		"WriteSnapshot": func() error {
			_, err := tb.WriteSnapshot(ctx, c, fence, store.Snapshot{Rollout: c.Rollout})
			return err
		},
		"WriteIntent": func() error {
			return tb.WriteIntent(ctx, c, store.Intent{Rollout: c.Rollout, Fence: fence})
		},
		"Commit": func() error {
			_, err := tb.Commit(ctx, c, store.Facts{Release: c.Number}, start())
			return err
		},
		"CloseGuard": func() error {
			_, err := tb.CloseGuard(ctx, c)
			return err
		},
		"MarkDirty": func() error { return tb.MarkDirty(ctx, c, "odd", start()) },
		"HandOver": func() error {
			_, err := tb.HandOver(ctx, c, nil)
			return err
		},
	}
}

// Whoever lost the environment writes nothing more.
func TestMovesOfWhoIsNotTheOwner(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	stranger := forward(2)
	for name, move := range moves(t.Context(), tb, stranger, 1) {
		wantKind(t, name+" on a new environment", move(), rollout.KindLockLost)
	}
	tb.own(forward(1))
	before := tb.environment()
	for name, move := range moves(t.Context(), tb, stranger, before.Fence) {
		wantKind(t, name+" on another's", move(), rollout.KindLockLost)
	}
	if diff := cmp.Diff(before, tb.environment()); diff != "" {
		t.Errorf("the environment changed (-before +after):\n%s", diff)
	}
}

func TestStoreToken(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	keep := func(token store.Token, want bool) {
		t.Helper()
		before := tb.environment().Token
		current, env, err := tb.StoreToken(t.Context(), forward(1), token)
		if err != nil {
			t.Fatal(err)
		}
		if current != want {
			t.Errorf("token of %s, attempt %d, over %+v: kept %t, want %t", token.Entered, token.Retry, before, current, want)
		}
		if current && (env.Token == nil || *env.Token != token) {
			t.Errorf("the token is %+v, want %+v", env.Token, token)
		}
		if !current && *env.Token != *before {
			t.Errorf("the token changed from %+v to %+v", before, env.Token)
		}
	}
	keep(entered(10, 0), true)
	keep(entered(10, 0), true) // a repeat of the same attempt
	keep(entered(10, 2), true)
	keep(entered(10, 1), false) // a zombie
	keep(entered(9, 5), false)  // of a state that is over
	keep(entered(11, 0), true)
	keep(entered(100, 0), true)
}

func TestWriteSnapshot(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	fence := tb.own(forward(1)).Fence
	write := func(c store.Claim, fence, desired int) (store.Environment, error) {
		return tb.WriteSnapshot(t.Context(), c, fence, store.Snapshot{Rollout: c.Rollout, Blue: store.ServiceState{Desired: desired}, At: start()})
	}
	_, err := write(forward(1), fence-1, 1)
	wantKind(t, "under an older fence", err, rollout.KindLockLost)
	if snap := tb.environment().Snapshot; snap != nil {
		t.Errorf("there is a snapshot %+v", snap)
	}
	for _, desired := range []int{2, 3} { // the first counts
		env, err := write(forward(1), fence, desired)
		if err != nil {
			t.Fatal(err)
		}
		if snap := env.SnapshotOf(forward(1).Rollout); snap == nil || snap.Blue.Desired != 2 {
			t.Errorf("the snapshot is %+v, want the first", snap)
		}
	}
	if env, err := write(forward(1), fence-1, 4); err != nil || env.SnapshotOf(forward(1).Rollout).Blue.Desired != 2 {
		t.Errorf("a late repeat: %v, want the first snapshot", err)
	}
	// The next rollout's replaces it.
	tb.handOver(forward(1))
	fence = tb.own(forward(2)).Fence
	env := tb.environment()
	if snap := env.SnapshotOf(forward(2).Rollout); snap != nil {
		t.Errorf("another rollout's snapshot counts: %+v", snap)
	}
	env, err = write(forward(2), fence, 5)
	if err != nil || env.SnapshotOf(forward(2).Rollout) == nil || env.SnapshotOf(forward(1).Rollout) != nil {
		t.Errorf("the snapshot is %+v (%v), want the second rollout's", env.Snapshot, err)
	}
}

// Everything that a forward rollout found is kept as it was found.
func TestSnapshotComesBack(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	fence := tb.own(forward(1)).Fence
	want := store.Snapshot{
		Rollout: forward(1).Rollout,
		Site: store.Site{
			Cluster: "c", Services: rollout.Names{Blue: "b", Green: "g"},
			TargetGroups: rollout.Names{Blue: "tb", Green: "tg"}, Rule: "r",
		},
		Plan:    rollout.Plan{Kind: rollout.Forward, Canary: rollout.Green, Steps: []rollout.Step{{Weight: 10, Bake: time.Minute}}, First: true},
		Weights: rollout.Weights{Blue: 100},
		Blue: store.ServiceState{
			Service: "b", ARN: "arn", Desired: 2, TaskDefinition: "t:1", Deployment: "d",
			Scaling: &rollout.Scaling{Min: 2, Max: 6, OutSuspended: true},
		},
		Green: store.ServiceState{Service: "g"},
		Facts: &store.Facts{Release: 3, Previous: 2, Stable: rollout.Blue, Weights: rollout.Weights{Blue: 100}, Guarded: start()},
		At:    start().Add(123 * time.Millisecond),
	}
	env, err := tb.WriteSnapshot(t.Context(), forward(1), fence, want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, env.SnapshotOf(forward(1).Rollout)); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if want.StableSlot() != rollout.Blue || want.Of(rollout.Blue).Service != "b" || want.Of(rollout.Green).Service != "g" {
		t.Errorf("the stable slot is %s, blue is %+v, green %+v", want.StableSlot(), want.Of(rollout.Blue), want.Of(rollout.Green))
	}
}

// What asks a forward rollout to stop keeps it from writing the rule, from
// committing and from closing its guard; nothing keeps a rollback.
func TestStopped(t *testing.T) {
	t.Parallel()
	stops := map[string]struct {
		stop func(tb table, c store.Claim)
		want rollout.ErrorKind
	}{
		"an alarm": {func(tb table, _ store.Claim) { tb.latch("shop-5xx") }, rollout.KindAlarmRed},
		"a person": {func(tb table, c store.Claim) { tb.abort(c) }, rollout.KindAborted},
		"a rollback that waits": {func(tb table, _ store.Claim) {
			tb.queue(back(9), entered(1, 0))
		}, rollout.KindAborted},
	}
	for name, s := range stops {
		for _, c := range []store.Claim{forward(1), back(1)} {
			for _, move := range []string{"WriteIntent", "Commit", "CloseGuard"} {
				t.Run(strings.Join([]string{name, string(c.Kind), move}, ", "), func(t *testing.T) {
					t.Parallel()
					tb := newTable(t)
					fence := tb.own(c).Fence
					s.stop(tb, c)
					want := s.want
					if c.Kind == rollout.Back {
						want = ""
					}
					wantKind(t, move, moves(t.Context(), tb, c, fence)[move](), want)
					env := tb.environment()
					if wrote := env.Intent != nil || env.Facts != nil || env.GuardClosed != ""; wrote != (want == "") {
						t.Errorf("it wrote: %t, want %t; %+v", wrote, want == "", env)
					}
				})
			}
		}
	}
}

// A rollout that another one's latch or abort was for is not stopped.
func TestStopsOfAnEarlierRollout(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	tb.latch("shop-5xx")
	tb.abort(forward(1))
	tb.handOver(forward(1))
	fence := tb.own(forward(2)).Fence
	for _, move := range []string{"WriteIntent", "Commit", "CloseGuard"} {
		wantKind(t, move, moves(t.Context(), tb, forward(2), fence)[move](), "")
	}
	if tb.abort(forward(1)) {
		t.Error("a rollout that has ended was aborted")
	}
	env := tb.environment()
	wantKind(t, "the second rollout", env.Stopped(forward(2).Rollout), "")
}

func TestWriteIntentUnderARaisedFence(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	for _, c := range []store.Claim{forward(1), back(2)} {
		fence := tb.own(c).Fence
		if _, err := tb.RaiseFence(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		intent := store.Intent{Rollout: c.Rollout, From: rollout.Weights{Blue: 100}, To: rollout.Weights{Blue: 90, Green: 10}, Fence: fence}
		wantKind(t, "under the old fence", tb.WriteIntent(t.Context(), c, intent), rollout.KindLockLost)
		intent.Fence++
		wantKind(t, "under the new fence", tb.WriteIntent(t.Context(), c, intent), "")
		if got := tb.environment().Intent; got == nil || *got != intent {
			t.Errorf("the intent is %+v, want %+v", got, intent)
		}
		tb.handOver(c)
	}
}

// A commit that is repeated changes nothing, even when an alarm has come since.
func TestCommitOnce(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	for i, release := range []int{7, 8} {
		env, err := tb.Commit(t.Context(), forward(1), store.Facts{Release: release}, start().Add(time.Duration(i)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if env.Facts.Release != 7 || env.Committed != forward(1).Rollout || !env.CommittedAt.Equal(start()) {
			t.Errorf("committed %+v by %s at %v, want release 7 at %v", env.Facts, env.Committed, env.CommittedAt, start())
		}
		tb.latch("shop-5xx")
	}
}

// An alarm in the guard stops its closing; one that comes after it does nothing.
func TestGuardAndLatch(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	for range 2 { // closing is repeated
		if _, err := tb.CloseGuard(t.Context(), forward(1)); err != nil {
			t.Fatal(err)
		}
	}
	if latched, env := tb.latch("shop-5xx"); latched || env.LatchRollout != "" {
		t.Errorf("latched after the guard has closed: %+v", env)
	}
	if tb.abort(forward(1)) {
		t.Error("aborted after the guard has closed")
	}
	tb.handOver(forward(1))
	tb.own(forward(2))
	if latched, _ := tb.latch("shop-5xx"); !latched {
		t.Error("the next rollout cannot be latched")
	}
	_, err := tb.CloseGuard(t.Context(), forward(2))
	wantKind(t, "closing a latched guard", err, rollout.KindAlarmRed)
}

func TestLatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(tb table)
		want  bool
	}{
		{"a new environment", func(table) {}, false},
		{"one that is free", func(tb table) { tb.own(forward(1)); tb.handOver(forward(1)) }, false},
		{"a forward rollout", func(tb table) { tb.own(forward(1)) }, true},
		{"one that has committed", func(tb table) {
			tb.own(forward(1))
			wantKind(tb.t, "commit", moves(tb.t.Context(), tb, forward(1), 0)["Commit"](), "")
		}, true},
		{"a rollback", func(tb table) { tb.own(back(1)) }, false},
		{"a Dirty environment", func(tb table) { tb.own(forward(1)); tb.dirty(forward(1)) }, false},
		{"one that was taken over", func(tb table) {
			fence := tb.own(forward(1)).Fence
			if _, _, err := tb.TakeOver(tb.t.Context(), place(), forward(1).Execution, "arn:x", fence); err != nil {
				tb.t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := newTable(t)
			c.setUp(tb)
			latched, env := tb.latch("shop-5xx")
			if latched != c.want || (env.LatchAlarm != "") != c.want {
				t.Errorf("latched %t, want %t; %+v", latched, c.want, env)
			}
		})
	}
}

// The second alarm finds the rollout latched, and says so; the first is kept.
func TestLatchTwice(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	if _, _, err := tb.StoreToken(t.Context(), forward(1), entered(1, 0)); err != nil {
		t.Fatal(err)
	}
	for _, alarm := range []string{"shop-5xx", "shop-latency"} {
		latched, env := tb.latch(alarm)
		if !latched || env.LatchAlarm != "shop-5xx" || env.Token == nil {
			t.Errorf("%s: latched %t by %s, token %+v; want it latched by shop-5xx, with the token to wake", alarm, latched, env.LatchAlarm, env.Token)
		}
	}
	env := tb.environment()
	if err := env.Stopped(forward(1).Rollout); err == nil || !strings.Contains(err.Error(), "shop-5xx") || !strings.Contains(err.Error(), "2026-03-01T12:00:00Z") {
		t.Errorf("it stopped because %v, want the first alarm and its time", err)
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	if tb.abort(forward(1)) {
		t.Error("aborted in a new environment")
	}
	tb.own(forward(1))
	if tb.abort(forward(2)) {
		t.Error("aborted a rollout that has not got the environment")
	}
	for range 2 {
		if !tb.abort(forward(1)) {
			t.Error("not aborted")
		}
	}
	env := tb.environment()
	if err := env.Stopped(forward(1).Rollout); rollout.KindOf(err) != rollout.KindAborted || !strings.Contains(err.Error(), "ana asked") {
		t.Errorf("it stopped because %v, want because ana asked", err)
	}
	tb.handOver(forward(1))
	tb.own(back(2))
	if tb.abort(back(2)) {
		t.Error("aborted a rollback")
	}
}

// A Dirty environment stays so, with its first reason given by its own rollout.
func TestMarkDirty(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.own(forward(1))
	for range 2 {
		tb.dirty(forward(1))
	}
	env := tb.environment()
	if env.Dirty == nil || env.Dirty.Rollout != forward(1).Rollout || env.Dirty.Why != "the rule is odd" || env.Owner != forward(1).Execution {
		t.Errorf("the environment is %+v, want it Dirty and locked", env)
	}
	if tb.abort(forward(1)) {
		t.Error("aborted in a Dirty environment")
	}
}
