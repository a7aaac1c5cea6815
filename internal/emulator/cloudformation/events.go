package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

// eventCreator creates what listens and runs: buses, rules, functions, state
// machines.
func eventCreator(kind string) creator {
	switch kind {
	case "AWS::Events::EventBus":
		return createEventBus
	case "AWS::Events::EventBusPolicy":
		return createEventBusPolicy
	case "AWS::Events::Rule":
		return createRule
	case "AWS::Lambda::EventInvokeConfig":
		return createEventInvokeConfig
	case "AWS::Lambda::Function":
		return createFunction
	case "AWS::Lambda::Permission":
		return createPermission
	case "AWS::Lambda::Url":
		return createFunctionURL
	case "AWS::Scheduler::ScheduleGroup":
		return createScheduleGroup
	case "AWS::StepFunctions::StateMachine":
		return createStateMachine
	}
	return nil
}

func createEventBus(r *request) (*created, error) {
	properties, _ := taken(r.properties, "Tags")
	out, err := r.call("eventbridge", "CreateEventBus", &eventbridge.CreateEventBusInput{}, properties, nil)
	if err != nil {
		return nil, err
	}
	name := r.properties.get("Name").String()
	return &created{name, map[string]string{"Arn": pick(out, "EventBusArn"), "Name": name}}, nil
}

// createRule puts the rule, then its targets.
func createRule(r *request) (*created, error) {
	name := r.name("Name", 64)
	properties, targets := taken(r.properties, "Targets")
	for i, f := range properties.fields {
		if f.name == "EventPattern" {
			pattern, err := document(f.value)
			if err != nil {
				return nil, err
			}
			properties.fields[i].value = pattern
		}
	}
	out, err := r.call("eventbridge", "PutRule", &eventbridge.PutRuleInput{}, properties, map[string]any{"Name": name})
	if err != nil {
		return nil, err
	}
	if err := r.putTargets(name, targets); err != nil {
		return nil, err
	}
	ref := name
	if bus := r.properties.get("EventBusName"); bus != nil && bus.text != "default" {
		ref = bus.text + "|" + name
	}
	return &created{ref, map[string]string{"Arn": pick(out, "RuleArn")}}, nil
}

func (r *request) putTargets(rule string, targets *node) error {
	if len(targets.fields) == 0 {
		return nil
	}
	more := map[string]any{"Rule": rule}
	if bus := r.properties.get("EventBusName"); bus != nil {
		more["EventBusName"] = bus.text
	}
	out, err := r.call("eventbridge", "PutTargets", &eventbridge.PutTargetsInput{}, targets, more)
	if err != nil {
		return err
	}
	if failed, _ := out["FailedEntries"].([]any); len(failed) > 0 {
		return fmt.Errorf("PutTargets: target %s: %s: %s", pick(failed, 0, "TargetId"), pick(failed, 0, "ErrorCode"), pick(failed, 0, "ErrorMessage"))
	}
	return nil
}

// createFunction hands the function to the target. How it would be traced,
// logged and built is kept.
func createFunction(r *request) (*created, error) {
	f := Function{
		LogicalID: r.id, Name: r.name("FunctionName", 64), Environment: map[string]string{},
		CodeURI: optional(r.properties.get("Code").get("CodeUri")), Handler: optional(r.properties.get("Handler")),
		Description: optional(r.properties.get("Description")), Role: optional(r.properties.get("Role")),
		DeadLetterARN: optional(r.properties.get("DeadLetterConfig").get("TargetArn")),
	}
	known := []string{
		"FunctionName", "Code", "Handler", "Description", "Role", "DeadLetterConfig", "Timeout", "MemorySize", "Environment",
		"ReservedConcurrentExecutions", "Runtime", "Architectures", "PackageType", "Tags", "TracingConfig", "LoggingConfig", "EphemeralStorage",
	}
	for _, p := range r.properties.fields {
		if !slices.Contains(known, p.name) {
			return nil, fail(p.line, "property %s is not supported", p.name)
		}
	}
	for _, v := range r.properties.get("Environment").get("Variables").entries() {
		if v.value.kind != scalarKind {
			return nil, fail(v.line, "property Environment.Variables.%s is a single value, not %v", v.name, v.value)
		}
		f.Environment[v.name] = v.value.text
	}
	if err := r.functionNumbers(&f); err != nil {
		return nil, err
	}
	if err := r.Function(f); err != nil {
		return nil, err
	}
	return &created{f.Name, map[string]string{"Arn": r.arn("lambda", "function:"+f.Name)}}, nil
}

