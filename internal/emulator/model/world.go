// Package model is the world around the emulated cloud on virtual time: tasks
// that run no process but behave as their image is said to, and clients whose
// requests are reckoned instead of sent.
//
// Nothing in it is random. A share of requests is dealt out exactly, what is left
// over being carried forward, so the same behaviours and loads give the same
// answers to the last request.
package model

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// World runs tasks, as ECS's Runner, and carries requests, as the load
// balancers' Traffic. Its methods must be called on the loop.
type World struct {
	// Observe takes what flowed: the load balancing service's Observe.
	Observe func(elbv2.Sample)
	// Default is how an image behaves about which nothing is said.
	Default Behaviour
	// Every is how often requests are reckoned, and also whenever a load
	// balancer's routes change. It must divide a minute.
	Every time.Duration

	loop      *loop.Loop
	images    map[string]Behaviour
	tasks     map[string]*task
	byIP      map[string]*task
	balancers map[string]*balancer
	loads     []*Load
	tick      *loop.Timer
	groups    map[string]*Count
	versions  map[string]*Count
}

// New gives a world without tasks or load, in which images are good: up after
// ten seconds, healthy five later, answering every request in twenty
// milliseconds.
func New(l *loop.Loop) *World {
	return &World{
		Observe: func(elbv2.Sample) {},
		Default: Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second},
		Every:   time.Second,

		loop:      l,
		images:    map[string]Behaviour{},
		tasks:     map[string]*task{},
		byIP:      map[string]*task{},
		balancers: map[string]*balancer{},
		groups:    map[string]*Count{},
		versions:  map[string]*Count{},
	}
}

// Move has the world go on around another cloud, on a loop that continues the one of
// before. Tasks that run go on when they are started there; what was to happen to them
// later does not.
func (w *World) Move(l *loop.Loop) {
	w.loop, w.tick = l, nil
	for _, t := range w.tasks {
		t.timers = nil
	}
	if len(w.loads) > 0 {
		w.setTick()
	}
}

// Count is how many requests were sent somewhere and how many of them failed:
// were answered with 5xx or not at all.
type Count struct {
	Requests, Failed int
}

// ToGroup counts the requests for which the target group was chosen, also those
// it had no target for.
func (w *World) ToGroup(targetGroupARN string) Count { return read(w.groups, targetGroupARN) }

// ToVersion counts the requests that tasks of the task definition were sent.
func (w *World) ToVersion(taskDefinitionARN string) Count { return read(w.versions, taskDefinitionARN) }

func read(counts map[string]*Count, key string) Count {
	if count := counts[key]; count != nil {
		return *count
	}
	return Count{}
}

func count(counts map[string]*Count, key string, requests, failed int) {
	c := counts[key]
	if c == nil {
		c = &Count{}
		counts[key] = c
	}
	c.Requests += requests
	c.Failed += failed
}

// inOrder gives a map's values in the order of their keys.
func inOrder[V any](m map[string]V) []V {
	values := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}
