package ecs

import (
	"cmp"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// privateImage is an image in a repository of ECR: registry, Region and repository.
var privateImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)`)

// forbids is why the task does not start for want of a permission, in AWS's words; "" if
// nothing is in its way. Without an execution role nothing is asked.
// AWS: ECS Developer Guide, Amazon ECS task execution IAM role; Stopped task error messages.
func (s *Service) forbids(t *task) string {
	td := t.deployment.revision.definition
	if s.deps.Permit == nil {
		return ""
	}
	for _, role := range []string{aws.ToString(td.TaskRoleArn), aws.ToString(td.ExecutionRoleArn)} {
		if role != "" && s.deps.Permit(role, t.arn, "", "") != nil {
			return "ECS was unable to assume the role '" + role + "' that was provided for this task. Please verify that the role being passed has the proper " +
				"trust relationship and permissions and that your IAM user has permissions to pass this role."
		}
	}
	if td.ExecutionRoleArn == nil {
		return ""
	}
	for _, c := range td.ContainerDefinitions {
		if reason := cmp.Or(s.forbidsImage(t, *td.ExecutionRoleArn, *c.Image), s.forbidsLog(t, *td.ExecutionRoleArn, c)); reason != "" {
			return reason
		}
	}
	return ""
}

func (s *Service) forbidsImage(t *task, role, image string) string {
	at := privateImage.FindStringSubmatch(image)
	if at == nil {
		return ""
	}
	if err := s.deps.Permit(role, t.arn, "ecr:GetAuthorizationToken", "*"); err != nil {
		return "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: " +
			"service call has been retried 1 time(s): " + told(err)
	}
	repository := partition.ARN("ecr", at[2], at[1], "repository/"+at[3])
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"} {
		if s.deps.Permit(role, t.arn, action, repository) != nil {
			return "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + image + ": unexpected status from HEAD request: 403 Forbidden"
		}
	}
	return ""
}

// told is an error as the SDK for Go tells it in these messages.
func told(err error) string {
	code, message, _ := wire.ErrorCode(err)
	return code + ": " + message
}
