package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Delivery is how an environment's releases fared over a range of time. All of it is
// computed from the records of its rollouts and the decisions in them.
type Delivery struct {
	App         string    `json:"app"`
	Environment string    `json:"environment"`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until"`

	// Deployments is how many releases got to 100 percent of the traffic, and PerDay how
	// many a day.
	Deployments int     `json:"deployments"`
	PerDay      float64 `json:"perDay"`
	// Changes is how many releases were given traffic, and Failed how many of those went
	// back, were rolled back later, or left the environment Dirty.
	Changes     int      `json:"changes"`
	Failed      int      `json:"failed"`
	FailureRate *float64 `json:"failureRate"` // Failed of Changes; nil where there were none

	LeadTime    Spans `json:"leadTime"`    // from the commit to 100 percent
	Unknown     int   `json:"unknown"`     // deployments whose commit time nobody told: they are not in LeadTime
	FromRelease Spans `json:"fromRelease"` // from the release to 100 percent, of all
	Restore     Spans `json:"restore"`     // from when a failure was known until it was over
	AlarmToBack Spans `json:"alarmToBack"` // from the alarm to the rule back

	// Forgotten is how many rollouts are counted by their outcome alone, as the spec has
	// their decisions kept for a shorter time. They are in none of the spans.
	Forgotten int `json:"forgotten"`
}

// Deliveries looks at the rollouts that began in an environment since a moment.
func (s *Steps) Deliveries(ctx context.Context, place store.Place, since time.Time) (Delivery, error) {
	d := Delivery{App: place.App, Environment: place.Environment, Since: since.UTC(), Until: s.Now().UTC()}
	t := tally{Delivery: &d, left: map[int]bool{}}
	for r, err := range s.Store.Rollouts(ctx, place) {
		if err != nil {
			return d, err
		}
		if r.At.Before(since) {
			break
		}
		release, err := s.Store.Release(ctx, place.App, r.Release)
		if err != nil {
			return d, err
		}
		decisions, err := s.Store.Decisions(ctx, r.Name)
		if err != nil {
			return d, err
		}
		if len(decisions) == 0 && r.Outcome != "" {
			t.addForgotten(r)
			continue
		}
		t.add(passage{r, release, courseOf(r, decisions)})
	}
	t.sum()
	return d, nil
}

// passage is a rollout as it is counted.
type passage struct {
	record  store.Record
	release rollout.Release
	course
}

// course is what the decisions of a rollout say of it.
type course struct {
	red     *Red
	traffic bool      // the release got some
	whole   time.Time // when it had all, if it committed
	known   time.Time // when it was known that it fails
	back    time.Time // when the rule was back
	dirty   time.Time
}

func courseOf(r store.Record, decisions []store.Decision) course {
	c := course{red: redIn(r.Kind, decisions)}
	var shifted time.Time
	for _, d := range decisions {
		switch {
		case d.Phase == rollout.PhaseShift && weightsIn(d) != nil:
			c.traffic, shifted = true, d.At
		case d.Phase == rollout.PhaseComplete && d.Kind == "":
			c.whole = shifted
		case d.Phase == rollout.PhaseRollback && weightsIn(d) != nil:
			c.back = d.At
		case d.Phase == rollout.PhaseDirty:
			c.dirty = d.At
		}
		if c.known.IsZero() && stops(d) {
			c.known = d.At
		}
	}
	if c.red != nil {
		c.known = c.red.At
	}
	if r.Kind == rollout.Back {
		c.back = shifted
		if c.red == nil {
			c.known = r.At // somebody asked for it
		}
	}
	return c
}

// stops reports whether a decision ends a rollout that has not committed.
func stops(d store.Decision) bool {
	switch d.Kind { //nolint:exhaustive // the others are tried again, or end it before it has begun
	case rollout.KindAlarmRed, rollout.KindVerdictFailed, rollout.KindCanaryFailed, rollout.KindForeignWrite,
		rollout.KindRuleChanged, rollout.KindAborted, rollout.KindRejected, rollout.KindDirty:
		return d.Of != store.DecidedApproval
	default:
		return false
	}
}

// tally counts rollouts, the newest first.
type tally struct {
	*Delivery

	left      map[int]bool // releases that a newer rollback has left
	recovered time.Time    // when the newer rollout after this one succeeded

	lead, fromRelease, restore, alarm []time.Duration
}

func (t *tally) add(p passage) {
	if p.red != nil && p.red.Back != nil {
		t.alarm = append(t.alarm, p.red.Back.Sub(p.red.At))
	}
	if p.record.Kind == rollout.Back {
		t.addBack(p)
		return
	}
	if !p.whole.IsZero() && p.record.Outcome != rollout.Dirty {
		t.deployed(p)
	}
	failed := t.left[p.record.Release]
	switch {
	case p.record.Outcome == rollout.RolledBack && p.traffic:
		failed = true
		t.restored(p.known, p.back)
	case p.record.Outcome == rollout.Dirty && p.traffic:
		failed = true
		t.restored(p.known, t.recovered)
	}
	if p.traffic {
		t.Changes++
	}
	if failed && p.traffic {
		t.Failed++
	}
	if p.record.Outcome == rollout.Succeeded {
		t.recovered = p.record.EndedAt
	}
}

func (t *tally) addBack(p passage) {
	if p.record.Outcome == rollout.Succeeded && p.traffic { // else there was nothing to leave
		t.left[p.record.Leave] = true
		t.restored(p.known, p.back)
		t.recovered = p.record.EndedAt
	}
}

// addForgotten counts a rollout of which only the outcome is known.
func (t *tally) addForgotten(r store.Record) {
	t.Forgotten++
	switch {
	case r.Kind == rollout.Back:
		t.left[r.Leave] = t.left[r.Leave] || r.Outcome == rollout.Succeeded
	case r.Outcome == rollout.Succeeded:
		t.Deployments++
		t.Changes++
		if t.left[r.Release] {
			t.Failed++
		}
	case r.Outcome == rollout.RolledBack || r.Outcome == rollout.Dirty:
		t.Changes++
		t.Failed++
	}
}

// deployed counts a release that has got to 100 percent.
func (t *tally) deployed(p passage) {
	t.Deployments++
	t.fromRelease = append(t.fromRelease, p.whole.Sub(p.release.At))
	if p.release.Cause.CommittedAt.IsZero() {
		t.Unknown++
		return
	}
	t.lead = append(t.lead, p.whole.Sub(p.release.Cause.CommittedAt))
}

func (t *tally) restored(known, over time.Time) {
	if !known.IsZero() && over.After(known) {
		t.restore = append(t.restore, over.Sub(known))
	}
}

func (t *tally) sum() {
	if days := t.Until.Sub(t.Since).Hours() / 24; days > 0 {
		t.PerDay = float64(t.Deployments) / days
	}
	if t.Changes > 0 {
		rate := float64(t.Failed) / float64(t.Changes)
		t.FailureRate = &rate
	}
	t.LeadTime, t.FromRelease, t.Restore, t.AlarmToBack = spansOf(t.lead), spansOf(t.fromRelease), spansOf(t.restore), spansOf(t.alarm)
}
