package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// slots are the two, in the order in which they are shown.
func slots() [2]rollout.Slot { return [2]rollout.Slot{rollout.Blue, rollout.Green} }

// lookAtSlots sees weights, tasks and versions.
func (w *watcher) lookAtSlots(ctx context.Context, p *Place, e *environment) error {
	weights, err := w.world.weights(ctx, e)
	if err != nil {
		return err
	}
	away := w.world.Steps.Reach(awsclient.Away{})
	services, err := away.Services.Describe(ctx, e.spec.Cluster, e.spec.Slots)
	if err != nil {
		return err
	}
	for _, name := range slots() {
		service := services[name]
		slot := Slot{Name: name, Weight: weights.Of(name), Desired: service.Desired, Running: service.Running}
		if slot.Healthy, err = away.Traffic.Healthy(ctx, e.groups().Of(name)); err != nil {
			return err
		}
		if service.Desired > 0 {
			if slot.Version, err = w.version(ctx, service.Primary().TaskDefinition); err != nil {
				return err
			}
		}
		p.Slots = append(p.Slots, slot)
	}
	return nil
}

// health is which slots have just become as healthy as they should be.
func (w *watcher) health(s *State) []Happening {
	var news []Happening
	for _, p := range s.Places {
		for _, slot := range p.Slots {
			key := p.Name + " " + string(slot.Name)
			if slot.Healthy != w.healthy[key] && slot.Healthy == slot.Desired {
				news = append(news, Happening{At: w.last, About: aboutSlot, What: slot.health(p.Name)})
			}
			w.healthy[key] = slot.Healthy
		}
	}
	return news
}

// version is which version of the app a task definition runs.
func (w *watcher) version(ctx context.Context, taskDefinition string) (string, error) {
	if version, ok := w.versions[taskDefinition]; ok {
		return version, nil
	}
	out, err := w.world.aws.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &taskDefinition})
	if err != nil {
		return "", fmt.Errorf("read task definition %s: %w", taskDefinition, err)
	}
	version := w.world.versionOf(aws.ToString(out.TaskDefinition.ContainerDefinitions[0].Image))
	w.versions[taskDefinition] = version
	return version, nil
}

// lookAtAlarms sees the alarms that the environment watches.
func (w *watcher) lookAtAlarms(ctx context.Context, p *Place, e *environment) error {
	var names []string
	for _, alarm := range e.spec.Alarms {
		for _, slot := range slots() {
			names = append(names, strings.ReplaceAll(alarm, "{slot}", string(slot)))
		}
	}
	out, err := w.world.aws.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	if err != nil {
		return fmt.Errorf("read alarms: %w", err)
	}
	for _, a := range out.MetricAlarms {
		p.Alarms = append(p.Alarms, rollout.Alarm{
			Name: strings.TrimPrefix(aws.ToString(a.AlarmName), e.alarmPrefix()), State: rollout.AlarmState(a.StateValue),
		})
	}
	slices.SortFunc(p.Alarms, func(a, b rollout.Alarm) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// reading is what had flowed at a moment.
type reading struct {
	at     time.Time // of the wall clock
	places [][2]flow // by slot
}

// rateSpan is what rates are the mean of, in wall time. Staging has a few requests in
// it.
const rateSpan = 2 * time.Second

// measureRates sees what flowed lately.
func (w *watcher) measureRates(s *State) {
	now := reading{at: time.Now()}
	w.world.Do(func() {
		for _, e := range w.world.environments() {
			groups := e.groups()
			now.places = append(now.places, [2]flow{w.world.observed.flows[groups.Blue], w.world.observed.flows[groups.Green]})
		}
	})
	w.past = append(w.past, now)
	for len(w.past) > 1 && now.at.Sub(w.past[1].at) >= rateSpan {
		w.past = w.past[1:]
	}
	before := w.past[0]
	over := now.at.Sub(before.at)
	s.Failed = w.world.production.load.Counts().Failed
	for i := range s.Places {
		p := &s.Places[i]
		for j := range p.Slots {
			requests := now.places[i][j].requests - before.places[i][j].requests
			p.Slots[j].Rate = rate(requests, over)
			p.Slots[j].Errors = percent(now.places[i][j].failed-before.places[i][j].failed, requests)
		}
	}
}
