package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// place is an environment, what stands there, and what the table and AWS hold of it now.
type place struct {
	store.Place

	spec    rollout.Environment
	service harness.Service
	env     store.Environment        // as the table has it
	weights rollout.Weights          // as the rule has it
	edited  time.Time                // when a person last wrote the rule
	read    time.Time                // when a function of Sluice last read it
	written time.Time                // and last wrote it
	judged  time.Time                // when a rollout last came to Judge
	newest  int                      // number of the forward rollout that committed last
	latched time.Time                // when the rollout that owns it was first latched
	latch   string                   // that rollout
	latches []string                 // all that were
	failed  int                      // requests that had failed when the plan began
	asked   map[rollout.Slot]Answers // until the plan began
}

// frozen is a freeze, and since when the table has it.
type frozen struct {
	rollout.Freeze

	since time.Time
}

// groups are the slots' target groups.
func (p *place) groups() rollout.Names {
	return rollout.Names{Blue: p.service.BlueGroup, Green: p.service.GreenGroup}
}

// slotOf is the slot of a target group.
func (p *place) slotOf(group string) (rollout.Slot, bool) {
	switch group {
	case p.service.BlueGroup:
		return rollout.Blue, true
	case p.service.GreenGroup:
		return rollout.Green, true
	default:
		return "", false
	}
}

// The people of the world: Ada and Bob may approve and steer, Dana writes the commits.
const (
	approvers = "S00DEPLOYERS"
	channel   = "C000DEPLOYS"
	terminal  = "arn:aws:iam::123456789012:user/AKIAPERSON" // who orders at one
)

func (r *Run) people() {
	for _, name := range []string{"ada", "bob", "dana"} {
		r.Slack.AddUser(slack.User{ID: "U0000000" + strings.ToUpper(name), Name: name, RealName: name, Email: name + "@example.com"})
	}
	r.Slack.AddGroup(slack.Group{ID: approvers, Handle: "deployers", Members: []string{"U0000000ADA", "U0000000BOB", "U0000000DANA"}})
	r.Slack.AddChannel(slack.Channel{ID: channel, Name: "deploys", HasBot: true, Everyone: true})
}

// load is how many requests a second each environment gets.
const load = 100

// addApp registers an app and makes what its environments need, running its first image.
func (r *Run) addApp(spec rollout.Spec) error {
	image, err := r.firstImage(spec.App)
	if err != nil {
		return err
	}
	for _, env := range spec.Environments {
		p := &place{Place: store.Place{App: spec.App, Environment: env.Name}, spec: env}
		if err := r.stand(p, image); err != nil {
			return err
		}
		r.places = append(r.places, p)
	}
	if err := r.Steps.Register(nobody(), spec); err != nil {
		return fmt.Errorf("register %s: %w", spec.App, err)
	}
	return nil
}

// settling is how long the world takes until the first slots are up and alarms have data,
// and again after a first release.
const settling = 5 * time.Minute

// releaseFirst brings a good release of each app into all its environments, at once.
func (r *Run) releaseFirst() error {
	until := r.Now().Add(settling)
	for _, spec := range r.plan.Specs {
		if err := r.Steps.Register(nobody(), atOnce(spec)); err != nil {
			return fmt.Errorf("register %s: %w", spec.App, err)
		}
		var err error
		if r.Do(func() { err = r.build([]string{spec.App, "good"}) }); err != nil {
			return fmt.Errorf("release %s: %w", spec.App, err)
		}
		r.RunFor(time.Minute)
		for r.Do(func() { r.dirty = len(r.StepFunctions.Running()) > 0 }); r.dirty; r.Do(func() { r.dirty = len(r.StepFunctions.Running()) > 0 }) {
			r.RunFor(10 * time.Second)
		}
		if err := r.Steps.Register(nobody(), spec); err != nil {
			return fmt.Errorf("register %s: %w", spec.App, err)
		}
	}
	r.RunFor(until.Sub(r.Now()))
	r.Do(func() {
		for _, p := range r.places {
			r.readRule(p)
		}
	})
	return nil
}

// atOnce is a spec by which a release goes in everywhere at once, and asks nobody.
func atOnce(s rollout.Spec) rollout.Spec {
	s.Environments = slices.Clone(s.Environments)
	for i := range s.Environments {
		env := &s.Environments[i]
		env.Wave, env.Windows, env.Approval, env.Alarms = 1, nil, nil, nil
		env.Steps, env.Guard = []rollout.Step{{Weight: 100, Bake: time.Second}}, time.Second
	}
	return s
}

// firstImage makes an app's repository and the image that it runs before any release.
func (r *Run) firstImage(app string) (string, error) {
	var image string
	var err error
	r.Do(func() {
		if err = r.call("ecr", "createRepository", map[string]string{"RepositoryName": app}, nil); err != nil {
			return
		}
		digest, failed := r.pushImage(app, "v0")
		image, err = r.repository(app)+"@"+digest, failed
		r.World.Image(image, good())
	})
	return image, err
}

