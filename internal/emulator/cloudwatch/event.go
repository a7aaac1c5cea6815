package cloudwatch

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// stateChange is the detail of a CloudWatch Alarm State Change event (AWS:
// CloudWatch User Guide, Alarm events and EventBridge).
type stateChange struct {
	AlarmName     string        `json:"alarmName"`
	Configuration configuration `json:"configuration"`
	PreviousState eventState    `json:"previousState"`
	State         eventState    `json:"state"`
}

type configuration struct {
	AlarmRule   string        `json:"alarmRule,omitempty"`
	Description string        `json:"description,omitempty"`
	Metrics     []eventMetric `json:"metrics,omitempty"`
}

type eventState struct {
	Reason     string           `json:"reason"`
	ReasonData string           `json:"reasonData,omitempty"`
	Timestamp  string           `json:"timestamp"`
	Value      types.StateValue `json:"value"`
}

type eventMetric struct {
	ID         string           `json:"id"`
	Expression string           `json:"expression,omitempty"`
	Label      string           `json:"label,omitempty"`
	MetricStat *eventMetricStat `json:"metricStat,omitempty"`
	ReturnData bool             `json:"returnData"`
}

type eventMetricStat struct {
	Metric metricName `json:"metric"`
	Period int32      `json:"period"`
	Stat   string     `json:"stat"`
	Unit   string     `json:"unit,omitempty"`
}

type metricName struct {
	Dimensions map[string]string `json:"dimensions"`
	Name       string            `json:"name"`
	Namespace  string            `json:"namespace"`
}

func (s *Service) emitStateChange(a *alarm, previous alarmState) {
	s.deps.Emit("aws.cloudwatch", "CloudWatch Alarm State Change", []string{a.arn}, stateChange{
		AlarmName: a.name, Configuration: a.configuration(),
		PreviousState: previous.event(), State: a.state.event(),
	})
}

func (st alarmState) event() eventState {
	return eventState{Reason: st.reason, ReasonData: st.reasonData, Timestamp: stamp(st.updated), Value: st.value}
}

func (a *alarm) configuration() configuration {
	c := configuration{AlarmRule: a.ruleText, Description: aws.ToString(a.description)}
	if a.watch == nil {
		return c
	}
	in := a.watch.in
	if len(in.Metrics) == 0 {
		stat := eventMetricStat{
			Metric: nameOf(in.Namespace, in.MetricName, in.Dimensions),
			Period: *in.Period, Stat: a.watch.watched.statistic.name, Unit: string(in.Unit),
		}
		c.Metrics = []eventMetric{{ID: a.watch.eventID, MetricStat: &stat, ReturnData: true}}
		return c
	}
	for _, q := range in.Metrics {
		m := eventMetric{
			ID: *q.Id, Expression: aws.ToString(q.Expression), Label: aws.ToString(q.Label),
			ReturnData: q.ReturnData == nil || *q.ReturnData,
		}
		if st := q.MetricStat; st != nil {
			m.MetricStat = &eventMetricStat{
				Metric: nameOf(st.Metric.Namespace, st.Metric.MetricName, st.Metric.Dimensions),
				Period: *st.Period, Stat: *st.Stat, Unit: string(st.Unit),
			}
		}
		c.Metrics = append(c.Metrics, m)
	}
	return c
}

func nameOf(namespace, name *string, dimensions []types.Dimension) metricName {
	m := metricName{Dimensions: map[string]string{}, Name: *name, Namespace: *namespace}
	for _, d := range dimensions {
		m.Dimensions[*d.Name] = *d.Value
	}
	return m
}
