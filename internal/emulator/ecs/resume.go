package ecs

import (
	"maps"
	"slices"
)

// Resume has the containers of all tasks that ran started again, as the tasks that they
// were: services, targets and addresses are as before. Those that were about to end
// have ended. It must be called on the loop.
func (s *Service) Resume() error {
	for _, id := range slices.Sorted(maps.Keys(s.tasks)) {
		t := s.tasks[id]
		if !t.handed || t.ended {
			continue
		}
		if t.lastStatus == taskStopping {
			s.loop.Post(func() { s.exited(t, 0, "") })
			continue
		}
		s.loop.Post(func() { s.restart(t) })
	}
	return nil
}

// restart hands a task to the Runner once more.
func (s *Service) restart(t *task) {
	logs, err := s.openLogs(t)
	if err != nil {
		s.lost(t, refusedLog+"stream: "+told(err))
		return
	}
	spec, err := s.spec(t, logs)
	if err != nil {
		s.lost(t, "ResourceInitializationError: unable to pull secrets or registry auth: "+err.Error())
		return
	}
	s.hand(t, spec)
}

// lost ends a task that cannot be run, or not any more.
func (s *Service) lost(t *task, reason string) {
	if t.startedAt != nil && t.wanted() {
		s.exited(t, 1, reason)
		return
	}
	s.neverRan(t, reason)
}
