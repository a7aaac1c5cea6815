package eventbridge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func disable(t *testing.T, w *world, name string) {
	t.Helper()
	if _, err := w.client.DisableRule(t.Context(), &client.DisableRuleInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

// wantError checks an error's code and a part of its message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("error = %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func TestPutEventsAnswersEachEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "ours", `{"source":["acme"]}`, types.Target{})
	entry := func(source, detailType, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: aws.String(source), DetailType: aws.String(detailType), Detail: aws.String(detail)}
	}
	elsewhere := entry("acme", "d", `{}`)
	elsewhere.EventBusName = aws.String("nowhere")
	out, err := w.client.PutEvents(t.Context(), &client.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("acme", "Deployment", `{"n": 1}`),
		entry("aws.ecs", "d", `{}`),
		entry("acme", "d", `{`),
		entry("acme", "d", `[]`),
		{DetailType: aws.String("d"), Detail: aws.String(`{}`)},
		{Source: aws.String("acme"), Detail: aws.String(`{}`)},
		{Source: aws.String("acme"), DetailType: aws.String("d")},
		entry("acme", strings.Repeat("d", 129), `{}`),
		elsewhere,
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range out.Entries {
		if (e.EventId == nil) == (e.ErrorCode == nil) {
			t.Errorf("entry %+v has not exactly one of id and error", e)
		}
		got = append(got, aws.ToString(e.ErrorCode)+" "+aws.ToString(e.ErrorMessage))
	}
	want := []string{
		" ", "NotAuthorizedForSourceException Not authorized for the source.",
		"MalformedDetail Detail is malformed.", "MalformedDetail Detail is malformed.",
		"InvalidArgument Parameter Source is not valid. Reason: Source is a required argument.",
		"InvalidArgument Parameter DetailType is not valid. Reason: DetailType is a required argument.",
		"InvalidArgument Parameter Detail is not valid. Reason: Detail is a required argument.",
		"InvalidArgument Parameter DetailType is not valid. Reason: DetailType is longer than 128 characters.",
		" ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if out.FailedEntryCount != 7 {
		t.Errorf("FailedEntryCount = %d, want 7", out.FailedEntryCount)
	}
	w.loop.RunFor(time.Minute)
	if len(w.arrivals) != 1 {
		t.Fatalf("%d deliveries, want 1", len(w.arrivals))
	}
	if got := decode(t, w.arrivals[0].payload)["id"]; got != *out.Entries[0].EventId {
		t.Errorf("delivered id = %v, want %v", got, *out.Entries[0].EventId)
	}
	if recent := w.service.Recent(); len(recent) != 1 || recent[0].Source != "acme" || recent[0].Bus != "default" {
		t.Errorf("Recent = %v, want the one event on the default bus", recent)
	}
}

func TestPutEventsIsLimitedInSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client.PutEvents(t.Context(), &client.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String("acme"), DetailType: aws.String("d"), Detail: aws.String(`{"a":"` + strings.Repeat("x", 256*1024) + `"}`),
	}}})
	wantError(t, err, "ValidationException", "Total size of the entries in the request is over the limit.")
}

func TestRuleIsDescribedAsPut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "alarms", alarms, types.Target{})
	got, err := w.client.DescribeRule(t.Context(), &client.DescribeRuleInput{Name: aws.String("alarms")})
	if err != nil {
		t.Fatal(err)
	}
	if *got.Arn != "arn:aws:events:us-east-1:123456789012:rule/alarms" || *got.EventPattern != alarms || got.State != types.RuleStateEnabled || *got.EventBusName != "default" {
		t.Errorf("rule = %s %s %s on %s", *got.Arn, *got.EventPattern, got.State, *got.EventBusName)
	}
	_, err = w.client.DeleteRule(t.Context(), &client.DeleteRuleInput{Name: aws.String("alarms")})
	wantError(t, err, "ValidationException", "Rule can't be deleted since it has targets.")
	if _, err := w.client.RemoveTargets(t.Context(), &client.RemoveTargetsInput{Rule: aws.String("alarms"), Ids: []string{"1"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing and succeeds
		if _, err := w.client.DeleteRule(t.Context(), &client.DeleteRuleInput{Name: aws.String("alarms")}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.client.DescribeRule(t.Context(), &client.DescribeRuleInput{Name: aws.String("alarms")})
	wantError(t, err, "ResourceNotFoundException", "Rule alarms does not exist on EventBus default.")
}

func TestListRulesInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.rule(t, fmt.Sprintf("r%d", i), alarms, types.Target{})
	}
	var got []string
	in := &client.ListRulesInput{NamePrefix: aws.String("r"), Limit: aws.Int32(2)}
	for {
		out, err := w.client.ListRules(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Rules) > 2 {
			t.Errorf("%d rules on a page, want at most 2", len(out.Rules))
		}
		for _, r := range out.Rules {
			got = append(got, *r.Name)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"r0", "r1", "r2", "r3", "r4"}, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.rule(t, "r", alarms, types.Target{})
	put := func(to types.Target) error {
		to.Id = aws.String("x")
		_, err := w.client.PutTargets(ctx, &client.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{to}})
		return err
	}
	putRule := func(in client.PutRuleInput) error {
		in.Name = aws.String("new")
		_, err := w.client.PutRule(ctx, &in)
		return err
	}
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"BadPattern", putRule(client.PutRuleInput{EventPattern: aws.String(`{"a":"b"}`)}), "InvalidEventPatternException", `Event pattern is not valid. Reason: "a" must be an object or an array`},
		{"NoPattern", putRule(client.PutRuleInput{}), "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."},
		{"Schedule", putRule(client.PutRuleInput{ScheduleExpression: aws.String("rate(5 minutes)")}), "ValidationException", "ScheduleExpression rate(5 minutes) is not emulated"},
		{"UnknownBus", putRule(client.PutRuleInput{EventBusName: aws.String("nowhere"), EventPattern: aws.String(alarms)}), "ResourceNotFoundException", "Event bus nowhere does not exist."},
		{"TargetARN", put(types.Target{Arn: aws.String("build")}), "ValidationException", "Parameter build is not valid. Reason: Provided Arn is not in correct format."},
		{"TwoInputs", put(types.Target{Arn: aws.String(target), Input: aws.String("{}"), InputPath: aws.String("$")}), "ValidationException", "Only one of Input, InputPath, or InputTransformer must be provided"},
		{"InputIsNotJSON", put(types.Target{Arn: aws.String(target), Input: aws.String("{")}), "ValidationException", "JSON syntax error in input for target x"},
		{"InputPathInBrackets", put(types.Target{Arn: aws.String(target), InputPath: aws.String("$.resources[0]")}), "ValidationException", "dot notation"},
		{"InputTransformer", put(types.Target{Arn: aws.String(target), InputTransformer: &types.InputTransformer{InputTemplate: aws.String("1")}}), "ValidationException", "InputTransformer is not emulated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, tc.err, tc.code, tc.message)
		})
	}
}

func TestRuleHasAtMostFiveTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "r", alarms, types.Target{})
	var more []types.Target
	for i := range 5 {
		more = append(more, types.Target{Id: aws.String(fmt.Sprintf("more%d", i)), Arn: aws.String(target)})
	}
	_, err := w.client.PutTargets(t.Context(), &client.PutTargetsInput{Rule: aws.String("r"), Targets: more})
	wantError(t, err, "LimitExceededException", "exceeds the maximum number allowed")
	out, err := w.client.ListTargetsByRule(t.Context(), &client.ListTargetsByRuleInput{Rule: aws.String("r")})
	if err != nil || len(out.Targets) != 1 {
		t.Errorf("targets after a refused put = %v, %v; want the one before", out, err)
	}
}

func TestBuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.client.CreateEventBus(ctx, &client.CreateEventBusInput{Name: aws.String("deployments")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.client.CreateEventBus(ctx, &client.CreateEventBusInput{Name: aws.String("deployments")})
	wantError(t, err, "ResourceAlreadyExistsException", "Event bus deployments already exists.")
	in := &client.PutRuleInput{Name: aws.String("r"), EventBusName: made.EventBusArn, EventPattern: aws.String(`{"source":["acme"]}`)}
	put, err := w.client.PutRule(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:events:us-east-1:123456789012:rule/deployments/r"; *put.RuleArn != want {
		t.Errorf("rule = %s, want %s", *put.RuleArn, want)
	}
	if _, err := w.client.PutTargets(ctx, &client.PutTargetsInput{Rule: in.Name, EventBusName: made.EventBusArn, Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String(target)}}}); err != nil {
		t.Fatal(err)
	}
	for _, bus := range []*string{nil, made.EventBusArn} {
		if _, err := w.client.PutEvents(ctx, &client.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
			EventBusName: bus, Source: aws.String("acme"), DetailType: aws.String("d"), Detail: aws.String("{}"),
		}}}); err != nil {
			t.Fatal(err)
		}
	}
	w.loop.RunFor(time.Minute)
	if len(w.arrivals) != 1 {
		t.Errorf("%d deliveries, want that of the bus's own event", len(w.arrivals))
	}
	list, err := w.client.ListEventBuses(ctx, &client.ListEventBusesInput{})
	if err != nil || len(list.EventBuses) != 2 {
		t.Errorf("buses = %v, %v; want two", list, err)
	}
	_, err = w.client.DeleteEventBus(ctx, &client.DeleteEventBusInput{Name: aws.String("default")})
	wantError(t, err, "ValidationException", "Cannot delete event bus default.")
}

func TestTestEventPattern(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := aws.String(`{"id":"1","source":"acme","detail-type":"d","account":"1","region":"r","time":"t","resources":[],"detail":{}}`)
	for pattern, want := range map[string]bool{`{"source":["acme"]}`: true, `{"source":["other"]}`: false} {
		out, err := w.client.TestEventPattern(t.Context(), &client.TestEventPatternInput{EventPattern: &pattern, Event: event})
		if err != nil || out.Result != want {
			t.Errorf("TestEventPattern(%s) = %v, %v; want %v", pattern, out, err, want)
		}
	}
	_, err := w.client.TestEventPattern(t.Context(), &client.TestEventPatternInput{EventPattern: aws.String(`{"a":[]}`), Event: event})
	wantError(t, err, "InvalidEventPatternException", "Event pattern is not valid. Reason: Empty arrays are not allowed")
}
