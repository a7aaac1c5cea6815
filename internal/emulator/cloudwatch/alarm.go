package cloudwatch

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// alarm is a metric alarm (watch is set) or a composite alarm (rule is set).
type alarm struct {
	name, arn      string
	description    *string
	actionsEnabled bool
	configured     time.Time
	state          alarmState

	watch *watch
	timer *loop.Timer // the next evaluation of a metric alarm

	rule     rule `keep:"-"` // ruleText
	ruleText string
}

// alarmState is a state, and why and since when the alarm is in it.
type alarmState struct {
	value        types.StateValue
	reason       string
	reasonData   string // JSON; may be empty
	updated      time.Time
	transitioned time.Time
}

func (a *alarm) kind() types.AlarmType {
	if a.watch != nil {
		return types.AlarmTypeMetricAlarm
	}
	return types.AlarmTypeCompositeAlarm
}

func (s *Service) arn(name string) string {
	return partition.ARN("cloudwatch", s.region, s.account, "alarm:"+name)
}

// configure finds the alarm to be put, or makes it. An alarm that is there keeps
// its state (AWS: API reference, PutMetricAlarm).
func (s *Service) configure(name string, description *string, enabled *bool) (a *alarm, created bool) {
	now := s.loop.Now()
	a = s.alarms[name]
	if a == nil {
		a = &alarm{name: name, arn: s.arn(name), state: alarmState{
			value: types.StateValueInsufficientData, reason: "Unchecked: Initial alarm creation",
			updated: now, transitioned: now,
		}}
		s.alarms[name] = a
		created = true
	}
	a.description, a.actionsEnabled, a.configured = description, enabled == nil || *enabled, now
	return a, created
}

// checkActions refuses actions: nothing in this cloud would carry them out.
func checkActions(lists ...[]string) error {
	for _, actions := range lists {
		if len(actions) > 0 {
			return notEmulated("The alarm action " + actions[0])
		}
	}
	return nil
}

// changeState puts an alarm into a state. If the value is another, it is recorded
// and told on the event bus, and the composite alarms above look again. via are
// the composite alarms on the way here: evaluation stops at a cycle (AWS: API
// reference, PutCompositeAlarm).
func (s *Service) changeState(a *alarm, value types.StateValue, reason, reasonData string, via []string) {
	now := s.loop.Now()
	previous := a.state
	a.state.value, a.state.reason, a.state.reasonData, a.state.updated = value, reason, reasonData, now
	if previous.value == value {
		return
	}
	a.state.transitioned = now
	s.recordStateUpdate(a, previous)
	s.emitStateChange(a, previous)
	for _, name := range sortedKeys(s.alarms) {
		parent := s.alarms[name]
		if parent.rule != nil && parent.dependsOn(a.name) && !slices.Contains(via, name) {
			s.reconsider(parent, a, append(via, name))
		}
	}
}

func (s *Service) setAlarmState(_ *wire.Call, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	a := s.alarms[*in.AlarmName]
	if a == nil {
		return nil, &types.ResourceNotFound{Message: aws.String("The alarm " + *in.AlarmName + " does not exist.")}
	}
	data, err := compactJSON(aws.ToString(in.StateReasonData))
	if err != nil {
		return nil, &types.InvalidFormatFault{Message: aws.String("Reason data was not valid JSON: " + err.Error())}
	}
	s.changeState(a, in.StateValue, *in.StateReason, data, []string{a.name})
	return &cloudwatch.SetAlarmStateOutput{}, nil
}

