package stepfunctions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/states"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// stateMachine is a state machine as it is now.
type stateMachine struct {
	arn, name string
	revision
	created  time.Time
	deleting bool
	open     int // executions that run
}

// revision is what an update replaces. Executions keep the one they started with.
type revision struct {
	id      string
	text    string
	parsed  *states.Definition `keep:"-"` // text
	roleARN string
	updated time.Time
}

func (s *Service) createStateMachine(_ *wire.Call, in *sfn.CreateStateMachineInput) (*sfn.CreateStateMachineOutput, error) {
	name, text := aws.ToString(in.Name), aws.ToString(in.Definition)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := checkRole(aws.ToString(in.RoleArn)); err != nil {
		return nil, err
	}
	if in.Type != "" && in.Type != types.StateMachineTypeStandard {
		return nil, &types.StateMachineTypeNotSupported{Message: aws.String(fmt.Sprintf("State machines of type %s are not emulated", in.Type))}
	}
	if err := checkSettings(settings{in.LoggingConfiguration, in.TracingConfiguration, in.EncryptionConfiguration, in.Publish || in.VersionDescription != nil}); err != nil {
		return nil, err
	}
	d, err := define(text)
	if err != nil {
		return nil, err
	}
	arn := partition.ARN("states", s.region, s.account, "stateMachine:"+name)
	if m := s.machines[arn]; m != nil {
		switch {
		case m.deleting:
			return nil, &types.StateMachineDeleting{Message: aws.String(fmt.Sprintf("State Machine is being deleted: '%s'", arn))}
		case m.text != text:
			return nil, &types.StateMachineAlreadyExists{Message: aws.String(fmt.Sprintf("State Machine Already Exists: '%s'", arn))}
		}
		return &sfn.CreateStateMachineOutput{StateMachineArn: aws.String(arn), CreationDate: aws.Time(m.created)}, nil
	}
	now := s.loop.Now()
	s.machines[arn] = &stateMachine{
		arn: arn, name: name, created: now,
		revision: revision{text: text, parsed: d, roleARN: aws.ToString(in.RoleArn), updated: now},
	}
	return &sfn.CreateStateMachineOutput{StateMachineArn: aws.String(arn), CreationDate: aws.Time(now)}, nil
}

// define parses a definition; what is wrong with it is an InvalidDefinition.
func define(text string) (*states.Definition, error) {
	d, diagnostics := states.Parse(text)
	if len(diagnostics) == 0 {
		return d, nil
	}
	var all []string
	for _, diagnostic := range diagnostics {
		all = append(all, "'"+diagnostic.String()+"'")
	}
	return nil, &types.InvalidDefinition{Message: aws.String("Invalid State Machine Definition: " + strings.Join(all, ", "))}
}

// settings are what a state machine may be given besides its definition and role.
type settings struct {
	logging    *types.LoggingConfiguration
	tracing    *types.TracingConfiguration
	encryption *types.EncryptionConfiguration
	publish    bool
}

// checkSettings refuses what is not emulated.
func checkSettings(in settings) error {
	switch {
	case in.logging != nil && in.logging.Level != "" && in.logging.Level != types.LogLevelOff:
		return &types.InvalidLoggingConfiguration{Message: aws.String(fmt.Sprintf("Logging at level %s is not emulated", in.logging.Level))}
	case in.tracing != nil && in.tracing.Enabled:
		return &types.InvalidTracingConfiguration{Message: aws.String("Tracing is not emulated")}
	case in.encryption != nil && in.encryption.Type != types.EncryptionTypeAwsOwnedKey:
		return &types.InvalidEncryptionConfiguration{Message: aws.String(fmt.Sprintf("Encryption of type %s is not emulated", in.encryption.Type))}
	case in.publish:
		return &types.ValidationException{Message: aws.String("Versions of state machines are not emulated")}
	default:
		return nil
	}
}

func (s *Service) machine(arn *string) (*stateMachine, error) {
	if !strings.Contains(aws.ToString(arn), ":stateMachine:") {
		return nil, &types.InvalidArn{Message: aws.String(fmt.Sprintf("Invalid Arn: '%s'", aws.ToString(arn)))}
	}
	m := s.machines[aws.ToString(arn)]
	if m == nil {
		return nil, &types.StateMachineDoesNotExist{Message: aws.String(fmt.Sprintf("State Machine Does Not Exist: '%s'", aws.ToString(arn)))}
	}
	return m, nil
}

