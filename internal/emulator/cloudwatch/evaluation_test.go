package cloudwatch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

// The rows are those of the CloudWatch User Guide, "Configuring how CloudWatch
// alarms treat missing data": 0 is a healthy datapoint, X a breaching one, - a
// missing one, and the alarm sees five. A state of "" is "retain current state".
func TestMissingData(t *testing.T) {
	t.Parallel()
	const ok, alarm, insufficient, retain = types.StateValueOk, types.StateValueAlarm, types.StateValueInsufficientData, types.StateValue("")
	tests := []struct {
		data                                     string
		datapointsToAlarm                        int32
		missing, ignore, breaching, notBreaching types.StateValue
	}{
		{"0-X-X", 3, ok, ok, ok, ok},
		{"----0", 3, ok, ok, ok, ok},
		{"-----", 3, insufficient, retain, alarm, ok},
		{"0XX-X", 3, alarm, alarm, alarm, alarm},
		{"--X--", 3, alarm, retain, alarm, ok},
		{"----X", 3, insufficient, retain, alarm, ok},
		{"---X-", 3, insufficient, retain, alarm, ok},
		{"0-X-X", 2, alarm, alarm, alarm, alarm},
		{"00X0X", 2, alarm, alarm, alarm, alarm},
		{"0-X--", 2, ok, ok, alarm, ok},
		{"----0", 2, ok, ok, alarm, ok},
		{"---X-", 2, alarm, retain, alarm, ok},
	}
	for _, tt := range tests {
		for treatment, want := range map[string]types.StateValue{
			"missing": tt.missing, "ignore": tt.ignore, "breaching": tt.breaching, "notBreaching": tt.notBreaching,
		} {
			t.Run(fmt.Sprintf("%s/%d of 3/%s", tt.data, tt.datapointsToAlarm, treatment), func(t *testing.T) {
				t.Parallel()
				for _, current := range []types.StateValue{ok, alarm, insufficient} {
					expected := want
					if want == retain {
						expected = current
					}
					if got := evaluateOnce(t, tt.data, tt.datapointsToAlarm, treatment, current); got != expected {
						t.Errorf("from %s: state = %s, want %s", current, got, expected)
					}
				}
			})
		}
	}
}

func evaluateOnce(t *testing.T, data string, m int32, treatment string, current types.StateValue) types.StateValue {
	t.Helper()
	c := newCloud(t)
	c.putPeriods(data)
	in := alarmOn("a")
	in.EvaluationPeriods, in.DatapointsToAlarm, in.TreatMissingData = aws.Int32(3), aws.Int32(m), aws.String(treatment)
	c.putAlarm(in)
	c.set("a", current)
	c.loop.RunFor(time.Minute - time.Nanosecond)
	return c.metricAlarm("a").StateValue
}

// putPeriods publishes a value a minute, the last for the minute before the start.
func (c *cloud) putPeriods(data string) {
	c.t.Helper()
	for i, d := range data {
		at := start.Add(time.Duration(i-len(data)) * time.Minute)
		switch d {
		case 'X':
			c.put(at, 9)
		case '0':
			c.put(at, 1)
		}
	}
}

