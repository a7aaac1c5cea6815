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

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
)

func TestTaskComesUpInAWSOrder(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.create(serviceInput(c.definition("good"), 1))
	began := c.loop.Now()
	c.until("running", func(svc types.Service) bool { return svc.RunningCount == 1 })
	if took := c.loop.Now().Sub(began); took < 20*time.Second || took > 25*time.Second {
		t.Errorf("running after %v, want the 20s of provisioning and little more", took)
	}
	var got []string
	for _, e := range c.events {
		if e.detailType == "ECS Task State Change" {
			got = append(got, fmt.Sprintf("%v %v", e.detail["version"], e.detail["lastStatus"]))
		}
	}
	want := []string{"1 PROVISIONING", "2 PENDING", "3 ACTIVATING", "4 RUNNING"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("task events (-want +got):\n%s", diff)
	}
	task := c.tasks(types.DesiredStatusRunning)[0]
	if got := *task.Group + " " + *task.StartedBy; got != "service:web "+*c.service().Deployments[0].Id {
		t.Errorf("group and startedBy %q", got)
	}
	spec := c.runner.specs[0]
	if !strings.HasPrefix(spec.IP, "10.") || *task.Containers[0].NetworkInterfaces[0].PrivateIpv4Address != spec.IP {
		t.Errorf("address %s of the task, %s of its container", spec.IP, *task.Containers[0].NetworkInterfaces[0].PrivateIpv4Address)
	}
}

func TestUnhealthyTaskIsReplacedOnceItsReplacementIsHealthy(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.steady(serviceInput(c.definition("good"), 2))
	victim := c.tasks(types.DesiredStatusRunning)[0]
	ip := *victim.Containers[0].NetworkInterfaces[0].PrivateIpv4Address
	c.loop.Do(func() { c.targets.set(group, ip, 8080, "unhealthy") })
	c.until("the victim is told to stop", func(types.Service) bool { return len(c.tasks(types.DesiredStatusStopped)) == 1 })
	if got := c.healthy(); got != 2 {
		t.Errorf("%d healthy targets when the victim stops, want 2", got)
	}
	got := c.tasks(types.DesiredStatusStopped)[0]
	if *got.TaskArn != *victim.TaskArn || got.StopCode != types.TaskStopCodeServiceSchedulerInitiated ||
		*got.StoppedReason != "Task failed ELB health checks in (target-group "+group+")" {
		t.Errorf("stopped %s, %s, %q; want the victim for its health", *got.TaskArn, got.StopCode, *got.StoppedReason)
	}
	c.loop.RunFor(time.Minute)
	svc := c.service()
	if svc.RunningCount != 2 || !completed(svc) {
		t.Errorf("%s, want 2 running and no deployment", summary(svc))
	}
	if !strings.Contains(messages(svc), "(port 8080) is unhealthy in (target-group "+group+") due to (reason Health checks failed).") {
		t.Errorf("service events do not tell of it:\n%s", messages(svc))
	}
	if names := c.named(deploymentChange); len(names) != 0 {
		t.Errorf("deployment events %v, want none", names)
	}
}

func TestUnhealthyTaskStaysDuringItsGracePeriod(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := serviceInput(c.definition("sick"), 1)
	in.HealthCheckGracePeriodSeconds = aws.Int32(600)
	c.create(in)
	c.until("running", func(svc types.Service) bool { return svc.RunningCount == 1 })
	c.loop.RunFor(590 * time.Second)
	if n := len(c.runner.specs); n != 1 {
		t.Errorf("%d tasks started in the grace period, want 1", n)
	}
	c.loop.RunFor(time.Minute)
	if n := len(c.runner.specs); n != 2 {
		t.Errorf("%d tasks started after the grace period, want a second", n)
	}
}

func TestTaskThatExitsIsReplaced(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.steady(serviceInput(c.definition("dies"), 1))
	c.until("it has died", func(types.Service) bool { return len(c.tasks(types.DesiredStatusStopped)) == 1 })
	c.loop.RunFor(deprovision)
	got := c.tasks(types.DesiredStatusStopped)[0]
	if got.StopCode != types.TaskStopCodeEssentialContainerExited || *got.StoppedReason != "Essential container in task exited" ||
		*got.Containers[0].ExitCode != 2 || *got.LastStatus != "STOPPED" {
		t.Errorf("%s %s, %q, exit %d; want its essential container exited with 2", *got.LastStatus, got.StopCode, *got.StoppedReason,
			*got.Containers[0].ExitCode)
	}
	c.until("replaced", func(svc types.Service) bool { return svc.RunningCount == 1 })
	c.loop.RunFor(time.Hour)
	for _, task := range c.tasks(types.DesiredStatusStopped) {
		if *task.TaskArn == *got.TaskArn {
			t.Error("the stopped task is still described after an hour")
		}
	}
}

// deprovision is the time from a container's end to its task being STOPPED.
const deprovision = 6 * time.Second

