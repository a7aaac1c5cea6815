package cloudformation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
)

// settings are those of a stack named "demo".
func settings(parameters map[string]string) cloudformation.Settings {
	return cloudformation.Settings{
		StackName: "demo", Account: "123456789012", Region: "us-east-1", Parameters: parameters,
		Files: fstest.MapFS{"flow.asl.json": {Data: []byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)}},
	}
}

// nowhere is a target for templates of which all resources are log groups or kept.
func nowhere(t *testing.T) cloudformation.Target {
	t.Helper()
	ids := 0
	return cloudformation.Target{
		Account: "123456789012", Region: "us-east-1",
		Invoke: func(service, operation string, _ map[string]any) (json.RawMessage, error) {
			if service == "logs" {
				return json.RawMessage("{}"), nil
			}
			return nil, fmt.Errorf("%s %s was called, want no call", service, operation)
		},
		Function: func(f cloudformation.Function) error { return fmt.Errorf("function %s was created, want none", f.Name) },
		ID:       func(n int) string { ids++; return fmt.Sprintf("%0*d", n, ids) },
		Wait: func(d time.Duration) {
			if d > 0 {
				t.Error("waited for a kept resource")
			}
		},
		Now: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) },
		Do:  func(change func()) { change() },
	}
}

// deploy loads, resolves and deploys a template and gives the error of whichever
// step failed.
func deploy(t *testing.T, template string, parameters map[string]string) (*cloudformation.Stack, error) {
	t.Helper()
	loaded, err := cloudformation.Load("t.yaml", []byte(template))
	if err != nil {
		return nil, err
	}
	plan, err := loaded.Resolve(settings(parameters))
	if err != nil {
		return nil, err
	}
	return plan.Deploy(nowhere(t))
}

const around = `
Parameters:
  Stage: {Type: String, Default: prod}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Size: {Type: Number, Default: 3}
Mappings:
  Sizes:
    prod: {web: 10}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsBig: !Equals [!Ref Size, "30"]
  Both: !And [!Condition IsProd, !Not [!Condition IsBig]]
  Either: !Or [!Condition IsBig, !Equals [a, b]]
Resources:
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: runner}}
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Outputs:
  Got:
    Value: `

