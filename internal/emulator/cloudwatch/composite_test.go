package cloudwatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

// withStates has alarms a (ALARM), o (OK) and i (INSUFFICIENT_DATA) that keep
// their states, having no data.
func withStates(t *testing.T) *cloud {
	t.Helper()
	c := newCloud(t)
	for name, value := range map[string]types.StateValue{
		"a": types.StateValueAlarm, "o": types.StateValueOk, "i": types.StateValueInsufficientData, "o with (odd) name": types.StateValueOk,
	} {
		in := alarmOn(name)
		in.TreatMissingData = aws.String("ignore")
		c.putAlarm(in)
		c.set(name, value)
	}
	c.events = nil
	return c
}

func TestCompositeRules(t *testing.T) {
	t.Parallel()
	c := withStates(t)
	for rule, want := range map[string]types.StateValue{
		"ALARM(a)":                        types.StateValueAlarm,
		`ALARM("a")`:                      types.StateValueAlarm,
		"ALARM('o')":                      types.StateValueOk,
		`OK("o with (odd) name")`:         types.StateValueAlarm,
		"INSUFFICIENT_DATA( i )":          types.StateValueAlarm,
		"OK(i)":                           types.StateValueOk,
		"TRUE":                            types.StateValueAlarm,
		"NOT TRUE":                        types.StateValueOk,
		"FALSE OR ALARM(a) AND OK(o)":     types.StateValueAlarm,
		"ALARM(a) OR OK(o) AND FALSE":     types.StateValueAlarm,
		"(ALARM(a) OR OK(o)) AND FALSE":   types.StateValueOk,
		"NOT ALARM(o) AND NOT (ALARM(i))": types.StateValueAlarm,
		"ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)": types.StateValueAlarm,
	} {
		c.putComposite("rule", rule)
		c.loop.RunFor(time.Second)
		if got := c.compositeAlarm("rule"); got.StateValue != want || *got.AlarmRule != rule {
			t.Errorf("%s: %s, want %s", rule, got.StateValue, want)
		}
	}
}

func TestCompositeRuleRefusals(t *testing.T) {
	t.Parallel()
	c := withStates(t)
	for rule, message := range map[string]string{
		"ALARM(x) OR OK(y) OR OK(o)": "Could not save the composite alarm as alarms [x, y] in the alarm rule do not exist",
		"ALARM(self)":                "Could not save the composite alarm as alarms [self] in the alarm rule do not exist",
		"ALARM(a":                    `AlarmRule is invalid: expected the name of an alarm before "a"`,
		"ALARM(a) ALARM(o)":          `AlarmRule is invalid: unexpected "ALARM(o)"`,
		"BROKEN(a)":                  `AlarmRule is invalid: expected a state function before "BROKEN(a)"`,
		"ALARM(a) AND":               `AlarmRule is invalid: expected a state function before ""`,
		"(ALARM(a)":                  `AlarmRule is invalid: expected ) before ""`,
		"AT_LEAST(1, ALARM, (a, o))": "AlarmRule is invalid: AT_LEAST is not emulated by this cloud",
		"ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a)": "AlarmRule is invalid: the alarm arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a is not in this account and Region",
		strings.Repeat("(", 200) + "TRUE":                          "AlarmRule is invalid: nested more than 100 deep",
	} {
		_, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("self"), AlarmRule: aws.String(rule)})
		wantCode(t, err, "ValidationError", message)
	}
	_, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("a"), AlarmRule: aws.String("TRUE")})
	wantCode(t, err, "ValidationError", "The alarm name a is used by a metric alarm.")
}

func TestCompositeFollowsItsChildrenAtOnce(t *testing.T) {
	t.Parallel()
	c := withStates(t)
	c.putComposite("either", "ALARM(o) OR ALARM(i)")
	c.putComposite("top", "ALARM(either)")
	c.loop.RunFor(time.Second)
	c.events = nil
	c.set("o", types.StateValueAlarm)
	var got []string
	for _, e := range c.events {
		got = append(got, e.Resources[0])
	}
	const arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
	if diff := cmp.Diff([]string{arn + "o", arn + "either", arn + "top"}, got); diff != "" {
		t.Fatalf("events (-want +got):\n%s", diff)
	}
	want := event{
		Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Resources: []string{arn + "either"},
		Detail: `{"alarmName":"either","configuration":{"alarmRule":"ALARM(o) OR ALARM(i)"},` +
			`"previousState":{"reason":"` + arn + `either was created and its alarm rule evaluates to OK",` +
			`"reasonData":"{\"triggeringAlarms\":[{\"arn\":\"` + arn + `i\",\"state\":{\"value\":\"INSUFFICIENT_DATA\",\"timestamp\":\"2026-03-02T12:00:00.000+0000\"}},` +
			`{\"arn\":\"` + arn + `o\",\"state\":{\"value\":\"OK\",\"timestamp\":\"2026-03-02T12:00:00.000+0000\"}}]}",` +
			`"timestamp":"2026-03-02T12:00:00.000+0000","value":"OK"},` +
			`"state":{"reason":"` + arn + `o transitioned to ALARM at Monday 02 March, 2026 12:00:01 UTC",` +
			`"reasonData":"{\"triggeringAlarms\":[{\"arn\":\"` + arn + `o\",\"state\":{\"value\":\"ALARM\",\"timestamp\":\"2026-03-02T12:00:01.000+0000\"}}]}",` +
			`"timestamp":"2026-03-02T12:00:01.000+0000","value":"ALARM"}}`,
	}
	if diff := cmp.Diff(want, c.events[1]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	// A second child changes nothing.
	c.set("i", types.StateValueAlarm)
	if got, want := len(c.events), 4; got != want {
		t.Errorf("%d events, want %d", got, want)
	}
}

func TestChildrenOfCompositesAreNotDeleted(t *testing.T) {
	t.Parallel()
	c := withStates(t)
	c.putComposite("c1", "ALARM(o)")
	c.putComposite("c2", "ALARM(i)")
	remove := func(names ...string) error {
		_, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
		return err
	}
	wantCode(t, remove("o"), "ValidationError", "Cannot delete o as there are composite alarm(s) depending on it.")
	wantCode(t, remove("c1", "c2"), "ValidationError", "Only one composite alarm can be deleted in one request.")
	if err := remove("c1"); err != nil {
		t.Errorf("delete a composite alarm: %v", err)
	}
	if err := remove("o"); err != nil {
		t.Errorf("delete its child after it: %v", err)
	}
}

// AWS lets composite alarms depend on each other in a circle, and stops evaluation
// there.
func TestCompositeCycle(t *testing.T) {
	t.Parallel()
	c := withStates(t)
	c.putComposite("x", "ALARM(o)")
	c.putComposite("y", "ALARM(x)")
	c.putComposite("x", "ALARM(o) OR NOT ALARM(y)")
	c.loop.RunFor(time.Second)
	c.set("o", types.StateValueAlarm)
	if x, y := c.compositeAlarm("x").StateValue, c.compositeAlarm("y").StateValue; x != types.StateValueAlarm || y != types.StateValueAlarm {
		t.Errorf("x is %s and y is %s, want both in ALARM", x, y)
	}
}
