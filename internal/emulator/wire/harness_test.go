package wire_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// empty is an operation that takes everything and answers with nothing in it.
func empty[I, O any](name string) wire.Operation {
	return wire.Op(name, func(*wire.Call, *I) (*O, error) { return new(O), nil })
}

// emptyServices have an operation or more for each protocol.
func emptyServices() []*wire.Service {
	return []*wire.Service{
		wire.NewService("cloudwatch", empty[cloudwatch.PutMetricDataInput, cloudwatch.PutMetricDataOutput]("PutMetricData"),
			empty[cloudwatch.DescribeAlarmsInput, cloudwatch.DescribeAlarmsOutput]("DescribeAlarms")),
		wire.NewService("dynamodb", empty[dynamodb.PutItemInput, dynamodb.PutItemOutput]("PutItem"),
			empty[dynamodb.BatchGetItemInput, dynamodb.BatchGetItemOutput]("BatchGetItem")),
		wire.NewService("ecr", empty[ecr.CreateRepositoryInput, ecr.CreateRepositoryOutput]("CreateRepository")),
		wire.NewService("ecs", empty[ecs.CreateServiceInput, ecs.CreateServiceOutput]("CreateService")),
		wire.NewService("elbv2", empty[elbv2.CreateTargetGroupInput, elbv2.CreateTargetGroupOutput]("CreateTargetGroup"),
			empty[elbv2.ModifyRuleInput, elbv2.ModifyRuleOutput]("ModifyRule")),
		wire.NewService("lambda", empty[lambda.InvokeInput, lambda.InvokeOutput]("Invoke"),
			empty[lambda.CreateFunctionInput, lambda.CreateFunctionOutput]("CreateFunction")),
		wire.NewService("s3", empty[s3.PutObjectInput, s3.PutObjectOutput]("PutObject"),
			empty[s3.CreateBucketInput, s3.CreateBucketOutput]("CreateBucket"),
			empty[s3.ListBucketsInput, s3.ListBucketsOutput]("ListBuckets")),
		wire.NewService("scheduler", empty[scheduler.CreateScheduleInput, scheduler.CreateScheduleOutput]("CreateSchedule")),
		wire.NewService("secretsmanager", empty[secretsmanager.CreateSecretInput, secretsmanager.CreateSecretOutput]("CreateSecret")),
		wire.NewService("stepfunctions", empty[sfn.StartExecutionInput, sfn.StartExecutionOutput]("StartExecution"),
			empty[sfn.CreateStateMachineInput, sfn.CreateStateMachineOutput]("CreateStateMachine")),
		wire.NewService("sqs", empty[sqs.SendMessageInput, sqs.SendMessageOutput]("SendMessage")),
		wire.NewService("sts", empty[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput]("GetCallerIdentity")),
	}
}

// signed is an Authorization header for a service.
func signed(service string) string {
	return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/" + service +
		"/aws4_request, SignedHeaders=host, Signature=0"
}

// jsonRequest is a request in AWS JSON.
func jsonRequest(service, target, body string) *wire.Request {
	return &wire.Request{
		ID: "id", Method: http.MethodPost, Path: "/", Host: "localhost", Body: []byte(body),
		Header: http.Header{
			"Authorization": {signed(service)}, "X-Amz-Target": {target},
			"Content-Type": {"application/x-amz-json-1.1"},
		},
	}
}

func formRequest(service, form string) *wire.Request {
	return &wire.Request{
		ID: "id", Method: http.MethodPost, Path: "/", Host: "localhost", Body: []byte(form),
		Header: http.Header{
			"Authorization": {signed(service)},
			"Content-Type":  {"application/x-www-form-urlencoded"},
		},
	}
}

// send gives the answer of the empty services, which comes at once.
func send(t *testing.T, r *wire.Request) *wire.Response {
	t.Helper()
	return sendTo(t, wire.NewMux(account, region, emptyServices()...), r)
}

func sendTo(t *testing.T, mux *wire.Mux, r *wire.Request) *wire.Response {
	t.Helper()
	var resp *wire.Response
	mux.Handle(t.Context(), r, func(answer *wire.Response) { resp = answer })
	if resp == nil {
		t.Fatal("there was no answer")
	}
	return resp
}

// wantAnswer compares status and a part of the body.
func wantAnswer(t *testing.T, resp *wire.Response, status int, parts ...string) {
	t.Helper()
	if resp.Status != status {
		t.Errorf("status = %d, want %d", resp.Status, status)
	}
	for _, part := range parts {
		if !strings.Contains(string(resp.Body), part) {
			t.Errorf("body = %s\nwant in it %s", resp.Body, part)
		}
	}
}
