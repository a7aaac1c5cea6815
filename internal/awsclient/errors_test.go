package awsclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func newCloud(t *testing.T) (*emulator.Cloud, awsclient.Clients) {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{RequestTimeout: awsclient.CallTimeout})
	return cloud, awsclient.New(cloud.Config("AKIAPERSON"))
}

// calls are one operation of each wire protocol.
func calls(ctx context.Context, c awsclient.Clients) map[string]func() error {
	return map[string]func() error{
		"JSON 1.0": func() error {
			_, err := c.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("facts"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}})
			return err
		},
		"JSON 1.1": func() error {
			_, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: []string{"a"}})
			return err
		},
		"Query": func() error {
			_, err := c.ELBOnce.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{"a"}})
			return err
		},
		"REST-XML": func() error {
			_, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("a")})
			return err
		},
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		name  string
		fault wire.Fault
		want  rollout.ErrorKind
		says  string
	}{
		{"throttled", wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}, rollout.KindThrottled, "fewer calls"},
		{"throttled the old way", wire.Fault{Err: wire.Errorf("Throttling", "Rate exceeded")}, rollout.KindThrottled, "fewer calls"},
		{"denied", wire.Fault{Err: wire.Errorf("AccessDenied", "not authorized")}, rollout.KindDenied, "permission"},
		{"denied with an exception", wire.Fault{Err: wire.Errorf("AccessDeniedException", "not authorized")}, rollout.KindDenied, "permission"},
		{"out of order", wire.Fault{Err: wire.Errorf("InternalFailure", "an error of AWS")}, rollout.KindUnavailable, "did not answer"},
		{"the request is lost", wire.Fault{LoseRequest: true}, rollout.KindUnavailable, "did not answer"},
		{"the answer is lost", wire.Fault{LoseAnswer: true}, rollout.KindUnavailable, "did not answer"},
		{"too slow", wire.Fault{Delay: time.Hour}, rollout.KindUnavailable, "did not answer"},
		{"refused", wire.Fault{Err: wire.Errorf("ValidationException", "no such thing")}, rollout.KindInternal, "no such thing"},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			cloud, clients := newCloud(t)
			cloud.Faults.Request = func(*wire.Call) *wire.Fault { return &f.fault }
			for protocol, call := range calls(t.Context(), clients) {
				cause := call()
				if cause == nil {
					t.Errorf("%s: no error", protocol)
					continue
				}
				err := awsclient.Wrap(cause, "read %s", "it")
				if got := rollout.KindOf(err); got != f.want {
					t.Errorf("%s: %v is %s, want %s", protocol, cause, got, f.want)
				}
				if !strings.HasPrefix(err.Error(), "read it: ") || !strings.Contains(err.Error(), f.says) {
					t.Errorf("%s: %q does not begin with what was done, or does not say %q", protocol, err, f.says)
				}
				if !errors.Is(err, cause) {
					t.Errorf("%s: the cause is not in the chain of %q", protocol, err)
				}
			}
		})
	}
}

func TestWrapKeepsAKind(t *testing.T) {
	t.Parallel()
	err := awsclient.Wrap(rollout.Errorf(rollout.KindRefused, "no"), "begin")
	if rollout.KindOf(err) != rollout.KindRefused || err.Error() != "begin: no" {
		t.Errorf("%v is %s, want begin: no, %s", err, rollout.KindOf(err), rollout.KindRefused)
	}
}

func TestWrapOfWhatHasNoStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want rollout.ErrorKind
	}{
		"AWS's own fault": {&smithy.GenericAPIError{Code: "InternalFailure", Fault: smithy.FaultServer}, rollout.KindUnavailable},
		"ours":            {&smithy.GenericAPIError{Code: "InvalidArgument", Fault: smithy.FaultClient}, rollout.KindInternal},
		"a deadline":      {context.DeadlineExceeded, rollout.KindUnavailable},
		"something else":  {errors.New("odd"), rollout.KindInternal},
	} {
		if got := rollout.KindOf(awsclient.Wrap(c.err, "try")); got != c.want {
			t.Errorf("%s is %s, want %s", name, got, c.want)
		}
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	_, clients := newCloud(t)
	_, err := clients.SQS.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("gone")})
	if err == nil {
		t.Fatal("a queue that is not there has a URL")
	}
	code := awsclient.Code(err)
	if !awsclient.Is(err, "Other", code) || awsclient.Is(err, "Other") {
		t.Errorf("the code of %v is %q, and Is does not agree", err, code)
	}
	if awsclient.Is(nil, "Other") || awsclient.Code(nil) != "" || awsclient.Code(errors.New("odd")) != "" {
		t.Error("what is no error of AWS has a code")
	}
}
