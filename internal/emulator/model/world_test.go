package model_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
)

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// world is a World that writes down what it does.
type world struct {
	*model.World
	t      *testing.T
	loop   *loop.Loop
	events []string
	total  map[string]elbv2.Sample // what flowed, by group
}

func newWorld(t *testing.T) *world {
	t.Helper()
	l := loop.NewVirtual(start())
	w := &world{World: model.New(l), t: t, loop: l, total: map[string]elbv2.Sample{}}
	w.Observe = func(s elbv2.Sample) {
		sum := w.total[s.TargetGroupARN]
		sum.Requests += s.Requests
		sum.ELB5XX += s.ELB5XX
		sum.ConnectionErrors += s.ConnectionErrors
		for class := range s.Status {
			sum.Status[class] += s.Status[class]
		}
		w.total[s.TargetGroupARN] = sum
	}
	return w
}

func (w *world) note(format string, args ...any) {
	w.events = append(w.events, w.loop.Now().Sub(start()).String()+" "+fmt.Sprintf(format, args...))
}

// task starts a task with one container that runs image and listens on 8080.
func (w *world) task(id, ip, image string) {
	spec := ecs.TaskSpec{
		ID: id, IP: ip, TaskDefinitionARN: image,
		Containers: []ecs.ContainerSpec{{Name: "web", Image: image, Ports: []int32{8080}, Essential: true}},
	}
	w.loop.Do(func() {
		w.Start(spec, ecs.TaskEvents{
			Running: func() { w.note("%s runs", id) },
			Failed:  func(reason string) { w.note("%s failed: %s", id, reason) },
			Exited:  func(code int, _ string) { w.note("%s exited %d", id, code) },
		})
	})
}

// route configures load balancer "lb" to forward to groups of one target each.
func (w *world) route(weights map[string]int32, targets map[string]string) {
	forward := &elbv2.Forward{}
	config := elbv2.Config{ARN: "lb", Groups: map[string]elbv2.Group{}}
	for _, name := range []string{"blue", "green"} {
		forward.Groups = append(forward.Groups, elbv2.WeightedGroup{ARN: name, Weight: weights[name]})
		group := elbv2.Group{ARN: name}
		if ip := targets[name]; ip != "" {
			group.Targets = []elbv2.Target{{GroupARN: name, IP: ip, Port: 8080}}
		}
		config.Groups[name] = group
	}
	config.Listeners = []elbv2.Listener{{ARN: "listener", Port: 80, Rules: []elbv2.Rule{{ARN: "rule", Forward: forward}}}}
	w.loop.Do(func() { w.Configure(config) })
}

func (w *world) load(perSecond float64) func() {
	var stop func()
	w.loop.Do(func() {
		stop = w.AddLoad(model.Load{LoadBalancerARN: "lb", RequestsPerSecond: func(time.Time) float64 { return perSecond }})
	})
	return func() { w.loop.Do(stop) }
}

func TestTasksBehaveAsTheirImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Image("app:bad", model.Behaviour{StartAfter: time.Second, FailsToStart: "CannotPullContainerError: not found"})
	w.Image("app:crash", model.Behaviour{StartAfter: 2 * time.Second, ExitsAfter: 30 * time.Second, ExitCode: 1})
	w.Image("sha256:0123", model.Behaviour{StartAfter: 3 * time.Second, StopsAfter: time.Minute})
	w.task("bad", "10.0.0.1", "app:bad")
	w.task("crash", "10.0.0.2", "app:crash")
	w.task("slow", "10.0.0.3", "app@sha256:0123")
	w.task("good", "10.0.0.4", "app:good")
	w.loop.RunFor(time.Minute)
	w.loop.Do(func() {
		w.Stop("slow", 30*time.Second)
		w.Stop("good", 30*time.Second)
	})
	w.loop.RunFor(time.Minute)
	want := []string{
		"1s bad failed: CannotPullContainerError: not found", "2s crash runs", "3s slow runs", "10s good runs",
		"32s crash exited 1", "1m0s good exited 0", "1m30s slow exited 137",
	}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := w.loop.Pending(); got != 0 {
		t.Errorf("%d timers are left, want 0", got)
	}
}

func TestHealthChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Image("app:1", model.Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 10 * time.Second, UnhealthyAfter: 40 * time.Second})
	w.Image("app:hung", model.Behaviour{Latency: func(time.Duration) time.Duration { return time.Minute }})
	w.task("1", "10.0.0.1", "app:1")
	w.task("hung", "10.0.0.2", "app:hung")
	probe := func(ip string, port int32) string {
		answer := ""
		w.loop.Await(func(done func()) {
			w.Probe(elbv2.Target{IP: ip, Port: port}, elbv2.HealthCheck{Port: port, Path: "/", Timeout: 5 * time.Second}, func(status int, err error) {
				switch {
				case errors.Is(err, context.DeadlineExceeded):
					answer = "timeout"
				case errors.Is(err, syscall.ECONNREFUSED):
					answer = "refused"
				default:
					answer = fmt.Sprint(status)
				}
				done()
			})
		})
		return answer
	}
	for _, tc := range []struct {
		at   time.Duration
		want string
	}{{0, "refused"}, {15 * time.Second, "503"}, {30 * time.Second, "200"}, {55 * time.Second, "503"}} {
		w.loop.RunUntil(start().Add(tc.at), func() bool { return false })
		if got := probe("10.0.0.1", 8080); got != tc.want {
			t.Errorf("after %s: %s, want %s", tc.at, got, tc.want)
		}
	}
	for _, tc := range []struct {
		ip   string
		port int32
		want string
	}{{"10.0.0.1", 9090, "refused"}, {"10.0.0.9", 8080, "timeout"}, {"10.0.0.2", 8080, "timeout"}} {
		if got := probe(tc.ip, tc.port); got != tc.want {
			t.Errorf("%s:%d: %s, want %s", tc.ip, tc.port, got, tc.want)
		}
	}
}

