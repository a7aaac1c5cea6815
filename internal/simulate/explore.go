package simulate

import (
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
)

// Singles are the plan with each kind of fault at each place of its run, one at a time.
func Singles(p Plan) iter.Seq[Plan] {
	return func(yield func(Plan) bool) {
		for _, f := range faultsOf(Play(p)) {
			if !yield(p.with(f)) {
				return
			}
		}
	}
}

// faultsOf are all faults that can befall what a run did.
func faultsOf(base Result) []Fault {
	var faults []Fault
	all := kinds()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		k := all[name]
		n := base.Requests
		switch {
		case k.request == nil && k.start > 0:
			n = base.Invocations
		case k.request == nil && k.slack:
			n = base.ToSlack
		case k.request == nil:
			n = base.Deliveries
		}
		for nth := 1; nth <= n; nth++ {
			if name == "stale" && !base.Calls[nth-1].Stale {
				continue
			}
			faults = append(faults, Fault{name, nth})
		}
	}
	return faults
}

// Explore plays plans, as many at a time as there are processors, and gives what came of
// each to found, one at a time, until that is false.
func Explore(plans iter.Seq[Plan], found func(Result) bool) {
	work := make(chan Plan)
	results := make(chan Result)
	done := make(chan struct{})
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
