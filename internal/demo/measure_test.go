package demo_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/demo"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// alarm is CloudWatch's event of an alarm that changed its state.
func alarm(name, state string, at time.Time) eventbridge.Event {
	return eventbridge.Event{
		Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Time: at.Format(time.RFC3339),
		Detail: json.RawMessage(fmt.Sprintf(
			`{"alarmName":%q,"state":{"value":%q,"reason":"Threshold Crossed","timestamp":%q},"previousState":{"value":"OK"}}`,
			name, state, at.Format("2006-01-02T15:04:05.000-0700"))),
	}
}

func TestMeasureReturn(t *testing.T) {
	t.Parallel()
	var (
		stable = rollout.Weights{Blue: 0, Green: 100}
		canary = rollout.Weights{Blue: 10, Green: 90}
		red    = noon.Add(90 * time.Second)
	)
	events := []eventbridge.Event{
		{Source: "aws.ecs", DetailType: "ECS Deployment State Change", Detail: json.RawMessage(`{}`)},
		alarm("shop-blue-latency", "ALARM", noon.Add(-time.Second)), // before the release
		alarm("shop-green-5xx", "OK", noon.Add(time.Second)),
		alarm("shop-blue-5xx", "ALARM", red),
		alarm("shop-blue-latency", "ALARM", red.Add(time.Second)),
	}
	got, err := demo.MeasureReturn(events, append(
		demo.RuleWrites(noon.Add(-time.Minute), stable),
		append(demo.RuleWrites(noon.Add(time.Minute), canary), demo.RuleWrites(red.Add(120*time.Millisecond), stable)...)...),
		noon, stable, 10)
	want := demo.Return{Alarm: "shop-blue-5xx", Red: red, Back: red.Add(120 * time.Millisecond), Wall: 12 * time.Millisecond}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, return (-want +got):\n%s", err, diff)
	}
	for name, c := range map[string]struct {
		events []eventbridge.Event
		want   string
	}{
		"ErrNoAlarm": {events[:3], "no alarm went red"},
		"ErrNotBack": {events, "not put back"},
		"ErrUnreadable": {[]eventbridge.Event{{
			Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change",
			Detail: json.RawMessage(`{"alarmName":"a","state":{"value":"ALARM","timestamp":"noon"}}`),
		}}, "alarm a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := demo.MeasureReturn(c.events, demo.RuleWrites(noon.Add(time.Minute), stable), noon, stable, 10)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// fine is a report of a demo that went as it should.
func fine() demo.Report {
	good := demo.Scenario{
		Staging: "shop-staging-1", Rollout: "shop-production-1", Version: "v2", Staged: rollout.Succeeded,
		Want: rollout.Succeeded, Got: rollout.Succeeded, Took: 7 * time.Minute, Traffic: demo.Counts{Requests: 8000},
		Question: demo.Question{
			Open: 24 * time.Second, Standing: rollout.Approved, Why: "approved by Ada Okafor", Tried: true,
			Refusal: "Dana Reyes is the author of this release; somebody else has to approve it",
		},
	}
	good.Weights.Want, good.Weights.Got = rollout.Weights{Green: 100}, rollout.Weights{Green: 100}
	bad := demo.Scenario{
		Staging: "shop-staging-2", Rollout: "shop-production-2", Version: "v3", Staged: rollout.Succeeded,
		Want: rollout.RolledBack, Got: rollout.RolledBack, Took: 3 * time.Minute, Reason: "alarm shop-blue-5xx went red",
		Traffic:  demo.Counts{Requests: 4000, Failed: 12, Versions: map[string]int{"v2": 3800, "v3": 200}},
		Question: demo.Question{Open: 12 * time.Second, Standing: rollout.Approved, Why: "approved by Ada Okafor"},
	}
	bad.Weights = good.Weights
	return demo.Report{
		Speed: 10, FirstEvent: 2300 * time.Millisecond, Good: good, Bad: bad,
		Return:  demo.Return{Alarm: "shop-blue-5xx", Red: noon, Back: noon.Add(120 * time.Millisecond), Wall: 12 * time.Millisecond},
		Slack:   demo.Conversation{Messages: 4, Edits: 22, Replies: 24},
		All:     demo.Counts{Requests: 12000, Elapsed: time.Minute},
		Elapsed: 66 * time.Second, Memory: 68 << 20,
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	demo.WriteReport(&out, fine())
	want := `
summary: good version: v2 Succeeded after 7m0s of the cloud's time, blue 0, green 100
summary: bad version: v3 RolledBack after 3m0s of the cloud's time, blue 0, green 100
summary: question about v2: approved by Ada Okafor, after 24s of the cloud's time (2.4 s of yours)
summary: author of v2: refused: Dana Reyes is the author of this release; somebody else has to approve it
summary: question about v3: approved by Ada Okafor, after 12s of the cloud's time (1.2 s of yours)
summary: slack: 4 messages, one for each rollout; 22 edits, 24 replies in their threads
summary: traffic back: 12 ms of the wall clock after alarm shop-blue-5xx went red
summary: failed requests in production: 0 of 8000 with the good version, 12 of 4000 with the bad
summary: share of production's traffic that saw the bad version: 5.0 percent (200 of 4000)
summary: load on production: 200 requests a second of the wall clock, 12000 in all
summary: first event after 2.3 s, whole run 66.0 s, at 10 times the wall clock
summary: memory: at most 68 MB, besides the app's processes
summary: result: both ended as they should
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// Everything that should not be so is said in the report, and fails the demo.
func TestReportOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*demo.Report){
		`v2: the rollout into production ended "Refused", want Succeeded`: func(r *demo.Report) { r.Good.Got = rollout.Refused },
		`v3: production's weights are blue 10, green 90, want blue 0`:     func(r *demo.Report) { r.Bad.Weights.Got = rollout.Weights{Blue: 10, Green: 90} },
		`v3: the rollout into production ended "Succeeded"`:               func(r *demo.Report) { r.Bad.Got = rollout.Succeeded },
		`v3: the rollout into staging ended "RolledBack", want Succeeded`: func(r *demo.Report) { r.Bad.Staged = rollout.RolledBack },
		"v2: production began before it was approved: Lock at noon":       func(r *demo.Report) { r.Good.Early = "Lock at noon" },
		"v2: the author pressed Approve and was not refused":              func(r *demo.Report) { r.Good.Question.Refusal = "" },
		"v2: the author's press changed something: it was counted":        func(r *demo.Report) { r.Good.Question.Moved = "it was counted" },
		`v3: the question before production stands at "open"`:             func(r *demo.Report) { r.Bad.Question.Standing = rollout.Open },
		"2 dead letters, want none":                                       func(r *demo.Report) { r.Slack.Wrong = []string{"2 dead letters, want none"} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := fine()
			change(&r)
			var out strings.Builder
			demo.WriteReport(&out, r)
			if r.OK() || !strings.Contains(out.String(), "result: NOT as it should") || !strings.Contains(out.String(), "summary: wrong: "+want) {
				t.Errorf("OK is %v and the report is\n%s\nwant %q, and NOT as it should", r.OK(), out.String(), want)
			}
		})
	}
}

// What people reject, or let expire, ends as Rejected, and is then as it should be.
func TestReportOfARejection(t *testing.T) {
	t.Parallel()
	r := fine()
	r.Page = "http://127.0.0.1:4600/slack/"
	r.Good.Question = demo.Question{Open: time.Minute, Standing: rollout.Refusal, Why: "rejected by Bob Lindgren: not today"}
	r.Good.Want, r.Good.Got, r.Good.Reason = rollout.Rejected, rollout.Rejected, r.Good.Question.Why
	var out strings.Builder
	demo.WriteReport(&out, r)
	for _, want := range []string{
		"good version: v2 Rejected after 7m0s of the cloud's time, blue 0, green 100, as it should: rejected by Bob Lindgren: not today\n",
		"question about v2: rejected by Bob Lindgren: not today, after 1m0s of the cloud's time (6.0 s of yours)\n",
		"page: http://127.0.0.1:4600/slack/\n",
	} {
		if !r.OK() || !strings.Contains(out.String(), "summary: "+want) {
			t.Errorf("OK is %v and the report is\n%s\nwant it to be, with %q", r.OK(), out.String(), want)
		}
	}
}

func TestSpec(t *testing.T) {
	t.Parallel()
	if _, err := spec.Parse("sluice.yaml", demo.SpecFile()); err != nil {
		t.Error(err)
	}
}

func TestBuildsOfTheScenariosDiffer(t *testing.T) {
	t.Parallel()
	good, bad, err := demo.BuildNames()
	if err != nil {
		t.Fatal(err)
	}
	if want := [2]string{"shop-build:8745a7a9-c340-456a-9166-edf953571be0", "3f2c1e0"}; good != want {
		t.Errorf("the good build is %v, want %v as in the documented event", good, want)
	}
	if bad[0] == good[0] || bad[1] == good[1] {
		t.Errorf("the bad build is %v, want another id and tag than %v", bad, good)
	}
}

func TestGuideGivesTheEndpoint(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := demo.WriteGuide(&out, "http://127.0.0.1:4600"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"AWS_ENDPOINT_URL=http://127.0.0.1:4600 ", "sluice deploy shop --image", "--author dana@example.com", "sluice emit", "http://127.0.0.1:4600/slack/",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the guide has no %q:\n%s", want, out.String())
		}
	}
}
