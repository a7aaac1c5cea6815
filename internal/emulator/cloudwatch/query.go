package cloudwatch

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// query is one entry of MetricDataQueries or of an alarm's Metrics: a statistic
// of a metric, or an expression.
type query struct {
	id      string
	label   string
	returns bool
	period  time.Duration // 0 for an expression that does not give one

	expression expression // nil for a metric

	metricKey string
	unit      types.StandardUnit
	statistic statistic
}

// queries are the queries of one request, by id and in their order.
type queries struct {
	list []query
	byID map[string]*query
}

// parseQueries reads queries; param is their name in the request.
func parseQueries(param, account string, in []types.MetricDataQuery) (*queries, error) {
	all := &queries{list: make([]query, 0, len(in)), byID: map[string]*query{}}
	for i, q := range in {
		path := fmt.Sprintf("%s.member.%d", param, i+1)
		parsed, err := parseQuery(path, account, q)
		if err != nil {
			return nil, err
		}
		if all.byID[parsed.id] != nil {
			return nil, invalid("The values for parameter id in %s are not unique. You specified multiple times: %s", param, parsed.id)
		}
		all.list = append(all.list, parsed)
		all.byID[parsed.id] = &all.list[i]
	}
	return all, nil
}

func parseQuery(path, account string, in types.MetricDataQuery) (query, error) {
	q := query{id: aws.ToString(in.Id), label: aws.ToString(in.Label), returns: in.ReturnData == nil || *in.ReturnData}
	switch {
	case !queryID.MatchString(q.id):
		return q, invalid("The value %s for parameter %s.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.id, path)
	case in.Expression != nil && in.MetricStat != nil:
		return q, invalid("The parameters %[1]s.Expression and %[1]s.MetricStat are mutually exclusive and you have specified both.", path)
	case in.Expression == nil && in.MetricStat == nil:
		return q, invalid("At least one of the parameters must be specified: %[1]s.Expression, %[1]s.MetricStat.", path)
	case in.AccountId != nil && *in.AccountId != account:
		return q, notEmulated("A metric of another account (" + path + ".AccountId)")
	case strings.Contains(q.label, "${"):
		return q, notEmulated("A dynamic label (" + path + ".Label)")
	case in.Expression != nil:
		return q, q.readExpression(*in.Expression, in.Period)
	}
	return q, q.readMetric(path, in.MetricStat)
}

func (q *query) readExpression(source string, period *int32) error {
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(source)), "SELECT ") {
		return notEmulated("A Metrics Insights query (" + q.id + ")")
	}
	if q.label == "" {
		q.label = q.id
	}
	if period != nil {
		if !validPeriod(*period) {
			return invalid("The value %d for parameter Period of '%s' is invalid.", *period, q.id)
		}
		q.period = time.Duration(*period) * time.Second
	}
	e, err := parseExpression(source)
	if err != nil {
		return invalid("Error in expression '%s': %v", q.id, err)
	}
	q.expression = e
	return nil
}

func (q *query) readMetric(path string, in *types.MetricStat) error {
	m := in.Metric
	switch {
	case m.MetricName == nil:
		return invalid("The parameter %s.MetricStat.Metric.MetricName is required.", path)
	case m.Namespace == nil:
		return invalid("The parameter %s.MetricStat.Metric.Namespace is required.", path)
	case !validPeriod(*in.Period):
		return invalid("The value %d for parameter %s.MetricStat.Period is invalid. Valid periods are 1, 5, 10, 20, 30 and multiples of 60.", *in.Period, path)
	}
	stat, err := parseStatistic(aws.ToString(in.Stat))
	if err != nil {
		return err
	}
	if q.label == "" {
		q.label = *m.MetricName
	}
	q.period = time.Duration(*in.Period) * time.Second
	q.metricKey = metricKey(*m.Namespace, *m.MetricName, m.Dimensions)
	q.unit, q.statistic = in.Unit, stat
	return nil
}

func validPeriod(seconds int32) bool {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return true
	}
	return seconds > 0 && seconds%60 == 0
}

// periodOf is the period of a query's datapoints: its metric's, or the one that
// all metrics have which its expression reads.
func (all *queries) periodOf(q *query) (time.Duration, error) {
	periods := map[time.Duration]bool{}
	all.collectPeriods(q, periods, map[string]bool{})
	if len(periods) > 1 {
		return 0, invalid("Error in expression '%s': metrics of different periods in one expression are not emulated by this cloud", q.id)
	}
	for p := range periods {
		return p, nil
	}
	if q.period == 0 {
		return 0, invalid("Error in expression '%s': it reads no metric and has no Period", q.id)
	}
	return q.period, nil
}

func (all *queries) collectPeriods(q *query, periods map[time.Duration]bool, seen map[string]bool) {
	if seen[q.id] {
		return
	}
	seen[q.id] = true
	if q.expression == nil {
		periods[q.period] = true
		return
	}
	refs := references{ids: map[string]bool{}, all: new(bool)}
	q.expression.ids(refs)
	for i := range all.list {
		other := &all.list[i]
		if refs.ids[other.id] || *refs.all && other.expression == nil {
			all.collectPeriods(other, periods, seen)
		}
	}
}

// evaluation holds the results of queries on one grid.
type evaluation struct {
	service *Service
	queries *queries
	grid    grid
	results map[string]value
	running map[string]bool
}

func (s *Service) evaluation(all *queries, g grid) *evaluation {
	return &evaluation{service: s, queries: all, grid: g, results: map[string]value{}, running: map[string]bool{}}
}

// result gives the datapoints of a query.
func (e *evaluation) result(q *query) (value, error) {
	if v, ok := e.results[q.id]; ok {
		return v, nil
	}
	if e.running[q.id] {
		return value{}, errors.New("it refers to itself")
	}
	e.running[q.id] = true
	defer delete(e.running, q.id)
	v, err := e.evaluate(q)
	if err == nil {
		e.results[q.id] = v
	}
	return v, err
}

func (e *evaluation) evaluate(q *query) (value, error) {
	if q.expression == nil {
		return value{kind: timeSeries, series: []series{e.metric(q)}}, nil
	}
	return q.expression.eval(&scope{
		grid: e.grid,
		lookup: func(id string) (value, error) {
			other := e.queries.byID[id]
			if other == nil {
				return value{}, fmt.Errorf("the id %s is not defined", id)
			}
			return e.result(other)
		},
		metrics: func(filter string) ([]series, error) {
			var found []series
			for i := range e.queries.list {
				if other := &e.queries.list[i]; other.expression == nil && strings.Contains(other.id, filter) {
					found = append(found, e.metric(other))
				}
			}
			return found, nil
		},
	})
}

func (e *evaluation) metric(q *query) series {
	m := e.service.metrics[q.metricKey]
	points := make([]float64, e.grid.n)
	for i := range points {
		points[i] = math.NaN()
		d := m.between(e.grid.at(i), e.grid.at(i+1), q.unit)
		if v, ok := d.statistic(q.statistic); ok {
			points[i] = v
		}
	}
	return series{q.label, points}
}
