package lambda

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// getFunction tells of a function or a version. The concurrency is the function's
// and stays away where a qualifier is given
// (github.com/hashicorp/terraform-provider-aws, data source aws_lambda_function).
func (s *Service) getFunction(_ *wire.Call, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	d := s.describe(t)
	out := &lambda.GetFunctionOutput{Configuration: &d, Tags: t.tags}
	if t.reserved != nil && t.qualifier == "" {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: t.reservedShown()}
	}
	return out, nil
}

func (s *Service) getFunctionConfiguration(_ *wire.Call, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	out := s.configuration(t)
	return &out, nil
}

// configuration is the description in the shape of an operation's output.
func (s *Service) configuration(t target) lambda.GetFunctionConfigurationOutput {
	d := s.describe(t)
	return lambda.GetFunctionConfigurationOutput{
		FunctionName: d.FunctionName, FunctionArn: d.FunctionArn, Role: d.Role, Description: d.Description,
		Runtime: d.Runtime, Handler: d.Handler, Timeout: d.Timeout, MemorySize: d.MemorySize,
		CodeSha256: d.CodeSha256, CodeSize: d.CodeSize, LoggingConfig: d.LoggingConfig,
		LastModified: d.LastModified, Version: d.Version, RevisionId: d.RevisionId, Environment: d.Environment,
		DeadLetterConfig: d.DeadLetterConfig, PackageType: d.PackageType, Architectures: d.Architectures,
		State: d.State, LastUpdateStatus: d.LastUpdateStatus, TracingConfig: d.TracingConfig,
	}
}

// listFunctions gives at most 50 functions a page, by name.
func (s *Service) listFunctions(_ *wire.Call, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	if err := refuse("ListFunctions", map[string]bool{"FunctionVersion": in.FunctionVersion != "", "MasterRegion": in.MasterRegion != nil}); err != nil {
		return nil, err
	}
	names := s.Functions()
	if in.Marker != nil {
		at, found := slices.BinarySearch(names, *in.Marker)
		if found {
			at++
		}
		names = names[at:]
	}
	names, next, err := page(names, func(name string) string { return name }, nil, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, name := range names {
		f := s.functions[name]
		out.Functions = append(out.Functions, s.describe(target{function: f, version: f.latest}))
	}
	return out, nil
}

// describe is the version as the API shows it: one that runs a program on the
// OS-only runtime. It has the ARN by which it was asked for.
func (s *Service) describe(t target) types.FunctionConfiguration {
	v := t.version
	d := types.FunctionConfiguration{
		FunctionName:     aws.String(t.name),
		FunctionArn:      aws.String(s.arn(t)),
		Role:             aws.String(v.config.Role),
		Description:      aws.String(v.config.Description),
		Runtime:          types.RuntimeProvidedal2023,
		Handler:          aws.String(v.config.Handler),
		Timeout:          new(int32(v.config.Timeout / time.Second)), //nolint:gosec // at most 900
		MemorySize:       new(int32(v.config.MemoryMB)),              //nolint:gosec // at most 10240
		CodeSha256:       aws.String(v.code.SHA256),
		CodeSize:         v.code.Size,
		LastModified:     new(v.modified.UTC().Format("2006-01-02T15:04:05.000-0700")),
		Version:          aws.String(v.number),
		RevisionId:       aws.String(v.revision),
		PackageType:      types.PackageTypeZip,
		Architectures:    []types.Architecture{v.config.Architecture},
		State:            types.StateActive,
		LastUpdateStatus: types.LastUpdateStatusSuccessful,
		TracingConfig:    &types.TracingConfigResponse{Mode: v.config.Tracing},
		LoggingConfig: &types.LoggingConfig{
			LogFormat: v.config.Logging.Format, LogGroup: aws.String(v.config.Logging.Group),
			ApplicationLogLevel: v.config.Logging.ApplicationLevel, SystemLogLevel: v.config.Logging.SystemLevel,
		},
	}
	if len(v.config.Environment) > 0 {
		d.Environment = &types.EnvironmentResponse{Variables: v.config.Environment}
	}
	if v.config.DeadLetterARN != "" {
		d.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String(v.config.DeadLetterARN)}
	}
	return d
}
