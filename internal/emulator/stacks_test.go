package emulator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// stacks is a cloud as a client of CloudFormation sees it.
type stacks struct {
	*emulator.Cloud
	t   *testing.T
	api *cloudformation.Client
}

func newStacks(t *testing.T, o emulator.Options) *stacks {
	t.Helper()
	c := emulator.New(loop.NewVirtual(start), o)
	t.Cleanup(c.Close)
	return &stacks{Cloud: c, t: t, api: cloudformation.NewFromConfig(c.Config("AKIDEXAMPLE"))}
}

// parameters are given as names and values in turn.
func parameters(pairs ...string) []types.Parameter {
	var out []types.Parameter
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Parameter{ParameterKey: &pairs[i], ParameterValue: &pairs[i+1]})
	}
	return out
}

func (s *stacks) create(template string, pairs ...string) {
	s.t.Helper()
	_, err := s.api.CreateStack(s.t.Context(), &cloudformation.CreateStackInput{
		StackName: new("shop"), TemplateBody: &template, Parameters: parameters(pairs...), Capabilities: allCapabilities(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.RunFor(time.Hour / 2)
}

func (s *stacks) update(template string, pairs ...string) {
	s.t.Helper()
	_, err := s.api.UpdateStack(s.t.Context(), &cloudformation.UpdateStackInput{
		StackName: new("shop"), TemplateBody: &template, Parameters: parameters(pairs...), Capabilities: allCapabilities(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.RunFor(time.Hour / 2)
}

func allCapabilities() []types.Capability {
	return []types.Capability{types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}
}

func (s *stacks) wantStatus(want types.StackStatus) {
	s.t.Helper()
	out, err := s.api.DescribeStacks(s.t.Context(), &cloudformation.DescribeStacksInput{StackName: new("shop")})
	if err != nil {
		s.t.Fatal(err)
	}
	if got := out.Stacks[0].StackStatus; got != want {
		s.t.Errorf("status = %s (%s), want %s; events:\n%s", got, aws.ToString(out.Stacks[0].StackStatusReason), want, strings.Join(s.events(), "\n"))
	}
}

// events are those since the last operation began, oldest first, without those of
// the stack's own end.
func (s *stacks) events() []string {
	s.t.Helper()
	out, err := s.api.DescribeStackEvents(s.t.Context(), &cloudformation.DescribeStackEventsInput{StackName: new("shop")})
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, e := range out.StackEvents {
		if aws.ToString(e.ResourceStatusReason) == "User Initiated" {
			break
		}
		line := fmt.Sprintf("%s %s", *e.LogicalResourceId, e.ResourceStatus)
		if e.ResourceStatusReason != nil {
			line += ": " + *e.ResourceStatusReason
		}
		lines = append([]string{line}, lines...)
	}
	return lines
}

func (s *stacks) wantEvents(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.events()); diff != "" {
		s.t.Errorf("events (-want +got):\n%s", diff)
	}
}

// values is a chain: Second holds what Ref gives of First, Third is by itself.
const values = `
Parameters:
  Name: {Type: String, Default: /a/first}
  Value: {Type: String, Default: one}
  Third: {Type: String, Default: three}
  Kind: {Type: String, Default: String}
Resources:
  First: {Type: AWS::SSM::Parameter, Properties: {Name: !Ref Name, Type: String, Value: !Ref Value}}
  Second: {Type: AWS::SSM::Parameter, Properties: {Name: /a/second, Type: String, Value: !Ref First}}
  Third: {Type: AWS::SSM::Parameter, DependsOn: Second, Properties: {Name: /a/third, Type: !Ref Kind, Value: !Ref Third}}
Outputs:
  First: {Value: !Ref First}
`

func (s *stacks) parameter(name string) string {
	s.t.Helper()
	out, err := ssm.NewFromConfig(s.Config("AKIDEXAMPLE")).GetParameter(s.t.Context(), &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return codeOf(err)
	}
	return *out.Parameter.Value
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestUpdateTouchesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(values)
	s.wantStatus(types.StackStatusCreateComplete)
	s.update(values, "Value", "two")
	s.wantStatus(types.StackStatusUpdateComplete)
	s.wantEvents("First UPDATE_IN_PROGRESS", "First UPDATE_COMPLETE", "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "shop UPDATE_COMPLETE")
	if got := s.parameter("/a/first"); got != "two" {
		t.Errorf("the parameter's value = %s, want two", got)
	}
	template := values
	_, err := s.api.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: new("shop"), TemplateBody: &template, Parameters: parameters("Value", "two")})
	if err == nil || !strings.Contains(err.Error(), "ValidationError: No updates are to be performed.") {
		t.Errorf("error = %v, want that there is nothing to do", err)
	}
}

func TestReplacementCascadesAndIsDeletedLast(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(values)
	s.update(values, "Name", "/b/first")
	s.wantStatus(types.StackStatusUpdateComplete)
	s.wantEvents(
		"First UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.", "First UPDATE_COMPLETE",
		"Second UPDATE_IN_PROGRESS", "Second UPDATE_COMPLETE", "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
		"First DELETE_IN_PROGRESS", "First DELETE_COMPLETE", "shop UPDATE_COMPLETE",
	)
	for name, want := range map[string]string{"/a/first": "ParameterNotFound", "/b/first": "one", "/a/second": "/b/first"} {
		if got := s.parameter(name); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestFailedUpdateGoesBackWithItsDependents(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(values)
	s.update(values, "Name", "/b/first", "Value", "two", "Third", "four", "Kind", "Colour")
	s.wantStatus(types.StackStatusUpdateRollbackComplete)
	events := s.events()
	if !strings.HasPrefix(events[4], "Third UPDATE_IN_PROGRESS") || !strings.HasPrefix(events[5], "Third UPDATE_FAILED: PutParameter: ") {
		t.Errorf("events = %q, want the failure of Third and its reason", events)
	}
	want := []string{
		"shop UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [Third]. ",
		"First UPDATE_COMPLETE", "Second UPDATE_IN_PROGRESS", "Second UPDATE_COMPLETE", "Third UPDATE_IN_PROGRESS", "Third UPDATE_COMPLETE",
		"shop UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "First DELETE_IN_PROGRESS", "First DELETE_COMPLETE", "shop UPDATE_ROLLBACK_COMPLETE",
	}
	if diff := cmp.Diff(want, events[6:]); diff != "" {
		t.Errorf("events of the rollback (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"/a/first": "one", "/b/first": "ParameterNotFound", "/a/second": "/a/first", "/a/third": "three"} {
		if got := s.parameter(name); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	s.update(values, "Value", "five") // it can be updated again
	s.wantStatus(types.StackStatusUpdateComplete)
}

func TestFailedCreationIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(values, "Kind", "Colour")
	s.wantStatus(types.StackStatusRollbackComplete)
	if got := s.parameter("/a/first"); got != "ParameterNotFound" {
		t.Errorf("the parameter that was made = %s, want none", got)
	}
	template := values
	_, err := s.api.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: new("shop"), TemplateBody: &template})
	if err == nil || !strings.Contains(err.Error(), "is in ROLLBACK_COMPLETE state and can not be updated.") {
		t.Errorf("error = %v, want that the stack cannot be updated", err)
	}
	if _, err := s.api.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: new("shop")}); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Minute)
	if _, err := s.api.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: new("shop")}); err == nil || !strings.Contains(err.Error(), "Stack with id shop does not exist") {
		t.Errorf("error = %v, want that there is no stack", err)
	}
}

