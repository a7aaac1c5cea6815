package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const (
	flowRole = "arn:aws:iam::123456789012:role/flow"
	passes   = `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`
	waits    = `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3600,"End":true}}}`
	// asks puts its token on a queue and waits.
	asks = `{"QueryLanguage":"JSONata","StartAt":"Ask","States":{"Ask":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",` +
		`"Arguments":{"QueueUrl":"${url}","MessageBody":"{% $states.context.Task.Token %}"},"HeartbeatSeconds":60,"End":true}}}`
)

func stepfunctionsStories() []story {
	create := func(definition string) step {
		return ok(&sfn.CreateStateMachineInput{Name: new("m"), Definition: &definition, RoleArn: new(flowRole)},
			want("StateMachineArn", "arn:aws:states:us-east-1:123456789012:stateMachine:m"), save("m", "StateMachineArn"))
	}
	begin := func(name, input string) step {
		return ok(&sfn.StartExecutionInput{StateMachineArn: new("${m}"), Name: &name, Input: &input},
			want("ExecutionArn", "arn:aws:states:us-east-1:123456789012:execution:m:"+name), save(name, "ExecutionArn"))
	}
	const noMachine = "arn:aws:states:us-east-1:123456789012:stateMachine:none"
	const noExecution = "arn:aws:states:us-east-1:123456789012:execution:m:none"
	return []story{
		{name: "stepfunctions/Machines", steps: []step{
			create(passes), create(passes),
			fails("InvalidName", &sfn.CreateStateMachineInput{Name: new("a b"), Definition: new(passes), RoleArn: new(flowRole)}),
			ok(&sfn.DescribeStateMachineInput{StateMachineArn: new("${m}")},
				want("Name", "m"), want("Status", "ACTIVE"), want("Type", "STANDARD"), want("Definition", passes), want("RoleArn", flowRole)),
			fails("StateMachineDoesNotExist", &sfn.DescribeStateMachineInput{StateMachineArn: new(noMachine)}),
			fails("InvalidArn", &sfn.DescribeStateMachineInput{StateMachineArn: new("m")}),
			ok(&sfn.ListStateMachinesInput{}, want("StateMachines.#", 1), want("StateMachines.0.Name", "m")),
			fails("InvalidToken", &sfn.ListStateMachinesInput{NextToken: new("made-up")}),
			ok(&sfn.UpdateStateMachineInput{StateMachineArn: new("${m}"), Definition: new(waits)}),
			ok(&sfn.DescribeStateMachineInput{StateMachineArn: new("${m}")}, want("Definition", waits)),
			fails("MissingRequiredParameter", &sfn.UpdateStateMachineInput{StateMachineArn: new("${m}")},
				moto("moto_server updates nothing; AWS: model, UpdateStateMachine has MissingRequiredParameter")),
			fails("StateMachineDoesNotExist", &sfn.UpdateStateMachineInput{StateMachineArn: new(noMachine), Definition: new(waits)}),
			ok(&sfn.DeleteStateMachineInput{StateMachineArn: new("${m}")}),
			fails("InvalidArn", &sfn.DeleteStateMachineInput{StateMachineArn: new("m")}),
		}},
		{name: "stepfunctions/MachinesRefused", steps: []step{
			create(passes),
			fails("StateMachineAlreadyExists", &sfn.CreateStateMachineInput{Name: new("m"), Definition: new(waits), RoleArn: new(flowRole)},
				moto("moto_server gives the one that there is; AWS: Step Functions API Reference, CreateStateMachine: StateMachineAlreadyExists")),
			fails("InvalidDefinition", &sfn.CreateStateMachineInput{Name: new("n"), Definition: new(`{"StartAt":"A"}`), RoleArn: new(flowRole)},
				moto("moto_server takes any definition; AWS: Step Functions API Reference, CreateStateMachine: InvalidDefinition")),
		}},
		{name: "stepfunctions/Definitions", notMoto: "it does not have the operation; AWS: Step Functions API Reference, ValidateStateMachineDefinition", steps: []step{
			ok(&sfn.ValidateStateMachineDefinitionInput{Definition: new(passes)}, want("Result", "OK"), want("Diagnostics.#", 0)),
			ok(&sfn.ValidateStateMachineDefinitionInput{Definition: new(`{"StartAt":"A"}`)}, want("Result", "FAIL"), want("Diagnostics.0.Severity", "ERROR")),
			fails("ValidationException", &sfn.ValidateStateMachineDefinitionInput{Definition: new(passes), MaxResults: 101}),
		}},
		{name: "stepfunctions/Executions", steps: []step{
			create(waits), begin("one", `{"a":1}`), begin("one", `{"a":1}`),
			fails("ExecutionAlreadyExists", &sfn.StartExecutionInput{StateMachineArn: new("${m}"), Name: new("one"), Input: new(`{"a":2}`)}),
			fails("InvalidExecutionInput", &sfn.StartExecutionInput{StateMachineArn: new("${m}"), Name: new("two"), Input: new("no JSON")}),
			fails("StateMachineDoesNotExist", &sfn.StartExecutionInput{StateMachineArn: new(noMachine)}),
			ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${one}")},
				want("Name", "one"), want("Status", "RUNNING"), want("Input", `{"a":1}`), want("StateMachineArn", "${m}")),
			fails("ExecutionDoesNotExist", &sfn.DescribeExecutionInput{ExecutionArn: new(noExecution)}),
			ok(&sfn.DescribeStateMachineForExecutionInput{ExecutionArn: new("${one}")}, want("Definition", waits), want("StateMachineArn", "${m}")),
			fails("ExecutionDoesNotExist", &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: new(noExecution)},
				moto("moto_server's code is ResourceNotFound; AWS: model, DescribeStateMachineForExecution has ExecutionDoesNotExist")),
			ok(&sfn.ListExecutionsInput{StateMachineArn: new("${m}"), StatusFilter: types.ExecutionStatusRunning},
				want("Executions.#", 1), want("Executions.0.ExecutionArn", "${one}")),
			fails("StateMachineDoesNotExist", &sfn.ListExecutionsInput{StateMachineArn: new(noMachine)}),
			ok(&sfn.GetExecutionHistoryInput{ExecutionArn: new("${one}")}, want("Events.0.Type", "ExecutionStarted")),
			fails("ExecutionDoesNotExist", &sfn.GetExecutionHistoryInput{ExecutionArn: new(noExecution)}),
			ok(&sfn.StopExecutionInput{ExecutionArn: new("${one}"), Error: new("Stopped"), Cause: new("by hand")}),
			fails("ExecutionDoesNotExist", &sfn.StopExecutionInput{ExecutionArn: new(noExecution)}),
			ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${one}")}, want("Status", "ABORTED"), want("Error", "Stopped"),
				motoValue("moto_server forgets it; AWS: Step Functions API Reference, DescribeExecution: error"),
				want("Cause", "by hand"), motoValue("as above; AWS: DescribeExecution: cause")),
		}},
		{name: "stepfunctions/History", notMoto: "it runs no execution by itself; AWS: Step Functions API Reference, GetExecutionHistory", steps: []step{
			create(passes), begin("one", `{"a":1}`), wait(time.Second),
			ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${one}")}, want("Status", "SUCCEEDED"), want("Output", `{"a":1}`)),
			ok(&sfn.GetExecutionHistoryInput{ExecutionArn: new("${one}")}, want("Events.#", 4), want("Events.0.Type", "ExecutionStarted"),
				want("Events.1.StateEnteredEventDetails.Name", "A"), want("Events.3.ExecutionSucceededEventDetails.Output", `{"a":1}`)),
			fails("ExecutionNotRedrivable", &sfn.RedriveExecutionInput{ExecutionArn: new("${one}")}),
			ok(&sfn.UpdateStateMachineInput{StateMachineArn: new("${m}"), Definition: new(waits)}), wait(time.Minute),
			begin("two", "{}"),
			ok(&sfn.StopExecutionInput{ExecutionArn: new("${two}")}),
			ok(&sfn.RedriveExecutionInput{ExecutionArn: new("${two}")}),
			ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${two}")}, want("Status", "RUNNING"), want("RedriveCount", 1)),
			wait(2 * time.Hour),
			ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${two}")}, want("Status", "SUCCEEDED")),
		}},
		{name: "stepfunctions/MadeUpTokens", steps: []step{
			fails("InvalidToken", &sfn.SendTaskSuccessInput{TaskToken: new("made-up"), Output: new("{}")},
				moto("moto_server takes any token; AWS: Step Functions API Reference, SendTaskSuccess: InvalidToken")),
			fails("InvalidToken", &sfn.SendTaskFailureInput{TaskToken: new("made-up")},
				moto("moto_server takes any token; AWS: Step Functions API Reference, SendTaskFailure: InvalidToken")),
			fails("InvalidToken", &sfn.SendTaskHeartbeatInput{TaskToken: new("made-up")},
				moto("moto_server takes any token; AWS: Step Functions API Reference, SendTaskHeartbeat: InvalidToken")),
		}},
		{name: "stepfunctions/Tokens", notMoto: "it runs no execution by itself; AWS: Step Functions API Reference, SendTaskSuccess", steps: tokenSteps(create(asks), begin)},
	}
}

