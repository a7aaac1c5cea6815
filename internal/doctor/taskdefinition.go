package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/logs"
)

// The checks of what a task needs to start.
const (
	checkImages  = "images"
	checkRoles   = "roles"
	checkPulling = "pulling"
	checkSecrets = "secrets"
	checkLogs    = "logs"
)

// taskDefinition looks at what tasks of the one that runs need to start.
func (e *environment) taskDefinition(ctx context.Context) {
	if e.plan.Approach == nil {
		for _, check := range []string{checkImages, checkRoles, checkPulling, checkSecrets, checkLogs} {
			e.unchecked(e.about, check, "it is not known which task definition the next one is made from")
		}
		return
	}
	out, err := e.place.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &e.plan.Approach.Base})
	if err != nil {
		e.failed(e.about, checkImages, awsclient.Wrap(err, "read task definition %s", e.plan.Approach.Base), "")
		return
	}
	td := out.TaskDefinition
	e.images(ctx, td)
	e.taskRoles(ctx, td)
	e.pulling(ctx, td)
	e.secrets(ctx, td)
	e.logs(ctx, td)
}

// images wants each image of ECR to be there, for the platform that tasks run on.
func (e *environment) images(ctx context.Context, td *types.TaskDefinition) {
	var there, elsewhere []string
	for _, c := range td.ContainerDefinitions {
		ref, err := images.Parse(aws.ToString(c.Image))
		if err != nil {
			elsewhere = append(elsewhere, aws.ToString(c.Image))
			continue
		}
		if _, err := (images.Resolver{ECR: e.place.ecr}).Pin(ctx, ref); err != nil {
			e.failed(e.about, checkImages, err, fmt.Sprintf("push the image of container %s again, or deploy another", aws.ToString(c.Name)))
			return
		}
		has, err := e.platforms(ctx, ref)
		if err != nil {
			e.unchecked(e.about, checkImages, "for which platform they are: "+err.Error())
		} else if wrong := fits(ref, has, platformOf(td)); wrong != "" {
			e.problem(e.about, checkImages, fmt.Sprintf("container %s: %s", aws.ToString(c.Name), wrong),
				"build it for that platform, or set runtimePlatform of the task definition")
			return
		}
		there = append(there, ref.Repository)
	}
	if len(elsewhere) > 0 {
		e.unchecked(e.about, checkImages, "not in ECR: "+strings.Join(elsewhere, ", "))
	}
	if len(there) > 0 {
		e.ok(e.about, checkImages, "those that run are in ECR: "+strings.Join(there, ", "))
	}
}

// pulling wants the execution role to be allowed to fetch the images.
func (e *environment) pulling(ctx context.Context, td *types.TaskDefinition) {
	role, wishes := aws.ToString(td.ExecutionRoleArn), e.pulls(td)
	switch {
	case len(wishes) == 0:
		e.ok(e.about, checkPulling, "no image is in ECR")
	case role == "":
		e.unchecked(e.about, checkPulling, "the task definition has no execution role; tasks pull with the role of their instances")
	default:
		e.may(ctx, checkPulling, role, append(wishes, wish{action: "ecr:GetAuthorizationToken", resource: "*"}), "it may pull the images")
	}
}

// pulls are the wishes to fetch the images that are in ECR.
func (e *environment) pulls(td *types.TaskDefinition) []wish {
	var wishes []wish
	for _, c := range td.ContainerDefinitions {
		if ref, err := images.Parse(aws.ToString(c.Image)); err == nil {
			repository := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", e.home().Partition, ref.Region, ref.Account, ref.Repository)
			for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"} {
				wishes = append(wishes, wish{action: action, resource: repository})
			}
		}
	}
	return wishes
}

// secrets wants the execution role to be allowed to read them.
func (e *environment) secrets(ctx context.Context, td *types.TaskDefinition) {
	var wishes []wish
	for _, c := range td.ContainerDefinitions {
		for _, s := range c.Secrets {
			wishes = append(wishes, e.secret(aws.ToString(s.ValueFrom)))
		}
	}
	role := aws.ToString(td.ExecutionRoleArn)
	switch {
	case len(wishes) == 0:
		e.ok(e.about, checkSecrets, "the task definition names none")
	case role == "":
		e.problem(e.about, checkSecrets, "the task definition has secrets and no execution role", "give it an execution role that may read them")
	default:
		e.may(ctx, checkSecrets, role, wishes, "it may read what the task definition names")
	}
}

// secret is the wish to read what a valueFrom names: a secret, of which a key, a stage
// and a version may follow, or a parameter, by its ARN or name.
func (e *environment) secret(from string) wish {
	parts := strings.Split(from, ":")
	const inARN = 7
	switch {
	case len(parts) >= inARN && parts[2] == "secretsmanager":
		return wish{action: "secretsmanager:GetSecretValue", resource: strings.Join(parts[:inARN], ":")}
	case strings.HasPrefix(from, "arn:"):
		return wish{action: "ssm:GetParameters", resource: from}
	default:
		base := strings.Split(e.plan.Approach.Base, ":")
		return wish{action: "ssm:GetParameters", resource: fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", base[1], base[3], base[4], strings.TrimPrefix(from, "/"))}
	}
}

// logs wants the groups that tasks write to: without one they do not start.
func (e *environment) logs(ctx context.Context, td *types.TaskDefinition) {
	sources, elsewhere := logs.OfTasks(td)
	if len(elsewhere) > 0 {
		e.ok(e.about, checkLogs, "not in CloudWatch Logs, so `sluice logs` has none of them: "+strings.Join(elsewhere, ", "))
	}
	var groups []string
	for _, s := range sources {
		if s.Creates {
			groups = append(groups, s.Group+" (made by the tasks)")
			continue
		}
		if err := (logs.Reader{Logs: e.place.logs}).Check(ctx, s); err != nil {
			e.failed(e.about, checkLogs, err, "its tasks do not start before it is there")
			return
		}
		groups = append(groups, s.Group)
	}
	if len(sources) > 0 {
		e.ok(e.about, checkLogs, "log groups: "+strings.Join(slices.Compact(groups), ", "))
	}
}
