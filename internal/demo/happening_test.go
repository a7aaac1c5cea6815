package demo_test

import (
	"encoding/json"
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/demo"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// What the timeline says of the documented events.
func TestToldOfEvents(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"codebuild-build-succeeded.json":  "build: CodeBuild says SUCCEEDED of build shop-build:8745a7a9-c340-456a-9166-edf953571be0",
		"codebuild-build-failed.json":     "build: CodeBuild says FAILED of build shop-build:5c2b8e16-0d1f-4a7e-8f5b-2f9c0a6d7e11",
		"cloudwatch-alarm.json":           "alarm: shop-green-5xx is ALARM, was OK",
		"cloudwatch-composite-alarm.json": "alarm: shop-any is ALARM, was OK",
		"ecs-deployment-completed.json":   "slot: shop-green: SERVICE_DEPLOYMENT_COMPLETED",
		"ecs-deployment-failed.json":      "slot: shop-green: SERVICE_DEPLOYMENT_FAILED",
		"sluice-build-succeeded.json":     "build: build arn:aws:codebuild:us-east-1:123456789012:build/shop-build:8745a7a9-c340-456a-9166-edf953571be0 of shop succeeded",
	}
	got := map[string]string{}
	files, err := events.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := events.Files.ReadFile(path.Join(".", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var e eventbridge.Event
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		if h, ok := demo.Told(e); ok {
			got[file.Name()] = h.About + ": " + h.What
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("timeline of the documented events (-want +got):\n%s", diff)
	}
}

func TestToldOfTheEndOfARollout(t *testing.T) {
	t.Parallel()
	got, ok := demo.Told(eventbridge.Event{
		Source: "sluice", DetailType: "Sluice Rollout State Change", Time: noon.Format(time.RFC3339),
		Detail: json.RawMessage(`{"rollout":"shop-production-2","outcome":"RolledBack","why":"an alarm","at":"2026-03-02T12:00:00.5Z"}`),
	})
	want := demo.Happening{
		At: noon.Add(500 * time.Millisecond), About: "rollout", Rollout: "shop-production-2", What: "ended: RolledBack", Why: "an alarm",
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("shown %v, happening (-want +got):\n%s", ok, diff)
	}
}

func TestDecided(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		decision  store.Decision
		what, why string
	}{
		{
			"Prepare",
			store.Decision{Phase: rollout.PhasePrepare, What: "done", Inputs: map[string]any{
				"plan": map[string]any{"canary": "green"}, "size": 2, "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:7",
			}},
			"Prepare: green starts with 2 tasks of shop:7", "",
		},
		{
			"Shift",
			store.Decision{Phase: rollout.PhaseShift, What: "done", Inputs: map[string]any{"weights": map[string]any{"blue": 90, "green": 10}}},
			"Shift: blue 90, green 10", "",
		},
		{
			"Bake",
			store.Decision{Phase: rollout.PhaseBake, What: "done", Inputs: map[string]any{"seconds": 180}},
			"Bake: watches for 3m0s", "",
		},
		{
			"Judge",
			store.Decision{Phase: rollout.PhaseJudge, What: "done", Inputs: map[string]any{
				"verdict": "pass", "next": "Shift", "why": "all alarms are green",
			}},
			"Judge: pass, then Shift", "all alarms are green",
		},
		{
			"Rollback",
			store.Decision{Phase: rollout.PhaseRollback, What: "done", Inputs: map[string]any{
				"weights": map[string]any{"blue": 0, "green": 100},
				"cause":   map[string]any{"Error": "AlarmRed", "Cause": `{"errorType":"AlarmRed","errorMessage":"it is red"}`},
			}},
			"Rollback: blue 0, green 100", "it is red",
		},
		{
			"an error",
			store.Decision{Phase: rollout.PhaseJudge, Kind: rollout.KindAlarmRed, What: "alarm shop-blue-5xx is red"},
			"Judge: AlarmRed", "alarm shop-blue-5xx is red",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.decision.At, c.decision.Rollout = noon, "shop-production-2"
			want := demo.Happening{At: noon, About: "rollout", Rollout: "shop-production-2", What: c.what, Why: c.why}
			if diff := cmp.Diff(want, demo.Decided(c.decision)); diff != "" {
				t.Errorf("happening (-want +got):\n%s", diff)
			}
		})
	}
}
