package harness_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// went is a rollout of a past that is written down.
type went struct {
	begun     time.Duration // since midnight
	committed time.Duration // the commit, before it began; 0: nobody told
	outcome   rollout.Outcome
	ended     time.Duration
	decisions []store.Decision // At is set by After
}

// decided is a decision so long after midnight.
func decided(after time.Duration, phase rollout.Phase, kind rollout.ErrorKind, inputs map[string]any) store.Decision {
	d := store.Decision{At: midnight.Add(after), Of: store.DecidedStep, Phase: phase, Kind: kind, What: "done", Inputs: inputs}
	if kind == rollout.KindAlarmRed {
		d.Of = store.DecidedAlarm
	}
	return d
}

// wrote writes a past of production down.
func (b *box) wrote(past []went) {
	b.t.Helper()
	s := b.Steps.Store
	for i, w := range past {
		release := rollout.Release{App: "shop", Spec: b.spec(), At: midnight.Add(w.begun), Cause: rollout.Cause{Key: fmt.Sprint(i)}}
		if w.committed > 0 {
			release.Cause.CommittedAt = release.At.Add(-w.committed)
		}
		release, err := s.PutRelease(b.ctx(), release)
		if err != nil {
			b.t.Fatal(err)
		}
		name := release.Name(production.Environment)
		_, err = s.PutRecord(b.ctx(), store.Record{
			Name: name, Place: production, Kind: rollout.Forward, Number: release.Number, Release: release.Number, Execution: "arn", At: release.At,
		})
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := s.End(b.ctx(), name, w.outcome, "", midnight.Add(w.ended)); err != nil {
			b.t.Fatal(err)
		}
		for _, d := range w.decisions {
			d.Rollout = name
			if err := s.Decided(b.ctx(), d); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// What is counted of a past that is known to the second.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.RunFor(10*24*time.Hour - b.Now().Sub(midnight))
	const h, m = time.Hour, time.Minute
	weights := map[string]any{"weights": map[string]any{"blue": 0, "green": 100}}
	b.wrote([]went{
		{begun: h, committed: h, outcome: rollout.Succeeded, ended: 2 * h}, // before the range
		{begun: 48 * h, committed: 2 * h, outcome: rollout.Succeeded, ended: 50 * h, decisions: []store.Decision{
			decided(48*h+10*m, rollout.PhaseShift, "", weights), decided(49*h, rollout.PhaseShift, "", weights), decided(49*h+10*m, rollout.PhaseComplete, "", nil),
		}},
		{begun: 60 * h, outcome: rollout.RolledBack, ended: 61 * h, decisions: []store.Decision{ // it had no traffic: nobody was hurt
			decided(60*h+30*m, rollout.PhaseAwaitCanary, rollout.KindCanaryFailed, nil), decided(60*h+31*m, rollout.PhaseRollback, "", weights),
		}},
		{begun: 72 * h, outcome: rollout.RolledBack, ended: 73 * h, decisions: []store.Decision{
			decided(72*h+10*m, rollout.PhaseShift, "", weights),
			decided(72*h+20*m, rollout.PhaseBake, rollout.KindAlarmRed, map[string]any{"alarm": "red", "at": midnight.Add(72*h + 19*m).Format(time.RFC3339Nano)}),
			decided(72*h+21*m, rollout.PhaseRollback, "", weights),
		}},
		{begun: 96 * h, outcome: rollout.Dirty, ended: 97 * h, decisions: []store.Decision{
			decided(96*h+10*m, rollout.PhaseShift, "", weights), decided(97*h, rollout.PhaseRollback, rollout.KindDirty, nil), decided(97*h, rollout.PhaseDirty, "", nil),
		}},
		{begun: 98 * h, outcome: rollout.Succeeded, ended: 100 * h, decisions: []store.Decision{ // it put the one before right
			decided(98*h+30*m, rollout.PhaseShift, "", weights), decided(99*h, rollout.PhaseComplete, "", nil),
		}},
		{begun: 110 * h, outcome: rollout.Succeeded, ended: 111 * h}, // its decisions are not kept any more
	})
	since := midnight.Add(24 * h)
	got, err := b.Steps.Deliveries(b.ctx(), production, since)
	if err != nil {
		t.Fatal(err)
	}
	spans := func(all ...time.Duration) steps.Spans {
		seconds := func(d time.Duration) *float64 { return new(d.Seconds()) }
		middle := all[len(all)/2]
		if len(all)%2 == 0 {
			middle = (all[len(all)/2-1] + all[len(all)/2]) / 2
		}
		return steps.Spans{Count: len(all), Median: seconds(middle), P90: seconds(all[len(all)-1]), Longest: seconds(all[len(all)-1])}
	}
	want := steps.Delivery{
		App: "shop", Environment: "production", Since: since, Until: got.Until,
		Deployments: 3, PerDay: got.PerDay, Changes: 5, Failed: 2, FailureRate: new(0.4),
		LeadTime: spans(3 * h), Unknown: 1, FromRelease: spans(30*m, h), Forgotten: 1,
		Restore: spans(2*m, 3*h), AlarmToBack: spans(2 * m),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if days := got.Until.Sub(since).Hours() / 24; got.PerDay < 3/days-0.001 || got.PerDay > 3/days+0.001 {
		t.Errorf("%g a day over %g days, want 3 in all", got.PerDay, days)
	}
}
