package wire_test

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	dynamo   = "DynamoDB_20120810."
	register = "AmazonEC2ContainerServiceV20141113."
	sfnName  = "AWSStepFunctions."
)

func TestJSONInputIsValidated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		signing, target, body string
		code, message         string
	}{
		"ErrMissing": {
			"dynamodb", dynamo + "PutItem", `{"Item":{}}`,
			"com.amazon.coral.validate#ValidationException",
			"1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
		},
		"ErrSeveral": {
			"dynamodb", dynamo + "PutItem", `{"TableName":"","ReturnValues":"ALL"}`,
			"com.amazon.coral.validate#ValidationException",
			"3 validation errors detected: Value null at 'item' failed to satisfy constraint: Member must not be null; " +
				"Value 'ALL' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]; " +
				"Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		"ErrEmptyAttributeValue": {
			"dynamodb", dynamo + "PutItem", `{"TableName":"t","Item":{"k":{}}}`,
			"com.amazonaws.dynamodb.v20120810#ValidationException",
			"Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
		},
		"ErrTwoAttributeValues": {
			"dynamodb", dynamo + "PutItem", `{"TableName":"t","Item":{"k":{"L":[{"S":"","N":"1"}]}}}`,
			"com.amazonaws.dynamodb.v20120810#ValidationException",
			"Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
		},
		"ErrInMap": {
			"dynamodb", dynamo + "BatchGetItem", `{"RequestItems":{"t":{"Keys":[]}}}`,
			"com.amazon.coral.validate#ValidationException",
			"1 validation error detected: Value '[]' at 'requestItems.t.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		"ErrWrongType": {
			"dynamodb", dynamo + "PutItem", `{"TableName":1}`,
			"com.amazon.coral.service#SerializationException", "",
		},
		"ErrNoJSON": {"dynamodb", dynamo + "PutItem", `{`, "com.amazon.coral.service#SerializationException", ""},
		"ErrTail":   {"dynamodb", dynamo + "PutItem", `{}{}`, "com.amazon.coral.service#SerializationException", ""},
		"ErrEnum": {
			"ecs", register + "CreateService", `{"serviceName":"s","launchType":"LUNAR"}`,
			"InvalidParameterException",
			"1 validation error detected: Value 'LUNAR' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]",
		},
		"ErrInList": {
			"ecs", register + "CreateService", `{"serviceName":"s","serviceRegistries":[{}],"tags":[{"key":"k"},{"key":""}]}`,
			"InvalidParameterException",
			"1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		"ErrInteger": {
			"ecs", register + "CreateService", `{"serviceName":"s","desiredCount":1.5}`, "SerializationException",
			"NUMBER_VALUE cannot be converted to Integer",
		},
		"ErrTooShort": {
			"states", sfnName + "StartExecution", `{"stateMachineArn":"arn","name":""}`, "ValidationException",
			"1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		"ErrService'sOwnWords": {
			"ecr", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", `{"repositoryName":"Shop"}`,
			"InvalidParameterException",
			"Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '" +
				`[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*` + "''",
		},
		"ErrMissingParameter": {
			"sqs", "AmazonSQS.SendMessage", `{"MessageBody":"m"}`, "com.amazonaws.sqs#MissingParameter",
			"The request must contain the parameter QueueUrl.",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := send(t, jsonRequest(tc.signing, tc.target, tc.body))
			var got struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(resp.Body, &got); err != nil {
				t.Fatalf("body %s: %v", resp.Body, err)
			}
			if resp.Status != 400 || got.Type != tc.code || tc.message != "" && got.Message != tc.message {
				t.Errorf("answer = %d %s %s\nwant 400 %s %s", resp.Status, got.Type, got.Message, tc.code, tc.message)
			}
		})
	}
}

func TestQueryInputIsValidated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ form, code, message string }{
		"OK":             {"Name=web&Port=80&HealthCheckIntervalSeconds=5", "", ""},
		"ErrMissing":     {"Port=80", "ValidationError", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		"ErrRange":       {"Name=web&Port=0", "ValidationError", "1 validation error detected: Value '0' at 'port' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		"ErrNotANumber":  {"Name=web&Port=eighty", "MalformedInput", `"eighty" at Port is not a valid integer`},
		"ErrNotScalar":   {"Name.1=web", "MalformedInput", "Unexpected complex element at Name"},
		"ErrNestedEnum":  {"Name=web&Protocol=SMTP", "ValidationError", ""},
		"ErrBadEncoding": {"Name=%zz", "", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := send(t, formRequest("elasticloadbalancing", "Action=CreateTargetGroup&Version=2015-12-01&"+tc.form))
			if name == "OK" {
				wantAnswer(t, resp, 200, "<CreateTargetGroupResult><TargetGroups></TargetGroups></CreateTargetGroupResult>", "<RequestId>id</RequestId>")
				return
			}
			var got struct {
				Code    string `xml:"Error>Code"`
				Message string `xml:"Error>Message"`
			}
			if err := xml.Unmarshal(resp.Body, &got); err != nil {
				t.Fatalf("body %s: %v", resp.Body, err)
			}
			if resp.Status < 400 || resp.Status > 499 {
				t.Errorf("status = %d, want 4xx", resp.Status)
			}
			if tc.code != "" && got.Code != tc.code || tc.message != "" && got.Message != tc.message {
				t.Errorf("error = %s %s, want %s %s", got.Code, got.Message, tc.code, tc.message)
			}
		})
	}
}

// TestConstraintsOnElementsAreToldTogether has the words of
// github.com/hashicorp/terraform-provider-aws issue 41023.
func TestConstraintsOnElementsAreToldTogether(t *testing.T) {
	t.Parallel()
	body := `{"Name":"n","Tags":[{"Key":""}],"AddReplicaRegions":[]}`
	resp := send(t, jsonRequest("secretsmanager", "secretsmanager.CreateSecret", body))
	wantAnswer(t, resp, 400, "ValidationException",
		"Value '[]' at 'addReplicaRegions' failed to satisfy constraint: Member must have length greater than or equal to 1",
		"Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1")

	alarms := "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=ok&AlarmNames.member.2="
	resp = send(t, formRequest("monitoring", alarms))
	wantAnswer(t, resp, 400, "<Code>ValidationError</Code>",
		"1 validation error detected: Value &#39;[ok, ]&#39; at &#39;alarmNames&#39; failed to satisfy constraint: Member must satisfy constraint: "+
			"[Member must have length less than or equal to 255, Member must have length greater than or equal to 1]")
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", 65537)
	resp := send(t, jsonRequest("secretsmanager", "secretsmanager.CreateSecret", `{"Name":"n","SecretString":"`+secret+`"}`))
	wantAnswer(t, resp, 400,
		"Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536")
}

func TestErrorCode(t *testing.T) {
	t.Parallel()
	code, message, status := wire.ErrorCode(wire.Errorf("ThrottlingException", "Rate %s", "exceeded"))
	if diff := cmp.Diff([]any{"ThrottlingException", "Rate exceeded", 400}, []any{code, message, status}); diff != "" {
		t.Errorf("ErrorCode (-want +got):\n%s", diff)
	}
}
