package cloudwatch_test

import (
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func metricQuery(id, name, stat string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: aws.String(id), MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("n"), MetricName: aws.String(name)}, Period: aws.Int32(60), Stat: aws.String(stat),
	}}
}

func mathQuery(expression string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: aws.String("e"), Expression: aws.String(expression)}
}

// hidden is a query whose data is not returned.
func hidden(q types.MetricDataQuery) types.MetricDataQuery {
	q.ReturnData = aws.Bool(false)
	return q
}

// read gets five minutes of data, the oldest first.
func (c *cloud) read(queries ...types.MetricDataQuery) (*cloudwatch.GetMetricDataOutput, error) {
	return c.GetMetricData(c.t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(start), EndTime: aws.Time(start.Add(5 * time.Minute)),
		MetricDataQueries: queries, ScanBy: types.ScanByTimestampAscending,
	})
}

// withSeries has a = 1 2 - 4 5 and b = 10 - - 40 0, a value a minute.
func withSeries(t *testing.T) *cloud {
	t.Helper()
	c := newCloud(t)
	for name, values := range map[string][]float64{
		"a": {1, 2, math.NaN(), 4, 5},
		"b": {10, math.NaN(), math.NaN(), 40, 0},
	} {
		for i, v := range values {
			if !math.IsNaN(v) {
				c.service.Put("n", name, nil, start.Add(time.Duration(i)*time.Minute), []float64{v}, nil)
			}
		}
	}
	return c
}

func TestMetricMath(t *testing.T) {
	t.Parallel()
	none := math.NaN()
	tests := []struct {
		expression string
		want       []float64
	}{
		{"a", []float64{1, 2, none, 4, 5}},
		{"a + b", []float64{11, none, none, 44, 5}},
		{"b - a", []float64{9, none, none, 36, -5}},
		{"a * 2 + 1", []float64{3, 5, none, 9, 11}},
		{"1 + 2 * a ^ 2", []float64{3, 9, none, 33, 51}},
		{"-a ^ 2", []float64{-1, -4, none, -16, -25}},
		{"(a + 1) / 2", []float64{1, 1.5, none, 2.5, 3}},
		{"a / b", []float64{0.1, none, none, 0.1, none}},
		{"a > 3", []float64{0, 0, none, 1, 1}},
		{"a >= 4 AND b == 0", []float64{0, none, none, 0, 1}},
		{"a < 2 || a > 4", []float64{1, 0, none, 0, 1}},
		{"FILL(a, 0)", []float64{1, 2, 0, 4, 5}},
		{"FILL(b, REPEAT)", []float64{10, 10, 10, 40, 0}},
		{"FILL(a, LINEAR)", []float64{1, 2, 3, 4, 5}},
		{"FILL(b, a)", []float64{10, 2, none, 40, 0}},
		{"IF(a > 3, a, 0)", []float64{0, 0, none, 4, 5}},
		{"IF(FILL(b,0) > 0, FILL(a,0) / FILL(b,1) * 100, 0)", []float64{10, 0, 0, 10, 0}},
		{"SUM([a, b])", []float64{11, 2, none, 44, 5}},
		{"SUM(METRICS())", []float64{11, 2, none, 44, 5}},
		{"AVG(METRICS())", []float64{5.5, 2, none, 22, 2.5}},
		{"MAX([a,b]) - MIN([a,b])", []float64{9, 0, none, 36, 5}},
		{"a / SUM(a)", []float64{1. / 12, 2. / 12, none, 4. / 12, 5. / 12}},
		{"a - AVG(a) + MIN(a) + MAX(a)", []float64{4, 5, none, 7, 8}},
		{"ABS(a - 4)", []float64{3, 2, none, 0, 1}},
		{"CEIL(a / 2) + FLOOR(a / 2)", []float64{1, 2, none, 4, 5}},
		{"RATE(a) * PERIOD(a)", []float64{none, 1, none, 1, 1}},
		{"DIFF(a)", []float64{none, 1, none, 2, 1}},
		{"RUNNING_SUM(a)", []float64{1, 3, none, 7, 12}},
		{"TIME_SERIES(METRIC_COUNT(METRICS()))", []float64{2, 2, 2, 2, 2}},
	}
	c := withSeries(t)
	for _, tt := range tests {
		e := mathQuery(tt.expression)
		e.Period = aws.Int32(60)
		out, err := c.read(hidden(metricQuery("a", "a", "Sum")), hidden(metricQuery("b", "b", "Sum")), e)
		if err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		got := []float64{none, none, none, none, none}
		for i, at := range out.MetricDataResults[0].Timestamps {
			got[at.Sub(start)/time.Minute] = out.MetricDataResults[0].Values[i]
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.expression, diff)
		}
	}
}

func TestMetricMathRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct{ expression, message string }{
		{"a +", "Error in expression 'e': unexpected end of expression"},
		{"a b", "Error in expression 'e': unexpected b"},
		{"a + c", "Error in expression 'e': the id c is not defined"},
		{"e + a", "Error in expression 'e': it refers to itself"},
		{"SUM(a)", "Error in expression 'e': the result must be a time series, not a number"},
		{"a ? b", "Error in expression 'e': unexpected character '?'"},
		{"IF(a, 1)", "Error in expression 'e': IF takes 3 arguments, not 2"},
		{"METRICS() + METRICS()", "Error in expression 'e': an operator cannot be applied to two arrays of time series"},
		{"ANOMALY_DETECTION_BAND(a)", "Error in expression 'e': the function ANOMALY_DETECTION_BAND is not emulated by this cloud"},
		{"SEARCH(a)", "Error in expression 'e': the function SEARCH is not emulated by this cloud"},
		{"SELECT SUM(x) FROM y", "A Metrics Insights query (e) is not emulated by this cloud"},
		{"1 + 1", "Error in expression 'e': it reads no metric and has no Period"},
	}
	c := withSeries(t)
	for _, tt := range tests {
		_, err := c.read(metricQuery("a", "a", "Sum"), metricQuery("b", "b", "Sum"), mathQuery(tt.expression))
		if err == nil {
			t.Errorf("%s was accepted", tt.expression)
			continue
		}
		wantCode(t, err, "ValidationError", tt.message)
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.service.Put("n", "m", nil, start.Add(time.Second), []float64{1, 2, 3, 100}, []float64{50, 40, 9, 1})
	for stat, want := range map[string]float64{
		"Sum": 257, "SampleCount": 100, "Average": 2.57, "Minimum": 1, "Maximum": 100,
		"p50": 1, "p50.5": 2, "p90": 2, "p99": 3, "p99.5": 100, "p100": 100, "p0": 1,
	} {
		out, err := c.read(metricQuery("m", "m", stat))
		if err != nil {
			t.Errorf("%s: %v", stat, err)
			continue
		}
		if diff := cmp.Diff([]float64{want}, out.MetricDataResults[0].Values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stat, diff)
		}
	}
	for stat, message := range map[string]string{
		"p101": "The statistic 'p101' is invalid", "median": "The statistic 'median' is invalid",
		"tm90": "The statistic tm90 is not emulated by this cloud", "PR(1:2)": "The statistic PR(1:2) is not emulated by this cloud",
	} {
		_, err := c.read(metricQuery("m", "m", stat))
		wantCode(t, err, "ValidationError", message)
	}
}

func TestPercentilesOfABusyMinuteStayClose(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for i := range 20000 {
		c.service.Put("n", "m", nil, start, []float64{float64(i+1) / 1000}, nil)
	}
	for stat, exact := range map[string]float64{"p50": 10, "p90": 18, "p99": 19.8} {
		out, err := c.read(metricQuery("m", "m", stat))
		if err != nil {
			t.Fatalf("%s: %v", stat, err)
		}
		if got := out.MetricDataResults[0].Values[0]; math.Abs(got-exact) > 0.05*exact {
			t.Errorf("%s = %v, want %v within 5 percent", stat, got, exact)
		}
	}
}

