package emulator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/stepfunctions"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// deliver hands a payload to the target of a rule or a schedule.
func (c *Cloud) deliver(targetARN string, payload []byte, done func(error)) {
	// arn:partition:service:region:account:resource
	parts := strings.SplitN(targetARN, ":", 6)
	if len(parts) < 6 {
		done(wire.Errorf("InvalidArn", "target %q is not an ARN", targetARN))
		return
	}
	service, resource := parts[2], parts[5]
	switch {
	case service != "scheduler" && (parts[3] != c.Region || parts[4] != c.Account):
		done(wire.Errorf("ValidationException", "target %s: delivery to another account or Region is emulated for event buses only", targetARN))
	case service == "lambda":
		done(c.Lambda.InvokeAsync(targetARN, payload))
	case service == "sqs":
		done(c.SQS.Send(targetARN, string(payload), nil))
	case service == "sns":
		done(c.publish(targetARN, "", string(payload)))
	case service == "states" && strings.HasPrefix(resource, "stateMachine:"):
		input := map[string]string{"StateMachineArn": targetARN, "Input": string(payload)}
		c.call(wire.Identity{}, "sfn", "startExecution", input, func(_ json.RawMessage, err error) { done(err) })
	case service == "scheduler" && strings.HasPrefix(resource, "aws-sdk:"):
		c.deliverToAPI(resource, payload, done)
	default:
		done(wire.Errorf("ValidationException", "target %s: delivery to %s is not emulated", targetARN, service))
	}
}

// deliverToAPI calls the operation that a schedule's universal target names.
// AWS: EventBridge Scheduler User Guide, Using universal targets.
func (c *Cloud) deliverToAPI(resource string, payload []byte, done func(error)) {
	parts := strings.Split(resource, ":")
	if len(parts) != 3 {
		done(wire.Errorf("ValidationException", "universal target %s does not name a service and an operation", resource))
		return
	}
	c.call(wire.Identity{}, parts[1], parts[2], json.RawMessage(payload), func(_ json.RawMessage, err error) { done(err) })
}

// call invokes an operation on behalf of a caller, or of the account itself if that is
// nobody.
func (c *Cloud) call(caller wire.Identity, service, operation string, input any, reply func(json.RawMessage, error)) {
	data, err := json.Marshal(input)
	if err != nil {
		reply(nil, fmt.Errorf("encode the input of %s %s: %w", service, operation, err))
		return
	}
	c.Mux.InvokeJSON(&wire.Call{Caller: caller, RequestID: c.UUID()}, service, operation, data, reply)
}

// invokeLambda calls a function for a state machine.
func (c *Cloud) invokeLambda(_, function string, payload []byte, done func(stepfunctions.Result)) {
	c.Lambda.Invoke(function, payload, func(r lambda.Result) { done(stepfunctions.Result(r)) })
}

// invokeAPI calls an operation for a state machine, as a session of its role.
func (c *Cloud) invokeAPI(roleARN, service, operation string, input json.RawMessage, done func(output json.RawMessage, errorCode, errorMessage string)) {
	c.call(c.roleIdentity(roleARN, "states"), service, operation, input, func(out json.RawMessage, err error) {
		if err != nil {
			code, message, _ := wire.ErrorCode(err)
			done(nil, code, message)
			return
		}
		done(out, "", "")
	})
}

// deadLetter sends what Lambda gave up to its queue or topic.
// AWS: Lambda Developer Guide, Adding a dead-letter queue, message attributes.
func (c *Cloud) deadLetter(d lambda.DeadLetter) error {
	attribute := func(kind, value string) map[string]string {
		return map[string]string{"DataType": kind, "StringValue": value}
	}
	attributes := map[string]any{
		"RequestID":    attribute("String", d.RequestID),
		"ErrorCode":    attribute("Number", strconv.Itoa(d.ErrorCode)),
		"ErrorMessage": attribute("String", d.ErrorMessage),
	}
	if strings.HasPrefix(d.QueueARN, "arn:aws:sns:") {
		return c.tell("sns", "publish", map[string]any{"TopicArn": d.QueueARN, "Message": string(d.Body), "MessageAttributes": attributes})
	}
	return c.tell("sqs", "sendMessage", map[string]any{
		"QueueUrl": c.queueURL(d.QueueARN), "MessageBody": string(d.Body), "MessageAttributes": attributes,
	})
}

// publish sends a message to a topic.
func (c *Cloud) publish(topicARN, subject, message string) error {
	input := map[string]string{"TopicArn": topicARN, "Message": message}
	if subject != "" {
		input["Subject"] = subject
	}
	return c.tell("sns", "publish", input)
}

// sendToQueue puts a topic's message on a queue.
func (c *Cloud) sendToQueue(queueARN, body string, attributes map[string]snstypes.MessageAttributeValue) error {
	return c.tell("sqs", "sendMessage", map[string]any{
		"QueueUrl": c.queueURL(queueARN), "MessageBody": body, "MessageAttributes": attributes,
	})
}

// tell calls an operation that answers at once, for its effect alone.
func (c *Cloud) tell(service, operation string, input any) error {
	return c.ask(service, operation, input, &struct{}{})
}

// queueURL is the URL of the queue with this ARN.
func (c *Cloud) queueURL(arn string) string {
	return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", c.Region, c.Account, arn[strings.LastIndex(arn, ":")+1:])
}

// secret is the value behind the valueFrom of a container's secret: a secret, one
// key of a secret in JSON, or a parameter.
// AWS: ECS Developer Guide, Pass sensitive data to an Amazon ECS container.
func (c *Cloud) secret(valueFrom string) (string, error) {
	if !strings.HasPrefix(valueFrom, "arn:aws:secretsmanager:") {
		return c.parameter(valueFrom)
	}
	// arn:aws:secretsmanager:region:account:secret:name[:key[:stage[:version]]]
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
	if err := c.ask("secretsmanager", "getSecretValue", input, &out); err != nil {
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

func (c *Cloud) parameter(valueFrom string) (string, error) {
	name := valueFrom
	if _, path, ok := strings.Cut(valueFrom, ":parameter/"); ok {
		name = path
		if strings.Contains(path, "/") {
			name = "/" + path
		}
	}
	var out struct{ Parameter struct{ Value string } }
	err := c.ask("ssm", "getParameter", map[string]any{"Name": name, "WithDecryption": true}, &out)
	return out.Parameter.Value, err
}

// ask calls an operation that answers at once.
func (c *Cloud) ask(service, operation string, input, out any) error {
	failed := fmt.Errorf("%s %s did not answer at once", service, operation)
	c.call(wire.Identity{}, service, operation, input, func(data json.RawMessage, err error) {
		if failed = err; err == nil {
			failed = json.Unmarshal(data, out)
		}
	})
	return failed
}
