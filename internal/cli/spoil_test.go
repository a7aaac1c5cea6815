package cli_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/harness"
)

const cluster = "shop-production"

// spoil does what somebody may do by hand, or forget, and a deployment cannot work with.
func (w *scripted) spoil(args []string) error {
	spoilers := map[string]func(context.Context) error{
		"letters": func(ctx context.Context) error {
			_, err := w.aws.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &w.Settings.DeadLetters, MessageBody: aws.String("{}")})
			return err
		},
		"alias": func(ctx context.Context) error {
			_, err := lambda.NewFromConfig(w.Config("AKIAPERSON")).UpdateAlias(ctx, &lambda.UpdateAliasInput{
				FunctionName: aws.String("sluice-judge"), Name: aws.String("live"), FunctionVersion: aws.String("$LATEST"),
			})
			return err
		},
		"machine": func(ctx context.Context) error {
			_, err := w.aws.SFN.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &w.Settings.Machine})
			return err
		},
		"slack": func(ctx context.Context) error {
			_, err := w.aws.SecretsManager.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
				SecretId: &w.Settings.SlackSecret, SecretString: aws.String(`{"signingSecret": "of-no-use", "botToken": "xoxb-revoked"}`),
				ClientRequestToken: aws.String("a-secret-that-somebody-has-revoked"),
			})
			return err
		},
		"service": func(ctx context.Context) error {
			_, err := w.aws.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{Cluster: aws.String(cluster), Service: aws.String("shop-green"), Force: aws.Bool(true)})
			return err
		},
		"stable": func(ctx context.Context) error {
			group := aws.String(w.made(cluster).Outputs["BlueGroup"])
			health, err := w.aws.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: group})
			if err != nil {
				return err
			}
			var targets []elbtypes.TargetDescription
			for _, d := range health.TargetHealthDescriptions {
				targets = append(targets, *d.Target)
			}
			_, err = w.aws.ELB.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: group, Targets: targets})
			return err
		},
		"alarm": func(ctx context.Context) error {
			_, err := w.aws.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"shop-production-green-5xx"}})
			return err
		},
		"scaling": func(ctx context.Context) error {
			_, err := w.aws.AutoScaling.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
				ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
				ResourceId: aws.String("service/" + cluster + "/shop-green"),
			})
			return err
		},
		"trust": func(ctx context.Context) error {
			_, err := iam.NewFromConfig(w.Config("AKIAPERSON")).UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
				RoleName:       aws.String(w.made(cluster).PhysicalIDs["TaskRole"]),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			})
			return err
		},
		"passing": func(ctx context.Context) error {
			return w.revoke(ctx, w.Stacks[0].PhysicalIDs["PrepareFunctionRole"], "register")
		},
		"pulling": func(ctx context.Context) error {
			return w.revoke(ctx, w.made(cluster).PhysicalIDs["ExecutionRole"], "start-tasks")
		},
		"log group": func(ctx context.Context) error {
			_, err := cloudwatchlogs.NewFromConfig(w.Config("AKIAPERSON")).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/ecs/shop-production")})
			return err
		},
		"log driver": func(ctx context.Context) error {
			return w.retask(ctx, func(td *ecs.RegisterTaskDefinitionInput) { td.ContainerDefinitions[0].LogConfiguration = nil })
		},
		"image": func(ctx context.Context) error {
			return w.retask(ctx, func(td *ecs.RegisterTaskDefinitionInput) {
				td.ContainerDefinitions[0].Image = aws.String(repository + ":gone")
			})
		},
		"platform": func(ctx context.Context) error {
			found, err := w.aws.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
				RepositoryName: aws.String("shop"), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("v0")}},
			})
			if err != nil {
				return err
			}
			const platform = `{"digest":%q,"platform":{"architecture":%q,"os":"linux"}}`
			digest := aws.ToString(found.ImageDetails[0].ImageDigest)
			_, err = w.aws.ECR.PutImage(ctx, &ecr.PutImageInput{
				RepositoryName: aws.String("shop"), ImageTag: aws.String("arm"), ImageManifestMediaType: aws.String("application/vnd.oci.image.index.v1+json"),
				ImageManifest: aws.String(fmt.Sprintf(`{"schemaVersion":2,"manifests":[`+platform+","+platform+`]}`, digest, "arm64", digest, "unknown")),
			})
			if err != nil {
				return err
			}
			return w.retask(ctx, func(td *ecs.RegisterTaskDefinitionInput) {
				td.ContainerDefinitions[0].Image = aws.String(repository + ":arm")
			})
		},
		"single platform": func(ctx context.Context) error {
			return w.rebuild(ctx, "single", `{"architecture":"arm64","os":"linux"}`)
		},
		"config": func(ctx context.Context) error { return w.rebuild(ctx, "chart", `{"name":"shop"}`) },
		"secret": func(ctx context.Context) error {
			return w.retask(ctx, func(td *ecs.RegisterTaskDefinitionInput) {
				td.ContainerDefinitions[0].Secrets = []ecstypes.Secret{
					{Name: aws.String("TOKEN"), ValueFrom: aws.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf:token::")},
					{Name: aws.String("MODE"), ValueFrom: aws.String("/shop/mode")},
				}
			})
		},
	}
	do, ok := spoilers[args[0]]
	if !ok {
		return fmt.Errorf("nobody knows how to spoil %q", args[0])
	}
	return do(context.Background())
}

// made is the stack of that name.
func (w *scripted) made(stack string) harness.Stack {
	return w.Stacks[slices.IndexFunc(w.Stacks, func(s harness.Stack) bool { return s.Name == stack })]
}

// rebuild has blue run an image with another config.
func (w *scripted) rebuild(ctx context.Context, tag, config string) error {
	if _, err := w.pushImage(ctx, tag, config); err != nil {
		return err
	}
	return w.retask(ctx, func(td *ecs.RegisterTaskDefinitionInput) {
		td.ContainerDefinitions[0].Image = aws.String(repository + ":" + tag)
	})
}

// retask has blue run another task definition.
func (w *scripted) retask(ctx context.Context, change func(*ecs.RegisterTaskDefinitionInput)) error {
	out, err := w.aws.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(cluster)})
	if err != nil {
		return err
	}
	t := out.TaskDefinition
	in := &ecs.RegisterTaskDefinitionInput{
		Family: t.Family, ContainerDefinitions: t.ContainerDefinitions, TaskRoleArn: t.TaskRoleArn, ExecutionRoleArn: t.ExecutionRoleArn,
		NetworkMode: t.NetworkMode, RequiresCompatibilities: t.RequiresCompatibilities, Cpu: t.Cpu, Memory: t.Memory, RuntimePlatform: t.RuntimePlatform,
	}
	change(in)
	made, err := w.aws.ECS.RegisterTaskDefinition(ctx, in)
	if err != nil {
		return err
	}
	_, err = w.aws.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: aws.String(cluster), Service: aws.String("shop-blue"), TaskDefinition: made.TaskDefinition.TaskDefinitionArn,
	})
	return err
}

// revoke takes an inline policy from a role.
func (w *scripted) revoke(ctx context.Context, role, policy string) error {
	_, err := iam.NewFromConfig(w.Config("AKIAPERSON")).DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &policy})
	return err
}
