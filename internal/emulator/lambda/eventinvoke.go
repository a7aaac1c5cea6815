package lambda

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// putFunctionEventInvokeConfig sets how asynchronous invocations are retried. It
// replaces what was set: an option that is not given has its default again.
// AWS: Lambda API Reference, PutFunctionEventInvokeConfig.
func (s *Service) putFunctionEventInvokeConfig(_ *wire.Call, in *lambda.PutFunctionEventInvokeConfigInput) (*lambda.PutFunctionEventInvokeConfigOutput, error) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	if d := in.DestinationConfig; d != nil && (d.OnFailure != nil || d.OnSuccess != nil) {
		return nil, wire.Errorf("InvalidParameterValueException",
			"PutFunctionEventInvokeConfig with DestinationConfig is not emulated; give the function a dead-letter queue")
	}
	config := f.config
	config.MaximumRetryAttempts, config.MaximumEventAge = nil, 0
	if n := in.MaximumRetryAttempts; n != nil {
		config.MaximumRetryAttempts = new(int(*n))
	}
	if n := in.MaximumEventAgeInSeconds; n != nil {
		config.MaximumEventAge = time.Duration(*n) * time.Second
	}
	if f.config, err = s.complete(f.name, config); err != nil {
		return nil, err
	}
	f.eventInvoke = &eventInvoke{at: s.loop.Now(), attempts: in.MaximumRetryAttempts, age: in.MaximumEventAgeInSeconds}
	out := lambda.PutFunctionEventInvokeConfigOutput(s.eventInvokeConfig(f))
	return &out, nil
}

func (s *Service) getFunctionEventInvokeConfig(_ *wire.Call, in *lambda.GetFunctionEventInvokeConfigInput) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	if f.eventInvoke == nil {
		return nil, &types.ResourceNotFoundException{
			Message: new("The function " + s.ARN(f.name) + ":" + latest + " doesn't have an EventInvokeConfig"), Type: new("User"),
		}
	}
	out := s.eventInvokeConfig(f)
	return &out, nil
}

// eventInvoke is what was set for asynchronous invocations, as it was set.
type eventInvoke struct {
	at       time.Time
	attempts *int32
	age      *int32
}

func (s *Service) eventInvokeConfig(f *function) lambda.GetFunctionEventInvokeConfigOutput {
	return lambda.GetFunctionEventInvokeConfigOutput{
		FunctionArn: new(s.ARN(f.name) + ":" + latest), LastModified: &f.eventInvoke.at,
		MaximumRetryAttempts: f.eventInvoke.attempts, MaximumEventAgeInSeconds: f.eventInvoke.age,
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{}, OnSuccess: &types.OnSuccess{}},
	}
}
