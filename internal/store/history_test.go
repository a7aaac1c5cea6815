package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Rollouts come newest first, whatever their kinds, also where most numbers are of other
// environments, and only as many are read as are asked for.
func TestRollouts(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	ctx := t.Context()
	for _, err := range tb.Rollouts(ctx, place()) {
		wantKind(t, "rollouts of an app that is not registered", err, rollout.KindNotFound)
	}
	tb.register()
	for number := 1; number <= 130; number++ {
		if _, err := tb.Draw(ctx, "shop", fmt.Sprint(number)); err != nil {
			t.Fatal(err)
		}
	}
	put := func(kind rollout.Kind, at store.Place, number int) {
		t.Helper()
		r := store.Record{Name: rollout.NameOf(kind, at.App, at.Environment, number), Place: at, Kind: kind, Number: number}
		if _, err := tb.PutRecord(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	put(rollout.Forward, place(), 1)
	put(rollout.Back, place(), 30)
	put(rollout.Forward, place(), 31)
	put(rollout.Forward, in("staging"), 32)
	put(rollout.Forward, place(), 130)
	want := []string{"shop-production-130", "shop-production-31", "shop-production-rollback-30", "shop-production-1"}
	for _, most := range []int{4, 2} {
		var got []string
		for r, err := range tb.Rollouts(ctx, place()) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, r.Name); len(got) == most {
				break
			}
		}
		if diff := cmp.Diff(want[:most], got); diff != "" {
			t.Errorf("the newest %d (-want +got):\n%s", most, diff)
		}
	}
}
