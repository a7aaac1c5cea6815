package states_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/states"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	one := func(body string) string { return machine("A", `"A":{`+body+`}`) }
	task := func(resource, rest string) string {
		return one(`"Type":"Task","Resource":"` + resource + `","End":true` + rest)
	}
	const lambda = "arn:aws:states:::lambda:invoke"
	for name, test := range map[string]struct{ definition, want string }{
		"not JSON":               {`{`, "INVALID_JSON_DESCRIPTION: "},
		"not an object":          {`[]`, "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"},
		"JSONPath":               {`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, "JSONPath is not emulated: set QueryLanguage to JSONata at /States/A/QueryLanguage"},
		"JSONPath state":         {one(`"Type":"Pass","End":true,"QueryLanguage":"JSONPath"`), "can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A"},
		"JSONPath field":         {one(`"Type":"Pass","End":true,"ResultPath":"$.a"`), "The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/A"},
		"unknown field":          {one(`"Type":"Wait","End":true,"Seconds":1,"Minutes":1`), "Field 'Minutes' is not supported at /States/A"},
		"unknown top field":      {`{"QueryLanguage":"JSONata","StartAt":"A","Start":"A","States":{"A":{"Type":"Succeed"}}}`, "Field 'Start' is not supported at /"},
		"no start":               {`{"QueryLanguage":"JSONata","States":{"A":{"Type":"Succeed"}}}`, "The field 'StartAt' is required but was missing at /"},
		"no states":              {`{"QueryLanguage":"JSONata","StartAt":"A","States":{}}`, "at /States"},
		"unknown start":          {`{"QueryLanguage":"JSONata","StartAt":"B","States":{"A":{"Type":"Succeed"}}}`, "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /StartAt"},
		"unknown type":           {one(`"Type":"Sleep"`), "at /States/A/Type"},
		"dangling Next":          {one(`"Type":"Pass","Next":"B"`), "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"},
		"dangling Default":       {one(`"Type":"Choice","Choices":[{"Condition":true,"Next":"A"}],"Default":"B"`), "Missing 'Next' target: B at /States/A/Default"},
		"dangling Catch":         {task(lambda, `,"Arguments":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["x"],"Next":"B"}]`), "Missing 'Next' target: B at /States/A/Catch[0]/Next"},
		"unreachable":            {machine("A", pass("A", "B")), `MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B`},
		"no end":                 {one(`"Type":"Pass","Next":"A"`), "MISSING_END_STATE: Workflow has no terminal state at null"},
		"Next and End":           {one(`"Type":"Pass","Next":"A","End":true`), "either 'Next' or 'End' at /States/A"},
		"neither":                {one(`"Type":"Pass"`), "either 'Next' or 'End' at /States/A"},
		"long name":              {machine(strings.Repeat("a", 81), pass(strings.Repeat("a", 81))), "INVALID_STATE_NAME: "},
		"duplicate name":         {machine("A", `"A":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{`+pass("A")+`}}]}`), "DUPLICATE_STATE_NAME: "},
		"no choices":             {one(`"Type":"Choice","Choices":[]`), "non-empty value of type Array at /States/A/Choices"},
		"no condition":           {one(`"Type":"Choice","Choices":[{"Next":"A"}]`), "'Condition' is required but was missing at /States/A/Choices[0]"},
		"two waits":              {one(`"Type":"Wait","Seconds":1,"Timestamp":"2026-01-01T00:00:00Z","End":true`), "either 'Seconds' or 'Timestamp' at /States/A"},
		"bad timestamp":          {one(`"Type":"Wait","Timestamp":"tomorrow","End":true`), "at /States/A/Timestamp"},
		"negative wait":          {one(`"Type":"Wait","Seconds":-1,"End":true`), "at /States/A/Seconds"},
		"syntax":                 {one(`"Type":"Pass","Output":{"a":["{% 1 + %}"]},"End":true`), "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output/a[0]"},
		"half an expression":     {one(`"Type":"Pass","Output":"{% 1 ","End":true`), "is not a JSONata expression"},
		"unclosed":               {one(`"Type":"Pass","Output":"{% $x[1,2) %}","End":true`), `INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output`},
		"quote":                  {one(`"Type":"Pass","Output":"{% 'x %}","End":true`), "INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote at /States/A/Output"},
		"no unary":               {one(`"Type":"Pass","Output":"{% {'a':} %}","End":true`), `INVALID_JSONATA_EXPRESSION: The symbol "}" cannot be used as a unary operator at /States/A/Output`},
		"regular expression":     {one(`"Type":"Pass","Output":"{% $match('a', /abc %}","End":true`), "INVALID_JSONATA_EXPRESSION: No terminating / in regular expression at /States/A/Output"},
		"field of no context":    {one(`"Type":"Pass","Output":{"v":"{% 1 + $sum(phone.number) %}"},"End":true`), "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v"},
		"no context":             {one(`"Type":"Pass","Output":"{% $.a %}","End":true`), "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' at the top level is not supported. at /States/A/Output"},
		"no root":                {one(`"Type":"Pass","Output":"{% $states.input[$$.a] %}","End":true`), "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/A/Output"},
		"error output":           {one(`"Type":"Pass","Output":"{% $states.errorOutput.Error %}","End":true`), "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.errorOutput' is supported in 'Catch' only. at /States/A/Output"},
		"condition not boolean":  {one(`"Type":"Choice","Choices":[{"Condition":"yes","Next":"A"}]`), "at /States/A/Choices[0]/Condition"},
		"reserved variable":      {one(`"Type":"Pass","Assign":{"states":1},"End":true`), "'states' is reserved at /States/A/Assign/states"},
		"variable name":          {one(`"Type":"Pass","Assign":{"a b":1},"End":true`), "'a b' is not a valid name of a variable"},
		"outer variable":         {machine("A", `"A":{"Type":"Pass","Assign":{"x":1},"Next":"B"}`, `"B":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"C","States":{"C":{"Type":"Pass","Assign":{"x":2},"End":true}}}]}`), "The variable 'x' is assigned in an outer scope"},
		"States.ALL not last":    {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["x"]}]`), "'States.ALL' must appear alone and in the last element"},
		"States.ALL not alone":   {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["States.ALL","x"]}]`), "'States.ALL' must appear alone and in the last element"},
		"reserved error":         {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["States.Nope"]}]`), "reserved prefix"},
		"no errors":              {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":[]}]`), "at /States/A/Retry[0]/ErrorEquals"},
		"interval":               {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["x"],"IntervalSeconds":0}]`), "at /States/A/Retry[0]/IntervalSeconds"},
		"backoff":                {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["x"],"BackoffRate":0.5}]`), "at /States/A/Retry[0]/BackoffRate"},
		"attempts":               {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["x"],"MaxAttempts":1.5}]`), "at /States/A/Retry[0]/MaxAttempts"},
		"max delay":              {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["x"],"IntervalSeconds":5,"MaxDelaySeconds":5}]`), "at /States/A/Retry[0]/MaxDelaySeconds"},
		"jitter":                 {task(lambda, `,"Arguments":{"FunctionName":"f"},"Retry":[{"ErrorEquals":["x"],"JitterStrategy":"SOME"}]`), "at /States/A/Retry[0]/JitterStrategy"},
		"retry of a wait":        {one(`"Type":"Wait","Seconds":1,"End":true,"Retry":[]`), "Field 'Retry' is not supported at /States/A"},
		"heartbeat":              {task(lambda, `,"Arguments":{"FunctionName":"f"},"TimeoutSeconds":5,"HeartbeatSeconds":5`), "must be smaller than 'TimeoutSeconds'"},
		"no resource":            {one(`"Type":"Task","End":true`), "'Resource' is required but was missing at /States/A"},
		"unknown resource":       {task("lambda", ""), "INVALID_RESOURCE: The resource provided lambda is not recognized."},
		"activity":               {task("arn:aws:states:us-east-1:123456789012:activity:a", ""), "Activities are not emulated"},
		"sync":                   {task("arn:aws:states:::states:startExecution.sync:2", ""), "(.sync) is not emulated"},
		"other integration":      {task("arn:aws:states:::glue:startJobRun", ""), "The integration 'glue:startJobRun' is not emulated"},
		"other SDK service":      {task("arn:aws:states:::aws-sdk:glue:startJobRun", ""), "The service 'glue' is not emulated"},
		"action not camel":       {task("arn:aws:states:::aws-sdk:ecs:UpdateService", ""), "in camel case"},
		"function name missing":  {task(lambda, `,"Arguments":{"Payload":1}`), "'FunctionName' is required but was missing at /States/A/Arguments"},
		"function name misspelt": {task(lambda, `,"Arguments":{"FunctionName":"f","Body":1}`), `The field "Body" is not supported by Step Functions at /States/A/Arguments`},
		"credentials":            {task(lambda, `,"Arguments":{"FunctionName":"f"},"Credentials":{"RoleArn":"r"}`), "Field 'Credentials' of a JSONata Task state is not emulated at /States/A/Credentials"},
		"distributed":            {one(`"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{` + pass("B") + `}}`), "DISTRIBUTED is not emulated at /States/A/ItemProcessor/ProcessorConfig/Mode"},
		"item reader":            {one(`"Type":"Map","End":true,"ItemReader":{},"ItemProcessor":{"StartAt":"B","States":{` + pass("B") + `}}`), "Field 'ItemReader' of a JSONata Map state is not emulated"},
		"literal items":          {one(`"Type":"Map","End":true,"Items":"x","ItemProcessor":{"StartAt":"B","States":{` + pass("B") + `}}`), "at /States/A/Items"},
		"no branches":            {one(`"Type":"Parallel","End":true`), "at /States/A/Branches"},
		"timeout":                {`{"QueryLanguage":"JSONata","TimeoutSeconds":0,"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, "at /TimeoutSeconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, diagnostics := states.Parse(test.definition)
			if d != nil || len(diagnostics) == 0 {
				t.Fatalf("accepted: %s", test.definition)
			}
			var all []string
			for _, diagnostic := range diagnostics {
				all = append(all, diagnostic.String())
			}
			if text := strings.Join(all, "\n"); !strings.Contains(text, test.want) {
				t.Errorf("got\n%s\nwant %q in it", text, test.want)
			}
		})
	}
}

// FuzzDefinition: no text makes the loader panic or hang, and what it accepts runs
// to an end, or waits.
func FuzzDefinition(f *testing.F) {
	for _, tr := range translations() {
		f.Add(tr.definition)
	}
	f.Add(machine("A", `"A":{"Type":"Wait","Timestamp":"{% $now() %}","Next":"B"}`, `"B":{"Type":"Choice","Choices":[{"Condition":"{% $states.context.State.Name = 'B' %}","Next":"C"}]}`, pass("C")))
	f.Fuzz(func(t *testing.T, definition string) {
		d, diagnostics := states.Parse(definition)
		if (d == nil) != (len(diagnostics) > 0) {
			t.Fatalf("definition %v with diagnostics %v", d, diagnostics)
		}
		if d == nil {
			return
		}
		c := newCloud()
		c.functions["f"] = func(payload []byte, done func(states.FunctionResult)) { done(states.FunctionResult{Payload: payload}) }
		c.anything(t)
		x := c.start(t, definition, `{}`)
		for x.Running() {
			if !c.loop.Step() {
				t.Fatalf("neither ended nor waiting, after %v", x.Path())
			}
			if c.loop.Now().Sub(x.StartTime) > 24*time.Hour {
				return // it waited
			}
		}
	})
}
