package stepfunctions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/stepfunctions"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const role = "arn:aws:iam::123456789012:role/flow"

// cloud is Step Functions with a client, and what it did outside.
type cloud struct {
	t       *testing.T
	loop    *loop.Loop
	service *stepfunctions.Service
	client  *sfn.Client
	events  []map[string]any
	tokens  []string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, loop: loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	c.service = stepfunctions.New(c.loop, "123456789012", "us-east-1", stepfunctions.Deps{
		Emit: func(source, detailType string, resources []string, detail any) {
			text, err := json.Marshal(detail)
			if err != nil {
				t.Error(err)
			}
			event := map[string]any{"source": source, "detail-type": detailType, "resources": resources}
			var fields map[string]any
			if err := json.Unmarshal(text, &fields); err != nil {
				t.Error(err)
			}
			event["detail"] = fields
			c.events = append(c.events, event)
		},
		InvokeLambda: func(roleARN, _ string, payload []byte, done func(stepfunctions.Result)) {
			if roleARN != role {
				t.Errorf("function invoked as %s, want %s", roleARN, role)
			}
			var in struct {
				Token string `json:"Token"`
			}
			if err := json.Unmarshal(payload, &in); err != nil {
				t.Error(err)
			}
			c.tokens = append(c.tokens, in.Token)
			done(stepfunctions.Result{Payload: []byte("null"), StatusCode: 200})
		},
	})
	transport := wire.NewTransport(c.loop, wire.NewMux("123456789012", "us-east-1", c.service.Wire()), wire.TransportOptions{})
	c.client = sfn.NewFromConfig(aws.Config{
		Region: "us-east-1", HTTPClient: transport,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return c
}

const waits = `{"QueryLanguage":"JSONata","StartAt":"Ask","States":{
	"Ask":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{"FunctionName":"ask","Payload":{"Token":"{% $states.context.Task.Token %}"}},"TimeoutSeconds":3600,"Next":"Done"},
	"Done":{"Type":"Succeed"}}}`

const passes = `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`

func (c *cloud) create(definition string) string {
	c.t.Helper()
	out, err := c.client.CreateStateMachine(c.t.Context(), &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: &definition, RoleArn: aws.String(role)})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.StateMachineArn
}

func (c *cloud) start(machine, name, input string) string {
	c.t.Helper()
	out, err := c.client.StartExecution(c.t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.ExecutionArn
}

func (c *cloud) describe(arn string) *sfn.DescribeExecutionOutput {
	c.t.Helper()
	out, err := c.client.DescribeExecution(c.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestCreateStateMachine(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	arn := c.create(passes)
	if want := "arn:aws:states:us-east-1:123456789012:stateMachine:m"; arn != want {
		t.Errorf("arn %s, want %s", arn, want)
	}
	c.loop.RunFor(time.Minute)
	if again := c.create(passes); again != arn {
		t.Errorf("created again as %s, want %s", again, arn)
	}
	for _, test := range []struct {
		change func(*sfn.CreateStateMachineInput)
		want   string
	}{
		{func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(waits) }, "StateMachineAlreadyExists"},
		{func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("a b") }, "InvalidName"},
		{func(in *sfn.CreateStateMachineInput) { in.RoleArn = aws.String("flow") }, "InvalidArn"},
		{func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(`{"StartAt":"A"}`) }, "InvalidDefinition"},
		{func(in *sfn.CreateStateMachineInput) { in.Type = types.StateMachineTypeExpress }, "StateMachineTypeNotSupported"},
		{func(in *sfn.CreateStateMachineInput) { in.Publish = true }, "ValidationException"},
		{func(in *sfn.CreateStateMachineInput) {
			in.LoggingConfiguration = &types.LoggingConfiguration{Level: types.LogLevelAll}
		}, "InvalidLoggingConfiguration"},
		{func(in *sfn.CreateStateMachineInput) {
			in.TracingConfiguration = &types.TracingConfiguration{Enabled: true}
		}, "InvalidTracingConfiguration"},
	} {
		in := &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(passes), RoleArn: aws.String(role)}
		test.change(in)
		_, err := c.client.CreateStateMachine(t.Context(), in)
		wantCode(t, err, test.want)
	}
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	bad := strings.Replace(passes, `"End":true`, `"Next":"B"`, 1)
	_, err := c.client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: &bad, RoleArn: aws.String(role)})
	var invalid *types.InvalidDefinition
	if !errors.As(err, &invalid) || !strings.HasPrefix(invalid.ErrorMessage(), "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next'") {
		t.Errorf("got %v", err)
	}
	for _, test := range []struct {
		definition string
		want       types.ValidateStateMachineDefinitionResultCode
	}{{passes, "OK"}, {bad, "FAIL"}} {
		out, err := c.client.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: &test.definition, MaxResults: 1})
		if err != nil {
			t.Fatal(err)
		}
		if out.Result != test.want || (len(out.Diagnostics) == 1) != (test.want == "FAIL") {
			t.Errorf("got %s with %d diagnostics, want %s", out.Result, len(out.Diagnostics), test.want)
		}
	}
}

