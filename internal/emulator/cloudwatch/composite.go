package cloudwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of composite alarms (AWS: API reference, PutCompositeAlarm).
const (
	maxChildren = 100
	maxParents  = 150
)

// putCompositeAlarm allows cycles, as AWS does: evaluation stops at them, and no
// alarm of a cycle can be deleted (AWS: API reference, PutCompositeAlarm).
func (s *Service) putCompositeAlarm(_ *wire.Call, in *cloudwatch.PutCompositeAlarmInput) (*cloudwatch.PutCompositeAlarmOutput, error) {
	if old := s.alarms[*in.AlarmName]; old != nil && old.watch != nil {
		return nil, invalid("The alarm name %s is used by a metric alarm.", *in.AlarmName)
	}
	if err := checkActions(in.OKActions, in.AlarmActions, in.InsufficientDataActions); err != nil {
		return nil, err
	}
	if in.ActionsSuppressor != nil || in.ActionConfiguration != nil {
		return nil, notEmulated("Suppressing alarm actions")
	}
	r, err := parseRule(*in.AlarmRule, s.alarmName)
	if err != nil {
		return nil, invalid("AlarmRule is invalid: %v", err)
	}
	if err := s.checkChildren(*in.AlarmName, referredTo(r)); err != nil {
		return nil, err
	}
	a, created := s.configure(*in.AlarmName, in.AlarmDescription, in.ActionsEnabled)
	a.rule, a.ruleText = r, *in.AlarmRule
	s.recordConfiguration(a, createdOrUpdated(created))
	s.loop.Post(func() {
		if s.alarms[a.name] == a {
			s.settle(a, createdOrUpdated(created))
		}
	})
	return &cloudwatch.PutCompositeAlarmOutput{}, nil
}

// alarmName is the name of an alarm of this account, from its name or ARN.
func (s *Service) alarmName(reference string) (string, error) {
	if !strings.HasPrefix(reference, "arn:") {
		return reference, nil
	}
	name, ours := strings.CutPrefix(reference, s.arn(""))
	if !ours {
		return "", fmt.Errorf("the alarm %s is not in this account and Region", reference)
	}
	return name, nil
}

func (s *Service) checkChildren(parent string, children []string) error {
	if len(children) > maxChildren {
		return invalid("AlarmRule refers to %d alarms, which exceeds the limit of %d.", len(children), maxChildren)
	}
	var unknown []string
	for _, child := range children {
		if s.alarms[child] == nil {
			unknown = append(unknown, child)
		}
		parents := 0
		for name, other := range s.alarms {
			if name != parent && other.rule != nil && other.dependsOn(child) {
				parents++
			}
		}
		if parents >= maxParents {
			return &types.LimitExceededFault{Message: aws.String(fmt.Sprintf("The alarm %s is in the rules of %d composite alarms already.", child, parents))}
		}
	}
	if len(unknown) > 0 {
		return invalid("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(unknown, ", "))
	}
	return nil
}

func (a *alarm) dependsOn(name string) bool { return slices.Contains(a.rule.alarms(nil), name) }

// outcome is the state that a composite alarm's rule gives: never
// INSUFFICIENT_DATA (AWS: API reference, PutCompositeAlarm).
func (s *Service) outcome(a *alarm) types.StateValue {
	if a.rule.holds(func(name string) types.StateValue {
		if child := s.alarms[name]; child != nil {
			return child.state.value
		}
		return ""
	}) {
		return types.StateValueAlarm
	}
	return types.StateValueOk
}

// settle evaluates a composite alarm that was put.
func (s *Service) settle(a *alarm, how string) {
	next := s.outcome(a)
	if next == a.state.value {
		return
	}
	var children []*alarm
	for _, name := range referredTo(a.rule) {
		children = append(children, s.alarms[name])
	}
	reason := fmt.Sprintf("%s was %s and its alarm rule evaluates to %s", a.arn, how, next)
	s.changeState(a, next, reason, triggering(children...), []string{a.name})
}

// reconsider evaluates a composite alarm after a child changed.
func (s *Service) reconsider(a, child *alarm, via []string) {
	reason := fmt.Sprintf("%s transitioned to %s at %s", child.arn, child.state.value, longDate(child.state.updated))
	if next := s.outcome(a); next != a.state.value {
		s.changeState(a, next, reason, triggering(child), via)
	}
}

func longDate(t time.Time) string { return t.UTC().Format("Monday 02 January, 2006 15:04:05 MST") }

type triggeringAlarms struct {
	Alarms []triggeringAlarm `json:"triggeringAlarms"`
}

type triggeringAlarm struct {
	ARN   string       `json:"arn"`
	State triggerState `json:"state"`
}

type triggerState struct {
	Value     types.StateValue `json:"value"`
	Timestamp string           `json:"timestamp"`
}

// triggering is the StateReasonData of a composite alarm.
func triggering(children ...*alarm) string {
	data := triggeringAlarms{Alarms: []triggeringAlarm{}}
	for _, c := range children {
		data.Alarms = append(data.Alarms, triggeringAlarm{c.arn, triggerState{c.state.value, stamp(c.state.updated)}})
	}
	return encode(data)
}
