package states

import (
	"slices"
	"strings"
)

// sdkService is an AWS service as the aws-sdk integration names it.
type sdkService struct {
	model string // of botocore
	// class is the prefix of the service's classes in the AWS SDK for Java 2, which
	// is what error names begin with. Recorded on AWS for SecretsManager only; the
	// others follow the SDK's naming and are not confirmed.
	class string
	// modelled are the common error codes that the service's own model has. All
	// other common ones come as the service's base exception.
	modelled []string
}

func sdkServiceOf(name string) (sdkService, bool) {
	s, has := map[string]sdkService{
		"applicationautoscaling": {"application-autoscaling", "ApplicationAutoScaling", []string{"ValidationException", "LimitExceededException"}},
		"cloudwatch":             {"cloudwatch", "CloudWatch", []string{"MissingParameter", "InvalidParameterValue", "LimitExceededException"}},
		"codebuild":              {"codebuild", "CodeBuild", nil},
		"dynamodb":               {"dynamodb", "DynamoDb", []string{"ThrottlingException", "RequestLimitExceeded", "LimitExceededException"}},
		"ecr":                    {"ecr", "Ecr", []string{"ValidationException", "LimitExceededException"}},
		"ecs":                    {"ecs", "Ecs", []string{"AccessDeniedException", "LimitExceededException"}},
		"elasticloadbalancingv2": {"elbv2", "ElasticLoadBalancingV2", nil},
		"eventbridge":            {"events", "EventBridge", []string{"AccessDeniedException", "ThrottlingException", "LimitExceededException"}},
		"lambda":                 {"lambda", "Lambda", nil},
		"s3":                     {"s3", "S3", []string{"AccessDenied"}},
		"scheduler":              {"scheduler", "Scheduler", []string{"ThrottlingException", "ValidationException", "InternalServerException"}},
		"secretsmanager":         {"secretsmanager", "SecretsManager", []string{"LimitExceededException"}},
		"sfn":                    {"stepfunctions", "Sfn", []string{"ValidationException"}},
		"sqs":                    {"sqs", "Sqs", nil},
		"ssm":                    {"ssm", "Ssm", []string{"AccessDeniedException", "ThrottlingException", "ValidationException"}},
		"sts":                    {"sts", "Sts", nil},
	}[name]
	return s, has
}

// errorName is the name under which a Task fails with an error of the service: its
// exception class, or the base class for a code that the model does not have
// (recorded on AWS: SecretsManager.SecretsManagerException).
func (s sdkService) errorName(code string) string {
	if common(code) && !slices.Contains(s.modelled, code) {
		return s.class + "." + s.class + "Exception"
	}
	code = code[strings.LastIndex(code, ".")+1:]
	for _, suffix := range []string{"Fault", "Exception"} {
		code = strings.TrimSuffix(code, suffix)
	}
	return s.class + "." + code + "Exception"
}

// common reports whether any service may answer with the code, modelled or not
// (AWS: Common error types).
func common(code string) bool {
	return slices.Contains([]string{
		"AccessDenied", "AccessDeniedException", "IncompleteSignature", "InternalFailure", "InternalServerException",
		"InvalidAction", "InvalidClientTokenId", "InvalidParameterValue", "LimitExceededException", "MissingAuthenticationToken",
		"MissingParameter", "RequestExpired", "RequestLimitExceeded", "SerializationException", "ServiceUnavailable",
		"ServiceUnavailableException", "Throttling", "ThrottlingException", "TooManyRequestsException", "UnrecognizedClientException",
		"ValidationError", "ValidationException",
	}, code)
}
