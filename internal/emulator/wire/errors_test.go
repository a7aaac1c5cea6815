package wire_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// refusing is an operation that always answers with an error.
func refusing[I, O any](service, name string, err error) *wire.Service {
	return wire.NewService(service, wire.Op(name, func(*wire.Call, *I) (*O, error) { return nil, err }))
}

// TestTypedErrorsInEveryProtocol answers each protocol's client with an error of
// the model.
func TestTypedErrorsInEveryProtocol(t *testing.T) {
	t.Parallel()
	text := aws.String("<not> there")
	cancelled := &dynamodbtypes.TransactionCanceledException{
		Message:             text,
		CancellationReasons: []dynamodbtypes.CancellationReason{{Code: aws.String("None")}, {Code: aws.String("ConditionalCheckFailed")}},
	}
	limited := &lambdatypes.TooManyRequestsException{Message: text, RetryAfterSeconds: aws.String("7"), Reason: "CallerRateLimitExceeded"}
	tests := map[string]struct {
		call   func(aws.Config) error
		mux    *wire.Service
		want   error
		status int
		code   string // where the client does not keep the shape's name
	}{
		"JSON": {
			func(c aws.Config) error {
				_, err := dynamodb.NewFromConfig(c).TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{
					TransactItems: []dynamodbtypes.TransactWriteItem{{}},
				})
				return err
			},
			refusing[dynamodb.TransactWriteItemsInput, dynamodb.TransactWriteItemsOutput]("dynamodb", "TransactWriteItems", cancelled),
			cancelled, 400, "",
		},
		"QueryCompatibleJSON": {
			func(c aws.Config) error {
				_, err := sqs.NewFromConfig(c).GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
				return err
			},
			refusing[sqs.GetQueueUrlInput, sqs.GetQueueUrlOutput]("sqs", "GetQueueUrl", &sqstypes.QueueDoesNotExist{Message: text}),
			&sqstypes.QueueDoesNotExist{Message: text, ErrorCodeOverride: aws.String("AWS.SimpleQueueService.NonExistentQueue")},
			400, "",
		},
		"Query": {
			func(c aws.Config) error {
				_, err := elbv2.NewFromConfig(c).DescribeRules(t.Context(), &elbv2.DescribeRulesInput{})
				return err
			},
			refusing[elbv2.DescribeRulesInput, elbv2.DescribeRulesOutput]("elbv2", "DescribeRules", &elbtypes.RuleNotFoundException{Message: text}),
			&elbtypes.RuleNotFoundException{Message: text}, 400, "",
		},
		"CBOR": {
			func(c aws.Config) error {
				_, err := cloudwatch.NewFromConfig(c).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
					AlarmName: aws.String("a"), StateValue: "OK", StateReason: aws.String("r"),
				})
				return err
			},
			refusing[cloudwatch.SetAlarmStateInput, cloudwatch.SetAlarmStateOutput]("cloudwatch", "SetAlarmState", &cloudwatchtypes.ResourceNotFound{Message: text}),
			&cloudwatchtypes.ResourceNotFound{Message: text, ErrorCodeOverride: aws.String("ResourceNotFound")}, 404, "",
		},
		"RESTJSON": {
			func(c aws.Config) error {
				_, err := lambda.NewFromConfig(c).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
				return err
			},
			refusing[lambda.InvokeInput, lambda.InvokeOutput]("lambda", "Invoke", limited),
			limited, 429, "",
		},
		"RESTXML": {
			func(c aws.Config) error {
				_, err := s3.NewFromConfig(c).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")})
				return err
			},
			refusing[s3.GetObjectInput, s3.GetObjectOutput]("s3", "GetObject", &s3types.NoSuchKey{Message: text}),
			&s3types.NoSuchKey{Message: text}, 404, "",
		},
		"RESTXMLWithoutBody": {
			func(c aws.Config) error {
				_, err := s3.NewFromConfig(c).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")})
				return err
			},
			refusing[s3.HeadObjectInput, s3.HeadObjectOutput]("s3", "HeadObject", &s3types.NotFound{}),
			nil, 404, "NotFound",
		},
		"ShapeWithoutMembers": {
			func(c aws.Config) error {
				_, err := eventbridge.NewFromConfig(c).DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String("r")})
				return err
			},
			refusing[eventbridge.DescribeRuleInput, eventbridge.DescribeRuleOutput]("events", "DescribeRule", &eventtypes.ResourceNotFoundException{Message: text}),
			&eventtypes.ResourceNotFoundException{Message: text}, 400, "",
		},
		"NotInTheModel": {
			func(c aws.Config) error {
				_, err := elbv2.NewFromConfig(c).DescribeRules(t.Context(), &elbv2.DescribeRulesInput{})
				return err
			},
			refusing[elbv2.DescribeRulesInput, elbv2.DescribeRulesOutput]("elbv2", "DescribeRules", wire.Errorf("Throttling", "Rate exceeded")),
			nil, 400, "Throttling",
		},
		"NoAPIError": {
			func(c aws.Config) error {
				_, err := cloudwatch.NewFromConfig(c).ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{})
				return err
			},
			refusing[cloudwatch.ListMetricsInput, cloudwatch.ListMetricsOutput]("cloudwatch", "ListMetrics", errors.New("a mistake")),
			nil, 500, "InternalFailure",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.call(config(tc.mux))
			var status *smithyhttp.ResponseError
			if !errors.As(err, &status) || status.HTTPStatusCode() != tc.status {
				t.Errorf("error = %v, want status %d", err, tc.status)
			}
			var got smithy.APIError
			if !errors.As(err, &got) {
				t.Fatalf("error = %v, want an API error", err)
			}
			if tc.want == nil {
				if got.ErrorCode() != tc.code {
					t.Errorf("code = %s, want %s", got.ErrorCode(), tc.code)
				}
				return
			}
			if diff := cmp.Diff(tc.want, error(got), ignoreSerde()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
