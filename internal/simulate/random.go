package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Random is the plan of a seed: apps with specs, load, builds good and bad, people who
// steer, and faults, all as the seed has it.
func Random(seed uint64) Plan {
	g := generator{rand.New(rand.NewPCG(seed, 0x51))} //nolint:gosec // it is to be the same each time
	p := Plan{Name: "--seed " + strconv.FormatUint(seed, 10), Seed: seed}
	released := 0
	if p.Around.Released = g.IntN(2) == 0; p.Around.Released {
		released++
	}
	for _, app := range []string{"shop", "billing"}[:1+g.IntN(4)/3] {
		spec := g.spec(app)
		p.Specs = append(p.Specs, spec)
		p.Acts = append(p.Acts, g.acts(spec, released)...)
	}
	slices.SortStableFunc(p.Acts, func(a, b Act) int { return int(a.At.After - b.At.After) })
	p.Faults = g.faults()
	p.Around.Tasks, p.Around.Load, p.Around.Silent = 1+g.IntN(4), []float64{5, 100, 100, 400}[g.IntN(4)], g.IntN(10) == 0
	return p
}

// generator draws what a plan is made of.
type generator struct{ *rand.Rand }

func (g generator) spec(app string) rollout.Spec {
	s := shop()
	s.App, s.Triggers.CodeBuild = app, []string{app + "-build"}
	s.Containers = map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/" + app}
	s.Environments = nil
	for i, name := range []string{"staging", "production"}[g.IntN(3)/2:] {
		env := environment(name, g.steps())
		env.Wave, env.Cluster = i+1, app+"-"+name
		env.Slots = rollout.Names{Blue: app + "-blue", Green: app + "-green"}
		env.Alarms = []string{app + "-" + name + "-{slot}-5xx", app + "-" + name + "-{slot}-latency"}[:1+g.IntN(2)]
		env.Guard = g.minutes(0, 20)
		env.WatchAfter = g.minutes(0, 60)
		env.Inconclusive.Retries = g.IntN(3)
		s.Environments = append(s.Environments, env)
	}
	if g.IntN(4) == 0 {
		asking(&s)
	}
	return s
}

func (g generator) steps() []rollout.Step {
	weights := [][]int{{100}, {10, 50, 100}, {50, 100}, {1, 99, 100}, {5, 25, 50, 75, 100}}
	var steps []rollout.Step
	for _, w := range weights[g.IntN(len(weights))] {
		steps = append(steps, rollout.Step{Weight: w, Bake: g.minutes(0, 6)})
	}
	return steps
}

func (g generator) minutes(least, most int) time.Duration {
	return time.Duration(least+g.IntN(most-least+1)) * time.Minute
}

// acts are builds after those that are released already, and what people do meanwhile.
func (g generator) acts(s rollout.Spec, released int) []Act {
	behaviours := []string{"good", "good", "good", "bad", "bad:3m", "slow", "unstartable", "unhealthy", "sickens:5m", "exits:4m"}
	var acts []Act
	for n := released + 1; n <= released+1+g.IntN(3); n++ {
		acts = append(acts, after(g.minutes(0, 40), "build", s.App, behaviours[g.IntN(len(behaviours))]))
		for _, env := range s.Environments {
			name := fmt.Sprintf("%s-%s-%d", s.App, env.Name, n)
			if env.Approval != nil && g.IntN(4) > 0 {
				acts = append(acts, at(name, "Approve", g.minutes(0, 30), "press", "ada", "approve", name))
			}
			if g.IntN(3) == 0 {
				acts = append(acts, g.meddling(s.App, env.Name, name)...)
			}
		}
	}
	if g.IntN(6) == 0 {
		acts = append(acts, after(g.minutes(0, 10), "freeze", s.App, "20m"), after(g.minutes(10, 30), "thaw", s.App))
	}
	return acts
}

// meddling is something that people do to a rollout.
func (g generator) meddling(app, environment, name string) []Act {
	span := time.Duration(g.IntN(120)) * time.Second
	states := []string{"AwaitCanary", "Shift", "Bake", "Judge", "Complete", "Guard", "Retire"}
	state := states[g.IntN(len(states))]
	switch g.IntN(6) {
	case 0: // what is paused waits for people without limit
		return []Act{at(name, "Bake", span, "press", "bob", "pause", name), at(name, "Hold", span, "press", "bob", "resume", name)}
	case 1:
		return []Act{at(name, "Bake", span, "press", "bob", "promote", name)}
	case 2:
		return []Act{at(name, state, span, "press", "bob", "abort", name)}
	case 3:
		return []Act{at(name, state, span, "rollback", app, environment)}
	case 4:
		return []Act{at(name, state, span, "stop", name)}
	default:
		return []Act{at(name, state, span, "again", app)}
	}
}

// faults are at most six, of kinds that Sluice comes through by itself.
func (g generator) faults() []Fault {
	all := kinds()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return all[name].person })
	var faults []Fault
	for range g.IntN(7) {
		name := names[g.IntN(len(names))]
		places := 700
		if all[name].request == nil {
			places = 60
		}
		faults = append(faults, Fault{name, 1 + g.IntN(places)})
	}
	return faults
}

// Describe says what a plan has, a line each.
func (p Plan) Describe() string {
	var text strings.Builder
	if p.Around.Silent {
		text.WriteString("no requests come\n")
	} else if p.Around.Load > 0 {
		fmt.Fprintf(&text, "%g requests a second to %d tasks\n", p.Around.Load, p.Around.Tasks)
	}
	for _, s := range p.Specs {
		for _, env := range s.Environments {
			fmt.Fprintf(&text, "%s/%s: steps", s.App, env.Name)
			for _, step := range env.Steps {
				fmt.Fprintf(&text, " %d%%/%s", step.Weight, step.Bake)
			}
			fmt.Fprintf(&text, ", guard %s", env.Guard)
			if env.Approval != nil {
				text.WriteString(", asks")
			}
			text.WriteString("\n")
		}
	}
	for _, a := range p.Acts {
		fmt.Fprintf(&text, "%s: %s\n", a.At, a)
	}
	return text.String()
}
