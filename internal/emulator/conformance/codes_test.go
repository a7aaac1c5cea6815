package conformance_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// validationCodes are a service's codes for input that its model does not allow,
// or that is not in the protocol's form.
func validationCodes(service string) []string {
	switch service {
	case "cloudformation", "cloudwatch", "iam", "sns", "sts":
		// AWS: the API References, Common Errors: ValidationError.
		return []string{"ValidationError", "SerializationException", "MalformedInput"}
	case "elbv2":
		// AWS: Elastic Load Balancing API Reference, Common Errors: ValidationError.
		return []string{"ValidationError", "MalformedInput"}
	case "codebuild":
		// AWS: CodeBuild API Reference: InvalidInputException.
		return []string{"InvalidInputException", "SerializationException"}
	case "ecr", "ecs", "logs":
		// AWS: the API References: InvalidParameterException.
		return []string{"InvalidParameterException", "SerializationException"}
	case "s3":
		// AWS: Amazon S3 API Reference, Error responses.
		return []string{"InvalidArgument", "InvalidLocationConstraint", "InvalidStorageClass", "MalformedXML", "InvalidRequest"}
	case "sqs":
		// AWS: SQS API Reference, Common Errors; SetQueueAttributes, Errors.
		return []string{"InvalidParameterValue", "MissingParameter", "InvalidAttributeName", "SerializationException"}
	}
	// AWS: the API References of Application Auto Scaling, CodePipeline, DynamoDB,
	// EventBridge, EventBridge Scheduler, Lambda, Secrets Manager, Step Functions and
	// Systems Manager, Common Errors: ValidationException.
	if service == "codedeploy" {
		return []string{
			"ValidationException", "SerializationException", "ApplicationNameRequiredException", "InvalidApplicationNameException",
			"DeploymentGroupNameRequiredException", "InvalidDeploymentGroupNameException", "RoleRequiredException", "InvalidComputePlatformException",
		}
	}
	return []string{"ValidationException", "SerializationException"}
}

// documentedCodes are codes that a service's operations answer with and its model
// does not have, each with the place where AWS has it.
func documentedCodes(service string) map[string]string {
	switch service {
	case "apigatewayv2":
		return map[string]string{
			"ConflictException": "API Gateway V2 API Reference, DeleteIntegration is silent; that one with a route is kept so is in users' reports",
		}
	case "lambda":
		return map[string]string{
			"RequestEntityTooLargeException": "Lambda API Reference, Invoke: RequestTooLargeException; the name it has on the wire is in github.com/ASFHyP3/hyp3 issue 2241",
		}
	case "s3":
		const list = "Amazon S3 API Reference, Error responses, List of error codes"
		return map[string]string{
			"AccessDenied": list, "BucketNotEmpty": list, "IllegalLocationConstraintException": list, "InvalidBucketName": list,
			"InvalidRange": list, "KeyTooLongError": list, "MetadataTooLarge": list, "NoSuchBucket": list, "PermanentRedirect": list, "PreconditionFailed": list,
			"NotModified": "Amazon S3 API Reference, GetObject: 304 Not Modified",
			"NotFound":    "Amazon S3 API Reference, HeadObject, HeadBucket: 404 Not Found",
		}
	case "sts":
		const common = "STS API Reference, Common Errors"
		return map[string]string{
			"AccessDenied": common, "ExpiredToken": common, "InvalidClientTokenId": common, "MissingAuthenticationToken": common,
		}
	case "events":
		const common = "EventBridge API Reference, Common Errors"
		return map[string]string{"AccessDeniedException": common, "MissingAuthenticationTokenException": common}
	}
	return map[string]string{}
}

// modelled tells whether a model has the code among the errors of some operation,
// or of the named one.
func (m *model) modelled(operation, code string) bool {
	for name, o := range m.Operations {
		if operation != "" && name != operation {
			continue
		}
		for _, e := range o.Errors {
			if e == code || m.Shapes[e].Error.Code == code {
				return true
			}
		}
	}
	return false
}

