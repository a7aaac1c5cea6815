package states

import (
	"slices"
	"strings"
)

// fieldsOf are the fields of a JSONata state of a type, and those that AWS has and
// the emulator has not (AWS: Step Functions Developer Guide, State machine
// structure, and the page of each state).
func fieldsOf(t Type) (allowed, missing []string) {
	common := []string{"Type", "Comment", "QueryLanguage"}
	leaving := append(slices.Clone(common), "Next", "End", "Output", "Assign")
	switch t {
	case TypeTask:
		return append(leaving, "Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Retry", "Catch"), []string{"Credentials"}
	case TypePass:
		return leaving, nil
	case TypeChoice:
		return append(common, "Choices", "Default", "Output", "Assign"), nil
	case TypeWait:
		return append(leaving, "Seconds", "Timestamp"), nil
	case TypeSucceed:
		return append(common, "Output"), nil
	case TypeFail:
		return append(common, "Error", "Cause"), nil
	case TypeParallel:
		return append(leaving, "Branches", "Arguments", "Retry", "Catch"), nil
	case TypeMap:
		return append(leaving, "Items", "ItemSelector", "ItemProcessor", "MaxConcurrency",
				"ToleratedFailureCount", "ToleratedFailurePercentage", "Retry", "Catch"),
			[]string{"ItemReader", "ItemBatcher", "ResultWriter", "Label"}
	default:
		return nil, nil
	}
}

func (l *loader) state(name string, o object, outer []string) *State {
	s := &State{Name: name, Type: Type(o.text("Type", true))}
	allowed, missing := fieldsOf(s.Type)
	if allowed == nil {
		if s.Type != "" {
			l.report(codeSchema, o.at("Type"), "Value is not one of [Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait]")
		}
		return s
	}
	if !l.speaksJSONata(o) {
		return s
	}
	o.only("a JSONata "+string(s.Type)+" state", allowed, missing)
	if slices.Contains(allowed, "Next") {
		l.leaving(s, o)
	}
	s.flow = l.flow(o, outer)
	switch s.Type {
	case TypeTask:
		l.task(s, o)
	case TypeChoice:
		l.choice(s, o, outer)
	case TypeWait:
		l.wait(s, o)
	case TypeFail:
		s.failure, s.cause = l.scalar(o, "Error", wantString), l.scalar(o, "Cause", wantString)
	case TypeParallel:
		s.arguments = l.template(o, "Arguments")
		for _, branch := range o.children("Branches") {
			branch.only("a branch", []string{"Comment", "StartAt", "States"}, nil)
			s.branches = append(s.branches, l.machine(branch))
		}
	case TypeMap:
		l.mapState(s, o)
	case TypePass, TypeSucceed:
	}
	l.errorHandling(s, o, outer)
	return s
}

// speaksJSONata reports a state in JSONPath, which is not emulated.
func (l *loader) speaksJSONata(o object) bool {
	language := l.language
	if o.has("QueryLanguage") {
		language = o.text("QueryLanguage", true)
	}
	switch {
	case language == "JSONata":
		return true
	case l.language == "JSONata":
		l.report(codeSchema, o.location, "'QueryLanguage' can not be '%s' if set to 'JSONata' for whole state machine", language)
	case language == "JSONPath":
		l.report(codeSchema, o.at("QueryLanguage"), "The query language JSONPath is not emulated: set QueryLanguage to JSONata")
	default:
		l.report(codeSchema, o.at("QueryLanguage"), "Value is not one of [JSONPath, JSONata]")
	}
	return false
}

// leaving reads Next and End, of which there must be one.
func (l *loader) leaving(s *State, o object) {
	s.Next = o.text("Next", false)
	end := o.boolean("End")
	if o.has("Next") == end {
		l.report(codeSchema, o.location, "The state must have either 'Next' or 'End'")
	}
}

func (l *loader) flow(o object, outer []string) flow {
	f := flow{output: l.template(o, "Output"), assign: l.template(o, "Assign")}
	if f.assign == nil {
		return f
	}
	assign, ok := o.child("Assign")
	if !ok {
		return f
	}
	for _, name := range assign.Keys() {
		switch {
		case name == "states":
			l.report(codeSchema, assign.at(name), "The variable name 'states' is reserved")
		case !variableName(name):
			l.report(codeSchema, assign.at(name), "'%s' is not a valid name of a variable", name)
		case slices.Contains(outer, name):
			l.report(codeSchema, assign.at(name), "The variable '%s' is assigned in an outer scope and cannot be assigned in an inner one", name)
		}
	}
	return f
}

