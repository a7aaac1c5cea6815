package wire

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// style is how a service answers input that its model does not allow.
type style struct {
	code  string
	write func([]violation) string
	// own, when set, is the answer to a violation for which the service has a code
	// of its own; nil for others.
	own func(violation) error
}

// styleOf says how each service answers. Unless a source is given, the code is
// the one that the service's API reference lists under "Common Errors" or with
// the operation, and the words are those of AWS's service framework.
func styleOf(service string) style {
	switch service {
	case "cloudformation", "cloudwatch", "elbv2", "iam", "sns", "sts":
		// AWS: the services' API References, "Common Errors": ValidationError.
		return style{code: "ValidationError", write: coralMessage}
	case "codebuild":
		// AWS: CodeBuild API Reference: InvalidInputException, "The input value
		// that was provided is not valid".
		return style{code: "InvalidInputException", write: coralMessage}
	case "codedeploy":
		// AWS: CodeDeploy API Reference, the errors of each operation.
		return style{code: "ValidationException", write: coralMessage, own: codeDeployOwn}
	case "ecs":
		// AWS: ECS API Reference: InvalidParameterException, "The specified
		// parameter isn't valid".
		return style{code: "InvalidParameterException", write: coralMessage}
	case "ecr":
		// Messages of ECR itself: github.com/int128/create-ecr-repository-action
		// issue 231, github.com/aws/aws-dotnet-deploy issue 549.
		return style{code: "InvalidParameterException", write: ecrMessage}
	case "logs":
		// AWS: CloudWatch Logs API Reference: InvalidParameterException, "A parameter is
		// specified incorrectly".
		return style{code: "InvalidParameterException", write: coralMessage}
	case "s3":
		// AWS: Amazon S3 API Reference, "Error responses": InvalidArgument.
		return style{code: "InvalidArgument", write: coralMessage, own: s3Own}
	case "sqs":
		// AWS: SQS API Reference, "Common Errors": InvalidParameterValue,
		// MissingParameter.
		return style{code: "InvalidParameterValue", write: coralMessage, own: sqsOwn}
	}
	// AWS: the API References of Application Auto Scaling, CodePipeline, DynamoDB,
	// EventBridge, EventBridge Scheduler, Lambda, Secrets Manager, Step Functions and
	// Systems Manager, "Common Errors": ValidationException.
	return style{code: "ValidationException", write: coralMessage}
}

func (s style) answer(found []violation) error {
	if s.own != nil {
		for _, v := range found {
			if err := s.own(v); err != nil {
				return err
			}
		}
	}
	return &wireError{
		code: s.code, message: s.write(found), status: http.StatusBadRequest,
		space: "com.amazon.coral.validate",
	}
}

// coralMessage is the text of AWS's service framework.
func coralMessage(found []violation) string {
	head := "1 validation error detected: "
	if len(found) > 1 {
		head = fmt.Sprintf("%d validation errors detected: ", len(found))
	}
	parts := make([]string, len(found))
	for i, v := range found {
		parts[i] = fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: %s", v.shown(), v.path, v.constraint)
	}
	return head + strings.Join(parts, "; ")
}

// shown is the value in the message; a secret is not shown.
func (v violation) shown() string {
	switch {
	case v.null:
		return " null"
	case v.sensitive:
		return ""
	}
	return " '" + display(v.value) + "'"
}

// ecrMessage tells the first violation alone.
func ecrMessage(found []violation) string {
	constraint := strings.TrimPrefix(found[0].constraint, "Member ")
	if lead, pattern, ok := strings.Cut(constraint, " pattern: "); ok {
		constraint = lead + " '" + pattern + "'"
	}
	return fmt.Sprintf("Invalid parameter at '%s' failed to satisfy constraint: '%s'", found[0].path, constraint)
}

// sqsOwn answers what is missing, and names of attributes that there are not
// (AWS: SQS API Reference, "SetQueueAttributes": InvalidAttributeName; its words in
// github.com/aws/aws-sdk-ruby issue 1632).
func sqsOwn(v violation) error {
	switch {
	case v.null:
		return &wireError{
			code: "MissingParameter", status: http.StatusBadRequest,
			message: fmt.Sprintf("The request must contain the parameter %s.", upperFirst(v.path)),
		}
	case v.shape.Name == "QueueAttributeName":
		return &wireError{
			code: "InvalidAttributeName", status: http.StatusBadRequest,
			message: "Unknown Attribute " + v.unknownName() + ".",
		}
	}
	return nil
}

// unknownName is the first of the names in a list or map that the model does not
// have.
func (v violation) unknownName() string {
	switch names := v.value.(type) {
	case []any:
		for _, name := range names {
			if name, ok := name.(string); ok && !slices.Contains(v.shape.Enum, name) {
				return name
			}
		}
	case []entry:
		for _, e := range names {
			if !slices.Contains(v.shape.Enum, e.key) {
				return e.key
			}
		}
	}
	return display(v.value)
}

// codeDeployOwn answers what is missing or wrong by the codes that CodeDeploy has for it
// (AWS: CodeDeploy API Reference, the errors of each operation).
func codeDeployOwn(v violation) error {
	code := map[string]string{
		"ApplicationName": "ApplicationName", "DeploymentGroupName": "DeploymentGroupName", "ComputePlatform": "ComputePlatform", "Role": "Role",
	}[v.shape.Name]
	switch {
	case code == "":
		return nil
	case v.null && code != "ComputePlatform":
		return &wireError{code: code + "RequiredException", status: http.StatusBadRequest, message: upperFirst(v.path) + " is required."}
	}
	return &wireError{code: "Invalid" + code + "Exception", status: http.StatusBadRequest, message: coralMessage([]violation{v})}
}

// s3Own answers the violations for which S3 has an error
// (AWS: Amazon S3 API Reference, "Error responses").
func s3Own(v violation) error {
	switch v.shape.Name {
	case "BucketLocationConstraint":
		return &wireError{
			code: "InvalidLocationConstraint", status: http.StatusBadRequest,
			message: "The specified location-constraint is not valid",
		}
	case "StorageClass":
		return &wireError{
			code: "InvalidStorageClass", status: http.StatusBadRequest,
			message: "The storage class you specified is not valid",
		}
	}
	return nil
}
