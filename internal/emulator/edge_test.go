package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	pipelinetypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	sdklambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const edge = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Slack:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/slack, Handler: bootstrap, Runtime: provided.al2023, FunctionUrlConfig: {AuthType: NONE}}
  Control:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/control, Handler: bootstrap, Runtime: provided.al2023, FunctionUrlConfig: {AuthType: AWS_IAM}}
  Broken:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/broken
      Handler: bootstrap
      Runtime: provided.al2023
      DeadLetterQueue: {Type: SNS, TargetArn: !Ref Approvals}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  FromTheTopic:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Jobs]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Jobs.Arn
            Condition: {ArnEquals: {"aws:SourceArn": !Ref Approvals}}
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: codepipeline.amazonaws.com}}]}
      Policies:
        - PolicyName: tell
          PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sns:Publish", Resource: !Ref Approvals}]}
  Approvals:
    Type: AWS::SNS::Topic
    Properties: {TopicName: approvals, DisplayName: Approvals, Tags: [{Key: app, Value: shop}]}
  Listening:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Approvals, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, RawMessageDelivery: true}
  Allowed:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Approvals]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sns:Publish", Resource: !Ref Approvals}]}
  Ordered:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.codepipeline], detail: {state: [STARTED], type: {category: [Approval]}}}
      Targets: [{Id: topic, Arn: !Ref Approvals}]
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    DependsOn: [Listening, Ordered]
    Properties:
      Name: shop
      RoleArn: !GetAtt Runner.Arn
      ArtifactStore: {Type: S3, Location: artifacts}
      Stages:
        - Name: Source
          Actions:
            - Name: Fetch
              ActionTypeId: {Category: Source, Owner: AWS, Provider: S3, Version: "1"}
              Configuration: {S3Bucket: builds, S3ObjectKey: shop.zip, PollForSourceChanges: false}
              OutputArtifacts: [{Name: Source}]
        - Name: Production
          Actions:
            - Name: Approve
              ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
              Configuration: {NotificationArn: !Ref Approvals}
Outputs:
  Slack: {Value: !GetAtt SlackUrl.FunctionUrl}
  SlackArn: {Value: !Ref SlackUrl}
  Control: {Value: !GetAtt ControlUrl.FunctionUrl}
  Topic: {Value: !GetAtt Approvals.TopicName}
  Queue: {Value: !Ref Jobs}
  Broken: {Value: !Ref Broken}
  Pipeline: {Value: !Sub "${Pipeline} ${Pipeline.Version}"}
`

// greeting is a function that tells its path, and one that fails.
type greeting struct{ fails bool }

func (g greeting) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	if g.fails {
		return nil, errors.New("it broke")
	}
	var event struct {
		RawPath string `json:"rawPath"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	return []byte(`{"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"you came to ` + event.RawPath + `"}`), nil
}

