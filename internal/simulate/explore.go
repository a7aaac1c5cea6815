package simulate

import (
	"iter"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
)

// Singles are a plan with every kind of fault at every place of its run, one at a time.
func Singles(p Plan) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		for _, f := range faultsOf(Play(p), nil) {
			if !yield(p.with(f)) {
				return
			}
		}
	}
}

// Pairs are a plan with every two faults of these kinds, each at every place: the second
// at the places that its run has with the first.
func Pairs(p Plan, kinds ...string) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		for _, first := range faultsOf(Play(p), kinds) {
			for _, second := range faultsOf(Play(p.with(first)), kinds) {
				if second.Nth > first.Nth && !yield(p.with(first, second)) {
					return
				}
			}
		}
	}
}

// MainPairs are Pairs of the kinds that the others are made of: a function that dies when
// a call has had its effect, an answer that is lost, a write that lands late, a function
// that lives too long, and the canary's alarm.
func MainPairs(p Plan) iter.Seq[Plan] { return Pairs(p, "die", "lost", "late", "zombie", "red") }

// crossing is for how many requests after the second rollout began one is held.
const crossing = 80

// Interleavings are a plan in which another build of its app is ready at every request of
// the first rollout's, alone, and with each of the next requests held until others have
// sent theirs: every order of the two with at most two switches, within a bound.
func Interleavings(p Plan) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		last := Play(p).Requests
		for n := 1; n <= last; n++ {
			begun := Fault{"builds", n}
			if !yield(p.with(begun)) {
				return
			}
			for held := n + 1; held <= n+crossing; held++ {
				if !yield(p.with(begun, Fault{"hold", held})) {
					return
				}
			}
		}
	}
}

// Each is what is made of each of some plans, one after another.
func Each(plans []Plan, of func(Plan) iter.Seq[Plan]) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		for _, p := range plans {
			for made := range of(p) {
				if !yield(made) {
					return
				}
			}
		}
	}
}

// Share is a part of plans: each of-th of them, from the n-th on.
func Share(plans iter.Seq[Plan], n, of int) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		i := 0
		for p := range plans {
			if i++; i%of == n%of && !yield(p) {
				return
			}
		}
	}
}

// Seeded are the plans of seeds, from first on, count of them.
func Seeded(first uint64, count int) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		for i := range count {
			if !yield(Random(first + uint64(i))) { //nolint:gosec // never negative
				return
			}
		}
	}
}

// faultsOf are the faults, of these kinds or of all, that can befall what a run did.
func faultsOf(base Result, names []string) []Fault {
	all := kinds()
	if names == nil {
		names = slices.Sorted(maps.Keys(all))
	}
	var faults []Fault
	for _, name := range names {
		for nth := 1; nth <= all[name].places(base); nth++ {
			if name == "stale" && !base.Calls[nth-1].Stale {
				continue
			}
			faults = append(faults, Fault{name, nth})
		}
	}
	return faults
}

// places is how many there are in a run for a kind of fault.
func (k kind) places(base Result) int {
	switch {
	case k.request != nil:
		return base.Requests
	case k.start > 0:
		return base.Invocations
	case k.slack:
		return base.ToSlack
	default:
		return base.Deliveries
	}
}

// Explore plays plans, as many at a time as there are processors, and gives what came of
// each to found, one at a time, until that is false.
func Explore(plans iter.Seq[Plan], found func(Result) bool) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a run makes much garbage; this takes a quarter off its time
	work, results, done := make(chan Plan), make(chan Result), make(chan struct{})
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for p := range work {
				results <- Play(p)
			}
		})
	}
	go func() {
		defer close(results)
		defer workers.Wait()
		defer close(work)
		for p := range plans {
			select {
			case work <- p:
			case <-done:
				return
			}
		}
	}()
	going := true
	for result := range results {
		if going && !found(result) {
			going = false
			close(done)
		}
	}
}

// Shrink gives the shortest plan found that still breaks the same promise as the result:
// one without the faults, acts and chance that it does not take.
func Shrink(r Result) Result {
	for again := true; again; {
		again = false
		for _, less := range shorter(r.Plan) {
			if got := Play(less); got.Broken != nil && got.Broken.Promise == r.Broken.Promise {
				r, again = got, true
				break
			}
		}
	}
	return r
}

// shorter are the plans that lack one thing of a plan.
func shorter(p Plan) []Plan {
	var all []Plan
	for i := range p.Faults {
		all = append(all, p.with(slices.Delete(slices.Clone(p.Faults), i, i+1)...))
	}
	for i := range p.Acts {
		all = append(all, p.without(i))
	}
	return all
}
