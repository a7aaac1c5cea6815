package lambda

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// createFunction makes a function of a package that comes with the request.
// AWS: Lambda API Reference, CreateFunction.
func (s *Service) createFunction(_ *wire.Call, in *lambda.CreateFunctionInput) (*lambda.CreateFunctionOutput, error) {
	err := refuse("CreateFunction", map[string]bool{
		"CapacityProviderConfig": in.CapacityProviderConfig != nil, "CodeSigningConfigArn": in.CodeSigningConfigArn != nil,
		"DurableConfig": in.DurableConfig != nil, "FileSystemConfigs": len(in.FileSystemConfigs) > 0, "ImageConfig": in.ImageConfig != nil,
		"KMSKeyArn": in.KMSKeyArn != nil, "Layers": len(in.Layers) > 0, "PackageType Image": in.PackageType == types.PackageTypeImage,
		"PublishTo": in.PublishTo != "", "SnapStart": in.SnapStart != nil, "TenancyConfig": in.TenancyConfig != nil, "VpcConfig": in.VpcConfig != nil,
		"EphemeralStorage": in.EphemeralStorage != nil,
	})
	name := *in.FunctionName
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(name, ":"): // the words are ours
		return nil, invalidParameter("FunctionName %s is not a name; a function is created by its name", name)
	case s.functions[name] != nil:
		return nil, conflict("Function already exist: " + name)
	}
	config, err := change(FunctionConfig{}, changes{
		description: in.Description, handler: in.Handler, role: in.Role, timeout: in.Timeout, memory: in.MemorySize, environment: in.Environment,
		deadLetter: in.DeadLetterConfig, tracing: in.TracingConfig, logging: in.LoggingConfig, runtime: in.Runtime, architectures: in.Architectures,
	})
	if err == nil {
		config, err = complete(name, config)
	}
	if err != nil {
		return nil, err
	}
	code, err := s.code(name, source{
		zip: in.Code.ZipFile, bucket: in.Code.S3Bucket, image: in.Code.ImageUri, key: in.Code.SourceKMSKeyArn,
	})
	if err != nil {
		return nil, err
	}
	f := s.put(name, config, code)
	f.tags = maps.Clone(in.Tags)
	out := lambda.CreateFunctionOutput(s.updated(f, in.Publish))
	return &out, nil
}

// refuse names the first of the members that were given and are not emulated.
func refuse(operation string, given map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] {
			return invalidParameter("%s with %s is not emulated", operation, name)
		}
	}
	return nil
}

// source is where a request says that code comes from.
type source struct {
	zip                []byte
	bucket, image, key *string
}

// code is the code of the package that came with a request.
func (s *Service) code(function string, from source) (Code, error) {
	err := refuse("code", map[string]bool{
		"S3Bucket": from.bucket != nil, "ImageUri": from.image != nil, "SourceKMSKeyArn": from.key != nil,
	})
	switch {
	case err != nil:
		return Code{}, err
	case len(from.zip) == 0: // the words are ours
		return Code{}, invalidParameter("Please provide the function's code as ZipFile.")
	}
	if s.deps.Package != nil {
		code, err := s.deps.Package(from.zip)
		if err != nil {
			return Code{}, &types.InvalidParameterValueException{Message: aws.String(err.Error()), Type: new("User")}
		}
		return code, nil
	}
	code, ok := s.provided[function]
	if !ok {
		return Code{}, invalidParameter(
			"the code of %s is not emulated: this cloud runs the project's own handlers in process and has none of that name; it cannot run a deployment package", function)
	}
	code.SHA256, code.Size = Hash(from.zip), int64(len(from.zip))
	return code, nil
}

// updated shows a function after a change, or the version that is published of it.
func (s *Service) updated(f *function, publish bool) lambda.GetFunctionConfigurationOutput {
	if publish {
		return s.newVersion(f, nil)
	}
	return s.configuration(target{function: f, version: f.latest})
}

// findLatest finds a function whose $LATEST is to be changed.
func (s *Service) findLatest(name string, revision *string) (*function, error) {
	f, err := s.findFunction(name)
	if err == nil {
		err = target{function: f, version: f.latest}.checkRevision(revision)
	}
	return f, err
}

