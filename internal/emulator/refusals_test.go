package emulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	lambdasdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// as is the configuration of a session of a new role of home that may do what the
// statements say.
func as(t *testing.T, c *emulator.Cloud, name, statements string) aws.Config {
	t.Helper()
	role := createRole(t, c, name, `{"AWS":"123456789012"}`, statements)
	out, err := sts.NewFromConfig(config(c)).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("ann")})
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.Config(*out.Credentials.AccessKeyId)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

// A role's session is refused with the code and status that its service has for it, and
// AWS's words.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	nobody := as(t, c, "nobody", "")
	const rule = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop/1/2/3"
	for _, r := range []struct {
		code             string
		status           int
		action, resource string
		call             func(ctx context.Context) error
	}{
		{"AccessDeniedException", 400, "ecs:UpdateService", "arn:aws:ecs:us-east-1:123456789012:service/shop/web", func(ctx context.Context) error {
			_, err := ecs.NewFromConfig(nobody).UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("web")})
			return err
		}},
		{"AccessDenied", 403, "elasticloadbalancing:ModifyRule", rule, func(ctx context.Context) error {
			_, err := elb.NewFromConfig(nobody).ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(rule)})
			return err
		}},
		{"AuthorizationError", 403, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:told", func(ctx context.Context) error {
			_, err := sns.NewFromConfig(nobody).Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:told"), Message: aws.String("m")})
			return err
		}},
		{"AccessDenied", 403, "sqs:sendmessage", "arn:aws:sqs:us-east-1:123456789012:lost", func(ctx context.Context) error {
			_, err := sqs.NewFromConfig(nobody).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/123456789012/lost"), MessageBody: aws.String("m")})
			return err
		}},
		{"AccessDenied", 403, "s3:GetObject", `"arn:aws:s3:::artifacts/a"`, func(ctx context.Context) error {
			_, err := s3.NewFromConfig(nobody).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("a")})
			return err
		}},
		{"AccessDeniedException", 403, "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:work", func(ctx context.Context) error {
			_, err := lambdasdk.NewFromConfig(nobody).Invoke(ctx, &lambdasdk.InvokeInput{FunctionName: aws.String("work")})
			return err
		}},
		{"AccessDeniedException", 400, "dynamodb:ListTables", "*", func(ctx context.Context) error {
			_, err := dynamodb.NewFromConfig(nobody).ListTables(ctx, &dynamodb.ListTablesInput{})
			return err
		}},
	} {
		t.Run(r.action, func(t *testing.T) {
			t.Parallel()
			err := r.call(t.Context())
			wantError(t, r.action, err, r.code, "User: arn:aws:sts::123456789012:assumed-role/nobody/ann is not authorized to perform: "+r.action+
				" on resource: "+r.resource+" because no identity-based policy allows the "+r.action+" action")
			if response := new(awshttp.ResponseError); !errors.As(err, &response) || response.HTTPStatusCode() != r.status {
				t.Errorf("%v, want status %d", err, r.status)
			}
		})
	}
}

// A deny outweighs an allow, and a role that is passed has to be granted too.
func TestDenialsAndPassedRoles(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	client := ecs.NewFromConfig(as(t, c, "registrar", `[
		{"Effect":"Allow","Action":"ecs:*","Resource":"*"},
		{"Effect":"Deny","Action":"ecs:Delete*","NotResource":"arn:aws:ecs:*:*:cluster/scratch"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/task","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}]`))
	_, err := client.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String("shop")})
	wantError(t, "denied", err, "AccessDeniedException", "ecs:DeleteCluster on resource: arn:aws:ecs:us-east-1:123456789012:cluster/shop with an explicit deny in an identity-based policy")
	_, err = client.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String("scratch")})
	wantError(t, "not denied", err, "ClusterNotFoundException", "")
	for role, code := range map[string]string{
		"arn:aws:iam::123456789012:role/task": "", "arn:aws:iam::123456789012:role/admin": "AccessDeniedException", "arn:aws:iam::210987654321:role/task": "AccessDeniedException",
	} {
		_, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("web"), TaskRoleArn: &role, ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("web:1"), Memory: aws.Int32(64)}},
		})
		switch {
		case code == "" && err != nil:
			t.Errorf("with %s: %v", role, err)
		case code != "":
			wantError(t, "with "+role, err, code, "")
		}
	}
}

// Who may not list a bucket is not told that an object is not there.
func TestMissingObjectsAreToldToWhoMayList(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	if _, err := s3.NewFromConfig(config(c)).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	get := `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::artifacts/*"}`
	for name, r := range map[string]struct{ statements, code string }{
		"reader": {get, "AccessDenied"},
		"lister": {`[` + get + `,{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::artifacts"}]`, "NoSuchKey"},
	} {
		_, err := s3.NewFromConfig(as(t, c, name, r.statements)).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("none")})
		wantError(t, name, err, r.code, "")
	}
}

