package simulate

import (
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Outcome is what would happen in a scenario. Times are in seconds since the build
// succeeded; nil is never.
type Outcome struct {
	Scenario string   `json:"scenario"`
	Effects  []string `json:"effects"`
	Load     float64  `json:"load"` // requests a second
	Tasks    int      `json:"tasks"`
	// Outcome is that of the last rollout, and RolledBack where a rollback rollout has
	// taken the release back; Reason is why.
	Outcome  rollout.Outcome `json:"outcome"`
	Reason   string          `json:"reason"`
	Rollouts []Rolled        `json:"rollouts"`
	Full     *float64        `json:"full"`    // all traffic of the last environment was on the new version
	Trouble  *float64        `json:"trouble"` // something went wrong first: the first effect that has a moment, or bad answer
	Noticed  *float64        `json:"noticed"` // Sluice first acted on it
	Back     *float64        `json:"back"`    // after it, all traffic was on the old version again
	Ended    float64         `json:"ended"`   // the last rollout ended
	// New and Old are the answers of the two versions, in all environments, and
	// WhileBad those of the new one since Trouble.
	New      Answers `json:"new"`
	Old      Answers `json:"old"`
	WhileBad Answers `json:"whileBad"`
	// Usage is AWS's count of Sluice's own work, and Dollars its list price. TaskHours are
	// of the tasks beyond those that ran before.
	Usage     rollout.Usage `json:"usage"`
	Dollars   float64       `json:"dollars"`
	TaskHours float64       `json:"taskHours"`
	Notes     []string      `json:"notes"` // in what the simulated world differs
	Alarms    []StandIn     `json:"alarms"`
	Unmet     []string      `json:"unmet"`  // effects whose moment did not come
	Broken    string        `json:"broken"` // the promise of Sluice's that did not hold; "" is none
	Timeline  []Event       `json:"timeline"`
	Series    []Series      `json:"series"` // of each environment
}

// Rolled is how a rollout ended.
type Rolled struct {
	Rollout     string          `json:"rollout"`
	Environment string          `json:"environment"`
	Kind        rollout.Kind    `json:"kind"`
	Outcome     rollout.Outcome `json:"outcome"`
	Reason      string          `json:"reason"`
	Began       float64         `json:"began"`
	Ended       float64         `json:"ended"`
	Path        []string        `json:"path"` // the states that it went through
}

// Series is an environment over time.
type Series struct {
	Environment string  `json:"environment"`
	Points      []Point `json:"points"`
}

// Point is an environment at a moment: the new version's weight in percent, the answers
// of both versions since the point before, and how many tasks they are to have.
type Point struct {
	At       float64 `json:"at"`
	Weight   int     `json:"weight"`
	New      Answers `json:"new"`
	Old      Answers `json:"old"`
	NewTasks int     `json:"newTasks"`
	OldTasks int     `json:"oldTasks"`
}

// The release that is tried is the second, which goes from green to blue.
const (
	tryNumber = 2
	newSlot   = rollout.Blue
	oldSlot   = rollout.Green
)

func outcomeOf(s Scenario, t *tried, r Result) Outcome {
	p := t.Plan
	seen := r.Seen
	o := Outcome{
		Scenario: s.Name, Effects: []string{}, Load: p.Around.Load, Tasks: p.Around.Tasks, Rollouts: []Rolled{}, Usage: seen.Usage, Dollars: seen.Usage.Dollars(),
		Notes: slices.Concat([]string{}, t.notes), Alarms: standIns(p.Specs[0]), Unmet: []string{}, Series: []Series{},
	}
	if p.Around.Silent {
		o.Load = 0
	}
	for _, e := range s.Effects {
		o.Effects = append(o.Effects, e.String())
	}
	if r.Broken != nil {
		o.Broken = r.Broken.Error()
	}
	o.rolled(seen)
	o.unmet(t, r.Undone)
	for _, env := range p.Specs[0].Environments {
		o.series(env.Name, seen)
	}
	last := p.Specs[0].Environments[len(p.Specs[0].Environments)-1]
	o.measure(last.Name, seen)
	o.Timeline = timelineOf(seen)
	return o
}

// since is a time in seconds since the plan began, to the millisecond.
func (s *Seen) since(at time.Time) float64 {
	return at.Sub(s.Began).Round(time.Millisecond).Seconds()
}

func standIns(s rollout.Spec) []StandIn {
	all := []StandIn{}
	for _, env := range s.Environments {
		all = append(all, standInsOf(env)...)
	}
	return all
}

func (o *Outcome) rolled(seen *Seen) {
	for _, one := range seen.Rollouts {
		ended := 0.0
		if one.Ended != nil {
			ended = seen.since(*one.Ended)
		}
		o.Rollouts = append(o.Rollouts, Rolled{
			Rollout: one.Rollout, Environment: one.Environment, Kind: one.Kind, Outcome: one.Outcome, Reason: seen.plain(one.Reason),
			Began: seen.since(one.Started), Ended: ended, Path: one.Path,
		})
		o.Outcome, o.Reason, o.Ended = one.Outcome, seen.plain(one.Reason), max(o.Ended, ended)
		if one.Kind == rollout.Back && one.Outcome == rollout.Succeeded {
			o.Outcome, o.Reason = rollout.RolledBack, seen.plain(one.Why)
		}
	}
}

// unmet are the effects whose moment did not come.
func (o *Outcome) unmet(t *tried, undone []Act) {
	for _, e := range t.effects {
		if slices.Contains(undone, e.act) {
			o.Unmet = append(o.Unmet, e.String())
		}
	}
}

// series are an environment's points until its last rollout has ended.
func (o *Outcome) series(name string, seen *Seen) {
	s := Series{Environment: name, Points: []Point{}}
	var before Sighting
	for _, now := range seen.Sightings {
		if now.Environment != name || seen.since(now.At) > o.Ended+10 {
			continue
		}
		if before.At.IsZero() {
			before = now
		}
		point := Point{
			At: seen.since(now.At), Weight: now.Weights.Of(newSlot), NewTasks: now.Of(newSlot).Tasks, OldTasks: now.Of(oldSlot).Tasks,
			New: now.Of(newSlot).minus(before.Of(newSlot).Answers), Old: now.Of(oldSlot).minus(before.Of(oldSlot).Answers),
		}
		extra := before.Of(newSlot).Tasks + before.Of(oldSlot).Tasks - o.Tasks
		o.TaskHours += float64(max(extra, 0)) * now.At.Sub(before.At).Hours()
		o.New, o.Old = o.New.plus(point.New), o.Old.plus(point.Old)
		s.Points = append(s.Points, point)
		before = now
	}
	o.Series = append(o.Series, s)
}

// measure finds when what happened.
func (o *Outcome) measure(last string, seen *Seen) {
	for _, a := range seen.Acts {
		if slices.Contains([]string{"turn", "alarm", "throttle"}, a.Act.Verb) {
			o.Trouble = earlier(o.Trouble, seen.since(a.At))
		}
	}
	for _, s := range o.Series {
		for _, p := range s.Points {
			if p.New.Bad() > 0 {
				o.Trouble = earlier(o.Trouble, p.At)
			}
		}
	}
	for _, s := range o.Series {
		o.follow(s, s.Environment == last)
	}
	for _, one := range seen.Rollouts {
		for _, d := range one.Decisions {
			stops := d.Phase == rollout.PhaseRollback || d.Kind != "" && !again(d.Kind)
			if at := seen.since(d.At); stops && (o.Trouble == nil || at >= *o.Trouble) {
				o.Noticed = earlier(o.Noticed, at)
			}
		}
	}
}

// follow finds when an environment's traffic was all on one version.
func (o *Outcome) follow(s Series, last bool) {
	weight := 0
	for _, p := range s.Points {
		if o.Trouble != nil && p.At > *o.Trouble {
			o.WhileBad = o.WhileBad.plus(p.New)
		}
		if last && p.Weight == 100 && o.Full == nil {
			o.Full = earlier(nil, p.At)
		}
		if last && p.Weight == 0 && weight > 0 && o.Back == nil {
			o.Back = earlier(nil, p.At)
		}
		weight = p.Weight
	}
}

// again reports whether what stopped so is tried again by itself.
func again(k rollout.ErrorKind) bool {
	switch k { //nolint:exhaustive // the others stop a rollout
	case rollout.KindClosed, rollout.KindThrottled, rollout.KindUnavailable, rollout.KindNotReady, rollout.KindUnapproved, rollout.KindLockLost:
		return true
	default:
		return false
	}
}

func earlier(a *float64, b float64) *float64 {
	if a != nil {
		b = min(*a, b)
	}
	return &b
}

// Seconds are how long it took from one moment to another; nil where one never came.
func Seconds(from, to *float64) *float64 {
	if from == nil || to == nil {
		return nil
	}
	d := *to - *from
	return &d
}
