package harness_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// serviceStack is the stack of the production environment, as a person updates it.
type serviceStack struct {
	*stage
	api      *cloudformation.Client
	template string
	given    map[string]string // parameters as they are
}

const serviceStackName = "shop-production"

// newServiceStack is a box whose first rollout has ended, so that weights, desired
// counts, task definitions and minimums are not those of the template any more.
func newServiceStack(t *testing.T) *serviceStack {
	t.Helper()
	b := newBox(t)
	name := b.roll(good)
	b.wantAtRest(rollout.Green, name)
	s := &serviceStack{stage: b.stages[0], api: cloudformation.NewFromConfig(b.Config("AKIAPERSON")), given: map[string]string{}}
	text, err := fs.ReadFile(sluice.Files, "infra/service.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.template = string(text)
	for _, p := range s.describe().Parameters {
		s.given[*p.ParameterKey] = *p.ParameterValue
	}
	return s
}

// protect sets infra/service-policy.json.
func (s *serviceStack) protect() {
	s.t.Helper()
	policy, err := fs.ReadFile(sluice.Files, "infra/service-policy.json")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.api.SetStackPolicy(s.ctx(), &cloudformation.SetStackPolicyInput{
		StackName: aws.String(serviceStackName), StackPolicyBody: aws.String(string(policy)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *serviceStack) describe() types.Stack {
	s.t.Helper()
	out, err := s.api.DescribeStacks(s.ctx(), &cloudformation.DescribeStacksInput{StackName: aws.String(serviceStackName)})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Stacks[0]
}

// update updates the stack and gives how that ended and the reasons that its events
// told.
func (s *serviceStack) update(template string, change map[string]string) (types.StackStatus, string) {
	s.t.Helper()
	var given []types.Parameter
	for name, value := range s.given {
		if other, ok := change[name]; ok {
			value = other
		}
		given = append(given, types.Parameter{ParameterKey: aws.String(name), ParameterValue: &value})
	}
	_, err := s.api.UpdateStack(s.ctx(), &cloudformation.UpdateStackInput{
		StackName: aws.String(serviceStackName), TemplateBody: &template, Parameters: given,
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	if err != nil {
		return "", err.Error()
	}
	for strings.HasSuffix(string(s.describe().StackStatus), "_IN_PROGRESS") {
		s.RunFor(10 * time.Second)
	}
	s.RunFor(2 * time.Minute) // whatever it did has its effect
	out, err := s.api.DescribeStackEvents(s.ctx(), &cloudformation.DescribeStackEventsInput{StackName: aws.String(serviceStackName)})
	if err != nil {
		s.t.Fatal(err)
	}
	var reasons []string
	for _, e := range out.StackEvents {
		reason := aws.ToString(e.ResourceStatusReason)
		if reason == "User Initiated" {
			break
		}
		if reason != "" {
			reasons = append(reasons, *e.LogicalResourceId+": "+reason)
		}
	}
	slices.Reverse(reasons)
	return s.describe().StackStatus, strings.Join(reasons, "\n")
}

// owned is what Sluice owns after the first day.
type owned struct {
	Weights  rollout.Weights
	Services map[rollout.Slot]string
	Scaling  map[rollout.Slot]*rollout.Scaling
	Failed   int
}

func (s *serviceStack) owned() owned {
	s.t.Helper()
	services, err := s.reach.Services.Describe(s.ctx(), s.cluster, s.slots)
	if err != nil {
		s.t.Fatal(err)
	}
	scaling, err := s.reach.Scaling.Read(s.ctx(), s.cluster, s.slots)
	if err != nil {
		s.t.Fatal(err)
	}
	out := owned{Weights: s.weights(), Services: map[rollout.Slot]string{}, Scaling: scaling, Failed: s.failures()}
	for slot, service := range services {
		out.Services[slot] = wanted(service)
	}
	return out
}

func wanted(s ecsservice.Service) string {
	return fmt.Sprintf("%d tasks of %s", s.Desired, s.TaskDefinition)
}

// wantOwned fails the test if an update has touched what Sluice owns.
func (s *serviceStack) wantOwned(what string, want owned) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.owned()); diff != "" {
		s.t.Fatalf("%s changed what Sluice owns (-before +after):\n%s", what, diff)
	}
}

// denied is what CloudFormation says of what the policy protects.
const denied = "Action denied by stack policy: Statement [#"

// others are values that a person might give a parameter instead.
var others = map[string]string{
	"App": "shop2", "Environment": "other", "Image": repository + ":v0b", "HealthPath": "/ready", "Alarms": "other",
	"Vpc": "vpc-0b1b2c3d", "Subnets": "subnet-0b1b2c3d,subnet-1b1b2c3d", "TaskSubnets": "subnet-2b1b2c3d,subnet-3b1b2c3d",
	"MaxLatency": "0.7", "Memory": "1024", "PathPattern": "/shop/*", "HostHeader": "shop.example.com",
	"Certificate":           "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
	"Listener":              "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/other/50dc6c495c0c9188/f2f7dc8efc522ab2",
	"BalancerSecurityGroup": "sg-0a1b2c3d", "TaskPolicy": "arn:aws:iam::aws:policy/ReadOnlyAccess",
}

// other is another value for a parameter that the template declares.
func (s *serviceStack) other(p types.ParameterDeclaration) string {
	s.t.Helper()
	name := *p.ParameterKey
	if value, ok := others[name]; ok {
		return value
	}
	if p.ParameterConstraints != nil {
		for _, value := range p.ParameterConstraints.AllowedValues {
			if value != s.given[name] {
				return value
			}
		}
	}
	if *p.ParameterType != "Number" {
		s.t.Fatalf("no other value is known for parameter %s", name)
	}
	var n int
	if _, err := fmt.Sscan(s.given[name], &n); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(n + 1)
}

// TestEveryParameterOfServiceLeavesTheRolloutAlone changes each parameter of
// infra/service.yaml after a rollout, and back. What CloudFormation would touch of
// what Sluice owns, the stack's policy refuses.
func TestEveryParameterOfServiceLeavesTheRolloutAlone(t *testing.T) {
	t.Parallel()
	s := newServiceStack(t)
	s.protect()
	summary, err := s.api.GetTemplateSummary(t.Context(), &cloudformation.GetTemplateSummaryInput{StackName: aws.String(serviceStackName)})
	if err != nil {
		t.Fatal(err)
	}
	before := s.owned()
	through := []string{}
	for _, p := range summary.Parameters {
		name := *p.ParameterKey
		change := map[string]string{name: s.other(p)}
		status, why := s.update(s.template, change)
		s.wantOwned(name+" = "+change[name], before)
		switch {
		case status == types.StackStatusUpdateComplete:
			through = append(through, name)
			if status, why := s.update(s.template, nil); status != types.StackStatusUpdateComplete {
				t.Errorf("%s could not be changed back: %s %s", name, status, why)
			}
			s.wantOwned(name+" changed back", before)
		case status == types.StackStatusUpdateRollbackComplete && strings.Contains(why, denied):
		case status == "" && strings.Contains(why, "ValidationError"): // a rule of the template, or no difference
		default:
			t.Errorf("%s = %s: %s %s, want it done, or refused by the policy", name, change[name], status, why)
		}
	}
	for _, name := range []string{"HealthPath", "MaxErrorPercent", "MaxLatency"} {
		if !slices.Contains(through, name) {
			t.Errorf("%s cannot be changed; %v can", name, through)
		}
	}
	for _, name := range []string{"Image", "Tasks", "MaxTasks", "Port", "App"} {
		if slices.Contains(through, name) {
			t.Errorf("%s was changed, want it refused", name)
		}
	}
}

// priority is what the template says of the rule's.
func (s *serviceStack) priority() string {
	s.t.Helper()
	found := regexp.MustCompile(`\n      Priority: .*`).FindString(s.template)
	if found == "" {
		s.t.Fatal("the template gives its rule no priority")
	}
	return found
}

const oneMoreAlarm = `
  GreenRequests:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/ApplicationELB
      MetricName: RequestCount
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 100000
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
      Dimensions:
        - {Name: LoadBalancer, Value: !GetAtt Balancer.LoadBalancerFullName}

Outputs:
`

// TestNewerTemplateOfServiceLeavesTheRolloutAlone has newer versions of
// infra/service.yaml deployed after a rollout.
func TestNewerTemplateOfServiceLeavesTheRolloutAlone(t *testing.T) {
	t.Parallel()
	s := newServiceStack(t)
	s.protect()
	before := s.owned()
	tests := []struct {
		name, from, to string
		refused        bool
	}{
		{name: "one more alarm", from: "\nOutputs:\n", to: oneMoreAlarm},
		{name: "another interval of the health checks", from: "HealthCheckIntervalSeconds: 10", to: "HealthCheckIntervalSeconds: 15"},
		{name: "another priority", from: s.priority(), to: "\n      Priority: 20", refused: true},
		{name: "a property of the services", from: "HealthCheckGracePeriodSeconds: 30", to: "HealthCheckGracePeriodSeconds: 60", refused: true},
		{name: "a property of the tasks", from: "NetworkMode: awsvpc", to: "NetworkMode: awsvpc\n      EphemeralStorage: {SizeInGiB: 30}", refused: true},
		{name: "the scaling of the green slot under another name", from: "GreenScaling", to: "OtherScaling", refused: true},
	}
	for _, test := range tests {
		newer := strings.ReplaceAll(s.template, test.from, test.to)
		if newer == s.template {
			t.Fatalf("%s: the template has no %q", test.name, test.from)
		}
		status, why := s.update(newer, nil)
		s.wantOwned(test.name, before)
		want := types.StackStatusUpdateComplete
		if test.refused {
			want = types.StackStatusUpdateRollbackComplete
		}
		if status != want || test.refused != strings.Contains(why, denied) {
			t.Errorf("%s: %s %s, want %s", test.name, status, why, want)
		}
		if test.refused {
			continue
		}
		if status, why := s.update(s.template, nil); status != types.StackStatusUpdateComplete {
			t.Errorf("%s: could not be taken back: %s %s", test.name, status, why)
		}
		s.wantOwned(test.name+" taken back", before)
	}
}

// TestServiceWithoutItsPolicy shows what the policy is for: without it an update
// sends again what the template says.
func TestServiceWithoutItsPolicy(t *testing.T) {
	t.Parallel()
	s := newServiceStack(t)
	newer := strings.ReplaceAll(s.template, s.priority(), "\n      Priority: 20")
	if status, why := s.update(newer, nil); status != types.StackStatusUpdateComplete {
		t.Fatalf("the update ended %s: %s", status, why)
	}
	if got, want := s.weights(), rollout.Toward(rollout.Blue, 100); got != want {
		t.Errorf("weights are %s, want %s: those of the template", got, want)
	}
}
