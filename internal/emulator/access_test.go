package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

const access = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Deployer:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deployer
      Path: /deploy/
      MaxSessionDuration: 7200
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: !Ref AWS::AccountId}}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]
      Policies:
        - PolicyName: own
          PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ecs:*", Resource: "*"}]}
      Tags: [{Key: team, Value: shop}]
  Reading:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: reading
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}
      Roles: [!Ref Deployer]
  Waking:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: waking
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "states:SendTask*", Resource: "*"}]}
      Roles: [!Ref Deployer]
  Work:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: work
      CodeUri: functions/work
      Handler: bootstrap
      RolePath: /functions/
      Policies:
        - Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: "sts:AssumeRole", Resource: !GetAtt Deployer.Arn}]
  First:
    Type: AWS::Events::EventBusPolicy
    Properties:
      StatementId: First
      Statement: {Effect: Allow, Principal: {AWS: "210987654321"}, Action: "events:PutEvents", Resource: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}
  Second:
    Type: AWS::Events::EventBusPolicy
    DependsOn: First
    Properties: {EventBusName: default, StatementId: Second, Action: "events:PutEvents", Principal: "333333333333"}
Outputs:
  Arn: {Value: !GetAtt Deployer.Arn}
  Id: {Value: !GetAtt Deployer.RoleId}
  Name: {Value: !Ref Deployer}
  Policy: {Value: !Ref Reading}
`

func TestTemplateMakesRolesAndPolicies(t *testing.T) {
	t.Parallel()
	c := newCloud(t, emulator.Options{})
	place := c.In(homeAccount, "eu-west-1") // IAM is the same in all Regions
	loaded, err := cloudformation.Load("access.yaml", []byte(access))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := place.Deploy(loaded, emulator.Deployment{StackName: "access", Code: func(f cloudformation.Function) (lambda.Code, error) {
		return lambda.InProcess(f.Name, whoami{place, f.Name}), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	client := iam.NewFromConfig(c.Config("ann"))
	role, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("deployer")})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Arn": "arn:aws:iam::123456789012:role/deploy/deployer", "Id": *role.Role.RoleId, "Name": "deployer",
		"Policy": "arn:aws:iam::123456789012:policy/reading",
	}
	if diff := cmp.Diff(want, stack.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if *role.Role.MaxSessionDuration != 7200 || len(role.Role.Tags) != 1 {
		t.Errorf("session of at most %d s, tags %v; want 7200 s and one tag", *role.Role.MaxSessionDuration, role.Role.Tags)
	}
	inline, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: aws.String("deployer")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"own", "waking"}, inline.PolicyNames); diff != "" {
		t.Errorf("inline policies (-want +got):\n%s", diff)
	}
	attached, err := client.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("deployer")})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range attached.AttachedPolicies {
		names = append(names, *p.PolicyName)
	}
	if diff := cmp.Diff([]string{"reading", "AdministratorAccess"}, names); diff != "" {
		t.Errorf("managed policies (-want +got):\n%s", diff)
	}
	_, arn := identity(t, place.Config(place.Lambda.AccessKey("work")))
	if want := "arn:aws:sts::123456789012:assumed-role/" + stack.PhysicalIDs["WorkRole"] + "/work"; arn != want {
		t.Errorf("the function is %s, want %s", arn, want)
	}
	if made := c.IAM.Role(stack.PhysicalIDs["WorkRole"]); made == nil || made.Path != "/functions/" {
		t.Errorf("role of the function = %+v, want one with the path of RolePath", made)
	}
	bus, err := eventbridge.NewFromConfig(place.Config("ann")).DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{})
	if err != nil {
		t.Fatal(err)
	}
	const policy = `{"Version":"2012-10-17","Statement":[` +
		`{"Action":"events:PutEvents","Effect":"Allow","Principal":{"AWS":"210987654321"},"Resource":"arn:aws:events:eu-west-1:123456789012:event-bus/default","Sid":"First"},` +
		`{"Action":"events:PutEvents","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Resource":"arn:aws:events:eu-west-1:123456789012:event-bus/default","Sid":"Second"}]}`
	if diff := cmp.Diff(policy, aws.ToString(bus.Policy)); diff != "" {
		t.Errorf("policy of the bus (-want +got):\n%s", diff)
	}
}