// deployEdge makes the cloud of the template.
func deployEdge(t *testing.T, l *loop.Loop) (*emulator.Cloud, *cloudformation.Stack) {
	t.Helper()
	c := emulator.New(l, emulator.Options{})
	t.Cleanup(l.Close)
	loaded, err := cloudformation.Load("edge.yaml", []byte(edge))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := c.Deploy(loaded, emulator.Deployment{StackName: "edge", Code: func(f cloudformation.Function) (lambda.Code, error) {
		return lambda.InProcess(f.Name, greeting{fails: f.LogicalID == "Broken"}), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c, stack
}

// get asks a client and gives status and body.
func get(t *testing.T, do func(*http.Request) (*http.Response, error), url, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// messages takes the bodies of the messages on a queue.
func messages(t *testing.T, c *emulator.Cloud, url string) []sqstypes.Message {
	t.Helper()
	out, err := sqs.NewFromConfig(c.Config("AKIDEXAMPLE")).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func TestFunctionURLFromTemplate(t *testing.T) {
	t.Parallel()
	c, stack := deployEdge(t, loop.NewVirtual(start))
	client := c.Web.Client(10 * time.Second)
	if status, body := get(t, client.Do, stack.Outputs["Slack"]+"slack", ""); status != http.StatusOK || body != "you came to /slack" {
		t.Errorf("open URL = %d %q, want 200 and a greeting", status, body)
	}
	if status, body := get(t, client.Do, stack.Outputs["Control"], ""); status != http.StatusForbidden || body != `{"Message":"Forbidden"}` {
		t.Errorf("closed URL = %d %q, want 403 and Forbidden", status, body)
	}
	if got := stack.Outputs["SlackArn"]; !strings.HasPrefix(got, "arn:aws:lambda:us-east-1:123456789012:function:edge-Slack-") {
		t.Errorf("Ref of the URL = %s, want the function's ARN", got)
	}
	policy, err := sdklambda.NewFromConfig(c.Config("AKIDEXAMPLE")).GetPolicy(t.Context(), &sdklambda.GetPolicyInput{FunctionName: new(stack.Outputs["SlackArn"])})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Bool":{"lambda:InvokedViaFunctionUrl":"true"}`, `"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}`} {
		if !strings.Contains(*policy.Policy, want) {
			t.Errorf("policy %s lacks %s", *policy.Policy, want)
		}
	}
}

func TestHostsOverThePort(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(100)
	go l.Run(t.Context()) //nolint:errcheck // it ends with the test
	c, stack := deployEdge(t, l)
	l.Do(func() {
		c.Web.Host("slack.com", web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) {
			reply(&wire.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte("slack " + r.Path)})
		}))
		c.Web.Fault = func(r *wire.Request) web.Fault { return web.Fault{LoseAnswer: r.Path == "/lost"} }
	})
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	do := server.Client().Do
	amazon := strings.TrimSuffix(strings.TrimPrefix(stack.Outputs["Slack"], "https://"), "/")
	local := strings.TrimSuffix(amazon, "on.aws") + "localhost:4566"
	for host, want := range map[string]string{amazon: "you came to /a", local: "you came to /a", "slack.com": "slack /a"} {
		if status, body := get(t, do, server.URL+"/a", host); status != http.StatusOK || body != want {
			t.Errorf("%s = %d %q, want 200 %q", host, status, body, want)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/lost", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "slack.com"
	resp, err := do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("lost answer: status %d, want a lost connection", resp.StatusCode)
	}
	config := c.Config("AKIDEXAMPLE")
	config.HTTPClient, config.BaseEndpoint = server.Client(), &server.URL
	if _, err := sns.NewFromConfig(config).ListTopics(t.Context(), &sns.ListTopicsInput{}); err != nil {
		t.Errorf("AWS's own API over the port: %v", err)
	}
}

func TestApprovalReachesTopicAndRule(t *testing.T) {
	t.Parallel()
	c, stack := deployEdge(t, loop.NewVirtual(start))
	c.RunFor(time.Second)
	var subjects []string
	for _, m := range messages(t, c, stack.Outputs["Queue"]) {
		var body struct {
			Source   string `json:"source"`
			Approval struct {
				Action string `json:"actionName"`
			} `json:"approval"`
		}
		if err := json.Unmarshal([]byte(*m.Body), &body); err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, body.Source+body.Approval.Action)
	}
	if diff := cmp.Diff([]string{"Approve", "aws.codepipeline"}, subjects); diff != "" {
		t.Errorf("told by the approval and by the rule (-want +got):\n%s", diff)
	}
	if got := stack.Outputs["Pipeline"]; got != "shop 1" {
		t.Errorf("pipeline and version = %s, want shop 1", got)
	}
	client := codepipeline.NewFromConfig(c.Config("AKIDEXAMPLE"))
	state, err := client.GetPipelineState(t.Context(), &codepipeline.GetPipelineStateInput{Name: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	if got := state.StageStates[1].ActionStates[0].LatestExecution; got == nil || got.Status != pipelinetypes.ActionExecutionStatusInProgress || got.Token == nil {
		t.Errorf("approval = %+v, want it open", got)
	}
}

func TestDeadLetterReachesTopic(t *testing.T) {
	t.Parallel()
	c, stack := deployEdge(t, loop.NewVirtual(start))
	c.RunFor(time.Second)
	messages(t, c, stack.Outputs["Queue"]) // the approval's
	var failed error
	c.Do(func() { failed = c.Lambda.InvokeAsync(stack.Outputs["Broken"], []byte(`{"order":7}`)) })
	if failed != nil {
		t.Fatal(failed)
	}
	c.RunFor(4 * time.Minute)
	for _, m := range messages(t, c, stack.Outputs["Queue"]) {
		if *m.Body != `{"order":7}` {
			continue
		}
		if got := *m.MessageAttributes["ErrorMessage"].StringValue; got != "it broke" {
			t.Errorf("ErrorMessage = %q, want it broke", got)
		}
		if got := *m.MessageAttributes["ErrorCode"].DataType; got != "Number" {
			t.Errorf("ErrorCode is a %s, want a Number", got)
		}
		return
	}
	t.Error("the dead letter did not reach the topic's queue")
}

func TestDeliveryToMissingTopicIsNotRetried(t *testing.T) {
	t.Parallel()
	c, stack := deployEdge(t, loop.NewVirtual(start))
	topic := "arn:aws:sns:us-east-1:123456789012:" + stack.Outputs["Topic"]
	if _, err := sns.NewFromConfig(c.Config("AKIDEXAMPLE")).DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &topic}); err != nil {
		t.Fatal(err)
	}
	c.RunFor(time.Second)
	before := c.Pending()
	c.Do(func() {
		c.EventBridge.Emit("aws.codepipeline", "CodePipeline Action Execution State Change", nil, map[string]any{
			"state": "STARTED", "type": map[string]string{"category": "Approval"},
		})
	})
	c.RunFor(time.Second)
	if got := c.Pending(); got > before {
		t.Errorf("%d timers wait after the delivery failed, want %d: what is gone is not tried again", got, before)
	}
}
