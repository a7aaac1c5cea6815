package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Return is how fast the traffic came back.
type Return struct {
	Alarm string
	Red   time.Time     // when the alarm's state changed, on the cloud's clock
	Back  time.Time     // when the rule was back, on the cloud's clock
	Wall  time.Duration // between the two, on the wall clock
}

// alarmChange is what is read of a CloudWatch Alarm State Change.
type alarmChange struct {
	Name     string     `json:"alarmName"`
	State    alarmState `json:"state"`
	Previous alarmState `json:"previousState"`
}

type alarmState struct {
	Value     string `json:"value"`
	Reason    string `json:"reason"`
	Timestamp string `json:"timestamp"`
}

const (
	alarmSource     = "aws.cloudwatch"
	alarmDetailType = "CloudWatch Alarm State Change"
	alarmRed        = "ALARM"
	// stampLayout is how CloudWatch writes times in its events.
	stampLayout = "2006-01-02T15:04:05.000-0700"
)

// measureReturn finds the first alarm that went red after since, and the change of
// the rule that brought the weights back to what they should be. Speed turns the
// cloud's time, which both are measured in, into wall time.
func measureReturn(events []eventbridge.Event, writes []ruleWrite, since time.Time, to rollout.Weights, speed float64) (Return, error) {
	var r Return
	for _, e := range events {
		if e.Source != alarmSource || e.DetailType != alarmDetailType {
			continue
		}
		var change alarmChange
		if err := json.Unmarshal(e.Detail, &change); err != nil {
			return r, fmt.Errorf("read an alarm's event: %w", err)
		}
		at, err := time.Parse(stampLayout, change.State.Timestamp)
		if err != nil {
			return r, fmt.Errorf("read the event of alarm %s: %w", change.Name, err)
		}
		if change.State.Value == alarmRed && !at.Before(since) {
			r.Alarm, r.Red = change.Name, at
			break
		}
	}
	if r.Alarm == "" {
		return r, fmt.Errorf("no alarm went red")
	}
	for _, w := range writes {
		if !w.at.Before(r.Red) && w.weights == to {
			r.Back = w.at
			r.Wall = time.Duration(float64(r.Back.Sub(r.Red)) / speed)
			return r, nil
		}
	}
	return r, fmt.Errorf("the rule was not put back to %s after alarm %s went red", to, r.Alarm)
}

// measureReturn measures what happened in production since a moment of the cloud's
// time.
func (w *world) measureReturn(since time.Time, to rollout.Weights) (Return, error) {
	var happened []eventbridge.Event
	var writes []ruleWrite
	w.Do(func() {
		happened = w.EventBridge.Recent()
		for _, write := range w.observed.writes {
			if write.environment == productionName {
				writes = append(writes, write)
			}
		}
	})
	return measureReturn(happened, writes, since, to, w.Speed())
}
