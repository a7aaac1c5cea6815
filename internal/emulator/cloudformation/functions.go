package cloudformation

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// functionHandler creates functions and what belongs to them.
func functionHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::Lambda::Alias":
		return handler{create: createAlias, update: updateAlias, remove: removeAlias}, true
	case "AWS::Lambda::EventInvokeConfig":
		return puts(putEventInvokeConfig, removeEventInvokeConfig), true
	case "AWS::Lambda::Function":
		return puts(putFunction, removes("lambda", "DeleteFunction", "FunctionName")).named("FunctionName"), true
	case "AWS::Lambda::Permission":
		return handler{create: createPermission, remove: removePermission}, true
	case "AWS::Lambda::Url":
		return handler{create: createFunctionURL, update: updateFunctionURL, remove: removeFunctionURL}, true
	case "AWS::Lambda::Version":
		return handler{create: createVersion, remove: removeVersion}, true
	}
	return handler{}, false
}

// putFunction hands the function to the target. How it would be built is kept.
func putFunction(r *request) (*created, error) {
	f, err := r.function()
	if err != nil {
		return nil, err
	}
	if err := r.Function(f); err != nil {
		return nil, err
	}
	return &created{f.Name, map[string]string{"Arn": r.arn("lambda", "function:"+f.Name)}}, nil
}

// function is what the template says of a function.
func (r *request) function() (Function, error) {
	f := Function{
		LogicalID: r.id, Name: r.name("FunctionName", 64), Environment: map[string]string{},
		CodeURI: optional(r.properties.get("Code").get("CodeUri")), Handler: optional(r.properties.get("Handler")),
		Description: optional(r.properties.get("Description")), Role: optional(r.properties.get("Role")),
		DeadLetterARN: optional(r.properties.get("DeadLetterConfig").get("TargetArn")),
		Tracing:       optional(r.properties.get("TracingConfig").get("Mode")),
	}
	if architectures := texts(r.properties.get("Architectures")); len(architectures) > 0 {
		f.Architecture = architectures[0]
	}
	logging := r.properties.get("LoggingConfig")
	f.Logging = FunctionLogging{
		LogFormat: optional(logging.get("LogFormat")), LogGroup: optional(logging.get("LogGroup")),
		ApplicationLogLevel: optional(logging.get("ApplicationLogLevel")), SystemLogLevel: optional(logging.get("SystemLogLevel")),
	}
	if err := r.schemas[r.kind].check(r.properties); err != nil {
		return f, err
	}
	for _, p := range r.properties.fields {
		if slices.Contains([]string{"Layers", "VpcConfig", "FileSystemConfigs", "ImageConfig", "SnapStart"}, p.name) {
			return f, fail(p.line, "property %s is not supported", p.name)
		}
	}
	for _, v := range r.properties.get("Environment").get("Variables").entries() {
		if v.value.kind != scalarKind {
			return f, fail(v.line, "property Environment.Variables.%s is a single value, not %v", v.name, v.value)
		}
		f.Environment[v.name] = v.value.text
	}
	if err := r.functionNumbers(&f); err != nil {
		return f, err
	}
	code := r.properties.get("Code")
	if code.get("S3Bucket") == nil {
		return f, nil
	}
	var err error
	f.Zip, err = r.object(code, "S3Bucket", "S3Key", "S3ObjectVersion")
	return f, err
}

// object reads the object of S3 that a property names.
func (r *request) object(n *node, bucket, key, version string) ([]byte, error) {
	if v := n.get(version); v != nil {
		return nil, fail(v.line, "property %s is not supported: S3's objects have no versions here", version)
	}
	data, err := r.Object(optional(n.get(bucket)), optional(n.get(key)))
	if err != nil {
		return nil, fmt.Errorf("read s3://%v/%v: %w", n.get(bucket), n.get(key), err)
	}
	return data, nil
}

func (r *request) functionNumbers(f *Function) error {
	numbers := []struct {
		name string
		set  func(int)
	}{
		{"Timeout", func(n int) { f.Timeout = time.Duration(n) * time.Second }},
		{"MemorySize", func(n int) { f.MemoryMB = n }},
		{"ReservedConcurrentExecutions", func(n int) { f.ReservedConcurrency = &n }},
	}
	for _, number := range numbers {
		value := r.properties.get(number.name)
		if value == nil {
			continue
		}
		n, err := strconv.Atoi(value.text)
		if err != nil {
			return fail(value.line, "property %s is an integer, not %v", number.name, value)
		}
		number.set(n)
	}
	return nil
}

