package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/actions"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/scheduler"
	"github.com/sluice-deploy/sluice/internal/emulator/stepfunctions"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// deliverEvent hands an event to the target of a rule.
func (c *Cloud) deliverEvent(to eventbridge.Address, payload []byte, done func(error)) {
	who, err := c.as("events", to.Role, to.Rule)
	if err != nil {
		done(err)
		return
	}
	if strings.HasPrefix(to.Target, partition.ARN("codepipeline", c.Region, c.Account, "")) {
		done(c.startPipeline(who, to.Rule, to.Target))
		return
	}
	c.deliver(who, to.Target, payload, done)
}

// buryEvent sends what a rule could not deliver to its queue.
func (c *Cloud) buryEvent(ruleARN, queueARN, body string, attributes map[string]string) error {
	return c.send(c.service("events", ruleARN), queueARN, body, attributes)
}

// mayForward decides whether a rule may send an event on to a bus: as the target's role,
// else as its account. A grant to an organization is not for the latter (AWS: EventBridge
// API Reference, PutTargets).
func (c *Cloud) mayForward(to eventbridge.Address, context map[string][]string) error {
	who := c.root()
	if to.Role != "" {
		var err error
		if who, err = c.assume("events", to.Role, to.Rule, c.ID(32)); err != nil {
			return err
		}
	}
	refused, err := c.decide(who, actions.Need{Action: "events:PutEvents", Resource: to.Target, Context: context})
	if err != nil || refused == "" {
		return err
	}
	return wire.Errorf("AccessDeniedException", "%s", refused)
}

// deliverSchedule hands a schedule's input to its target, as the target's role.
func (c *Cloud) deliverSchedule(to scheduler.Address, payload []byte, done func(error)) {
	who, err := c.assume("scheduler", to.Role, to.Group, c.ID(32))
	if err != nil {
		done(err)
		return
	}
	c.deliver(who, to.Target, payload, done)
}

// burySchedule sends what a schedule could not deliver to its queue, as the target's role.
func (c *Cloud) burySchedule(from scheduler.Address, queueARN, body string, attributes map[string]string) error {
	who, err := c.assume("scheduler", from.Role, from.Group, c.ID(32))
	if err != nil {
		return err
	}
	return c.send(who, queueARN, body, attributes)
}

// deliver hands a payload to the target of a rule or a schedule.
func (c *Cloud) deliver(who wire.Identity, targetARN string, payload []byte, done func(error)) {
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
		done(c.invokeAsync(who, targetARN, payload))
	case service == "sqs":
		done(c.send(who, targetARN, string(payload), nil))
	case service == "sns":
		done(c.publish(who, targetARN, "", string(payload)))
	case service == "states" && strings.HasPrefix(resource, "stateMachine:"):
		input := map[string]string{"StateMachineArn": targetARN, "Input": string(payload)}
		c.call(who, "sfn", "startExecution", input, func(_ json.RawMessage, err error) { done(err) })
	case service == "scheduler" && strings.HasPrefix(resource, "aws-sdk:"):
		c.deliverToAPI(who, resource, payload, done)
	default:
		done(wire.Errorf("ValidationException", "target %s: delivery to %s is not emulated", targetARN, service))
	}
}

// deliverToAPI calls the operation that a schedule's universal target names.
// AWS: EventBridge Scheduler User Guide, Using universal targets.
func (c *Cloud) deliverToAPI(who wire.Identity, resource string, payload []byte, done func(error)) {
	parts := strings.Split(resource, ":")
	if len(parts) != 3 {
		done(wire.Errorf("ValidationException", "universal target %s does not name a service and an operation", resource))
		return
	}
	c.call(who, parts[1], parts[2], json.RawMessage(payload), func(_ json.RawMessage, err error) { done(err) })
}

// invokeAsync puts an event into a function's queue.
func (c *Cloud) invokeAsync(who wire.Identity, functionARN string, payload []byte) error {
	if err := c.permit(who, "lambda:InvokeFunction", functionARN); err != nil {
		return err
	}
	return c.Lambda.InvokeAsync(functionARN, payload)
}

// send puts a message on a queue.
func (c *Cloud) send(who wire.Identity, queueARN, body string, attributes map[string]string) error {
	if err := c.permit(who, "sqs:SendMessage", queueARN); err != nil {
		return err
	}
	return c.SQS.Send(queueARN, body, attributes)
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

// invokeLambda calls a function for a state machine, as its role.
func (c *Cloud) invokeLambda(roleARN, function string, payload []byte, done func(stepfunctions.Result)) {
	who, err := c.assume("states", roleARN, "", c.ID(32))
	if err == nil {
		err = c.permit(who, "lambda:InvokeFunction", c.functionARN(function))
	}
	if err != nil {
		done(stepfunctions.Result{Err: err})
		return
	}
	c.Lambda.Invoke(function, payload, func(r lambda.Result) { done(stepfunctions.Result(r)) })
}

// functionARN is the ARN of a function that is named by it, in part or by its name alone.
func (c *Cloud) functionARN(name string) string {
	if _, after, found := strings.Cut(name, "function:"); found {
		name = after
	}
	return c.Lambda.ARN(name)
}

// invokeAPI calls an operation for a state machine, as a session of its role.
func (c *Cloud) invokeAPI(roleARN, service, operation string, input json.RawMessage, done func(output json.RawMessage, errorCode, errorMessage string)) {
	reply := func(out json.RawMessage, err error) {
		if err != nil {
			code, message, _ := wire.ErrorCode(err)
			done(nil, code, message)
			return
		}
		done(out, "", "")
	}
	who, err := c.assume("states", roleARN, "", c.ID(32))
	if err != nil {
		reply(nil, err)
		return
	}
	c.call(who, service, operation, input, reply)
}

// deadLetter sends what Lambda gave up to its queue or topic, as the function's role.
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
	who := c.functionIdentity(c.Lambda.AccessKey(d.Function))
	if partition.IsOf(d.QueueARN, "sns", c.Region) {
		return c.tell(who, "sns", "publish", map[string]any{"TopicArn": d.QueueARN, "Message": string(d.Body), "MessageAttributes": attributes})
	}
	return c.tell(who, "sqs", "sendMessage", map[string]any{
		"QueueUrl": c.queueURL(d.QueueARN), "MessageBody": string(d.Body), "MessageAttributes": attributes,
	})
}

