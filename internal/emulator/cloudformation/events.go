package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

// eventHandler creates what listens and runs: buses, rules, functions, state
// machines.
func eventHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::Events::EventBus":
		return handler{create: createEventBus, remove: removes("eventbridge", "DeleteEventBus", "Name"), name: "Name"}, true
	case "AWS::Events::EventBusPolicy":
		return puts(putEventBusPolicy, removeEventBusPolicy), true
	case "AWS::Events::Rule":
		return puts(putRule, removeRule).named("Name"), true
	case "AWS::Scheduler::ScheduleGroup":
		return handler{create: createScheduleGroup, remove: removes("scheduler", "DeleteScheduleGroup", "Name"), name: "Name"}, true
	case "AWS::StepFunctions::StateMachine":
		return handler{create: createStateMachine, update: updateStateMachine, remove: removes("sfn", "DeleteStateMachine", "StateMachineArn"), name: "StateMachineName"}, true
	}
	return functionHandler(kind)
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

// putRule puts the rule, then its targets, and takes away those it had before.
func putRule(r *request) (*created, error) {
	name := r.name("Name", 64)
	properties, targets := taken(r.properties, "Targets")
	properties, err := written(properties, "EventPattern")
	if err != nil {
		return nil, err
	}
	out, err := r.call("eventbridge", "PutRule", &eventbridge.PutRuleInput{}, properties, map[string]any{"Name": name})
	if err != nil {
		return nil, err
	}
	ref := name
	if bus := r.properties.get("EventBusName"); bus != nil && bus.text != "default" {
		ref = bus.text + "|" + name
	}
	made := &created{ref, map[string]string{"Arn": pick(out, "RuleArn")}}
	if err := r.putTargets(name, targets); err != nil || r.was == nil {
		return made, err
	}
	return made, r.removeTargets(targetIDs(targets.get("Targets")))
}

// targetIDs are those of a rule's targets.
func targetIDs(targets *node) []string {
	var ids []string
	for _, t := range itemsOf(targets) {
		ids = append(ids, t.get("Id").String())
	}
	return ids
}

// ruleNamed is the bus and the name of a rule that Ref gives.
func ruleNamed(ref string) (bus, name string) {
	if bus, name, ok := strings.Cut(ref, "|"); ok {
		return bus, name
	}
	return "default", ref
}

// removeTargets takes the rule's targets away that there were, but for some.
func (r *request) removeTargets(but []string) error {
	bus, name := ruleNamed(r.was.ref)
	var ids []any
	for _, id := range targetIDs(r.was.properties.get("Targets")) {
		if !slices.Contains(but, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := r.ask("eventbridge", "RemoveTargets", map[string]any{"Rule": name, "EventBusName": bus, "Ids": ids})
	return err
}

func removeRule(r *request) error {
	if err := r.removeTargets(nil); err != nil {
		return err
	}
	bus, name := ruleNamed(r.was.ref)
	_, err := r.ask("eventbridge", "DeleteRule", map[string]any{"Name": name, "EventBusName": bus})
	return err
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
	input, err := r.machineInput()
	if err != nil {
		return nil, err
	}
	input["Name"] = name
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

func updateStateMachine(r *request) (*created, error) {
	input, err := r.machineInput()
	if err != nil {
		return nil, err
	}
	input["StateMachineArn"] = r.was.ref
	_, err = r.ask("sfn", "UpdateStateMachine", input)
	return r.was.created, err
}

// machineInput is what a state machine is created and updated with.
func (r *request) machineInput() (map[string]any, error) {
	if err := r.schemas[r.kind].check(r.properties); err != nil {
		return nil, err
	}
	definition, err := r.definition()
	if err != nil {
		return nil, err
	}
	return map[string]any{"Definition": definition, "RoleArn": optional(r.properties.get("RoleArn"))}, nil
}

// definition is the state machine's with ${name} replaced by its substitutions.
// AWS: CloudFormation template reference, AWS::StepFunctions::StateMachine,
// DefinitionSubstitutions.
func (r *request) definition() (string, error) {
	written := r.properties.get("DefinitionString")
	if written == nil {
		written = r.properties.get("Definition")
	}
	if location := r.properties.get("DefinitionS3Location"); written == nil && location != nil {
		data, err := r.object(location, "Bucket", "Key", "Version")
		if err != nil {
			return "", err
		}
		written = text(location.line, string(data))
	}
	if written == nil {
		return "", fail(r.line, "one of DefinitionString, DefinitionS3Location and Definition is required")
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
