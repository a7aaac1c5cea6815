package lambda

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// eventInvoke is what was set for asynchronous invocations of a function, a version
// or an alias, as it was set. Nil is nothing.
type eventInvoke struct {
	at       time.Time
	attempts *int32
	age      *int32
}

// maximumAttempts is how often an event whose function failed is tried again.
// AWS: Lambda Developer Guide, How Lambda handles errors and retries with asynchronous
// invocation; so maximumAge.
func (e *eventInvoke) maximumAttempts() int {
	if e == nil || e.attempts == nil {
		return 2
	}
	return int(*e.attempts)
}

// maximumAge is how old an event may get.
func (e *eventInvoke) maximumAge() time.Duration {
	if e == nil || e.age == nil {
		return 6 * time.Hour
	}
	return time.Duration(*e.age) * time.Second
}

// putFunctionEventInvokeConfig sets how asynchronous invocations are retried. It
// replaces what was set: an option that is not given has its default again.
// AWS: Lambda API Reference, PutFunctionEventInvokeConfig.
func (s *Service) putFunctionEventInvokeConfig(_ *wire.Call, in *lambda.PutFunctionEventInvokeConfigInput) (*lambda.PutFunctionEventInvokeConfigOutput, error) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	if d := in.DestinationConfig; d != nil && (d.OnFailure != nil || d.OnSuccess != nil) {
		return nil, invalidParameter("PutFunctionEventInvokeConfig with DestinationConfig is not emulated; give the function a dead-letter queue")
	}
	t.own().eventInvoke = &eventInvoke{at: s.loop.Now(), attempts: in.MaximumRetryAttempts, age: in.MaximumEventAgeInSeconds}
	out := lambda.PutFunctionEventInvokeConfigOutput(s.eventInvokeConfig(t))
	return &out, nil
}

// findEventInvoke finds what has such settings.
func (s *Service) findEventInvoke(name string, qualifier *string) (target, error) {
	t, err := s.find(name, aws.ToString(qualifier))
	if err == nil && t.own().eventInvoke == nil {
		err = missing("The function " + s.eventInvokeARN(t) + " doesn't have an EventInvokeConfig")
	}
	return t, err
}

func (s *Service) getFunctionEventInvokeConfig(_ *wire.Call, in *lambda.GetFunctionEventInvokeConfigInput) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	t, err := s.findEventInvoke(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := s.eventInvokeConfig(t)
	return &out, nil
}

func (s *Service) deleteFunctionEventInvokeConfig(_ *wire.Call, in *lambda.DeleteFunctionEventInvokeConfigInput) (*lambda.DeleteFunctionEventInvokeConfigOutput, error) {
	t, err := s.findEventInvoke(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	t.own().eventInvoke = nil
	return &lambda.DeleteFunctionEventInvokeConfigOutput{}, nil
}

// eventInvokeARN names $LATEST even where nobody did.
func (s *Service) eventInvokeARN(t target) string {
	if t.qualifier == "" {
		t.qualifier = latest
	}
	return s.arn(t)
}

func (s *Service) eventInvokeConfig(t target) lambda.GetFunctionEventInvokeConfigOutput {
	set := t.own().eventInvoke
	return lambda.GetFunctionEventInvokeConfigOutput{
		FunctionArn: aws.String(s.eventInvokeARN(t)), LastModified: &set.at,
		MaximumRetryAttempts: set.attempts, MaximumEventAgeInSeconds: set.age,
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{}, OnSuccess: &types.OnSuccess{}},
	}
}