// notEmulated is how the emulator refuses the parts of an operation that it does not
// have. Where AWS has the code it means the same (Amazon S3 API Reference, Error
// responses).
const notEmulated = "NotImplemented"

// known tells whether AWS has the code for the operation, or for any of the
// service when it is "".
func (m *model) known(service, operation, code string) bool {
	_, documented := documentedCodes(service)[code]
	return documented || code == notEmulated || m.modelled(operation, code) || slices.Contains(validationCodes(service), code)
}

// checkCode wants of an operation's error that AWS has it for the operation.
func checkCode(t *testing.T, m *models, c *wire.Call, err error) {
	t.Helper()
	if err == nil {
		return
	}
	code, _, _ := wire.ErrorCode(err)
	// The SDK's types have the model's names, also where a service's older
	// protocol has another code.
	kind := reflect.Indirect(reflect.ValueOf(err)).Type().Name()
	service := m.of(t, c.Service)
	if !service.known(c.Service, c.Operation, code) && !service.modelled(c.Operation, kind) {
		t.Errorf("%s %s answers with %s (%v), which neither its model nor AWS's documentation has", c.Service, c.Operation, code, err)
	}
}

// TestHandlersKnowNoOtherCodes reads the services' sources for the errors that
// they make: wire.Errorf("Code", …) and &types.SomeException{Message: …}.
func TestHandlersKnowNoOtherCodes(t *testing.T) {
	t.Parallel()
	all := new(models)
	for service, folder := range folders() {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			found := 0
			for code, where := range codesIn(t, filepath.Join("..", folder)) {
				found++
				if !all.of(t, service).known(service, "", code) {
					t.Errorf("%s: %s is in no operation's model and not documented", where, code)
				}
			}
			if found == 0 {
				t.Errorf("no error code is made in %s", folder)
			}
		})
	}
}

// folders are the emulated services' sources.
func folders() map[string]string {
	return map[string]string{
		"apigatewayv2": "apigateway", "application-autoscaling": "autoscaling", "cloudwatch": "cloudwatch", "codebuild": "codebuild",
		"codedeploy": "codedeploy", "codepipeline": "codepipeline", "dynamodb": "dynamodb", "ecr": "ecr", "ecs": "ecs", "elbv2": "elbv2", "events": "eventbridge",
		"iam": "iam", "lambda": "lambda", "logs": "logs", "s3": "s3", "scheduler": "scheduler", "secretsmanager": "secretsmanager", "sns": "sns",
		"sqs": "sqs", "ssm": "ssm", "stepfunctions": "stepfunctions", "sts": "sts",
	}
}

// codesIn lists the codes that a folder's sources make, with one place each.
func codesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if code := madeCode(n); code != "" {
				codes[code] = files.Position(n.Pos()).String()
			}
			return true
		})
	}
	return codes
}

// madeCode is the code of the error that an expression makes, or "".
func madeCode(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if name, isSelector := n.Fun.(*ast.SelectorExpr); isSelector && name.Sel.Name == "Errorf" && isName(name.X, "wire") {
			if literal, isLiteral := n.Args[0].(*ast.BasicLit); isLiteral {
				code, err := strconv.Unquote(literal.Value)
				if err == nil {
					return code
				}
			}
		}
	case *ast.UnaryExpr:
		made, isMade := n.X.(*ast.CompositeLit)
		if !isMade || n.Op != token.AND {
			return ""
		}
		if name, isSelector := made.Type.(*ast.SelectorExpr); isSelector && isName(name.X, "types") && setsMessage(made) {
			return name.Sel.Name
		}
	}
	return ""
}

func isName(e ast.Expr, name string) bool {
	found, isIdentifier := e.(*ast.Ident)
	return isIdentifier && found.Name == name
}

func setsMessage(made *ast.CompositeLit) bool {
	return slices.ContainsFunc(made.Elts, func(e ast.Expr) bool {
		field, hasName := e.(*ast.KeyValueExpr)
		return hasName && isName(field.Key, "Message")
	})
}