func (s *Service) deleteAlarms(_ *wire.Call, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	composites := 0
	for _, name := range in.AlarmNames {
		a := s.alarms[name]
		if a == nil {
			continue
		}
		if a.rule != nil {
			composites++
		}
		for _, other := range sortedKeys(s.alarms) {
			if s.alarms[other].rule != nil && s.alarms[other].dependsOn(name) {
				return nil, invalid("Cannot delete %s as there are composite alarm(s) depending on it.", name)
			}
		}
	}
	if composites > 1 {
		return nil, invalid("Only one composite alarm can be deleted in one request.")
	}
	for _, name := range in.AlarmNames {
		a := s.alarms[name]
		if a == nil {
			continue
		}
		a.timer.Stop()
		delete(s.alarms, name)
		s.recordConfiguration(a, "deleted")
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

// describeAlarms gives only metric alarms unless composite alarms are asked for
// (AWS: API reference, DescribeAlarms, AlarmTypes).
func (s *Service) describeAlarms(_ *wire.Call, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	switch {
	case in.ChildrenOfAlarmName != nil:
		return nil, notEmulated("ChildrenOfAlarmName")
	case in.ParentsOfAlarmName != nil:
		return nil, notEmulated("ParentsOfAlarmName")
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return nil, invalid("The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.")
	}
	found := []*alarm{}
	for _, name := range sortedKeys(s.alarms) {
		if s.alarms[name].wanted(in) {
			found = append(found, s.alarms[name])
		}
	}
	size := 100
	if in.MaxRecords != nil {
		size = int(*in.MaxRecords)
	}
	list, next, err := page(found, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.DescribeAlarmsOutput{
		MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next,
	}
	for _, a := range list {
		if a.watch != nil {
			out.MetricAlarms = append(out.MetricAlarms, a.describeMetric())
		} else {
			out.CompositeAlarms = append(out.CompositeAlarms, a.describeComposite())
		}
	}
	return out, nil
}

// wanted says whether the alarm passes all filters of the request. No alarm has
// actions here, so none passes a filter on them.
func (a *alarm) wanted(in *cloudwatch.DescribeAlarmsInput) bool {
	return hasType(in.AlarmTypes, a.kind()) &&
		(len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, a.name)) &&
		strings.HasPrefix(a.name, aws.ToString(in.AlarmNamePrefix)) &&
		(in.StateValue == "" || in.StateValue == a.state.value) &&
		in.ActionPrefix == nil
}

// hasType says whether alarms of the type are asked for; metric alarms are when
// nothing is said.
func hasType(asked []types.AlarmType, kind types.AlarmType) bool {
	if len(asked) == 0 {
		return kind == types.AlarmTypeMetricAlarm
	}
	return slices.Contains(asked, kind)
}

func (st alarmState) data() *string {
	if st.reasonData == "" {
		return nil
	}
	return aws.String(st.reasonData)
}

func (a *alarm) describeComposite() types.CompositeAlarm {
	return types.CompositeAlarm{
		AlarmName: aws.String(a.name), AlarmArn: aws.String(a.arn), AlarmDescription: a.description,
		AlarmRule: aws.String(a.ruleText), AlarmConfigurationUpdatedTimestamp: aws.Time(a.configured),
		ActionsEnabled: aws.Bool(a.actionsEnabled),
		OKActions:      []string{}, AlarmActions: []string{}, InsufficientDataActions: []string{},
		StateValue: a.state.value, StateReason: aws.String(a.state.reason), StateReasonData: a.state.data(),
		StateUpdatedTimestamp: aws.Time(a.state.updated), StateTransitionedTimestamp: aws.Time(a.state.transitioned),
	}
}

func (a *alarm) describeMetric() types.MetricAlarm {
	in := a.watch.in
	return types.MetricAlarm{
		AlarmName: aws.String(a.name), AlarmArn: aws.String(a.arn), AlarmDescription: a.description,
		AlarmConfigurationUpdatedTimestamp: aws.Time(a.configured), ActionsEnabled: aws.Bool(a.actionsEnabled),
		OKActions: []string{}, AlarmActions: []string{}, InsufficientDataActions: []string{},
		Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: slices.Concat([]types.Dimension{}, in.Dimensions),
		Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic, Unit: in.Unit, Period: in.Period,
		Metrics: in.Metrics, EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm,
		Threshold: in.Threshold, ComparisonOperator: in.ComparisonOperator, TreatMissingData: in.TreatMissingData,
		EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
		StateValue:                       a.state.value, StateReason: aws.String(a.state.reason), StateReasonData: a.state.data(),
		StateUpdatedTimestamp: aws.Time(a.state.updated), StateTransitionedTimestamp: aws.Time(a.state.transitioned),
	}
}
