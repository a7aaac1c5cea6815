package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

func TestPutMetricAlarmRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		edit    func(*cloudwatch.PutMetricAlarmInput)
		message string
	}{
		{"period", func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(45) }, "Period must be 10, 20, 30 or a multiple of 60."},
		{"no period", func(in *cloudwatch.PutMetricAlarmInput) { in.Period = nil }, "The parameter Period is required for alarms based on static thresholds."},
		{"range", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) }, "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."},
		{"M above N", func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) }, "DatapointsToAlarm (2) must be less than or equal to EvaluationPeriods (1)."},
		{"missing data", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("skip") }, "Option TreatMissingData has the invalid value skip. Valid values are breaching, notBreaching, ignore, missing."},
		{"two statistics", func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p90") }, "You must specify either Statistic or ExtendedStatistic, but not both."},
		{"action", func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = []string{"arn:aws:sns:us-east-1:123456789012:t"}
		}, "The alarm action arn:aws:sns:us-east-1:123456789012:t is not emulated by this cloud"},
		{"anomaly detection", func(in *cloudwatch.PutMetricAlarmInput) { in.ThresholdMetricId = aws.String("ad1") }, "Anomaly detection (ThresholdMetricId) is not emulated by this cloud"},
		{"anomaly comparison", func(in *cloudwatch.PutMetricAlarmInput) {
			in.ComparisonOperator = types.ComparisonOperatorGreaterThanUpperThreshold
		}, "Anomaly detection (ComparisonOperator GreaterThanUpperThreshold) is not emulated by this cloud"},
		{"metric and math", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Metrics = []types.MetricDataQuery{metricQuery("a", "a", "Sum")}
		}, "If you use the Metrics parameter, you cannot include the Namespace, MetricName, Dimensions, Period, Unit, Statistic, or ExtendedStatistic parameters."},
		{"two results", func(in *cloudwatch.PutMetricAlarmInput) {
			*in = mathAlarm(metricQuery("a", "a", "Sum"), metricQuery("b", "b", "Sum"))
		}, "Exactly one element of the metrics list should return data."},
		{"several series", func(in *cloudwatch.PutMetricAlarmInput) {
			*in = mathAlarm(hidden(metricQuery("a", "a", "Sum")), mathQuery("METRICS()"))
		}, "Error in expression 'e': an alarm needs a single time series, not an array of time series"},
		{"unknown id", func(in *cloudwatch.PutMetricAlarmInput) {
			*in = mathAlarm(hidden(metricQuery("a", "a", "Sum")), mathQuery("a + b"))
		}, "Error in expression 'e': the id b is not defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			in := alarmOn("a")
			tt.edit(in)
			_, err := c.PutMetricAlarm(t.Context(), in)
			wantCode(t, err, "ValidationError", tt.message)
		})
	}
}

func mathAlarm(queries ...types.MetricDataQuery) cloudwatch.PutMetricAlarmInput {
	return cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("a"), Metrics: queries, EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
}

func TestUpdatingAnAlarmKeepsItsState(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := alarmOn("a")
	in.TreatMissingData = aws.String("ignore")
	c.putAlarm(in)
	c.set("a", types.StateValueAlarm)
	in.Threshold = aws.Float64(7)
	c.putAlarm(in)
	c.loop.RunFor(3 * time.Minute)
	if a := c.metricAlarm("a"); a.StateValue != types.StateValueAlarm || *a.Threshold != 7 {
		t.Errorf("alarm is %s with threshold %v, want ALARM with 7", a.StateValue, *a.Threshold)
	}
	if got := c.loop.Pending(); got != 1 {
		t.Errorf("%d evaluations are scheduled, want 1", got)
	}
	if _, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a", "unknown"}}); err != nil {
		t.Fatalf("delete alarms: %v", err)
	}
	if got := c.loop.Pending(); got != 0 {
		t.Errorf("%d evaluations are scheduled after deletion, want 0", got)
	}
}

