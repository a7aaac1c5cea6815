package conformance_test

import (
	"archive/zip"
	"bytes"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// deploymentPackage is a zip file with a program in it.
func deploymentPackage() []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	program, err := w.Create("bootstrap")
	if err == nil {
		_, err = program.Write([]byte("#!/bin/sh\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // writing to memory does not fail
	}
	return b.Bytes()
}

func lambdaStories() []story {
	function := func(name string) *lambda.CreateFunctionInput {
		return &lambda.CreateFunctionInput{
			FunctionName: &name, Role: new("arn:aws:iam::123456789012:role/function"), Runtime: types.RuntimeProvidedal2023,
			Handler: new("bootstrap"), Timeout: new(int32(7)), Code: &types.FunctionCode{ZipFile: deploymentPackage()},
		}
	}
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:echo"
	return []story{
		{name: "lambda/Functions", steps: []step{
			ok(function("echo"), want("FunctionArn", arn), want("Timeout", 7)),
			fails("ResourceConflictException", function("echo")),
			ok(&lambda.GetFunctionInput{FunctionName: new("echo")}, want("Configuration.FunctionArn", arn), want("Configuration.MemorySize", 128)),
			fails("ResourceNotFoundException", &lambda.GetFunctionInput{FunctionName: new("none")}),
			ok(&lambda.GetFunctionConfigurationInput{FunctionName: new("echo")}, want("Timeout", 7), want("Runtime", "provided.al2023"), want("Version", "$LATEST")),
			fails("ResourceNotFoundException", &lambda.GetFunctionConfigurationInput{FunctionName: new("none")}),
			ok(&lambda.ListFunctionsInput{}, want("Functions.#", 1), want("Functions.0.FunctionName", "echo")),
			fails("ValidationException", &lambda.ListFunctionsInput{MaxItems: new(int32(10001))},
				moto("moto_server does not check; AWS: model, MaxListItems has the maximum 10000")),
			ok(&lambda.DeleteFunctionInput{FunctionName: new("echo")}),
			fails("ResourceNotFoundException", &lambda.DeleteFunctionInput{FunctionName: new("echo")}),
		}},
		{name: "lambda/Invocation", steps: []step{
			ok(function("echo")), ok(function("broken")),
			ok(&lambda.InvokeInput{FunctionName: new("echo"), Payload: []byte(`{"a":1}`)},
				want("StatusCode", 200), want("Payload", `{"a":1}`), want("FunctionError", nil), want("ExecutedVersion", "$LATEST"),
				motoValue(noExecuted)),
			ok(&lambda.InvokeInput{FunctionName: new(arn), InvocationType: types.InvocationTypeDryRun}, want("StatusCode", 204)),
			ok(&lambda.InvokeInput{FunctionName: new("echo"), InvocationType: types.InvocationTypeEvent}, want("StatusCode", 202)),
			ok(&lambda.InvokeInput{FunctionName: new("broken"), Payload: []byte(`{}`)}, want("StatusCode", 200), want("FunctionError", "Unhandled"),
				motoValue("moto_server runs no function here; AWS: Lambda API Reference, Invoke: X-Amz-Function-Error"),
				want("Payload", `{"errorMessage":"it broke","errorType":"errorString"}`),
				motoValue("moto_server runs no function here; AWS: Lambda Developer Guide, function errors in Go")),
			fails("InvalidRequestContentException", &lambda.InvokeInput{FunctionName: new("echo"), Payload: []byte("no JSON")},
				moto("moto_server takes any payload; AWS: model, Invoke has InvalidRequestContentException")),
			fails("ResourceNotFoundException", &lambda.InvokeInput{FunctionName: new("none")},
				moto("moto_server answers without a function; AWS: model, Invoke has ResourceNotFoundException")),
		}},
		{name: "lambda/EventInvokeConfig", steps: []step{
			ok(function("echo")),
			fails("ResourceNotFoundException", &lambda.GetFunctionEventInvokeConfigInput{FunctionName: new("echo")}),
			ok(&lambda.PutFunctionEventInvokeConfigInput{FunctionName: new("echo"), MaximumRetryAttempts: new(int32(1)), MaximumEventAgeInSeconds: new(int32(60))},
				want("MaximumRetryAttempts", 1)),
			ok(&lambda.GetFunctionEventInvokeConfigInput{FunctionName: new("echo")}, want("MaximumRetryAttempts", 1), want("MaximumEventAgeInSeconds", 60)),
			fails("ResourceNotFoundException", &lambda.PutFunctionEventInvokeConfigInput{FunctionName: new("none"), MaximumRetryAttempts: new(int32(1))}),
			fails("ValidationException", &lambda.PutFunctionEventInvokeConfigInput{FunctionName: new("echo"), MaximumRetryAttempts: new(int32(3))}),
			ok(&lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: new("echo")}),
			fails("ResourceNotFoundException", &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: new("echo")}),
		}},
		{name: "lambda/Versions", steps: versionSteps(function("echo"))},
		{name: "lambda/Aliases", steps: aliasSteps(function("echo"))},
		{name: "lambda/Updates", steps: updateSteps(function("echo"))},
		{name: "lambda/FunctionURLs", steps: functionURLSteps(function("echo"))},
		{name: "lambda/Policies", steps: policySteps(function("echo"))},
	}
}

