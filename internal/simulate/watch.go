package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// Seen is what was seen of a run that is watched.
type Seen struct {
	Began     time.Time  // when the plan began
	Sightings []Sighting // every ten seconds, at each act and whenever weights change
	Acts      []Acted
	Rollouts  []SeenRollout // in the order in which they began
	Usage     rollout.Usage // of all of Sluice's work
}

// Sighting is what an environment was like at a moment.
type Sighting struct {
	At          time.Time
	Environment string
	Weights     rollout.Weights
	Blue, Green SlotSighting
}

// Of is what is seen of one slot.
func (s Sighting) Of(slot rollout.Slot) SlotSighting {
	if slot == rollout.Blue {
		return s.Blue
	}
	return s.Green
}

// SlotSighting is what was asked of a slot since the plan began, and how many tasks it is
// to have.
type SlotSighting struct {
	Answers

	Tasks int
}

// Answers are requests that clients sent, how many of them were answered with 5xx or not
// at all, and how many of the others were answered in more than half a second.
type Answers struct {
	Requests int `json:"requests"`
	Failed   int `json:"failed"`
	Slow     int `json:"slow"`
}

// Bad are those that failed or were slow.
func (a Answers) Bad() int { return a.Failed + a.Slow }

func (a Answers) plus(b Answers) Answers {
	return Answers{a.Requests + b.Requests, a.Failed + b.Failed, a.Slow + b.Slow}
}

func (a Answers) minus(b Answers) Answers {
	return Answers{a.Requests - b.Requests, a.Failed - b.Failed, a.Slow - b.Slow}
}

// Acted is an act that was done.
type Acted struct {
	At  time.Time
	Act Act
}

// SeenRollout is a rollout, with what it decided and the states that it went through.
type SeenRollout struct {
	steps.Explanation

	Path []string
}

// slowest is what an answer may take: what infra/service.yaml's alarm on latency takes
// for good.
const slowest = 0.5

// watch begins to keep what is seen, where the plan has it so.
func (r *Run) watch() {
	if !r.plan.Around.Watched {
		return
	}
	r.seen, r.slow = &Seen{Began: r.Now()}, map[string]int{}
	r.Do(func() {
		for _, p := range r.places {
			p.asked = map[rollout.Slot]Answers{rollout.Blue: r.answers(p, rollout.Blue), rollout.Green: r.answers(p, rollout.Green)}
		}
		before := r.World.Observe
		r.World.Observe = func(s elbv2.Sample) {
			slow := 0
			for _, l := range s.Latencies {
				if l.Seconds > slowest {
					slow += l.Count
				}
			}
			r.slow[s.TargetGroupARN] += max(slow-s.Status[5], 0)
			before(s)
		}
	})
}

// answers are those of a slot since the world was made.
func (r *Run) answers(p *place, slot rollout.Slot) Answers {
	group := p.groups().Of(slot)
	count := r.World.ToGroup(group)
	return Answers{Requests: count.Requests, Failed: count.Failed, Slow: r.slow[group]}
}

func (r *Run) sampleAll() {
	for _, p := range r.places {
		r.sample(p)
	}
}

// sample keeps what an environment is like now.
func (r *Run) sample(p *place) {
	if r.seen == nil {
		return
	}
	of := func(slot rollout.Slot) SlotSighting {
		tasks, _ := r.ECS.DesiredCount(p.spec.Cluster, p.spec.Slots.Of(slot))
		return SlotSighting{Answers: r.answers(p, slot).minus(p.asked[slot]), Tasks: int(tasks)}
	}
	r.seen.Sightings = append(r.seen.Sightings, Sighting{
		At: r.Now(), Environment: p.Environment, Weights: p.weights, Blue: of(rollout.Blue), Green: of(rollout.Green),
	})
}

// watched keeps an act.
func (r *Run) watched(a Act) {
	if r.seen != nil {
		r.sampleAll()
		r.seen.Acts = append(r.seen.Acts, Acted{r.Now(), a})
	}
}

// weighed does what is to be done when the canary has come to a weight.
func (r *Run) weighed(p *place) {
	r.sample(p)
	if snap := p.env.SnapshotOf(p.env.Rollout); snap != nil {
		r.comeTo(p.env.Rollout, weightState(p.weights.Of(snap.Plan.Canary)))
	}
}

// weightState is a weight of the canary as Moment.State has it.
func weightState(weight int) string { return fmt.Sprintf("weight %d", weight) }

// watchEnd keeps what can be told when the run is over.
func (r *Run) watchEnd() {
	if r.seen == nil {
		return
	}
	names := slices.Collect(maps.Keys(r.records))
	slices.SortFunc(names, func(a, b string) int {
		if c := r.records[a].At.Compare(r.records[b].At); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	usage := r.used()
	for _, name := range names {
		told, err := r.Steps.Explain(nobody(), name)
		if err != nil {
			r.broke(Told, "nothing explains %s: %v", name, err)
			continue
		}
		one := SeenRollout{Explanation: told}
		r.Do(func() {
			one.Path = slices.Clone(r.StepFunctions.Path(told.Execution))
			usage.Transitions += r.StepFunctions.Transitions(told.Execution)
		})
		r.seen.Rollouts = append(r.seen.Rollouts, one)
	}
	r.seen.Usage = usage
}

// used counts the calls of Sluice's functions.
func (r *Run) used() rollout.Usage {
	u := rollout.Usage{Invocations: r.invocations}
	for _, c := range r.trace.calls {
		switch c.Operation {
		case "PutEvents":
			u.Events++
		case "GetItem", "BatchGetItem", "Query":
			u.Reads++
		case "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems":
			u.Writes++
		}
	}
	return u
}

// turn is how an app's last build answers from a moment on.
type turn struct {
	errors  float64
	latency time.Duration
}

// turning has an image that an app builds behave so, until it is turned.
func (r *Run) turning(app string, b model.Behaviour) model.Behaviour {
	now := &turn{}
	r.turns[app] = now
	share, latency := b.ErrorShare, b.Latency
	b.ErrorShare = func(age time.Duration) float64 {
		if now.errors > 0 || share == nil {
			return now.errors
		}
		return share(age)
	}
	b.Latency = func(age time.Duration) time.Duration {
		switch {
		case now.latency > 0:
			return now.latency
		case latency == nil:
			return model.Latency
		default:
			return latency(age)
		}
	}
	return b
}

// turn has an app's last build answer otherwise from now on: errors=0.03 or latency=2s.
func (r *Run) turn(args []string) error {
	now, ok := r.turns[args[0]]
	if !ok {
		return fmt.Errorf("%s has no build", args[0])
	}
	what, value, _ := strings.Cut(args[1], "=")
	var err error
	switch what {
	case "errors":
		_, err = fmt.Sscanf(value, "%g", &now.errors)
	case "latency":
		now.latency, err = time.ParseDuration(value)
	default:
		err = fmt.Errorf("want errors or latency, found %q", what)
	}
	return err
}

// throttle has AWS refuse all that functions ask of a service, for a while.
func (r *Run) throttle(args []string) error {
	span, err := time.ParseDuration(args[1])
	if err != nil {
		return fmt.Errorf("throttle: %w", err)
	}
	r.brownouts[args[0]] = r.Now().Add(span)
	return nil
}
