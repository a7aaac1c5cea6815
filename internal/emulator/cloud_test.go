package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const template = `
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Timeout: 30, MemorySize: 256}
Parameters:
  Source: {Type: String, Default: shop}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Lost:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: 1209600}
  Record:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/record
      Handler: bootstrap
      Environment: {Variables: {TABLE: !Ref Table}}
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Lost.Arn}
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Policies:
        - Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: "dynamodb:PutItem", Resource: !GetAtt Table.Arn}]
      Events:
        Ordered:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [!Ref Source], detail-type: [Ordered]}
            DeadLetterConfig: {Arn: !GetAtt Lost.Arn}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Record: !GetAtt Record.Arn, Queue: !Ref Lost}
      Policies:
        - Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Action: "lambda:InvokeFunction", Resource: !GetAtt Record.Arn}
            - {Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Lost.Arn}
      Events:
        Paid:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [!Ref Source], detail-type: [Paid]}
Outputs:
  Flow: {Value: !Ref Flow}
  Table: {Value: !Ref Table}
  Queue: {Value: !Ref Lost}
  Function: {Value: !GetAtt Record.Arn}
`

// flow writes the order down by the function, and sends what it cannot write to
// the queue by SQS's own API.
const flow = `{
  "QueryLanguage": "JSONata",
  "StartAt": "Record",
  "States": {
    "Record": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Arguments": {"FunctionName": "${Record}", "Payload": "{% $states.input %}"},
      "Catch": [{"ErrorEquals": ["errorString"], "Output": "{% $states.errorOutput.Error %}", "Next": "Tell"}],
      "End": true
    },
    "Tell": {
      "Type": "Task",
      "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage",
      "Arguments": {"QueueUrl": "${Queue}", "MessageBody": "{% $states.input %}"},
      "End": true
    }
  }
}`

// record is the function of the template: it writes the event's order down.
type record struct {
	cloud *emulator.Cloud
	f     cloudformation.Function
	runs  *int
}