const (
	echoARN  = "arn:aws:lambda:us-east-1:123456789012:function:echo"
	notFound = "ResourceNotFoundException"

	noExecuted = "moto_server leaves it out; AWS: Lambda API Reference, Invoke: X-Amz-Executed-Version"
)

func versionSteps(function *lambda.CreateFunctionInput) []step {
	publish := &lambda.PublishVersionInput{FunctionName: new("echo")}
	level := func(level string) *lambda.UpdateFunctionConfigurationInput {
		return &lambda.UpdateFunctionConfigurationInput{FunctionName: new("echo"), Environment: &types.Environment{Variables: map[string]string{"LEVEL": level}}}
	}
	return []step{
		ok(function, save("sha", "CodeSha256")),
		fails(notFound, &lambda.PublishVersionInput{FunctionName: new("none")}),
		fails("InvalidParameterValueException", &lambda.PublishVersionInput{FunctionName: new("echo"), CodeSha256: new("other")},
			moto("moto_server does not look at it; AWS: Lambda API Reference, PublishVersion, CodeSha256")),
		ok(&lambda.PublishVersionInput{FunctionName: new("echo"), Description: new("first")},
			want("Version", "1"), want("FunctionArn", echoARN+":1"), want("CodeSha256", "${sha}"),
			want("Description", "first"), motoValue("moto_server keeps the function's; AWS: Lambda API Reference, PublishVersion, Description")),
		ok(publish, want("Version", "1")),
		ok(level("debug"), want("Version", "$LATEST")),
		ok(publish, want("Version", "2"), want("Environment.Variables.LEVEL", "debug")),
		ok(&lambda.GetFunctionConfigurationInput{FunctionName: new("echo"), Qualifier: new("1")}, want("Version", "1"), want("FunctionArn", echoARN+":1"), want("Environment", nil)),
		ok(&lambda.GetFunctionInput{FunctionName: new(echoARN + ":2")}, want("Configuration.Version", "2")),
		ok(&lambda.ListVersionsByFunctionInput{FunctionName: new("echo")}, want("Versions.#", 3),
			want("Versions.0.Version", "$LATEST"), want("Versions.0.FunctionArn", echoARN+":$LATEST"), want("Versions.2.Version", "2")),
		fails(notFound, &lambda.ListVersionsByFunctionInput{FunctionName: new("none")},
			moto("moto_server gives an empty list; AWS: model, ListVersionsByFunction has ResourceNotFoundException")),
		ok(&lambda.InvokeInput{FunctionName: new("echo"), Qualifier: new("1")}, want("ExecutedVersion", "1"), motoValue(noExecuted)),
		fails(notFound, &lambda.InvokeInput{FunctionName: new("echo"), Qualifier: new("7")},
			moto("moto_server does not look at the qualifier; AWS: model, Invoke has ResourceNotFoundException")),
		ok(&lambda.DeleteFunctionInput{FunctionName: new("echo"), Qualifier: new("1")}),
		fails(notFound, &lambda.GetFunctionInput{FunctionName: new("echo"), Qualifier: new("1")}),
		ok(level("info")),
		ok(publish, want("Version", "3"), motoValue("moto_server counts the versions that are left; AWS: Lambda Developer Guide, Lambda function versions: numbers are never used again")),
	}
}