func TestIntrinsics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ value, want string }{
		"RefParameter":       {`!Ref Stage`, "prod"},
		"RefNumber":          {`!Ref Size`, "3"},
		"RefLong":            {`{Ref: Stage}`, "prod"},
		"RefResource":        {`!Ref Logs`, "runner"},
		"RefPseudo":          {`!Ref AWS::Region`, "us-east-1"},
		"GetAtt":             {`!GetAtt Logs.Arn`, "arn:aws:logs:us-east-1:123456789012:log-group:runner:*"},
		"GetAttLong":         {`{"Fn::GetAtt": [Logs, Arn]}`, "arn:aws:logs:us-east-1:123456789012:log-group:runner:*"},
		"GetAttProperty":     {`!GetAtt Net.CidrBlock`, "10.0.0.0/16"},
		"Sub":                {`!Sub "arn:${AWS::Partition}:x:${AWS::AccountId}:${Stage}/${Logs}/${Logs.Arn}/${!Kept}"`, "arn:aws:x:123456789012:prod/runner/arn:aws:logs:us-east-1:123456789012:log-group:runner:*/${Kept}"},
		"SubWithValues":      {`!Sub ["${A}-${Stage}", {A: !Ref Size}]`, "3-prod"},
		"SubOverLines":       {"!Sub |\n      one ${Stage}\n      two", "one prod\ntwo"},
		"Join":               {`!Join ["-", [a, !Ref Stage, 5]]`, "a-prod-5"},
		"JoinList":           {`!Join ["+", !Ref Names]`, "a+b"},
		"SelectSplit":        {`!Select [1, !Split [",", "a,b,c"]]`, "b"},
		"SelectList":         {`!Select [0, !Ref Names]`, "a"},
		"SelectZone":         {`!Select [1, !GetAZs ""]`, "us-east-1b"},
		"FindInMap":          {`!FindInMap [Sizes, !Ref Stage, web]`, "10"},
		"IfTrue":             {`!If [IsProd, yes, no]`, "yes"},
		"IfFalse":            {`!If [IsBig, yes, no]`, "no"},
		"IfAnd":              {`!If [Both, yes, no]`, "yes"},
		"IfOr":               {`!If [Either, yes, no]`, "no"},
		"IfNested":           {`!If [IsBig, a, !If [IsProd, !Sub "${Stage}!", c]]`, "prod!"},
		"OnOneLine":          {`{Fn::Join: ["", [!Ref AWS::Region, {Fn::Sub: "-${AWS::AccountId}"}]]}`, "us-east-1-123456789012"},
		"Base64":             {"\n      Fn::Base64: !Ref Stage", "cHJvZA=="},
		"TextIsKeptAsItIs":   {`"0012"`, "0012"},
		"StackName":          {`!Ref AWS::StackName`, "demo"},
		"SubUntakenIsNotRef": {`!If [IsProd, ok, !Ref NotThere]`, "ok"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack, err := deploy(t, around+test.value, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(stack.Outputs["Got"], "\n"); got != test.want {
				t.Errorf("value = %q, want %q", got, test.want)
			}
		})
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ template, want string }{
		"UnknownType": {
			"Resources:\n  A:\n    Type: AWS::Logs::LogGroup\n  B:\n    Type: AWS::Kinesis::Stream\n",
			"template t.yaml: line 4: resource B (AWS::Kinesis::Stream): type AWS::Kinesis::Stream is not supported",
		},
		"UnknownProperty": {
			"Resources:\n  Rule:\n    Type: AWS::Events::Rule\n    Properties:\n      State: ENABLED\n      Colour: red\n",
			"template t.yaml: line 2: resource Rule (AWS::Events::Rule): line 6: property Colour is not supported",
		},
		"WrongKind": {
			"Resources:\n  Cluster:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: web\n          PortMappings:\n            - ContainerPort: http\n",
			"template t.yaml: line 2: resource Cluster (AWS::ECS::TaskDefinition): line 8: property ContainerDefinitions[0].PortMappings[0].ContainerPort is an integer, not http",
		},
		"UnresolvedRef": {
			"Resources:\n  A:\n    Type: AWS::Logs::LogGroup\n    Properties:\n      Path: !Ref Nothing\n",
			"template t.yaml: resource A: line 5: Template format error: Unresolved resource dependencies [Nothing]",
		},
		"RefToWhatIsNotThere": {
			"Conditions: {Never: !Equals [a, b]}\nResources:\n  A: {Type: AWS::Logs::LogGroup, Condition: Never}\n  B:\n    Type: AWS::Logs::LogGroup\n    DependsOn: A\n",
			"template t.yaml: resource B: DependsOn: line 6: Template format error: Unresolved resource dependencies [A]",
		},
		"Circle": {
			"Resources:\n  A: {Type: AWS::Logs::LogGroup, Properties: {Path: !Ref B}}\n  B: {Type: AWS::Logs::LogGroup, Properties: {Path: !GetAtt A.Arn}}\n",
			"template t.yaml: line 2: Circular dependency between resources: [A, B]",
		},
		"MissingParameter": {
			"Parameters:\n  A: {Type: String}\nResources:\n  R: {Type: AWS::Logs::LogGroup}\n",
			"template t.yaml: line 2: Parameters: [A] must have values",
		},
		"NotAllowedParameter": {
			"Parameters:\n  A: {Type: String, Default: c, AllowedValues: [a, b]}\nResources:\n  R: {Type: AWS::Logs::LogGroup}\n",
			"template t.yaml: line 2: Parameter 'A' must be one of AllowedValues",
		},
		"UnknownAttribute": {
			"Resources:\n  R: {Type: AWS::Logs::LogGroup}\nOutputs:\n  O:\n    Value: !GetAtt R.Colour\n",
			"template t.yaml: output O: line 5: Fn::GetAtt: resource R has no attribute Colour here",
		},
		"UnknownTag": {
			"Resources:\n  R:\n    Type: !Reff X\n",
			"template t.yaml: line 3: tag !Reff is not an intrinsic function of CloudFormation",
		},
		"UnknownSection": {
			"Things:\n  R: 1\n", "template t.yaml: line 1: section Things is not supported",
		},
		"Alias": {
			"Resources:\n  R: &a {Type: AWS::Logs::LogGroup}\n  S: *a\n",
			"template t.yaml: line 2: YAML aliases are not allowed in CloudFormation templates",
		},
		"ColonsOnOneLine": {
			"Resources:\n  R:\n    Type: AWS::Logs::LogGroup\n    Properties: {Tags: [a::b, c]}\n",
			"template t.yaml: line 4: a::b needs quotes in a list or mapping written on one line",
		},
		"ImportValue": {
			"Resources:\n  R:\n    Type: AWS::Logs::LogGroup\n    Properties:\n      Path: !ImportValue other\n",
			"template t.yaml: line 2: resource R (AWS::Logs::LogGroup): line 5: Fn::ImportValue is not supported",
		},
		"ServerlessWithoutTransform": {
			"Resources:\n  F:\n    Type: AWS::Serverless::Function\n",
			"template t.yaml: line 2: resource F: type AWS::Serverless::Function needs Transform: AWS::Serverless-2016-10-31",
		},
		"ServerlessProperty": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Layers: [a]\n",
			"template t.yaml: resource F: line 6: property Layers of AWS::Serverless::Function is not supported",
		},
		"PolicyTemplate": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n        - DynamoDBCrudPolicy: {TableName: t}\n",
			"template t.yaml: resource F: line 7: Policies: SAM policy template DynamoDBCrudPolicy is not supported; write its statements",
		},
		"EventType": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        Queue: {Type: SQS}\n",
			"template t.yaml: resource F: line 7: event Queue: type SQS is not supported, only EventBridgeRule and Schedule",
		},
		"FunctionURLProperty": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionUrlConfig: {AuthType: NONE, Path: /}\n",
			"template t.yaml: resource F: line 6: property FunctionUrlConfig.Path is not supported",
		},
		"FunctionURLWithoutAuthType": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionUrlConfig: {InvokeMode: BUFFERED}\n",
			"template t.yaml: resource F: line 6: property FunctionUrlConfig.AuthType is NONE or AWS_IAM here, not nothing",
		},
		"DefinitionMissing": {
			"Transform: AWS::Serverless-2016-10-31\nResources:\n  M:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      DefinitionUri: other.json\n",
			"template t.yaml: resource M: line 6: DefinitionUri: open other.json: file does not exist",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := deploy(t, test.template, nil)
			if err == nil || err.Error() != test.want {
				t.Errorf("error = %v\nwant    %s", err, test.want)
			}
		})
	}
}

