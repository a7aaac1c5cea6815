package ecs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

const deploymentChange = "ECS Deployment State Change"

func TestFirstDeploymentCompletes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	first := c.definition("good")
	c.create(serviceInput(first, 2))
	svc := c.until("steady", func(svc types.Service) bool { return svc.RunningCount == 2 })
	if got, want := svc.Deployments[0].RolloutState, types.DeploymentRolloutStateInProgress; got != want {
		t.Errorf("running, but not yet healthy: rollout state %s, want %s", got, want)
	}
	svc = c.until("completed", completed)
	id := *svc.Deployments[0].Id
	if want := "ECS deployment " + id + " completed."; *svc.Deployments[0].RolloutStateReason != want {
		t.Errorf("reason %q, want %q", *svc.Deployments[0].RolloutStateReason, want)
	}
	want := []string{"SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"}
	if diff := cmp.Diff(want, c.named(deploymentChange)); diff != "" {
		t.Errorf("deployment events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"SERVICE_STEADY_STATE"}, c.named("ECS Service Action")); diff != "" {
		t.Errorf("service actions (-want +got):\n%s", diff)
	}
	var got []string
	for _, e := range svc.Events {
		got = append(got, clean(*e.Message))
	}
	wantMessages := []string{
		"(service web) has reached a steady state.",
		"(service web) (deployment ecs-svc/N) deployment completed.",
		"(service web) registered 1 targets in (target-group " + group + ")",
		"(service web) registered 1 targets in (target-group " + group + ")",
		"(service web) has started 2 tasks: (task T) (task T).",
	}
	if diff := cmp.Diff(wantMessages, got); diff != "" {
		t.Errorf("service events (-want +got):\n%s", diff)
	}
}

func completed(svc types.Service) bool {
	return len(svc.Deployments) == 1 && svc.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted
}

// clean replaces ids of tasks and deployments.
func clean(message string) string {
	words := strings.Fields(message)
	for i, word := range words {
		bare := strings.TrimRight(word, ").,")
		switch {
		case strings.HasPrefix(bare, "ecs-svc/"):
			words[i] = "ecs-svc/N" + word[len(bare):]
		case i > 0 && words[i-1] == "(task":
			words[i] = "T" + word[len(bare):]
		}
	}
	return strings.Join(words, " ")
}

func TestRollKeepsWithinItsBounds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		desired       int32
		least, most   int32
		wantHealthy   int // at least, throughout
		wantRunAtMost int32
	}{
		{"Doubling", 4, 100, 200, 4, 8},
		{"OneMoreAtATime", 4, 100, 125, 4, 5},
		{"MaximumRoundedDown", 3, 100, 150, 3, 4},
		{"MinimumRoundedUp", 3, 50, 100, 2, 3},
		{"HalfDown", 4, 50, 100, 2, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			in := serviceInput(c.definition("good"), tt.desired)
			in.DeploymentConfiguration = &types.DeploymentConfiguration{
				MinimumHealthyPercent: aws.Int32(tt.least), MaximumPercent: aws.Int32(tt.most),
			}
			c.steady(in)
			c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("better"))})
			fewest, most := int(tt.desired), int32(0)
			svc := c.until("rolled", func(svc types.Service) bool {
				fewest, most = min(fewest, c.healthy()), max(most, svc.RunningCount+svc.PendingCount)
				return completed(svc)
			})
			if got := lastPart(*svc.TaskDefinition); got != "web:2" {
				t.Errorf("task definition %s, want web:2", got)
			}
			if fewest != tt.wantHealthy {
				t.Errorf("fewest healthy tasks %d, want %d", fewest, tt.wantHealthy)
			}
			if most != tt.wantRunAtMost {
				t.Errorf("most tasks %d, want %d", most, tt.wantRunAtMost)
			}
		})
	}
}

func (c *cloud) healthy() int {
	n := 0
	for _, state := range c.targets.states {
		if state == "healthy" {
			n++
		}
	}
	return n
}

func TestRollWaitsForOlderTasksToDrain(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.targets.delay = 5 * time.Minute
	c.steady(serviceInput(c.definition("good"), 1))
	old := c.tasks(types.DesiredStatusRunning)[0]
	c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("better"))})
	c.until("the old task drains", func(types.Service) bool { return len(c.tasks(types.DesiredStatusStopped)) == 1 })
	began := c.loop.Now()
	svc := c.service()
	if len(svc.Deployments) != 2 || *svc.Deployments[1].Status != "ACTIVE" {
		t.Errorf("while draining: %s, want the old deployment ACTIVE", summary(svc))
	}
	if got := c.tasks(types.DesiredStatusStopped)[0]; *got.LastStatus != "DEACTIVATING" {
		t.Errorf("the draining task is %s, want DEACTIVATING", *got.LastStatus)
	}
	c.until("completed", completed)
	if took := c.loop.Now().Sub(began); took < c.targets.delay {
		t.Errorf("completed after %v, want at least the deregistration delay %v", took, c.targets.delay)
	}
	var got []string
	for _, e := range c.events {
		if e.detailType == "ECS Task State Change" && e.resource == *old.TaskArn {
			got = append(got, fmt.Sprint(e.detail["lastStatus"]))
		}
	}
	want := []string{"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("end of the old task (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"30s"}, c.runner.stops); diff != "" {
		t.Errorf("grace of the stop (-want +got):\n%s", diff)
	}
}

