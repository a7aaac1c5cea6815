package wire

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// ServiceError is the error of an operation called by InvokeJSON.
type ServiceError struct {
	Service string // the model's name
	Code    string // the error's name in the service's model, or its code where the model has none
	Message string
	Status  int // of the HTTP answer
	Err     error
}

func (e *ServiceError) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the handler's error.
func (e *ServiceError) Unwrap() error { return e.Err }

// ErrorCode is how an error of an operation is named, what it says, and its HTTP
// status. An error of no service is an InternalFailure.
func ErrorCode(err error) (code, message string, status int) {
	var se *ServiceError
	if errors.As(err, &se) {
		return se.Code, se.Message, se.Status
	}
	var own *wireError
	if errors.As(err, &own) {
		return own.code, own.message, own.status
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage(), statusOf(api.ErrorCode(), api.ErrorFault())
	}
	return "InternalFailure", err.Error(), http.StatusInternalServerError
}

// InvokeJSON calls an operation with the JSON that Step Functions' and EventBridge
// Scheduler's aws-sdk integrations use: service in their spelling ("sfn") or the
// model's ("stepfunctions"), operation in camel case ("startExecution"), members
// in Pascal case, times in ISO 8601 (AWS: Step Functions Developer Guide,
// "Learning to use AWS SDK service integrations"). The call says who calls, or nobody
// when it is the account itself, and is not changed. Reply gets the output or a *ServiceError, once, on the loop.
func (m *Mux) InvokeJSON(c *Call, service, operation string, input json.RawMessage, reply func(json.RawMessage, error)) {
	call := &Call{
		Account: m.account, Region: m.region, AccessKey: c.AccessKey, Caller: c.Caller, Attempt: max(c.Attempt, 1),
		RequestID: c.RequestID, Header: c.Header, protocol: awsJSON{version: "1.0"},
	}
	if call.Caller == (Identity{}) {
		call.Caller = Identity{Account: m.account, ARN: partition.IAM(m.region, m.account, "root"), UserID: m.account}
	}
	call.Service, call.Operation = integrationModel(service), operation
	if operation != "" {
		call.Operation = upperFirst(operation)
	}
	done := func(out any, err error) {
		if err != nil {
			reply(nil, call.serviceError(err))
			return
		}
		reply(call.pascalOutput(out))
	}
	for _, s := range m.services {
		if s.name == call.Service {
			call.service = s
		}
	}
	if call.service == nil {
		done(nil, unknownService(service))
		return
	}
	if call.op = call.service.ops[call.Operation]; call.op == nil {
		done(nil, call.service.refuse(call.Operation))
		return
	}
	call.readPascal(input)
	m.run(call, done)
}

// integrationModel is the model of a service that the aws-sdk integrations spell
// in another way.
func integrationModel(service string) string {
	switch service {
	case "applicationautoscaling":
		return "application-autoscaling"
	case "elasticloadbalancingv2":
		return "elbv2"
	case "eventbridge":
		return "events"
	case "sfn":
		return "stepfunctions"
	}
	return service
}

func (c *Call) serviceError(err error) error {
	f := describe(c.errorModel(), err)
	return &ServiceError{Service: c.Service, Code: f.shape, Message: f.message, Status: f.status, Err: err}
}

func pascalNames(ref *memberRef) string { return upperFirst(ref.name) }

func (c *Call) readPascal(input json.RawMessage) {
	c.decoded = true
	ref := c.op.model.Input
	if ref == nil {
		c.in = c.op.newIn()
		return
	}
	doc, err := parseJSON(input)
	if err != nil {
		c.err = serializationError("%v", err)
		return
	}
	fields, ok := doc.(map[string]any)
	if !ok {
		c.err = serializationError("want a JSON object, got %s", jsonKind(doc))
		return
	}
	for _, name := range sortedKeys(fields) {
		if !c.hasPascal(ref.target, name) {
			c.err = serializationError("The field %q is not supported by %s", name, c.Operation)
			return
		}
	}
	if c.document, c.err = (jsonReader{names: pascalNames}).structure(ref.target, fields); c.err == nil {
		c.in = c.op.bindInput(c.document)
	}
}

func (c *Call) hasPascal(s *shape, name string) bool {
	for _, ref := range s.members {
		if pascalNames(ref) == name {
			return true
		}
	}
	return false
}

func (c *Call) pascalOutput(out any) (json.RawMessage, error) {
	document := c.op.unbindOutput(out)
	if err := streamError(document); err != nil {
		return nil, c.serviceError(err)
	}
	if document == nil {
		return json.RawMessage("{}"), nil
	}
	w := jsonWriter{names: pascalNames, timestamps: "iso8601", everywhere: true}
	return w.structure(nil, document), nil
}
