package adopt

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarms are one for the second slot like each that the first has; where it has none, two
// for each slot, as infra/service.yaml has them.
func (r *Running) alarms(app string) block {
	var resources block
	for i, a := range r.Alarms {
		resources = append(resources, of(fmt.Sprintf("GreenAlarm%d", i+1), resource("AWS::CloudWatch::Alarm", r.alike(a)))...)
	}
	if len(r.Alarms) > 0 {
		return resources
	}
	balancer := fullName(r.Group.LoadBalancerArns[0])[len("loadbalancer/"):]
	for _, slot := range []struct {
		id, name string
		group    any
	}{{"Blue", "blue", fullName(aws.ToString(r.Group.TargetGroupArn))}, {"Green", "green", attr("GreenGroup", "TargetGroupFullName")}} {
		dimensions := []block{of("Name", "LoadBalancer", "Value", balancer), of("Name", groupDimension, "Value", slot.group)}
		resources = append(resources, of(
			slot.id+"Errors", resource("AWS::CloudWatch::Alarm", errorShare(app+"-"+slot.name+"-5xx", dimensions)),
			slot.id+"Latency", resource("AWS::CloudWatch::Alarm", latency(app+"-"+slot.name+"-latency", dimensions)),
		)...)
	}
	return resources
}

// errorShare is red when more than 1 percent of a minute's answers are 5xx.
func errorShare(name string, dimensions []block) block {
	metric := func(id, metric string) block {
		return of("Id", id, "ReturnData", false, "MetricStat", of("Period", 60, "Stat", "Sum", "Metric", of(
			"Namespace", "AWS/ApplicationELB", "MetricName", metric, "Dimensions", dimensions,
		)))
	}
	return of(
		"AlarmName", name, "ComparisonOperator", "GreaterThanThreshold", "Threshold", 1, "EvaluationPeriods", 1, "TreatMissingData", "notBreaching",
		"Metrics", []block{
			of("Id", "share", "Expression", "FILL(errors,0)/requests*100"),
			metric("errors", "HTTPCode_Target_5XX_Count"), metric("requests", "RequestCount"),
		},
	)
}

// latency is red when the mean response time of a minute is above half a second.
func latency(name string, dimensions []block) block {
	return of(
		"AlarmName", name, "Namespace", "AWS/ApplicationELB", "MetricName", "TargetResponseTime", "Statistic", "Average", "Period", 60,
		"EvaluationPeriods", 1, "Threshold", 0.5, "ComparisonOperator", "GreaterThanThreshold", "TreatMissingData", "notBreaching", "Dimensions", dimensions,
	)
}

// alike is an alarm for the second slot like one for the first.
func (r *Running) alike(a cwtypes.MetricAlarm) block {
	p := of(
		"AlarmName", twin(aws.ToString(a.AlarmName)), "AlarmDescription", text(a.AlarmDescription), "Namespace", text(a.Namespace), "MetricName", text(a.MetricName),
	)
	if a.Statistic != "" {
		p = append(p, of("Statistic", string(a.Statistic))...)
	}
	p = append(p, of(
		"ExtendedStatistic", text(a.ExtendedStatistic), "Period", number(a.Period), "EvaluationPeriods", number(a.EvaluationPeriods),
		"DatapointsToAlarm", number(a.DatapointsToAlarm), "Threshold", aws.ToFloat64(a.Threshold), "ComparisonOperator", string(a.ComparisonOperator),
		"TreatMissingData", text(a.TreatMissingData),
	)...)
	if len(a.Dimensions) > 0 {
		p = append(p, of("Dimensions", r.dimensions(a.Dimensions))...)
	}
	var metrics []block
	for _, m := range a.Metrics {
		metrics = append(metrics, r.metric(m))
	}
	if metrics != nil {
		p = append(p, of("Metrics", metrics)...)
	}
	if len(a.AlarmActions) > 0 {
		p = append(p, of("AlarmActions", a.AlarmActions)...)
	}
	return p
}

func (r *Running) metric(m cwtypes.MetricDataQuery) block {
	p := of("Id", text(m.Id), "Label", text(m.Label), "Expression", text(m.Expression))
	if m.ReturnData != nil {
		p = append(p, of("ReturnData", *m.ReturnData)...)
	}
	if s := m.MetricStat; s != nil {
		p = append(p, of("MetricStat", of("Period", number(s.Period), "Stat", text(s.Stat), "Metric", of(
			"Namespace", text(s.Metric.Namespace), "MetricName", text(s.Metric.MetricName), "Dimensions", r.dimensions(s.Metric.Dimensions),
		)))...)
	}
	return p
}

// dimensions are those of the second slot: its group in place of the first's.
func (r *Running) dimensions(in []cwtypes.Dimension) []block {
	var all []block
	for _, d := range in {
		if aws.ToString(d.Name) == groupDimension && aws.ToString(d.Value) == fullName(aws.ToString(r.Group.TargetGroupArn)) {
			all = append(all, of("Name", groupDimension, "Value", attr("GreenGroup", "TargetGroupFullName")))
			continue
		}
		all = append(all, of("Name", text(d.Name), "Value", text(d.Value)))
	}
	return all
}
