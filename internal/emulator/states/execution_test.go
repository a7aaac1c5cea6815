package states_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/states"
)

func run(t *testing.T, definition, input string) *states.Execution {
	t.Helper()
	c := newCloud()
	requests := 0
	c.functions["f"] = python(t, "id_function.py", &requests)
	x := c.start(t, definition, input)
	c.loop.RunFor(time.Hour)
	return x
}

func kinds(x *states.Execution) string {
	var all []string
	for _, e := range x.History() {
		all = append(all, fmt.Sprintf("%d<%d %s", e.Id, e.PreviousEventId, e.Type))
	}
	return strings.Join(all, "\n")
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ definition, input, want string }{
		"context": {
			machine("A", `"A":{"Type":"Pass","End":true,"Output":"{% $states.context %}"}`), `{"b":1,"a":2}`,
			`{"Execution":{"Id":"arn:aws:states:us-east-1:123456789012:execution:m:e","Input":{"b":1,"a":2},"Name":"e","RoleArn":"snf_role_arn","StartTime":"2026-01-01T00:00:00.000Z","RedriveCount":0},` +
				`"State":{"EnteredTime":"2026-01-01T00:00:00.000Z","Name":"A","RetryCount":0},"StateMachine":{"Id":"arn:aws:states:us-east-1:123456789012:stateMachine:m","Name":"m"}}`,
		},
		"variables are seen from the next state on": {
			machine("A", `"A":{"Type":"Pass","Assign":{"x":1},"Next":"B"}`, `"B":{"Type":"Pass","Assign":{"x":"{% $x + 1 %}","y":"{% $x %}"},"Output":"{% $x %}","Next":"C"}`, `"C":{"Type":"Succeed","Output":["{% $states.input %}","{% $x %}","{% $y %}"]}`),
			`{}`, `[1,2,1]`,
		},
		"inner variables stay inside": {
			machine("A", `"A":{"Type":"Pass","Assign":{"x":1},"Next":"P"}`,
				`"P":{"Type":"Parallel","Next":"Z","Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"y":"{% $x + 1 %}"},"Next":"C"},"C":{"Type":"Pass","Output":"{% $y %}","End":true}}},{"StartAt":"D","States":{"D":{"Type":"Pass","Output":"{% $exists($y) %}","End":true}}}]}`,
				`"Z":{"Type":"Pass","Output":["{% $states.input %}","{% $exists($y) %}"],"End":true}`),
			`{}`, `[[2,false],false]`,
		},
		"parallel arguments and result": {
			machine("P", `"P":{"Type":"Parallel","End":true,"Arguments":{"n":"{% $states.input.n + 1 %}"},"Output":"{% $states.result.n %}","Branches":[{"StartAt":"A","States":{`+pass("A")+`}},{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":5,"End":true}}}]}`),
			`{"n":1}`, `[2,2]`,
		},
		"map with a selector, in the order of the items": {
			machine("M", `"M":{"Type":"Map","End":true,"Items":"{% $states.input.items %}","ItemSelector":{"i":"{% $states.context.Map.Item.Index %}","v":"{% $states.context.Map.Item.Value %}","k":"{% $states.input.k %}"},
				"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":"{% 3 - $states.input.v %}","Next":"O"},"O":{"Type":"Pass","Output":"{% $states.input.k & $states.input.i & $states.context.Map.Item.Value %}","End":true}}}}`),
			`{"items":[0,1,2],"k":"k"}`, `["k00","k11","k22"]`,
		},
		"map drops failures within the tolerance": {
			machine("M", `"M":{"Type":"Map","End":true,"Items":[1,2,3,4],"ToleratedFailurePercentage":25,
				"ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 3 %}","Next":"F"}],"Default":"O"},"F":{"Type":"Fail"},"O":{"Type":"Succeed"}}}}`),
			`{}`, `[1,2,4]`,
		},
		"choice rule's own output and assign": {
			machine("C", `"C":{"Type":"Choice","Output":"no","Choices":[{"Condition":false,"Next":"A"},{"Condition":"{% $states.input.n > 1 %}","Next":"A","Output":"yes","Assign":{"x":7}}],"Default":"A"}`, `"A":{"Type":"Pass","Output":["{% $states.input %}","{% $x %}"],"End":true}`),
			`{"n":2}`, `["yes",7]`,
		},
		"plain function": {machine("A", function("A", `"End":true,"Arguments":{"a":"{% $states.input.n %}"}`)), `{"n":2}`, `{"a":2}`},
		"lambda:invoke":  {machine("A", `"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $states.input %}"},"Output":"{% [$states.result.Payload.n, $states.result.StatusCode, $states.result.SdkHttpMetadata.HttpStatusCode] %}","End":true}`), `{"n":2}`, `[2,200,200]`},
		"wait until":     {machine("A", `"A":{"Type":"Wait","Timestamp":"2026-01-01T00:10:00+00:00","Next":"B"}`, `"B":{"Type":"Pass","Output":"{% $states.context.State.EnteredTime %}","End":true}`), `{}`, `"2026-01-01T00:10:00.000Z"`},
		"no wait":        {machine("A", `"A":{"Type":"Wait","Timestamp":"2020-01-01T00:00:00Z","Next":"B"}`, `"B":{"Type":"Pass","Output":"{% $now() %}","End":true}`), `{}`, `"2026-01-01T00:00:00.000Z"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := run(t, test.definition, test.input)
			if x.Status != "SUCCEEDED" {
				t.Fatalf("%s: %s: %s", x.Status, text(x.Error), text(x.Cause))
			}
			if diff := cmp.Diff(test.want, x.Output); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ definition, name, cause string }{
		"no choice":           {machine("C", `"C":{"Type":"Choice","Choices":[{"Condition":false,"Next":"A"}]}`, pass("A")), "States.NoChoiceMatched", "An error occurred while executing the state 'C' (entered at the event id #2)."},
		"condition":           {machine("C", `"C":{"Type":"Choice","Choices":[{"Condition":"{% 1 %}","Next":"A"}]}`, pass("A")), "States.QueryEvaluationError", "Expected 'boolean', but was 'number' for value: 1"},
		"rule's output":       {machine("C", `"C":{"Type":"Choice","Choices":[{"Condition":false,"Next":"A"},{"Condition":true,"Next":"A","Output":{"v":"{% $nope %}"}}]}`, pass("A")), "States.QueryEvaluationError", "'$nope' specified for the field 'Choices[1]/Output/v' returned nothing"},
		"rule's condition":    {machine("C", `"C":{"Type":"Choice","Choices":[{"Condition":"{% $nope %}","Next":"A"}]}`, pass("A")), "States.QueryEvaluationError", "'$nope' specified for the field 'Choices[0]/Condition' returned nothing"},
		"throws":              {machine("A", `"A":{"Type":"Pass","Output":{"a":["{% 1 + 'x' %}"]},"End":true}`), "States.QueryEvaluationError", `The JSONata expression '1 + 'x'' specified for the field 'Output/a[0]' threw an error during evaluation. T2002: The right side of the "+" operator must evaluate to a number`},
		"endless":             {machine("A", `"A":{"Type":"Pass","Output":"{% ($f := function($x){ $f($x) }; $f(1)) %}","End":true}`), "States.QueryEvaluationError", "threw an error during evaluation: the evaluation exceeds the bounds of an expression"},
		"function result":     {machine("A", `"A":{"Type":"Pass","Output":"{% $sum %}","End":true}`), "States.QueryEvaluationError", "but was 'function'"},
		"negative wait":       {machine("A", `"A":{"Type":"Wait","Seconds":"{% -1 %}","End":true}`), "States.QueryEvaluationError", "must be an integer between 0 and 99999999 but was: -1"},
		"output too large":    {machine("A", `"A":{"Type":"Pass","Output":"{% $pad('x', 300000) %}","End":true}`), "States.DataLimitExceeded", "exceeding the maximum number of bytes service limit"},
		"arguments too large": {machine("A", `"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $pad('x', 300000) %}"},"End":true}`), "States.DataLimitExceeded", "exceeding"},
		"history too long":    {machine("A", `"A":{"Type":"Pass","Next":"B"}`, `"B":{"Type":"Choice","Choices":[{"Condition":true,"Next":"A"}],"Default":"C"}`, pass("C")), "States.Runtime", "maximum number of history events"},
		"tolerance":           {machine("M", `"M":{"Type":"Map","End":true,"Items":[1,2,3],"ToleratedFailureCount":1,"ItemProcessor":{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"x"}}}}`), "States.ExceedToleratedFailureThreshold", ""},
		"catcher's output":    {machine("P", `"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"x"}}}],"Catch":[{"ErrorEquals":["x"],"Output":"{% $nope %}","Next":"A"}]}`, pass("A")), "States.QueryEvaluationError", "'$nope' specified for the field 'Catch[0]/Output' returned nothing"},
		"timeout not named":   {machine("A", invoke("A", `"TimeoutSeconds":1,"Retry":[{"ErrorEquals":["States.TaskFailed"]}],"Catch":[{"ErrorEquals":["States.TaskFailed","States.HeartbeatTimeout"],"Next":"B"}],"End":true`), pass("B")), "States.Timeout", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud()
			behaves("wait_60_seconds.py")(t, c)
			x := c.start(t, test.definition, `{}`)
			c.loop.RunFor(time.Hour)
			if x.Status != "FAILED" || text(x.Error) != test.name || !strings.Contains(text(x.Cause), test.cause) {
				t.Errorf("got %s, %s: %s\nwant FAILED, %s: …%s…", x.Status, text(x.Error), text(x.Cause), test.name, test.cause)
			}
			if n := len(x.History()); n > 25_000 {
				t.Errorf("%d events, want at most 25000", n)
			}
		})
	}
}

