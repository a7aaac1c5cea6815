package awsclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
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

// What AWS refuses is told with the role, the action and the resource, whichever service
// and protocol it was.
func TestWrapSaysWhatToMend(t *testing.T) {
	t.Parallel()
	cloud := away(t)
	ctx, powerless := t.Context(), awsclient.New(awsclient.Away{Region: "eu-west-1", Role: remote}.Config(cloud.Config("AKIAPERSON"), cloud.Now))
	const near = ":eu-west-1:210987654321:"
	for _, f := range []struct {
		action, resource string
		call             func() error
	}{
		{"dynamodb:GetItem", "arn:aws:dynamodb" + near + "table/facts", func() error {
			_, err := powerless.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("facts"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}})
			return err
		}},
		{"ecs:UpdateService", "arn:aws:ecs" + near + "service/shop/web", func() error {
			_, err := powerless.ECSOnce.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("web")})
			return err
		}},
		{"elasticloadbalancing:ModifyRule", "arn:aws:elasticloadbalancing" + near + "listener-rule/app/shop/1/2/3", func() error {
			_, err := powerless.ELBOnce.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String("arn:aws:elasticloadbalancing" + near + "listener-rule/app/shop/1/2/3")})
			return err
		}},
		{"cloudwatch:DescribeAlarms", "arn:aws:cloudwatch" + near + "alarm:shop-5xx", func() error {
			_, err := powerless.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"shop-5xx"}})
			return err
		}},
		{"states:SendTaskSuccess", "*", func() error {
			_, err := powerless.SFN.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: aws.String("t"), Output: aws.String("{}")})
			return err
		}},
		{"scheduler:DeleteSchedule", "arn:aws:scheduler" + near + "schedule/default/r", func() error {
			_, err := powerless.Scheduler.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: aws.String("r")})
			return err
		}},
		{"sns:Publish", "arn:aws:sns" + near + "told", func() error {
			_, err := powerless.SNS.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns" + near + "told"), Message: aws.String("m")})
			return err
		}},
		{"sqs:sendmessage", "arn:aws:sqs" + near + "lost", func() error {
			_, err := powerless.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String("https://sqs.eu-west-1.amazonaws.com/210987654321/lost"), MessageBody: aws.String("m")})
			return err
		}},
		{"s3:GetObject", "arn:aws:s3:::artifacts/a", func() error {
			_, err := powerless.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("a")})
			return err
		}},
	} {
		t.Run(f.action, func(t *testing.T) {
			t.Parallel()
			err := awsclient.Wrap(f.call(), "do it")
			if rollout.KindOf(err) != rollout.KindDenied {
				t.Fatalf("%v, want %s", err, rollout.KindDenied)
			}
			want := "do it: role sluice-remote of account 210987654321 may not " + f.action + " on " + f.resource + "; allow it in the role's policies: "
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q does not begin with %q", err, want)
			}
		})
	}
}

// A statement that denies has to be found, not an allow added.
func TestWrapTellsAnExplicitDeny(t *testing.T) {
	t.Parallel()
	err := awsclient.Wrap(wire.Errorf("AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/sluice-ShiftRole/sluice-shift is not authorized to perform: "+
		"ecs:UpdateService on resource: arn:aws:ecs:us-east-1:123456789012:service/shop/web with an explicit deny in a service control policy"), "shift")
	const want = "shift: role sluice-ShiftRole of account 123456789012 may not ecs:UpdateService on arn:aws:ecs:us-east-1:123456789012:service/shop/web; " +
		"a policy denies it: find the statement that does: "
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%q does not begin with %q", err, want)
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
