package demo_test

import (
	"encoding/json"
	"fmt"
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/demo"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
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
		"ecs-deployment-completed.json":   "slot: shop-production/shop-green: SERVICE_DEPLOYMENT_COMPLETED",
		"ecs-deployment-failed.json":      "slot: shop-production/shop-green: SERVICE_DEPLOYMENT_FAILED",
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
			got, shown := demo.Decided(c.decision)
			if diff := cmp.Diff(want, got); diff != "" || !shown {
				t.Errorf("shown %v, happening (-want +got):\n%s", shown, diff)
			}
		})
	}
	if h, shown := demo.Decided(store.Decision{Phase: rollout.PhaseApprove, What: "done", Of: store.DecidedGate}); shown {
		t.Errorf("that Approve has asked is shown as %v, want nothing: the question is", h)
	}
}

// What the timeline says of questions and of what people press.
func TestToldOfPeople(t *testing.T) {
	t.Parallel()
	press := map[string]any{"who": "Dana Reyes", "action": "approve"}
	for _, c := range []struct {
		name      string
		decision  store.Decision
		what, why string
	}{
		{"a press", store.Decision{What: "Dana Reyes approved it", Inputs: press}, "Dana Reyes pressed Approve", ""},
		{
			"a refused press",
			store.Decision{Kind: rollout.KindRefused, What: "Dana Reyes is the author", Inputs: press},
			"Dana Reyes pressed Approve and alone sees why not", "Dana Reyes is the author",
		},
		{"the answer", store.Decision{What: "approved by Ada Okafor"}, "the answer: approved by Ada Okafor", ""},
	} {
		c.decision.Of, c.decision.At, c.decision.Rollout = store.DecidedApproval, noon, "shop-production-2"
		want := demo.Happening{At: noon, About: "slack", Rollout: "shop-production-2", What: c.what, Why: c.why}
		got, shown := demo.Decided(c.decision)
		if diff := cmp.Diff(want, got); diff != "" || !shown {
			t.Errorf("%s: shown %v, happening (-want +got):\n%s", c.name, shown, diff)
		}
	}
	got := demo.Asking(store.Approval{
		Rollout: "shop-production-2", At: noon, Author: "dana@example.com", Deadline: noon.Add(time.Hour).UnixNano(),
		Rule: rollout.Approval{Slack: "#deploys", Approvers: []string{"S0DEPLOYERS", "U0EVETANAKA"}, Quorum: 2, NotAuthor: true},
	})
	want := demo.Happening{
		At: noon, About: "slack", Rollout: "shop-production-2", What: "asks @deployers or Eve Tanaka in #deploys for 2 approvals, until 13:00",
		Why: "the author, dana@example.com, may not approve",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("question (-want +got):\n%s", diff)
	}
}

func TestHeadlines(t *testing.T) {
	t.Parallel()
	card := func(headline, detail string) []slack.Block {
		return []slack.Block{
			{Type: "header", Text: &slack.Text{Type: "plain_text", Text: headline}},
			{Type: "section", Text: &slack.Text{Type: "mrkdwn", Text: detail}},
		}
	}
	at, texts := demo.Headlines(slack.Message{
		TS: fmt.Sprintf("%d.000250", noon.Unix()), Blocks: card("released", "all of it"),
		Edits: []slack.Edit{
			{At: noon.Add(time.Second), Blocks: card("begins", "")},
			{At: noon.Add(time.Minute), Blocks: card("50 percent", "half")},
			{At: noon.Add(2 * time.Minute), Blocks: card("50 percent", "still half")},
		},
	})
	if diff := cmp.Diff([]string{"begins", "50 percent", "released"}, texts); diff != "" {
		t.Errorf("headlines (-want +got):\n%s", diff)
	}
	want := []time.Time{noon.Add(250 * time.Microsecond), noon.Add(time.Second), noon.Add(2 * time.Minute)}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("from when on (-want +got):\n%s", diff)
	}
}

func TestBeforeTheApproval(t *testing.T) {
	t.Parallel()
	decisions := []store.Decision{
		{Of: store.DecidedGate, Phase: rollout.PhaseApprove, At: noon},
		{Of: store.DecidedApproval, Kind: rollout.KindRefused, At: noon.Add(time.Second)},
		{Of: store.DecidedGate, Phase: rollout.PhaseLock, At: noon.Add(time.Minute)},
	}
	if got := demo.Before(decisions, noon.Add(time.Minute)); got != "" {
		t.Errorf("before the approval there was %q, want nothing but the question and a refused press", got)
	}
	if got, want := demo.Before(decisions, noon.Add(time.Minute+1)), "Lock at 12:01:00"; got != want {
		t.Errorf("before a later approval there was %q, want %q", got, want)
	}
}
