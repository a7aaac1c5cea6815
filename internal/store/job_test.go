package store_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// A deployment's outcome is decided when the rollout that stopped it is at its end, or
// when all have succeeded.
func TestOver(t *testing.T) {
	t.Parallel()
	stage := func(outcome rollout.Outcome) store.Stage { return store.Stage{Outcome: outcome} }
	for _, c := range []struct {
		name string
		d    store.Deployment
		want bool
	}{
		{"none has ended", store.Deployment{Environments: map[string]store.Stage{"a": stage(""), "b": stage("")}}, false},
		{"one has succeeded", store.Deployment{Environments: map[string]store.Stage{"a": stage(rollout.Succeeded), "b": stage("")}}, false},
		{"all have", store.Deployment{Environments: map[string]store.Stage{"a": stage(rollout.Succeeded), "b": stage(rollout.Succeeded)}}, true},
		{"one goes back", store.Deployment{
			Environments: map[string]store.Stage{"a": stage(""), "b": stage("")}, Stopped: &store.Stop{Environment: "a"},
		}, false},
		{"one has gone back", store.Deployment{
			Environments: map[string]store.Stage{"a": stage(rollout.RolledBack), "b": stage("")}, Stopped: &store.Stop{Environment: "a"},
		}, true},
		{"an alarm after the guard", store.Deployment{
			Environments: map[string]store.Stage{"a": stage(rollout.Succeeded), "b": stage("")}, Stopped: &store.Stop{Environment: "a"},
		}, true},
		{"failed, and not yet stopped", store.Deployment{Environments: map[string]store.Stage{"a": stage(rollout.RolledBack), "b": stage(rollout.Succeeded)}}, false},
	} {
		if got := c.d.Over(); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

// An answer that nobody has tried to give is made due; one that somebody is at is not.
func TestHasten(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	now, later := start(), start().Add(time.Hour)
	put := func(key string) store.Delivery {
		d, err := tb.PutDelivery(t.Context(), store.Delivery{
			Subject: "job", Key: key, Due: later.UnixNano(), Job: &store.Job{App: "shop", Release: 7},
		}, now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	open, leased := put("open"), put("leased")
	if held, err := tb.TakeDelivery(t.Context(), leased, later, later.Add(time.Minute)); err != nil || !held {
		t.Fatalf("took it: %t, %v", held, err)
	}
	for _, d := range []store.Delivery{open, leased} {
		if err := tb.Hasten(t.Context(), d, now); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		d    store.Delivery
		want bool
	}{{open, true}, {leased, false}} {
		if held, err := tb.TakeDelivery(t.Context(), c.d, now, now.Add(time.Minute)); err != nil || held != c.want {
			t.Errorf("%s is due now: %t (%v), want %t", c.d.Key, held, err, c.want)
		}
	}
	if err := tb.Went(t.Context(), open, later); err != nil {
		t.Fatal(err)
	}
	all, err := tb.Deliveries(t.Context(), "job")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d deliveries, %v", len(all), err)
	}
	for _, d := range all {
		if want := d.Key == "open"; d.Job == nil || d.Job.Went != want || d.Job.App != "shop" || d.Job.Release != 7 || want && d.Due != later.UnixNano() {
			t.Errorf("%s is %+v, %+v", d.Key, d, d.Job)
		}
	}
}
