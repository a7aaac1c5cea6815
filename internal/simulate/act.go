package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// verb is something that people or the world can do. A new one is a line in verbs.
type verb struct {
	args int // words that it takes
	do   func(r *Run, args []string) error
	// person says that it is done past Sluice, which may then leave the environment to
	// people.
	person bool
}

// verbs are all that acts can do.
func verbs() map[string]verb {
	return map[string]verb{
		"build":    {args: 2, do: (*Run).build},               // APP BEHAVIOUR
		"again":    {args: 1, do: (*Run).again},               // APP: the event of its last build comes again
		"alarm":    {args: 2, do: (*Run).alarm},               // NAME STATE
		"unalarm":  {args: 2, do: (*Run).unalarm},             // APP ENVIRONMENT: the canary's first alarm is deleted
		"press":    {args: 3, do: (*Run).press},               // PERSON ACTION ROLLOUT
		"rollback": {args: 2, do: (*Run).rollback},            // APP ENVIRONMENT
		"freeze":   {args: 2, do: (*Run).freeze},              // APP SPAN
		"thaw":     {args: 1, do: (*Run).thaw},                // APP
		"repair":   {args: 3, do: (*Run).repair},              // APP ENVIRONMENT MOVE
		"stop":     {args: 1, do: (*Run).stop},                // EXECUTION
		"weigh":    {args: 4, do: (*Run).weigh, person: true}, // APP ENVIRONMENT BLUE GREEN
		"scale":    {args: 3, do: (*Run).scale},               // APP ENVIRONMENT BY: the slot with the traffic
		"grow":     {args: 3, do: (*Run).grow},                // the same by autoscaling
		"redeploy": {args: 2, do: (*Run).redeploy, person: true},
		"crash":    {args: 3, do: (*Run).crash},              // APP ENVIRONMENT canary or stable
		"turn":     {args: 2, do: (*Run).turn},               // APP HOW: how its last build answers from then on
		"throttle": {args: 2, do: (*Run).throttle},           // SERVICE SPAN
		"strike":   {args: 3, do: (*Run).strike},             // KIND FUNCTION OPERATION: a fault for the next such request
		"lose":     {args: 2, do: (*Run).lose},               // SOURCE TEXT: the next event that has the text in it
		"wake":     {args: 1, do: (*Run).wake, person: true}, // EXECUTION: by hand, in Step Functions itself
	}
}

// begin sets going what has its moment counted from the run's beginning.
func (r *Run) begin() { r.comeTo("", "") }

// comeTo does, each when its time has passed, the acts whose moment it is.
func (r *Run) comeTo(execution, state string) {
	r.waiting = slices.DeleteFunc(r.waiting, func(a Act) bool {
		if a.At.Execution != execution || a.At.State != state || r.entered[execution+" "+state] < a.At.Nth {
			return false
		}
		r.acting++
		r.After(a.At.After, func() {
			r.do(a)
			r.acting--
		})
		return true
	})
}

// do has an act done, on the loop.
func (r *Run) do(a Act) {
	r.last = r.Now()
	r.trace.note(r.Now(), "act", "%s", a)
	r.watched(a)
	v, ok := r.verbs[a.Verb]
	args := strings.Fields(a.Args)
	err := fmt.Errorf("there is no verb %q, or it does not take %d words", a.Verb, len(args))
	if ok && len(args) == v.args {
		err = v.do(r, args)
	}
	if err != nil {
		r.trace.note(r.Now(), "act", "%s: %v", a, err)
	}
}

// call has an operation done past every function, as an administrator would, and gives
// what is answered.
func (r *Run) call(service, operation string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the input of %s: %w", operation, err)
	}
	err = fmt.Errorf("%s %s has not answered", service, operation)
	r.Mux.InvokeJSON(&wire.Call{RequestID: "by hand"}, service, operation, text, func(answer json.RawMessage, failed error) {
		if err = failed; err == nil && out != nil {
			err = json.Unmarshal(answer, out)
		}
	})
	r.dirty = true
	return err
}