func TestAlarmFollowsItsMetric(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("web-green-5xx")
	in.AlarmDescription = aws.String("5xx of green")
	in.Dimensions = []types.Dimension{{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/green/1")}}
	in.Namespace = aws.String("AWS/ApplicationELB")
	in.TreatMissingData = aws.String("notBreaching")
	c.putAlarm(in)

	created := c.metricAlarm("web-green-5xx")
	if created.StateValue != types.StateValueInsufficientData || *created.StateReason != "Unchecked: Initial alarm creation" {
		t.Errorf("new alarm is %s (%s)", created.StateValue, *created.StateReason)
	}
	if len(c.events) != 0 {
		t.Errorf("creation emitted %v, want no event before the state changes", c.events)
	}
	dims := map[string]string{"TargetGroup": "targetgroup/green/1"}
	c.service.Put("AWS/ApplicationELB", "m", dims, start.Add(90*time.Second), []float64{4, 2.5}, []float64{1, 2})
	c.loop.RunFor(4 * time.Minute)

	a := c.metricAlarm("web-green-5xx")
	if want := "Threshold Crossed: 1 datapoint [9.0 (02/03/26 12:01:00)] was greater than the threshold (5.0)."; a.StateValue != types.StateValueAlarm || *a.StateReason != want {
		t.Errorf("state = %s: %s\nwant ALARM: %s", a.StateValue, *a.StateReason, want)
	}
	if len(c.events) != 2 {
		t.Fatalf("%d events, want 2: to OK and to ALARM\n%v", len(c.events), c.events)
	}
	changed := a.StateUpdatedTimestamp.UTC().Format("2006-01-02T15:04:05.000-0700")
	before := stateOf(t, c.events[0].Detail)
	id := metricID(t, c.events[1].Detail)
	want := event{
		Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change",
		Resources: []string{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-green-5xx"},
		Detail: `{"alarmName":"web-green-5xx","configuration":{"description":"5xx of green","metrics":[{"id":"` + id +
			`","metricStat":{"metric":{"dimensions":{"TargetGroup":"targetgroup/green/1"},"name":"m","namespace":"AWS/ApplicationELB"},"period":60,"stat":"Sum"},"returnData":true}]},` +
			`"previousState":` + before + `,` +
			`"state":{"reason":"Threshold Crossed: 1 datapoint [9.0 (02/03/26 12:01:00)] was greater than the threshold (5.0).",` +
			`"reasonData":"{\"version\":\"1.0\",\"queryDate\":\"` + changed + `\",\"startDate\":\"2026-03-02T12:01:00.000+0000\",\"statistic\":\"Sum\",\"period\":60,` +
			`\"recentDatapoints\":[9.0],\"threshold\":5.0,\"evaluatedDatapoints\":[{\"timestamp\":\"2026-03-02T12:01:00.000+0000\",\"sampleCount\":3.0,\"value\":9.0}]}",` +
			`"timestamp":"` + changed + `","value":"ALARM"}}`,
	}
	if diff := cmp.Diff(want, c.events[1]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	// The datapoint is the newest real one for two minutes more, and then is none.
	c.loop.RunFor(2 * time.Minute)
	a = c.metricAlarm("web-green-5xx")
	if want := "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."; a.StateValue != types.StateValueOk || *a.StateReason != want {
		t.Errorf("state = %s: %s\nwant OK: %s", a.StateValue, *a.StateReason, want)
	}
}

func stateOf(t *testing.T, detail string) string {
	t.Helper()
	var d struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal([]byte(detail), &d); err != nil {
		t.Fatalf("unmarshal detail: %v", err)
	}
	return string(d.State)
}

func metricID(t *testing.T, detail string) string {
	t.Helper()
	var d struct {
		Configuration struct {
			Metrics []struct {
				ID string `json:"id"`
			} `json:"metrics"`
		} `json:"configuration"`
	}
	if err := json.Unmarshal([]byte(detail), &d); err != nil || len(d.Configuration.Metrics) != 1 {
		t.Fatalf("metrics of %s: %v", detail, err)
	}
	return d.Configuration.Metrics[0].ID
}

func TestReasons(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		data string
		edit func(*cloudwatch.PutMetricAlarmInput)
		want string
	}{
		{
			"two datapoints", "XX", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(2) },
			"Threshold Crossed: 2 datapoints [9.0 (02/03/26 11:59:00), 9.0 (02/03/26 11:58:00)] were greater than the threshold (5.0).",
		},
		{
			"not breaching", "0", func(*cloudwatch.PutMetricAlarmInput) {},
			"Threshold Crossed: 1 datapoint [1.0 (02/03/26 11:59:00)] was not greater than the threshold (5.0).",
		},
		{
			"M out of N", "X0X", func(in *cloudwatch.PutMetricAlarmInput) {
				in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(3), aws.Int32(2)
			},
			"Threshold Crossed: 2 out of the last 3 datapoints [9.0 (02/03/26 11:59:00), 9.0 (02/03/26 11:57:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).",
		},
		{
			"M out of N recovers", "00X", func(in *cloudwatch.PutMetricAlarmInput) {
				in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(3), aws.Int32(2)
			},
			"Threshold Crossed: 2 out of the last 3 datapoints [1.0 (02/03/26 11:58:00), 1.0 (02/03/26 11:57:00)] were not greater than the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition).",
		},
		{
			"some missing", "X--", func(in *cloudwatch.PutMetricAlarmInput) {
				in.EvaluationPeriods, in.TreatMissingData = aws.Int32(3), aws.String("breaching")
			},
			"Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
		},
		{
			"all missing", "-", func(in *cloudwatch.PutMetricAlarmInput) {
				in.EvaluationPeriods, in.TreatMissingData = aws.Int32(2), aws.String("breaching")
			},
			"Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
		},
		{
			"less than or equal", "0", func(in *cloudwatch.PutMetricAlarmInput) {
				in.ComparisonOperator, in.Threshold = types.ComparisonOperatorLessThanOrEqualToThreshold, aws.Float64(2e7)
			},
			"Threshold Crossed: 1 datapoint [1.0 (02/03/26 11:59:00)] was less than or equal to the threshold (2.0E7).",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.putPeriods(tt.data)
			in := alarmOn("a")
			tt.edit(in)
			c.putAlarm(in)
			c.loop.RunFor(time.Minute - time.Nanosecond)
			if got := *c.metricAlarm("a").StateReason; got != tt.want {
				t.Errorf("reason = %s\nwant     %s", got, tt.want)
			}
		})
	}
}

func TestInsufficientDataReason(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("a")
	in.EvaluationPeriods = aws.Int32(2)
	c.putAlarm(in)
	c.set("a", types.StateValueOk)
	c.loop.RunFor(time.Minute)
	if got, want := *c.metricAlarm("a").StateReason, "Insufficient Data: 2 datapoints were unknown."; got != want {
		t.Errorf("reason = %s, want %s", got, want)
	}
}

func TestAlarmPeriodsSlideByTheMinute(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("a")
	in.Period = aws.Int32(300)
	c.put(start.Add(-7*time.Minute), 3)
	c.put(start.Add(-2*time.Minute), 3)
	c.put(start.Add(90*time.Second), 3)
	c.putAlarm(in)
	c.loop.RunFor(2*time.Minute - time.Nanosecond)
	if got := c.metricAlarm("a").StateValue; got != types.StateValueOk {
		t.Errorf("state with 3 in the last five minutes = %s, want OK", got)
	}
	c.loop.RunFor(time.Minute)
	if got, want := *c.metricAlarm("a").StateReason, "Threshold Crossed: 1 datapoint [6.0 (02/03/26 11:57:00)] was greater than the threshold (5.0)."; got != want {
		t.Errorf("reason = %s\nwant     %s", got, want)
	}
}

func TestHighResolutionAlarmIsEvaluatedEveryTenSeconds(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("fast")
	in.Period = aws.Int32(10)
	in.TreatMissingData = aws.String("notBreaching")
	c.putAlarm(in)
	_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("n"),
		MetricData: []types.MetricDatum{{
			MetricName: aws.String("m"), Timestamp: aws.Time(start.Add(12 * time.Second)), Value: aws.Float64(9), StorageResolution: aws.Int32(1),
		}},
	})
	if err != nil {
		t.Fatalf("put metric data: %v", err)
	}
	c.loop.RunFor(30 * time.Second)
	if got := c.metricAlarm("fast").StateValue; got != types.StateValueAlarm {
		t.Errorf("state after 30s = %s, want ALARM", got)
	}
	c.loop.RunFor(30 * time.Second)
	if got := c.metricAlarm("fast").StateValue; got != types.StateValueOk {
		t.Errorf("state after 60s = %s, want OK", got)
	}
}

