package wire_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func integrations() *wire.Mux {
	return wire.NewMux(account, region,
		wire.NewService("stepfunctions", wire.Op("StartExecution",
			func(c *wire.Call, in *sfn.StartExecutionInput) (*sfn.StartExecutionOutput, error) {
				return &sfn.StartExecutionOutput{
					ExecutionArn: aws.String(*in.StateMachineArn + ":" + c.AccessKey), StartDate: aws.Time(start.Add(time.Millisecond)),
				}, nil
			})),
		wire.NewService("elbv2", wire.Op("DescribeRules",
			func(*wire.Call, *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
				return nil, &elbtypes.RuleNotFoundException{Message: aws.String("One or more rules not found")}
			})),
		wire.NewService("lambda", wire.Op("Invoke",
			func(_ *wire.Call, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
				return &lambda.InvokeOutput{StatusCode: 200, Payload: in.Payload}, nil
			})),
	)
}

func TestInvokeJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		service, operation, input string
		want                      string // output, or code and message
	}{
		"OK": {
			"sfn", "startExecution", `{"StateMachineArn":"arn","Name":"n"}`,
			`{"ExecutionArn":"arn:AKIDROLE","StartDate":"2026-01-01T00:00:00.001Z"}`,
		},
		"ModelsName":   {"stepfunctions", "StartExecution", `{"StateMachineArn":"arn"}`, `{"ExecutionArn":"arn:AKIDROLE","StartDate":"2026-01-01T00:00:00.001Z"}`},
		"ErrModelled":  {"elasticloadbalancingv2", "describeRules", `{}`, "RuleNotFoundException: One or more rules not found"},
		"ErrMissing":   {"sfn", "startExecution", `{}`, "ValidationException: 1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null"},
		"ErrField":     {"sfn", "startExecution", `{"stateMachineArn":"arn"}`, `SerializationException: The field "stateMachineArn" is not supported by StartExecution`},
		"ErrNoJSON":    {"sfn", "startExecution", `[]`, "SerializationException: want a JSON object, got START_ARRAY"},
		"ErrService":   {"kinesis", "putRecord", `{}`, `UnknownServiceException: the service "kinesis" is not emulated`},
		"ErrOperation": {"sfn", "stopExecution", `{}`, "UnknownOperationException: the operation StopExecution of the service stepfunctions is not emulated"},
		"ErrNoName":    {"sfn", "", `{}`, "UnknownOperationException: the request names no operation of the service stepfunctions"},
		"REST":         {"lambda", "invoke", `{"FunctionName":"web","Payload":"e30="}`, `{"Payload":"e30=","StatusCode":200}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := 0
			integrations().InvokeJSON(&wire.Call{AccessKey: "AKIDROLE"}, tc.service, tc.operation, json.RawMessage(tc.input),
				func(out json.RawMessage, err error) {
					answers++
					got := string(out)
					if err != nil {
						code, message, _ := wire.ErrorCode(err)
						got = code + ": " + message
					}
					if diff := cmp.Diff(tc.want, got); diff != "" {
						t.Errorf("answer (-want +got):\n%s", diff)
					}
				})
			if answers != 1 {
				t.Errorf("%d answers, want 1", answers)
			}
		})
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	mux := integrations()
	mux.Authorize = func(c *wire.Call, in any) error {
		return wire.Errorf("AccessDeniedException", "%s may not call %s on %s", c.AccessKey, c.Operation, *in.(*sfn.StartExecutionInput).StateMachineArn)
	}
	mux.InvokeJSON(&wire.Call{AccessKey: "AKIDROLE"}, "sfn", "startExecution", json.RawMessage(`{"StateMachineArn":"arn"}`),
		func(_ json.RawMessage, err error) {
			var se *wire.ServiceError
			if !errors.As(err, &se) {
				t.Fatalf("error = %v, want a ServiceError", err)
			}
			want := &wire.ServiceError{
				Service: "stepfunctions", Code: "AccessDeniedException",
				Message: "AKIDROLE may not call StartExecution on arn", Status: 400, Err: se.Err,
			}
			if *se != *want {
				t.Errorf("error = %+v, want %+v", se, want)
			}
		})
	request := jsonRequest("states", "AWSStepFunctions.StartExecution", `{"stateMachineArn":"arn"}`)
	wantAnswer(t, sendTo(t, mux, request), 400, "AKIDEXAMPLE may not call StartExecution on arn")
}
