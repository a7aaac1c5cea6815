package emulator

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// permitTask decides about what ECS does as a role of a task.
func (c *Cloud) permitTask(roleARN, taskARN, action, resource string) error {
	who, err := c.taskRole(roleARN, taskARN)
	if err != nil || action == "" {
		return err
	}
	return c.permit(who, action, resource)
}

// openTaskLog makes the stream of a container, and its group where it asks for that. What
// names no Region of the partition has no groups.
func (c *Cloud) openTaskLog(l ecs.Log) (write func(line string), err error) {
	if !c.hasRegion(l.Region) {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	if l.Create {
		c.In(c.Account, l.Region).Logs.Create(l.Group)
	}
	return c.openLog(l.Region, l.Group, l.Stream)
}

// taskRole is a session of a role of a task, named after it.
func (c *Cloud) taskRole(roleARN, taskARN string) (wire.Identity, error) {
	return c.assume("ecs-tasks", roleARN, taskARN, taskARN[strings.LastIndexByte(taskARN, '/')+1:])
}

// secret is the value behind the valueFrom of a container's secret: a secret, one
// key of a secret in JSON, or a parameter. It is read as the task's execution role.
// AWS: ECS Developer Guide, Pass sensitive data to an Amazon ECS container.
func (c *Cloud) secret(roleARN, taskARN, valueFrom string) (string, error) {
	if roleARN == "" {
		return "", wire.Errorf("ClientException", "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	who, err := c.taskRole(roleARN, taskARN)
	if err != nil {
		return "", err
	}
	if !partition.IsOf(valueFrom, "secretsmanager", c.Region) {
		return c.parameter(who, valueFrom)
	}
	// arn:partition:secretsmanager:region:account:secret:name[:key[:stage[:version]]]
	parts := strings.Split(valueFrom, ":")
	if len(parts) < 7 {
		return "", fmt.Errorf("valueFrom %s is not the ARN of a secret", valueFrom)
	}
	input := map[string]string{"SecretId": strings.Join(parts[:7], ":")}
	for i, name := range []string{"VersionStage", "VersionId"} {
		if at := 8 + i; len(parts) > at && parts[at] != "" {
			input[name] = parts[at]
		}
	}
	var out struct{ SecretString string }
	if err := c.ask(who, "secretsmanager", "getSecretValue", input, &out); err != nil {
		return "", err
	}
	if len(parts) < 8 || parts[7] == "" {
		return out.SecretString, nil
	}
	var values map[string]string
	if err := json.Unmarshal([]byte(out.SecretString), &values); err != nil {
		return "", fmt.Errorf("read secret %s: %w", input["SecretId"], err)
	}
	value, ok := values[parts[7]]
	if !ok {
		return "", fmt.Errorf("secret %s has no key %s", input["SecretId"], parts[7])
	}
	return value, nil
}

// parameter is read with GetParameters, which is what an execution role needs (AWS: ECS
// Developer Guide, Amazon ECS task execution IAM role).
func (c *Cloud) parameter(who wire.Identity, valueFrom string) (string, error) {
	name := valueFrom
	if _, path, ok := strings.Cut(valueFrom, ":parameter/"); ok {
		name = path
		if strings.Contains(path, "/") {
			name = "/" + path
		}
	}
	var out struct{ Parameters []struct{ Value string } }
	err := c.ask(who, "ssm", "getParameters", map[string]any{"Names": []string{name}, "WithDecryption": true}, &out)
	if err == nil && len(out.Parameters) == 0 {
		err = wire.Errorf("ParameterNotFound", "invalid ssm parameters: %s", name)
	}
	if err != nil {
		return "", err
	}
	return out.Parameters[0].Value, nil
}
