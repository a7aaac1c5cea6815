// Package cloudwatch emulates Amazon CloudWatch: metrics with their statistics
// and metric math, and metric and composite alarms that are evaluated on them.
//
// What differs from AWS, on purpose: datapoints are kept at one-minute resolution
// for 15 days and then dropped (AWS goes on at 5 minutes and at an hour), and the
// values behind percentiles for 12 hours. Alarm actions, anomaly detection,
// Metrics Insights, PromQL, extended statistics other than percentiles and wall
// clock windows are refused by name.
package cloudwatch

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps is what CloudWatch needs from the rest of the cloud.
type Deps struct {
	// Emit puts an event of an AWS service on the default event bus.
	Emit func(source, detailType string, resources []string, detail any)
}

// Service is CloudWatch in one account and Region. All its state belongs to the
// event loop.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	deps    Deps `keep:"-"`

	metrics map[string]*metric // by metricKey
	alarms  map[string]*alarm  // by name; metric and composite alarms share their names
	history []historyItem
}

// New gives a CloudWatch without metrics or alarms.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		metrics: map[string]*metric{}, alarms: map[string]*alarm{},
	}
}

// Resume reads again what alarms look at. It must be called on the loop.
func (s *Service) Resume() error {
	for _, name := range sortedKeys(s.alarms) {
		a := s.alarms[name]
		if a.watch == nil {
			r, err := parseRule(a.ruleText, s.alarmName)
			if err != nil {
				return fmt.Errorf("alarm %s: %w", name, err)
			}
			a.rule = r
			continue
		}
		w, err := s.newWatch(a.watch.in)
		if err != nil {
			return fmt.Errorf("alarm %s: %w", name, err)
		}
		w.eventID = a.watch.eventID
		a.watch = w
	}
	return nil
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("cloudwatch",
		wire.Op("PutMetricData", s.putMetricData),
		wire.Op("GetMetricData", s.getMetricData),
		wire.Op("GetMetricStatistics", s.getMetricStatistics),
		wire.Op("ListMetrics", s.listMetrics),
		wire.Op("PutMetricAlarm", s.putMetricAlarm),
		wire.Op("PutCompositeAlarm", s.putCompositeAlarm),
		wire.Op("DescribeAlarms", s.describeAlarms),
		wire.Op("DeleteAlarms", s.deleteAlarms),
		wire.Op("SetAlarmState", s.setAlarmState),
		wire.Op("DescribeAlarmHistory", s.describeAlarmHistory),
	)
}

// invalid is CloudWatch's answer to a parameter that its model allows and it
// does not.
func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

// notEmulated refuses what AWS has and this cloud has not.
func notEmulated(what string) error {
	return invalid("%s is not emulated by this cloud", what)
}

func invalidValue(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func invalidCombination(format string, args ...any) error {
	return &types.InvalidParameterCombinationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// pageToken says where the next page of a list begins.
func pageToken(offset int) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte("offset:" + strconv.Itoa(offset))))
}

// pageStart is where the page of a token begins: 0 without a token. It is an
// InvalidNextToken if the token is not one of ours, or lies beyond the list.
func pageStart(token *string, length int) (int, error) {
	if token == nil {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	number, ours := strings.CutPrefix(string(raw), "offset:")
	offset, parseErr := strconv.Atoi(number)
	if err != nil || parseErr != nil || !ours || offset < 0 || offset > length {
		return 0, &types.InvalidNextToken{Message: aws.String("The NextToken is not valid")}
	}
	return offset, nil
}

// page cuts the page of the token out of the list, and gives the token of the
// page after it, nil when there is none.
func page[T any](list []T, token *string, size int) ([]T, *string, error) {
	from, err := pageStart(token, len(list))
	if err != nil {
		return nil, nil, err
	}
	to := min(from+size, len(list))
	if to < len(list) {
		return list[from:to], pageToken(to), nil
	}
	return list[from:to], nil, nil
}

// sortedKeys is the only way maps are walked here, so that a run can be repeated.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
