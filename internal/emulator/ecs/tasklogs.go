package ecs

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// Log is the stream of CloudWatch Logs that a container's lines go to.
type Log struct {
	Region, Group, Stream string
	Create                bool // the group, if there is none
}

// refusedLog begins the reason of a task whose log cannot be opened.
const refusedLog = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log "

// logOf is the log of a container with the driver awslogs.
// AWS: ECS Developer Guide, Send Amazon ECS logs to CloudWatch.
func (s *Service) logOf(t *task, c types.ContainerDefinition) (Log, bool) {
	l := c.LogConfiguration
	if l == nil || l.LogDriver != types.LogDriverAwslogs {
		return Log{}, false
	}
	return Log{
		Region: cmp.Or(l.Options["awslogs-region"], s.region), Group: l.Options["awslogs-group"],
		Stream: strings.Join([]string{l.Options["awslogs-stream-prefix"], *c.Name, t.id}, "/"),
		Create: l.Options["awslogs-create-group"] == "true",
	}, true
}

// forbidsLog asks for what the awslogs driver does. Lines that may not be written are lost.
func (s *Service) forbidsLog(t *task, role string, c types.ContainerDefinition) string {
	l, ok := s.logOf(t, c)
	if !ok {
		return ""
	}
	group := partition.ARN("logs", l.Region, s.account, "log-group:"+l.Group)
	if l.Create {
		if err := s.deps.Permit(role, t.arn, "logs:CreateLogGroup", group); err != nil {
			return refusedLog + "group: " + told(err)
		}
	}
	if err := s.deps.Permit(role, t.arn, "logs:CreateLogStream", group+":log-stream:"+l.Stream); err != nil {
		return refusedLog + "stream: " + told(err)
	}
	t.mute[*c.Name] = s.deps.Permit(role, t.arn, "logs:PutLogEvents", group+":log-stream:"+l.Stream) != nil
	return ""
}

// openLogs opens the logs of a task's containers, by the containers' names.
func (s *Service) openLogs(t *task) (map[string]func(line string), error) {
	logs := map[string]func(string){}
	if s.deps.Log == nil {
		return logs, nil
	}
	for _, c := range t.deployment.revision.definition.ContainerDefinitions {
		l, ok := s.logOf(t, c)
		if !ok {
			continue
		}
		write, err := s.deps.Log(l)
		if err != nil {
			return nil, err
		}
		if !t.mute[*c.Name] {
			logs[*c.Name] = write
		}
	}
	return logs, nil
}