func TestWithoutCircuitBreakerStartsAreThrottled(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.create(serviceInput(c.definition("nopull"), 1))
	c.loop.RunFor(3 * time.Hour)
	svc := c.service()
	if svc.Deployments[0].RolloutState != types.DeploymentRolloutStateInProgress {
		t.Errorf("three hours later: %s, want IN_PROGRESS", summary(svc))
	}
	if n := len(c.runner.specs); n < 8 || n > 16 {
		t.Errorf("%d tasks started in three hours, want about a dozen: ever longer waits, at most 27 minutes", n)
	}
	if !strings.Contains(messages(svc), "(service web) is unable to consistently start tasks successfully.") {
		t.Errorf("service events do not tell of the throttling:\n%s", messages(svc))
	}
	if diff := cmp.Diff([]string{"SERVICE_TASK_START_IMPAIRED"}, c.named("ECS Service Action")); diff != "" {
		t.Errorf("service actions (-want +got):\n%s", diff)
	}
}

func TestScalingUpFromZero(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		force bool
		want  []string
	}{
		{"WithoutANewDeployment", false, nil},
		{"WithForceNewDeployment", true, []string{"SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.steady(serviceInput(c.definition("good"), 0))
			before := *c.service().Deployments[0].Id
			c.update(&sdk.UpdateServiceInput{DesiredCount: aws.Int32(3), ForceNewDeployment: tt.force})
			svc := c.until("three healthy", func(svc types.Service) bool { return completed(svc) && c.healthy() == 3 })
			if svc.RunningCount != 3 || svc.PendingCount != 0 {
				t.Errorf("%s, want 3 running", summary(svc))
			}
			if same := *svc.Deployments[0].Id == before; same == tt.force {
				t.Errorf("the same deployment: %v, want %v", same, !tt.force)
			}
			if diff := cmp.Diff(tt.want, c.named(deploymentChange)); diff != "" {
				t.Errorf("deployment events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDesiredCountChangesDuringADeployment(t *testing.T) {
	t.Parallel()
	for _, desired := range []int32{5, 1, 0} {
		t.Run(fmt.Sprint(desired), func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.steady(serviceInput(c.definition("good"), 3))
			c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("better"))})
			c.loop.RunFor(10 * time.Second)
			c.update(&sdk.UpdateServiceInput{DesiredCount: aws.Int32(desired)})
			svc := c.until("completed", completed)
			if svc.RunningCount != desired || svc.DesiredCount != desired || lastPart(*svc.TaskDefinition) != "web:2" {
				t.Errorf("%s, want %d of web:2", summary(svc), desired)
			}
			want := []string{"SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"}
			if diff := cmp.Diff(want, c.named(deploymentChange)); diff != "" {
				t.Errorf("deployment events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewDeploymentReplacesOneInProgress(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.steady(serviceInput(c.definition("good"), 2))
	c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("sick"))})
	c.loop.RunFor(25 * time.Second)
	c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("better"))})
	svc := c.service()
	if len(svc.Deployments) != 3 || *svc.Deployments[0].Status != "PRIMARY" || *svc.Deployments[1].Status != "ACTIVE" {
		t.Errorf("%s, want three deployments, the newest PRIMARY", summary(svc))
	}
	svc = c.until("completed", completed)
	if svc.RunningCount != 2 || lastPart(*svc.TaskDefinition) != "web:3" {
		t.Errorf("%s, want 2 of web:3", summary(svc))
	}
	want := []string{"SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"}
	if diff := cmp.Diff(want, c.named(deploymentChange)); diff != "" {
		t.Errorf("deployment events (-want +got):\n%s", diff)
	}
}

func TestRepeatedUpdateMakesNoDeployment(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	definition := c.definition("good")
	in := serviceInput(definition, 1)
	c.steady(in)
	before := *c.service().Deployments[0].Id
	c.update(&sdk.UpdateServiceInput{
		TaskDefinition: aws.String(definition), DesiredCount: aws.Int32(1), NetworkConfiguration: in.NetworkConfiguration,
		LoadBalancers: in.LoadBalancers, HealthCheckGracePeriodSeconds: aws.Int32(60), DeploymentConfiguration: breaker(true),
	})
	c.loop.RunFor(time.Minute)
	svc := c.service()
	if len(svc.Deployments) != 1 || *svc.Deployments[0].Id != before {
		t.Errorf("%s, want the deployment %s alone", summary(svc), before)
	}
	if *svc.HealthCheckGracePeriodSeconds != 60 || !svc.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback {
		t.Errorf("grace %d and breaker %v, want what the update gave", *svc.HealthCheckGracePeriodSeconds,
			svc.DeploymentConfiguration.DeploymentCircuitBreaker)
	}
	if len(c.events) != 0 {
		t.Errorf("%d events, want none", len(c.events))
	}
}

func TestUnusedTargetsAreNotHealthy(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("idle"), 1)
	in.DeploymentConfiguration = breaker(true)
	c.create(in)
	c.loop.RunFor(time.Hour)
	svc := c.service()
	if svc.RunningCount != 1 || svc.Deployments[0].RolloutState != types.DeploymentRolloutStateInProgress || len(c.runner.specs) != 1 {
		t.Errorf("%s after %d starts, want one task that runs on and a deployment IN_PROGRESS", summary(svc), len(c.runner.specs))
	}
}

func TestSameInputsGiveTheSameRun(t *testing.T) {
	t.Parallel()
	run := func() string {
		c := newCloud(t)
		in := serviceInput(c.definition("good"), 3)
		in.DeploymentConfiguration = breaker(true)
		c.create(in)
		c.loop.RunFor(5 * time.Minute)
		c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("sick"))})
		c.loop.RunFor(time.Hour)
		return fmt.Sprintln(c.events) + messages(c.service())
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}
