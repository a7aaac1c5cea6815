package simulate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// atEnd looks at what has to be so when everything has come to rest.
func (r *Run) atEnd() {
	for _, p := range r.places {
		if p.env.Dirty != nil {
			continue
		}
		r.atRest(p)
	}
	releases := map[string]map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(r.records)) {
		record := r.records[name]
		if record.Kind == rollout.Forward {
			if releases[record.Place.App] == nil {
				releases[record.Place.App] = map[int]bool{}
			}
			releases[record.Place.App][record.Release] = true
		}
		r.explained(name)
	}
	for app, all := range releases {
		if len(all) > r.builds[app] {
			r.broke(OncePerBuild, "%d builds of %s became %d releases", r.builds[app], app, len(all))
		}
	}
}

// atRest looks at an environment that nobody owns.
func (r *Run) atRest(p *place) {
	for _, name := range p.latches {
		if r.records[name].Outcome == rollout.Succeeded {
			r.broke(AlarmsKept, "%s was latched and has succeeded", name)
		}
	}
	if p.edited.After(p.read) || !r.plan.asPromised() {
		return
	}
	slot, whole := p.weights.Whole()
	if !whole {
		r.broke(EndsWhole, "%s rests with weights %s", p.Place, p.weights)
		return
	}
	var idle, busy int32
	r.Do(func() {
		idle, _ = r.ECS.DesiredCount(p.spec.Cluster, p.spec.Slots.Of(slot.Other()))
		busy, _ = r.ECS.DesiredCount(p.spec.Cluster, p.spec.Slots.Of(slot))
	})
	runs := !r.isEmpty(p) || p.newest > 0 // where nothing ran, nothing may be left
	if runs && (idle != 0 || busy == 0) {
		r.broke(KeptRunning, "%s rests with %d tasks in the slot with the traffic and %d in the other", p.Place, busy, idle)
	}
	r.scaled(p, slot)
	r.served(p)
}

// scaled looks at the autoscaling of an environment that rests.
func (r *Run) scaled(p *place, slot rollout.Slot) {
	if r.isEmpty(p) || p.env.Ended == 0 && p.env.RollbackEnded == 0 {
		return
	}
	scaler := autoscaling.Scaler{AutoScaling: awsclient.New(r.Config("AKIAPERSON")).AutoScaling}
	got, err := scaler.Read(nobody(), p.spec.Cluster, p.spec.Slots)
	want := map[rollout.Slot]*rollout.Scaling{
		slot:         {Min: r.tasks(), Max: r.maxTasks()},
		slot.Other(): {Min: 0, Max: r.maxTasks(), InSuspended: true, OutSuspended: true, ScheduledSuspended: true},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		r.broke(ScalingKept, "%s: %v (-want +got)\n%s", p.Place, err, diff)
	}
}

// served looks at the requests of an environment, where nothing was to make one fail.
func (r *Run) served(p *place) {
	for _, a := range r.plan.Acts {
		if a.Verb == "crash" || a.Verb == "turn" || a.Verb == "build" && !strings.HasSuffix(a.Args, " good") {
			return
		}
	}
	if slices.ContainsFunc(r.plan.Faults, func(f Fault) bool { return f.Kind == "crash" }) || r.isEmpty(p) {
		return
	}
	failed := 0
	r.Do(func() {
		failed = r.World.ToGroup(p.service.BlueGroup).Failed + r.World.ToGroup(p.service.GreenGroup).Failed - p.failed
	})
	if failed > 0 {
		r.broke(TrafficServed, "%d requests to %s failed", failed, p.Place)
	}
}

// explained looks at how a rollout has ended, and who knows.
func (r *Run) explained(name string) {
	record := r.records[name]
	p := r.place(record.Place.App, record.Place.Environment)
	if record.Outcome == "" {
		if p.env.Dirty == nil || p.env.Rollout != name {
			r.broke(NothingWaits, "%s has no outcome", name)
		}
		return
	}
	if !record.Told {
		r.broke(Told, "nobody was told how %s ended", name)
	}
	if record.Outcome != rollout.Succeeded && record.Reason == "" {
		r.broke(Told, "%s ended %s, and nothing says why", name, record.Outcome)
	}
	decisions, err := r.Steps.Store.Decisions(nobody(), name)
	if err != nil || len(decisions) == 0 {
		r.broke(Told, "nothing explains %s: %v", name, err)
	}
	r.shown(name, record.Outcome)
}

// shown looks at what Slack shows of a rollout: a message with how it ended. A second one
// is there where a function died between posting it and noting that.
func (r *Run) shown(name string, outcome rollout.Outcome) {
	found := false
	r.Do(func() {
		for _, m := range r.Slack.Messages(channel) {
			blocks, err := json.Marshal(m.Blocks)
			about := err == nil && strings.Contains(m.Text+string(blocks), "`"+name+"`")
			found = found || about && slices.ContainsFunc(headlines(outcome), func(h string) bool { return strings.Contains(m.Text, h) })
		}
	})
	if !found {
		r.broke(Told, "no message in Slack shows that %s ended %s", name, outcome)
	}
}

// headlines are what a message says of a rollout that has ended so.
func headlines(outcome rollout.Outcome) []string {
	switch outcome {
	case rollout.Succeeded:
		return []string{"released", "back on release"}
	case rollout.RolledBack:
		return []string{"rolled back"}
	case rollout.Superseded:
		return []string{"superseded"}
	case rollout.Refused:
		return []string{"could not begin"}
	case rollout.Rejected:
		return []string{"rejected"}
	case rollout.Dirty:
		return []string{"Dirty"}
	default:
		return nil
	}
}
