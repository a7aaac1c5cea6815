package conformance_test

import (
	"archive/zip"
	"bytes"

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
				motoValue("moto_server leaves it out; AWS: Lambda API Reference, Invoke: X-Amz-Executed-Version")),
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
		}},
	}
}