// noted is a function that counts its runs, and fails if it is told to.
type noted struct {
	runs  int
	fails bool
}

func (n *noted) Invoke(context.Context, []byte) ([]byte, error) {
	n.runs++
	if n.fails {
		return nil, errors.New("it broke")
	}
	return []byte("null"), nil
}

// What a service may not deliver goes to its dead letters, if it may send there.
func TestRulesNeedTheFunctionsPermission(t *testing.T) {
	t.Parallel()
	w := newBusWorld(t, emulator.Options{})
	c, work := w.home, &noted{}
	if err := c.Lambda.Register("work", lambda.FunctionConfig{}, lambda.InProcess("work", work)); err != nil {
		t.Fatal(err)
	}
	createQueue(t, c, "lost")
	w.send(t, c, "calls", eventtypes.Target{
		Arn: aws.String(c.Lambda.ARN("work")), DeadLetterConfig: &eventtypes.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:lost")},
	})
	var lost [][4]string // all so far: nobody takes them off the queue
	deliver := func(arrives bool) {
		t.Helper()
		id, err := putEvent(t, config(c), "")
		if err != nil {
			t.Fatal(err)
		}
		if !arrives {
			lost = append(lost, [4]string{homeAccount, "us-east-1", id, "NO_PERMISSIONS"})
		}
		c.RunFor(time.Minute)
		wantReceived(t, c, "lost", lost...)
	}
	deliver(false)
	permit := func(rule string) {
		t.Helper()
		_, err := lambdasdk.NewFromConfig(config(c)).AddPermission(t.Context(), &lambdasdk.AddPermissionInput{
			FunctionName: aws.String("work"), StatementId: &rule, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"),
			SourceArn: aws.String("arn:aws:events:us-east-1:123456789012:rule/" + rule),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	permit("another")
	deliver(false)
	permit("calls")
	deliver(true)
	if work.runs != 1 {
		t.Errorf("the function ran %d times, want once", work.runs)
	}
}

// A schedule calls as its target's role, which has to trust Scheduler and be allowed to.
func TestSchedulesCallAsTheirRole(t *testing.T) {
	t.Parallel()
	may := `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:123456789012:function:work"}`
	for name, r := range map[string]struct {
		trust, statements string
		runs              int
	}{
		"May":     {"scheduler.amazonaws.com", may, 1},
		"MayNot":  {"scheduler.amazonaws.com", "", 0},
		"Trusted": {"lambda.amazonaws.com", may, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, work := newCloud(t, emulator.Options{}), &noted{}
			if err := c.Lambda.Register("work", lambda.FunctionConfig{}, lambda.InProcess("work", work)); err != nil {
				t.Fatal(err)
			}
			role := createRole(t, c, "caller", `{"Service":"`+r.trust+`"}`, r.statements)
			_, err := scheduler.NewFromConfig(config(c)).CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{
				Name: aws.String("once"), ScheduleExpression: aws.String("at(2026-01-01T00:01:00)"),
				FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
				Target:             &schedulertypes.Target{Arn: aws.String(c.Lambda.ARN("work")), RoleArn: &role},
			})
			if err != nil {
				t.Fatal(err)
			}
			c.RunFor(time.Hour)
			if work.runs != r.runs {
				t.Errorf("the function ran %d times, want %d", work.runs, r.runs)
			}
		})
	}
}

// A function's dead letters are sent as its role, and are lost if it may not.
func TestDeadLettersAreSentAsTheFunctionsRole(t *testing.T) {
	t.Parallel()
	for statements, want := range map[string]int{
		"": 0, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:lost"}`: 1,
	} {
		c := newCloud(t, emulator.Options{})
		createQueue(t, c, "lost")
		role := createRole(t, c, "worker", `{"Service":"lambda.amazonaws.com"}`, statements)
		settings := lambda.FunctionConfig{Role: role, DeadLetterARN: "arn:aws:sqs:us-east-1:123456789012:lost"}
		if err := c.Lambda.Register("work", settings, lambda.InProcess("work", &noted{fails: true})); err != nil {
			t.Fatal(err)
		}
		c.Do(func() {
			if err := c.Lambda.InvokeAsync("work", []byte("{}")); err != nil {
				t.Error(err)
			}
		})
		c.RunFor(time.Hour)
		if got := len(messages(t, c, "https://sqs.us-east-1.amazonaws.com/123456789012/lost")); got != want {
			t.Errorf("%d dead letters with the statements %q, want %d", got, statements, want)
		}
		if got := c.Lambda.DeadLetterErrors(); got != 1-want {
			t.Errorf("%d dead letters were refused, want %d", got, 1-want)
		}
	}
}

// What a function may not log or trace is lost, and it does not hear of it.
func TestLoggingIsDecidedAndNotMissed(t *testing.T) {
	t.Parallel()
	c, work := newCloud(t, emulator.Options{}), &noted{}
	role := createRole(t, c, "worker", `{"Service":"lambda.amazonaws.com"}`, `{"Effect":"Allow","Action":"logs:CreateLogStream","Resource":"arn:aws:logs:*:*:log-group:/shop/work:*"}`)
	settings := lambda.FunctionConfig{Role: role, Logging: lambda.Logging{Group: "/shop/work"}, Tracing: "Active"}
	if err := c.Lambda.Register("work", settings, lambda.InProcess("work", work)); err != nil {
		t.Fatal(err)
	}
	decided := map[string]bool{}
	c.Decided = func(d emulator.Decision) { decided[d.Action] = d.Allowed }
	if _, err := lambdasdk.NewFromConfig(config(c)).Invoke(t.Context(), &lambdasdk.InvokeInput{FunctionName: aws.String("work")}); err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]bool{
		"logs:CreateLogStream": true, "logs:PutLogEvents": false, "xray:PutTraceSegments": false, "xray:PutTelemetryRecords": false,
	} {
		if got, was := decided[action]; got != want || !was {
			t.Errorf("%s: decided %t, allowed %t, want it decided, %t", action, was, got, want)
		}
	}
	if work.runs != 1 {
		t.Errorf("the function ran %d times, want once", work.runs)
	}
}

