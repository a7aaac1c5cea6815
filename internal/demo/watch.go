package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// watcher looks at the environment again and again, mostly as anybody could who
// has an AWS SDK, and tells what is new.
type watcher struct {
	env *environment

	last      time.Time            // of the last look, on the cloud's clock
	lastEvent string               // ID of the newest event seen
	writes    int                  // changes of the rule seen
	said      int                  // lines of the demo's own seen
	decisions map[string]int       // seen, by rollout
	settling  map[string]time.Time // when a rollout's Settle was first seen
	healthy   [2]int               // by slot, at the last look
	versions  map[string]string    // by task definition
	past      []reading            // of the last second
}

// reading is what had flowed at a moment.
type reading struct {
	at    time.Time // of the wall clock
	load  Counts
	flows [2]flow
}

func newWatcher(e *environment) *watcher {
	return &watcher{env: e, decisions: map[string]int{}, settling: map[string]time.Time{}, versions: map[string]string{}}
}

// slots are the two, in the order in which they are shown.
func slots() [2]rollout.Slot { return [2]rollout.Slot{rollout.Blue, rollout.Green} }

// look gives the state, and what has happened since the last look, in order.
func (w *watcher) look(ctx context.Context) (State, []Happening, error) {
	e := w.env
	s := State{Speed: e.Speed(), Now: e.Now(), Elapsed: time.Since(e.started)}
	news, err := w.news(ctx, &s)
	if err != nil {
		return s, nil, err
	}
	if err := w.lookAtSlots(ctx, &s); err != nil {
		return s, nil, err
	}
	if err := w.lookAtAlarms(ctx, &s); err != nil {
		return s, nil, err
	}
	w.measureRates(&s)
	for i, slot := range s.Slots {
		if slot.Healthy != w.healthy[i] && slot.Healthy == slot.Desired {
			news = append(news, Happening{At: w.last, About: aboutSlot, What: slot.health()})
		}
		w.healthy[i] = slot.Healthy
	}
	for i := range news { // some times are told in whole seconds
		if news[i].At.Before(w.last) {
			news[i].At = w.last
		}
	}
	w.last = s.Now
	slices.SortStableFunc(news, func(a, b Happening) int { return a.At.Compare(b.At) })
	for i := range news {
		news[i].Elapsed = s.Elapsed - e.Wall(s.Now.Sub(news[i].At))
	}
	return s, news, nil
}

// news is what happened to rollouts, on the bus and to the rule.
func (w *watcher) news(ctx context.Context, s *State) ([]Happening, error) {
	e := w.env
	var news []Happening
	executions, err := e.aws.SFN.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &e.Settings.Machine, MaxResults: 5})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	var recent []eventbridge.Event
	put := map[string]time.Time{}
	paths := map[string][]string{}
	e.Do(func() {
		recent = e.EventBridge.Recent()
		maps.Copy(put, e.observed.put)
		for _, write := range e.observed.writes[w.writes:] {
			news = append(news, Happening{At: write.at, About: aboutRule, What: "weights are " + write.weights.String()})
		}
		news = append(news, e.observed.said[w.said:]...)
		w.writes, w.said = len(e.observed.writes), len(e.observed.said)
		for _, x := range executions.Executions {
			paths[aws.ToString(x.Name)] = slices.Clone(e.StepFunctions.Path(aws.ToString(x.ExecutionArn)))
		}
	})
	for _, event := range w.unseen(recent) {
		if h, ok := told(event); ok {
			if at, ours := put[event.ID]; ours {
				h.At = at
			}
			news = append(news, h)
		}
	}
	for i, x := range executions.Executions {
		name := aws.ToString(x.Name)
		if i == 0 {
			if err := w.lookAtRollout(ctx, s, name, paths[name]); err != nil {
				return nil, err
			}
		}
		steps, err := w.stepsOf(ctx, name, paths[name], s.Now)
		if err != nil {
			return nil, err
		}
		news = append(news, steps...)
	}
	return news, nil
}

// unseen is the events after the newest that was seen.
func (w *watcher) unseen(recent []eventbridge.Event) []eventbridge.Event {
	seen := slices.IndexFunc(recent, func(e eventbridge.Event) bool { return e.ID == w.lastEvent })
	if len(recent) > 0 {
		w.lastEvent = recent[len(recent)-1].ID
	}
	return recent[seen+1:]
}

// settle is the machine's state that waits by itself: no function records it.
const settle = "Settle"

