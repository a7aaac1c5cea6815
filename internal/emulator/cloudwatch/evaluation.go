package cloudwatch

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// extraPeriods is how many periods beyond EvaluationPeriods an evaluation looks
// back to, to have real datapoints in place of missing ones. AWS says only that
// it depends on the alarm; its examples have two (AWS: CloudWatch User Guide,
// How alarm state is evaluated when data is missing).
const extraPeriods = 2

// datapoint is one period as an alarm sees it.
type datapoint struct {
	start   time.Time
	there   bool
	value   float64
	samples float64 // 0 for the result of an expression
}

// schedule sets the alarm's next evaluation: every minute, every ten seconds for
// a period below a minute, every hour for a range of more than a day (AWS:
// CloudWatch User Guide, Alarm evaluation). Where in the minute follows from the
// alarm's name, so that alarms are spread and a run can be repeated.
func (s *Service) schedule(a *alarm) {
	every := time.Minute
	switch w := a.watch; {
	case w.period < time.Minute:
		every = 10 * time.Second
	case w.period*time.Duration(w.evaluationPeriods) > 24*time.Hour:
		every = time.Hour
	}
	next := s.loop.Now().Truncate(every).Add(spread(a.name) % every)
	if !next.After(s.loop.Now()) {
		next = next.Add(every)
	}
	a.timer = s.loop.Due(next, evaluated{s, a})
}

// evaluated is an alarm when its time has come.
type evaluated struct {
	service *Service
	alarm   *alarm
}

var (
	_ = keep.Type[evaluated]()
	_ = keep.Type[*types.EvaluationWindowMemberSlidingWindow]() // in requests
)

// Happen implements loop.Event.
func (e evaluated) Happen() {
	e.service.schedule(e.alarm)
	e.service.evaluateAlarm(e.alarm)
}

// spread is a number of milliseconds, below 50 days, that follows from a name.
func spread(name string) time.Duration {
	sum := sha256.Sum256([]byte(name))
	return time.Duration(binary.BigEndian.Uint32(sum[:])) * time.Millisecond
}

// evaluateAlarm looks at the last whole periods. The window slides: a period of
// five minutes ends at each minute (AWS: API reference, PutMetricAlarm,
// EvaluationWindow).
func (s *Service) evaluateAlarm(a *alarm) {
	now := s.loop.Now()
	w := a.watch
	end := now.UTC().Truncate(min(w.period, time.Minute))
	if w.period < time.Minute {
		end = now.UTC().Truncate(10 * time.Second)
	}
	data := s.datapoints(w, end)
	next, evaluated := w.judge(a.state.value, data)
	if next == a.state.value || w.tooFewSamples(evaluated) {
		return
	}
	reason := w.reason(next, evaluated)
	s.changeState(a, next, reason, w.reasonData(now, evaluated), nil)
}

// datapoints are the periods of the evaluation range, the newest first.
func (s *Service) datapoints(w *watch, end time.Time) []datapoint {
	n := w.evaluationPeriods + extraPeriods
	g := grid{end.Add(-time.Duration(n) * w.period), w.period, n}
	data := make([]datapoint, n)
	for i := range data {
		data[i].start = g.at(n - 1 - i)
	}
	if w.single {
		m := s.metrics[w.watched.metricKey]
		for i := range data {
			d := m.between(data[i].start, data[i].start.Add(w.period), w.watched.unit)
			data[i].value, data[i].there = d.statistic(w.watched.statistic)
			data[i].samples = d.samples
		}
		return data
	}
	v, err := s.evaluation(w.queries, g).result(w.watched)
	if err != nil {
		return data // checked when the alarm was put
	}
	for i := range data {
		x := v.series[0].points[n-1-i]
		data[i].value, data[i].there = x, !math.IsNaN(x)
	}
	return data
}

// judge gives the state that follows from the datapoints of the evaluation range,
// the newest first, and those that were looked at: EvaluationPeriods of them, real
// ones before missing ones (AWS: CloudWatch User Guide, Configuring how CloudWatch
// alarms treat missing data, and there Avoiding premature transitions to alarm
// state).
func (w *watch) judge(current types.StateValue, data []datapoint) (types.StateValue, []datapoint) {
	var present []datapoint
	for _, d := range data {
		if d.there && len(present) < w.evaluationPeriods {
			present = append(present, d)
		}
	}
	breaching, healthy := 0, 0
	for _, d := range present {
		if w.breaches(d.value) {
			breaching++
		} else {
			healthy++
		}
	}
	gaps := w.evaluationPeriods - len(present)
	evaluated := w.padded(data, present)
	switch {
	case gaps > 0 && w.missing == "breaching":
		breaching += gaps
	case gaps == 0, w.missing == "notBreaching", breaching >= w.datapointsToAlarm, healthy > 0:
	case w.missing == "ignore":
		return current, evaluated
	case w.premature(data):
		return types.StateValueInsufficientData, evaluated
	default:
		return types.StateValueAlarm, evaluated
	}
	if breaching >= w.datapointsToAlarm {
		return types.StateValueAlarm, evaluated
	}
	return types.StateValueOk, evaluated
}

// premature says whether all there is, is breaching datapoints too fresh to be
// believed: a datapoint as old as DatapointsToAlarm is believed.
func (w *watch) premature(data []datapoint) bool {
	for i := len(data) - 1; i >= 0; i-- {
		if data[i].there {
			return i+1 < w.datapointsToAlarm
		}
	}
	return true
}

// padded fills the real datapoints up to EvaluationPeriods with the newest missing
// ones, in the order of time.
func (w *watch) padded(data, present []datapoint) []datapoint {
	gaps := w.evaluationPeriods - len(present)
	var all []datapoint
	for _, d := range data {
		switch {
		case d.there && len(present) > 0:
			all, present = append(all, d), present[1:]
		case !d.there && gaps > 0:
			all = append(all, d)
			gaps--
		}
	}
	return all
}

// tooFewSamples is EvaluateLowSampleCountPercentile: with "ignore" the state is
// kept while the samples are too few for the percentile (AWS: CloudWatch User
// Guide, Percentile-based alarms and low data samples).
func (w *watch) tooFewSamples(evaluated []datapoint) bool {
	if aws.ToString(w.in.EvaluateLowSampleCountPercentile) != "ignore" || !w.watched.statistic.isPercentile() {
		return false
	}
	samples := 0.0
	for _, d := range evaluated {
		samples += d.samples
	}
	p := w.watched.statistic.percentile / 100
	return samples < 10/min(p, 1-p)
}
