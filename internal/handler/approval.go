package handler

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Approval hears of what people decided, and of pipelines that wait for approval.
type Approval struct {
	Steps   *steps.Steps
	Log     *slog.Logger
	Letters Letters
}

// Handler listens to decisions, to CodePipeline's approval actions, and to the
// schedule that has something tried again.
func (a Approval) Handler() Func {
	return again(a.again, Events(a.Log, a.Letters, map[kind]listener{
		{approvals.Source, approvals.DetailType}:                           a.decided,
		{"aws.codepipeline", "CodePipeline Action Execution State Change"}: a.pipeline,
	}))
}

// again serves the call of a schedule beside events.
func again(do func(ctx context.Context, subject string) error, events Func) Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var call waits.Again
		if json.Unmarshal(payload, &call) == nil && call.Again != "" {
			return []byte("null"), do(ctx, call.Again)
		}
		return events(ctx, payload)
	}
}

func (a Approval) again(ctx context.Context, subject string) error {
	if err := a.Steps.DecideAgain(ctx, subject); err != nil {
		return err
	}
	return a.Steps.ShowAgain(ctx, subject)
}

func (a Approval) decided(ctx context.Context, e Event) error {
	d, err := detail[approvals.Decision](e)
	if err != nil {
		return err
	}
	return a.Steps.Decide(ctx, d)
}

func (a Approval) pipeline(ctx context.Context, e Event) error {
	d, err := detail[struct {
		Pipeline  string `json:"pipeline"`
		Stage     string `json:"stage"`
		Action    string `json:"action"`
		Execution string `json:"action-execution-id"`
		State     string `json:"state"`
		Region    string `json:"region"`
		Type      struct {
			Category string `json:"category"`
			Provider string `json:"provider"`
		} `json:"type"`
	}](e)
	switch {
	case err != nil:
		return err
	case d.Type.Category == "":
		return missing(e, "type.category")
	case d.Type.Category != "Approval" || d.Type.Provider != "Manual":
		return nil
	case d.Pipeline == "":
		return missing(e, "pipeline")
	case d.Stage == "":
		return missing(e, "stage")
	case d.Action == "":
		return missing(e, "action")
	case d.Execution == "":
		return missing(e, "action-execution-id")
	case d.State == "":
		return missing(e, "state")
	case len(d.Pipeline) > maxName:
		return tooLong(e, "pipeline")
	case len(d.Execution) > maxName:
		return tooLong(e, "action-execution-id")
	}
	region := d.Region
	if region == "" {
		region = e.Region
	}
	action := steps.PipelineAction{
		Action: pipelines.Action{Pipeline: d.Pipeline, Stage: d.Stage, Action: d.Action}, Region: region, Execution: d.Execution,
	}
	switch d.State {
	case "STARTED":
		return a.Steps.PipelineAsks(ctx, action)
	case "SUCCEEDED", "FAILED", "CANCELED", "ABANDONED":
		return a.Steps.PipelineMovedOn(ctx, action, d.State)
	default:
		return rollout.Errorf(rollout.KindEventInvalid, "%q event %s: state is %.40q, which Sluice does not know", e.DetailType, e.ID, d.State)
	}
}

// Notice hears of notices and brings them to the channels that specs name.
type Notice struct {
	Steps   *steps.Steps
	Log     *slog.Logger
	Letters Letters
}

// Handler listens to our own notices, and to the schedule that has something tried
// again.
func (n Notice) Handler() Func {
	return again(n.Steps.AnnounceAgain, Events(n.Log, n.Letters, map[kind]listener{
		{notify.Source, notify.DetailType}: n.told,
	}))
}

func (n Notice) told(ctx context.Context, e Event) error {
	d, err := detail[notify.Notice](e)
	switch {
	case err != nil:
		return err
	case d.App == "":
		return missing(e, "app")
	case d.Environment == "":
		return missing(e, "environment")
	case d.ID == "":
		return missing(e, "id")
	}
	return n.Steps.Announce(ctx, d)
}
