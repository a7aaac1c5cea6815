package cloudformation

import (
	"slices"
)

// addFunctionURL writes a function's FunctionUrlConfig as its URL and, for one that
// anybody may call, the permissions that let them.
// AWS: SAM Developer Guide, Generated CloudFormation resources, FunctionUrlConfig;
// names as aws-sam-translator 1.110 makes them.
func (e *expansion) addFunctionURL(r resource, function published) error {
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
	target := mapping(config.line, field{name: "TargetFunctionArn", value: function.name})
	e.out = append(e.out, plainFrom(r, r.id+"Url", "AWS::Lambda::Url", merge(target, config)))
	if auth.text != "NONE" {
		return nil
	}
	anybody := func(id, action string, condition field) {
		e.out = append(e.out, plainFrom(r, r.id+id, "AWS::Lambda::Permission", mapping(config.line,
			field{name: "Action", value: text(config.line, action)},
			field{name: "FunctionName", value: function.name},
			field{name: "Principal", value: text(config.line, "*")},
			condition)))
	}
	anybody("UrlPublicPermissions", "lambda:InvokeFunctionUrl", field{name: "FunctionUrlAuthType", value: text(config.line, "NONE")})
	anybody("URLInvokeAllowPublicAccess", "lambda:InvokeFunction", field{name: "InvokedViaFunctionUrl", value: text(config.line, "true")})
	return nil
}