// stand makes what an environment needs around it, from infra/service.yaml.
func (r *Run) stand(p *place, image string) error {
	var err error
	app, environment, _ := strings.Cut(standName(p.Place), "/")
	p.service, err = r.DeployService(map[string]string{
		"App": app, "Environment": environment, "Image": image, "Alarms": p.App + "-" + p.Environment,
		"Tasks": strconv.Itoa(r.tasks()), "MaxTasks": strconv.Itoa(r.maxTasks()),
	})
	if err != nil {
		return fmt.Errorf("make what %s needs: %w", p.Place, err)
	}
	if err := r.addAlarms(p); err != nil {
		return err
	}
	r.Do(func() {
		if !r.plan.Around.Silent {
			each := cmp.Or(r.plan.Around.Load, load)
			r.World.AddLoad(model.Load{LoadBalancerARN: p.service.Balancer, RequestsPerSecond: func(time.Time) float64 { return each }})
		}
		r.readRule(p)
	})
	if r.isEmpty(p) {
		r.Do(func() { err = r.stopAll(p) })
	}
	return err
}

// tasks are how many the slot with the traffic has, and maxTasks how many a slot may have.
func (r *Run) tasks() int { return cmp.Or(r.plan.Around.Tasks, 2) }

func (r *Run) maxTasks() int { return max(6, r.tasks()) }

func (r *Run) isEmpty(p *place) bool {
	return slices.Contains(r.plan.Empty, p.String())
}

// stopAll takes an environment's first slot to zero, as before any release.
func (r *Run) stopAll(p *place) error {
	id := "service/" + p.spec.Cluster + "/" + p.spec.Slots.Blue
	if err := r.call("application-autoscaling", "registerScalableTarget", map[string]any{
		"ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 0,
	}, nil); err != nil {
		return err
	}
	return r.call("ecs", "updateService", map[string]any{"Cluster": p.spec.Cluster, "Service": p.spec.Slots.Blue, "DesiredCount": 0}, nil)
}

func (r *Run) repository(app string) string {
	return r.Account + ".dkr.ecr." + r.Region + ".amazonaws.com/" + app
}

// pushImage puts an image into an app's repository and gives its digest.
func (r *Run) pushImage(app, tag string) (string, error) {
	var out struct {
		Image struct{ ImageId struct{ ImageDigest string } }
	}
	err := r.call("ecr", "putImage", map[string]any{
		"RepositoryName": app, "ImageTag": tag,
		"ImageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
		"ImageManifest":          fmt.Sprintf(`{"schemaVersion":2,"annotations":{"version":%q}}`, app+tag),
	}, &out)
	return out.Image.ImageId.ImageDigest, err
}

// good is an image without fault.
func good() model.Behaviour {
	return model.Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second}
}

// behaviour is how an image behaves that is called so; some take a time since its start,
// as in late:5m.
func behaviour(name string) (model.Behaviour, error) {
	kind, span, timed := strings.Cut(name, ":")
	since := 4 * time.Second
	if timed {
		var err error
		if since, err = time.ParseDuration(span); err != nil {
			return model.Behaviour{}, fmt.Errorf("behaviour %q: %w", name, err)
		}
	}
	b := good()
	switch kind {
	case "good":
	case "bad": // eight requests of a hundred fail
		b.ErrorShare = func(age time.Duration) float64 {
			if age < since {
				return 0
			}
			return 0.08
		}
	case "slow":
		b.Latency = func(age time.Duration) time.Duration {
			if age < since {
				return 20 * time.Millisecond
			}
			return 2 * time.Second
		}
	case "unstartable":
		b.FailsToStart = "CannotPullContainerError: pull access denied"
	case "unhealthy":
		b.NeverHealthy = true
	case "sickens":
		b.UnhealthyAfter = since
	case "exits":
		b.ExitsAfter, b.ExitCode = since, 1
	default:
		return b, fmt.Errorf("behaviour %q: want good, bad, slow, unstartable, unhealthy, sickens or exits", name)
	}
	return b, nil
}

// onWeb is what befalls a request to a host.
func (r *Run) onWeb(q *wire.Request) web.Fault {
	if !strings.HasSuffix(q.Host, "slack.com") {
		return web.Fault{}
	}
	r.toSlack++
	for _, k := range r.befallen(r.toSlack, func(k kind) bool { return k.slack }) {
		if k.slack {
			return web.Fault{Refuse: true}
		}
	}
	return web.Fault{}
}

// place is the environment of that name, or nil.
func (r *Run) place(app, environment string) *place {
	for _, p := range r.places {
		if p.App == app && p.Environment == environment {
			return p
		}
	}
	return nil
}

// resting reports whether nothing is under way that would go on by itself.
func (r *Run) resting() bool { return r.unrest() == "" }

// unrest says what is under way, "" for nothing.
func (r *Run) unrest() string {
	if r.acting > 0 {
		return "somebody is about to do something"
	}
	if running := r.StepFunctions.Running(); len(running) > 0 {
		return "execution " + running[0] + " runs"
	}
	if pending := r.Scheduler.Pending(); len(pending) > 0 {
		return "schedule " + pending[0] + " is there"
	}
	for _, p := range r.places {
		if p.env.Owner != "" && p.env.Dirty == nil {
			return fmt.Sprintf("%s is %s's", p.Place, p.env.Owner)
		}
		if p.env.Waiter != nil && p.env.Dirty == nil || p.env.RollbackWaiter != nil {
			return fmt.Sprintf("somebody waits for %s", p.Place)
		}
	}
	return ""
}

func running(status types.ExecutionStatus) bool {
	return status == types.ExecutionStatusRunning || status == types.ExecutionStatusPendingRedrive
}
