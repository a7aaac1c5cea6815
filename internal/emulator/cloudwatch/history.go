package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// History is kept for 30 days (AWS: CloudWatch User Guide, Common features of
// alarms), and at most so many items in all, which bounds the emulator's memory.
const (
	keepHistory = 30 * 24 * time.Hour
	maxHistory  = 10000
)

// historyItem is kept after its alarm is deleted (AWS: API reference,
// DescribeAlarmHistory).
type historyItem struct {
	alarm   string
	kind    types.AlarmType
	at      time.Time
	what    types.HistoryItemType
	summary string
	data    string
}

type stateUpdate struct {
	Version  string       `json:"version"`
	OldState historyState `json:"oldState"`
	NewState historyState `json:"newState"`
}

type historyState struct {
	StateValue      types.StateValue `json:"stateValue"`
	StateReason     string           `json:"stateReason"`
	StateReasonData json.RawMessage  `json:"stateReasonData,omitempty"`
}

type configurationUpdate struct {
	Version string        `json:"version"`
	Type    string        `json:"type"`
	Alarm   configuration `json:"alarm"`
}

func (st alarmState) history() historyState {
	return historyState{st.value, st.reason, json.RawMessage(st.reasonData)}
}

func (s *Service) recordStateUpdate(a *alarm, previous alarmState) {
	s.record(a, types.HistoryItemTypeStateUpdate,
		fmt.Sprintf("Alarm updated from %s to %s", previous.value, a.state.value),
		encode(stateUpdate{"1.0", previous.history(), a.state.history()}))
}

// recordConfiguration records that an alarm was created, updated or deleted.
func (s *Service) recordConfiguration(a *alarm, how string) {
	what := "Update"
	switch how {
	case "created":
		what = "Create"
	case "deleted":
		what = "Delete"
	}
	s.record(a, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q %s", a.name, how),
		encode(configurationUpdate{"1.0", what, a.configuration()}))
}

func (s *Service) record(a *alarm, what types.HistoryItemType, summary, data string) {
	now := s.loop.Now()
	s.history = append(s.history, historyItem{a.name, a.kind(), now, what, summary, data})
	first := max(len(s.history)-maxHistory, 0)
	for now.Sub(s.history[first].at) > keepHistory {
		first++
	}
	s.history = s.history[first:]
}

func (s *Service) describeAlarmHistory(_ *wire.Call, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	if in.AlarmContributorId != nil {
		return nil, notEmulated("AlarmContributorId")
	}
	found := []types.AlarmHistoryItem{}
	for _, item := range s.history {
		if item.wanted(in) {
			found = append(found, types.AlarmHistoryItem{
				AlarmName: aws.String(item.alarm), AlarmType: item.kind, Timestamp: aws.Time(item.at),
				HistoryItemType: item.what, HistorySummary: aws.String(item.summary), HistoryData: aws.String(item.data),
			})
		}
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(found)
	}
	size := 100
	if in.MaxRecords != nil {
		size = int(*in.MaxRecords)
	}
	items, next, err := page(found, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	return &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: items, NextToken: next}, nil
}

func (h historyItem) wanted(in *cloudwatch.DescribeAlarmHistoryInput) bool {
	return hasType(in.AlarmTypes, h.kind) &&
		(in.AlarmName == nil || *in.AlarmName == h.alarm) &&
		(in.HistoryItemType == "" || in.HistoryItemType == h.what) &&
		(in.StartDate == nil || !h.at.Before(*in.StartDate)) &&
		(in.EndDate == nil || !h.at.After(*in.EndDate))
}
