package cloudwatch

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// How long data is kept. The first two are AWS's (GetMetricStatistics, "Amazon
// CloudWatch retains metric data as follows"); the third bounds the emulator's
// memory.
const (
	keepHighResolution = 3 * time.Hour
	keepStandard       = 15 * 24 * time.Hour
	keepValues         = 12 * time.Hour
)

// metric is one metric and its data, in the order of time.
type metric struct {
	namespace  string
	name       string
	dimensions []types.Dimension // by name
	points     []*point
	last       time.Time // of the newest datum
	pruned     time.Time
}

// point aggregates what was published for one minute or, at high resolution, for
// one second, in one unit.
type point struct {
	start time.Time
	span  time.Duration
	unit  types.StandardUnit
	distribution
}

// metricKey is the same for two metrics only if they are the same metric. Each
// combination of dimensions is a metric of its own (AWS: CloudWatch User Guide,
// Metrics concepts, dimension combinations).
func metricKey(namespace, name string, dimensions []types.Dimension) string {
	var key strings.Builder
	key.WriteString(namespace + "\x00" + name)
	for _, d := range sortedDimensions(dimensions) {
		key.WriteString("\x00" + aws.ToString(d.Name) + "\x00" + aws.ToString(d.Value))
	}
	return key.String()
}

func sortedDimensions(dimensions []types.Dimension) []types.Dimension {
	sorted := slices.Clone(dimensions)
	slices.SortFunc(sorted, func(a, b types.Dimension) int {
		return strings.Compare(aws.ToString(a.Name), aws.ToString(b.Name))
	})
	return sorted
}

// metric finds a metric, and makes it if it is new.
func (s *Service) metric(namespace, name string, dimensions []types.Dimension) *metric {
	key := metricKey(namespace, name, dimensions)
	m := s.metrics[key]
	if m == nil {
		m = &metric{namespace: namespace, name: name, dimensions: sortedDimensions(dimensions), pruned: s.loop.Now()}
		s.metrics[key] = m
	}
	return m
}

// at is the point that a datum of that time, resolution and unit belongs to.
func (m *metric) at(t time.Time, span time.Duration, unit types.StandardUnit) *point {
	start := t.UTC().Truncate(span)
	i := m.search(start)
	for ; i < len(m.points) && m.points[i].start.Equal(start); i++ {
		if p := m.points[i]; p.span == span && p.unit == unit {
			return p
		}
	}
	p := &point{start: start, span: span, unit: unit}
	m.points = slices.Insert(m.points, i, p)
	return p
}

// search is the index of the first point that starts at t or later.
func (m *metric) search(t time.Time) int {
	return sort.Search(len(m.points), func(i int) bool { return !m.points[i].start.Before(t) })
}

// between aggregates all points that start in [from, to), of one unit or, if it
// is empty, of all. A nil metric has none.
func (m *metric) between(from, to time.Time, unit types.StandardUnit) distribution {
	var all distribution
	if m == nil {
		return all
	}
	for i := m.search(from); i < len(m.points) && m.points[i].start.Before(to); i++ {
		if unit == "" || m.points[i].unit == unit {
			all.merge(m.points[i].distribution)
		}
	}
	return all
}

// units lists the units that were published in [from, to), in order.
func (m *metric) units(from, to time.Time) []types.StandardUnit {
	var units []types.StandardUnit
	if m == nil {
		return nil
	}
	for i := m.search(from); i < len(m.points) && m.points[i].start.Before(to); i++ {
		if !slices.Contains(units, m.points[i].unit) {
			units = append(units, m.points[i].unit)
		}
	}
	slices.Sort(units)
	return units
}

// prune drops what is older than AWS keeps it, at most once in ten minutes.
func (m *metric) prune(now time.Time) {
	if now.Sub(m.pruned) < 10*time.Minute {
		return
	}
	m.pruned = now
	m.points = slices.Delete(m.points, 0, m.search(now.Add(-keepStandard)))
	m.coarsen(now.Add(-keepHighResolution))
	for _, p := range m.points[:m.search(now.Add(-keepValues))] {
		p.forgetValues()
	}
}

// coarsen folds the seconds before t into minutes.
func (m *metric) coarsen(t time.Time) {
	old, rest := m.points[:m.search(t)], m.points[m.search(t):]
	if !slices.ContainsFunc(old, func(p *point) bool { return p.span == time.Second }) {
		return
	}
	folded := &metric{}
	for _, p := range old {
		folded.at(p.start, time.Minute, p.unit).merge(p.distribution)
	}
	m.points = append(folded.points, rest...)
}
