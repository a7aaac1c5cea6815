package actions_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/actions"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// known is a state in which names have the ARNs that they are given here.
type known struct{}

func (known) RoleARN(name string) string { return "arn:aws:iam::123456789012:role/deploy/" + name }
func (known) SecretARN(id string) string { return map[string]string{"slack": slackARN}[id] }
func (known) ScalableTargetARN(id string) string {
	return map[string]string{"service/shop/web": target}[id]
}
func (known) QueriedPartition(*actions.Query) string { return "env#shop" }
func (known) PartitionKey(_ string, item actions.Item) string {
	return item["pk"].(*dynamotypes.AttributeValueMemberS).Value
}

const (
	slackARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1b2c3"
	target   = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0ec5a1b2"
)

// An operation without a row would be refused to everybody, and a row without an
// operation says nothing.
func TestTheTableHasTheOperationsThatAreServed(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	got := actions.NewTable("123456789012", "us-east-1", known{}).Operations()
	slices.Sort(got)
	if diff := cmp.Diff(emulator.New(l, emulator.Options{}).Mux.Operations(), got); diff != "" {
		t.Errorf("operations of the table (-served +table):\n%s", diff)
	}
}

func key(pk string) actions.Item {
	return actions.Item{"pk": &dynamotypes.AttributeValueMemberS{Value: pk}}
}

