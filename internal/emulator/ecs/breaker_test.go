package ecs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

func TestCircuitBreakerRollsBack(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"nopull", "crash", "sick"} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			in := serviceInput(c.definition("good"), 2)
			in.DeploymentConfiguration = breaker(true)
			c.steady(in)
			good := *c.service().Deployments[0].Id
			kept := arns(c.tasks(types.DesiredStatusRunning))
			c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition(tag))})
			bad := *c.service().Deployments[0].Id
			fewest := 2
			svc := c.until("failed", func(types.Service) bool {
				fewest = min(fewest, c.healthy())
				return len(c.named(deploymentChange)) > 1
			})
			if got, want := *svc.Deployments[0].RolloutStateReason, "ECS deployment circuit breaker: rolling back to deploymentId "+good+"."; got != want {
				t.Errorf("reason of the primary %q, want %q", got, want)
			}
			failed := svc.Deployments[1]
			if *failed.Id != bad || failed.RolloutState != types.DeploymentRolloutStateFailed || *failed.Status != "ACTIVE" {
				t.Errorf("second deployment: %s, want %s ACTIVE and FAILED", summary(svc), bad)
			}
			if failed.FailedTasks < 3 || failed.FailedTasks > 4 {
				t.Errorf("failed tasks %d, want the threshold 3, or 4 where two fail at once", failed.FailedTasks)
			}
			svc = c.until("rolled back", completed)
			if lastPart(*svc.TaskDefinition) != "web:1" || *svc.Deployments[0].Id != good {
				t.Errorf("after the rollback: %s, want web:1 by %s", summary(svc), good)
			}
			if diff := cmp.Diff(kept, arns(c.tasks(types.DesiredStatusRunning))); diff != "" {
				t.Errorf("tasks of the good version (-before +after):\n%s", diff)
			}
			if fewest != 2 {
				t.Errorf("fewest healthy tasks %d, want 2", fewest)
			}
			want := []string{
				"SERVICE_DEPLOYMENT_IN_PROGRESS " + bad, "SERVICE_DEPLOYMENT_FAILED " + bad,
				"SERVICE_DEPLOYMENT_IN_PROGRESS " + good, "SERVICE_DEPLOYMENT_COMPLETED " + good,
			}
			if diff := cmp.Diff(want, c.namedWithID()); diff != "" {
				t.Errorf("deployment events (-want +got):\n%s", diff)
			}
		})
	}
}

func (c *cloud) namedWithID() []string {
	var names []string
	for _, e := range c.events {
		if e.detailType == deploymentChange {
			names = append(names, fmt.Sprint(e.detail["eventName"], " ", e.detail["deploymentId"]))
		}
	}
	return names
}

func arns(tasks []types.Task) []string {
	var out []string
	for _, task := range tasks {
		out = append(out, *task.TaskArn)
	}
	slices.Sort(out)
	return out
}

func TestCircuitBreakerWithoutRollback(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("good"), 2)
	in.DeploymentConfiguration = breaker(false)
	c.steady(in)
	c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("sick"))})
	svc := c.until("failed", func(svc types.Service) bool {
		return svc.Deployments[0].RolloutState == types.DeploymentRolloutStateFailed
	})
	if got, want := *svc.Deployments[0].RolloutStateReason, "ECS deployment circuit breaker: tasks failed to start."; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	launched := len(c.runner.specs)
	c.loop.RunFor(time.Hour)
	if len(c.runner.specs) != launched {
		t.Errorf("%d tasks started after the failure, want none", len(c.runner.specs)-launched)
	}
	svc = c.service()
	if len(svc.Deployments) != 2 || svc.Deployments[1].RunningCount != 2 || svc.RunningCount != 2 {
		t.Errorf("an hour later: %s, want the old deployment's two tasks running", summary(svc))
	}
	want := []string{"SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_FAILED"}
	if diff := cmp.Diff(want, c.named(deploymentChange)); diff != "" {
		t.Errorf("deployment events (-want +got):\n%s", diff)
	}
	failed := c.events[slices.IndexFunc(c.events, func(e event) bool { return e.detail["eventName"] == "SERVICE_DEPLOYMENT_FAILED" })]
	if failed.detail["eventType"] != "ERROR" || failed.detail["reason"] != "ECS deployment circuit breaker: task failed to start." {
		t.Errorf("event of the failure: %v", failed.detail)
	}
}

func TestRollbackThatFailsIsNotRolledBack(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("good"), 1)
	in.DeploymentConfiguration = breaker(true)
	in.DeploymentConfiguration.MinimumHealthyPercent, in.DeploymentConfiguration.MaximumPercent = aws.Int32(0), aws.Int32(100)
	c.steady(in)
	good := *c.service().Deployments[0].Id
	c.runner.refuse = 100
	c.update(&sdk.UpdateServiceInput{TaskDefinition: aws.String(c.definition("better"))})
	bad := *c.service().Deployments[0].Id
	c.loop.RunFor(3 * time.Hour)
	svc := c.service()
	if *svc.Deployments[0].Id != good || svc.Deployments[0].RolloutState != types.DeploymentRolloutStateFailed || svc.RunningCount != 0 {
		t.Errorf("%s, want the rollback FAILED and nothing running", summary(svc))
	}
	want := []string{
		"SERVICE_DEPLOYMENT_IN_PROGRESS " + bad, "SERVICE_DEPLOYMENT_FAILED " + bad,
		"SERVICE_DEPLOYMENT_IN_PROGRESS " + good, "SERVICE_DEPLOYMENT_FAILED " + good,
	}
	if diff := cmp.Diff(want, c.namedWithID()); diff != "" {
		t.Errorf("deployment events (-want +got):\n%s", diff)
	}
	c.runner.refuse = 0
	c.update(&sdk.UpdateServiceInput{ForceNewDeployment: true})
	if svc := c.until("completed", completed); svc.RunningCount != 1 || lastPart(*svc.TaskDefinition) != "web:1" {
		t.Errorf("after a new deployment: %s, want one of web:1", summary(svc))
	}
}

func TestHealthyTaskResetsTheFailures(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("good"), 1)
	in.DeploymentConfiguration = breaker(true)
	c.runner.refuse = 2
	c.create(in)
	c.until("two have failed", func(svc types.Service) bool { return svc.Deployments[0].FailedTasks == 2 })
	svc := c.until("completed", completed)
	if svc.Deployments[0].FailedTasks != 0 {
		t.Errorf("failed tasks %d, want 0", svc.Deployments[0].FailedTasks)
	}
}

func TestCircuitBreakerOfAFirstDeploymentHasNothingToRollBackTo(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("nopull"), 1)
	in.DeploymentConfiguration = breaker(true)
	c.create(in)
	svc := c.until("failed", func(svc types.Service) bool {
		return svc.Deployments[0].RolloutState == types.DeploymentRolloutStateFailed
	})
	if svc.Deployments[0].FailedTasks != 3 {
		t.Errorf("failed tasks %d, want the threshold 3", svc.Deployments[0].FailedTasks)
	}
}
