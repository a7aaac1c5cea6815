package states

import (
	"slices"
	"strings"
)

// sdkService is an AWS service of the aws-sdk integration.
type sdkService struct {
	// class is the prefix of the service's classes in the AWS SDK for Java 2, which
	// is what error names begin with. Recorded on AWS for SecretsManager only; the
	// others follow the SDK's naming and are not confirmed.
	class string
	// modelled are the common error codes that the service's own model has. All
	// other common ones come as the service's base exception.
	modelled []string
}

// sdkServiceOf is the service that the integration names so.
func sdkServiceOf(name string) (sdkService, bool) {
	s, has := map[string]sdkService{
		"applicationautoscaling": {"ApplicationAutoScaling", []string{"ValidationException", "LimitExceededException"}},
		"cloudwatch":             {"CloudWatch", []string{"LimitExceededException"}},
		"codebuild":              {"CodeBuild", nil},
		"codepipeline":           {"CodePipeline", []string{"LimitExceededException", "ValidationException"}},
		"dynamodb":               {"DynamoDb", []string{"ThrottlingException", "RequestLimitExceeded", "LimitExceededException"}},
		"ecr":                    {"Ecr", []string{"ValidationException", "LimitExceededException"}},
		"ecs":                    {"Ecs", []string{"AccessDeniedException", "LimitExceededException"}},
		"elasticloadbalancingv2": {"ElasticLoadBalancingV2", nil},
		"eventbridge":            {"EventBridge", []string{"AccessDeniedException", "ThrottlingException", "LimitExceededException"}},
		"lambda":                 {"Lambda", nil},
		"s3":                     {"S3", []string{"AccessDenied"}},
		"scheduler":              {"Scheduler", []string{"ThrottlingException", "ValidationException", "InternalServerException"}},
		"secretsmanager":         {"SecretsManager", []string{"LimitExceededException"}},
		"sfn":                    {"Sfn", []string{"ValidationException"}},
		"sns":                    {"Sns", []string{"ValidationException"}},
		"sqs":                    {"Sqs", nil},
		"ssm":                    {"Ssm", []string{"AccessDeniedException", "ThrottlingException", "ValidationException"}},
		"sts":                    {"Sts", nil},
	}[name]
	return s, has
}

// errorName is the name under which a Task fails with an error of the service, given
// by the error's name in the service's model: its exception class, or the base class for a code that the model does not have
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
