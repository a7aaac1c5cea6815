package stepfunctions

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/states"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// execution is one run, with the revision it was started with.
type execution struct {
	*states.Execution
	machine  *stateMachine
	revision revision
	redrives map[string]time.Time // by client token
	open     bool
}

// nameFreed is how long after its end an execution keeps its name (AWS: API
// reference, StartExecution).
const nameFreed = 90 * 24 * time.Hour

// startExecution is idempotent by name: a name with the same input is the same
// execution as long as that runs (AWS: API reference, StartExecution).
func (s *Service) startExecution(_ *wire.Call, in *sfn.StartExecutionInput) (*sfn.StartExecutionOutput, error) {
	m, err := s.machine(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	if m.deleting {
		return nil, &types.StateMachineDeleting{Message: aws.String(fmt.Sprintf("State Machine is being deleted: '%s'", m.arn))}
	}
	name := aws.ToString(in.Name)
	if in.Name == nil {
		name = s.loop.UUID()
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	input := aws.ToString(in.Input)
	if in.Input == nil {
		input = "{}"
	}
	arn := partition.ARN("states", s.region, s.account, "execution:"+m.name+":"+name)
	if e := s.executions[arn]; e != nil && (e.Running() || s.loop.Now().Sub(e.StopTime) < nameFreed) {
		if !e.Running() || e.Input != input {
			return nil, &types.ExecutionAlreadyExists{Message: aws.String(fmt.Sprintf("Execution Already Exists: '%s'", arn))}
		}
		return &sfn.StartExecutionOutput{ExecutionArn: aws.String(arn), StartDate: aws.Time(e.StartTime)}, nil
	}
	e, err := s.start(m, states.Spec{
		ARN: arn, Name: name, Input: input,
		RoleARN: m.roleARN, StateMachineARN: m.arn, StateMachineName: m.name,
	})
	if err != nil {
		return nil, &types.InvalidExecutionInput{Message: aws.String(fmt.Sprintf("Invalid State Machine Execution Input: '%v'", err))}
	}
	return &sfn.StartExecutionOutput{ExecutionArn: aws.String(arn), StartDate: aws.Time(e.StartTime)}, nil
}

func (s *Service) start(m *stateMachine, spec states.Spec) (*execution, error) {
	e := &execution{machine: m, revision: m.revision, redrives: map[string]time.Time{}}
	x, err := states.Start(s.running, m.parsed, spec, func(x *states.Execution) {
		e.Execution = x
		s.changed(e)
	})
	if err != nil {
		return nil, err
	}
	e.Execution = x
	s.executions[spec.ARN] = e
	s.started = append(s.started, e)
	return e, nil
}

// changed keeps count of what runs and tells of the execution's status.
func (s *Service) changed(e *execution) {
	if e.open != e.Running() {
		e.open = e.Running()
		if e.open {
			e.machine.open++
		} else {
			e.machine.open--
			s.forget(e.machine)
		}
	}
	s.emitStatus(e)
}

func (s *Service) execution(arn *string) (*execution, error) {
	if !strings.Contains(aws.ToString(arn), ":execution:") {
		return nil, &types.InvalidArn{Message: aws.String(fmt.Sprintf("Invalid Arn: '%s'", aws.ToString(arn)))}
	}
	e := s.executions[aws.ToString(arn)]
	if e == nil {
		return nil, &types.ExecutionDoesNotExist{Message: aws.String(fmt.Sprintf("Execution Does Not Exist: '%s'", aws.ToString(arn)))}
	}
	return e, nil
}

func (s *Service) stopExecution(_ *wire.Call, in *sfn.StopExecutionInput) (*sfn.StopExecutionOutput, error) {
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	e.Stop(in.Error, in.Cause)
	return &sfn.StopExecutionOutput{StopDate: aws.Time(e.StopTime)}, nil
}

// redriveExecution is idempotent by client token for 15 minutes (AWS: API
// reference, RedriveExecution).
func (s *Service) redriveExecution(_ *wire.Call, in *sfn.RedriveExecutionInput) (*sfn.RedriveExecutionOutput, error) {
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	token := aws.ToString(in.ClientToken)
	if at, done := e.redrives[token]; done && token != "" && s.loop.Now().Sub(at) < 15*time.Minute {
		return &sfn.RedriveExecutionOutput{RedriveDate: aws.Time(at)}, nil
	}
	reason, ok := e.Redrivable()
	switch {
	case e.machine.deleting:
		reason, ok = "State machine is in DELETING status.", false
	case ok && e.InParallel():
		reason, ok = "Redriving from inside a Map or Parallel state is not emulated", false
	}
	if !ok {
		return nil, &types.ExecutionNotRedrivable{Message: aws.String(reason)}
	}
	e.Redrive()
	e.redrives[token] = e.RedriveTime
	return &sfn.RedriveExecutionOutput{RedriveDate: aws.Time(e.RedriveTime)}, nil
}

func (s *Service) describeExecution(_ *wire.Call, in *sfn.DescribeExecutionInput) (*sfn.DescribeExecutionOutput, error) {
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	included := &types.CloudWatchEventsExecutionDataDetails{Included: true}
	out := &sfn.DescribeExecutionOutput{
		ExecutionArn: aws.String(e.ARN), StateMachineArn: aws.String(e.machine.arn), Name: aws.String(e.Name),
		Status: e.Status, StartDate: aws.Time(e.StartTime), StopDate: e.stopped(),
		Input: aws.String(e.Input), InputDetails: included, Error: e.Error, Cause: e.Cause,
		RedriveCount: aws.Int32(int32(e.RedriveCount)), //nolint:gosec // far below
		RedriveDate:  e.redriven(),
	}
	if e.Status == types.ExecutionStatusSucceeded {
		out.Output, out.OutputDetails = aws.String(e.Output), included
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Input, out.InputDetails, out.Output, out.OutputDetails, out.Error, out.Cause = nil, nil, nil, nil, nil, nil
	}
	out.RedriveStatus = types.ExecutionRedriveStatusRedrivable
	if reason, ok := e.Redrivable(); !ok {
		out.RedriveStatus, out.RedriveStatusReason = types.ExecutionRedriveStatusNotRedrivable, aws.String(reason)
	}
	return out, nil
}

func (e *execution) stopped() *time.Time {
	if e.Running() {
		return nil
	}
	return aws.Time(e.StopTime)
}

func (e *execution) redriven() *time.Time {
	if e.RedriveCount == 0 {
		return nil
	}
	return aws.Time(e.RedriveTime)
}

// listExecutions lists the newest first.
func (s *Service) listExecutions(_ *wire.Call, in *sfn.ListExecutionsInput) (*sfn.ListExecutionsOutput, error) {
	if in.MapRunArn != nil {
		return nil, &types.ValidationException{Message: aws.String("Map Runs are not emulated")}
	}
	m, err := s.machine(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	if in.StatusFilter == types.ExecutionStatusPendingRedrive || in.RedriveFilter != "" {
		return nil, &types.ValidationException{Message: aws.String("The filter is valid for a mapRunArn only")}
	}
	var all []types.ExecutionListItem
	for i := len(s.started) - 1; i >= 0; i-- {
		e := s.started[i]
		if e.machine != m || in.StatusFilter != "" && e.Status != in.StatusFilter {
			continue
		}
		all = append(all, types.ExecutionListItem{
			ExecutionArn: aws.String(e.ARN), StateMachineArn: aws.String(m.arn), Name: aws.String(e.Name), Status: e.Status,
			StartDate: aws.Time(e.StartTime), StopDate: e.stopped(),
			RedriveCount: aws.Int32(int32(e.RedriveCount)), //nolint:gosec // far below
			RedriveDate:  e.redriven(),
		})
	}
	from, to, next, err := page(len(all), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &sfn.ListExecutionsOutput{Executions: append([]types.ExecutionListItem{}, all[from:to]...), NextToken: next}, nil
}
