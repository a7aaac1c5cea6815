package lambda

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

var _ = keep.Type[map[string]string]() // principals

// Busy is how many invocations run. It must be called on the loop.
func (s *Service) Busy() int {
	n := s.running
	for _, f := range s.functions {
		if f.reserved != nil {
			n += f.running
		}
	}
	return n
}

// Resume has everything go on that was kept. The code of packages is made again; other
// code has to be brought by Recode. An invocation that was under way has died: its event
// is tried again like any that failed. It must be called on the loop.
func (s *Service) Resume() error {
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		f := s.functions[name]
		for _, v := range append([]*version{f.latest}, f.versions...) {
			if err := s.restart(name, &v.code); err != nil {
				return err
			}
		}
		for _, own := range f.settings {
			if own.url != nil {
				s.serveAt(own.url)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.attempted)) {
		e := s.attempted[id]
		s.loop.Post(func() {
			if t, err := s.find(e.function, e.qualifier); err == nil {
				e.ended(t, (&Invocation{RequestID: e.id}).report(outcome{err: Exited(e.id, "the local cloud was stopped")}))
			}
		})
	}
	return nil
}

// restart makes code of its package again.
func (s *Service) restart(function string, c *Code) error {
	if c.Zip == nil || s.deps.Package == nil {
		c.Start = func(context.Context, Environment) (Handler, error) {
			return nil, fmt.Errorf("this cloud has no code of function %s that it can run; update the function's code", function)
		}
		return nil
	}
	code, err := s.deps.Package(c.Zip)
	if err != nil {
		return fmt.Errorf("unpack function %s: %w", function, err)
	}
	*c = code
	return nil
}

// Recode is Provide for a cloud that goes on: all versions of the function that have the
// code that was provided have this one. It must be called on the loop.
func (s *Service) Recode(name string, code Code) {
	was := s.provided[name]
	s.provided[name] = code
	f := s.functions[name]
	if f == nil {
		return
	}
	for _, v := range append([]*version{f.latest}, f.versions...) {
		if v.code.SHA256 == was.SHA256 {
			v.code = code
		} else { // a client brought a package, for which it stands
			v.code.Start = code.Start
		}
	}
}