func TestRequestsFollowWeightsExactly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Image("app:2", model.Behaviour{ErrorShare: func(time.Duration) float64 { return 0.3 }})
	w.Default = model.Behaviour{}
	w.task("blue", "10.0.0.1", "app:1")
	w.task("green", "10.0.0.2", "app:2")
	up := map[string]string{"blue": "10.0.0.1", "green": "10.0.0.2"}
	w.route(map[string]int32{"blue": 90, "green": 10}, up)
	stop := w.load(7.5)
	w.loop.RunFor(200 * time.Second)
	// The change comes between two reckonings and counts from its own time on:
	// of 1503 requests before it a tenth goes to green, of 747 after it all do.
	w.loop.RunFor(500 * time.Millisecond)
	w.route(map[string]int32{"blue": 0, "green": 100}, up)
	w.loop.RunFor(100*time.Second - 500*time.Millisecond)
	stop()
	got := map[string]model.Count{"blue": w.ToGroup("blue"), "green": w.ToGroup("green")}
	want := map[string]model.Count{"blue": {1352, 0}, "green": {898, 269}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got, want := w.ToVersion("app:2"), w.ToGroup("green"); got != want {
		t.Errorf("ToVersion = %v, want %v", got, want)
	}
	if got := w.total["green"]; got.Requests != 898 || got.Status[5] != 269 || got.Status[2] != 629 {
		t.Errorf("observed %+v", got)
	}
}

func TestThereIsNoFailoverBetweenGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Default = model.Behaviour{}
	w.task("blue", "10.0.0.1", "app:1")
	w.route(map[string]int32{"blue": 50, "green": 50}, map[string]string{"blue": "10.0.0.1"})
	stop := w.load(10)
	w.loop.RunFor(10 * time.Second)
	w.route(map[string]int32{"blue": 0, "green": 0}, map[string]string{"blue": "10.0.0.1"})
	w.loop.RunFor(time.Second)
	stop()
	if got, want := w.ToGroup("green"), (model.Count{Requests: 50, Failed: 50}); got != want {
		t.Errorf("ToGroup(green) = %v, want %v", got, want)
	}
	if got := w.total[""].ELB5XX; got != 60 {
		t.Errorf("the load balancer answered %d with 5xx, want 60", got)
	}
}

func TestStoppedTaskTakesNoConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Default = model.Behaviour{StopsAfter: 10 * time.Second}
	w.task("blue", "10.0.0.1", "app:1")
	w.route(map[string]int32{"blue": 1}, map[string]string{"blue": "10.0.0.1"})
	stop := w.load(10)
	w.loop.RunFor(10 * time.Second)
	w.loop.Do(func() { w.Stop("blue", time.Minute) })
	w.loop.RunFor(5 * time.Second)
	stop()
	sum := w.total["blue"]
	if sum.Requests != 150 || sum.ConnectionErrors < 50 || sum.ConnectionErrors != sum.ELB5XX {
		t.Errorf("observed %+v, want 150 requests, at least the last 50 refused and answered with 502", sum)
	}
}

func TestNothingTicksWithoutLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.route(map[string]int32{"blue": 1}, nil)
	if got := w.loop.Pending(); got != 0 {
		t.Errorf("%d timers before a load, want 0", got)
	}
	stop := w.load(1)
	w.loop.RunFor(time.Minute)
	stop()
	if got := w.loop.Pending(); got != 0 {
		t.Errorf("%d timers after it, want 0", got)
	}
}

// The load of an app with two weighted groups, for an hour.
func BenchmarkHourOfLoad(b *testing.B) {
	for b.Loop() {
		l := loop.NewVirtual(start())
		w := model.New(l)
		config := elbv2.Config{ARN: "lb", Groups: map[string]elbv2.Group{}}
		forward := &elbv2.Forward{}
		for i, name := range []string{"blue", "green"} {
			ip := fmt.Sprintf("10.0.0.%d", i)
			w.Start(ecs.TaskSpec{ID: name, IP: ip, Containers: []ecs.ContainerSpec{{Ports: []int32{80}}}}, ecs.TaskEvents{Running: func() {}})
			config.Groups[name] = elbv2.Group{ARN: name, Targets: []elbv2.Target{{GroupARN: name, IP: ip, Port: 80}}}
			forward.Groups = append(forward.Groups, elbv2.WeightedGroup{ARN: name, Weight: 1})
		}
		config.Listeners = []elbv2.Listener{{Rules: []elbv2.Rule{{ARN: "rule", Forward: forward}}}}
		w.Configure(config)
		w.AddLoad(model.Load{RequestsPerSecond: func(time.Time) float64 { return 100 }})
		l.RunFor(time.Hour)
	}
}
