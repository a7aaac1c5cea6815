package cloudformation

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// addFunctionURL writes a function's FunctionUrlConfig as its URL and, for one that
// anybody may call, the permissions that let them.
// AWS: SAM Developer Guide, Generated CloudFormation resources, FunctionUrlConfig;
// names as aws-sam-translator 1.110 makes them.
func (e *expansion) addFunctionURL(r resource) error {
	config := r.properties.get("FunctionUrlConfig")
	if config == nil {
		return nil
	}
	for _, f := range config.entries() {
		if !slices.Contains([]string{"AuthType", "Cors", "InvokeMode"}, f.name) {
			return fail(f.line, "property FunctionUrlConfig.%s is not supported", f.name)
		}
	}
	auth := config.get("AuthType")
	if auth == nil || !auth.isString() {
		return fail(config.line, "property FunctionUrlConfig.AuthType is NONE or AWS_IAM here, not %v", auth)
	}
	target := mapping(config.line, field{name: "TargetFunctionArn", value: ref(r)})
	e.out = append(e.out, plainFrom(r, r.id+"Url", "AWS::Lambda::Url", merge(target, config)))
	if auth.text != "NONE" {
		return nil
	}
	anybody := func(id, action string, condition field) {
		e.out = append(e.out, plainFrom(r, r.id+id, "AWS::Lambda::Permission", mapping(config.line,
			field{name: "Action", value: text(config.line, action)},
			field{name: "FunctionName", value: ref(r)},
			field{name: "Principal", value: text(config.line, "*")},
			condition)))
	}
	anybody("UrlPublicPermissions", "lambda:InvokeFunctionUrl", field{name: "FunctionUrlAuthType", value: text(config.line, "NONE")})
	anybody("URLInvokeAllowPublicAccess", "lambda:InvokeFunction", field{name: "InvokedViaFunctionUrl", value: text(config.line, "true")})
	return nil
}

func createFunctionURL(r *request) (*created, error) {
	properties := renamed(r.properties, map[string]string{"TargetFunctionArn": "FunctionName"})
	out, err := r.call("lambda", "CreateFunctionUrlConfig", &lambda.CreateFunctionUrlConfigInput{}, properties, nil)
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
