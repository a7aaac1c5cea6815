package states

import (
	"fmt"
	"strings"
)

// resource is what a Task calls.
type resource struct {
	arn      string
	function bool   // a Lambda function by its own ARN
	sdk      bool   // aws-sdk:<service>:<action>
	service  string // lambda, states, events, sqs, or the name after aws-sdk:
	action   string // as in the ARN: invoke, createSchedule
	callback bool   // .waitForTaskToken
}

const callbackSuffix = ".waitForTaskToken"

// parseResource reads the Resource of a Task. The problem is "" if it is emulated.
func parseResource(arn string) (r resource, problem string) {
	unknown := fmt.Sprintf("The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.", arn)
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return r, unknown
	}
	r.arn = arn
	switch {
	case parts[2] == "lambda" && strings.HasPrefix(parts[5], "function:"):
		r.function, r.service = true, "lambda"
		return r, ""
	case parts[2] == "states" && strings.HasPrefix(parts[5], "activity:"):
		return r, "Activities are not emulated: " + arn
	case parts[2] != "states" || parts[3] != "" || parts[4] != "":
		return r, unknown
	}
	name, callback := strings.CutSuffix(parts[5], callbackSuffix)
	r.callback = callback
	if strings.HasSuffix(name, ".sync") || strings.HasSuffix(name, ".sync:2") {
		return r, "Waiting for a job to end (.sync) is not emulated: " + arn
	}
	return r.integration(name)
}

// integration adds the service and the action of a service integration.
func (r resource) integration(name string) (_ resource, problem string) {
	if rest, sdk := strings.CutPrefix(name, "aws-sdk:"); sdk {
		r.sdk = true
		r.service, r.action, _ = strings.Cut(rest, ":")
		if _, has := sdkServiceOf(r.service); !has {
			return r, fmt.Sprintf("The service '%s' is not emulated: %s", r.service, r.arn)
		}
		if r.action == "" || strings.ContainsAny(r.action, ":.") || strings.ToLower(r.action[:1]) != r.action[:1] {
			return r, fmt.Sprintf("The action '%s' is not an action of %s in camel case: %s", r.action, r.service, r.arn)
		}
		return r, ""
	}
	r.service, r.action, _ = strings.Cut(name, ":")
	switch name {
	case "lambda:invoke", "events:putEvents", "sqs:sendMessage", "states:startExecution":
		return r, ""
	default:
		return r, fmt.Sprintf("The integration '%s' is not emulated: %s", name, r.arn)
	}
}

// suffix is the action with the pattern, as the history shows it.
func (r resource) suffix() string {
	if r.callback {
		return r.action + callbackSuffix
	}
	return r.action
}

// kind is the resource type, as the history shows it.
func (r resource) kind() string {
	if r.sdk {
		return "aws-sdk:" + r.service
	}
	return r.service
}
