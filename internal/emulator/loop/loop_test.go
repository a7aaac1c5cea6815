package loop_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// What is due at the same time runs in an order that follows from the seed alone.
func TestShuffle(t *testing.T) {
	t.Parallel()
	order := func(seed uint64) string {
		l := loop.NewVirtual(start)
		l.Shuffle(seed)
		var got strings.Builder
		for _, s := range []string{"a", "b", "c", "d"} {
			l.After(time.Second, func() { got.WriteString(s) })
		}
		l.After(time.Millisecond, func() { got.WriteString("first ") })
		l.RunFor(time.Minute)
		return got.String()
	}
	seen := map[string]bool{}
	for seed := range uint64(20) {
		once, again := order(seed), order(seed)
		if once != again {
			t.Errorf("seed %d gave %q, then %q", seed, once, again)
		}
		if once[:6] != "first " {
			t.Errorf("seed %d gave %q: what is due earlier runs earlier", seed, once)
		}
		seen[once] = true
	}
	if len(seen) < 5 {
		t.Errorf("20 seeds gave %d orders, want more", len(seen))
	}
}

func TestTimersRunInOrderOfTimeThenArrival(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(start)
	var got []string
	add := func(s string) func() { return func() { got = append(got, s) } }
	l.After(2*time.Second, add("c"))
	l.After(time.Second, add("a"))
	l.After(time.Second, add("b"))
	stopped := l.After(time.Second, add("never"))
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop must be true once and then false")
	}
	l.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if want := start.Add(time.Minute); !l.Now().Equal(want) {
		t.Errorf("now = %v, want %v", l.Now(), want)
	}
}

func TestCoroutinesRunOneAtATime(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(start)
	var got []string // no lock: exactly one thing runs at a time
	worker := func(name string, pause time.Duration) {
		l.Go(func(ctx context.Context) {
			co := loop.FromContext(ctx)
			for range 2 {
				got = append(got, name+" "+l.Now().Sub(start).String())
				co.Await(func(done func()) { l.After(pause, done) })
			}
		}, func() { got = append(got, name+" done") })
	}
	l.Post(func() { worker("a", 2*time.Second); worker("b", 3*time.Second) })
	l.RunFor(time.Minute)
	want := []string{"a 0s", "b 0s", "a 2s", "b 3s", "a done", "b done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func TestKilledCoroutineSendsNothingMore(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(start)
	var got []string
	l.Post(func() {
		co := l.Go(func(ctx context.Context) {
			defer func() { got = append(got, "deferred") }()
			loop.FromContext(ctx).Await(func(done func()) {
				l.After(2*time.Second, func() { got = append(got, "landed"); done() })
			})
			got = append(got, "never")
		}, func() { got = append(got, "never done") })
		l.After(time.Second, co.Kill)
	})
	l.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"deferred", "landed"}, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func TestAwaitDrivesTheLoop(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(start)
	l.Await(func(done func()) { l.After(time.Hour, done) })
	if want := start.Add(time.Hour); !l.Now().Equal(want) {
		t.Errorf("now = %v, want %v", l.Now(), want)
	}
}

func TestLiveLoop(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	before := l.Now()
	l.Await(func(done func()) {
		l.Go(func(ctx context.Context) {
			loop.FromContext(ctx).Await(func(done func()) { l.After(10*time.Second, done) })
		}, done)
	})
	if passed := l.Now().Sub(before); passed < 10*time.Second {
		t.Errorf("%v passed, want at least 10s of cloud time", passed)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want context.Canceled", err)
	}
}