func TestDiagnosticWithoutLocation(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	loop := `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"},"C":{"Type":"Pass","Next":"A"}}}`
	out, err := c.client.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: &loop})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.ValidateStateMachineDefinitionDiagnostic{{
		Severity: "ERROR", Code: aws.String("MISSING_END_STATE"), Message: aws.String("Workflow has no terminal state"),
	}}
	if diff := cmp.Diff(want, out.Diagnostics, cmpopts.IgnoreUnexported(types.ValidateStateMachineDefinitionDiagnostic{})); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestStartExecutionIsIdempotentByName(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	m := c.create(waits)
	arn := c.start(m, "one", `{"a":1}`)
	first := c.describe(arn)
	c.loop.RunFor(time.Minute)
	if again := c.start(m, "one", `{"a":1}`); again != arn {
		t.Errorf("started again as %s, want %s", again, arn)
	}
	if now := c.describe(arn); !now.StartDate.Equal(*first.StartDate) {
		t.Errorf("start date %v, want %v", now.StartDate, first.StartDate)
	}
	begin := func(in *sfn.StartExecutionInput) error {
		_, err := c.client.StartExecution(t.Context(), in)
		return err
	}
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: &m, Name: aws.String("one"), Input: aws.String(`{"a": 1}`)}), "ExecutionAlreadyExists")
	if _, err := c.client.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &c.tokens[0], Output: aws.String("{}")}); err != nil {
		t.Fatal(err)
	}
	c.loop.RunFor(time.Second)
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: &m, Name: aws.String("one"), Input: aws.String(`{"a":1}`)}), "ExecutionAlreadyExists")
	c.loop.RunFor(91 * 24 * time.Hour)
	if err := begin(&sfn.StartExecutionInput{StateMachineArn: &m, Name: aws.String("one"), Input: aws.String(`{"a":1}`)}); err != nil {
		t.Errorf("a name is free after 90 days: %v", err)
	}
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: &m, Input: aws.String(`{`)}), "InvalidExecutionInput")
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: &m, Name: aws.String("a b")}), "InvalidName")
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: aws.String(m + "x")}), "StateMachineDoesNotExist")
	wantCode(t, begin(&sfn.StartExecutionInput{StateMachineArn: &arn}), "InvalidArn")
}

