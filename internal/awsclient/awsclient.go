// Package awsclient makes the clients that Sluice calls AWS with, and says what
// AWS's errors mean.
package awsclient

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// CallTimeout is how long one HTTP request to AWS may take. It is shorter than
// every function's timeout, so that a function hears of a slow call itself.
const CallTimeout = 5 * time.Second

// Clients are the AWS services that Sluice uses. Writers of traffic and capacity
// are apart: they never repeat a request by themselves, because a repeat could
// land after something newer. The state machine repeats their work.
type Clients struct {
	AutoScaling    *applicationautoscaling.Client
	CloudWatch     *cloudwatch.Client
	CodeBuild      *codebuild.Client
	DynamoDB       *dynamodb.Client
	ECR            *ecr.Client
	ECS            *ecs.Client
	ECSOnce        *ecs.Client
	ELB            *elasticloadbalancingv2.Client
	ELBOnce        *elasticloadbalancingv2.Client
	EventBridge    *eventbridge.Client
	S3             *s3.Client
	Scheduler      *scheduler.Client
	SecretsManager *secretsmanager.Client
	SFN            *sfn.Client
	SNS            *sns.Client
	SQS            *sqs.Client
}

// New makes the clients from one configuration.
func New(cfg aws.Config) Clients {
	return Clients{
		AutoScaling: applicationautoscaling.NewFromConfig(cfg),
		CloudWatch:  cloudwatch.NewFromConfig(cfg),
		CodeBuild:   codebuild.NewFromConfig(cfg),
		DynamoDB:    dynamodb.NewFromConfig(cfg),
		ECR:         ecr.NewFromConfig(cfg),
		ECS:         ecs.NewFromConfig(cfg),
		ECSOnce:     ecs.NewFromConfig(cfg, func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} }),
		ELB:         elasticloadbalancingv2.NewFromConfig(cfg),
		ELBOnce: elasticloadbalancingv2.NewFromConfig(cfg, func(o *elasticloadbalancingv2.Options) {
			o.Retryer = aws.NopRetryer{}
		}),
		EventBridge:    eventbridge.NewFromConfig(cfg),
		S3:             s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		Scheduler:      scheduler.NewFromConfig(cfg),
		SecretsManager: secretsmanager.NewFromConfig(cfg),
		SFN:            sfn.NewFromConfig(cfg),
		SNS:            sns.NewFromConfig(cfg),
		SQS:            sqs.NewFromConfig(cfg),
	}
}