func TestStopTask(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.targets.delay = 2 * time.Minute
	c.steady(serviceInput(c.definition("good"), 1))
	victim := c.tasks(types.DesiredStatusRunning)[0]
	out, err := c.client.StopTask(t.Context(), &sdk.StopTaskInput{Cluster: aws.String("prod"), Task: victim.TaskArn})
	if err != nil {
		t.Fatalf("stop task: %v", err)
	}
	if *out.Task.DesiredStatus != "STOPPED" || out.Task.StopCode != types.TaskStopCodeUserInitiated || *out.Task.StoppedReason != "Task stopped by user" {
		t.Errorf("answer %s %s %q", *out.Task.DesiredStatus, out.Task.StopCode, *out.Task.StoppedReason)
	}
	c.loop.RunFor(c.targets.delay - time.Second)
	if len(c.runner.stops) != 0 {
		t.Error("the container was stopped before its target had drained")
	}
	c.loop.RunFor(2 * time.Second)
	if len(c.runner.stops) != 1 {
		t.Errorf("%d stops after the deregistration delay, want 1", len(c.runner.stops))
	}
	svc := c.service()
	if svc.RunningCount != 1 || svc.Deployments[0].FailedTasks != 0 {
		t.Errorf("%s, want it replaced and not counted as failed", summary(svc))
	}
}

func TestRunnerGetsWhatTheDefinitionSays(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := definitionInput("good")
	container := &in.ContainerDefinitions[0]
	container.EntryPoint, container.Command = []string{"/web"}, []string{"-v"}
	container.Environment = []types.KeyValuePair{{Name: aws.String("MODE"), Value: aws.String("live")}}
	container.Secrets = []types.Secret{{Name: aws.String("TOKEN"), ValueFrom: aws.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:token")}}
	container.StopTimeout = aws.Int32(90)
	if _, err := c.client.RegisterTaskDefinition(t.Context(), in); err != nil {
		t.Fatalf("register task definition: %v", err)
	}
	c.steady(serviceInput("web", 1))
	got := c.runner.specs[0]
	want := ecs.TaskSpec{
		ID: lastPart(*c.tasks(types.DesiredStatusRunning)[0].TaskArn), IP: got.IP, Cluster: "prod", Service: "web",
		TaskDefinitionARN: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
		Containers: []ecs.ContainerSpec{{
			Name: "web", Image: "shop:good", Command: []string{"/web", "-v"},
			Environment: map[string]string{"MODE": "live", "TOKEN": "s3cret"},
			Ports:       []int32{8080}, Essential: true, StopTimeout: 90 * time.Second,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
}

func TestTaskWithAnUnreadableSecretFailsToStart(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	in := definitionInput("good")
	in.ContainerDefinitions[0].Secrets = []types.Secret{{Name: aws.String("TOKEN"), ValueFrom: aws.String("nowhere")}}
	if _, err := c.client.RegisterTaskDefinition(t.Context(), in); err != nil {
		t.Fatalf("register task definition: %v", err)
	}
	c.create(serviceInput("web", 1))
	c.until("it has failed", func(svc types.Service) bool { return svc.Deployments[0].FailedTasks == 1 })
	got := c.tasks(types.DesiredStatusStopped)[0]
	want := "ResourceInitializationError: unable to pull secrets or registry auth: no secret nowhere"
	if got.StopCode != types.TaskStopCodeTaskFailedToStart || *got.StoppedReason != want {
		t.Errorf("%s %q, want TaskFailedToStart %q", got.StopCode, *got.StoppedReason, want)
	}
}

func TestSteadyStateIsRepeated(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.steady(serviceInput(c.definition("good"), 1))
	c.loop.RunFor(13 * time.Hour)
	want := []string{"SERVICE_STEADY_STATE", "SERVICE_STEADY_STATE"}
	if diff := cmp.Diff(want, c.named("ECS Service Action")); diff != "" {
		t.Errorf("service actions in 13 hours (-want +got):\n%s", diff)
	}
}

func TestTaskCanBeStoppedBeforeItRuns(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.create(serviceInput(c.definition("slow"), 1))
			c.loop.RunFor(after)
			c.update(&sdk.UpdateServiceInput{DesiredCount: aws.Int32(0)})
			svc := c.until("completed", completed)
			c.loop.RunFor(10 * time.Minute)
			got := c.tasks(types.DesiredStatusStopped)[0]
			if *got.LastStatus != "STOPPED" || got.StopCode != types.TaskStopCodeServiceSchedulerInitiated || got.StartedAt != nil {
				t.Errorf("%s %s, started at %v; want it STOPPED by the scheduler and never started", *got.LastStatus, got.StopCode, got.StartedAt)
			}
			if svc.Deployments[0].FailedTasks != 0 {
				t.Errorf("failed tasks %d, want 0", svc.Deployments[0].FailedTasks)
			}
		})
	}
}