func TestRetryDelays(t *testing.T) {
	t.Parallel()
	attempts := func(retrier string) []time.Duration {
		c := newCloud()
		var at []time.Duration
		c.functions["f"] = func(_ []byte, done func(states.FunctionResult)) {
			at = append(at, c.loop.Now().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
			done(exception(t, "Broken", "", "r"))
		}
		c.start(t, machine("A", invoke("A", `"Retry":[{"ErrorEquals":["Other"]},{"ErrorEquals":["States.TaskFailed"],`+retrier+`}],"End":true`)), `{}`)
		c.loop.RunFor(time.Hour)
		return at
	}
	if diff := cmp.Diff([]time.Duration{0, 2 * time.Second, 8 * time.Second, 18 * time.Second, 28 * time.Second}, attempts(`"IntervalSeconds":2,"BackoffRate":3,"MaxAttempts":4,"MaxDelaySeconds":10`)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	first, second := attempts(`"MaxAttempts":5,"JitterStrategy":"FULL"`), attempts(`"MaxAttempts":5,"JitterStrategy":"FULL"`)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs with jitter differ:\n%s", diff)
	}
	for i, plain := range attempts(`"MaxAttempts":5`) {
		if i > 0 && (first[i] >= plain || first[i] <= first[i-1]) {
			t.Errorf("attempt %d with jitter at %v, want after %v and before %v", i, first[i], first[i-1], plain)
		}
	}
}

func TestExecutionTimeout(t *testing.T) {
	t.Parallel()
	x := run(t, strings.Replace(machine("A", `"A":{"Type":"Wait","Seconds":60,"End":true}`), `"StartAt"`, `"TimeoutSeconds":5,"StartAt"`, 1), `{}`)
	if x.Status != "TIMED_OUT" || x.Error != nil || x.StopTime.Sub(x.StartTime) != 5*time.Second {
		t.Errorf("got %s, error %v, after %v; want TIMED_OUT, none, 5s", x.Status, x.Error, x.StopTime.Sub(x.StartTime))
	}
}

func TestStopRunsNoCatch(t *testing.T) {
	t.Parallel()
	c := newCloud()
	behaves("wait_60_seconds.py")(t, c)
	x := c.start(t, machine("P", `"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{`+invoke("A", `"End":true`)+`}},{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":90,"End":true}}}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]}`, pass("C")), `{}`)
	c.loop.RunFor(time.Second)
	x.Stop(aws.String("Enough"), aws.String("by hand"))
	c.loop.RunFor(time.Hour)
	if x.Status != "ABORTED" || text(x.Error) != "Enough" || text(x.Cause) != "by hand" {
		t.Errorf("got %s, %s, %s", x.Status, text(x.Error), text(x.Cause))
	}
	want := "1<0 ExecutionStarted\n2<0 ParallelStateEntered\n3<2 ParallelStateStarted\n4<3 TaskStateEntered\n5<4 TaskScheduled\n6<5 TaskStarted\n7<3 WaitStateEntered\n" +
		"8<6 TaskStateAborted\n9<7 WaitStateAborted\n10<3 ParallelStateAborted\n11<0 ExecutionAborted"
	if diff := cmp.Diff(want, kinds(x)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"RUNNING", "ABORTED"}, c.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestFailedBranchAbortsTheOthers(t *testing.T) {
	t.Parallel()
	x := run(t, machine("M", `"M":{"Type":"Map","End":true,"Items":[1,2],"ItemProcessor":{"StartAt":"C","States":{
		"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 2 %}","Next":"F"}],"Default":"W"},"F":{"Type":"Fail","Error":"x"},"W":{"Type":"Wait","Seconds":9,"End":true}}}}`), `{}`)
	want := "10<7 WaitStateEntered\n11<9 FailStateEntered\n12<11 MapIterationFailed\n13<10 WaitStateAborted\n14<10 MapIterationAborted\n15<11 MapStateFailed\n16<15 ExecutionFailed"
	if got := kinds(x); !strings.HasSuffix(got, want) {
		t.Errorf("events\n%s\nwant at the end\n%s", got, want)
	}
	if x.StopTime != x.StartTime {
		t.Errorf("ended after %v, want at once", x.StopTime.Sub(x.StartTime))
	}
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	c := newCloud()
	broken := true
	c.functions["f"] = func(payload []byte, done func(states.FunctionResult)) {
		if broken {
			done(exception(t, "Broken", "", "r"))
			return
		}
		done(states.FunctionResult{Payload: payload, StatusCode: 200})
	}
	x := c.start(t, machine("A", `"A":{"Type":"Pass","Assign":{"x":1},"Output":{"n":1},"Next":"B"}`,
		function("B", `"Retry":[{"ErrorEquals":["Broken"],"MaxAttempts":1}],"Output":["{% $states.result %}","{% $x %}","{% $states.context.Execution.RedriveCount %}","{% $states.context.State.RetryCount %}"],"End":true`)), `{}`)
	if _, ok := x.Redrivable(); ok {
		t.Error("redrivable while it runs")
	}
	c.loop.RunFor(time.Minute)
	if _, ok := x.Redrivable(); !ok || x.Status != "FAILED" {
		t.Fatalf("%s, redrivable %v; want FAILED, true", x.Status, ok)
	}
	broken = false
	x.Redrive()
	c.loop.RunFor(time.Minute)
	if x.Status != "SUCCEEDED" || x.Output != `[{"n":1},1,1,0]` || x.Error != nil {
		t.Errorf("got %s with %s, want SUCCEEDED with [{\"n\":1},1,1,0]", x.Status, x.Output)
	}
	if diff := cmp.Diff([]string{"A", "B"}, x.Path()); diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
	if got := x.Transitions(); got != 4 {
		t.Errorf("%d transitions, want 4: two states, a retry and the redrive", got)
	}
	if diff := cmp.Diff([]string{"RUNNING", "FAILED", "RUNNING", "SUCCEEDED"}, c.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if _, ok := x.Redrivable(); ok {
		t.Error("redrivable after it succeeded")
	}
}
