package ecs

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// taskStatus is a step of a task's life, in the order of AWS (AWS: ECS Developer
// Guide, task lifecycle).
type taskStatus int

const (
	taskProvisioning taskStatus = iota
	taskPending
	taskActivating
	taskRunning
	taskDeactivating
	taskStopping
	taskDeprovisioning
	taskStopped
)

func (t taskStatus) String() string {
	return [...]string{
		"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
	}[t]
}

func (t taskStatus) beforeRunning() bool { return t < taskRunning }

type task struct {
	id, arn, ip string
	service     *service
	deployment  *deployment
	lastStatus  taskStatus
	version     int64
	attachment  string
	containers  []*container

	createdAt                                                       time.Time
	pullStartedAt, pullStoppedAt, startedAt, stoppingAt, executedAt *time.Time
	stoppedAt                                                       *time.Time
	stopCode                                                        types.TaskStopCode
	stoppedReason                                                   string

	next       *loop.Timer // of the life before RUNNING
	handed     bool        // to the Runner
	ended      bool        // its containers
	registered map[int]bool
	told       bool            // that it is unhealthy
	mute       map[string]bool // containers whose logs may not be written
}

type container struct {
	definition *types.ContainerDefinition
	arn        string
	exitCode   *int32
	reason     string
}

// wanted reports whether the task is to run, or has been told to stop.
func (t *task) wanted() bool { return t.stopCode == "" }

// launch starts a task of the deployment.
func (s *Service) launch(svc *service, d *deployment) *task {
	id := s.loop.ID(32)
	t := &task{
		id: id, arn: s.arn("task/" + svc.cluster.name + "/" + id), ip: s.newIP(), service: svc, deployment: d,
		createdAt: s.loop.Now(), attachment: s.loop.UUID(), registered: map[int]bool{}, mute: map[string]bool{},
	}
	for i := range d.revision.definition.ContainerDefinitions {
		t.containers = append(t.containers, &container{
			definition: &d.revision.definition.ContainerDefinitions[i],
			arn:        s.arn("container/" + svc.cluster.name + "/" + id + "/" + s.loop.UUID()),
		})
	}
	s.tasks[id] = t
	s.byIP[t.ip] = t
	svc.tasks = append(svc.tasks, t)
	s.tags[t.arn] = s.tagsOfTask(svc, d)
	s.enter(t, taskProvisioning)
	t.next = s.loop.DueIn(s.deps.ProvisionTime/2, pulling{s, t})
	return t
}

// newIP gives each task a private address of its own. A network has a million of
// them, and there are sixteen networks.
func (s *Service) newIP() string {
	s.ips++
	host := s.ips%250 + 4
	net := s.ips / 250
	first := uint32(s.deps.Network%16) * 16 //nolint:gosec // below 16
	return fmt.Sprintf("10.%d.%d.%d", (first+net/256)%256, net%256, host)
}

func (s *Service) tagsOfTask(svc *service, d *deployment) []types.Tag {
	var tags []types.Tag
	switch svc.settings.propagateTags {
	case types.PropagateTagsService:
		tags = slices.Clone(s.tags[svc.arn])
	case types.PropagateTagsTaskDefinition:
		tags = slices.Clone(s.tags[*d.revision.definition.TaskDefinitionArn])
	case types.PropagateTagsNone:
	}
	if svc.settings.managedTags {
		tags = append(tags,
			types.Tag{Key: aws.String("aws:ecs:clusterName"), Value: aws.String(svc.cluster.name)},
			types.Tag{Key: aws.String("aws:ecs:serviceName"), Value: aws.String(svc.name)})
	}
	return tags
}

// enter takes the task to its next step, tells the bus and wakes its scheduler.
func (s *Service) enter(t *task, status taskStatus) {
	t.lastStatus = status
	t.version++
	s.emitTask(t)
	s.wake(t.service)
}

