package model

import (
	"context"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Exit codes of processes that were ended by a signal.
const exitKilled = 137

// task is one task and its containers.
type task struct {
	spec       ecs.TaskSpec
	events     ecs.TaskEvents
	containers []*container
	started    time.Time // zero before it runs
	stopping   bool
	timers     []*loop.Timer
}

// container is one container as it behaves.
type container struct {
	ecs.ContainerSpec
	Behaviour
	owed float64 // errors not yet dealt out
}

// Start starts a task: it runs when its slowest container does, and fails if one
// of them fails to start.
func (w *World) Start(spec ecs.TaskSpec, events ecs.TaskEvents) {
	if t := w.tasks[spec.ID]; t != nil && !t.started.IsZero() { // it has run all the time (Move)
		t.events = events
		return
	}
	t := &task{spec: spec, events: events}
	var startAfter time.Duration
	reason := ""
	for _, c := range spec.Containers {
		b := w.behaviour(c.Image)
		t.containers = append(t.containers, &container{ContainerSpec: c, Behaviour: b})
		startAfter = max(startAfter, b.StartAfter)
		if reason == "" {
			reason = b.FailsToStart
		}
	}
	w.tasks[spec.ID], w.byIP[spec.IP] = t, t
	t.after(w.loop, startAfter, func() {
		if reason != "" {
			w.forget(t)
			events.Failed(reason)
			return
		}
		w.run(t)
	})
}

func (w *World) run(t *task) {
	t.started = w.loop.Now()
	for _, c := range t.containers {
		for _, line := range c.Prints {
			if c.Print != nil {
				c.Print(line)
			}
		}
		if c.Essential && c.ExitsAfter > 0 {
			t.after(w.loop, c.ExitsAfter, func() { w.exit(t, c.ExitCode) })
		}
	}
	t.events.Running()
}

// after sets a timer that ends with the task.
func (t *task) after(l *loop.Loop, d time.Duration, f func()) {
	t.timers = append(t.timers, l.After(d, f))
}

// Stop ends a task: its containers take as long as they take, at most grace.
// From now on it takes no connections.
func (w *World) Stop(taskID string, grace time.Duration) {
	t := w.tasks[taskID]
	if t == nil || t.stopping {
		return
	}
	t.stopping = true
	code, takes := 0, time.Duration(0)
	for _, c := range t.containers {
		if !t.started.IsZero() {
			takes = max(takes, c.StopsAfter)
		}
	}
	if takes > grace {
		code, takes = exitKilled, grace
	}
	t.stopTimers()
	t.after(w.loop, takes, func() { w.exit(t, code) })
}

func (w *World) exit(t *task, code int) {
	w.forget(t)
	t.events.Exited(code, "Essential container in task exited")
}

func (w *World) forget(t *task) {
	t.stopTimers()
	delete(w.tasks, t.spec.ID)
	if w.byIP[t.spec.IP] == t {
		delete(w.byIP, t.spec.IP)
	}
}

func (t *task) stopTimers() {
	for _, timer := range t.timers {
		timer.Stop()
	}
	t.timers = nil
}

// listener gives the container that listens on a port of an address, or nil when
// nothing takes connections there.
func (w *World) listener(ip string, port int32) (*task, *container) {
	t := w.byIP[ip]
	if t == nil || t.started.IsZero() || t.stopping {
		return nil, nil
	}
	for _, c := range t.containers {
		if slices.Contains(c.Ports, port) {
			return t, c
		}
	}
	return nil, nil
}

// Probe makes a health check. Addresses that are gone do not answer; a container
// that is not healthy answers with a 503.
func (w *World) Probe(target elbv2.Target, check elbv2.HealthCheck, done func(status int, err error)) {
	timeout := func() { w.loop.After(check.Timeout, func() { done(0, context.DeadlineExceeded) }) }
	if w.byIP[target.IP] == nil {
		timeout()
		return
	}
	t, c := w.listener(target.IP, check.Port)
	if c == nil {
		done(0, syscall.ECONNREFUSED)
		return
	}
	since := w.loop.Now().Sub(t.started)
	switch {
	case c.latency(since) >= check.Timeout:
		timeout()
	case c.healthy(since):
		done(http.StatusOK, nil)
	default:
		done(http.StatusServiceUnavailable, nil)
	}
}