const twoQueues = `
Parameters:
  Name: {Type: String, Default: jobs}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {QueueName: !Ref Name}
  More:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${Jobs.QueueName}-more", VisibilityTimeout: 30}
`

func (s *stacks) queues() []string {
	s.t.Helper()
	out, err := sqs.NewFromConfig(s.Config("AKIDEXAMPLE")).ListQueues(s.t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, url := range out.QueueUrls {
		names = append(names, url[strings.LastIndex(url, "/")+1:])
	}
	return names
}

func TestPoliciesRetain(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(twoQueues)
	s.update(twoQueues, "Name", "work")
	s.wantStatus(types.StackStatusUpdateComplete)
	if diff := cmp.Diff([]string{"jobs", "work", "work-more"}, s.queues()); diff != "" {
		t.Errorf("queues after the replacement (-want +got):\n%s", diff)
	}
	if _, err := s.api.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: new("shop")}); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Hour)
	if diff := cmp.Diff([]string{"jobs", "work"}, s.queues()); diff != "" {
		t.Errorf("queues after the deletion (-want +got):\n%s", diff)
	}
}

func TestCustomNamesAreNotReplaced(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	const group = `
Parameters: {Port: {Type: Number, Default: 80}}
Resources: {Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: blue, VpcId: vpc-1, Port: !Ref Port, Protocol: HTTP, TargetType: ip}}}
`
	s.create(group)
	s.update(group, "Port", "81")
	s.wantStatus(types.StackStatusUpdateRollbackComplete)
	want := "Group UPDATE_FAILED: CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename blue and update the stack again."
	if got := s.events()[0]; got != want {
		t.Errorf("event = %s\nwant    %s", got, want)
	}
}

