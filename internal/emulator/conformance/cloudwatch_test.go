package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func cloudwatchStories() []story {
	alarm := &cloudwatch.PutMetricAlarmInput{
		AlarmName: new("errors"), Namespace: new("Shop"), MetricName: new("Errors"), Statistic: types.StatisticSum, Period: new(int32(60)),
		EvaluationPeriods: new(int32(1)), Threshold: new(5.0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
	bad := *alarm
	bad.Statistic = ""
	at := func(minutes int) *time.Time { return new(start.Add(time.Duration(minutes) * time.Minute)) }
	put := func(minutes int, value float64) step {
		return ok(&cloudwatch.PutMetricDataInput{Namespace: new("Shop"), MetricData: []types.MetricDatum{{MetricName: new("Errors"), Timestamp: at(minutes), Value: &value, Unit: types.StandardUnitCount}}})
	}
	return []story{
		{name: "cloudwatch/Alarms", steps: []step{
			ok(alarm),
			fails("ValidationError", &bad, moto("moto_server does not check; AWS: CloudWatch API Reference, PutMetricAlarm: with MetricName, Statistic or ExtendedStatistic is required")),
			ok(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}, want("MetricAlarms.#", 1),
				want("MetricAlarms.0.AlarmArn", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors"), want("MetricAlarms.0.Threshold", 5.0)),
			fails("ValidationError", &cloudwatch.DescribeAlarmsInput{MaxRecords: new(int32(101))},
				moto("moto_server does not check; AWS: model, MaxRecords has the maximum 100")),
			ok(&cloudwatch.SetAlarmStateInput{AlarmName: new("errors"), StateValue: types.StateValueAlarm, StateReason: new("by hand")}),
			ok(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}, want("MetricAlarms.0.StateValue", "ALARM"), want("MetricAlarms.0.StateReason", "by hand")),
			fails("ResourceNotFound", &cloudwatch.SetAlarmStateInput{AlarmName: new("none"), StateValue: types.StateValueAlarm, StateReason: new("by hand")}),
			ok(&cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"errors", "none"}}),
			ok(&cloudwatch.DescribeAlarmsInput{}, want("MetricAlarms.#", 0)),
		}},
		{name: "cloudwatch/CompositeAlarms", notMoto: "it has none; AWS: CloudWatch API Reference, PutCompositeAlarm, DeleteAlarms", steps: []step{
			ok(alarm),
			ok(&cloudwatch.PutCompositeAlarmInput{AlarmName: new("shop"), AlarmRule: new("ALARM(errors)")}),
			fails("ValidationError", &cloudwatch.PutCompositeAlarmInput{AlarmName: new("bad"), AlarmRule: new("ALARM(")}),
			ok(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"shop"}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}},
				want("CompositeAlarms.0.AlarmRule", "ALARM(errors)")),
			fails("ValidationError", &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"errors"}}),
			ok(&cloudwatch.PutCompositeAlarmInput{AlarmName: new("mall"), AlarmRule: new("ALARM(errors)")}),
			fails("ValidationError", &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"shop", "mall"}}),
		}},
		{name: "cloudwatch/AlarmHistory", steps: []step{
			ok(alarm),
			ok(&cloudwatch.SetAlarmStateInput{AlarmName: new("errors"), StateValue: types.StateValueAlarm, StateReason: new("by hand")}),
			ok(&cloudwatch.DescribeAlarmHistoryInput{AlarmName: new("errors"), HistoryItemType: types.HistoryItemTypeStateUpdate},
				want("AlarmHistoryItems.#", 1), want("AlarmHistoryItems.0.HistorySummary", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
				moto("moto_server does not have the operation; AWS: CloudWatch API Reference, DescribeAlarmHistory")),
			fails("ValidationError", &cloudwatch.DescribeAlarmHistoryInput{MaxRecords: new(int32(101))},
				moto("moto_server does not have the operation; AWS: model, MaxRecords has the maximum 100")),
		}},
		{name: "cloudwatch/Evaluation", notMoto: "it evaluates no alarm on time; AWS: CloudWatch User Guide, Alarm evaluation", steps: []step{
			ok(alarm), put(0, 6), wait(3 * time.Minute),
			ok(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}, want("MetricAlarms.0.StateValue", "ALARM")),
			wait(10 * time.Minute),
			ok(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}, want("MetricAlarms.0.StateValue", "INSUFFICIENT_DATA")),
		}},
		{name: "cloudwatch/Metrics", steps: []step{
			put(-5, 1), put(-5, 3), put(-4, 5),
			fails("InvalidParameterValue", &cloudwatch.PutMetricDataInput{Namespace: new("AWS/Shop"), MetricData: []types.MetricDatum{{MetricName: new("Errors"), Value: new(1.0)}}},
				moto("moto_server takes any namespace; AWS: CloudWatch API Reference, PutMetricData: Namespace does not begin with AWS/")),
			ok(&cloudwatch.ListMetricsInput{Namespace: new("Shop")}, want("Metrics.#", 1),
				motoValue("moto_server has one for each datum; AWS: CloudWatch API Reference, ListMetrics"), want("Metrics.0.MetricName", "Errors")),
			fails("ValidationError", &cloudwatch.ListMetricsInput{Namespace: new(":")},
				moto("moto_server does not check; AWS: model, Namespace has the pattern [^:].*")),
			ok(&cloudwatch.GetMetricStatisticsInput{
				Namespace: new("Shop"), MetricName: new("Errors"), StartTime: at(-5), EndTime: at(-4), Period: new(int32(60)), Statistics: []types.Statistic{types.StatisticSum, types.StatisticMaximum},
			}, want("Datapoints.#", 1), want("Datapoints.0.Sum", 4.0), want("Datapoints.0.Maximum", 3.0), want("Datapoints.0.Unit", "Count")),
			fails("InvalidParameterCombination", &cloudwatch.GetMetricStatisticsInput{
				Namespace: new("Shop"), MetricName: new("Errors"), StartTime: at(-1000), EndTime: at(5000), Period: new(int32(60)), Statistics: []types.Statistic{types.StatisticSum},
			}, moto("moto_server does not count; AWS: CloudWatch API Reference, GetMetricStatistics: at most 1,440 data points")),
			ok(&cloudwatch.GetMetricDataInput{StartTime: at(-10), EndTime: at(0), ScanBy: types.ScanByTimestampAscending, MetricDataQueries: []types.MetricDataQuery{
				{Id: new("m"), MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: new("Shop"), MetricName: new("Errors")}, Period: new(int32(60)), Stat: new("Sum")}},
			}}, want("MetricDataResults.0.Id", "m"), want("MetricDataResults.0.Values.#", 2), want("MetricDataResults.0.Values.0", 4.0), want("MetricDataResults.0.Values.1", 5.0)),
			fails("ValidationError", &cloudwatch.GetMetricDataInput{StartTime: at(-10), EndTime: at(0), MetricDataQueries: []types.MetricDataQuery{{Id: new("m"), Expression: new("1 +")}}},
				moto("moto_server does not read the expression; AWS: CloudWatch API Reference, GetMetricData, Common Errors: ValidationError")),
		}},
	}
}
