package states_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/states"
)

// translation is a recorded JSONPath definition, written by hand in JSONata, and
// what happened around it.
type translation struct {
	recordings []string // of which it must give the events
	definition string
	input      string
	setUp      func(t *testing.T, c *cloud)
	act        func(t *testing.T, c *cloud) // a second after the start
}

const functionARN = "arn:aws:lambda:us-east-1:111111111111:function:f"

// notEmulated are recordings of what Parse refuses.
func notEmulated() map[string]string {
	return map[string]string{
		"test_activity_task_start_timeout":               "activities",
		"test_activity_task_with_heartbeat":              "activities",
		"test_cross_account_service_lambda_invoke_retry": "Credentials",
		"test_catch":                "express, and no history",
		"test_retry":                "express, and no history",
		"test_catch_states_runtime": "an error of JSONPath",
		"test_invalid_jsonpath[ST.INVALID_JSONPATH_IN_HEARTBEATSECONDSPATH]": "an error of JSONPath",
		"test_invalid_jsonpath[ST.INVALID_JSONPATH_IN_TIMEOUTSECONDSPATH]":   "an error of JSONPath",
		"test_global_timeout": "no history: TestExecutionTimeout",
	}
}

func machine(start string, states ...string) string {
	return fmt.Sprintf(`{"QueryLanguage":"JSONata","StartAt":%q,"States":{%s}}`, start, strings.Join(states, ","))
}

func pass(names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf(`%q:{"Type":"Pass","End":true}`, name))
	}
	return strings.Join(all, ",")
}

// invoke is a Task that invokes the function f by the optimized integration, and
// function one that does so by its ARN.
func invoke(name, rest string) string {
	return fmt.Sprintf(`%q:{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":{}},%s}`, name, rest)
}

func function(name, rest string) string {
	return fmt.Sprintf(`%q:{"Type":"Task","Resource":%q,%s}`, name, functionARN, rest)
}

func queue(name, rest string) string {
	return fmt.Sprintf(`%q:{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
		"Arguments":{"QueueUrl":"q","MessageBody":{"TaskToken":"{%% $states.context.Task.Token %%}"}},%s}`, name, rest)
}

func behaves(behaviour string) func(*testing.T, *cloud) {
	return func(t *testing.T, c *cloud) {
		t.Helper()
		requests := 0
		switch behaviour {
		case "raise_custom_exception.py":
			c.functions["f"] = func(_ []byte, done func(states.FunctionResult)) { done(exception(t, "CustomException", "", "r")) }
		case "wait_60_seconds.py":
			c.functions["f"] = func(_ []byte, done func(states.FunctionResult)) {
				c.loop.After(time.Minute, func() { done(states.FunctionResult{Payload: []byte("{}")}) })
			}
		case "large_output_string.py":
			c.functions["f"] = func(_ []byte, done func(states.FunctionResult)) {
				done(states.FunctionResult{Payload: []byte(`"` + strings.Repeat("a", 257<<10) + `"`)})
			}
		case "none":
			c.functions["f"] = func(_ []byte, done func(states.FunctionResult)) {
				done(states.FunctionResult{Err: &types.ResourceNotFoundException{Message: aws.String("Function not found: " + functionARN + ":$LATEST")}})
			}
		default:
			c.functions["f"] = python(t, behaviour, &requests)
		}
	}
}

// sends answers SendMessage, and remembers the token that was in the message.
func sends(t *testing.T, c *cloud) {
	t.Helper()
	c.api = func(service, operation string, input json.RawMessage, done func(json.RawMessage, string, string)) {
		if service != "sqs" || operation != "sendMessage" {
			t.Errorf("call of %s:%s, want sqs:sendMessage", service, operation)
		}
		var request struct {
			MessageBody string `json:"MessageBody"`
		}
		if err := json.Unmarshal(input, &request); err != nil {
			t.Error(err)
		}
		var body struct {
			TaskToken string `json:"TaskToken"`
		}
		if err := json.Unmarshal([]byte(request.MessageBody), &body); err != nil {
			t.Error(err)
		}
		c.tokens = append(c.tokens, body.TaskToken)
		done(json.RawMessage(`{"MessageId":"m"}`), "", "")
	}
}

