package conformance_test

import (
	"errors"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// clients are the SDK's clients by the name of the service's model.
func clients(c aws.Config, moto bool) map[string]any {
	return map[string]any{
		"apigatewayv2":            apigatewayv2.NewFromConfig(c),
		"application-autoscaling": applicationautoscaling.NewFromConfig(c),
		"cloudformation":          cloudformation.NewFromConfig(c),
		"cloudwatch": cloudwatch.NewFromConfig(c, func(o *cloudwatch.Options) {
			if moto { // it does not know RPC v2 CBOR
				o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
			}
		}),
		"codebuild":      codebuild.NewFromConfig(c),
		"codedeploy":     codedeploy.NewFromConfig(c),
		"codepipeline":   codepipeline.NewFromConfig(c),
		"dynamodb":       dynamodb.NewFromConfig(c),
		"ecr":            ecr.NewFromConfig(c),
		"ecs":            ecs.NewFromConfig(c),
		"elbv2":          elbv2.NewFromConfig(c),
		"events":         eventbridge.NewFromConfig(c),
		"iam":            iam.NewFromConfig(c),
		"lambda":         lambda.NewFromConfig(c),
		"logs":           cloudwatchlogs.NewFromConfig(c),
		"s3":             s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = moto }),
		"scheduler":      scheduler.NewFromConfig(c),
		"secretsmanager": secretsmanager.NewFromConfig(c),
		"sns":            sns.NewFromConfig(c),
		"sqs":            sqs.NewFromConfig(c),
		"ssm":            ssm.NewFromConfig(c),
		"stepfunctions":  sfn.NewFromConfig(c),
		"sts":            sts.NewFromConfig(c),
	}
}

// serviceOf is the model's name for the service whose input type it is.
func serviceOf(input reflect.Type) string {
	switch name := path.Base(input.PkgPath()); name {
	case "applicationautoscaling":
		return "application-autoscaling"
	case "elasticloadbalancingv2":
		return "elbv2"
	case "cloudwatchlogs":
		return "logs"
	case "eventbridge":
		return "events"
	case "sfn":
		return "stepfunctions"
	default:
		return name
	}
}

// caller calls the operation that an input belongs to, with signed or anonymous
// clients.
type caller struct {
	signed    map[string]any
	anonymous map[string]any
}

func newCaller(c aws.Config, moto bool) caller {
	c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	nobody := c.Copy()
	nobody.Credentials = aws.AnonymousCredentials{}
	return caller{signed: clients(c, moto), anonymous: clients(nobody, moto)}
}

func (c caller) call(t *testing.T, in any, anonymous bool) (out any, code string, err error) {
	t.Helper()
	from := c.signed
	if anonymous {
		from = c.anonymous
	}
	kind := reflect.TypeOf(in).Elem()
	client := reflect.ValueOf(from[serviceOf(kind)])
	if !client.IsValid() {
		t.Fatalf("no client is known for %s", kind)
	}
	method := client.MethodByName(strings.TrimSuffix(kind.Name(), "Input"))
	if !method.IsValid() {
		t.Fatalf("%s is no operation's input", kind)
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
	err, _ = results[1].Interface().(error)
	if err == nil {
		return results[0].Interface(), "", nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil, "no answer of the service", err
	}
	return nil, api.ErrorCode(), err
}
