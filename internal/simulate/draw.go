package simulate

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// Draw gives count plans drawn from all that can be explored: half of them a story with a
// fault, a fifth a story with two, a tenth two rollouts of one app that cross, and a fifth
// random. The same seed draws the same.
func Draw(seed uint64, count int) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		d := newDrawer(seed)
		for range count {
			if !yield(d.draw()) {
				return
			}
		}
	}
}

// drawer draws plans.
type drawer struct {
	*rand.Rand

	stories []Plan
	bases   map[string]Result
	all     map[string]kind
	names   []string
}

func newDrawer(seed uint64) *drawer {
	d := &drawer{
		Rand: rand.New(rand.NewPCG(seed, 0x5a)), stories: Stories(), bases: map[string]Result{}, all: kinds(), //nolint:gosec // it is to be the same each time
	}
	d.names = slices.Sorted(maps.Keys(d.all))
	return d
}

func (d *drawer) draw() Plan {
	p := d.stories[d.IntN(len(d.stories))]
	switch n := d.IntN(10); {
	case n < 5:
		return p.with(d.fault(p))
	case n < 7:
		return p.with(d.fault(p), d.fault(p))
	case n < 8:
		begun := 1 + d.IntN(d.base(d.stories[0]).Requests)
		return d.stories[0].with(Fault{"builds", begun}, Fault{"hold", begun + 1 + d.IntN(60)})
	default:
		return Random(d.Uint64N(1 << 32))
	}
}

// fault is any that can befall what a plan does.
func (d *drawer) fault(p Plan) Fault {
	base := d.base(p)
	for {
		name := d.names[d.IntN(len(d.names))]
		places := d.all[name].places(base)
		if places == 0 {
			continue
		}
		f := Fault{name, 1 + d.IntN(places)}
		if name == "stale" && !base.Calls[f.Nth-1].Stale {
			continue
		}
		return f
	}
}

// base is what a plan does when nothing goes wrong.
func (d *drawer) base(p Plan) Result {
	if _, known := d.bases[p.Name]; !known {
		d.bases[p.Name] = Play(p)
	}
	return d.bases[p.Name]
}
