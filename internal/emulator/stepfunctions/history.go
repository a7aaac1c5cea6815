package stepfunctions

import (
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) getExecutionHistory(_ *wire.Call, in *sfn.GetExecutionHistoryInput) (*sfn.GetExecutionHistoryOutput, error) {
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	events := slices.Clone(e.History())
	if in.ReverseOrder {
		slices.Reverse(events)
	}
	from, to, next, err := page(len(events), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	events = events[from:to]
	if in.IncludeExecutionData != nil && !*in.IncludeExecutionData {
		for i := range events {
			events[i] = withoutData(events[i])
		}
	}
	return &sfn.GetExecutionHistoryOutput{Events: events, NextToken: next}, nil
}

// withoutData gives the event without what executions carry: inputs, outputs,
// parameters and variables.
func withoutData(e types.HistoryEvent) types.HistoryEvent {
	event := reflect.ValueOf(&e).Elem()
	for i := range event.NumField() {
		field := event.Field(i)
		if field.Kind() != reflect.Pointer || field.IsNil() || field.Type().Elem().Kind() != reflect.Struct || !field.CanSet() {
			continue
		}
		details := reflect.New(field.Type().Elem()).Elem()
		details.Set(field.Elem())
		for _, name := range []string{"Input", "InputDetails", "Output", "OutputDetails", "Parameters", "AssignedVariables", "AssignedVariablesDetails"} {
			if data := details.FieldByName(name); data.IsValid() {
				data.SetZero()
			}
		}
		field.Set(details.Addr())
	}
	return e
}
