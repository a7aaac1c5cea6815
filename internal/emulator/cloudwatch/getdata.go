package cloudwatch

import (
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of reading (AWS: API reference, GetMetricData, GetMetricStatistics and
// ListMetrics).
const (
	maxQueries     = 500
	maxDatapoints  = 100800
	maxStatistics  = 1440
	listPage       = 500
	listedFor      = 14 * 24 * time.Hour
	recentlyActive = 3 * time.Hour
)

func (s *Service) getMetricData(_ *wire.Call, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	switch {
	case !in.StartTime.Before(*in.EndTime):
		return nil, invalid("The parameter EndTime must be greater than StartTime.")
	case len(in.MetricDataQueries) > maxQueries:
		return nil, invalid("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	}
	all, err := parseQueries("MetricDataQueries", s.account, in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(all, in)
	if err != nil {
		return nil, err
	}
	limit := maxDatapoints
	if in.MaxDatapoints != nil {
		limit = int(*in.MaxDatapoints)
	}
	if limit < 1 || limit > maxDatapoints {
		return nil, invalid("The value %d for parameter MaxDatapoints is invalid.", limit)
	}
	return rowsPage(rows, in.NextToken, limit)
}

// row is one time series of the answer, in the order asked for.
type row struct {
	result types.MetricDataResult
	math   bool
}

// rows evaluates all queries whose data is to be returned.
func (s *Service) rows(all *queries, in *cloudwatch.GetMetricDataInput) ([]row, error) {
	evaluations := map[time.Duration]*evaluation{}
	var rows []row
	for i := range all.list {
		q := &all.list[i]
		period, err := all.periodOf(q)
		if err != nil {
			return nil, err
		}
		if evaluations[period] == nil {
			evaluations[period] = s.evaluation(all, s.gridOf(*in.StartTime, *in.EndTime, period))
		}
		e := evaluations[period]
		if e.grid.n > maxDatapoints {
			return nil, invalid("You have requested %d datapoints, which exceeds the limit of %d.", e.grid.n, maxDatapoints)
		}
		v, err := e.result(q)
		switch {
		case err != nil:
			return nil, invalid("Error in expression '%s': %v", q.id, err)
		case v.kind == scalar:
			return nil, invalid("Error in expression '%s': the result must be a time series, not a number", q.id)
		case q.returns:
			rows = append(rows, rowsOf(q, v, e.grid, in.ScanBy)...)
		}
	}
	return rows, nil
}

// gridOf lays the periods of a time range. Its start is rounded down to a whole
// minute, 5 minutes or hour by its age, or to the period where that is shorter
// than a minute (AWS: API reference, GetMetricData, StartTime).
func (s *Service) gridOf(from, to time.Time, period time.Duration) grid {
	unit := time.Minute
	switch age := s.loop.Now().Sub(from); {
	case age > 63*24*time.Hour:
		unit = time.Hour
	case age > keepStandard:
		unit = 5 * time.Minute
	case period < time.Minute:
		unit = period
	}
	start := from.UTC().Truncate(unit)
	return grid{start, period, int((to.Sub(start) + period - 1) / period)}
}

func rowsOf(q *query, v value, g grid, order types.ScanBy) []row {
	var rows []row
	for _, one := range v.series {
		label := q.label
		if v.kind == timeSeriesArray {
			label += " " + one.label
		}
		r := types.MetricDataResult{
			Id: aws.String(q.id), Label: aws.String(label), StatusCode: types.StatusCodeComplete,
			Timestamps: []time.Time{}, Values: []float64{},
		}
		for i, x := range one.points {
			if !math.IsNaN(x) {
				r.Timestamps = append(r.Timestamps, g.at(i))
				r.Values = append(r.Values, x)
			}
		}
		if order != types.ScanByTimestampAscending {
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		rows = append(rows, row{r, q.expression != nil})
	}
	return rows
}

// rowsPage cuts limit datapoints out of the rows. An answer with an expression
// has no pages (AWS: API reference, MetricDataResult, StatusCode).
func rowsPage(rows []row, token *string, limit int) (*cloudwatch.GetMetricDataOutput, error) {
	total, whole := 0, false
	for _, r := range rows {
		total += len(r.result.Values)
		whole = whole || r.math
	}
	from, err := pageStart(token, total)
	if err != nil {
		return nil, err
	}
	to := min(from+limit, total)
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	if whole {
		from, to = 0, min(limit, total)
	} else if to < total {
		out.NextToken = pageToken(to)
	}
	at := 0
	for _, r := range rows {
		length := len(r.result.Values)
		low, high := max(from-at, 0), min(to-at, length)
		at += length
		if low > high || low == length && length > 0 {
			continue
		}
		cut := r.result
		cut.Timestamps, cut.Values = cut.Timestamps[low:high], cut.Values[low:high]
		if high < length {
			cut.StatusCode = types.StatusCodePartialData
		}
		out.MetricDataResults = append(out.MetricDataResults, cut)
	}
	return out, nil
}

func (s *Service) getMetricStatistics(_ *wire.Call, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	stats, err := requestedStatistics(in)
	if err != nil {
		return nil, err
	}
	if !in.StartTime.Before(*in.EndTime) {
		return nil, invalidCombination("The parameter StartTime must be less than the parameter EndTime.")
	}
	if !validPeriod(*in.Period) {
		return nil, invalidValue("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
	}
	g := s.gridOf(*in.StartTime, *in.EndTime, time.Duration(*in.Period)*time.Second)
	if g.n > maxStatistics {
		return nil, invalidCombination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", g.n, maxStatistics)
	}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	m := s.metrics[metricKey(*in.Namespace, *in.MetricName, in.Dimensions)]
	for i := range g.n {
		for _, unit := range m.units(g.at(i), g.at(i+1)) {
			if in.Unit != "" && in.Unit != unit {
				continue
			}
			d := m.between(g.at(i), g.at(i+1), unit)
			out.Datapoints = append(out.Datapoints, datapointOf(g.at(i), unit, d, stats))
		}
	}
	return out, nil
}

func requestedStatistics(in *cloudwatch.GetMetricStatisticsInput) ([]statistic, error) {
	if len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0 {
		return nil, invalidCombination("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	}
	var stats []statistic
	for _, name := range in.Statistics {
		stats = append(stats, statistic{name: string(name)})
	}
	for _, name := range in.ExtendedStatistics {
		stat, err := parseStatistic(name)
		if err != nil {
			return nil, err
		}
		if !stat.isPercentile() {
			return nil, invalidValue("The value %s for parameter ExtendedStatistics.member.1 is invalid.", name)
		}
		stats = append(stats, stat)
	}
	return stats, nil
}

func datapointOf(at time.Time, unit types.StandardUnit, d distribution, stats []statistic) types.Datapoint {
	p := types.Datapoint{Timestamp: aws.Time(at), Unit: unit}
	for _, stat := range stats {
		v, ok := d.statistic(stat)
		if !ok {
			continue
		}
		switch stat.name {
		case "SampleCount":
			p.SampleCount = &v
		case "Sum":
			p.Sum = &v
		case "Average":
			p.Average = &v
		case "Minimum":
			p.Minimum = &v
		case "Maximum":
			p.Maximum = &v
		default:
			if p.ExtendedStatistics == nil {
				p.ExtendedStatistics = map[string]float64{}
			}
			p.ExtendedStatistics[stat.name] = v
		}
	}
	return p
}

func (s *Service) listMetrics(_ *wire.Call, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	if aws.ToBool(in.IncludeLinkedAccounts) || in.OwningAccount != nil {
		return nil, notEmulated("Metrics of linked accounts")
	}
	window := listedFor
	if in.RecentlyActive != "" {
		window = recentlyActive
	}
	found := []types.Metric{}
	for _, key := range sortedKeys(s.metrics) {
		m := s.metrics[key]
		if s.loop.Now().Sub(m.last) <= window && m.matches(in) {
			found = append(found, types.Metric{Namespace: aws.String(m.namespace), MetricName: aws.String(m.name), Dimensions: m.dimensions})
		}
	}
	metrics, next, err := page(found, in.NextToken, listPage)
	if err != nil {
		return nil, invalidValue("The value for parameter NextToken is invalid.")
	}
	return &cloudwatch.ListMetricsOutput{Metrics: metrics, NextToken: next}, nil
}

func (m *metric) matches(in *cloudwatch.ListMetricsInput) bool {
	if in.Namespace != nil && *in.Namespace != m.namespace || in.MetricName != nil && *in.MetricName != m.name {
		return false
	}
	for _, want := range in.Dimensions {
		if !slices.ContainsFunc(m.dimensions, func(d types.Dimension) bool {
			return *d.Name == *want.Name && (want.Value == nil || *d.Value == *want.Value)
		}) {
			return false
		}
	}
	return true
}