func (s *Service) updateStateMachine(_ *wire.Call, in *sfn.UpdateStateMachineInput) (*sfn.UpdateStateMachineOutput, error) {
	m, err := s.machine(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	if m.deleting {
		return nil, &types.StateMachineDeleting{Message: aws.String(fmt.Sprintf("State Machine is being deleted: '%s'", m.arn))}
	}
	if in.Definition == nil && in.RoleArn == nil && in.LoggingConfiguration == nil && in.TracingConfiguration == nil && in.EncryptionConfiguration == nil {
		return nil, &types.MissingRequiredParameter{Message: aws.String("Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the EncryptionConfiguration must be specified")}
	}
	if err := checkSettings(settings{in.LoggingConfiguration, in.TracingConfiguration, in.EncryptionConfiguration, in.Publish || in.VersionDescription != nil}); err != nil {
		return nil, err
	}
	next := m.revision
	if in.Definition != nil {
		next.text = *in.Definition
		if next.parsed, err = define(next.text); err != nil {
			return nil, err
		}
	}
	if in.RoleArn != nil {
		next.roleARN = *in.RoleArn
		if err := checkRole(next.roleARN); err != nil {
			return nil, err
		}
	}
	next.updated, next.id = s.loop.Now(), s.loop.UUID()
	m.revision = next
	return &sfn.UpdateStateMachineOutput{UpdateDate: aws.Time(next.updated), RevisionId: aws.String(next.id)}, nil
}

func (s *Service) describeStateMachine(_ *wire.Call, in *sfn.DescribeStateMachineInput) (*sfn.DescribeStateMachineOutput, error) {
	m, err := s.machine(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	out := &sfn.DescribeStateMachineOutput{
		StateMachineArn: aws.String(m.arn), Name: aws.String(m.name), Type: types.StateMachineTypeStandard,
		Status: types.StateMachineStatusActive, CreationDate: aws.Time(m.created),
		Definition: aws.String(m.text), RoleArn: aws.String(m.roleARN), RevisionId: present(m.id),
		LoggingConfiguration: noLogging(), TracingConfiguration: &types.TracingConfiguration{}, EncryptionConfiguration: ownedKey(),
	}
	if m.deleting {
		out.Status = types.StateMachineStatusDeleting
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Definition = nil
	}
	return out, nil
}

func (s *Service) describeStateMachineForExecution(_ *wire.Call, in *sfn.DescribeStateMachineForExecutionInput) (*sfn.DescribeStateMachineForExecutionOutput, error) {
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	out := &sfn.DescribeStateMachineForExecutionOutput{
		StateMachineArn: aws.String(e.machine.arn), Name: aws.String(e.machine.name),
		Definition: aws.String(e.revision.text), RoleArn: aws.String(e.revision.roleARN),
		UpdateDate: aws.Time(e.revision.updated), RevisionId: present(e.revision.id),
		LoggingConfiguration: noLogging(), TracingConfiguration: &types.TracingConfiguration{}, EncryptionConfiguration: ownedKey(),
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Definition = nil
	}
	return out, nil
}

func noLogging() *types.LoggingConfiguration {
	return &types.LoggingConfiguration{Level: types.LogLevelOff}
}

func ownedKey() *types.EncryptionConfiguration {
	return &types.EncryptionConfiguration{Type: types.EncryptionTypeAwsOwnedKey}
}

// deleteStateMachine lets what runs run to its end; the state machine is gone when
// nothing does. Deleting one that is not there is no error.
func (s *Service) deleteStateMachine(_ *wire.Call, in *sfn.DeleteStateMachineInput) (*sfn.DeleteStateMachineOutput, error) {
	arn := aws.ToString(in.StateMachineArn)
	if !strings.Contains(arn, ":stateMachine:") {
		return nil, &types.InvalidArn{Message: aws.String(fmt.Sprintf("Invalid Arn: '%s'", arn))}
	}
	if m := s.machines[arn]; m != nil {
		m.deleting = true
		s.forget(m)
	}
	return &sfn.DeleteStateMachineOutput{}, nil
}

func (s *Service) forget(m *stateMachine) {
	if m.deleting && m.open == 0 {
		delete(s.machines, m.arn)
	}
}

func (s *Service) listStateMachines(_ *wire.Call, in *sfn.ListStateMachinesInput) (*sfn.ListStateMachinesOutput, error) {
	arns := slices.Sorted(maps.Keys(s.machines))
	from, to, next, err := page(len(arns), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sfn.ListStateMachinesOutput{NextToken: next, StateMachines: []types.StateMachineListItem{}}
	for _, arn := range arns[from:to] {
		m := s.machines[arn]
		out.StateMachines = append(out.StateMachines, types.StateMachineListItem{
			StateMachineArn: aws.String(m.arn), Name: aws.String(m.name), Type: types.StateMachineTypeStandard, CreationDate: aws.Time(m.created),
		})
	}
	return out, nil
}

func (s *Service) validateStateMachineDefinition(_ *wire.Call, in *sfn.ValidateStateMachineDefinitionInput) (*sfn.ValidateStateMachineDefinitionOutput, error) {
	if in.Type == types.StateMachineTypeExpress {
		return nil, &types.ValidationException{Message: aws.String("State machines of type EXPRESS are not emulated")}
	}
	_, diagnostics := states.Parse(aws.ToString(in.Definition))
	most := int(in.MaxResults)
	if most == 0 {
		most = 100
	}
	out := &sfn.ValidateStateMachineDefinitionOutput{
		Result: types.ValidateStateMachineDefinitionResultCodeOk, Truncated: aws.Bool(len(diagnostics) > most),
		Diagnostics: []types.ValidateStateMachineDefinitionDiagnostic{},
	}
	for _, d := range diagnostics[:min(most, len(diagnostics))] {
		out.Result = types.ValidateStateMachineDefinitionResultCodeFail
		out.Diagnostics = append(out.Diagnostics, types.ValidateStateMachineDefinitionDiagnostic{
			Severity: types.ValidateStateMachineDefinitionSeverityError,
			Code:     aws.String(d.Code), Message: aws.String(d.Message), Location: present(d.Location),
		})
	}
	return out, nil
}