// A task starts with what its execution role may: pull the image, read the secrets, write
// the log.
func TestTasksStartAsTheirExecutionRole(t *testing.T) {
	t.Parallel()
	allow := func(action, resource string) string {
		return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"},`
	}
	token := allow("ecr:GetAuthorizationToken", "*")
	pull := token + allow(`ecr:BatchCheckLayerAvailability","Resource":"arn:aws:ecr:us-east-1:123456789012:repository/shop"},{"Effect":"Allow","Action":"ecr:GetDownloadUrlForLayer","Resource":"*"},{"Effect":"Allow","Action":"ecr:BatchGetImage`, "*")
	logs := pull + allow("logs:CreateLogStream", "arn:aws:logs:us-east-1:123456789012:log-group:/shop:*")
	all := logs + allow("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/shop/level")
	for name, r := range map[string]struct{ trust, statements, reason string }{
		"NotTrusted": {"lambda.amazonaws.com", all, "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/execution'"},
		"NoToken":    {"ecs-tasks.amazonaws.com", allow("s3:GetObject", "*"), "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth"},
		"NoPull":     {"ecs-tasks.amazonaws.com", token, "CannotPullContainerError: "},
		"NoStream":   {"ecs-tasks.amazonaws.com", pull, "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException"},
		"NoLogGroup": {"ecs-tasks.amazonaws.com", strings.ReplaceAll(all, ":/shop:*", ":/none:*"), "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."},
		"NoSecret":   {"ecs-tasks.amazonaws.com", logs, "ResourceInitializationError: unable to pull secrets or registry auth: "},
		"All":        {"ecs-tasks.amazonaws.com", all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, emulator.Options{})
			role := createRole(t, c, "execution", `{"Service":"`+r.trust+`"}`, `[`+strings.TrimSuffix(r.statements, ",")+`]`)
			group := "/shop"
			if strings.Contains(r.statements, "/none") {
				group = "/none"
			}
			reason := runTask(t, c, role, group)
			if (r.reason == "") != (reason == "") || !strings.HasPrefix(reason, r.reason) {
				t.Errorf("the task stopped because %q, want %q", reason, r.reason)
			}
		})
	}
}

// runTask starts a service of one task with an image of ECR, a secret and a log in the group,
// of which there is only /shop, and gives
// why its first task stopped; "" if it runs.
func runTask(t *testing.T, c *emulator.Cloud, role, group string) string {
	t.Helper()
	if _, err := ecr.NewFromConfig(config(c)).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	putParameter(t, c, "/shop/level", "info")
	if _, err := cloudwatchlogs.NewFromConfig(config(c)).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/shop")}); err != nil {
		t.Fatal(err)
	}
	client := ecs.NewFromConfig(config(c))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("web"), ExecutionRoleArn: &role, NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"),
			Secrets: []ecstypes.Secret{{Name: aws.String("LEVEL"), ValueFrom: aws.String("arn:aws:ssm:us-east-1:123456789012:parameter/shop/level")}},
			LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web",
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateService(t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.RunFor(time.Minute)
	for _, status := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusStopped, ecstypes.DesiredStatusRunning} {
		list, err := client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("shop"), DesiredStatus: status})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.TaskArns) == 0 {
			continue
		}
		tasks, err := client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: list.TaskArns[:1]})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(tasks.Tasks[0].StoppedReason)
	}
	t.Fatal("there is no task")
	return ""
}

func putParameter(t *testing.T, c *emulator.Cloud, name, value string) {
	t.Helper()
	_, err := ssm.NewFromConfig(config(c)).PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString})
	if err != nil {
		t.Fatal(err)
	}
}
