package store_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// What newer code wrote, older code neither reads nor changes, whatever kind of write
// it tries.
func TestNewerItemsAreLetBe(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	ctx, older := t.Context(), w.Store
	newer := &store.Store{DB: older.DB, Table: older.Table, Format: store.Format + 1}
	place := store.Place{App: "shop", Environment: "production"}
	claim := store.Claim{Place: place, Execution: "arn:one", Rollout: "shop-production-1", Kind: rollout.Forward, Number: 1}
	record := store.Record{Name: "shop-production-1", Place: place, Execution: "arn:one"}
	spec := rollout.Spec{App: "shop"}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(newer.PutRecord(ctx, record))
	must(nil, newer.PutApp(ctx, spec))
	must(nil, newer.PutWatch(ctx, "arn:alarm", place))
	if held, _, err := newer.Acquire(ctx, claim); err != nil || !held {
		t.Fatalf("Acquire = %t, %v", held, err)
	}

	tries := map[string]func() error{
		"a read":             func() error { _, err := older.Record(ctx, record.Name); return err },
		"a query":            func() error { _, err := older.Watching(ctx, "arn:alarm"); return err },
		"a put of a new one": func() error { _, err := older.PutRecord(ctx, record); return err },
		"a put over it":      func() error { return older.PutWatch(ctx, "arn:alarm", place) },
		"an update":          func() error { return older.PutApp(ctx, spec) },
		"an owner's update":  func() error { return older.MarkDirty(ctx, claim, "why", time.Unix(0, 0)) },
		"a latch":            func() error { _, _, err := older.Latch(ctx, place, "alarm", time.Unix(0, 0)); return err },
		"a removal":          func() error { return older.DropWatch(ctx, "arn:alarm", place) },
		"a transaction":      func() error { _, err := older.Draw(ctx, "shop", "cause"); return err },
	}
	for name, try := range tries {
		if err := try(); rollout.KindOf(err) != rollout.KindNewerFormat {
			t.Errorf("%s by older code: %v, want NewerFormat", name, err)
		}
	}
	if places, err := newer.Watching(ctx, "arn:alarm"); err != nil || len(places) != 1 {
		t.Errorf("the watch is now %v, %v", places, err)
	}
	env, err := newer.Environment(ctx, place)
	if err != nil || env.Dirty != nil || env.LatchRollout != "" {
		t.Errorf("the environment is now %+v, %v", env, err)
	}

	// The other way round newer code goes on with what older code wrote.
	must(older.PutRecord(ctx, store.Record{Name: "shop-production-2", Place: place, Execution: "arn:two"}))
	must(nil, newer.SetTold(ctx, "shop-production-2"))
	if _, err := older.Record(ctx, "shop-production-2"); rollout.KindOf(err) != rollout.KindNewerFormat {
		t.Errorf("a record that newer code has changed, read by older code: %v, want NewerFormat", err)
	}
}