func failsTask(name, cause *string) func(*testing.T, *cloud) {
	return func(t *testing.T, c *cloud) {
		t.Helper()
		if err := c.services.Tokens.Fail(c.tokens[0], name, cause); err != nil {
			t.Error(err)
		}
	}
}

func translations() []translation {
	const (
		relevant = `"Catch":[{"ErrorEquals":["Lambda.Unknown"],"Next":"Unknown"},{"ErrorEquals":["States.TaskFailed"],"Next":"EndWithStateTaskFailedHandler"},{"ErrorEquals":["States.ALL"],"Next":"All"}],"Next":"Final"`
		unknown  = `"Catch":[{"ErrorEquals":["Lambda.Unknown"],"Next":"Unknown"}],"Next":"Final"`
		retry3   = `"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":3}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"HandleError"}],"End":true`
		items    = `"Start":{"Type":"Pass","Output":[1],"Next":"MapState"}`
		failing  = `"Type":"Map","MaxConcurrency":1,"Next":"Final","ItemProcessor":{"StartAt":"HandleItemFail","States":{"HandleItemFail":{"Type":"Fail","Error":"HandleItemFailError","Cause":"HandleItemFailCause"}}}`
		branches = `"Type":"Parallel","Next":"Final","Branches":[{"StartAt":"Branch1","States":{"Branch1":{"Type":"Fail","Error":"FailureType","Cause":"Cause description"}}}]`
	)
	three := pass("Unknown", "EndWithStateTaskFailedHandler", "All", "Final")
	raises, custom, sleeps, large := behaves("raise_exception.py"), behaves("raise_custom_exception.py"), behaves("wait_60_seconds.py"), behaves("large_output_string.py")
	return []translation{
		{
			recordings: []string{"test_assign_in_catch_state"},
			definition: machine("Task", invoke("Task", `"Assign":{"result":"SUCCESS"},"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"result":"{% $states.errorOutput %}"},"Next":"fallback"}],"End":true`), pass("fallback")),
			setUp:      raises,
		},
		{
			recordings: []string{"test_variables_in_lambda_task[BASE_ASSIGN_FROM_LAMBDA_TASK_RESULT]"},
			definition: machine("Pass", `"Pass":{"Type":"Pass","Assign":{"timeout":300},"Next":"Task"}`,
				invoke("Task", `"TimeoutSeconds":"{% $timeout %}","Assign":{"result":"{% $states.result.Payload %}"},"Output":"{% $states.result.Payload %}","Next":"End"`),
				`"End":{"Type":"Pass","Assign":{"previousResult":"{% $result %}","timeout":150},"End":true}`),
			setUp: behaves("id_function.py"),
		},
		{
			recordings: []string{"test_sns_publish_wait_for_task_token"},
			definition: machine("Publish", queue("Publish", `"End":true`)),
			setUp:      sends,
			act: func(t *testing.T, c *cloud) {
				t.Helper()
				if err := c.services.Tokens.Succeed(c.tokens[0], "{}"); err != nil {
					t.Error(err)
				}
			},
		},
		{
			recordings: []string{"test_sqs_failure_in_wait_for_task_tok_no_error_field[SQS_PARALLEL_WAIT_FOR_TASK_TOKEN]"},
			definition: machine("ParallelJob", `"ParallelJob":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"SendMessageWithWait","States":{`+queue("SendMessageWithWait", `"End":true`)+`}}],
				"Catch":[{"ErrorEquals":["States.Runtime"],"Next":"CaughtRuntimeError"},{"ErrorEquals":["States.ALL"],"Next":"CaughtStatesALL"}]}`, pass("CaughtRuntimeError", "CaughtStatesALL")),
			setUp: sends, act: failsTask(nil, nil),
		},
		{
			recordings: []string{"test_sqs_failure_in_wait_for_task_tok_no_error_field[SQS_WAIT_FOR_TASK_TOKEN_CATCH]"},
			definition: machine("SendMessageWithWait", queue("SendMessageWithWait", `"End":true,"Catch":[{"ErrorEquals":["States.Runtime"],"Next":"CaughtRuntimeError"},{"ErrorEquals":["States.ALL"],"Next":"CaughtStatesALL"}]`), pass("CaughtRuntimeError", "CaughtStatesALL")),
			setUp:      sends, act: failsTask(nil, nil),
		},
		{
			recordings: []string{"test_sqs_failure_in_wait_for_task_tok"},
			definition: machine("SendMessageWithWait", queue("SendMessageWithWait", `"Next":"EndWithFinal","Catch":[{"ErrorEquals":["Failure error"],"Next":"EndWithCaught"}]`), pass("EndWithFinal", "EndWithCaught")),
			setUp:      sends, act: failsTask(aws.String("Failure error"), aws.String("Failure cause")),
		},
		{
			recordings: []string{"test_comments_as_per_docs"},
			definition: machine("SetupInitialCondition",
				`"SetupInitialCondition":{"Comment":"c","Type":"Pass","Output":{"status":"incomplete"},"Next":"TaskStateCatchRetry"}`,
				function("TaskStateCatchRetry", `"Next":"IsComplete","Retry":[{"Comment":"c","ErrorEquals":["States.ALL"],"IntervalSeconds":3,"MaxAttempts":1,"BackoffRate":1}],"Catch":[{"Comment":"c","ErrorEquals":["States.TaskFailed"],"Next":"FailState"}]`),
				`"IsComplete":{"Type":"Choice","Choices":[{"Comment":"c","Condition":"{% $states.input.status = 'complete' %}","Next":"SuccessState"}],"Default":"WaitState"}`,
				`"WaitState":{"Type":"Wait","Seconds":5,"Next":"CorrectCondition"}`,
				`"CorrectCondition":{"Type":"Pass","Output":{"status":"complete"},"Next":"TaskStateCatchRetry"}`,
				`"SuccessState":{"Type":"Succeed"}`, `"FailState":{"Type":"Fail","Error":"TaskFailed"}`),
			setUp: behaves("id_function.py"),
		},
		{
			recordings: []string{"test_invalid_secret_name"},
			definition: machine("CreateSecret", `"CreateSecret":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:secretsmanager:createSecret","Arguments":{"Name":"Invalid Name"},
				"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"TaskFailedHandler"}],"End":true}`, pass("TaskFailedHandler")),
			setUp: func(_ *testing.T, c *cloud) {
				c.api = func(_, _ string, _ json.RawMessage, done func(json.RawMessage, string, string)) {
					done(nil, "ValidationException", "Invalid name.")
				}
			},
		},
		{
			recordings: []string{"test_service_task_lambada_catch_state_all_data_limit_exceeded_on_large_utf8_response"},
			definition: machine("InvokeLambda", invoke("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["States.ALL"],"Next":"HandleGeneralError"}]`), pass("ProcessResult", "HandleGeneralError")),
			setUp:      large,
		},
		{
			recordings: []string{"test_service_task_lambada_data_limit_exceeded_on_large_utf8_response"},
			definition: machine("InvokeLambda", invoke("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["States.DataLimitExceeded"],"Next":"HandleDataLimitExceeded"}]`), pass("ProcessResult", "HandleDataLimitExceeded")),
			setUp:      large,
		},
		{
			recordings: []string{"test_task_lambda_catch_state_all_data_limit_exceeded_on_large_utf8_response"},
			definition: machine("InvokeLambda", function("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["States.ALL"],"Next":"HandleGeneralError"}]`), pass("ProcessResult", "HandleGeneralError")),
			setUp:      large,
		},
		{
			recordings: []string{"test_task_lambda_data_limit_exceeded_on_large_utf8_response"},
			definition: machine("InvokeLambda", function("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["States.DataLimitExceeded"],"Next":"HandleDataLimitExceeded"}]`), pass("ProcessResult", "HandleDataLimitExceeded")),
			setUp:      large,
		},
		// Of a function, by its ARN and by lambda:invoke.
		{recordings: []string{"TestTaskLambda::test_no_such_function", "TestTaskLambda::test_raise_exception"}, definition: machine("Start", function("Start", unknown), pass("Unknown", "Final")), setUp: raises},
		{recordings: []string{"TestTaskLambda::test_no_such_function_catch", "TestTaskLambda::test_raise_exception_catch"}, definition: machine("Start", function("Start", relevant), three), setUp: raises},
		{recordings: []string{"TestTaskLambda::test_raise_custom_exception"}, definition: machine("InvokeLambda", function("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["CustomException"],"Next":"ErrorMatched"}]`), pass("ProcessResult", "ErrorMatched")), setUp: custom},
		{recordings: []string{"TestTaskServiceLambda::test_raise_custom_exception"}, definition: machine("InvokeLambda", invoke("InvokeLambda", `"Next":"ProcessResult","Catch":[{"ErrorEquals":["CustomException"],"Next":"ErrorMatched"}]`), pass("ProcessResult", "ErrorMatched")), setUp: custom},
		{recordings: []string{"TestTaskServiceLambda::test_no_such_function"}, definition: machine("Start", invoke("Start", unknown), pass("Unknown", "Final")), setUp: behaves("none")},
		{recordings: []string{"TestTaskServiceLambda::test_raise_exception"}, definition: machine("Start", invoke("Start", unknown), pass("Unknown", "Final")), setUp: raises},
		{recordings: []string{"TestTaskServiceLambda::test_no_such_function_catch"}, definition: machine("Start", invoke("Start", relevant), three), setUp: behaves("none")},
		{recordings: []string{"TestTaskServiceLambda::test_raise_exception_catch"}, definition: machine("Start", invoke("Start", relevant), three), setUp: raises},
		{
			recordings: []string{"test_invoke_timeout"},
			definition: machine("Start", invoke("Start", `"TimeoutSeconds":5,"Next":"EndWithFinal","Catch":[{"ErrorEquals":["States.Timeout"],"Next":"EndWithHandler"}]`), pass("EndWithFinal", "EndWithHandler")),
			setUp:      sleeps,
		},
		{
			recordings: []string{"test_send_message_empty_body"},
			definition: machine("Start", `"Start":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Arguments":{"QueueUrl":"q"},"Next":"EndWithFinal",
				"Catch":[{"ErrorEquals":["SQS.SdkClientException"],"Next":"EndWithClientHandler"},{"ErrorEquals":["SQS.AmazonSQSException"],"Next":"EndWithSQSException"}]}`, pass("EndWithFinal", "EndWithClientHandler", "EndWithSQSException")),
			setUp: func(_ *testing.T, c *cloud) {
				c.api = func(_, _ string, _ json.RawMessage, done func(json.RawMessage, string, string)) {
					done(nil, "MissingParameter", "The request must contain the parameter MessageBody.")
				}
			},
		},
		{recordings: []string{"test_catch_empty"}, definition: machine("StartTask", function("StartTask", `"Next":"Final","Catch":[]`), pass("Final")), setUp: behaves("id_function.py")},
		{recordings: []string{"test_lambda_empty_retry"}, definition: machine("LambdaTask", function("LambdaTask", `"End":true,"Retry":[]`)), setUp: raises},
		{recordings: []string{"test_lambda_invoke_with_retry_base", "test_lambda_invoke_with_retry_extended_input"}, definition: machine("InvokeLambdaWithRetry", function("InvokeLambdaWithRetry", retry3), pass("HandleError")), setUp: raises},
		{recordings: []string{"test_lambda_service_invoke_with_retry_extended_input"}, definition: machine("InvokeLambdaWithRetry", invoke("InvokeLambdaWithRetry", retry3), pass("HandleError")), setUp: raises},
		{recordings: []string{"test_retry_interval_features"}, definition: machine("LambdaTask", function("LambdaTask", `"End":true,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":3,"MaxAttempts":2,"BackoffRate":2,"MaxDelaySeconds":5,"JitterStrategy":"FULL"}]`)), setUp: raises},
		{recordings: []string{"test_retry_interval_features_jitter_none"}, definition: machine("LambdaTask", function("LambdaTask", `"End":true,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":3,"MaxAttempts":2,"BackoffRate":2,"MaxDelaySeconds":5,"JitterStrategy":"NONE"}]`)), setUp: raises},
		// Map and Parallel.
		{recordings: []string{"test_map_state_catch", "test_map_state_catch_legacy"}, definition: machine("Start", items, `"MapState":{`+failing+`,"Catch":[{"ErrorEquals":["HandleItemFailError"],"Next":"FinalCaught"}]}`, pass("Final", "FinalCaught"))},
		{
			recordings: []string{"test_map_state_catch_empty_fail"},
			definition: machine("Start", items, `"MapState":{"Type":"Map","MaxConcurrency":1,"Next":"CaughtNone","ItemProcessor":{"StartAt":"HandleItemFail","States":{"HandleItemFail":{"Type":"Fail"}}},
				"Catch":[{"ErrorEquals":["Internal Error"],"Next":"CaughtInternalError"},{"ErrorEquals":["State.ALL"],"Next":"CaughtStatesALL"}]}`, pass("CaughtNone", "CaughtInternalError", "CaughtStatesALL")),
		},
		{recordings: []string{"test_map_state_retry", "test_map_state_retry_legacy"}, definition: machine("Start", items, `"MapState":{`+failing+`,"Retry":[{"ErrorEquals":["HandleItemFailError"],"MaxAttempts":2}]}`, pass("Final"))},
		{recordings: []string{"test_map_state_retry_multiple_retriers"}, definition: machine("Start", items, `"MapState":{`+failing+`,"Retry":[{"ErrorEquals":["NoSuchError"],"MaxAttempts":1},{"ErrorEquals":["State.ALL"],"MaxAttempts":2},{"ErrorEquals":["HandleItemFailError"],"MaxAttempts":3}]}`, pass("Final"))},
		{recordings: []string{"test_parallel_state_catch"}, definition: machine("ParallelState", `"ParallelState":{`+branches+`,"Catch":[{"ErrorEquals":["FailureType"],"Next":"FinalCaught"}]}`, pass("Final", "FinalCaught"))},
		{recordings: []string{"test_parallel_state_retry"}, definition: machine("ParallelState", `"ParallelState":{`+branches+`,"Retry":[{"ErrorEquals":["FailureType"],"MaxAttempts":2}]}`, pass("Final"))},
		{
			recordings: []string{"test_catch_error_variable_sampling[TASK_CATCH_ERROR_VARIABLE_SAMPLING_TO_JSONPATH]", "test_task_catch_error_output[TASK_CATCH_ERROR_OUTPUT_TO_JSONPATH]"},
			definition: machine("Task", invoke("Task", `"Next":"Finish","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Fallback"}]`), pass("Finish", "Fallback")),
			setUp:      raises,
		},
		{
			recordings: []string{"test_task_catch_error_with_retry[TASK_CATCH_ERROR_OUTPUT_WITH_RETRY_TO_JSONPATH]"},
			definition: machine("Task", invoke("Task", `"Next":"Finish","Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1,"MaxAttempts":1}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Fallback"}]`), pass("Finish", "Fallback")),
			setUp:      raises,
		},
		// Heartbeats and timeouts.
		{recordings: []string{"test_heartbeat_no_timeout"}, definition: machine("SendMessageWithWait", queue("SendMessageWithWait", `"HeartbeatSeconds":5,"End":true`)), setUp: sends},
		{recordings: []string{"test_heartbeat_path_timeout"}, definition: machine("SendMessageWithWait", queue("SendMessageWithWait", `"TimeoutSeconds":600,"HeartbeatSeconds":"{% $states.input.h %}","End":true`)), input: `{"h":5}`, setUp: sends},
		{recordings: []string{"test_heartbeat_timeout"}, definition: machine("SendMessageWithWait", queue("SendMessageWithWait", `"TimeoutSeconds":600,"HeartbeatSeconds":5,"End":true`)), setUp: sends},
		{recordings: []string{"test_fixed_timeout_lambda"}, definition: machine("Start", function("Start", `"TimeoutSeconds":5,"End":true`)), setUp: sleeps},
		{recordings: []string{"test_fixed_timeout_service_lambda", "test_fixed_timeout_service_lambda_with_path"}, definition: machine("Start", invoke("Start", `"TimeoutSeconds":"{% 5 %}","End":true`)), setUp: sleeps},
	}
}

// TestRecordedMechanism holds translations of the JSONPath recordings against
// their histories: event types, ids, what they follow, error names, resources and
// timeouts.
func TestRecordedMechanism(t *testing.T) {
	t.Parallel()
	all := recorded(t, "asl-recorded-waits.jsonl")
	find := func(name string) *recording {
		var found *recording
		for i := range all {
			title, _, _ := strings.Cut(all[i].Name, "#")
			if strings.HasSuffix(title, "::"+name) {
				found = &all[i]
			}
		}
		return found
	}
	seen := map[string]bool{}
	for _, tr := range translations() {
		for _, name := range tr.recordings {
			r := find(name)
			if r == nil {
				t.Errorf("no recording %s", name)
				continue
			}
			seen[r.Name] = true
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tr.run(t, r)
			})
		}
	}
	skipped := notEmulated()
	for _, r := range all {
		title, _, _ := strings.Cut(r.Name, "#")
		name := title[strings.LastIndex(title, "::")+2:]
		if !seen[r.Name] && skipped[name] == "" && r.QueryLanguage != "jsonata" {
			t.Errorf("%s is neither translated nor known not to be emulated", r.Name)
		}
	}
}

func (tr translation) run(t *testing.T, r *recording) {
	t.Helper()
	c := newCloud()
	if tr.setUp != nil {
		tr.setUp(t, c)
	}
	input := tr.input
	if input == "" {
		input = "{}"
	}
	x := c.start(t, tr.definition, input)
	c.loop.RunFor(time.Second)
	if tr.act != nil {
		tr.act(t, c)
	}
	c.loop.RunFor(time.Hour)
	if string(x.Status) != r.ExpectedStatus {
		t.Fatalf("status %s (%s: %s), want %s", x.Status, text(x.Error), text(x.Cause), r.ExpectedStatus)
	}
	same(t, "error", r.ExpectedError, value(x.Error))
	var want, got []map[string]any
	for _, e := range r.ExpectedHistory {
		want = append(want, skeleton(e))
	}
	for _, e := range x.History() {
		got = append(got, skeleton(wireForm(e)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// skeleton is what of an event does not depend on the query language.
func skeleton(e map[string]any) map[string]any {
	s := map[string]any{"type": e["type"], "id": e["id"], "previous": e["previousEventId"]}
	for key, v := range e {
		details, is := v.(map[string]any)
		if !is || key == "executionStartedEventDetails" {
			continue
		}
		for _, name := range []string{"error", "resource", "resourceType", "heartbeatInSeconds", "timeoutInSeconds", "index", "length"} {
			value, has := details[name]
			if text, is := value.(string); is {
				if strings.HasPrefix(text, "arn:") {
					value = "arn"
				}
				// The recording is of SNS, which is not emulated.
				value = strings.Replace(fmt.Sprint(value), "publish.", "sendMessage.", 1)
				if name == "resourceType" && value == "sns" {
					value = "sqs"
				}
			}
			if has {
				s[name] = value
			}
		}
	}
	return s
}

func TestTokens(t *testing.T) {
	t.Parallel()
	c := newCloud()
	sends(t, c)
	x := c.start(t, machine("W", queue("W", `"HeartbeatSeconds":60,"TimeoutSeconds":600,"Retry":[{"ErrorEquals":["again"],"MaxAttempts":1}],"End":true`)), "{}")
	tokens := c.services.Tokens
	c.loop.RunFor(time.Second)
	for range 9 {
		c.loop.RunFor(58 * time.Second)
		if err := tokens.Heartbeat(c.tokens[0]); err != nil {
			t.Fatalf("heartbeat: %v", err)
		}
	}
	again := "again"
	if err := tokens.Fail(c.tokens[0], &again, nil); err != nil {
		t.Fatalf("fail: %v", err)
	}
	c.loop.RunFor(2 * time.Second)
	if len(c.tokens) != 2 || c.tokens[0] == c.tokens[1] {
		t.Fatalf("tokens %q, want two that differ", c.tokens)
	}
	unknown := c.tokens[0][:len(c.tokens[0])-4] + "0000"
	for _, test := range []struct {
		token string
		want  error
	}{
		{c.tokens[0], states.ErrTaskTimedOut},
		{"garbage", states.ErrInvalidToken},
		{unknown, states.ErrTaskDoesNotExist},
		{c.tokens[1], nil},
		{c.tokens[1], states.ErrTaskTimedOut},
	} {
		if err := tokens.Succeed(test.token, `{"a":1}`); !errors.Is(err, test.want) {
			t.Errorf("succeed with %.40s: got %v, want %v", test.token, err, test.want)
		}
	}
	c.loop.RunFor(time.Second)
	if x.Status != "SUCCEEDED" || x.Output != `{"a":1}` {
		t.Errorf("got %s with %s, want SUCCEEDED with {\"a\":1}", x.Status, x.Output)
	}
}
