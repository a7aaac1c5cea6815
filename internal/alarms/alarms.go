// Package alarms reads CloudWatch alarms.
package alarms

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Reader reads alarms.
type Reader struct{ CloudWatch *cloudwatch.Client }

// perCall is how many names DescribeAlarms takes (AWS: API_DescribeAlarms).
const perCall = 100

// Read gives every named alarm, metric or composite, with its state, in the order
// of the names. One that does not exist is MISSING.
func (r Reader) Read(ctx context.Context, names []string) ([]rollout.Alarm, error) {
	states := map[string]rollout.AlarmState{}
	for batch := range slices.Chunk(names, perCall) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(r.CloudWatch, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: batch,
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, awsclient.Wrap(err, "read alarms %q", batch)
			}
			for _, a := range page.MetricAlarms {
				states[aws.ToString(a.AlarmName)] = rollout.AlarmState(a.StateValue)
			}
			for _, a := range page.CompositeAlarms {
				states[aws.ToString(a.AlarmName)] = rollout.AlarmState(a.StateValue)
			}
		}
	}
	alarms := make([]rollout.Alarm, 0, len(names))
	for _, name := range names {
		state, ok := states[name]
		if !ok {
			state = rollout.AlarmMissing
		}
		alarms = append(alarms, rollout.Alarm{Name: name, State: state})
	}
	return alarms, nil
}

// Red is an alarm that went red, and when.
type Red struct {
	Name string
	At   time.Time
}

// Reddened gives each time that one of the named alarms went red since then, the newest
// first, also where it is green again by now.
func (r Reader) Reddened(ctx context.Context, names []string, since time.Time) ([]Red, error) {
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(r.CloudWatch, &cloudwatch.DescribeAlarmHistoryInput{
		AlarmTypes:      []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &since,
	})
	var all []Red
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "read the history of alarms %q", names)
		}
		for _, item := range page.AlarmHistoryItems {
			name := aws.ToString(item.AlarmName)
			if slices.Contains(names, name) && wentRed(aws.ToString(item.HistoryData)) {
				all = append(all, Red{name, aws.ToTime(item.Timestamp)})
			}
		}
	}
	return all, nil
}

// wentRed reports whether a change of an alarm's state was to red (AWS: CloudWatch API
// Reference, AlarmHistoryItem: HistoryData is JSON; its form as the console shows it).
func wentRed(data string) bool {
	var change struct {
		New struct {
			Value types.StateValue `json:"stateValue"`
		} `json:"newState"`
	}
	return json.Unmarshal([]byte(data), &change) == nil && change.New.Value == types.StateValueAlarm
}

// ARN is the ARN of the alarm of that name in the account and region of another
// resource.
func ARN(near arn.ARN, name string) string {
	near.Service, near.Resource = "cloudwatch", "alarm:"+name
	return near.String()
}
