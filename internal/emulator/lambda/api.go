package lambda

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) invoke(c *wire.Call, in *lambda.InvokeInput, reply func(*lambda.InvokeOutput, error)) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err == nil {
		err = notEmulated(in)
	}
	if err != nil {
		reply(nil, err)
		return
	}
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		reply(&lambda.InvokeOutput{StatusCode: 204}, nil)
	case types.InvocationTypeEvent:
		err := s.enqueue(f, in.Payload)
		reply(&lambda.InvokeOutput{StatusCode: 202}, err)
	case types.InvocationTypeRequestResponse, "":
		s.invokeAndWait(c, f, in, reply)
	default:
		reply(nil, wire.Errorf("InvalidParameterValueException", "Unknown invocation type %s", in.InvocationType))
	}
}

func (s *Service) invokeAndWait(c *wire.Call, f *function, in *lambda.InvokeInput, reply func(*lambda.InvokeOutput, error)) {
	payload, err := checkPayload(in.Payload, maxRequest, types.InvocationTypeRequestResponse)
	if err != nil {
		reply(nil, err)
		return
	}
	client, err := clientContext(aws.ToString(in.ClientContext))
	if err != nil {
		reply(nil, err)
		return
	}
	s.start(f, request{requestID: c.RequestID, payload: payload, client: client, done: func(r Result) {
		if r.Err != nil {
			reply(nil, r.Err)
			return
		}
		out := &lambda.InvokeOutput{StatusCode: int32(r.StatusCode), Payload: r.Payload, ExecutedVersion: new(latest)} //nolint:gosec // an HTTP status
		if r.FunctionError != "" {
			out.FunctionError = &r.FunctionError
		}
		reply(out, nil)
	}})
}

// notEmulated refuses the parts of an invocation that are not there.
func notEmulated(in *lambda.InvokeInput) error {
	switch {
	case in.LogType == types.LogTypeTail:
		return wire.Errorf("InvalidParameterValueException", "Invoke with LogType Tail is not emulated: functions log to the process they run in")
	case in.DurableExecutionName != nil:
		return wire.Errorf("InvalidParameterValueException", "Invoke with DurableExecutionName is not emulated")
	case in.TenantId != nil:
		return wire.Errorf("InvalidParameterValueException", "Invoke with TenantId is not emulated")
	}
	return nil
}

func clientContext(encoded string) (lambdacontext.ClientContext, error) {
	var client lambdacontext.ClientContext
	if encoded == "" {
		return client, nil
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = json.Unmarshal(data, &client)
	}
	if err != nil {
		return client, &types.InvalidRequestContentException{
			Message: new("Client context must be a valid Base64-encoded JSON object."), Type: new("User"),
		}
	}
	return client, nil
}

func (s *Service) createFunction(_ *wire.Call, in *lambda.CreateFunctionInput) (*lambda.CreateFunctionOutput, error) {
	name := *in.FunctionName
	if s.functions[name] != nil {
		return nil, &types.ResourceConflictException{Message: new("Function already exist: " + name), Type: new("User")}
	}
	h, ok := s.handlers[name]
	if !ok {
		return nil, wire.Errorf("InvalidParameterValueException",
			"CreateFunction of %s is not emulated: the local cloud runs the project's own handlers in process and has none of that name; it cannot run a deployment package", name)
	}
	config := FunctionConfig{Role: aws.ToString(in.Role), Description: aws.ToString(in.Description)}
	if in.Timeout != nil {
		config.Timeout = time.Duration(*in.Timeout) * time.Second
	}
	if in.MemorySize != nil {
		config.MemoryMB = int(*in.MemorySize)
	}
	if in.Environment != nil {
		config.Environment = in.Environment.Variables
	}
	if in.DeadLetterConfig != nil {
		config.DeadLetterARN = aws.ToString(in.DeadLetterConfig.TargetArn)
	}
	config, err := s.complete(name, config)
	if err != nil {
		return nil, err
	}
	out := lambda.CreateFunctionOutput(s.configuration(s.put(name, config, h)))
	return &out, nil
}

func (s *Service) deleteFunction(_ *wire.Call, in *lambda.DeleteFunctionInput) (*lambda.DeleteFunctionOutput, error) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	if in.Qualifier != nil {
		return nil, &types.InvalidParameterValueException{
			Message: new("$LATEST version cannot be deleted without deleting the function."), Type: new("User"),
		}
	}
	s.removeURL(f)
	delete(s.functions, f.name)
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, nil
}

func (s *Service) getFunction(_ *wire.Call, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	d := s.describe(f)
	out := &lambda.GetFunctionOutput{Configuration: &d}
	if n := f.config.ReservedConcurrency; n != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: new(int32(*n))} //nolint:gosec // at most the account's limit
	}
	return out, nil
}

func (s *Service) getFunctionConfiguration(_ *wire.Call, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	out := s.configuration(f)
	return &out, nil
}

// configuration is the description in the shape of an operation's output.
func (s *Service) configuration(f *function) lambda.GetFunctionConfigurationOutput {
	d := s.describe(f)
	return lambda.GetFunctionConfigurationOutput{
		FunctionName: d.FunctionName, FunctionArn: d.FunctionArn, Role: d.Role, Description: d.Description,
		Runtime: d.Runtime, Handler: d.Handler, Timeout: d.Timeout, MemorySize: d.MemorySize,
		LastModified: d.LastModified, Version: d.Version, RevisionId: d.RevisionId, Environment: d.Environment,
		DeadLetterConfig: d.DeadLetterConfig, PackageType: d.PackageType, Architectures: d.Architectures,
		State: d.State, LastUpdateStatus: d.LastUpdateStatus, TracingConfig: d.TracingConfig,
	}
}

// listFunctions gives at most 50 functions a page, by name.
func (s *Service) listFunctions(_ *wire.Call, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	const maxPage = 50
	page := maxPage
	if in.MaxItems != nil {
		page = min(page, int(*in.MaxItems))
	}
	names := s.Functions()
	if in.Marker != nil {
		at, found := slices.BinarySearch(names, *in.Marker)
		if found {
			at++
		}
		names = names[at:]
	}
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}}
	for i, name := range names {
		if i == page {
			out.NextMarker = new(names[i-1])
			break
		}
		out.Functions = append(out.Functions, s.describe(s.functions[name]))
	}
	return out, nil
}

// describe is the function as the API shows it: one that runs a Go program on
// the OS-only runtime.
func (s *Service) describe(f *function) types.FunctionConfiguration {
	d := types.FunctionConfiguration{
		FunctionName:     &f.name,
		FunctionArn:      new(s.ARN(f.name)),
		Role:             &f.config.Role,
		Description:      &f.config.Description,
		Runtime:          types.RuntimeProvidedal2023,
		Handler:          new("bootstrap"),
		Timeout:          new(int32(f.config.Timeout / time.Second)), //nolint:gosec // at most 900
		MemorySize:       new(int32(f.config.MemoryMB)),              //nolint:gosec // at most 10240
		LastModified:     new(f.modified.UTC().Format("2006-01-02T15:04:05.000-0700")),
		Version:          new(latest),
		RevisionId:       &f.revision,
		PackageType:      types.PackageTypeZip,
		Architectures:    []types.Architecture{types.ArchitectureArm64},
		State:            types.StateActive,
		LastUpdateStatus: types.LastUpdateStatusSuccessful,
		TracingConfig:    &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
	}
	if len(f.config.Environment) > 0 {
		d.Environment = &types.EnvironmentResponse{Variables: f.config.Environment}
	}
	if f.config.DeadLetterARN != "" {
		d.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &f.config.DeadLetterARN}
	}
	return d
}