func TestStackPolicy(t *testing.T) {
	t.Parallel()
	const allow = `{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}`
	tests := map[string]struct {
		policy string
		pairs  []string
		want   string // "" if the update goes through
	}{
		"Denied":         {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/First"}]}`, []string{"Value", "two"}, "First UPDATE_FAILED: Action denied by stack policy: Statement [#1] does not allow [Update:*] for resource [LogicalResourceId/First];"},
		"OtherResource":  {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/F*"}]}`, []string{"Third", "four"}, ""},
		"OtherAction":    {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*"}]}`, []string{"Value", "two"}, ""},
		"Replacement":    {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*"}]}`, []string{"Name", "/b/first"}, "First UPDATE_FAILED: Action denied by stack policy: Statement [#1] does not allow [Update:Replace, Update:Delete] for resource [*];"},
		"ResourceType":   {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::SSM::Parameter"]}}}]}`, []string{"Value", "two"}, "First UPDATE_FAILED: Action denied by stack policy: Statement [#1] does not allow [Update:*] for resource [*];"},
		"OtherType":      {`{"Statement": [` + allow + `, {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*", "Condition": {"StringLike": {"ResourceType": "AWS::SQS::*"}}}]}`, []string{"Value", "two"}, ""},
		"NothingAllowed": {`{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Second"}]}`, []string{"Value", "two"}, "First UPDATE_FAILED: Action not allowed by stack policy"},
		"NotAction":      {`{"Statement": [{"Effect": "Allow", "NotAction": "Update:Replace", "Principal": "*", "Resource": "*"}]}`, []string{"Value", "two"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStacks(t, emulator.Options{})
			s.create(values)
			if _, err := s.api.SetStackPolicy(t.Context(), &cloudformation.SetStackPolicyInput{StackName: new("shop"), StackPolicyBody: &test.policy}); err != nil {
				t.Fatal(err)
			}
			s.update(values, test.pairs...)
			if test.want == "" {
				s.wantStatus(types.StackStatusUpdateComplete)
				return
			}
			s.wantStatus(types.StackStatusUpdateRollbackComplete)
			if got := s.events()[0]; got != test.want {
				t.Errorf("event = %s\nwant    %s", got, test.want)
			}
		})
	}
}

func TestStackPolicyStandsAsideForOneUpdate(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(values)
	nothing := `{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}`
	everything := `{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}`
	template := values
	update := func(during *string, value string, want types.StackStatus) {
		t.Helper()
		_, err := s.api.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
			StackName: new("shop"), TemplateBody: &template, Parameters: parameters("Value", value), StackPolicyBody: &nothing, StackPolicyDuringUpdateBody: during,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.RunFor(time.Minute)
		s.wantStatus(want)
	}
	update(&everything, "two", types.StackStatusUpdateComplete)
	update(nil, "three", types.StackStatusUpdateRollbackComplete)
	out, err := s.api.GetStackPolicy(t.Context(), &cloudformation.GetStackPolicyInput{StackName: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(out.StackPolicyBody) != nothing {
		t.Errorf("policy = %s, want the one that was set", aws.ToString(out.StackPolicyBody))
	}
}