// logs is what Lambda does as a function's role when an execution environment starts:
// what it may not log or trace is lost, and nobody is told.
// AWS: Lambda Developer Guide, Using CloudWatch Logs with Lambda; Visualize Lambda
// function invocations using AWS X-Ray.
func (c *Cloud) logs(function string, config lambda.FunctionConfig) (write func(line string)) {
	who := c.functionIdentity(c.Lambda.AccessKey(function))
	group := config.Logging.Group
	stream := c.Now().UTC().Format("2006/01/02") + "/" + function + "[$LATEST]" + c.ID(32)
	arn := partition.ARN("logs", c.Region, c.Account, "log-group:"+group+":log-stream:")
	if !c.Logs.Has(group) && c.permit(who, "logs:CreateLogGroup", arn) == nil {
		c.Logs.Create(group)
	}
	created, put := c.permit(who, "logs:CreateLogStream", arn+stream), c.permit(who, "logs:PutLogEvents", arn+stream)
	if config.Tracing == lambdatypes.TracingModeActive {
		_ = c.permit(who, "xray:PutTraceSegments", "*")
		_ = c.permit(who, "xray:PutTelemetryRecords", "*")
	}
	if created != nil || put != nil {
		return func(string) {}
	}
	write, err := c.openLog(c.Region, group, stream)
	if err != nil {
		return func(string) {}
	}
	return write
}

// openLog makes a stream that a service of AWS writes to, from anywhere.
func (c *Cloud) openLog(region, group, stream string) (write func(line string), err error) {
	put, ok := c.In(c.Account, region).Logs.Open(group, stream)
	if !ok {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return func(line string) {
		at := c.Now()
		c.Post(func() { put(at, line) })
	}, nil
}

// publish sends a message to a topic.
func (c *Cloud) publish(who wire.Identity, topicARN, subject, message string) error {
	input := map[string]string{"TopicArn": topicARN, "Message": message}
	if subject != "" {
		input["Subject"] = subject
	}
	return c.tell(who, "sns", "publish", input)
}

// tellOfApproval sends a message to a topic as a pipeline's role.
func (c *Cloud) tellOfApproval(roleARN, topicARN, subject, message string) error {
	who, err := c.assume("codepipeline", roleARN, "", pipelineSession)
	if err != nil {
		return err
	}
	return c.publish(who, topicARN, subject, message)
}

// sendToQueue puts a topic's message on a queue.
func (c *Cloud) sendToQueue(topicARN, queueARN, body string, attributes map[string]snstypes.MessageAttributeValue) error {
	return c.tell(c.service("sns", topicARN), "sqs", "sendMessage", map[string]any{
		"QueueUrl": c.queueURL(queueARN), "MessageBody": body, "MessageAttributes": attributes,
	})
}

// sendToFunction invokes a function with a topic's message.
func (c *Cloud) sendToFunction(topicARN, functionARN string, payload []byte) error {
	return c.invokeAsync(c.service("sns", topicARN), functionARN, payload)
}

// invokeForAPI hands a request to a function, whose policy has to let API Gateway in.
// AWS: API Gateway Developer Guide, Troubleshooting issues with HTTP API Lambda
// integrations: without the permission the answer is 500.
func (c *Cloud) invokeForAPI(routeARN, functionARN string, p lambda.Proxied, reply func(*wire.Response)) {
	if err := c.permit(c.service("apigateway", routeARN), "lambda:InvokeFunction", functionARN); err != nil {
		reply(lambda.APIAnswer(p.Request, http.StatusInternalServerError, "Internal Server Error"))
		return
	}
	c.Lambda.Proxy(functionARN, p, reply)
}

// tell calls an operation that answers at once, for its effect alone.
func (c *Cloud) tell(who wire.Identity, service, operation string, input any) error {
	return c.ask(who, service, operation, input, &struct{}{})
}

// queueURL is the URL of the queue with this ARN.
func (c *Cloud) queueURL(arn string) string {
	return fmt.Sprintf("https://sqs.%s.%s/%s/%s", c.Region, partition.Domain(c.Region), c.Account, arn[strings.LastIndex(arn, ":")+1:])
}

// ask calls an operation that answers at once.
func (c *Cloud) ask(who wire.Identity, service, operation string, input, out any) error {
	failed := fmt.Errorf("%s %s did not answer at once", service, operation)
	c.call(who, service, operation, input, func(data json.RawMessage, err error) {
		if failed = err; err == nil {
			failed = json.Unmarshal(data, out)
		}
	})
	return failed
}