func TestMathAlarm(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	stat := func(id, name string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: aws.String(id), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String(name)}, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	c.putAlarm(&cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("share"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
		Metrics: []types.MetricDataQuery{
			stat("rc", "RequestCount"), stat("e", "HTTPCode_Target_5XX_Count"),
			{Id: aws.String("share"), Expression: aws.String("IF(FILL(rc,0)>0, FILL(e,0)/FILL(rc,1)*100, 0)"), Label: aws.String("5xx share")},
		},
	})
	c.service.Put("AWS/ApplicationELB", "RequestCount", nil, start, []float64{200}, nil)
	c.loop.RunFor(2 * time.Minute)
	if got := c.metricAlarm("share").StateValue; got != types.StateValueOk {
		t.Fatalf("state without errors = %s, want OK", got)
	}
	c.service.Put("AWS/ApplicationELB", "RequestCount", nil, start.Add(2*time.Minute), []float64{200}, nil)
	c.service.Put("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", nil, start.Add(2*time.Minute), []float64{16}, nil)
	c.loop.RunFor(2*time.Minute - time.Nanosecond)
	a := c.metricAlarm("share")
	if want := "Threshold Crossed: 1 datapoint [8.0 (02/03/26 12:02:00)] was greater than the threshold (5.0)."; *a.StateReason != want {
		t.Errorf("reason = %s\nwant     %s", *a.StateReason, want)
	}
	if len(a.Metrics) != 3 || !strings.Contains(c.events[len(c.events)-1].Detail, `{"id":"share","expression":"IF(`) {
		t.Errorf("the expression is missing from the alarm (%d metrics) or its event %v", len(a.Metrics), c.events)
	}
}

func TestSetAlarmStateHoldsUntilTheNextEvaluation(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("a")
	in.TreatMissingData = aws.String("notBreaching")
	c.putAlarm(in)
	c.loop.RunFor(time.Minute)
	c.set("a", types.StateValueAlarm)
	if got := c.metricAlarm("a"); got.StateValue != types.StateValueAlarm || *got.StateReason != "by hand" {
		t.Errorf("state = %s (%s), want ALARM (by hand)", got.StateValue, *got.StateReason)
	}
	c.loop.RunFor(time.Minute)
	if got := c.metricAlarm("a").StateValue; got != types.StateValueOk {
		t.Errorf("state a minute later = %s, want OK", got)
	}
	values := []string{}
	for _, e := range c.events {
		var d struct {
			State struct {
				Value string `json:"value"`
			} `json:"state"`
		}
		if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
			t.Fatalf("unmarshal detail: %v", err)
		}
		values = append(values, d.State.Value)
	}
	if diff := cmp.Diff([]string{"OK", "ALARM", "OK"}, values); diff != "" {
		t.Errorf("states told (-want +got):\n%s", diff)
	}
}

func TestLowSampleCountKeepsTheState(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]types.StateValue{"ignore": types.StateValueInsufficientData, "evaluate": types.StateValueAlarm} {
		c := newCloud(t)
		in := alarmOn("a")
		in.Statistic, in.ExtendedStatistic, in.EvaluateLowSampleCountPercentile = "", aws.String("p99"), aws.String(mode)
		c.put(start.Add(-time.Minute), 9)
		c.putAlarm(in)
		c.loop.RunFor(time.Minute - time.Nanosecond)
		if got := c.metricAlarm("a").StateValue; got != want {
			t.Errorf("%s: state = %s, want %s", mode, got, want)
		}
	}
}
