package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Service hears of ECS deployments.
type Service struct {
	Steps   *steps.Steps
	Log     *slog.Logger
	Letters Letters
}

// Handler listens to ECS deployments.
func (s Service) Handler() Func {
	return Events(s.Log, s.Letters, map[kind]listener{
		{"aws.ecs", "ECS Deployment State Change"}: s.changed,
	})
}

func (s Service) changed(ctx context.Context, e Event) error {
	if len(e.Resources) == 0 {
		return missing(e, "resources")
	}
	return s.Steps.ServiceChanged(ctx, e.Resources[0])
}

// Alarm hears of alarms.
type Alarm struct {
	Steps   *steps.Steps
	Log     *slog.Logger
	Letters Letters
}

// Handler listens to metric and composite alarms.
func (a Alarm) Handler() Func {
	return Events(a.Log, a.Letters, map[kind]listener{
		{"aws.cloudwatch", "CloudWatch Alarm State Change"}: a.changed,
	})
}

// alarmTime is how CloudWatch writes times (AWS: CloudWatch User Guide, alarm
// events and EventBridge).
const alarmTime = "2006-01-02T15:04:05.000-0700"

func (a Alarm) changed(ctx context.Context, e Event) error {
	d, err := detail[struct {
		Name  string `json:"alarmName"`
		State struct {
			Value     rollout.AlarmState `json:"value"`
			Reason    string             `json:"reason"`
			Timestamp string             `json:"timestamp"`
		} `json:"state"`
	}](e)
	switch {
	case err != nil:
		return err
	case d.Name == "":
		return missing(e, "alarmName")
	case d.State.Value == "":
		return missing(e, "state.value")
	case d.State.Value != rollout.AlarmRed:
		return nil
	case len(e.Resources) == 0:
		return missing(e, "resources")
	}
	at, err := time.Parse(alarmTime, d.State.Timestamp)
	if err != nil {
		at = e.Time // when it was red matters less than that it is
	}
	return a.Steps.AlarmRed(ctx, steps.Alarm{ARN: e.Resources[0], Name: d.Name, At: at, Why: d.State.Reason})
}

// Recover hears of executions that ended badly, and of deadmen.
type Recover struct {
	Steps   *steps.Steps
	Log     *slog.Logger
	Letters Letters
}

// Handler listens to Step Functions and to the deadman's call.
func (r Recover) Handler() Func {
	events := Events(r.Log, r.Letters, map[kind]listener{
		{"aws.states", "Step Functions Execution Status Change"}: r.ended,
	})
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var call waits.Call
		if json.Unmarshal(payload, &call) == nil && call.Deadman != "" {
			return []byte("null"), r.Steps.Recover(ctx, call.Deadman)
		}
		return events(ctx, payload)
	}
}

func (r Recover) ended(ctx context.Context, e Event) error {
	d, err := detail[struct {
		Execution string `json:"executionArn"`
		Machine   string `json:"stateMachineArn"`
		Status    string `json:"status"`
	}](e)
	switch {
	case err != nil:
		return err
	case d.Execution == "":
		return missing(e, "executionArn")
	case d.Status == "":
		return missing(e, "status")
	case d.Machine != r.Steps.Machine || !slices.Contains([]string{"FAILED", "TIMED_OUT", "ABORTED"}, d.Status):
		return nil
	}
	err = r.Steps.Recover(ctx, steps.RolloutOf(d.Execution))
	if rollout.KindOf(err) == rollout.KindNotFound {
		r.Log.LogAttrs(ctx, slog.LevelInfo, "event ignored: not an execution of a rollout", slog.String("execution", d.Execution))
		return nil
	}
	return err
}