func (r record) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	*r.runs++
	var event struct {
		Detail struct {
			Order string `json:"order"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	if event.Detail.Order == "" {
		return nil, errors.New("the event has no order")
	}
	_, err := dynamodb.NewFromConfig(r.cloud.Config(r.cloud.Lambda.AccessKey(r.f.Name))).PutItem(ctx, &dynamodb.PutItemInput{
		TableName: new(r.f.Environment["TABLE"]),
		Item:      map[string]dynamotypes.AttributeValue{"id": &dynamotypes.AttributeValueMemberS{Value: event.Detail.Order}},
	})
	return nil, err
}

// shop is a cloud with the template deployed.
type shop struct {
	*emulator.Cloud
	stack *cloudformation.Stack
	runs  int
}

func newShop(t *testing.T, o emulator.Options) *shop {
	t.Helper()
	s := &shop{Cloud: emulator.New(loop.NewVirtual(start), o)}
	t.Cleanup(s.Close)
	loaded, err := cloudformation.Load("template.yaml", []byte(template))
	if err != nil {
		t.Fatal(err)
	}
	s.stack, err = s.Deploy(loaded, emulator.Deployment{
		StackName: "shop", Files: fstest.MapFS{"flow.asl.json": {Data: []byte(flow)}},
		Code: func(f cloudformation.Function) (lambda.Code, error) {
			if f.CodeURI != "functions/record" {
				return lambda.Code{}, fmt.Errorf("no handler for %s", f.CodeURI)
			}
			return lambda.InProcess(f.Name, record{s.Cloud, f, &s.runs}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put puts an event on the default bus.
func (s *shop) put(t *testing.T, detailType, detail string) {
	t.Helper()
	out, err := eventbridge.NewFromConfig(s.Config("AKIDEXAMPLE")).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []eventtypes.PutEventsRequestEntry{{Source: new("shop"), DetailType: &detailType, Detail: &detail}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 0 {
		t.Fatalf("put event: %s", *out.Entries[0].ErrorMessage)
	}
}

// orders are the ids in the table.
func (s *shop) orders(t *testing.T) []string {
	t.Helper()
	table := s.stack.Outputs["Table"]
	out, err := dynamodb.NewFromConfig(s.Config("AKIDEXAMPLE")).Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, item := range out.Items {
		ids = append(ids, item["id"].(*dynamotypes.AttributeValueMemberS).Value)
	}
	return ids
}

// lost are the messages in the dead-letter queue, as ErrorCode and ErrorMessage.
func (s *shop) lost(t *testing.T) []string {
	t.Helper()
	queue := s.stack.Outputs["Queue"]
	out, err := sqs.NewFromConfig(s.Config("AKIDEXAMPLE")).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &queue, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	messages := []string{}
	for _, m := range out.Messages {
		code := m.MessageAttributes["ErrorCode"]
		messages = append(messages, *code.DataType+" "+*code.StringValue+" "+*m.MessageAttributes["ErrorMessage"].StringValue)
	}
	return messages
}

func TestEventGoesThroughDeployedTemplate(t *testing.T) {
	t.Parallel()
	s := newShop(t, emulator.Options{})
	s.put(t, "Ordered", `{"order":"o-1"}`)
	s.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"o-1"}, s.orders(t)); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if config, ok := s.Lambda.Config(s.stack.PhysicalIDs["Record"]); !ok || config.Timeout != 30*time.Second || config.MemoryMB != 256 {
		t.Errorf("function settings = %+v, %v; want 30s and 256 MB of the globals", config, ok)
	}
}

func TestFailedEventEndsInDeadLetterQueue(t *testing.T) {
	t.Parallel()
	s := newShop(t, emulator.Options{})
	s.put(t, "Ordered", `{}`)
	s.RunFor(time.Hour)
	if s.runs != 2 {
		t.Errorf("the function ran %d times, want 2: once and its one retry", s.runs)
	}
	if diff := cmp.Diff([]string{"Number 200 the event has no order"}, s.lost(t)); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

func TestEventStartsStateMachine(t *testing.T) {
	t.Parallel()
	s := newShop(t, emulator.Options{})
	s.put(t, "Paid", `{"order":"o-1"}`)
	s.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"o-1"}, s.orders(t)); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	s.put(t, "Paid", `{}`)
	s.RunFor(time.Minute)
	executions, err := sfn.NewFromConfig(s.Config("AKIDEXAMPLE")).ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: new(s.stack.Outputs["Flow"])})
	if err != nil {
		t.Fatal(err)
	}
	paths := [][]string{}
	for _, e := range executions.Executions { // the newest first
		if e.Status != sfntypes.ExecutionStatusSucceeded {
			t.Errorf("execution %s is %s, want SUCCEEDED", *e.Name, e.Status)
		}
		paths = append(paths, s.StepFunctions.Path(*e.ExecutionArn))
	}
	if diff := cmp.Diff([][]string{{"Record", "Tell"}, {"Record"}}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestFunctionDiesAfterItsEffect(t *testing.T) {
	t.Parallel()
	s := newShop(t, emulator.Options{})
	s.Faults.Function = func(_ string, n int) lambda.FunctionFault {
		if n == 1 {
			return lambda.FunctionFault{DieAfterCall: 1}
		}
		return lambda.FunctionFault{}
	}
	s.put(t, "Ordered", `{"order":"o-1"}`)
	s.RunFor(30 * time.Second)
	if diff := cmp.Diff([]string{"o-1"}, s.orders(t)); diff != "" {
		t.Errorf("orders after the first run died (-want +got):\n%s", diff)
	}
	s.RunFor(time.Hour)
	if s.runs != 2 || len(s.lost(t)) != 0 {
		t.Errorf("%d runs, %d lost; want 2, 0", s.runs, len(s.lost(t)))
	}
}

func TestThrottledRequestIsRetriedInCloudTime(t *testing.T) {
	t.Parallel()
	s := newShop(t, emulator.Options{})
	var attempts []string
	s.Faults.Request = func(c *wire.Call) *wire.Fault {
		attempts = append(attempts, fmt.Sprint(c.Operation, " ", c.Attempt, " ", s.Lambda.Caller(c.AccessKey), " ", s.Now().Sub(start)))
		return &wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
	}
	began := s.Now().Sub(start)
	table := s.stack.Outputs["Table"]
	_, err := dynamodb.NewFromConfig(s.Config(s.Lambda.AccessKey(s.stack.PhysicalIDs["Record"]))).
		DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table})
	if err == nil {
		t.Error("a request that is always throttled succeeded")
	}
	name := s.stack.PhysicalIDs["Record"]
	want := []string{
		fmt.Sprint("DeleteTable 1 ", name, " ", began),
		fmt.Sprint("DeleteTable 2 ", name, " ", began+time.Second),
		fmt.Sprint("DeleteTable 3 ", name, " ", began+3*time.Second),
	}
	if diff := cmp.Diff(want, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestSameRunTwice(t *testing.T) {
	t.Parallel()
	run := func() []string {
		s := newShop(t, emulator.Options{Latency: 5 * time.Millisecond})
		var seen []string
		s.Observe = func(c *wire.Call, in, _ any, err error) {
			data, marshalErr := json.Marshal(in)
			if marshalErr != nil {
				t.Error(marshalErr)
			}
			seen = append(seen, fmt.Sprint(s.Now(), c.RequestID, c.Operation, string(data), err))
		}
		for i := range 5 {
			s.put(t, "Ordered", fmt.Sprintf(`{"order":"o-%d"}`, i))
		}
		s.put(t, "Ordered", `{}`)
		s.RunFor(time.Hour)
		return seen
	}
	first := run()
	if len(first) < 11 {
		t.Fatalf("%d requests seen, want at least the 6 events and the 5 writes", len(first))
	}
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Errorf("second run differs (-first +second):\n%s", diff)
	}
}

func TestHandlerServesThePort(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(100)
	go l.Run(t.Context()) //nolint:errcheck // it ends with the test
	c := emulator.New(l, emulator.Options{})
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	config := c.Config("AKIDEXAMPLE")
	config.HTTPClient, config.BaseEndpoint = server.Client(), &server.URL
	client := sqs.NewFromConfig(config)
	if _, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("q")}); err != nil {
		t.Fatal(err)
	}
	got, err := sqs.NewFromConfig(c.Config("AKIDEXAMPLE")).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://sqs.us-east-1.amazonaws.com/123456789012/q"}, got.QueueUrls); diff != "" {
		t.Errorf("queues in process, made over the port (-want +got):\n%s", diff)
	}
}