func TestDescribeAlarms(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, name := range []string{"web-b", "web-a", "db-a"} {
		c.putAlarm(alarmOn(name))
	}
	c.putComposite("web-all", "ALARM(web-a) OR ALARM(web-b)")
	c.loop.RunFor(time.Second)
	c.set("web-b", types.StateValueAlarm)
	both := []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}
	tests := []struct {
		name string
		in   cloudwatch.DescribeAlarmsInput
		want []string
	}{
		{"metric alarms by default", cloudwatch.DescribeAlarmsInput{}, []string{"db-a", "web-a", "web-b"}},
		{"both types", cloudwatch.DescribeAlarmsInput{AlarmTypes: both}, []string{"db-a", "web-a", "web-b", "web-all"}},
		{"names, unknown ones absent", cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"web-b", "nobody", "web-all"}}, []string{"web-b"}},
		{"prefix", cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("web-"), AlarmTypes: both}, []string{"web-a", "web-b", "web-all"}},
		{"state", cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm, AlarmTypes: both}, []string{"web-b", "web-all"}},
		{"action", cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("arn:")}, nil},
	}
	for _, tt := range tests {
		out, err := c.DescribeAlarms(t.Context(), &tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, a := range out.MetricAlarms {
			got = append(got, *a.AlarmName)
		}
		for _, a := range out.CompositeAlarms {
			got = append(got, *a.AlarmName)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	var pages []int
	for p := cloudwatch.NewDescribeAlarmsPaginator(c, &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, MaxRecords: aws.Int32(3)}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatalf("describe alarms: %v", err)
		}
		pages = append(pages, len(out.MetricAlarms)+len(out.CompositeAlarms))
	}
	if diff := cmp.Diff([]int{3, 1}, pages); diff != "" {
		t.Errorf("page sizes (-want +got):\n%s", diff)
	}
	_, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: make([]string, 101)})
	wantCode(t, err, "ValidationError", "")
}

func TestSetAlarmStateRefusals(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: types.StateValueOk, StateReason: aws.String("r")}
	_, err := c.SetAlarmState(t.Context(), in)
	wantCode(t, err, "ResourceNotFound", "The alarm a does not exist.")
	c.putAlarm(alarmOn("a"))
	in.StateReasonData = aws.String("{")
	_, err = c.SetAlarmState(t.Context(), in)
	wantCode(t, err, "InvalidFormat", "")
}

func TestHistory(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.putAlarm(alarmOn("a"))
	c.putComposite("all", "ALARM(a)")
	c.loop.RunFor(time.Second)
	c.set("a", types.StateValueAlarm)
	list := func(in *cloudwatch.DescribeAlarmHistoryInput) []string {
		out, err := c.DescribeAlarmHistory(t.Context(), in)
		if err != nil {
			t.Fatalf("describe alarm history: %v", err)
		}
		var got []string
		for _, item := range out.AlarmHistoryItems {
			got = append(got, fmt.Sprintf("%s: %s", *item.AlarmName, *item.HistorySummary))
		}
		return got
	}
	if diff := cmp.Diff([]string{"a: Alarm updated from INSUFFICIENT_DATA to ALARM", `a: Alarm "a" created`}, list(&cloudwatch.DescribeAlarmHistoryInput{})); diff != "" {
		t.Errorf("history of metric alarms (-want +got):\n%s", diff)
	}
	want := []string{"all: Alarm updated from INSUFFICIENT_DATA to OK", "all: Alarm updated from OK to ALARM"}
	if diff := cmp.Diff(want, list(&cloudwatch.DescribeAlarmHistoryInput{
		AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}, HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending,
	})); diff != "" {
		t.Errorf("history of composite alarms (-want +got):\n%s", diff)
	}
	out, err := c.DescribeAlarmHistory(t.Context(), &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("a"), HistoryItemType: types.HistoryItemTypeStateUpdate})
	if err != nil {
		t.Fatalf("describe alarm history: %v", err)
	}
	data := `{"version":"1.0","oldState":{"stateValue":"INSUFFICIENT_DATA","stateReason":"Unchecked: Initial alarm creation"},"newState":{"stateValue":"ALARM","stateReason":"by hand"}}`
	if diff := cmp.Diff(data, *out.AlarmHistoryItems[0].HistoryData); diff != "" {
		t.Errorf("history data (-want +got):\n%s", diff)
	}
}