func aliasSteps(function *lambda.CreateFunctionInput) []step {
	create := &lambda.CreateAliasInput{FunctionName: new("echo"), Name: new("live"), FunctionVersion: new("1"), Description: new("in use")}
	return []step{
		ok(function), ok(&lambda.PublishVersionInput{FunctionName: new("echo")}),
		fails(notFound, &lambda.GetAliasInput{FunctionName: new("echo"), Name: new("live")}),
		ok(create, want("AliasArn", echoARN+":live"), want("FunctionVersion", "1"), want("Description", "in use"), save("revision", "RevisionId")),
		fails("ResourceConflictException", create,
			moto("moto_server answers with ConflictException; AWS: model, CreateAlias has ResourceConflictException")),
		fails(notFound, &lambda.CreateAliasInput{FunctionName: new("echo"), Name: new("next"), FunctionVersion: new("7")}),
		ok(&lambda.GetAliasInput{FunctionName: new("echo"), Name: new("live")}, want("Name", "live"), want("FunctionVersion", "1"), want("RevisionId", "${revision}")),
		ok(&lambda.InvokeInput{FunctionName: new(echoARN + ":live")}, want("ExecutedVersion", "1"), motoValue(noExecuted)),
		ok(&lambda.ListAliasesInput{FunctionName: new("echo"), FunctionVersion: new("1")}, want("Aliases.#", 1), want("Aliases.0.Name", "live")),
		fails(notFound, &lambda.ListAliasesInput{FunctionName: new("none")}),
		ok(&lambda.UpdateAliasInput{FunctionName: new("echo"), Name: new("live"), FunctionVersion: new("$LATEST")},
			want("FunctionVersion", "$LATEST"), want("Description", "in use")),
		fails("PreconditionFailedException", &lambda.UpdateAliasInput{FunctionName: new("echo"), Name: new("live"), RevisionId: new("${revision}")},
			moto("moto_server does not look at it; AWS: model, UpdateAlias has PreconditionFailedException")),
		fails(notFound, &lambda.UpdateAliasInput{FunctionName: new("echo"), Name: new("next"), FunctionVersion: new("1")}),
		fails(notFound, &lambda.UpdateAliasInput{FunctionName: new("echo"), Name: new("live"), FunctionVersion: new("7")}),
		ok(&lambda.UpdateAliasInput{FunctionName: new("echo"), Name: new("live"), FunctionVersion: new("1")}),
		fails("ResourceConflictException", &lambda.DeleteFunctionInput{FunctionName: new("echo"), Qualifier: new("1")},
			moto("moto_server deletes it; AWS: Lambda API Reference, DeleteFunction: a version that an alias references cannot be deleted")),
		ok(&lambda.DeleteAliasInput{FunctionName: new("echo"), Name: new("live")}),
		ok(&lambda.ListAliasesInput{FunctionName: new("echo")}, want("Aliases.#", 0)),
		fails("ValidationException", &lambda.DeleteAliasInput{FunctionName: new("echo"), Name: new(strings.Repeat("x", 129))},
			moto("moto_server does not check; AWS: model, Alias has the maximum 128")),
	}
}

func updateSteps(function *lambda.CreateFunctionInput) []step {
	code := &lambda.UpdateFunctionCodeInput{FunctionName: new("echo"), ZipFile: append(deploymentPackage(), 0)}
	return []step{
		ok(function, save("sha", "CodeSha256")),
		ok(code, like("CodeSha256", `[A-Za-z0-9+/]{43}=`), want("Version", "$LATEST")),
		ok(&lambda.UpdateFunctionCodeInput{FunctionName: new("echo"), ZipFile: deploymentPackage(), Publish: true}, want("Version", "1"), want("CodeSha256", "${sha}")),
		fails(notFound, &lambda.UpdateFunctionCodeInput{FunctionName: new("none"), ZipFile: deploymentPackage()}),
		ok(&lambda.UpdateFunctionConfigurationInput{FunctionName: new("echo"), Timeout: new(int32(9)), Description: new("slow")},
			want("Timeout", 9), want("Description", "slow"), want("MemorySize", 128)),
		fails(notFound, &lambda.UpdateFunctionConfigurationInput{FunctionName: new("none"), Timeout: new(int32(9))}),
		ok(&lambda.PutFunctionConcurrencyInput{FunctionName: new("echo"), ReservedConcurrentExecutions: new(int32(5))}, want("ReservedConcurrentExecutions", 5)),
		ok(&lambda.GetFunctionConcurrencyInput{FunctionName: new("echo")}, want("ReservedConcurrentExecutions", 5)),
		ok(&lambda.GetFunctionInput{FunctionName: new("echo")}, want("Concurrency.ReservedConcurrentExecutions", 5)),
		ok(&lambda.DeleteFunctionConcurrencyInput{FunctionName: new("echo")}),
		ok(&lambda.GetFunctionConcurrencyInput{FunctionName: new("echo")}, want("ReservedConcurrentExecutions", nil)),
		fails(notFound, &lambda.PutFunctionConcurrencyInput{FunctionName: new("none"), ReservedConcurrentExecutions: new(int32(5))}),
		fails(notFound, &lambda.GetFunctionConcurrencyInput{FunctionName: new("none")}),
		fails(notFound, &lambda.DeleteFunctionConcurrencyInput{FunctionName: new("none")}),
	}
}