// start hands the task to the Runner.
func (s *Service) start(t *task) {
	if reason := s.forbids(t); reason != "" {
		s.neverRan(t, reason)
		return
	}
	logs, err := s.openLogs(t)
	if err != nil {
		s.neverRan(t, refusedLog+"stream: "+told(err))
		return
	}
	spec, err := s.spec(t, logs)
	if err != nil {
		s.neverRan(t, "ResourceInitializationError: unable to pull secrets or registry auth: "+err.Error())
		return
	}
	s.hand(t, spec)
}

// hand has the Runner run the task.
func (s *Service) hand(t *task, spec TaskSpec) {
	t.handed = true
	s.deps.Runner.Start(spec, TaskEvents{
		Running: func() { s.running(t) },
		Failed:  func(reason string) { s.lost(t, reason) },
		Exited:  func(exitCode int, reason string) { s.exited(t, exitCode, reason) },
	})
}

// spec is what the Runner is to run; logs take the containers' lines.
func (s *Service) spec(t *task, logs map[string]func(string)) (TaskSpec, error) {
	td := t.deployment.revision.definition
	spec := TaskSpec{
		ID: t.id, IP: t.ip, Cluster: t.service.cluster.name, Service: t.service.name, TaskDefinitionARN: *td.TaskDefinitionArn,
	}
	for _, c := range td.ContainerDefinitions {
		out := ContainerSpec{
			Name: *c.Name, Image: *c.Image, Command: slices.Concat(c.EntryPoint, c.Command), Environment: map[string]string{},
			Essential: *c.Essential, StopTimeout: stopTimeout(c), Print: logs[*c.Name],
		}
		for _, pair := range c.Environment {
			out.Environment[aws.ToString(pair.Name)] = aws.ToString(pair.Value)
		}
		for _, secret := range c.Secrets {
			value, err := s.secret(t, aws.ToString(secret.ValueFrom))
			if err != nil {
				return spec, err
			}
			out.Environment[aws.ToString(secret.Name)] = value
		}
		for _, port := range c.PortMappings {
			out.Ports = append(out.Ports, aws.ToInt32(port.ContainerPort))
		}
		spec.Containers = append(spec.Containers, out)
	}
	return spec, nil
}

func (s *Service) secret(t *task, valueFrom string) (string, error) {
	if s.deps.Secret == nil {
		return "", fmt.Errorf("read secret %s: there is no store of secrets", valueFrom)
	}
	return s.deps.Secret(aws.ToString(t.deployment.revision.definition.ExecutionRoleArn), t.arn, valueFrom)
}

// stopTimeout is 30 seconds unless the container says otherwise (AWS: ECS API
// reference, ContainerDefinition).
func stopTimeout(c types.ContainerDefinition) time.Duration {
	if c.StopTimeout == nil {
		return 30 * time.Second
	}
	return time.Duration(*c.StopTimeout) * time.Second
}

// running registers the task as a target, then lets it run.
func (s *Service) running(t *task) {
	if t.lastStatus != taskPending || !t.wanted() {
		return
	}
	t.pullStoppedAt = s.now()
	if len(t.deployment.revision.loadBalancers) == 0 {
		s.run(t)
		return
	}
	s.enter(t, taskActivating)
	s.register(t)
	t.next = s.loop.DueIn(activationTime, activated{s, t})
}

func (s *Service) run(t *task) {
	t.startedAt = s.now()
	d := t.deployment
	d.startFailures, d.notBefore, d.impaired = 0, time.Time{}, false
	s.enter(t, taskRunning)
	if grace := aws.ToInt32(t.service.grace); grace > 0 {
		s.loop.DueIn(time.Duration(grace)*time.Second, woken{s, t.service})
	}
}

// register makes the task a target of its service's groups. Where that fails it
// is said and tried again after a minute.
func (s *Service) register(t *task) {
	svc, missing := t.service, false
	for i, lb := range t.deployment.revision.loadBalancers {
		if t.registered[i] {
			continue
		}
		group := aws.ToString(lb.TargetGroupArn)
		if err := s.deps.Targets.Register(group, t.ip, aws.ToInt32(lb.ContainerPort)); err != nil {
			missing = true
			s.say(svc, "(service "+svc.name+") failed to register targets in (target-group "+group+") with (error "+err.Error()+")")
			continue
		}
		t.registered[i] = true
		s.say(svc, "(service "+svc.name+") registered 1 targets in (target-group "+group+")")
	}
	if missing {
		s.loop.DueIn(time.Minute, registered{s, t})
	}
}