func TestStatisticSetsHaveNoPercentiles(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for name, set := range map[string]types.StatisticSet{
		"spread": {SampleCount: aws.Float64(3), Sum: aws.Float64(6), Minimum: aws.Float64(1), Maximum: aws.Float64(3)},
		"same":   {SampleCount: aws.Float64(3), Sum: aws.Float64(6), Minimum: aws.Float64(2), Maximum: aws.Float64(2)},
	} {
		_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("n"), MetricData: []types.MetricDatum{{MetricName: aws.String(name), StatisticValues: &set}},
		})
		if err != nil {
			t.Fatalf("put metric data: %v", err)
		}
	}
	out, err := c.read(metricQuery("a", "spread", "p90"), metricQuery("b", "same", "p90"), metricQuery("c", "spread", "Average"))
	if err != nil {
		t.Fatalf("get metric data: %v", err)
	}
	var got [][]float64
	for _, r := range out.MetricDataResults {
		got = append(got, r.Values)
	}
	if diff := cmp.Diff([][]float64{{}, {2}, {2}}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestGetMetricDataPages(t *testing.T) {
	t.Parallel()
	c := withSeries(t)
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(start.Add(30 * time.Second)), EndTime: aws.Time(start.Add(5 * time.Minute)), MaxDatapoints: aws.Int32(3),
		MetricDataQueries: []types.MetricDataQuery{metricQuery("a", "a", "Sum"), metricQuery("b", "b", "Sum")},
	}
	type part struct {
		ID     string
		Values []float64
		Status types.StatusCode
	}
	var got [][]part
	for pages := cloudwatch.NewGetMetricDataPaginator(c, in); pages.HasMorePages(); {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("get metric data: %v", err)
		}
		var parts []part
		for _, r := range out.MetricDataResults {
			parts = append(parts, part{*r.Id, r.Values, r.StatusCode})
		}
		got = append(got, parts)
	}
	want := [][]part{
		{{"a", []float64{5, 4, 2}, types.StatusCodePartialData}},
		{{"a", []float64{1}, types.StatusCodeComplete}, {"b", []float64{0, 40}, types.StatusCodePartialData}},
		{{"b", []float64{10}, types.StatusCodeComplete}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages, the newest first (-want +got):\n%s", diff)
	}
	in.NextToken = aws.String("nonsense")
	_, err := c.GetMetricData(t.Context(), in)
	wantCode(t, err, "InvalidNextToken", "The NextToken is not valid")
}

func TestGetMetricStatistics(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for i, unit := range []types.StandardUnit{types.StandardUnitCount, types.StandardUnitCount, types.StandardUnitSeconds} {
		_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("n"), MetricData: []types.MetricDatum{{
			MetricName: aws.String("m"), Unit: unit, Values: []float64{float64(i), 10}, Counts: []float64{2, 1}, Timestamp: aws.Time(start),
			Dimensions: []types.Dimension{{Name: aws.String("z"), Value: aws.String("1")}, {Name: aws.String("a"), Value: aws.String("2")}},
		}}})
		if err != nil {
			t.Fatalf("put metric data: %v", err)
		}
	}
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("n"), MetricName: aws.String("m"), Period: aws.Int32(300),
		StartTime: aws.Time(start.Add(-time.Hour)), EndTime: aws.Time(start.Add(time.Hour)),
		Statistics:         []types.Statistic{types.StatisticSum, types.StatisticSampleCount, types.StatisticMaximum},
		ExtendedStatistics: []string{"p90"},
		Dimensions:         []types.Dimension{{Name: aws.String("a"), Value: aws.String("2")}, {Name: aws.String("z"), Value: aws.String("1")}},
	}
	out, err := c.GetMetricStatistics(t.Context(), in)
	if err != nil {
		t.Fatalf("get metric statistics: %v", err)
	}
	want := []types.Datapoint{
		{Timestamp: aws.Time(start), Unit: types.StandardUnitCount, Sum: aws.Float64(22), SampleCount: aws.Float64(6), Maximum: aws.Float64(10), ExtendedStatistics: map[string]float64{"p90": 10}},
		{Timestamp: aws.Time(start), Unit: types.StandardUnitSeconds, Sum: aws.Float64(14), SampleCount: aws.Float64(3), Maximum: aws.Float64(10), ExtendedStatistics: map[string]float64{"p90": 10}},
	}
	if diff := cmp.Diff(want, out.Datapoints, cmpopts.IgnoreUnexported(types.Datapoint{})); diff != "" {
		t.Errorf("datapoints (-want +got):\n%s", diff)
	}
	in.Period = aws.Int32(60)
	in.StartTime = aws.Time(start.Add(-24 * time.Hour))
	_, err = c.GetMetricStatistics(t.Context(), in)
	wantCode(t, err, "InvalidParameterCombination", "You have requested up to 1500 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.")
	in.Dimensions = nil
	in.Period = aws.Int32(300)
	if out, err := c.GetMetricStatistics(t.Context(), in); err != nil || len(out.Datapoints) != 0 {
		t.Errorf("without its dimensions: %d datapoints, %v; want none: it is another metric", len(out.Datapoints), err)
	}
}

