package cloudformation

import (
	"fmt"
	"strings"
)

// creatorOf finds what creates resources of a type.
func creatorOf(kind string) (creator, error) {
	family, _, _ := strings.Cut(strings.TrimPrefix(kind, "AWS::"), "::")
	var found creator
	switch family {
	case "DynamoDB", "ECR", "S3", "SQS", "SSM", "SecretsManager":
		found = storageCreator(kind)
	case "Events", "Lambda", "Scheduler", "StepFunctions":
		found = eventCreator(kind)
	case "ApplicationAutoScaling", "ECS", "ElasticLoadBalancingV2":
		found = containerCreator(kind)
	case "CodePipeline", "SNS":
		found = messagingCreator(kind)
	case "CloudWatch", "CodeBuild", "Logs":
		found = operationCreator(kind)
	case "IAM":
		found = accessCreator(kind)
	case "EC2":
		found = networkCreator(kind)
	}
	if found == nil {
		return nil, fmt.Errorf("type %s is not supported", kind)
	}
	return found, nil
}

// operationCreator creates what watches and builds.
func operationCreator(kind string) creator {
	switch kind {
	case "AWS::CloudWatch::Alarm":
		return createAlarm
	case "AWS::CloudWatch::CompositeAlarm":
		return createCompositeAlarm
	case "AWS::CodeBuild::Project":
		return createProject
	case "AWS::Logs::LogGroup":
		return keepLogGroup
	}
	return nil
}
