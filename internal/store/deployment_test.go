package store_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// deployed is a deployment of one environment, then two, then one.
func (tb table) deployed() {
	tb.t.Helper()
	stage := func(wave int) store.Stage { return store.Stage{Wave: wave} }
	err := tb.PutDeployment(tb.t.Context(), store.Deployment{
		App: "shop", Release: 7, At: start(), Environments: map[string]store.Stage{
			"staging": stage(1), "eu-west": stage(2), "us-east": stage(2), "canada": stage(3),
		},
	})
	if err != nil {
		tb.t.Fatal(err)
	}
}

func in(environment string) store.Place { return store.Place{App: "shop", Environment: environment} }

func TestThrough(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.deployed()
	for _, c := range []struct {
		environment string
		through     []bool // waves 1, 2, 3
	}{
		{"us-east", []bool{false, false, false}}, // however early it comes
		{"staging", []bool{true, false, false}},
		{"eu-west", []bool{true, true, false}},
		{"canada", []bool{true, true, true}},
	} {
		d, err := tb.SetCommitted(t.Context(), in(c.environment), 7, start())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.through {
			if got := d.Through(i + 1); got != want {
				t.Errorf("after %s, through wave %d: got %t, want %t", c.environment, i+1, got, want)
			}
		}
	}
}

func TestHalted(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.deployed()
	if _, err := tb.Halt(t.Context(), in("us-east"), 7, "an alarm", start()); err != nil {
		t.Fatal(err)
	}
	d, err := tb.Halt(t.Context(), in("us-east"), 7, "another", start().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for wave, want := range map[int]string{1: "", 2: "", 3: "us-east"} {
		if got, why := d.Halted(wave); got != want || want != "" && why != "an alarm" {
			t.Errorf("wave %d is halted by %q (%s), want %q", wave, got, why, want)
		}
	}
	if d.Through(2) || d.Stopped == nil || d.Stopped.Why != "an alarm" {
		t.Errorf("got %+v, want it stopped by the first reason", d)
	}
	// A second stop does not take the first one's place in the record.
	if d, err = tb.Halt(t.Context(), in("staging"), 7, "late", start()); err != nil || d.Stopped.Environment != "us-east" {
		t.Errorf("stopped at %+v (%v), want us-east", d.Stopped, err)
	}
	if got, _ := d.Halted(2); got != "staging" {
		t.Errorf("wave 2 is halted by %q, want staging", got)
	}
	if _, err := tb.Halt(t.Context(), in("staging"), 8, "x", start()); rollout.KindOf(err) != rollout.KindNotFound {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestEndedOnce(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.deployed()
	for _, outcome := range []rollout.Outcome{rollout.RolledBack, rollout.Succeeded} {
		d, err := tb.SetEnded(t.Context(), in("staging"), 7, outcome, "why", start())
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Environments["staging"]; got.Outcome != rollout.RolledBack || got.EndedAt == nil {
			t.Errorf("got %+v, want RolledBack", got)
		}
	}
}