// neverRan ends a task whose containers could not be started.
func (s *Service) neverRan(t *task, reason string) {
	if t.ended {
		return
	}
	t.ended = true
	if t.wanted() {
		t.stopCode, t.stoppedReason = types.TaskStopCodeTaskFailedToStart, reason
		for _, c := range t.containers {
			c.reason = reason
		}
		s.startFailed(t.service, t.deployment, t.createdAt)
		s.taskFailed(t.service, t.deployment)
	}
	s.deprovision(t)
}

// exited ends a task whose essential container has ended.
func (s *Service) exited(t *task, exitCode int, reason string) {
	if t.ended {
		return
	}
	t.ended = true
	t.next.Stop()
	t.executedAt = s.now()
	for _, c := range t.containers {
		if aws.ToBool(c.definition.Essential) {
			c.exitCode, c.reason = aws.Int32(int32(exitCode)), reason //nolint:gosec // exit codes are small
			break
		}
	}
	if t.wanted() {
		t.stopCode, t.stoppedReason = types.TaskStopCodeEssentialContainerExited, "Essential container in task exited"
		t.stoppingAt = s.now()
		s.taskFailed(t.service, t.deployment)
		s.deregister(t, false)
	}
	s.deprovision(t)
}

// stop ends a task as AWS does: its targets drain, its containers are told to
// end, its network interface goes (AWS: ECS Developer Guide, task lifecycle).
func (s *Service) stop(t *task, code types.TaskStopCode, reason string) {
	if !t.wanted() {
		return
	}
	t.stopCode, t.stoppedReason, t.stoppingAt = code, reason, s.now()
	t.next.Stop()
	if !t.handed {
		s.deprovision(t)
		return
	}
	s.enter(t, taskDeactivating)
	s.deregister(t, true)
}

// terminate has the Runner stop a task whose targets have drained.
func (s *Service) terminate(t *task) {
	if t.lastStatus != taskDeactivating {
		return
	}
	s.enter(t, taskStopping)
	s.settle(t.service)
	var grace time.Duration
	for _, c := range t.containers {
		grace = max(grace, stopTimeout(*c.definition))
	}
	s.deps.Runner.Stop(t.id, grace)
}

// deregister drains the task's targets, and then terminates it if it is to be stopped.
func (s *Service) deregister(t *task, stop bool) {
	svc := t.service
	d := &drained{service: s, task: t, left: len(t.registered), stop: stop}
	if d.left == 0 {
		d.finish()
		return
	}
	for i, lb := range t.deployment.revision.loadBalancers {
		if !t.registered[i] {
			continue
		}
		group := aws.ToString(lb.TargetGroupArn)
		s.say(svc, "(service "+svc.name+") deregistered 1 targets in (target-group "+group+")")
		s.deps.Targets.Deregister(group, t.ip, aws.ToInt32(lb.ContainerPort), d)
	}
	clear(t.registered)
	s.say(svc, "(service "+svc.name+", taskSet "+t.deployment.id+") has begun draining connections on 1 tasks.")
}

func (s *Service) deprovision(t *task) {
	if t.lastStatus >= taskDeprovisioning {
		return
	}
	s.enter(t, taskDeprovisioning)
	s.settle(t.service)
	s.loop.DueIn(deprovisionTime, stopped{s, t})
}

// stopped takes a task out of its service, to be shown for a while.
func (s *Service) stopped(t *task) {
	t.stoppedAt = s.now()
	svc := t.service
	svc.tasks = slices.DeleteFunc(svc.tasks, func(other *task) bool { return other == t })
	delete(s.byIP, t.ip)
	delete(s.tags, t.arn)
	s.enter(t, taskStopped)
	s.loop.DueIn(stoppedTaskRetention, forgotten{s, t.id})
}
