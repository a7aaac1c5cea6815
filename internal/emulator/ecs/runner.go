package ecs

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Runner runs the containers of tasks. Its methods are called on the loop; the
// functions in TaskEvents must be called on the loop too.
type Runner interface {
	// Start starts the containers. Running follows, or Failed; after Running,
	// Exited once.
	Start(task TaskSpec, events TaskEvents)
	// Stop sends SIGTERM and, after grace, SIGKILL. Exited follows.
	Stop(taskID string, grace time.Duration)
}

// TaskSpec is what a Runner is to run.
type TaskSpec struct {
	ID, IP, Cluster, Service, TaskDefinitionARN string

	Containers []ContainerSpec
}

// ContainerSpec is one container of a task. Command is the entry point and its
// arguments; Environment includes the values of secrets.
type ContainerSpec struct {
	Name, Image string
	Command     []string
	Environment map[string]string
	Ports       []int32
	Essential   bool
	StopTimeout time.Duration
	// Print takes a line that the container prints, for its log. It may be called from
	// anywhere; nil is a container without a log that is kept.
	Print func(line string)
}

// TaskEvents is how a Runner tells what became of a task.
type TaskEvents struct {
	// Running says that all containers run.
	Running func()
	// Failed says that the task never ran; reason is its stoppedReason, such as
	// "CannotPullContainerError: ...". It may be what follows Stop before Running.
	Failed func(reason string)
	// Exited says that an essential container has ended, by itself or after Stop,
	// and with it all others.
	Exited func(exitCode int, reason string)
}

// Targets registers the addresses of tasks in target groups. Its methods are
// called on the loop.
type Targets interface {
	// Register makes an address a target.
	Register(targetGroupARN, ip string, port int32) error
	// Deregister begins to drain a target; drained happens after the group's
	// deregistration delay.
	Deregister(targetGroupARN, ip string, port int32, drained loop.Event)
	// State is healthy, initial, unhealthy, unused or draining, or "" when the
	// target is unknown.
	State(targetGroupARN, ip string, port int32) string
	// Watch has fn called on the loop whenever a target's state changed.
	Watch(fn func(targetGroupARN, ip string, port int32, state string))
	// Attached reports whether there is such a target group and a load balancer has
	// it.
	Attached(targetGroupARN string) bool
}
