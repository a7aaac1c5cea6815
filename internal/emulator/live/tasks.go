package live

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
)

// task is one task and its processes.
type task struct {
	host      *Host
	spec      ecs.TaskSpec
	events    ecs.TaskEvents
	processes []*container
	// left counts containers whose outcome is not known: that have not started,
	// and then those that have not ended.
	left    int
	reason  string // why one did not start
	running bool
	ending  bool
	code    int // of the essential container that ended first
	ended   bool
}

// container is a container's process.
type container struct {
	*process.Process

	ended bool // it has been told
}

// Start starts a process for each container. Each gets its environment and, for
// its ports, PORT (the first) and PORT_<port> with the local port to listen on.
func (h *Host) Start(spec ecs.TaskSpec, events ecs.TaskEvents) {
	t := &task{host: h, spec: spec, events: events, left: len(spec.Containers)}
	h.tasks[spec.ID] = t
	for _, c := range spec.Containers {
		command, err := h.command(spec, c)
		if err != nil {
			t.reason = cmp.Or(t.reason, err.Error())
			h.loop.Post(t.settled)
			continue
		}
		h.spawner.Start(command, func(p *process.Process, err error) {
			h.loop.Post(func() { t.started(c, &container{Process: p}, err) })
		})
	}
}

// program gives the program for an image.
func (h *Host) program(image string) (Program, bool) {
	if p, ok := h.options.Programs[image]; ok {
		return p, true
	}
	name, _, _ := strings.Cut(image, "@")
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		name = name[:at]
	}
	p, ok := h.options.Programs[name]
	return p, ok
}

// command makes a container's command and gives its ports local ones.
func (h *Host) command(spec ecs.TaskSpec, c ecs.ContainerSpec) (process.Command, error) {
	program, ok := h.program(c.Image)
	if !ok {
		return process.Command{}, &noImageError{image: c.Image, advice: h.options.Advice}
	}
	made := process.Command{Path: program.Path, Args: program.Args, Output: h.options.Output}
	if c.Print != nil {
		made.Output = io.MultiWriter(h.options.Output, process.Lines(c.Print))
	}
	if len(c.Command) > 0 {
		made.Args = c.Command
	}
	made.Env = append(os.Environ(), program.Env...)
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		made.Env = append(made.Env, name+"="+c.Environment[name])
	}
	for i, port := range c.Ports {
		free, err := freePort()
		if err != nil {
			return process.Command{}, err
		}
		h.addresses[address{spec.IP, port}] = local(free)
		made.Env = append(made.Env, "PORT_"+strconv.Itoa(int(port))+"="+strconv.Itoa(free))
		if i == 0 {
			made.Env = append(made.Env, "PORT="+strconv.Itoa(free))
		}
	}
	return made, nil
}

// freePort gives a port that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", local(0)) //nolint:noctx // a local port is had at once
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().(*net.TCPAddr).Port, nil
}

// noImageError says that an image has no program.
type noImageError struct{ image, advice string }

func (e *noImageError) Error() string {
	text := "CannotPullContainerError: no program stands for the image " + e.image
	if e.advice != "" {
		text += "; " + e.advice
	}
	return text
}

// started takes in that a container's process has started, or has not.
func (t *task) started(c ecs.ContainerSpec, p *container, err error) {
	if err != nil {
		t.reason = cmp.Or(t.reason, "CannotStartContainerError: "+err.Error())
	} else {
		t.processes = append(t.processes, p)
		go func() {
			code := p.Wait()
			t.host.loop.Post(func() { t.exited(p, c.Essential, code) })
		}()
	}
	t.settled()
}

// settled is called when one more container has started or failed to.
func (t *task) settled() {
	t.left--
	if t.left > 0 {
		return
	}
	t.left = 0
	for _, p := range t.processes {
		if !p.ended {
			t.left++
		}
	}
	switch {
	case t.reason != "":
		t.kill()
		t.ended = true
		t.forget()
		t.events.Failed(t.reason)
	case t.ending: // stopped, or ended, before all had started
		t.running = true
		t.stopRest(0)
		t.finish()
	default:
		t.running = true
		t.events.Running()
	}
}

// exited takes in that a container's process has ended.
func (t *task) exited(p *container, essential bool, code int) {
	p.ended = true
	if t.running {
		t.left--
	}
	if essential && !t.ending {
		t.ending, t.code = true, code
		t.stopRest(t.longestStop())
	} else if essential {
		t.code = cmp.Or(t.code, code)
	}
	t.finish()
}

// finish tells of a task whose containers have all ended.
func (t *task) finish() {
	if !t.running || !t.ending || t.left > 0 || t.ended {
		return
	}
	t.ended = true
	t.forget()
	t.events.Exited(t.code, "Essential container in task exited")
}

func (t *task) forget() {
	delete(t.host.tasks, t.spec.ID)
	for _, c := range t.spec.Containers {
		for _, port := range c.Ports {
			delete(t.host.addresses, address{t.spec.IP, port})
		}
	}
}

// longestStop is how long the containers may take to end.
func (t *task) longestStop() time.Duration {
	longest := time.Duration(0)
	for _, c := range t.spec.Containers {
		longest = max(longest, c.StopTimeout)
	}
	return longest
}

// Stop sends SIGTERM and, after grace of cloud time, SIGKILL.
func (h *Host) Stop(taskID string, grace time.Duration) {
	t := h.tasks[taskID]
	if t == nil || t.ending {
		return
	}
	t.ending = true
	if t.running {
		t.stopRest(grace)
	}
}

// stopRest ends the processes that still run.
func (t *task) stopRest(grace time.Duration) {
	for _, p := range t.processes {
		p.Terminate()
	}
	t.host.loop.After(grace, t.kill)
}

// kill ends the processes without asking.
func (t *task) kill() {
	for _, p := range t.processes {
		p.Kill()
	}
}