func functionURLSteps(function *lambda.CreateFunctionInput) []step {
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:echo"
	create := &lambda.CreateFunctionUrlConfigInput{FunctionName: new("echo"), AuthType: types.FunctionUrlAuthTypeNone}
	const missing = "ResourceNotFoundException"
	const another = "moto_server has made another in between; AWS: model, CreateFunctionUrlConfig has ResourceConflictException"
	const noList = "moto_server does not know the operation; AWS: Lambda API Reference, ListFunctionUrlConfigs"
	return []step{
		ok(function),
		fails(missing, &lambda.GetFunctionUrlConfigInput{FunctionName: new("echo")}),
		ok(create, want("AuthType", "NONE"), want("FunctionArn", arn),
			like("FunctionUrl", `https://[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws/`),
			motoValue("moto_server leaves the last slash out; AWS: Lambda API Reference, FunctionUrlConfig, and the endpoints that CloudFormation gives"),
			save("url", "FunctionUrl")),
		fails("ResourceConflictException", create,
			moto("moto_server makes another; AWS: model, CreateFunctionUrlConfig has ResourceConflictException")),
		fails(missing, &lambda.CreateFunctionUrlConfigInput{FunctionName: new("none"), AuthType: types.FunctionUrlAuthTypeNone}),
		ok(&lambda.GetFunctionUrlConfigInput{FunctionName: new(arn)}, want("AuthType", "NONE"), want("FunctionUrl", "${url}"), motoValue(another)),
		ok(&lambda.UpdateFunctionUrlConfigInput{FunctionName: new("echo"), AuthType: types.FunctionUrlAuthTypeAwsIam},
			want("AuthType", "AWS_IAM"), want("FunctionUrl", "${url}"), motoValue(another)),
		fails(missing, &lambda.UpdateFunctionUrlConfigInput{FunctionName: new("none"), AuthType: types.FunctionUrlAuthTypeAwsIam}),
		ok(&lambda.ListFunctionUrlConfigsInput{FunctionName: new("echo")}, want("FunctionUrlConfigs.#", 1), want("FunctionUrlConfigs.0.FunctionUrl", "${url}"), moto(noList)),
		fails(missing, &lambda.ListFunctionUrlConfigsInput{FunctionName: new("none")}, moto(noList)),
		ok(&lambda.DeleteFunctionUrlConfigInput{FunctionName: new("echo")}),
		ok(&lambda.ListFunctionUrlConfigsInput{FunctionName: new("echo")}, want("FunctionUrlConfigs.#", 0), moto(noList)),
		fails(missing, &lambda.DeleteFunctionUrlConfigInput{FunctionName: new("none")}),
	}
}

func policySteps(function *lambda.CreateFunctionInput) []step {
	add := &lambda.AddPermissionInput{
		FunctionName: new("echo"), StatementId: new("rule"), Action: new("lambda:InvokeFunction"),
		Principal: new("events.amazonaws.com"), SourceArn: new("arn:aws:events:us-east-1:123456789012:rule/orders"),
	}
	const missing = "ResourceNotFoundException"
	const statement = `{"Sid":"rule","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",` +
		`"Resource":"arn:aws:lambda:us-east-1:123456789012:function:echo",` +
		`"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:123456789012:rule/orders"}}}`
	const spelling = "moto_server writes the members in another order, with spaces; AWS: Lambda Developer Guide, Viewing resource-based IAM policies"
	return []step{
		ok(function),
		fails(missing, &lambda.GetPolicyInput{FunctionName: new("echo")}),
		ok(add, want("Statement", statement), motoValue(spelling)),
		fails("ResourceConflictException", add,
			moto("moto_server adds another; AWS: model, AddPermission has ResourceConflictException")),
		fails(missing, &lambda.AddPermissionInput{
			FunctionName: new("none"), StatementId: new("rule"), Action: new("lambda:InvokeFunction"), Principal: new("events.amazonaws.com"),
		}),
		ok(&lambda.GetPolicyInput{FunctionName: new("echo")}, want("Policy", `{"Version":"2012-10-17","Id":"default","Statement":[`+statement+`]}`), motoValue(spelling)),
		ok(&lambda.RemovePermissionInput{FunctionName: new("echo"), StatementId: new("rule")}),
		fails(missing, &lambda.RemovePermissionInput{FunctionName: new("echo"), StatementId: new("rule")},
			moto("moto_server has its other one left; AWS: model, RemovePermission has ResourceNotFoundException")),
	}
}