func TestTaskTokensAndEvents(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	arn := c.start(c.create(waits), "one", `{"a":1}`)
	c.loop.RunFor(time.Second)
	success := func(token, output string) error {
		_, err := c.client.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &output})
		return err
	}
	wantCode(t, success("garbage", "{}"), "InvalidToken")
	wantCode(t, success(c.tokens[0][:len(c.tokens[0])-4]+"0000", "{}"), "TaskDoesNotExist")
	wantCode(t, success(c.tokens[0], "{"), "InvalidOutput")
	if _, err := c.client.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: &c.tokens[0]}); err != nil {
		t.Error(err)
	}
	if err := success(c.tokens[0], `{"ok":true}`); err != nil {
		t.Error(err)
	}
	c.loop.RunFor(time.Second)
	_, err := c.client.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: &c.tokens[0]})
	wantCode(t, err, "TaskTimedOut")
	got := c.describe(arn)
	if got.Status != types.ExecutionStatusSucceeded || aws.ToString(got.Output) != `{"ok":true}` || got.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable {
		t.Errorf("got %s with %s, %s", got.Status, aws.ToString(got.Output), got.RedriveStatus)
	}
	if diff := cmp.Diff([]string{"Ask", "Done"}, c.service.Path(arn)); diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
	if n := c.service.Transitions(arn); n != 2 {
		t.Errorf("%d transitions, want 2", n)
	}
	want := map[string]any{
		"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "resources": []string{arn},
		"detail": map[string]any{
			"executionArn": arn, "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m", "name": "one", "status": "SUCCEEDED",
			"startDate": 1767225600000.0, "stopDate": 1767225601000.0, "input": `{"a":1}`, "output": `{"ok":true}`,
			"inputDetails": map[string]any{"included": true}, "outputDetails": map[string]any{"included": true},
			"stateMachineVersionArn": nil, "stateMachineAliasArn": nil, "redriveCount": 0.0, "redriveDate": nil,
			"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven", "error": nil, "cause": nil,
		},
	}
	if len(c.events) != 2 {
		t.Fatalf("%d events, want 2", len(c.events))
	}
	if diff := cmp.Diff(want, c.events[1]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestUpdateKeepsWhatRuns(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	m := c.create(waits)
	old := c.start(m, "old", `{}`)
	c.loop.RunFor(time.Second)
	out, err := c.client.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: &m, Definition: aws.String(passes)})
	if err != nil || aws.ToString(out.RevisionId) == "" {
		t.Fatalf("revision %s, error %v", aws.ToString(out.RevisionId), err)
	}
	c.start(m, "new", `{}`)
	c.loop.RunFor(time.Second)
	if got := c.describe(old).Status; got != types.ExecutionStatusRunning {
		t.Errorf("the old execution is %s, want RUNNING", got)
	}
	was, err := c.client.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &old})
	if err != nil || aws.ToString(was.Definition) != waits {
		t.Errorf("the old execution's definition is %s, error %v", aws.ToString(was.Definition), err)
	}
	now, err := c.client.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &m})
	if err != nil || aws.ToString(now.Definition) != passes || now.Status != types.StateMachineStatusActive {
		t.Errorf("the state machine is %s with %s, error %v", now.Status, aws.ToString(now.Definition), err)
	}
	_, err = c.client.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: &m})
	wantCode(t, err, "MissingRequiredParameter")
}

func TestDeleteWaitsForWhatRuns(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	m := c.create(waits)
	arn := c.start(m, "one", `{}`)
	c.loop.RunFor(time.Second)
	if _, err := c.client.DeleteStateMachine(t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: &m}); err != nil {
		t.Fatal(err)
	}
	_, err := c.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &m})
	wantCode(t, err, "StateMachineDeleting")
	if _, err := c.client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("E"), Cause: aws.String("C")}); err != nil {
		t.Fatal(err)
	}
	got := c.describe(arn)
	if got.Status != types.ExecutionStatusAborted || aws.ToString(got.Error) != "E" || aws.ToString(got.Cause) != "C" {
		t.Errorf("got %s, %s, %s", got.Status, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
	_, err = c.client.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &m})
	wantCode(t, err, "StateMachineDoesNotExist")
}