// updateFunctionCode gives $LATEST other code.
// AWS: Lambda API Reference, UpdateFunctionCode.
func (s *Service) updateFunctionCode(_ *wire.Call, in *lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
	f, err := s.findLatest(*in.FunctionName, in.RevisionId)
	if err == nil {
		err = refuse("UpdateFunctionCode", map[string]bool{"DryRun": in.DryRun, "PublishTo": in.PublishTo != ""})
	}
	if err != nil {
		return nil, err
	}
	code, err := s.code(f.name, source{zip: in.ZipFile, bucket: in.S3Bucket, image: in.ImageUri, key: in.SourceKMSKeyArn})
	if err != nil {
		return nil, err
	}
	config := f.latest.config
	if len(in.Architectures) > 0 {
		config.Architecture = in.Architectures[0]
	}
	out := lambda.UpdateFunctionCodeOutput(s.updated(s.put(f.name, config, code), in.Publish))
	return &out, nil
}

// updateFunctionConfiguration gives $LATEST another configuration.
// AWS: Lambda API Reference, UpdateFunctionConfiguration.
func (s *Service) updateFunctionConfiguration(_ *wire.Call, in *lambda.UpdateFunctionConfigurationInput) (*lambda.UpdateFunctionConfigurationOutput, error) {
	f, err := s.findLatest(*in.FunctionName, in.RevisionId)
	if err == nil {
		err = refuse("UpdateFunctionConfiguration", map[string]bool{
			"CapacityProviderConfig": in.CapacityProviderConfig != nil, "DurableConfig": in.DurableConfig != nil, "FileSystemConfigs": len(in.FileSystemConfigs) > 0,
			"ImageConfig": in.ImageConfig != nil, "KMSKeyArn": in.KMSKeyArn != nil, "Layers": len(in.Layers) > 0, "SnapStart": in.SnapStart != nil,
			"VpcConfig": in.VpcConfig != nil, "EphemeralStorage": in.EphemeralStorage != nil,
		})
	}
	if err != nil {
		return nil, err
	}
	config, err := change(f.latest.config, changes{
		description: in.Description, handler: in.Handler, role: in.Role, timeout: in.Timeout, memory: in.MemorySize, environment: in.Environment,
		deadLetter: in.DeadLetterConfig, tracing: in.TracingConfig, logging: in.LoggingConfig, runtime: in.Runtime,
	})
	if err == nil {
		config, err = complete(f.name, config)
	}
	if err != nil {
		return nil, err
	}
	out := lambda.UpdateFunctionConfigurationOutput(s.updated(s.put(f.name, config, f.latest.code), false))
	return &out, nil
}

// changes are the members of a request that say how a function is run; what is not
// given stays.
type changes struct {
	description, handler, role *string
	timeout, memory            *int32
	environment                *types.Environment
	deadLetter                 *types.DeadLetterConfig
	tracing                    *types.TracingConfig
	logging                    *types.LoggingConfig
	runtime                    types.Runtime
	architectures              []types.Architecture
}

func change(c FunctionConfig, by changes) (FunctionConfig, error) {
	if by.runtime != "" && by.runtime != types.RuntimeProvidedal2023 {
		return c, invalidParameter("Runtime %s is not emulated, only provided.al2023", by.runtime)
	}
	set(&c.Description, by.description)
	set(&c.Handler, by.handler)
	set(&c.Role, by.role)
	if by.timeout != nil {
		c.Timeout = time.Duration(*by.timeout) * time.Second
	}
	if by.memory != nil {
		c.MemoryMB = int(*by.memory)
	}
	if by.environment != nil {
		c.Environment = by.environment.Variables
	}
	if by.deadLetter != nil {
		c.DeadLetterARN = aws.ToString(by.deadLetter.TargetArn)
	}
	if by.tracing != nil {
		c.Tracing = by.tracing.Mode
	}
	if len(by.architectures) > 0 {
		c.Architecture = by.architectures[0]
	}
	if l := by.logging; l != nil {
		c.Logging = Logging{
			Format: cmp.Or(l.LogFormat, c.Logging.Format), Group: cmp.Or(aws.ToString(l.LogGroup), c.Logging.Group),
			ApplicationLevel: l.ApplicationLogLevel, SystemLevel: l.SystemLogLevel,
		}
	}
	return c, nil
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}
