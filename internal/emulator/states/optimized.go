package states

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// optimized makes the call of the integrations that do a little more than the
// aws-sdk ones (AWS: Step Functions Developer Guide, Integrating optimized
// services).
func (t *task) optimized(done func(any, *failure)) {
	r := t.visit.state.resource
	arguments, is := t.arguments.(*jsonata.Object)
	if !is {
		arguments = &jsonata.Object{}
	}
	switch r.service {
	case "events":
		t.putEvents(arguments, done)
	case "sqs":
		t.classic(classicService{"sqs", "SQS", "AmazonSQS"}, withText(arguments, "MessageBody"), done)
	case "states":
		t.classic(classicService{"sfn", "StepFunctions", "AWSStepFunctions"}, withText(arguments, "Input"), done)
	}
}

// classicService is a service as optimized integrations name it.
type classicService struct {
	name   string // in the aws-sdk integration
	prefix string // of its error names
	class  string // of its base exception. Recorded on AWS for SQS only.
}

// classic makes a call whose errors have the form of the AWS SDK for Java 1:
// recorded on AWS for SQS, as SQS.AmazonSQSException.
func (t *task) classic(service classicService, arguments any, done func(any, *failure)) {
	x := t.visit.strand.execution
	x.services.InvokeAPI(x.RoleARN, service.name, t.visit.state.resource.action, json.RawMessage(jsonata.Encode(arguments)), func(output json.RawMessage, code, message string) {
		if code != "" {
			name := service.prefix + "." + strings.TrimSuffix(code[strings.LastIndex(code, ".")+1:], "Exception") + "Exception"
			if common(code) {
				name = service.prefix + "." + service.class + "Exception"
			}
			done(nil, failed(name, fmt.Sprintf("%s (Service: %s; Status Code: 400; Error Code: %s; Request ID: %s; Proxy: null)",
				message, service.class, code, x.services.Loop.UUID())))
			return
		}
		t.decoded(output, done)
	})
}

// putEvents adds the execution's and the state machine's ARNs to the Resources of
// each entry, and fails if an entry failed (AWS: Add EventBridge events with Step
// Functions).
func (t *task) putEvents(arguments *jsonata.Object, done func(any, *failure)) {
	x := t.visit.strand.execution
	entries, _ := arguments.Get("Entries").([]any)
	filled := make([]any, len(entries))
	for i, entry := range entries {
		filled[i] = entry
		o, is := entry.(*jsonata.Object)
		if !is {
			continue
		}
		o = withText(o, "Detail")
		resources, _ := o.Get("Resources").([]any)
		o.Set("Resources", append(append([]any{}, resources...), x.ARN, x.StateMachineARN))
		filled[i] = o
	}
	request := copied(arguments)
	request.Set("Entries", filled)
	t.classic(classicService{"eventbridge", "EventBridge", "AmazonEventBridge"}, request, func(output any, f *failure) {
		if o, is := output.(*jsonata.Object); f == nil && is {
			if n, is := o.Get("FailedEntryCount").(float64); is && n > 0 {
				f = failed("EventBridge.FailedEntry", jsonata.Encode(output))
			}
		}
		done(output, f)
	})
}

// withText gives a copy in which the field is a string: JSON, if it was not one.
func withText(o *jsonata.Object, field string) *jsonata.Object {
	c := copied(o)
	if v := o.Get(field); jsonata.TypeName(v) != "undefined" && jsonata.TypeName(v) != wantString {
		c.Set(field, jsonata.Encode(v))
	}
	return c
}

func copied(o *jsonata.Object) *jsonata.Object {
	c := &jsonata.Object{}
	for _, key := range o.Keys() {
		c.Set(key, o.Get(key))
	}
	return c
}