func optional(n *node) string {
	if n.isNull() {
		return ""
	}
	return n.text
}

func putEventInvokeConfig(r *request) (*created, error) {
	if _, err := r.call("lambda", "PutFunctionEventInvokeConfig", &lambda.PutFunctionEventInvokeConfigInput{}, r.properties, nil); err != nil {
		return nil, err
	}
	return &created{r.name("", 255), nil}, nil
}

func createFunctionURL(r *request) (*created, error) {
	out, err := r.call("lambda", "CreateFunctionUrlConfig", &lambda.CreateFunctionUrlConfigInput{}, urlProperties(r.properties), nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "FunctionArn")
	return &created{arn, map[string]string{"FunctionArn": arn, "FunctionUrl": pick(out, "FunctionUrl")}}, nil
}

// createPermission gives the statement a name of its own, as CloudFormation does.
func createPermission(r *request) (*created, error) {
	id := r.name("", 100)
	if _, err := r.call("lambda", "AddPermission", &lambda.AddPermissionInput{}, r.properties, map[string]any{"StatementId": id}); err != nil {
		return nil, err
	}
	return &created{id, map[string]string{"Id": id}}, nil
}

func removePermission(r *request) error {
	input := map[string]any{"FunctionName": r.was.properties.get("FunctionName").String(), "StatementId": r.was.ref}
	_, err := r.ask("lambda", "RemovePermission", input)
	return err
}

func updateFunctionURL(r *request) (*created, error) {
	_, err := r.call("lambda", "UpdateFunctionUrlConfig", &lambda.UpdateFunctionUrlConfigInput{}, urlProperties(r.properties), nil)
	return r.was.created, err
}

func removeFunctionURL(r *request) error {
	_, properties := taken(urlProperties(r.was.properties), "FunctionName", "Qualifier")
	_, err := r.call("lambda", "DeleteFunctionUrlConfig", &lambda.DeleteFunctionUrlConfigInput{}, properties, nil)
	return err
}

// urlProperties name the function as Lambda's operations do.
func urlProperties(properties *node) *node {
	return renamed(properties, map[string]string{"TargetFunctionArn": "FunctionName"})
}

func removeEventInvokeConfig(r *request) error {
	_, properties := taken(r.was.properties, "FunctionName", "Qualifier")
	_, err := r.call("lambda", "DeleteFunctionEventInvokeConfig", &lambda.DeleteFunctionEventInvokeConfigInput{}, properties, nil)
	return err
}

// createVersion publishes what the function is now. Where nothing has changed since
// the last version, Lambda gives that one, and the resource fails.
// AWS: CloudFormation template reference, AWS::Lambda::Version; the sentence is in
// github.com/aws/aws-cdk issue 5334.
func createVersion(r *request) (*created, error) {
	properties, _ := taken(r.properties, "ProvisionedConcurrencyConfig", "RuntimePolicy")
	out, err := r.call("lambda", "PublishVersion", &lambda.PublishVersionInput{}, properties, nil)
	if err != nil {
		return nil, err
	}
	arn, version := pick(out, "FunctionArn"), pick(out, "Version")
	for _, m := range r.stack.inOrder() {
		if m.kind == r.kind && m.created != nil && m.ref == arn {
			return nil, fmt.Errorf("A version for this Lambda function exists ( %s ). Modify the function to create a new version.", version) //nolint:staticcheck // AWS's sentence
		}
	}
	return &created{arn, map[string]string{"Version": version, "FunctionArn": arn}}, nil
}

func removeVersion(r *request) error {
	input := map[string]any{"FunctionName": r.was.properties.get("FunctionName").String(), "Qualifier": r.was.attributes["Version"]}
	_, err := r.ask("lambda", "DeleteFunction", input)
	return err
}

func createAlias(r *request) (*created, error) {
	properties, _ := taken(r.properties, "ProvisionedConcurrencyConfig")
	out, err := r.call("lambda", "CreateAlias", &lambda.CreateAliasInput{}, properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "AliasArn")
	return &created{arn, map[string]string{"AliasArn": arn}}, nil
}

func updateAlias(r *request) (*created, error) {
	properties, _ := taken(r.properties, "ProvisionedConcurrencyConfig", "Tags")
	_, err := r.call("lambda", "UpdateAlias", &lambda.UpdateAliasInput{}, properties, nil)
	return r.was.created, err
}

func removeAlias(r *request) error {
	_, properties := taken(r.was.properties, "FunctionName", "Name")
	_, err := r.call("lambda", "DeleteAlias", &lambda.DeleteAliasInput{}, properties, nil)
	return err
}