// build has CodeBuild finish the build of an image that behaves so.
func (r *Run) build(args []string) error {
	app, behaves := args[0], args[1]
	behaviour, err := behaviour(behaves)
	if err != nil {
		return err
	}
	r.builds[app]++
	n := r.builds[app]
	tag := fmt.Sprintf("v%d", n)
	digest, err := r.pushImage(app, tag)
	if err != nil {
		return err
	}
	r.World.Image(r.repository(app)+"@"+digest, r.turning(app, behaviour))
	id := r.buildID(app)
	err = r.CodeBuild.RecordBuild(types.Build{
		Id: &id, Arn: aws.String(partition.ARN("codebuild", r.Region, r.Account, "build/"+id)),
		ProjectName: aws.String(app + "-build"), BuildStatus: types.StatusTypeSucceeded, ResolvedSourceVersion: aws.String("3f2c1e0d"),
		ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{
			{Name: aws.String("IMAGE"), Value: aws.String(r.repository(app) + ":" + tag)},
			{Name: aws.String("AUTHOR"), Value: aws.String("dana@example.com")},
		},
	})
	if err != nil {
		return fmt.Errorf("record the build: %w", err)
	}
	r.expect(app)
	return r.CodeBuild.Announce(id)
}

func (r *Run) buildID(app string) string {
	return fmt.Sprintf("%s-build:%08d-0000-4000-8000-000000000000", app, r.builds[app])
}

// again has the event of an app's last build come again.
func (r *Run) again(args []string) error { return r.CodeBuild.Announce(r.buildID(args[0])) }

// expect has the build put its own event too, the sure way: that of CodeBuild may be lost.
func (r *Run) expect(app string) {
	if !slices.ContainsFunc(r.plan.Specs, func(s rollout.Spec) bool { return s.App == app && s.Triggers.Event }) {
		return
	}
	detail := map[string]any{
		"app": app, "build": r.buildID(app), "images": map[string]string{"web": fmt.Sprintf("%s:v%d", r.repository(app), r.builds[app])},
		"author": "dana@example.com",
	}
	r.EventBridge.Emit("sluice.build", "Sluice Build Succeeded", nil, detail)
}

func (r *Run) alarm(args []string) error {
	name, err := url.QueryUnescape(args[0]) // a name may have spaces
	if err != nil {
		return fmt.Errorf("alarm: %w", err)
	}
	return r.call("cloudwatch", "setAlarmState", map[string]string{"AlarmName": name, "StateValue": args[1], "StateReason": "the plan says so"}, nil)
}

func (r *Run) unalarm(args []string) error {
	p := r.place(args[0], args[1])
	name, ok := p.canarysAlarm()
	if !ok {
		return nil
	}
	return r.call("cloudwatch", "deleteAlarms", map[string][]string{"AlarmNames": {name}}, nil)
}

// press has a person press a button of a rollout's message: as soon as they see it, and
// again where Slack says that it did not work.
func (r *Run) press(args []string) error {
	p := &pressing{run: r, user: "U0000000" + strings.ToUpper(args[0]), action: args[1], rollout: args[2]}
	r.acting++
	p.try()
	return nil
}

// pressing is a person who wants to press a button.
type pressing struct {
	run                   *Run
	user, action, rollout string
	tries                 int
	failed                bool // Slack said so of the last press; it may be done all the same
}

func (p *pressing) try() {
	const most = 180
	if p.tries++; p.tries > most {
		p.run.trace.note(p.run.Now(), "act", "%s never saw %s of %s", p.user, p.action, p.rollout)
		p.run.unseen = append(p.run.unseen, Act{Verb: "press", Args: p.user + " " + p.action + " " + p.rollout})
		p.run.acting--
		return
	}
	for _, m := range p.run.Slack.Messages(channel) {
		text, err := json.Marshal(m.Blocks)
		if err != nil || !strings.Contains(m.Text+string(text), "`"+p.rollout+"`") {
			continue
		}
		if p.run.Slack.StartPress(slack.Button{User: p.user, Channel: channel, TS: m.TS, Action: p.action}, p.pressed) == nil {
			if p.action == "approve" && p.user != "U0000000DANA" { // who is the author
				p.run.approvals[p.rollout] = true // it may be done before Slack hears of it
			}
			return
		}
	}
	if p.failed { // there is no such button any more
		p.run.acting--
		return
	}
	p.run.After(10*time.Second, p.try)
}

// pressed is told what Slack shows of the press.
func (p *pressing) pressed(o slack.Outcome) {
	if p.failed = o.Failure != ""; p.failed {
		p.run.After(10*time.Second, p.try)
		return
	}
	p.run.acting--
}

// order has somebody order something at a terminal.
func (r *Run) order(o approvals.Order) error {
	r.acting++
	r.Go(func(ctx context.Context) {
		var answer json.RawMessage
		if err := r.terminal().Post(ctx, "/orders", o, &answer); err != nil {
			r.trace.note(r.Now(), "act", "%s: %v", o.Verb, err)
		}
	}, func() { r.acting-- })
	return nil
}