// tokenSteps send each of the answers to a task that waits for one.
func tokenSteps(create step, begin func(name, input string) step) []step {
	receive := func(name string) step {
		return ok(receiveForGood("${url}"), want("Messages.#", 1), save(name, "Messages.0.Body"))
	}
	return []step{
		createRole("flow", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"states.amazonaws.com"}}]}`),
		ok(&iam.PutRolePolicyInput{RoleName: new("flow"), PolicyName: new("ask"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":` +
			`[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:jobs"}]}`)}),
		createQueue("jobs"), create,
		begin("one", "{}"), wait(time.Second), receive("token1"),
		ok(&sfn.SendTaskHeartbeatInput{TaskToken: new("${token1}")}),
		wait(50 * time.Second),
		fails("InvalidOutput", &sfn.SendTaskSuccessInput{TaskToken: new("${token1}"), Output: new("no JSON")}),
		ok(&sfn.SendTaskSuccessInput{TaskToken: new("${token1}"), Output: new(`{"b":2}`)}),
		wait(time.Second),
		ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${one}")}, want("Status", "SUCCEEDED"), want("Output", `{"b":2}`)),
		fails("TaskTimedOut", &sfn.SendTaskSuccessInput{TaskToken: new("${token1}"), Output: new("{}")}),
		begin("two", "{}"), wait(time.Second), receive("token2"),
		ok(&sfn.SendTaskFailureInput{TaskToken: new("${token2}"), Error: new("Broken"), Cause: new("it broke")}),
		wait(time.Second),
		ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${two}")}, want("Status", "FAILED"), want("Error", "Broken"), want("Cause", "it broke")),
		begin("three", "{}"), wait(2 * time.Minute),
		ok(&sfn.DescribeExecutionInput{ExecutionArn: new("${three}")}, want("Status", "FAILED"), want("Error", "States.Timeout")),
	}
}
