package emulator_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	homeAccount  = "123456789012"
	otherAccount = "210987654321"
)

func newCloud(t *testing.T, o emulator.Options) *emulator.Cloud {
	t.Helper()
	c := emulator.New(loop.NewVirtual(start), o)
	t.Cleanup(c.Close)
	return c
}

// wantError checks an error's code and a part of its message.
func wantError(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("%s: error = %v\nwant %s: %s", what, err, code, message)
	}
}

// createRole creates a role whose trust policy names a principal, and which may do
// what the statements say.
func createRole(t *testing.T, c *emulator.Cloud, name, principal, statements string) string {
	t.Helper()
	client := iam.NewFromConfig(c.Config("admin-of-" + c.Account))
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if statements == "" {
		return *out.Role.Arn
	}
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":` + statements + `}`)})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func queues(t *testing.T, config aws.Config) []string {
	t.Helper()
	out, err := sqs.NewFromConfig(config).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrls
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{Latency: time.Millisecond})
	if c.In(homeAccount, "us-east-1") != c || c.In(otherAccount, "eu-west-1") != c.In(otherAccount, "eu-west-1").In(otherAccount, "eu-west-1") {
		t.Error("In does not give the same cloud for the same account and Region")
	}
	var seen []string
	c.Observe = func(call *wire.Call, _, _ any, _ error) {
		seen = append(seen, strings.Join([]string{call.Account, call.Region, call.Operation}, " "))
	}
	places := []*emulator.Cloud{c, c.In(homeAccount, "eu-west-1"), c.In(otherAccount, "us-east-1"), c.In(otherAccount, "ap-southeast-2")}
	for _, place := range places {
		_, err := sqs.NewFromConfig(place.Config("key-of-"+place.Account)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"123456789012 us-east-1 CreateQueue", "123456789012 eu-west-1 CreateQueue",
		"210987654321 us-east-1 CreateQueue", "210987654321 ap-southeast-2 CreateQueue",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("requests seen at home (-want +got):\n%s", diff)
	}
	for _, place := range places {
		want := []string{"https://sqs." + place.Region + ".amazonaws.com/" + place.Account + "/jobs"}
		if diff := cmp.Diff(want, queues(t, place.Config("key-of-"+place.Account))); diff != "" {
			t.Errorf("queues of %s in %s (-want +got):\n%s", place.Account, place.Region, diff)
		}
	}
	// The key says the account and the Region of the client the Region, whichever
	// cloud's client it is.
	config := c.Config("key-of-" + otherAccount)
	config.Region = "ap-southeast-2"
	if diff := cmp.Diff([]string{"https://sqs.ap-southeast-2.amazonaws.com/210987654321/jobs"}, queues(t, config)); diff != "" {
		t.Errorf("queues by key and Region (-want +got):\n%s", diff)
	}
}

func TestThePortLeadsToAllAccountsAndRegions(t *testing.T) {
	t.Parallel()
	l := loop.NewLive(100)
	go l.Run(t.Context()) //nolint:errcheck // it ends with the test
	c := emulator.New(l, emulator.Options{})
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	var config aws.Config
	l.Do(func() { config = c.In(otherAccount, "eu-west-1").Config("other") })
	config.HTTPClient, config.BaseEndpoint = server.Client(), &server.URL
	out, err := sqs.NewFromConfig(config).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://sqs.eu-west-1.amazonaws.com/210987654321/jobs"; *out.QueueUrl != want {
		t.Errorf("queue = %s, want %s", *out.QueueUrl, want)
	}
}

func TestARegionThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	config := c.Config("ann")
	config.Region = "moon-1"
	_, err := sts.NewFromConfig(config, func(o *sts.Options) { o.BaseEndpoint = aws.String("https://sts.example") }).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, "Query", err, "SignatureDoesNotMatch", "Credential should be scoped to a valid region, not 'moon-1'.")
	_, err = dynamodb.NewFromConfig(config).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	wantError(t, "JSON", err, "InvalidSignatureException", "Credential should be scoped to a valid region, not 'moon-1'.")
	_, err = s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	wantError(t, "S3", err, "AuthorizationHeaderMalformed", "the region 'moon-1' is wrong")
}

func TestNamesOfBucketsAreTakenForAll(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	european, other := c.In(homeAccount, "eu-west-1"), c.In(otherAccount, "us-east-1")
	client := func(place *emulator.Cloud) *s3.Client {
		return s3.NewFromConfig(place.Config("key-of-" + place.Account))
	}
	if _, err := client(c).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("builds")}); err != nil {
		t.Fatal(err)
	}
	_, err := client(other).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("builds")})
	wantError(t, "create in another account", err, "BucketAlreadyExists", "The requested bucket name is not available.")
	_, err = client(other).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("a")})
	wantError(t, "read in another account", err, "AccessDenied", "Access Denied")
	_, err = client(european).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("a")})
	wantError(t, "read in another Region", err, "PermanentRedirect", "must be addressed using the specified endpoint")
	list, err := client(european).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(list.Buckets) != 1 || *list.Buckets[0].BucketRegion != "us-east-1" {
		t.Errorf("buckets listed in another Region = %+v, %v; want the one in us-east-1", list, err)
	}
}

func TestServicesRunBesideEachOther(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	loaded, err := cloudformation.Load("service.yaml", []byte(service))
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []*emulator.Cloud{c, c.In(otherAccount, "eu-west-1")} {
		if _, err := place.Deploy(loaded, emulator.Deployment{StackName: "shop"}); err != nil {
			t.Fatal(err)
		}
	}
	c.RunFor(5 * time.Minute)
	addresses := map[string]bool{}
	for _, place := range []*emulator.Cloud{c, c.In(otherAccount, "eu-west-1")} {
		client := ecs.NewFromConfig(place.Config("key-of-" + place.Account))
		list, err := client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("production")})
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("production"), Tasks: list.TaskArns})
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks.Tasks {
			addresses[*task.Containers[0].NetworkInterfaces[0].PrivateIpv4Address] = true
			if *task.LastStatus != "RUNNING" || !strings.HasPrefix(*task.TaskArn, "arn:aws:ecs:"+place.Region+":"+place.Account+":") {
				t.Errorf("task %s is %s, want it to run in %s of %s", *task.TaskArn, *task.LastStatus, place.Region, place.Account)
			}
		}
	}
	if len(addresses) != 4 {
		t.Errorf("the tasks have the addresses %v, want four", addresses)
	}
}

func TestFaultsOfHomeAreForAll(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	var faulted []string
	c.Faults.Request = func(call *wire.Call) *wire.Fault {
		faulted = append(faulted, call.Account+" "+call.Operation)
		return &wire.Fault{Err: wire.Errorf("ValidationException", "no")}
	}
	_, err := dynamodb.NewFromConfig(c.In(otherAccount, "eu-west-1").Config("other")).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	wantError(t, "ListTables", err, "ValidationException", "no")
	if diff := cmp.Diff([]string{"210987654321 ListTables"}, faulted); diff != "" {
		t.Errorf("faults asked for (-want +got):\n%s", diff)
	}
}
