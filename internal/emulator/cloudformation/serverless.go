package cloudformation

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// expand writes serverless resources as the plain ones they stand for, and outputs
// that refer to them so.
// AWS: SAM Developer Guide, Generated CloudFormation resources.
func (t *Template) expand(s *scope) (resources []resource, outputs []field, err error) {
	e := &expansion{region: s.settings.Region, files: s.settings.Files, parameters: s.parameters, published: map[string]string{}}
	for _, section := range t.globals.entries() {
		if !slices.Contains([]string{"Function", "StateMachine"}, section.name) {
			return nil, nil, fail(section.line, "Globals: section %s is not supported", section.name)
		}
	}
	for _, r := range t.resources {
		if err := e.add(t.globals, r); err != nil {
			return nil, nil, fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	for i, r := range e.out {
		e.out[i].properties = e.rename(r.properties)
	}
	for _, o := range t.outputs {
		outputs = append(outputs, field{o.name, o.line, e.rename(o.value)})
	}
	return e.out, outputs, nil
}

// expansion gathers plain resources.
type expansion struct {
	region     string
	files      fs.FS
	parameters map[string]*node
	out        []resource
	// published are the logical ids of published versions and aliases, by what
	// templates call them: Function.Version, Function.Alias.
	published map[string]string
}

func (e *expansion) add(globals *node, r resource) error {
	switch r.kind {
	case "AWS::Serverless::Function":
		r.properties = merge(globals.get("Function"), r.properties)
		return e.addFunction(r)
	case "AWS::Serverless::StateMachine":
		r.properties = merge(globals.get("StateMachine"), r.properties)
		return e.addStateMachine(r)
	}
	e.out = append(e.out, r)
	return nil
}

// merge lays a resource's properties over the global ones: mappings are merged,
// lists follow the global ones, anything else replaces it.
// AWS: SAM Developer Guide, Globals section.
func merge(global, own *node) *node {
	switch {
	case global.isNull():
		return own
	case own.isNull():
		return global
	case global.kind == listKind && own.kind == listKind:
		return list(own.line, slices.Concat(global.items, own.items)...)
	case global.kind != mappingKind || own.kind != mappingKind:
		return own
	}
	if _, _, call := intrinsic(own); call {
		return own
	}
	out := &node{line: own.line, kind: mappingKind}
	for _, f := range global.fields {
		if o := own.get(f.name); o != nil {
			f.value = merge(f.value, o)
		}
		out.fields = append(out.fields, f)
	}
	for _, f := range own.fields {
		if global.get(f.name) == nil {
			out.fields = append(out.fields, f)
		}
	}
	return out
}

// plainFrom is a resource that a serverless one stands for; it exists when that
// one does.
func plainFrom(r resource, id, kind string, properties *node) resource {
	return resource{id: id, line: r.line, kind: kind, properties: properties, condition: r.condition, deletion: r.deletion, replacement: r.replacement}
}

// divide gives the properties that pass through under their name, or their new
// one, apart from those that are handled. Any other is an error.
func divide(r resource, passed map[string]string, handled ...string) ([]field, error) {
	var out []field
	for _, f := range r.properties.entries() {
		switch name, ok := passed[f.name]; {
		case ok && name != "":
			out = append(out, field{name, f.line, f.value})
		case ok:
			out = append(out, f)
		case !slices.Contains(handled, f.name):
			return nil, fail(f.line, "property %s of %s is not supported", f.name, r.kind)
		}
	}
	return out, nil
}

func (e *expansion) addFunction(r resource) error {
	passed, err := divide(r, map[string]string{
		"FunctionName": "", "Description": "", "Handler": "", "Runtime": "", "Timeout": "", "MemorySize": "",
		"Environment": "", "Architectures": "", "PackageType": "", "ReservedConcurrentExecutions": "",
		"Tags": "", "LoggingConfig": "", "EphemeralStorage": "", "Tracing": "TracingConfig", "CodeUri": "Code",
		"DeadLetterQueue": "DeadLetterConfig",
	}, "Role", "Policies", "Events", "EventInvokeConfig", "AssumeRolePolicyDocument", "PermissionsBoundary", "RolePath", "FunctionUrlConfig",
		"AutoPublishAlias", "AutoPublishAliasAllProperties", "VersionDescription")
	if err != nil {
		return err
	}
	for i, f := range passed {
		switch f.name {
		case "Code":
			if passed[i].value, err = codeOf(f.value); err != nil {
				return err
			}
		case "DeadLetterConfig":
			passed[i].value = mapping(f.line, field{name: "TargetArn", value: f.value.get("TargetArn")})
		case "TracingConfig":
			passed[i].value = mapping(f.line, field{name: "Mode", value: f.value})
		}
	}
	role, err := e.role(r, "lambda.amazonaws.com", letters(r), "service-role/AWSLambdaBasicExecutionRole")
	if err != nil {
		return err
	}
	properties := &node{line: r.line, kind: mappingKind, fields: append(passed, field{"Role", r.line, role})}
	function := plainFrom(r, r.id, "AWS::Lambda::Function", properties)
	function.dependsOn = r.dependsOn
	e.out = append(e.out, function)
	target, err := e.publish(r, properties)
	if err != nil {
		return err
	}
	e.addInvokeConfig(r, target)
	if err := e.addFunctionURL(r, target); err != nil {
		return err
	}
	return e.addEvents(r, func(event field, rule *node) ([]resource, error) {
		aim := mapping(event.line,
			field{name: "Arn", value: target.arn}, field{name: "Id", value: text(event.line, r.id+event.name+"LambdaTarget")})
		id := r.id + event.name
		return []resource{
			plainFrom(r, id, "AWS::Events::Rule", aimed(rule, aim)),
			plainFrom(r, id+"Permission", "AWS::Lambda::Permission", mapping(event.line,
				field{name: "Action", value: text(event.line, "lambda:InvokeFunction")},
				field{name: "FunctionName", value: target.name},
				field{name: "Principal", value: text(event.line, "events.amazonaws.com")},
				field{name: "SourceArn", value: arnOf(event.line, id)})),
		}, nil
	})
}

// addInvokeConfig writes how asynchronous invocations are retried.
func (e *expansion) addInvokeConfig(r resource, target published) {
	invoke := r.properties.get("EventInvokeConfig")
	if invoke == nil {
		return
	}
	config := plainFrom(r, r.id+"EventInvokeConfig", "AWS::Lambda::EventInvokeConfig",
		merge(mapping(invoke.line, field{name: "FunctionName", value: ref(r)}, field{name: "Qualifier", value: text(r.line, target.qualifier)}), invoke))
	if target.alias != "" {
		config.dependsOn = []*node{text(r.line, target.alias)}
	}
	e.out = append(e.out, config)
}

func (e *expansion) addStateMachine(r resource) error {
	passed, err := divide(r, map[string]string{
		"Name": "StateMachineName", "Type": "StateMachineType", "DefinitionSubstitutions": "", "Definition": "",
		"Logging": "LoggingConfiguration", "Tracing": "TracingConfiguration",
	}, "DefinitionUri", "Role", "Policies", "Events", "Tags", "PermissionsBoundary", "RolePath")
	if err != nil {
		return err
	}
	if uri := r.properties.get("DefinitionUri"); uri != nil {
		definition, err := e.definition(uri)
		if err != nil {
			return err
		}
		passed = append(passed, definition)
	}
	role, err := e.role(r, "states.amazonaws.com", nil)
	if err != nil {
		return err
	}
	properties := &node{line: r.line, kind: mappingKind, fields: append(passed, field{"RoleArn", r.line, role})}
	machine := plainFrom(r, r.id, "AWS::StepFunctions::StateMachine", properties)
	machine.dependsOn = r.dependsOn
	e.out = append(e.out, machine)
	return e.addEvents(r, func(event field, rule *node) ([]resource, error) {
		id := r.id + event.name
		target := mapping(event.line,
			field{name: "Arn", value: ref(r)}, field{name: "Id", value: text(event.line, id+"StepFunctionsTarget")},
			field{name: "RoleArn", value: arnOf(event.line, id+"Role")})
		return []resource{
			plainFrom(r, id+"Role", "AWS::IAM::Role", starter(event.line, id, ref(r))),
			plainFrom(r, id, "AWS::Events::Rule", aimed(rule, target)),
		}, nil
	})
}

// definition is the property of the state machine that a DefinitionUri stands for.
func (e *expansion) definition(uri *node) (field, error) {
	at, err := s3Location(uri, "Bucket", "Key", "Version")
	if at != nil || err != nil {
		return field{"DefinitionS3Location", uri.line, at}, err
	}
	written, err := e.read(uri)
	return field{"DefinitionString", uri.line, written}, err
}

// read is the file that a DefinitionUri names.
func (e *expansion) read(uri *node) (*node, error) {
	if !uri.isString() {
		return nil, fail(uri.line, "DefinitionUri is the path of a file here, not %v", uri)
	}
	if e.files == nil {
		return nil, fail(uri.line, "DefinitionUri %v: no files were given", uri)
	}
	data, err := fs.ReadFile(e.files, path.Clean(uri.text))
	if err != nil {
		return nil, fail(uri.line, "DefinitionUri: %w", err)
	}
	return text(uri.line, string(data)), nil
}

// addEvents writes each of r's events as a rule; write completes it with its
// target.
func (e *expansion) addEvents(r resource, write func(event field, rule *node) ([]resource, error)) error {
	for _, event := range r.properties.get("Events").entries() {
		rule, err := eventRule(event)
		if err != nil {
			return err
		}
		resources, err := write(event, rule)
		if err != nil {
			return err
		}
		e.out = append(e.out, resources...)
	}
	return nil
}

// eventRule is an event's rule with the part of its target that the event says.
// AWS: SAM Developer Guide, EventBridgeRule and Schedule event sources.
func eventRule(event field) (*node, error) {
	names := map[string]string{"Description": "", "State": "", "EventBusName": "", "Pattern": "EventPattern", "RuleName": "Name"}
	switch kind := event.value.get("Type"); kind.String() {
	case "EventBridgeRule", "CloudWatchEvent":
	case "Schedule":
		names = map[string]string{"Description": "", "State": "", "Name": "", "Schedule": "ScheduleExpression"}
	default:
		return nil, fail(event.line, "event %s: type %v is not supported, only EventBridgeRule and Schedule", event.name, kind)
	}
	properties := event.value.get("Properties")
	target := mapping(event.line)
	rule := mapping(event.line)
	for _, f := range properties.entries() {
		name, onRule := names[f.name]
		switch {
		case onRule && name != "":
			rule.fields = append(rule.fields, field{name, f.line, f.value})
		case onRule:
			rule.fields = append(rule.fields, f)
		case f.name == "Target":
			target = merge(target, f.value)
		case slices.Contains([]string{"Input", "InputPath", "InputTransformer", "RetryPolicy"}, f.name):
			target.fields = append(target.fields, f)
		case f.name == "DeadLetterConfig" && f.value.get("Arn") != nil:
			target.fields = append(target.fields, field{f.name, f.line, mapping(f.line, field{name: "Arn", value: f.value.get("Arn")})})
		default:
			return nil, fail(f.line, "event %s: property %s is not supported", event.name, f.name)
		}
	}
	rule.fields = append(rule.fields, field{"Targets", event.line, list(event.line, target)})
	return rule, nil
}

// aimed is the rule with the target completed.
func aimed(rule, target *node) *node {
	out := &node{line: rule.line, kind: mappingKind}
	for _, f := range rule.fields {
		if f.name == "Targets" {
			f.value = list(f.line, merge(target, f.value.items[0]))
		}
		out.fields = append(out.fields, f)
	}
	return out
}

func ref(r resource) *node {
	return mapping(r.line, field{name: "Ref", value: text(r.line, r.id)})
}

func arnOf(line int, id string) *node {
	return mapping(line, field{name: "Fn::GetAtt", value: list(line, text(line, id), text(line, "Arn"))})
}
