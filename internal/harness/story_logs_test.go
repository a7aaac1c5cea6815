package harness_test

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/logs"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const ourLogs = "/sluice/sluice"

// told are the lines of sources from the beginning until now, merged.
func (b *box) told(reader logs.Reader, sources ...logs.Source) ([]logs.Line, error) {
	var all []iter.Seq2[logs.Line, error]
	for _, s := range sources {
		all = append(all, reader.Lines(b.ctx(), s, midnight, b.Now()))
	}
	var lines []logs.Line
	for line, err := range logs.Merged(all) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// What Sluice logged of a rollout and what its tasks printed can be read by who may, in the
// order of time.
func TestLogsOfARollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	talks := good
	talks.Prints = []string{"up"}
	name := b.roll(talks)
	b.RunFor(time.Minute)
	reader := logs.Reader{Logs: cloudwatchlogs.NewFromConfig(b.Config("AKIAPERSON"))}
	app, elsewhere := logs.OfTasks(b.definition(name))
	if want := []logs.Source{{From: "web", Region: "us-east-1", Group: "/ecs/shop-production", Prefix: "web/web/"}}; cmp.Diff(want, app) != "" || len(elsewhere) > 0 {
		t.Fatalf("its tasks log to %+v and, elsewhere, %v; want %+v", app, elsewhere, want)
	}
	lines, err := b.told(reader, append(app, logs.OfRollout(ourLogs, b.Region, name))...)
	if err != nil {
		t.Fatal(err)
	}
	var happened []string
	for _, line := range lines {
		if line.From != logs.Sluice {
			happened = append(happened, line.Text)
			continue
		}
		var record struct {
			Timestamp time.Time `json:"timestamp"`
			Level     string    `json:"level"`
			Message   string    `json:"message"`
			RequestID string    `json:"requestId"`
			Rollout   string    `json:"rollout"`
			Phase     string    `json:"phase"`
		}
		if err := json.Unmarshal([]byte(line.Text), &record); err != nil {
			t.Fatalf("%s: %v", line.Text, err)
		}
		if record.Level != "INFO" || record.Message != "step" || record.RequestID == "" || record.Rollout != name || !record.Timestamp.Truncate(time.Millisecond).Equal(line.At) {
			t.Errorf("at %v it logged %s; want a step of %s in the form of Lambda's JSON", line.At, line.Text, name)
		}
		happened = append(happened, record.Phase)
	}
	want := slices.DeleteFunc(b.path(name), func(state string) bool { return state == "Start" || state == "Next" })
	canary := slices.Index(want, "AwaitCanary") + 1
	want = slices.Insert(want, canary, "up", "up")
	if diff := cmp.Diff(want, happened); diff != "" {
		t.Errorf("what happened, by the logs (-want +got):\n%s", diff)
	}

	may := b.Config("AKIAPERSON")
	credentials := b.roleThatMay("reader", `"Action":"logs:FilterLogEvents","Resource":"arn:aws:logs:us-east-1:123456789012:log-group:/ecs/*"`)
	may.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil })
	reader = logs.Reader{Logs: cloudwatchlogs.NewFromConfig(may)}
	if lines, err := b.told(reader, app...); err != nil || len(lines) != 2 {
		t.Errorf("who may read the app's logs got %v, %v; want the lines of two tasks", lines, err)
	}
	_, err = b.told(reader, logs.OfRollout(ourLogs, b.Region, name))
	const denied = "role reader of account 123456789012 may not logs:FilterLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:/sluice/sluice:log-stream:"
	if rollout.KindOf(err) != rollout.KindDenied || !strings.Contains(err.Error(), denied) {
		t.Errorf("who may not read Sluice's logs got %v; want %s: %s", err, rollout.KindDenied, denied)
	}
}

// In GovCloud Lambda writes no JSON, and Sluice's lines are text.
func TestLogsInGovCloud(t *testing.T) {
	t.Parallel()
	b := newBoxIn(t, "us-gov-west-1")
	name := b.roll(good)
	b.RunFor(time.Minute)
	lines, err := b.told(logs.Reader{Logs: cloudwatchlogs.NewFromConfig(b.Config("AKIAPERSON"))}, logs.OfRollout(ourLogs, b.Region, name))
	if err != nil || len(lines) == 0 || !strings.Contains(lines[0].Text, "level=INFO message=step") {
		t.Fatalf("%d lines, %v; want those of %s, as text", len(lines), err, name)
	}
	for _, line := range lines {
		if !strings.Contains(line.Text, " rollout="+name+" ") {
			t.Errorf("%s is none of %s", line.Text, name)
		}
	}
}