func TestUnknownParameterIsRefused(t *testing.T) {
	t.Parallel()
	_, err := deploy(t, around+"x", map[string]string{"Stag": "prod"})
	if want := "template t.yaml: line 1: Parameters: [Stag] do not exist in the template"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestConditionsAndNoValue(t *testing.T) {
	t.Parallel()
	stack, err := deploy(t, `
Parameters:
  Stage: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Always:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: a
      Path: !If [IsProd, /prod/, !Ref AWS::NoValue]
      Tags: [!If [IsProd, x, !Ref AWS::NoValue], y]
  Sometimes: {Type: AWS::Logs::LogGroup, Condition: IsProd}
Outputs:
  Sometimes: {Condition: IsProd, Value: !Ref Sometimes}
`, map[string]string{"Stage": "test"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"LogGroupName": "a", "Tags": []any{"y"}}
	if len(stack.Resources) != 1 || len(stack.Outputs) != 0 {
		t.Fatalf("%d resources and %d outputs, want 1 and 0", len(stack.Resources), len(stack.Outputs))
	}
	if diff := cmp.Diff(want, stack.Resources[0].Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestResourcesComeAfterWhatTheyNeed(t *testing.T) {
	t.Parallel()
	template, err := cloudformation.Load("t.yaml", []byte(`
Resources:
  A: {Type: AWS::Logs::LogGroup, DependsOn: [D]}
  B: {Type: AWS::Logs::LogGroup, Properties: {Path: !Sub "${C}/${A.Arn}"}}
  C: {Type: AWS::Logs::LogGroup}
  D: {Type: AWS::Logs::LogGroup}
`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := template.Resolve(settings(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"C", "D", "A", "B"}, ids(plan)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func ids(plan *cloudformation.Plan) []string {
	var out []string
	for _, r := range plan.Resources() {
		out = append(out, r.LogicalID)
	}
	return out
}

func TestServerlessResourcesStandForPlainOnes(t *testing.T) {
	t.Parallel()
	template, err := cloudformation.Load("t.yaml", []byte(`
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 30, Runtime: provided.al2023}
Resources:
  Alarm:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/alarm
      Handler: bootstrap
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Red:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [aws.cloudwatch]}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: flow.asl.json}
`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := template.Resolve(settings(nil))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range plan.Resources() {
		got[r.LogicalID] = r.Type
	}
	want := map[string]string{
		"Alarm": "AWS::Lambda::Function", "AlarmRole": "AWS::IAM::Role", "AlarmRed": "AWS::Events::Rule",
		"AlarmRedPermission": "AWS::Lambda::Permission", "AlarmEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
		"AlarmUrl": "AWS::Lambda::Url", "AlarmUrlPublicPermissions": "AWS::Lambda::Permission", "AlarmURLInvokeAllowPublicAccess": "AWS::Lambda::Permission",
		"Flow": "AWS::StepFunctions::StateMachine", "FlowRole": "AWS::IAM::Role",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}
