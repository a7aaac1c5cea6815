package cloudwatch

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of metric alarms (AWS: API reference, PutMetricAlarm and
// MetricDataQuery).
const (
	maxAlarmQueries = 20
	maxAlarmMetrics = 10
)

// watch is what a metric alarm looks at, and how.
type watch struct {
	in      *cloudwatch.PutMetricAlarmInput
	eventID string // of the metric in events, where the request names none

	// What follows is read from the request.

	queries *queries      `keep:"-"`
	watched *query        `keep:"-"`
	single  bool          `keep:"-"` // one metric, no expression
	period  time.Duration `keep:"-"`

	evaluationPeriods int                      `keep:"-"` // N
	datapointsToAlarm int                      `keep:"-"` // M
	breaches          func(value float64) bool `keep:"-"`
	missing           string                   `keep:"-"` // TreatMissingData
}

func (s *Service) putMetricAlarm(_ *wire.Call, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	if old := s.alarms[*in.AlarmName]; old != nil && old.rule != nil {
		return nil, invalid("The alarm name %s is used by a composite alarm.", *in.AlarmName)
	}
	if err := checkActions(in.OKActions, in.AlarmActions, in.InsufficientDataActions); err != nil {
		return nil, err
	}
	w, err := s.newWatch(in)
	if err != nil {
		return nil, err
	}
	a, created := s.configure(*in.AlarmName, in.AlarmDescription, in.ActionsEnabled)
	w.eventID = s.loop.UUID()
	a.watch = w
	a.timer.Stop()
	s.schedule(a)
	s.recordConfiguration(a, createdOrUpdated(created))
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func createdOrUpdated(created bool) string {
	if created {
		return "created"
	}
	return "updated"
}

// newWatch checks a metric alarm and reads it.
func (s *Service) newWatch(in *cloudwatch.PutMetricAlarmInput) (*watch, error) {
	if err := checkEmulated(in); err != nil {
		return nil, err
	}
	if err := checkEvaluation(in); err != nil {
		return nil, err
	}
	w := &watch{in: in, evaluationPeriods: int(*in.EvaluationPeriods), datapointsToAlarm: int(*in.EvaluationPeriods), missing: "missing"}
	if in.DatapointsToAlarm != nil {
		w.datapointsToAlarm = int(*in.DatapointsToAlarm)
	}
	if in.TreatMissingData != nil {
		w.missing = *in.TreatMissingData
	}
	// AWS: API reference, PutMetricAlarm, TreatMissingData.
	if aws.ToString(in.Namespace) == "AWS/DynamoDB" {
		w.missing = "ignore"
	}
	breaches, err := comparison(in.ComparisonOperator, *in.Threshold)
	if err != nil {
		return nil, err
	}
	w.breaches = breaches
	if err := w.readMetrics(s); err != nil {
		return nil, err
	}
	return w, w.checkPeriod()
}

// checkEmulated refuses by name what AWS has and this cloud has not.
func checkEmulated(in *cloudwatch.PutMetricAlarmInput) error {
	_, wallClock := in.EvaluationWindow.(*types.EvaluationWindowMemberWallClockWindow)
	switch {
	case in.EvaluationCriteria != nil:
		return notEmulated("EvaluationCriteria")
	case in.EvaluationInterval != nil:
		return notEmulated("EvaluationInterval")
	case in.ThresholdMetricId != nil:
		return notEmulated("Anomaly detection (ThresholdMetricId)")
	case in.WarmUpConfiguration != nil:
		return notEmulated("WarmUpConfiguration")
	case in.ActionConfiguration != nil:
		return notEmulated("ActionConfiguration")
	case wallClock:
		return notEmulated("A wall clock EvaluationWindow")
	}
	return nil
}

func checkEvaluation(in *cloudwatch.PutMetricAlarmInput) error {
	switch {
	case in.EvaluationPeriods == nil:
		return invalid("The parameter EvaluationPeriods is required.")
	case in.ComparisonOperator == "":
		return invalid("The parameter ComparisonOperator is required.")
	case in.Threshold == nil:
		return invalid("The parameter Threshold is required for alarms based on static thresholds.")
	case in.DatapointsToAlarm != nil && *in.DatapointsToAlarm > *in.EvaluationPeriods:
		return invalid("DatapointsToAlarm (%d) must be less than or equal to EvaluationPeriods (%d).", *in.DatapointsToAlarm, *in.EvaluationPeriods)
	}
	if t := in.TreatMissingData; t != nil {
		switch *t {
		case "breaching", "notBreaching", "ignore", "missing":
		default:
			return invalid("Option TreatMissingData has the invalid value %s. Valid values are breaching, notBreaching, ignore, missing.", *t)
		}
	}
	if e := in.EvaluateLowSampleCountPercentile; e != nil {
		if in.ExtendedStatistic == nil {
			return invalid("Option EvaluateLowSampleCountPercentile can only be used with a percentile ExtendedStatistic.")
		}
		if *e != "evaluate" && *e != "ignore" {
			return invalid("Option EvaluateLowSampleCountPercentile has the invalid value %s. Valid values are evaluate, ignore.", *e)
		}
	}
	return nil
}

func comparison(op types.ComparisonOperator, threshold float64) (func(float64) bool, error) {
	switch op {
	case types.ComparisonOperatorGreaterThanThreshold:
		return func(v float64) bool { return v > threshold }, nil
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return func(v float64) bool { return v >= threshold }, nil
	case types.ComparisonOperatorLessThanThreshold:
		return func(v float64) bool { return v < threshold }, nil
	case types.ComparisonOperatorLessThanOrEqualToThreshold:
		return func(v float64) bool { return v <= threshold }, nil
	case types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold,
		types.ComparisonOperatorLessThanLowerThreshold, types.ComparisonOperatorGreaterThanUpperThreshold:
		return nil, notEmulated("Anomaly detection (ComparisonOperator " + string(op) + ")")
	}
	return nil, invalid("The value %s for parameter ComparisonOperator is invalid.", op)
}

func (w *watch) readMetrics(s *Service) error {
	in := w.in
	single := in.MetricName != nil || in.Namespace != nil || len(in.Dimensions) > 0 || in.Period != nil ||
		in.Unit != "" || in.Statistic != "" || in.ExtendedStatistic != nil
	switch {
	case len(in.Metrics) > 0 && single:
		return invalid("If you use the Metrics parameter, you cannot include the Namespace, MetricName, Dimensions, Period, Unit, Statistic, or ExtendedStatistic parameters.")
	case len(in.Metrics) > 0:
		return w.readMath(s)
	case in.MetricName == nil:
		return invalid("You must specify either MetricName, a Metrics array, or an EvaluationCriteria.")
	case in.Namespace == nil:
		return invalid("The parameter Namespace is required.")
	case in.Period == nil:
		return invalid("The parameter Period is required for alarms based on static thresholds.")
	case (in.Statistic == "") == (in.ExtendedStatistic == nil):
		return invalid("You must specify either Statistic or ExtendedStatistic, but not both.")
	}
	name := string(in.Statistic)
	if in.ExtendedStatistic != nil {
		name = *in.ExtendedStatistic
	}
	stat, err := parseStatistic(name)
	if err != nil {
		return err
	}
	w.single = true
	w.period = time.Duration(*in.Period) * time.Second
	w.watched = &query{
		id: "m1", label: *in.MetricName, returns: true, period: w.period,
		metricKey: metricKey(*in.Namespace, *in.MetricName, in.Dimensions), unit: in.Unit, statistic: stat,
	}
	w.queries = &queries{list: []query{*w.watched}, byID: map[string]*query{"m1": w.watched}}
	return nil
}

func (w *watch) readMath(s *Service) error {
	all, err := parseQueries("Metrics", s.account, w.in.Metrics)
	if err != nil {
		return err
	}
	metrics := 0
	for i := range all.list {
		q := &all.list[i]
		if q.expression == nil {
			metrics++
		}
		if !q.returns {
			continue
		}
		if w.watched != nil {
			return invalid("Exactly one element of the metrics list should return data.")
		}
		w.watched = q
	}
	switch {
	case w.watched == nil:
		return invalid("Exactly one element of the metrics list should return data.")
	case len(all.list) > maxAlarmQueries || metrics > maxAlarmMetrics:
		return invalid("An alarm can have at most %d metrics and %d entries in Metrics.", maxAlarmMetrics, maxAlarmQueries)
	}
	w.queries, w.single = all, w.watched.expression == nil && len(all.list) == 1
	if w.period, err = all.periodOf(w.watched); err != nil {
		return err
	}
	return w.checkMath(s)
}

// checkMath evaluates the expression on a single period: its kind of result does
// not depend on the data.
func (w *watch) checkMath(s *Service) error {
	e := s.evaluation(w.queries, grid{s.loop.Now().UTC().Truncate(w.period), w.period, 1})
	for i := range w.queries.list {
		q := &w.queries.list[i]
		v, err := e.result(q)
		if err != nil {
			return invalid("Error in expression '%s': %v", q.id, err)
		}
		if q == w.watched && v.kind != timeSeries {
			return invalid("Error in expression '%s': an alarm needs a single time series, not %s", q.id, v.kind)
		}
	}
	return nil
}

// checkPeriod checks the period, and how far back the alarm looks: a day, or
// seven days if the period is an hour or more (AWS: CloudWatch User Guide, Alarm
// evaluation).
func (w *watch) checkPeriod() error {
	const day = 24 * time.Hour
	switch p := w.period; {
	case p != 10*time.Second && p != 20*time.Second && p != 30*time.Second && p%time.Minute != 0:
		return invalid("Period must be 10, 20, 30 or a multiple of 60.")
	case p < time.Hour && p*time.Duration(w.evaluationPeriods) > day:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
	case p*time.Duration(w.evaluationPeriods) > 7*day:
		return invalid("Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).")
	}
	return nil
}
