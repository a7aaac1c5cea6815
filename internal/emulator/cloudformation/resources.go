package cloudformation

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// handler is what CloudFormation does for resources of a type. Its functions get
// the properties that are wanted, or on removal those that there were.
type handler struct {
	// create may give what it made along with an error.
	create func(r *request) (*created, error)
	// update changes what there is, r.was, in place; nil is not emulated.
	update func(r *request) (*created, error)
	remove func(r *request) error
	// name is the property with a name that is there only once, if there is one.
	name string
}

// handlerOf finds the handler of a type.
func handlerOf(kind string) (handler, error) {
	family, _, _ := strings.Cut(strings.TrimPrefix(kind, "AWS::"), "::")
	found, ok := handler{}, false
	switch family {
	case "DynamoDB", "ECR", "S3", "SQS", "SSM", "SecretsManager":
		found, ok = storageHandler(kind)
	case "ApiGatewayV2":
		found, ok = apiHandler(kind)
	case "Events", "Lambda", "Scheduler", "StepFunctions":
		found, ok = eventHandler(kind)
	case "ApplicationAutoScaling", "ECS", "ElasticLoadBalancingV2":
		found, ok = containerHandler(kind)
	case "CodePipeline", "SNS":
		found, ok = messagingHandler(kind)
	case "Logs":
		found, ok = logHandler(kind)
	case "CloudWatch", "CodeBuild":
		found, ok = operationHandler(kind)
	case "IAM":
		found, ok = accessHandler(kind)
	}
	if !ok {
		found, ok = keptHandler(kind)
	}
	if isCustom(kind) {
		found, ok = handler{create: createCustom, update: updateCustom, remove: removeCustom}, true
	}
	if !ok {
		return handler{}, unsupported(kind)
	}
	return found, nil
}

// puts is the handler of what is created and changed by the same call.
func puts(put func(r *request) (*created, error), remove func(r *request) error) handler {
	return handler{create: put, update: put, remove: remove}
}

// named is a handler whose resources have names of their own.
func (h handler) named(property string) handler {
	h.name = property
	return h
}

// removes calls an operation that takes what Ref gives.
func removes(service, operation, member string) func(r *request) error {
	return func(r *request) error {
		_, err := r.ask(service, operation, map[string]any{member: r.was.ref})
		return err
	}
}

// stays is what becomes of what cannot be taken away by itself.
func stays(*request) error { return nil }

// isGone reports whether an error says that there is no such thing, which is as
// good as its deletion.
func isGone(err error) bool {
	code, ok := errorCode(err)
	if !ok {
		return false
	}
	for _, part := range []string{"NotFound", "NoSuch", "NonExistent", "DoesNotExist"} {
		if strings.Contains(code, part) {
			return true
		}
	}
	return false
}

// errorCode is the code of a service's error.
func errorCode(err error) (string, bool) {
	var service *wire.ServiceError
	if errors.As(err, &service) {
		return service.Code, true
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), true
	}
	return "", false
}