func (r *request) functionNumbers(f *Function) error {
	numbers := []struct {
		name string
		set  func(int)
	}{
		{"Timeout", func(n int) { f.Timeout = time.Duration(n) * time.Second }},
		{"MemorySize", func(n int) { f.MemoryMB = n }},
		{"ReservedConcurrentExecutions", func(n int) { f.ReservedConcurrency = &n }},
	}
	for _, number := range numbers {
		value := r.properties.get(number.name)
		if value == nil {
			continue
		}
		n, err := strconv.Atoi(value.text)
		if err != nil {
			return fail(value.line, "property %s is an integer, not %v", number.name, value)
		}
		number.set(n)
	}
	return nil
}

func optional(n *node) string {
	if n.isNull() {
		return ""
	}
	return n.text
}

func createEventInvokeConfig(r *request) (*created, error) {
	if _, err := r.call("lambda", "PutFunctionEventInvokeConfig", &lambda.PutFunctionEventInvokeConfigInput{}, r.properties, nil); err != nil {
		return nil, err
	}
	return &created{r.name("", 255), nil}, nil
}

func createScheduleGroup(r *request) (*created, error) {
	name := r.name("Name", 64)
	properties, _ := taken(r.properties, "Tags")
	out, err := r.call("scheduler", "CreateScheduleGroup", &scheduler.CreateScheduleGroupInput{}, properties, map[string]any{"Name": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Arn": pick(out, "ScheduleGroupArn")}}, nil
}

// createStateMachine puts the substitutions into the definition. Logging and
// tracing are kept.
func createStateMachine(r *request) (*created, error) {
	name := r.name("StateMachineName", 80)
	known := []string{
		"StateMachineName", "StateMachineType", "RoleArn", "Definition", "DefinitionString", "DefinitionSubstitutions",
		"LoggingConfiguration", "TracingConfiguration", "Tags",
	}
	for _, p := range r.properties.fields {
		if !slices.Contains(known, p.name) {
			return nil, fail(p.line, "property %s is not supported", p.name)
		}
	}
	definition, err := r.definition()
	if err != nil {
		return nil, err
	}
	input := map[string]any{"Name": name, "Definition": definition, "RoleArn": optional(r.properties.get("RoleArn"))}
	if kind := r.properties.get("StateMachineType"); kind != nil {
		input["Type"] = kind.text
	}
	out, err := r.ask("sfn", "CreateStateMachine", input)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "StateMachineArn")
	return &created{arn, map[string]string{"Arn": arn, "Name": name}}, nil
}

// definition is the state machine's with ${name} replaced by its substitutions.
// AWS: CloudFormation template reference, AWS::StepFunctions::StateMachine,
// DefinitionSubstitutions.
func (r *request) definition() (string, error) {
	written := r.properties.get("DefinitionString")
	if written == nil {
		written = r.properties.get("Definition")
	}
	if written == nil {
		return "", fail(r.line, "one of DefinitionString and Definition is required")
	}
	definition, err := document(written)
	if err != nil {
		return "", err
	}
	var pairs []string
	for _, f := range r.properties.get("DefinitionSubstitutions").entries() {
		if f.value.kind != scalarKind {
			return "", fail(f.line, "property DefinitionSubstitutions.%s is a single value, not %v", f.name, f.value)
		}
		pairs = append(pairs, "${"+f.name+"}", f.value.text)
	}
	out := strings.NewReplacer(pairs...).Replace(definition.text)
	if !json.Valid([]byte(out)) {
		return "", fail(written.line, "the definition is not JSON once its substitutions are in place")
	}
	return out, nil
}