func (r *Run) terminal() installation.Client {
	return installation.Client{
		AWS: r.Config("AKIAPERSON"), URL: r.DecideURL, Now: r.Now,
		HTTP: &http.Client{Transport: through{r.Web.Client(20 * time.Second)}},
	}
}

type through struct{ client web.Client }

// RoundTrip implements http.RoundTripper.
func (t through) RoundTrip(req *http.Request) (*http.Response, error) { return t.client.Do(req) }

func (r *Run) rollback(args []string) error {
	return r.order(approvals.Order{Verb: approvals.Rollback, App: args[0], Environment: args[1], Reason: "the plan says so"})
}

func (r *Run) freeze(args []string) error {
	span, err := time.ParseDuration(args[1])
	if err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	return r.order(approvals.Order{Verb: approvals.Freeze, App: args[0], Until: r.Now().Add(span), Reason: "the plan says so"})
}

func (r *Run) thaw(args []string) error {
	delete(r.frozen, args[0])
	return r.order(approvals.Order{Verb: approvals.Thaw, App: args[0]})
}

func (r *Run) repair(args []string) error {
	return r.order(approvals.Order{Verb: approvals.Repair, App: args[0], Environment: args[1], Move: args[2], Reason: "the plan says so"})
}

func (r *Run) stop(args []string) error {
	arn := strings.Replace(r.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + args[0]
	return r.call("sfn", "stopExecution", map[string]string{"ExecutionArn": arn}, nil)
}

func (r *Run) weigh(args []string) error {
	p := r.place(args[0], args[1])
	groups := []map[string]any{}
	for i, arn := range []string{p.service.BlueGroup, p.service.GreenGroup} {
		weight, err := strconv.Atoi(args[2+i])
		if err != nil {
			return fmt.Errorf("weigh: %w", err)
		}
		groups = append(groups, map[string]any{"TargetGroupArn": arn, "Weight": weight})
	}
	p.edited = r.Now()
	err := r.call("elasticloadbalancingv2", "modifyRule", map[string]any{
		"RuleArn": p.service.Rule, "Actions": []map[string]any{{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": groups}}},
	}, nil)
	r.readRule(p)
	return err
}

// stableService is the name of the service of the slot that had the traffic before.
func (p *place) stableService() string {
	slot := rollout.Blue
	if p.weights.Green > p.weights.Blue {
		slot = rollout.Green
	}
	return p.spec.Slots.Of(slot)
}

func (r *Run) scale(args []string) error {
	p := r.place(args[0], args[1])
	by, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("scale: %w", err)
	}
	service := p.stableService()
	now, _ := r.ECS.DesiredCount(p.spec.Cluster, service)
	return r.call("ecs", "updateService", map[string]any{"Cluster": p.spec.Cluster, "Service": service, "DesiredCount": int(now) + by}, nil)
}

func (r *Run) grow(args []string) error {
	p := r.place(args[0], args[1])
	by, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("grow: %w", err)
	}
	service := p.stableService()
	now, _ := r.ECS.DesiredCount(p.spec.Cluster, service)
	return r.AutoScaling.Scale("service/"+p.spec.Cluster+"/"+service, now+int32(by)) //nolint:gosec // small
}

// redeploy has somebody force a new deployment of what the stable slot runs into the
// canary's service.
func (r *Run) redeploy(args []string) error {
	p := r.place(args[0], args[1])
	snap := p.env.SnapshotOf(p.env.Rollout)
	if snap == nil {
		return nil
	}
	return r.call("ecs", "updateService", map[string]any{
		"Cluster": p.spec.Cluster, "Service": p.spec.Slots.Of(snap.Plan.Canary),
		"TaskDefinition": snap.Of(snap.StableSlot()).TaskDefinition, "ForceNewDeployment": true,
	}, nil)
}

// crash has every task of a slot's service stop.
func (r *Run) crash(args []string) error {
	p := r.place(args[0], args[1])
	service := p.stableService()
	if args[2] == "canary" {
		snap := p.env.SnapshotOf(p.env.Rollout)
		if snap == nil {
			return nil
		}
		service = p.spec.Slots.Of(snap.Plan.Canary)
	}
	var found struct{ TaskArns []string }
	if err := r.call("ecs", "listTasks", map[string]string{"Cluster": p.spec.Cluster, "ServiceName": service}, &found); err != nil {
		return err
	}
	for _, task := range found.TaskArns {
		if err := r.call("ecs", "stopTask", map[string]string{"Cluster": p.spec.Cluster, "Task": task}, nil); err != nil {
			return err
		}
	}
	return nil
}