func TestListMetrics(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tg := range []string{"blue", "green"} {
		c.service.Put("AWS/ApplicationELB", "RequestCount", map[string]string{"TargetGroup": tg, "LoadBalancer": "lb"}, start, []float64{1}, nil)
	}
	c.put(start, 1)
	list := func(in *cloudwatch.ListMetricsInput) int {
		out, err := c.ListMetrics(t.Context(), in)
		if err != nil {
			t.Fatalf("list metrics: %v", err)
		}
		return len(out.Metrics)
	}
	for want, in := range map[int]*cloudwatch.ListMetricsInput{
		3: {},
		2: {Namespace: aws.String("AWS/ApplicationELB"), Dimensions: []types.DimensionFilter{{Name: aws.String("TargetGroup")}}},
		1: {Dimensions: []types.DimensionFilter{{Name: aws.String("TargetGroup"), Value: aws.String("blue")}}},
		0: {MetricName: aws.String("other")},
	} {
		if got := list(in); got != want {
			t.Errorf("%d metrics, want %d", got, want)
		}
	}
	c.loop.RunFor(4 * time.Hour)
	if got := list(&cloudwatch.ListMetricsInput{RecentlyActive: types.RecentlyActivePt3h}); got != 0 {
		t.Errorf("%d recently active metrics after four hours, want 0", got)
	}
	c.loop.RunFor(14 * 24 * time.Hour)
	if got := list(&cloudwatch.ListMetricsInput{}); got != 0 {
		t.Errorf("%d metrics after two weeks, want 0", got)
	}
}

func TestDataIsKeptForFifteenDays(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for range 20 * 24 {
		c.service.Put("n", "m", nil, c.loop.Now(), []float64{1, 2}, nil)
		c.loop.RunFor(time.Hour)
	}
	read := func(stat string) []float64 {
		out, err := c.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(start), EndTime: aws.Time(c.loop.Now()),
			MetricDataQueries: []types.MetricDataQuery{metricQuery("m", "m", stat)},
		})
		if err != nil {
			t.Fatalf("get metric data: %v", err)
		}
		return out.MetricDataResults[0].Values
	}
	if got, want := len(read("Sum")), 15*24+1; got != want {
		t.Errorf("%d datapoints, want %d: those of the last 15 days", got, want)
	}
	if got, want := len(read("p90")), 12+1; got != want {
		t.Errorf("%d percentiles, want %d: those of the last 12 hours", got, want)
	}
}

func TestPutMetricDataRefusals(t *testing.T) {
	t.Parallel()
	datum := func(edit func(*types.MetricDatum)) []types.MetricDatum {
		d := types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1)}
		edit(&d)
		return []types.MetricDatum{d}
	}
	tests := []struct {
		name, namespace string
		data            []types.MetricDatum
		code, message   string
	}{
		{"reserved namespace", "AWS/EC2", datum(func(*types.MetricDatum) {}), "InvalidParameterValue", "The value AWS/EC2 for parameter Namespace is invalid."},
		{"not a number", "n", datum(func(d *types.MetricDatum) { d.Value = aws.Float64(math.NaN()) }), "InvalidParameterValue", "The value NaN for parameter MetricData.member.1.Value is invalid."},
		{"two kinds of value", "n", datum(func(d *types.MetricDatum) { d.Values = []float64{1} }), "InvalidParameterCombination", "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both."},
		{"no value", "n", datum(func(d *types.MetricDatum) { d.Value = nil }), "MissingParameter", "At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values, MetricData.member.1.StatisticValues must be specified."},
		{"counts", "n", datum(func(d *types.MetricDatum) { d.Value, d.Values, d.Counts = nil, []float64{1, 2}, []float64{1} }), "InvalidParameterValue", "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."},
		{"resolution", "n", datum(func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(5) }), "InvalidParameterValue", "The value 5 for parameter MetricData.member.1.StorageResolution is invalid."},
		{"old", "n", datum(func(d *types.MetricDatum) { d.Timestamp = aws.Time(start.Add(-15 * 24 * time.Hour)) }), "InvalidParameterValue", "The value 2026-02-15T12:00:00Z for parameter MetricData.member.1.Timestamp must be a recent timestamp."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String(tt.namespace), MetricData: tt.data})
			wantCode(t, err, tt.code, tt.message)
		})
	}
}
