package emulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdasdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

func identity(t *testing.T, config aws.Config) (account, arn string) {
	t.Helper()
	out, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Account, *out.Arn
}

// whoami is a function that asks STS who it is.
type whoami struct {
	cloud *emulator.Cloud
	name  string
}

func (w whoami) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	out, err := sts.NewFromConfig(w.cloud.Config(w.cloud.Lambda.AccessKey(w.name))).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return []byte(`"` + *out.Arn + `"`), nil
}

func TestAFunctionIsASessionOfItsRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	other := c.In(otherAccount, "eu-west-1")
	for _, place := range []*emulator.Cloud{c, other} {
		role := createRole(t, place, "worker", `{"Service":"lambda.amazonaws.com"}`, "")
		if err := place.Lambda.Register("who", lambda.FunctionConfig{Role: role}, lambda.InProcess("who", whoami{place, "who"})); err != nil {
			t.Fatal(err)
		}
		out, err := lambdasdk.NewFromConfig(place.Config("caller-in-"+place.Account)).Invoke(t.Context(), &lambdasdk.InvokeInput{FunctionName: aws.String("who")})
		if err != nil {
			t.Fatal(err)
		}
		if want := `"arn:aws:sts::` + place.Account + `:assumed-role/worker/who"`; string(out.Payload) != want {
			t.Errorf("the function is %s, want %s", out.Payload, want)
		}
	}
	if err := c.Lambda.Register("roleless", lambda.FunctionConfig{}, lambda.InProcess("roleless", whoami{c, "roleless"})); err != nil {
		t.Fatal(err)
	}
	key := c.Lambda.AccessKey("roleless")
	if _, arn := identity(t, c.Config(key)); arn != "arn:aws:iam::123456789012:user/"+key {
		t.Errorf("a function without a role is %s, want a user", arn)
	}
}

func TestAssumeRoleInAnotherAccount(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	there := c.In(otherAccount, "eu-west-1")
	target := "arn:aws:iam::210987654321:role/deployer"
	caller := createRole(t, c, "caller", `{"Service":"lambda.amazonaws.com"}`, `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"`+target+`"}`)
	if err := c.Lambda.Register("deploy", lambda.FunctionConfig{Role: caller}, lambda.InProcess("deploy", whoami{c, "deploy"})); err != nil {
		t.Fatal(err)
	}
	client := sts.NewFromConfig(c.Config(c.Lambda.AccessKey("deploy")))
	in := &sts.AssumeRoleInput{RoleArn: &target, RoleSessionName: aws.String("rollout"), DurationSeconds: aws.Int32(900)}
	_, err := client.AssumeRole(t.Context(), in)
	wantError(t, "a role that is not there", err, "AccessDenied",
		"User: arn:aws:sts::123456789012:assumed-role/caller/deploy is not authorized to perform: sts:AssumeRole on resource: "+target)
	createRole(t, there, "deployer", `{"AWS":"`+caller+`"}`, `{"Effect":"Allow","Action":["sqs:CreateQueue","dynamodb:ListTables"],"Resource":"*"}`)
	out, err := client.AssumeRole(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	config := there.Config(*out.Credentials.AccessKeyId)
	config.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	account, arn := identity(t, config)
	if account != otherAccount || arn != "arn:aws:sts::210987654321:assumed-role/deployer/rollout" {
		t.Errorf("the session is %s of %s", arn, account)
	}
	made, err := sqs.NewFromConfig(config).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://sqs.eu-west-1.amazonaws.com/210987654321/jobs"; *made.QueueUrl != want {
		t.Errorf("queue = %s, want %s", *made.QueueUrl, want)
	}

	c.RunFor(15 * time.Minute)
	_, err = sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, "expired, Query", err, "ExpiredToken", "The security token included in the request is expired")
	_, err = dynamodb.NewFromConfig(config).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	wantError(t, "expired, JSON", err, "ExpiredTokenException", "The security token included in the request is expired")
}

func TestSessionKeysNeedTheirToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	role := createRole(t, c, "worker", `{"Service":"lambda.amazonaws.com"}`, "")
	if err := c.Lambda.Register("who", lambda.FunctionConfig{Role: role}, lambda.InProcess("who", whoami{c, "who"})); err != nil {
		t.Fatal(err)
	}
	for name, creds := range map[string][2]string{
		"NoToken":    {c.Lambda.AccessKey("who"), ""},
		"WrongToken": {c.Lambda.AccessKey("who"), "made-up"},
		"NoSuchKey":  {"ASIAIOSFODNN7EXAMPLE", "made-up"},
	} {
		config := c.Config("ann")
		config.Credentials = credentials.NewStaticCredentialsProvider(creds[0], "secret", creds[1])
		_, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		wantError(t, name+", Query", err, "InvalidClientTokenId", "The security token included in the request is invalid")
		_, err = dynamodb.NewFromConfig(config).ListTables(t.Context(), &dynamodb.ListTablesInput{})
		wantError(t, name+", JSON", err, "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
}

func TestAKeyIsOfOneAccount(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	c.In(otherAccount, "us-east-1").Config("ann")
	defer func() {
		if recover() == nil {
			t.Error("a third account gave out another's key")
		}
	}()
	c.In("333333333333", "us-east-1").Config("ann")
}