// variableName reports whether a variable may have the name (AWS: Step Functions
// Developer Guide, Passing data between states with variables).
func variableName(name string) bool {
	if name == "" || len(name) > 80 {
		return false
	}
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

func (l *loader) task(s *State, o object) {
	arn := o.text("Resource", true)
	if arn != "" {
		var problem string
		if s.resource, problem = parseResource(arn); problem != "" {
			l.report(codeResource, o.at("Resource"), "%s", problem)
		}
	}
	s.arguments = l.template(o, "Arguments")
	if s.resource.service == "lambda" && s.resource.action == "invoke" && !s.resource.sdk {
		l.lambdaArguments(o)
	}
	s.timeout = l.seconds(o, "TimeoutSeconds", 1)
	s.heartbeat = l.seconds(o, "HeartbeatSeconds", 1)
	timeout, fixed := o.Get("TimeoutSeconds").(float64)
	if heartbeat, too := o.Get("HeartbeatSeconds").(float64); fixed && too && heartbeat >= timeout {
		l.report(codeSchema, o.at("HeartbeatSeconds"), "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'")
	}
}

// lambdaArguments checks the arguments of lambda:invoke, where they are written out.
func (l *loader) lambdaArguments(o object) {
	if _, expression := o.Get("Arguments").(string); expression {
		return
	}
	arguments, ok := o.child("Arguments")
	if !ok {
		return
	}
	arguments.text("FunctionName", true)
	for _, key := range arguments.Keys() {
		switch key {
		case "FunctionName", "Payload":
		case "ClientContext", "InvocationType", "LogType", "Qualifier", "TenantId":
			l.report(codeSchema, arguments.at(key), "The argument '%s' of lambda:invoke is not emulated", key)
		default:
			l.report(codeSchema, o.at("Arguments"), "The field \"%s\" is not supported by Step Functions", key)
		}
	}
}

// seconds reads a field that is a number of seconds or an expression for one.
func (l *loader) seconds(o object, field string, least float64) *template {
	if _, expression := o.Get(field).(string); !expression {
		o.number(field, least, 99999999, 0, true)
	}
	return l.scalar(o, field, wantNumber)
}

func (l *loader) wait(s *State, o object) {
	s.seconds, s.timestamp = l.seconds(o, "Seconds", 0), l.scalar(o, "Timestamp", wantString)
	if o.has("Seconds") == o.has("Timestamp") {
		l.report(codeSchema, o.location, "The state must have either 'Seconds' or 'Timestamp'")
	}
	if fixed, is := o.Get("Timestamp").(string); is && !isExpression(fixed) {
		if _, ok := parseTimestamp(fixed); !ok {
			l.report(codeSchema, o.at("Timestamp"), "The value '%s' is not a timestamp in ISO-8601 extended offset date-time format", fixed)
		}
	}
}

func (l *loader) choice(s *State, o object, outer []string) {
	s.fallback = o.text("Default", false)
	for _, rule := range o.children("Choices") {
		rule.only("a JSONata choice rule", []string{"Condition", "Next", "Output", "Assign", "Comment"}, nil)
		c := choice{flow: l.flow(rule, outer), next: rule.text("Next", true)}
		if !rule.has("Condition") {
			l.report(codeSchema, rule.location, "The field 'Condition' is required but was missing")
			continue
		}
		c.condition = l.scalar(rule, "Condition", wantBoolean)
		s.choices = append(s.choices, c)
	}
}

func (l *loader) mapState(s *State, o object) {
	s.items, s.selector = l.template(o, "Items"), l.template(o, "ItemSelector")
	switch items := o.Get("Items").(type) {
	case string:
		if !isExpression(items) {
			l.report(codeSchema, o.at("Items"), "Expected an array or a JSONata expression")
		}
	case nil, bool, float64:
		l.report(codeSchema, o.at("Items"), "Expected an array or a JSONata expression")
	}
	s.concurrency = l.scalar(o, "MaxConcurrency", wantNumber)
	s.toleratedCount = l.scalar(o, "ToleratedFailureCount", wantNumber)
	s.toleratedPct = l.scalar(o, "ToleratedFailurePercentage", wantNumber)
	processor, ok := o.child("ItemProcessor")
	if !ok {
		return
	}
	processor.only("an item processor", []string{"Comment", "ProcessorConfig", "StartAt", "States"}, nil)
	if processor.has("ProcessorConfig") {
		config, ok := processor.child("ProcessorConfig")
		if ok && config.Get("Mode") == "DISTRIBUTED" {
			l.report(codeSchema, config.at("Mode"), "The mode DISTRIBUTED is not emulated")
		} else if ok {
			config.only("an inline processor", []string{"Mode"}, nil)
			if config.has("Mode") && config.Get("Mode") != "INLINE" {
				l.report(codeSchema, config.at("Mode"), "Value is not one of [INLINE, DISTRIBUTED]")
			}
		}
	}
	s.processor = l.machine(processor)
}

func (l *loader) errorHandling(s *State, o object, outer []string) {
	if o.has("Retry") && s.retries() {
		s.retriers = l.retriers(o)
	}
	if !o.has("Catch") || !s.retries() {
		return
	}
	rules := nonEmpty(o, "Catch")
	l.catching = true
	defer func() { l.catching = false }()
	for i, rule := range rules {
		rule.only("a JSONata catcher", []string{"ErrorEquals", "Next", "Output", "Assign", "Comment"}, nil)
		s.catchers = append(s.catchers, catcher{
			flow:   l.flow(rule, outer),
			errors: l.errorNames(rule, i == len(rules)-1),
			next:   rule.text("Next", true),
		})
	}
}

// retries reports whether the state's type may have Retry and Catch.
func (s *State) retries() bool {
	return s.Type == TypeTask || s.Type == TypeParallel || s.Type == TypeMap
}

// nonEmpty is children for an array that may be empty, as Retry and Catch may
// (recorded on AWS: an empty Retry).
func nonEmpty(o object, field string) []object {
	if items, is := o.Get(field).([]any); is && len(items) == 0 {
		return nil
	}
	return o.children(field)
}

func (l *loader) retriers(o object) []retrier {
	var all []retrier
	rules := nonEmpty(o, "Retry")
	for i, rule := range rules {
		rule.only("a retrier", []string{"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}, nil)
		r := retrier{
			errors:      l.errorNames(rule, i == len(rules)-1),
			interval:    rule.number("IntervalSeconds", 1, 99999999, 1, true),
			maxAttempts: int(rule.number("MaxAttempts", 0, 99999999, 3, true)),
			backoff:     rule.number("BackoffRate", 1, 1e9, 2, false),
			maxDelay:    rule.number("MaxDelaySeconds", 1, 31622400, 0, true),
		}
		if rule.has("MaxDelaySeconds") && r.maxDelay <= r.interval {
			l.report(codeSchema, rule.at("MaxDelaySeconds"), "'MaxDelaySeconds' must be greater than 'IntervalSeconds'")
		}
		switch jitter := rule.Get("JitterStrategy"); jitter {
		case "FULL":
			r.fullJitter = true
		case "NONE":
		default:
			if rule.has("JitterStrategy") {
				l.report(codeSchema, rule.at("JitterStrategy"), "Value is not one of [FULL, NONE]")
			}
		}
		all = append(all, r)
	}
	return all
}

// errorNames reads ErrorEquals. States.ALL must stand alone, in the last element.
func (l *loader) errorNames(o object, last bool) []string {
	items, is := o.Get("ErrorEquals").([]any)
	if !is || len(items) == 0 {
		l.report(codeSchema, o.at("ErrorEquals"), "Expected a non-empty value of type Array")
		return nil
	}
	var names []string
	for _, item := range items {
		name, is := item.(string)
		if !is {
			l.report(codeSchema, o.at("ErrorEquals"), "Expected value of type String")
			continue
		}
		names = append(names, name)
		if strings.HasPrefix(name, "States.") && !slices.Contains(predefined(), name) {
			l.report(codeSchema, o.at("ErrorEquals"), "The error name '%s' begins with the reserved prefix 'States.' and is not one of the predefined names", name)
		}
	}
	if slices.Contains(names, errAll) && (!last || len(names) > 1) {
		l.report(codeSchema, o.at("ErrorEquals"), "'States.ALL' must appear alone and in the last element")
	}
	return names
}
