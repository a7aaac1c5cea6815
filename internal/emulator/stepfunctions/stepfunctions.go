// Package stepfunctions emulates AWS Step Functions: standard state machines in
// JSONata, their executions, histories and task tokens. What runs an execution is
// package states.
//
// Express state machines, versions, aliases, logging, tracing and customer keys
// are not emulated and are refused by name.
package stepfunctions

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/states"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps is what Step Functions reaches in other services. All functions are called
// on the loop and call done on it, once.
type Deps struct {
	// Emit puts an AWS service event on the default bus.
	Emit func(source, detailType string, resources []string, detail any)
	// InvokeLambda calls a function, by ARN or name, as the role.
	InvokeLambda func(roleARN, function string, payload []byte, done func(Result))
	// InvokeAPI calls any operation as the role. Service and operation are spelled as
	// in the aws-sdk integration (sfn, startExecution), and members begin with a
	// capital. The error code is the error's name in the service's model; "" is success.
	InvokeAPI func(roleARN, service, operation string, input json.RawMessage, done func(output json.RawMessage, errorCode, errorMessage string))
}

// Result is how an invocation of a Lambda function ended.
type Result = states.FunctionResult

// Service is Step Functions in one account and Region.
type Service struct {
	loop       *loop.Loop
	account    string
	region     string
	deps       Deps             `keep:"-"`
	running    *states.Services `keep:"-"`
	tokens     *states.Tokens
	machines   map[string]*stateMachine // by ARN
	executions map[string]*execution    // by ARN
	started    []*execution             // in the order of their start
}

// New gives Step Functions without state machines.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	s := &Service{
		loop: l, account: account, region: region, deps: deps,
		running:    &states.Services{Loop: l, Region: region, InvokeLambda: deps.InvokeLambda, InvokeAPI: deps.InvokeAPI},
		tokens:     states.NewTokens(l),
		machines:   map[string]*stateMachine{},
		executions: map[string]*execution{},
	}
	s.running.Tokens = s.tokens
	return s
}

// Resume has everything go on that was kept. It must be called on the loop.
func (s *Service) Resume() error {
	s.running.Tokens = s.tokens
	parsed := map[string]*states.Definition{}
	parse := func(r *revision) (err error) {
		if parsed[r.text] == nil {
			parsed[r.text], err = define(r.text)
		}
		r.parsed = parsed[r.text]
		return err
	}
	for _, m := range s.machines {
		if err := parse(&m.revision); err != nil {
			return fmt.Errorf("state machine %s: %w", m.arn, err)
		}
	}
	for _, e := range s.started {
		if err := parse(&e.revision); err != nil {
			return fmt.Errorf("execution %s: %w", e.ARN, err)
		}
		e.Resume(s.running, e.revision.parsed, func(*states.Execution) { s.changed(e) })
	}
	return nil
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("stepfunctions",
		wire.Op("CreateStateMachine", s.createStateMachine),
		wire.Op("UpdateStateMachine", s.updateStateMachine),
		wire.Op("DescribeStateMachine", s.describeStateMachine),
		wire.Op("DescribeStateMachineForExecution", s.describeStateMachineForExecution),
		wire.Op("DeleteStateMachine", s.deleteStateMachine),
		wire.Op("ListStateMachines", s.listStateMachines),
		wire.Op("ValidateStateMachineDefinition", s.validateStateMachineDefinition),
		wire.Op("StartExecution", s.startExecution),
		wire.Op("StopExecution", s.stopExecution),
		wire.Op("RedriveExecution", s.redriveExecution),
		wire.Op("DescribeExecution", s.describeExecution),
		wire.Op("ListExecutions", s.listExecutions),
		wire.Op("GetExecutionHistory", s.getExecutionHistory),
		wire.Op("SendTaskSuccess", s.sendTaskSuccess),
		wire.Op("SendTaskFailure", s.sendTaskFailure),
		wire.Op("SendTaskHeartbeat", s.sendTaskHeartbeat),
	)
}

// Entered has f called on the loop for each state that an execution enters.
func (s *Service) Entered(f func(executionARN, state string)) {
	s.running.Entered = func(x *states.Execution, state string) { f(x.ARN, state) }
}

// Status is where an execution stands; "" for one that is not there. It must be called on
// the loop.
func (s *Service) Status(executionARN string) types.ExecutionStatus {
	if e := s.executions[executionARN]; e != nil {
		return e.Status
	}
	return ""
}

// Running are the ARNs of the executions that have not ended, in the order of their start.
// It must be called on the loop.
func (s *Service) Running() []string {
	var running []string
	for _, e := range s.started {
		if e.Running() {
			running = append(running, e.ARN)
		}
	}
	return running
}

// Path is the names of the states that an execution entered, in that order; nil
// for an execution that is not there. It must be called on the loop.
func (s *Service) Path(executionARN string) []string {
	if e := s.executions[executionARN]; e != nil {
		return e.Path()
	}
	return nil
}

// Transitions is how many state transitions of an execution are billed: entries of
// states and retries. It must be called on the loop.
func (s *Service) Transitions(executionARN string) int {
	if e := s.executions[executionARN]; e != nil {
		return e.Transitions()
	}
	return 0
}
