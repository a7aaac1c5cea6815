package steps

import (
	"slices"
	"time"
)

// Spans is what is told of several spans of time, in seconds.
type Spans struct {
	Count   int      `json:"count"`
	Median  *float64 `json:"median"` // nil where there are none, and so on
	P90     *float64 `json:"p90"`    // of ten, nine took at most so long
	Longest *float64 `json:"longest"`
}

func spansOf(all []time.Duration) Spans {
	s := Spans{Count: len(all)}
	if len(all) == 0 {
		return s
	}
	all = slices.Sorted(slices.Values(all))
	seconds := func(d time.Duration) *float64 {
		n := d.Seconds()
		return &n
	}
	middle := len(all) / 2
	median := all[middle]
	if len(all)%2 == 0 {
		median = (all[middle-1] + all[middle]) / 2
	}
	s.Median, s.P90, s.Longest = seconds(median), seconds(all[(len(all)*9+9)/10-1]), seconds(all[len(all)-1])
	return s
}