// stepsOf is what a rollout's steps have done since the last look.
func (w *watcher) stepsOf(ctx context.Context, name string, path []string, now time.Time) ([]Happening, error) {
	decisions, err := w.env.Steps.Store.Decisions(ctx, name)
	if err != nil {
		return nil, err
	}
	var news []Happening
	for _, d := range decisions[w.decisions[name]:] {
		news = append(news, decided(d))
	}
	w.decisions[name] = len(decisions)
	if _, seen := w.settling[name]; !seen && len(path) > 0 && path[len(path)-1] == settle {
		w.settling[name] = now
		news = append(news, Happening{At: now, About: aboutRollout, Rollout: name, What: settle + ": waits until no write can be under way any more"})
	}
	return news, nil
}

// lookAtRollout sees how far the newest rollout is.
func (w *watcher) lookAtRollout(ctx context.Context, s *State, name string, path []string) error {
	s.Rollout = name
	if len(path) > 0 {
		s.Phase = path[len(path)-1]
	}
	record, err := w.env.Steps.Store.Record(ctx, name)
	if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
		return err
	}
	if record.Outcome != "" {
		s.Phase = string(record.Outcome)
		return nil
	}
	env, err := w.env.Steps.Store.Environment(ctx, w.env.place)
	if err != nil {
		return err
	}
	if since, ok := w.settling[name]; ok && s.Phase == settle {
		s.Wait = &Wait{For: "every write in flight to land", Until: since.Add(w.env.settleTime)}
	}
	if token := env.Token; token != nil && env.Rollout == name && string(token.Phase) == s.Phase {
		s.Wait = &Wait{For: waitsFor(token.Phase), Until: token.Until}
	}
	return nil
}

// waitsFor says what a state waits for.
func waitsFor(phase rollout.Phase) string {
	switch phase { //nolint:exhaustive // the others do not wait
	case rollout.PhaseLock:
		return "the rollout before it to end"
	case rollout.PhaseAwaitCanary:
		return "a healthy canary"
	case rollout.PhaseBake:
		return "the bake to pass"
	case rollout.PhaseGuard:
		return "the guard to run out"
	default:
		return "somebody to go on"
	}
}

// lookAtSlots sees weights, tasks and versions.
func (w *watcher) lookAtSlots(ctx context.Context, s *State) error {
	e := w.env
	weights, err := e.weights(ctx)
	if err != nil {
		return err
	}
	spec := e.spec.Environments[0]
	services, err := e.Steps.Reach(awsclient.Away{}).Services.Describe(ctx, spec.Cluster, spec.Slots)
	if err != nil {
		return err
	}
	for _, name := range slots() {
		service := services[name]
		slot := Slot{Name: name, Weight: weights.Of(name), Desired: service.Desired, Running: service.Running}
		if slot.Healthy, err = e.Steps.Reach(awsclient.Away{}).Traffic.Healthy(ctx, e.groups().Of(name)); err != nil {
			return err
		}
		if service.Desired > 0 {
			if slot.Version, err = w.version(ctx, service.Primary().TaskDefinition); err != nil {
				return err
			}
		}
		s.Slots = append(s.Slots, slot)
	}
	return nil
}

// version is which version of the app a task definition runs.
func (w *watcher) version(ctx context.Context, taskDefinition string) (string, error) {
	if version, ok := w.versions[taskDefinition]; ok {
		return version, nil
	}
	out, err := w.env.aws.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &taskDefinition})
	if err != nil {
		return "", fmt.Errorf("read task definition %s: %w", taskDefinition, err)
	}
	version := w.env.versionOf(aws.ToString(out.TaskDefinition.ContainerDefinitions[0].Image))
	w.versions[taskDefinition] = version
	return version, nil
}

func (w *watcher) lookAtAlarms(ctx context.Context, s *State) error {
	out, err := w.env.aws.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(w.env.spec.App + "-")})
	if err != nil {
		return fmt.Errorf("read alarms: %w", err)
	}
	for _, a := range out.MetricAlarms {
		s.Alarms = append(s.Alarms, Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue)})
	}
	slices.SortFunc(s.Alarms, func(a, b Alarm) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// rateSpan is what rates are the mean of, in wall time.
const rateSpan = time.Second

// measureRates sees what flowed in the last second.
func (w *watcher) measureRates(s *State) {
	now := reading{at: time.Now(), load: w.env.load.Counts()}
	w.env.Do(func() {
		for i, slot := range slots() {
			now.flows[i] = w.env.observed.flows[w.env.groups().Of(slot)]
		}
	})
	w.past = append(w.past, now)
	for len(w.past) > 1 && now.at.Sub(w.past[1].at) >= rateSpan {
		w.past = w.past[1:]
	}
	before := w.past[0]
	over := now.at.Sub(before.at)
	s.Rate, s.Failed = rate(now.load.Requests-before.load.Requests, over), now.load.Failed
	for i := range s.Slots {
		requests := now.flows[i].requests - before.flows[i].requests
		s.Slots[i].Rate = rate(requests, over)
		s.Slots[i].Errors = percent(now.flows[i].failed-before.flows[i].failed, requests)
	}
}
