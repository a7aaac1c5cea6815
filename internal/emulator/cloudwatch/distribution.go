package cloudwatch

import (
	"math"
	"slices"
)

// Up to exactValues different values a distribution is exact; beyond, values are
// merged with their neighbours within coarseness of each other, which bounds the
// memory of a busy minute and the error of its percentiles.
const (
	exactValues = 500
	coarseness  = 0.02
)

// distribution is what is known of a number of samples. Its zero value has none.
type distribution struct {
	samples  float64
	sum      float64
	min, max float64
	values   []weighted // by value
	// partial is set when some samples are known only as part of a statistic set,
	// or were forgotten: then there are no percentiles.
	partial bool
}

type weighted struct{ value, count float64 }

// add counts a value count times.
func (d *distribution) add(value, count float64) {
	d.widen(value, value)
	d.samples += count
	d.sum += value * count
	d.insert(weighted{value, count})
	if len(d.values) > exactValues {
		d.compact()
	}
}

// addSet counts samples of which only a statistic set is known. Percentiles are
// possible if all its values must be the same (AWS: PutMetricData, on
// StatisticValues).
func (d *distribution) addSet(samples, sum, low, high float64) {
	if samples == 1 || low == high {
		d.add(low, samples)
		return
	}
	d.widen(low, high)
	d.samples += samples
	d.sum += sum
	d.partial = true
}

func (d *distribution) widen(low, high float64) {
	if d.samples == 0 {
		d.min, d.max = low, high
		return
	}
	d.min, d.max = min(d.min, low), max(d.max, high)
}

func (d *distribution) insert(w weighted) {
	i, found := slices.BinarySearchFunc(d.values, w.value, func(e weighted, v float64) int {
		switch {
		case e.value < v:
			return -1
		case e.value > v:
			return 1
		}
		return 0
	})
	if found {
		d.values[i].count += w.count
		return
	}
	d.values = slices.Insert(d.values, i, w)
}

// compact merges each value into the one before if they are close.
func (d *distribution) compact() {
	kept := d.values[:1]
	for _, w := range d.values[1:] {
		last := &kept[len(kept)-1]
		if w.value-last.value > coarseness*math.Abs(w.value) {
			kept = append(kept, w)
			continue
		}
		last.count += w.count
	}
	d.values = kept
}

// merge adds all samples of another distribution.
func (d *distribution) merge(o distribution) {
	if o.samples == 0 {
		return
	}
	d.widen(o.min, o.max)
	d.samples += o.samples
	d.sum += o.sum
	d.partial = d.partial || o.partial
	if len(d.values) == 0 {
		d.values = slices.Clone(o.values)
		return
	}
	for _, w := range o.values {
		d.insert(w)
	}
}

func (d *distribution) forgetValues() {
	d.values, d.partial = nil, true
}

// statistic gives the value of a statistic, and whether there is one: there is
// none without samples, and no percentile where AWS has none (negative values,
// statistic sets).
func (d *distribution) statistic(stat statistic) (float64, bool) {
	if d.samples == 0 {
		return 0, false
	}
	switch stat.name {
	case "SampleCount":
		return d.samples, true
	case "Sum":
		return d.sum, true
	case "Average":
		return d.sum / d.samples, true
	case "Minimum":
		return d.min, true
	case "Maximum":
		return d.max, true
	}
	if d.partial || d.min < 0 {
		return 0, false
	}
	return d.percentile(stat.percentile), true
}

// percentile is the smallest value that at least p percent of the samples do not
// exceed.
func (d *distribution) percentile(p float64) float64 {
	rank := p / 100 * d.samples
	seen := 0.0
	for _, w := range d.values {
		seen += w.count
		if seen >= rank {
			return w.value
		}
	}
	return d.max
}
