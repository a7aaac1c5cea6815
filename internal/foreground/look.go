package foreground

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// lookLater looks at the account in a while, and again and again from then on: no event
// of the account comes here. It runs on the loop.
func (e *Engine) lookLater() {
	e.After(interval, func() {
		if !e.closed {
			e.Go(e.look, e.lookLater)
		}
	})
}

// look puts an event on the private bus for each alarm that has become red and each
// service whose deployments have changed, as CloudWatch and ECS do in the account. What
// is registered is looked at: an earlier process may have had another spec.
func (e *Engine) look(ctx context.Context) {
	app, err := e.Steps.Store.App(ctx, e.spec.App)
	if rollout.KindOf(err) == rollout.KindNotFound {
		return // nothing is registered yet
	}
	if err != nil {
		e.unseen(ctx, "", err)
	}
	for _, env := range app.Spec.Environments {
		if err := e.lookAt(ctx, env); err != nil {
			e.unseen(ctx, env.Name, err)
		}
	}
}

// unseen tells why the account was not looked at.
func (e *Engine) unseen(ctx context.Context, environment string, err error) {
	e.log.LogAttrs(ctx, slog.LevelWarn, "not seen", slog.String("environment", environment), slog.String("reason", err.Error()))
}

func (e *Engine) lookAt(ctx context.Context, env rollout.Environment) error {
	reach := e.Steps.Reach(awsclient.Away{Region: env.Region, Role: env.Role})
	services, err := reach.Services.Describe(ctx, env.Cluster, env.Slots)
	if err != nil {
		return err
	}
	near, err := arn.Parse(services[rollout.Blue].ARN)
	if err != nil {
		return fmt.Errorf("service ARN %q: %w", services[rollout.Blue].ARN, err)
	}
	for _, service := range services {
		e.service(service)
	}
	return e.lookAtAlarms(ctx, env, reach.Alarms, near)
}

// overlap is for how long before the last look alarms are looked at again: what CloudWatch
// shows may be late.
const overlap = time.Minute

// lookAtAlarms tells of each time that an alarm went red since the last look, also where it
// is green again by now. Where that history may not be read, it tells of those that are red.
func (e *Engine) lookAtAlarms(ctx context.Context, env rollout.Environment, reader alarms.Reader, near arn.ARN) error {
	now := e.Now()
	since, looked := e.looked[env.Name]
	if !looked {
		since = now
	}
	reds, missed := reader.Reddened(ctx, env.AlarmNames(), since.Add(-overlap))
	states, err := reader.Read(ctx, env.AlarmNames())
	if err != nil {
		return err
	}
	for _, alarm := range states {
		name := alarms.ARN(near, alarm.Name)
		if e.changed(name, string(alarm.State)) && alarm.State == rollout.AlarmRed && missed != nil {
			e.alarm(name, alarm.Name, now)
		}
	}
	for _, red := range slices.Backward(reds) {
		name := alarms.ARN(near, red.Name)
		if looked && e.changed(name+" at "+red.At.String(), "red") {
			e.alarm(name, red.Name, red.At)
		}
	}
	if missed == nil {
		e.looked[env.Name] = now
	}
	return missed
}

// alarm tells of an alarm that went red (events/cloudwatch-alarm.json).
func (e *Engine) alarm(arn, name string, at time.Time) {
	e.emit("aws.cloudwatch", "CloudWatch Alarm State Change", arn, map[string]any{
		"alarmName": name, "state": map[string]string{"value": string(rollout.AlarmRed), "timestamp": at.Format("2006-01-02T15:04:05.000-0700")},
	})
}

// service tells of a service's deployments (events/ecs-deployment-completed.json).
func (e *Engine) service(s ecsservice.Service) {
	d := s.Primary()
	now := fmt.Sprint(d.ID, d.State, s.Running, s.Pending)
	if !e.changed(s.ARN, now) {
		return
	}
	e.emit("aws.ecs", "ECS Deployment State Change", s.ARN, map[string]string{
		"eventName": "SERVICE_DEPLOYMENT_" + cmp.Or(d.State, "IN_PROGRESS"), "deploymentId": d.ID, "reason": d.Reason,
	})
}

// changed keeps how something is and reports whether that is new.
func (e *Engine) changed(arn, now string) bool {
	was := e.seen[arn]
	e.seen[arn] = now
	return was != now
}

func (e *Engine) emit(source, detailType, resource string, detail any) {
	e.Post(func() { e.EventBridge.Emit(source, detailType, []string{resource}, detail) })
}