// need is one on a resource of the account in us-east-1, given without the beginning of
// its ARN.
func need(action, resource string, context ...string) actions.Need {
	n := actions.Need{Action: action, Resource: resource}
	for i := 0; i < len(context); i += 2 {
		if n.Context == nil {
			n.Context = map[string][]string{}
		}
		n.Context[context[i]] = append(n.Context[context[i]], context[i+1])
	}
	return n
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	const service = "arn:aws:ecs:us-east-1:123456789012:service/shop/web"
	const table = "arn:aws:dynamodb:us-east-1:123456789012:table/facts"
	const rule = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop/1/2/3"
	const schedule = "arn:aws:scheduler:us-east-1:123456789012:schedule/"
	const alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
	const function = "arn:aws:lambda:us-east-1:123456789012:function:recover"
	const bus = "arn:aws:events:us-east-1:123456789012:event-bus/"
	const deadman = "arn:aws:iam::123456789012:role/deadman"
	facts := aws.String("facts")
	const logGroup = "arn:aws:logs:us-east-1:123456789012:log-group:/shop:log-stream:"
	tests := map[string]struct {
		service, operation string
		in                 any
		want               []actions.Need
	}{
		"ServiceByName": {
			"ecs", "UpdateService", &ecs.UpdateServiceInput{Cluster: new("shop"), Service: new("web")},
			[]actions.Need{need("ecs:UpdateService", service, "ecs:cluster", "shop")},
		},
		"ServiceByARN": {
			"ecs", "UpdateService", &ecs.UpdateServiceInput{Cluster: new("arn:aws:ecs:us-east-1:123456789012:cluster/shop"), Service: new(service)},
			[]actions.Need{need("ecs:UpdateService", service, "ecs:cluster", "arn:aws:ecs:us-east-1:123456789012:cluster/shop")},
		},
		"EachService": {"ecs", "DescribeServices", &ecs.DescribeServicesInput{Services: []string{"a", "b"}}, []actions.Need{
			need("ecs:DescribeServices", "arn:aws:ecs:us-east-1:123456789012:service/default/a"), need("ecs:DescribeServices", "arn:aws:ecs:us-east-1:123456789012:service/default/b"),
		}},
		"TaskDefinition": {"ecs", "RegisterTaskDefinition", &ecs.RegisterTaskDefinitionInput{
			Family: new("web"), TaskRoleArn: new("task"), ExecutionRoleArn: new("arn:aws:iam::123456789012:role/execution"), Tags: []ecstypes.Tag{{Key: new("a")}},
		}, []actions.Need{
			need("ecs:RegisterTaskDefinition", "arn:aws:ecs:us-east-1:123456789012:task-definition/web:*"),
			need("iam:PassRole", "arn:aws:iam::123456789012:role/task", "iam:PassedToService", "ecs-tasks.amazonaws.com"),
			need("iam:PassRole", "arn:aws:iam::123456789012:role/execution", "iam:PassedToService", "ecs-tasks.amazonaws.com"),
			need("ecs:TagResource", "arn:aws:ecs:us-east-1:123456789012:task-definition/web:*", "ecs:CreateAction", "RegisterTaskDefinition"),
		}},
		"Rule":  {"elbv2", "ModifyRule", &elb.ModifyRuleInput{RuleArn: new(rule)}, []actions.Need{need("elasticloadbalancing:ModifyRule", rule)}},
		"Rules": {"elbv2", "DescribeRules", &elb.DescribeRulesInput{RuleArns: []string{rule}}, []actions.Need{need("elasticloadbalancing:DescribeRules", "*")}},
		"Alarms": {
			"cloudwatch", "DescribeAlarms", &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a", "b"}},
			[]actions.Need{need("cloudwatch:DescribeAlarms", alarm+"a"), need("cloudwatch:DescribeAlarms", alarm+"b")},
		},
		"AllAlarms": {"cloudwatch", "DescribeAlarms", &cloudwatch.DescribeAlarmsInput{}, []actions.Need{need("cloudwatch:DescribeAlarms", alarm+"*")}},
		"CompositeAlarms": {"cloudwatch", "DescribeAlarms", &cloudwatch.DescribeAlarmsInput{
			AlarmNames: []string{"a"}, AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeCompositeAlarm},
		}, []actions.Need{need("cloudwatch:DescribeAlarms", "*")}},
		"ScalableTarget": {"application-autoscaling", "RegisterScalableTarget", &applicationautoscaling.RegisterScalableTargetInput{
			ServiceNamespace: "ecs", ResourceId: new("service/shop/web"), ScalableDimension: "ecs:service:DesiredCount",
		}, []actions.Need{need("application-autoscaling:RegisterScalableTarget", target,
			"application-autoscaling:service-namespace", "ecs", "application-autoscaling:scalable-dimension", "ecs:service:DesiredCount")}},
		"NewScalableTarget": {
			"application-autoscaling", "RegisterScalableTarget", &applicationautoscaling.RegisterScalableTargetInput{ResourceId: new("service/shop/new")},
			[]actions.Need{need("application-autoscaling:RegisterScalableTarget", "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/*")},
		},
		"Transaction": {"dynamodb", "TransactWriteItems", &dynamodb.TransactWriteItemsInput{TransactItems: []dynamotypes.TransactWriteItem{
			{ConditionCheck: &dynamotypes.ConditionCheck{TableName: facts, Key: key("a")}},
			{Put: &dynamotypes.Put{TableName: facts, Item: key("b")}},
			{Update: &dynamotypes.Update{TableName: facts, Key: key("c")}},
			{Delete: &dynamotypes.Delete{TableName: facts, Key: key("d")}},
		}}, []actions.Need{
			need("dynamodb:ConditionCheckItem", table, "dynamodb:LeadingKeys", "a"), need("dynamodb:PutItem", table, "dynamodb:LeadingKeys", "b"),
			need("dynamodb:UpdateItem", table, "dynamodb:LeadingKeys", "c"), need("dynamodb:DeleteItem", table, "dynamodb:LeadingKeys", "d"),
		}},
		"Batch": {
			"dynamodb", "BatchGetItem", &dynamodb.BatchGetItemInput{RequestItems: map[string]dynamotypes.KeysAndAttributes{"facts": {Keys: []map[string]dynamotypes.AttributeValue{key("a"), key("b")}}}},
			[]actions.Need{need("dynamodb:BatchGetItem", table, "dynamodb:LeadingKeys", "a", "dynamodb:LeadingKeys", "b")},
		},
		"Index": {
			"dynamodb", "Query", &dynamodb.QueryInput{TableName: new(table), IndexName: new("by-app")},
			[]actions.Need{need("dynamodb:Query", table+"/index/by-app", "dynamodb:LeadingKeys", "env#shop")},
		},
		"Schedule": {
			"scheduler", "CreateSchedule", &scheduler.CreateScheduleInput{Name: new("r"), GroupName: new("answers"), Target: &schedulertypes.Target{RoleArn: new(deadman)}},
			[]actions.Need{need("scheduler:CreateSchedule", schedule+"answers/r"), need("iam:PassRole", deadman, "iam:PassedToService", "scheduler.amazonaws.com")},
		},
		"DefaultGroup": {"scheduler", "DeleteSchedule", &scheduler.DeleteScheduleInput{Name: new("r")}, []actions.Need{need("scheduler:DeleteSchedule", schedule+"default/r")}},
		"Token":        {"stepfunctions", "SendTaskSuccess", &sfn.SendTaskSuccessInput{TaskToken: new("t")}, []actions.Need{need("states:SendTaskSuccess", "*")}},
		"Events": {"events", "PutEvents", &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{
			{Source: new("sluice"), DetailType: new("T")}, {EventBusName: new("decisions"), Source: new("s"), DetailType: new("T")},
		}}, []actions.Need{
			need("events:PutEvents", bus+"default", "events:source", "sluice", "events:detail-type", "T", "events:eventBusInvocation", "false"),
			need("events:PutEvents", bus+"decisions", "events:source", "s", "events:detail-type", "T", "events:eventBusInvocation", "false"),
		}},
		"RuleOfABus": {
			"events", "PutRule", &eventbridge.PutRuleInput{Name: new("r"), EventBusName: new(bus + "decisions")},
			[]actions.Need{need("events:PutRule", "arn:aws:events:us-east-1:123456789012:rule/decisions/r")},
		},
		"Targets": {
			"events", "PutTargets", &eventbridge.PutTargetsInput{Rule: new("r"), Targets: []eventtypes.Target{{Arn: new(function)}, {RoleArn: new(deadman)}}},
			[]actions.Need{need("events:PutTargets", "arn:aws:events:us-east-1:123456789012:rule/r"), need("iam:PassRole", deadman, "iam:PassedToService", "events.amazonaws.com")},
		},
		"FunctionByName":  {"lambda", "Invoke", &lambda.InvokeInput{FunctionName: new("recover"), Qualifier: new("live")}, []actions.Need{need("lambda:InvokeFunction", function+":live")}},
		"FunctionByARN":   {"lambda", "Invoke", &lambda.InvokeInput{FunctionName: new(function + ":live"), Qualifier: new("live")}, []actions.Need{need("lambda:InvokeFunction", function+":live")}},
		"FunctionByPart":  {"lambda", "GetFunction", &lambda.GetFunctionInput{FunctionName: new("123456789012:function:recover")}, []actions.Need{need("lambda:GetFunction", function)}},
		"Object":          {"s3", "HeadObject", &s3.HeadObjectInput{Bucket: new("artifacts"), Key: new("a/b.zip")}, []actions.Need{need("s3:GetObject", "arn:aws:s3:::artifacts/a/b.zip")}},
		"Bucket":          {"s3", "ListObjectsV2", &s3.ListObjectsV2Input{Bucket: new("artifacts"), Prefix: new("a/")}, []actions.Need{need("s3:ListBucket", "arn:aws:s3:::artifacts", "s3:prefix", "a/")}},
		"SecretByName":    {"secretsmanager", "GetSecretValue", &secretsmanager.GetSecretValueInput{SecretId: new("slack")}, []actions.Need{need("secretsmanager:GetSecretValue", slackARN)}},
		"NoSuchSecret":    {"secretsmanager", "GetSecretValue", &secretsmanager.GetSecretValueInput{SecretId: new("none")}, []actions.Need{need("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:none")}},
		"Parameter":       {"ssm", "GetParameters", &ssm.GetParametersInput{Names: []string{"/shop/level", "plain"}}, []actions.Need{need("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/shop/level"), need("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/plain")}},
		"Queue":           {"sqs", "SendMessage", &sqs.SendMessageInput{QueueUrl: new("https://sqs.us-east-1.amazonaws.com/123456789012/jobs")}, []actions.Need{need("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:jobs")}},
		"Topic":           {"sns", "Publish", &sns.PublishInput{TopicArn: new("arn:aws:sns:us-east-1:123456789012:told")}, []actions.Need{need("sns:Publish", "arn:aws:sns:us-east-1:123456789012:told")}},
		"Telephone":       {"sns", "Publish", &sns.PublishInput{PhoneNumber: new("+1")}, []actions.Need{need("sns:Publish", "*")}},
		"Subscription":    {"sns", "Unsubscribe", &sns.UnsubscribeInput{SubscriptionArn: new("arn:aws:sns:us-east-1:123456789012:told:0ec5")}, []actions.Need{need("sns:Unsubscribe", "arn:aws:sns:us-east-1:123456789012:told")}},
		"Builds":          {"codebuild", "BatchGetBuilds", &codebuild.BatchGetBuildsInput{Ids: []string{"shop:0ec5", "arn:aws:codebuild:us-east-1:123456789012:build/web:1"}}, []actions.Need{need("codebuild:BatchGetBuilds", "arn:aws:codebuild:us-east-1:123456789012:project/shop"), need("codebuild:BatchGetBuilds", "arn:aws:codebuild:us-east-1:123456789012:project/web")}},
		"PipelinesAction": {"codepipeline", "PutApprovalResult", &codepipeline.PutApprovalResultInput{PipelineName: new("shop"), StageName: new("Production"), ActionName: new("Approve")}, []actions.Need{need("codepipeline:PutApprovalResult", "arn:aws:codepipeline:us-east-1:123456789012:shop/Production/Approve")}},
		"Registry":        {"ecr", "DescribeImages", &ecr.DescribeImagesInput{RegistryId: new("210987654321"), RepositoryName: new("shop")}, []actions.Need{need("ecr:DescribeImages", "arn:aws:ecr:us-east-1:210987654321:repository/shop")}},
		"Role":            {"iam", "AttachRolePolicy", &iam.AttachRolePolicyInput{RoleName: new("runner"), PolicyArn: new("arn:aws:iam::aws:policy/P")}, []actions.Need{need("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/deploy/runner", "iam:PolicyARN", "arn:aws:iam::aws:policy/P")}},
		"LogStream":       {"logs", "PutLogEvents", &cloudwatchlogs.PutLogEventsInput{LogGroupName: new("/shop"), LogStreamName: new("web/1")}, []actions.Need{need("logs:PutLogEvents", logGroup+"web/1")}},
		"LogGroup":        {"logs", "FilterLogEvents", &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/shop")}, []actions.Need{need("logs:FilterLogEvents", logGroup)}},
		"LogGroupByARN":   {"logs", "DescribeLogStreams", &cloudwatchlogs.DescribeLogStreamsInput{LogGroupIdentifier: new("arn:aws:logs:us-east-1:123456789012:log-group:/shop")}, []actions.Need{need("logs:DescribeLogStreams", logGroup)}},
		"LogGroupById":    {"logs", "FilterLogEvents", &cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: new("/shop")}, []actions.Need{need("logs:FilterLogEvents", logGroup)}},
		"LogGroups":       {"logs", "DescribeLogGroups", &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: new("/shop")}, []actions.Need{need("logs:DescribeLogGroups", "arn:aws:logs:us-east-1:123456789012:log-group::log-stream:")}},
		"NewRole":         {"iam", "CreateRole", &iam.CreateRoleInput{RoleName: new("runner"), Path: new("/deploy/")}, []actions.Need{need("iam:CreateRole", "arn:aws:iam::123456789012:role/deploy/runner")}},
	}
	asked := actions.NewTable("123456789012", "us-east-1", known{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := asked.Needs(&wire.Call{Service: test.service, Operation: test.operation}, test.in)
			if !ok {
				t.Fatal("the table does not have the operation")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}
