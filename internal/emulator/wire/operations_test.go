package wire_test

import (
	"context"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
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
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// clients are the SDK's clients by the name of the service's model.
func clients(c aws.Config) map[string]any {
	return map[string]any{
		"application-autoscaling": applicationautoscaling.NewFromConfig(c),
		"cloudformation":          cloudformation.NewFromConfig(c),
		"cloudwatch":              cloudwatch.NewFromConfig(c),
		"codebuild":               codebuild.NewFromConfig(c),
		"codedeploy":              codedeploy.NewFromConfig(c),
		"codepipeline":            codepipeline.NewFromConfig(c),
		"dynamodb":                dynamodb.NewFromConfig(c),
		"ecr":                     ecr.NewFromConfig(c),
		"ecs":                     ecs.NewFromConfig(c),
		"elbv2":                   elbv2.NewFromConfig(c),
		"events":                  eventbridge.NewFromConfig(c),
		"iam":                     iam.NewFromConfig(c),
		"lambda":                  lambda.NewFromConfig(c),
		"logs":                    cloudwatchlogs.NewFromConfig(c),
		"s3":                      s3.NewFromConfig(c),
		"apigatewayv2":            apigatewayv2.NewFromConfig(c),
		"scheduler":               scheduler.NewFromConfig(c),
		"secretsmanager":          secretsmanager.NewFromConfig(c),
		"sns":                     sns.NewFromConfig(c),
		"sqs": sqs.NewFromConfig(c, func(o *sqs.Options) {
			o.DisableMessageChecksumValidation = true // the samples have none
		}),
		"ssm":           ssm.NewFromConfig(c),
		"stepfunctions": sfn.NewFromConfig(c),
		"sts":           sts.NewFromConfig(c),
	}
}

// listedOperations reads models/operations.txt.
func listedOperations(t *testing.T) [][2]string {
	t.Helper()
	b, err := os.ReadFile("models/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	var listed [][2]string
	for line := range strings.Lines(string(b)) {
		text, _, _ := strings.Cut(line, "#")
		if words := strings.Fields(text); len(words) == 2 {
			listed = append(listed, [2]string{words[0], words[1]})
		}
	}
	if len(listed) == 0 {
		t.Fatal("operations.txt lists nothing")
	}
	return listed
}

// sdkOperation is an operation with the types that the SDK's client has.
func sdkOperation(t *testing.T, client any, name string) (wire.Operation, reflect.Value) {
	t.Helper()
	method := reflect.ValueOf(client).MethodByName(name)
	if !method.IsValid() {
		t.Fatalf("the SDK's %T has no operation %s", client, name)
	}
	return wire.ReflectOp(name, method.Type().In(1).Elem(), method.Type().Out(0).Elem()), method
}

// echo answers every call with a given output and keeps the input.
type echo struct {
	mux *wire.Mux
	out any
	in  any
}

func (e *echo) Handle(_ context.Context, r *wire.Request, reply func(*wire.Response)) {
	c := e.mux.Identify(r)
	var err error
	if e.in = c.Input(); e.in == nil {
		err = c.Err()
	}
	reply(c.Respond(e.out, err))
}

// TestEveryOperationCarriesEveryMember sends each listed operation through the
// SDK's client with a value in every member that the model has, both ways.
func TestEveryOperationCarriesEveryMember(t *testing.T) {
	t.Parallel()
	for _, listed := range listedOperations(t) {
		service, name := listed[0], listed[1]
		t.Run(service+"/"+name, func(t *testing.T) {
			t.Parallel()
			e := new(echo)
			client := clients(aws.Config{
				Region:      region,
				Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
				HTTPClient:  wire.NewTransport(loop.NewVirtual(start), e, wire.TransportOptions{}),
				Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			})[service]
			if client == nil {
				t.Fatalf("no SDK client is known for the model %s", service)
			}
			op, method := sdkOperation(t, client, name)
			e.mux = wire.NewMux(account, region, wire.NewService(service, op))
			in, out, err := wire.Samples(service, op)
			if err != nil {
				t.Fatal(err)
			}
			e.out = out
			results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
			if err, _ := results[1].Interface().(error); err != nil {
				t.Fatal(err)
			}
			in, want, err := wire.Samples(service, op) // streams of the first were read
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stream(t, in), stream(t, e.in)); diff != "" {
				t.Errorf("input's stream (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(in, e.in, ignoreSerde(), ignoreAdded()); diff != "" {
				t.Errorf("input at the handler (-want +got):\n%s", diff)
			}
			got := results[0].Interface()
			if diff := cmp.Diff(stream(t, want), stream(t, got)); diff != "" {
				t.Errorf("output's stream (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got, ignoreSerde(), ignoreAdded()); diff != "" {
				t.Errorf("output at the client (-want +got):\n%s", diff)
			}
		})
	}
}

// ignoreAdded leaves out what the client adds to an output by itself.
func ignoreAdded() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".ResultMetadata" || name == ".ExpiresString"
	}, cmp.Ignore())
}

// stream reads the body of an input or output, if it has one, and takes it out.
func stream(t *testing.T, v any) string {
	t.Helper()
	body := reflect.ValueOf(v).Elem().FieldByName("Body")
	if !body.IsValid() || body.Kind() != reflect.Interface || body.IsNil() {
		return ""
	}
	b, err := io.ReadAll(body.Interface().(io.Reader))
	if err != nil {
		t.Fatal(err)
	}
	body.SetZero()
	return string(b)
}
