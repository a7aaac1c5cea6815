package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// What happens to tasks and services later.
type (
	taskAt struct {
		service *Service
		task    *task
	}
	serviceAt struct {
		ecs     *Service
		service *service
	}
	pulling    taskAt // its images, when it has been provisioned
	pulled     taskAt
	activated  taskAt
	registered taskAt // again, where it could not be
	stopped    taskAt
	scheduled  serviceAt // the scheduler looks at it
	woken      serviceAt // the scheduler is to look at it
	steady     serviceAt // it may still be
	// forgotten is a task that stopped long ago.
	forgotten struct {
		service *Service
		task    string
	}
	// drained is told of each target of a task.
	drained struct {
		service *Service
		task    *task
		left    int
		stop    bool // the task, in the end
	}
)

// What may stand in interfaces of task definitions and services.
var (
	_ = keep.Type[*types.SharingStrategyMemberNvidiaMps]()
	_ = keep.Type[*types.ServiceConnectContainerConfigurationMemberLogLevel]()
)

var (
	_ = keep.Type[pulling]()
	_ = keep.Type[pulled]()
	_ = keep.Type[activated]()
	_ = keep.Type[registered]()
	_ = keep.Type[stopped]()
	_ = keep.Type[scheduled]()
	_ = keep.Type[woken]()
	_ = keep.Type[steady]()
	_ = keep.Type[forgotten]()
	_ = keep.Type[*drained]()
)

// Happen implements loop.Event.
func (p pulling) Happen() {
	s, t := p.service, p.task
	t.pullStartedAt = s.now()
	s.enter(t, taskPending)
	t.next = s.loop.DueIn(s.deps.ProvisionTime-s.deps.ProvisionTime/2, pulled(p))
}

// Happen implements loop.Event.
func (p pulled) Happen() { p.service.start(p.task) }

// Happen implements loop.Event.
func (a activated) Happen() { a.service.run(a.task) }

// Happen implements loop.Event.
func (r registered) Happen() {
	if r.task.wanted() {
		r.service.register(r.task)
	}
}

// Happen implements loop.Event.
func (s stopped) Happen() { s.service.stopped(s.task) }

// Happen implements loop.Event.
func (s scheduled) Happen() {
	s.service.scheduling = nil
	if s.service.status == statusActive {
		s.ecs.schedule(s.service)
	}
}

// Happen implements loop.Event.
func (w woken) Happen() { w.ecs.wake(w.service) }

// Happen implements loop.Event.
func (s steady) Happen() {
	if s.service.steady && s.service.status == statusActive {
		s.ecs.saySteady(s.service)
	}
}

// Happen implements loop.Event.
func (f forgotten) Happen() { delete(f.service.tasks, f.task) }

// Happen implements loop.Event.
func (d *drained) Happen() {
	if d.left--; d.left == 0 {
		d.finish()
	}
}

func (d *drained) finish() {
	if d.stop {
		d.service.terminate(d.task)
	}
}