func TestRedriveExecution(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	arn := c.start(c.create(waits), "one", `{}`)
	c.loop.RunFor(time.Second)
	redrive := func(token string) (*sfn.RedriveExecutionOutput, error) {
		return c.client.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn, ClientToken: &token})
	}
	_, err := redrive("a")
	wantCode(t, err, "ExecutionNotRedrivable")
	c.loop.RunFor(2 * time.Hour)
	if got := c.describe(arn); got.Status != types.ExecutionStatusFailed || aws.ToString(got.Error) != "States.Timeout" || got.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Fatalf("got %s, %s, %s", got.Status, aws.ToString(got.Error), got.RedriveStatus)
	}
	first, err := redrive("a")
	if err != nil {
		t.Fatal(err)
	}
	c.loop.RunFor(time.Minute)
	if again, err := redrive("a"); err != nil || !again.RedriveDate.Equal(*first.RedriveDate) {
		t.Errorf("the same client token: %v, error %v; want %v", again, err, first.RedriveDate)
	}
	got := c.describe(arn)
	if got.Status != types.ExecutionStatusRunning || aws.ToInt32(got.RedriveCount) != 1 || got.StopDate != nil {
		t.Errorf("got %s, redriven %d times, stopped %v", got.Status, aws.ToInt32(got.RedriveCount), got.StopDate)
	}
	if len(c.tokens) != 2 {
		t.Errorf("%d tokens, want a new one after the redrive", len(c.tokens))
	}
	c.loop.RunFor(30 * 24 * time.Hour)
	_, err = redrive("b")
	wantCode(t, err, "ExecutionNotRedrivable")
}

func TestHistoryAndLists(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	m := c.create(passes)
	for i := range 3 {
		c.start(m, fmt.Sprintf("e%d", i), `{"secret":1}`)
		c.loop.RunFor(time.Second)
	}
	var names []string
	pages := sfn.NewListExecutionsPaginator(c.client, &sfn.ListExecutionsInput{StateMachineArn: &m, MaxResults: 2, StatusFilter: types.ExecutionStatusSucceeded})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			names = append(names, *e.Name)
		}
	}
	if diff := cmp.Diff([]string{"e2", "e1", "e0"}, names); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	arn := strings.Replace(m, ":stateMachine:", ":execution:", 1) + ":e0"
	history := func(in *sfn.GetExecutionHistoryInput) (*sfn.GetExecutionHistoryOutput, error) {
		in.ExecutionArn = &arn
		return c.client.GetExecutionHistory(t.Context(), in)
	}
	var kinds []string
	var token *string
	for {
		out, err := history(&sfn.GetExecutionHistoryInput{ReverseOrder: true, MaxResults: 3, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			kinds = append(kinds, string(e.Type))
		}
		if token = out.NextToken; token == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"ExecutionSucceeded", "PassStateExited", "PassStateEntered", "ExecutionStarted"}, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	out, err := history(&sfn.GetExecutionHistoryInput{IncludeExecutionData: aws.Bool(false)})
	if err != nil || out.Events[1].StateEnteredEventDetails.Input != nil || aws.ToString(out.Events[1].StateEnteredEventDetails.Name) != "A" {
		t.Errorf("without data: %+v, error %v", out.Events[1].StateEnteredEventDetails, err)
	}
	if out, err = history(&sfn.GetExecutionHistoryInput{}); err != nil || aws.ToString(out.Events[1].StateEnteredEventDetails.Input) != `{"secret":1}` {
		t.Errorf("with data: %+v, error %v", out.Events[1].StateEnteredEventDetails, err)
	}
	_, err = history(&sfn.GetExecutionHistoryInput{NextToken: aws.String("nope")})
	wantCode(t, err, "InvalidToken")
	arn += "x"
	_, err = history(&sfn.GetExecutionHistoryInput{})
	wantCode(t, err, "ExecutionDoesNotExist")
	machines, err := c.client.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
	if err != nil || len(machines.StateMachines) != 1 || aws.ToString(machines.StateMachines[0].StateMachineArn) != m {
		t.Errorf("state machines %v, error %v; want %s", machines.StateMachines, err, m)
	}
}
