package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// onPassed looks at the alarms of a canary that was judged and goes on.
func (r *Run) onPassed(p *place, record store.Record, state string) {
	snap := p.env.SnapshotOf(record.Name)
	if snap == nil || record.Kind == rollout.Back || p.env.Committed == record.Name {
		return
	}
	for name, since := range r.redNow(p.alarmsOf(snap.Plan.Canary)) {
		if since.After(snap.At) && since.Before(p.judged) {
			r.broke(AlarmsKept, "%s was red since %s, and %s was judged at %s and came to %s",
				name, since.Format(time.TimeOnly), record.Name, p.judged.Format(time.TimeOnly), state)
		}
	}
}

// heard is told that Sluice is to hear of a red alarm, and looks in a while what came of it.
func (r *Run) heard(name string) {
	for _, p := range r.places {
		env := p.env
		r.heardAfter(p, name)
		snap := env.SnapshotOf(env.Rollout)
		if snap == nil || env.Kind == rollout.Back || env.GuardClosed == env.Rollout || env.Dirty != nil || env.Owner == "" {
			continue
		}
		release := r.records[env.Rollout].Release
		if !slices.Contains(p.alarmsOf(snap.Plan.Canary), name) || r.records[env.Rollout].Outcome != "" {
			continue
		}
		r.trace.note(r.Now(), "alarm", "%s is red while %s is under way", name, env.Rollout)
		r.inAWhile(func() {
			if !slices.Contains(p.latches, env.Rollout) && !r.wentBack(p, env.Rollout, release) {
				r.broke(AlarmsKept, "%s was red while %s was under way, which was not latched and did not go back", name, env.Rollout)
			}
		})
	}
}

// inAWhile looks at what has to have happened by then; the run is not over before.
// Functions that fail are tried again after one and after two minutes.
func (r *Run) inAWhile(look func()) {
	r.acting++
	r.After(15*time.Minute, func() {
		look()
		r.acting--
	})
}

// heardAfter looks in a while whether a rollback was begun from a release whose guard has
// closed, where there is one to go back to and nothing else was done.
func (r *Run) heardAfter(p *place, name string) {
	facts := p.env.Facts
	if p.env.Owner != "" || p.env.Dirty != nil || facts == nil || facts.Previous == 0 || !facts.Guarded.IsZero() && r.Now().After(facts.Guarded) ||
		!slices.Contains(p.alarmsOf(facts.Stable), name) {
		return
	}
	r.trace.note(r.Now(), "alarm", "%s is red while release %d of %s is watched", name, facts.Release, p.Place)
	r.inAWhile(func() {
		now := p.env.Facts
		if now != nil && now.Release == facts.Release && p.env.Owner == "" && !r.wentBack(p, "", facts.Release) {
			r.broke(AlarmsKept, "%s was red while release %d of %s was watched, which was not left", name, facts.Release, p.Place)
		}
	})
}

// wentBack reports whether a rollout did not stay: it went back, or a rollback has left
// its release.
func (r *Run) wentBack(p *place, name string, release int) bool {
	if outcome := r.records[name].Outcome; outcome != "" && outcome != rollout.Succeeded {
		return true
	}
	for _, record := range r.records {
		if record.Place == p.Place && record.Kind == rollout.Back && record.Leave == release {
			return true
		}
	}
	return p.env.Dirty != nil
}

// redNow are those of the alarms that are red, and since when.
func (r *Run) redNow(names []string) map[string]time.Time {
	var found cloudwatch.DescribeAlarmsOutput
	if err := r.call("cloudwatch", "describeAlarms", map[string][]string{"AlarmNames": names}, &found); err != nil {
		return nil
	}
	red := map[string]time.Time{}
	for _, alarm := range found.MetricAlarms {
		if alarm.StateValue == cwtypes.StateValueAlarm {
			red[aws.ToString(alarm.AlarmName)] = aws.ToTime(alarm.StateUpdatedTimestamp)
		}
	}
	return red
}

// alarmsOf are the names of a slot's own alarms.
func (p *place) alarmsOf(slot rollout.Slot) []string {
	var names []string
	for _, name := range p.spec.Alarms {
		if strings.Contains(name, "{slot}") {
			names = append(names, strings.ReplaceAll(name, "{slot}", string(slot)))
		}
	}
	return names
}
