package logs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/logs"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is CloudWatch Logs with a client, and the group /shop with the stream web/web/1.
type world struct {
	*loop.Loop
	service *logs.Service
	client  *client.Client
}

var shop, web = aws.String("/shop"), aws.String("web/web/1")

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Loop: loop.NewVirtual(start)}
	t.Cleanup(w.Close)
	w.service = logs.New(w.Loop, "123456789012", "us-east-1")
	mux := wire.NewMux("123456789012", "us-east-1", w.service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.Loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := w.client.CreateLogGroup(t.Context(), &client.CreateLogGroupInput{LogGroupName: shop}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.CreateLogStream(t.Context(), &client.CreateLogStreamInput{LogGroupName: shop, LogStreamName: web}); err != nil {
		t.Fatal(err)
	}
	return w
}

// put puts one event for each span since the start, with the span as its message.
func (w *world) put(t *testing.T, after ...time.Duration) *client.PutLogEventsOutput {
	t.Helper()
	in := &client.PutLogEventsInput{LogGroupName: shop, LogStreamName: web}
	for _, d := range after {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: new(start.Add(d).UnixMilli()), Message: new(d.String())})
	}
	out, err := w.client.PutLogEvents(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// found are the messages of all pages.
func (w *world) found(t *testing.T, in client.FilterLogEventsInput) []string {
	t.Helper()
	in.LogGroupName = shop
	var all []string
	for {
		out, err := w.client.FilterLogEvents(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			all = append(all, *e.Message)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all
		}
	}
}

func TestEventsComeByTimeAndInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, 3*time.Second, 5*time.Second)
	w.put(t, time.Second, 3*time.Second, 4*time.Second)
	all := []string{"1s", "3s", "3s", "4s", "5s"}
	for limit := range int32(6) {
		in := client.FilterLogEventsInput{}
		if limit > 0 {
			in.Limit = &limit
		}
		if diff := cmp.Diff(all, w.found(t, in)); diff != "" {
			t.Errorf("%d a page (-want +got):\n%s", limit, diff)
		}
	}
	between := client.FilterLogEventsInput{StartTime: new(start.Add(3 * time.Second).UnixMilli()), EndTime: new(start.Add(4 * time.Second).UnixMilli())}
	if diff := cmp.Diff(all[1:4], w.found(t, between)); diff != "" {
		t.Errorf("between (-want +got):\n%s", diff)
	}
}

func TestEventsOutOfTimeAreRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const day = 24 * time.Hour
	got := w.put(t, -14*day-time.Second, -14*day, -14*day+time.Second).RejectedLogEventsInfo
	if got == nil || aws.ToInt32(got.TooOldLogEventEndIndex) != 1 || got.TooNewLogEventStartIndex != nil {
		t.Errorf("rejected %+v, want the first as too old", got)
	}
	got = w.put(t, 0, 2*time.Hour, 2*time.Hour+time.Second).RejectedLogEventsInfo
	if got == nil || aws.ToInt32(got.TooNewLogEventStartIndex) != 2 || got.TooOldLogEventEndIndex != nil {
		t.Errorf("rejected %+v, want the last as too new", got)
	}
	if _, err := w.client.PutRetentionPolicy(t.Context(), &client.PutRetentionPolicyInput{LogGroupName: shop, RetentionInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0s", "2h0m0s"}, w.found(t, client.FilterLogEventsInput{})); diff != "" {
		t.Errorf("kept for 7 days (-want +got):\n%s", diff)
	}
	got = w.put(t, -8*day, -8*day+time.Hour).RejectedLogEventsInfo
	if got == nil || aws.ToInt32(got.ExpiredLogEventEndIndex) != 2 {
		t.Errorf("rejected %+v, want both as expired", got)
	}
}

func TestBatchesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := func(after time.Duration, message string) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: new(start.Add(after).UnixMilli()), Message: &message}
	}
	for want, events := range map[string][]types.InputLogEvent{
		"must be in chronological order":   {event(time.Second, "a"), event(0, "b")},
		"cannot span more than 24 hours":   {event(-25*time.Hour, "a"), event(0, "b")},
		"exceeds limit of 1048576":         {event(0, strings.Repeat("x", 1_048_576))},
		"failed to satisfy constraint":     {},
		"at 'logEvents.1.member.message' ": {event(0, "")},
	} {
		_, err := w.client.PutLogEvents(t.Context(), &client.PutLogEventsInput{LogGroupName: shop, LogStreamName: web, LogEvents: events})
		if err == nil || !strings.Contains(err.Error(), "InvalidParameterException") || !strings.Contains(err.Error(), want) {
			t.Errorf("put %d events: %v, want InvalidParameterException with %q", len(events), err, want)
		}
	}
}

func TestFilterPatterns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, object, nested := "GET /basket ERROR 500", `{"rollout":"shop-1","level":"ERROR","n":7}`, `{"rollout":"shop-2","detail":{"kind":"Denied"}}`
	write, _ := w.service.Open("/shop", "web/web/1")
	for i, message := range []string{text, object, nested} {
		write(start.Add(time.Duration(i)*time.Second), message)
	}
	for pattern, want := range map[string][]string{
		"":                                 {text, object, nested},
		"ERROR":                            {text, object},
		"ERROR GET":                        {text},
		`"/basket ERROR"`:                  {text},
		`"a \" quote"`:                     nil,
		`{ $.rollout = "shop-1" }`:         {object},
		`{ $.rollout = "shop-*" }`:         {object, nested},
		`{ $.rollout = shop-2 }`:           {nested},
		`{$.detail.kind="Denied"}`:         {nested},
		`{ $.rollout = "shop-1" && $.n=7}`: {object},
		`{ ($.rollout = "shop-1") && ($.level = "INFO") }`: nil,
		`{ $.detail = "Denied" }`:                          nil,
	} {
		if diff := cmp.Diff(want, w.found(t, client.FilterLogEventsInput{FilterPattern: &pattern})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, diff)
		}
	}
	for pattern, want := range map[string]string{
		`{ $.rollout = }`: "InvalidParameterException", `{ $.a = 1 &&`: "InvalidParameterException", `"open`: "InvalidParameterException",
		"/x": "InvalidParameterException", "-INFO": "NotImplemented", "%re%": "NotImplemented", `{ $.a > 1 }`: "NotImplemented", `{ $.a = 1 || $.b = 2 }`: "NotImplemented",
	} {
		_, err := w.client.FilterLogEvents(t.Context(), &client.FilterLogEventsInput{LogGroupName: shop, FilterPattern: &pattern})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

func TestAGroupKeepsItsNewestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	write, _ := w.service.Open("/shop", "web/web/1")
	const count = 50_000
	for i := range count {
		write(start, fmt.Sprint("line ", i))
	}
	got := w.found(t, client.FilterLogEventsInput{})
	if len(got) > 20_000 || len(got) < 10_000 || got[len(got)-1] != fmt.Sprint("line ", count-1) {
		t.Errorf("it keeps %d lines, the last %q; want at most 20000, and the newest", len(got), got[len(got)-1])
	}
}
