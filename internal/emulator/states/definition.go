// Package states runs Amazon States Language: it reads a definition, says what is
// wrong with it, and runs executions of it on the event loop.
//
// Only JSONata definitions run. JSONPath, and every feature that is not emulated
// (distributed Map, Credentials, activities, .sync), is refused by name when a
// definition is read, never ignored.
//
// An execution has no goroutine: each state is started by a call on the loop and
// goes on when a timer, a service's answer or a task token calls back.
package states

import (
	"fmt"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// Definition is a state machine that may be run.
type Definition struct {
	Machine
	// TimeoutSeconds bounds an execution; 0 is no bound.
	TimeoutSeconds int
}

// Machine is a set of states with a start: a whole definition, a branch of a
// Parallel state, or what a Map state does with each item.
type Machine struct {
	StartAt string
	States  map[string]*State
	names   []string // of the states, in the order of the text
}

// Type is the type of a state.
type Type string

// The state types of the Amazon States Language.
const (
	TypeTask     Type = "Task"
	TypePass     Type = "Pass"
	TypeChoice   Type = "Choice"
	TypeWait     Type = "Wait"
	TypeSucceed  Type = "Succeed"
	TypeFail     Type = "Fail"
	TypeParallel Type = "Parallel"
	TypeMap      Type = "Map"
)

// State is one state. Fields that its type does not have are zero; templates that
// the text does not have are nil.
type State struct {
	Name string
	Type Type
	Next string // "" at an end
	flow

	resource  resource  // Task
	arguments *template // Task, Parallel
	timeout   *template // Task
	heartbeat *template // Task

	choices  []choice // Choice
	fallback string   // Choice: the state named by Default

	seconds, timestamp *template // Wait

	failure, cause *template // Fail

	branches []*Machine // Parallel

	items, selector              *template // Map
	concurrency                  *template // Map
	toleratedCount, toleratedPct *template // Map
	processor                    *Machine  // Map

	retriers []retrier
	catchers []catcher
}

// flow is what a state, a choice rule and a catcher may do on leaving.
type flow struct {
	output *template
	assign *template
}

// choice is one rule of a Choice state.
type choice struct {
	flow
	condition *template
	next      string
}

// catcher is one element of Catch.
type catcher struct {
	flow
	errors []string
	next   string
}

// retrier is one element of Retry.
type retrier struct {
	errors      []string
	interval    float64
	maxAttempts int
	backoff     float64
	maxDelay    float64 // 0 is no bound
	fullJitter  bool
}

// Diagnostic is one thing wrong with a definition, in the form of
// ValidateStateMachineDefinition.
type Diagnostic struct {
	Code     string // such as SCHEMA_VALIDATION_FAILED
	Message  string
	Location string // such as /States/Approve/Next; "" if it has none
}

// String is the diagnostic as CreateStateMachine gives it, which says null for no
// location (measured on AWS: floci-io/floci, issue 2735).
func (d Diagnostic) String() string {
	location := d.Location
	if location == "" {
		location = "null"
	}
	return fmt.Sprintf("%s: %s at %s", d.Code, d.Message, location)
}

// The codes of diagnostics (AWS: API reference, ValidateStateMachineDefinitionDiagnostic).
const (
	codeJSON      = "INVALID_JSON_DESCRIPTION"
	codeSchema    = "SCHEMA_VALIDATION_FAILED"
	codeSyntax    = "INVALID_JSONATA_EXPRESSION"
	codeReference = "UNSUPPORTED_JSONATA_EXPRESSION"
	codeResource  = "INVALID_RESOURCE"
	codeEnd       = "MISSING_END_STATE"
	codeDuplicate = "DUPLICATE_STATE_NAME"
	codeName      = "INVALID_STATE_NAME"
	codeTarget    = "MISSING_TRANSITION_TARGET"
	codeNesting   = "TOO_DEEPLY_NESTED"
)

// Parse reads a definition. It gives diagnostics, and then no definition, if AWS
// would refuse it or if something in it is not emulated.
func Parse(text string) (*Definition, []Diagnostic) {
	l := &loader{seen: map[string]bool{}}
	v, err := jsonata.Decode(text)
	if err != nil {
		l.report(codeJSON, "/", "Could not parse the definition: %v", err)
		return nil, l.diagnostics
	}
	root, is := v.(*jsonata.Object)
	if !is {
		l.report(codeSchema, "/", "Expected value of type Object")
		return nil, l.diagnostics
	}
	d := l.definition(root)
	if len(l.diagnostics) > 0 {
		return nil, l.diagnostics
	}
	return d, nil
}
