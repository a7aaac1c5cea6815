package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
	"github.com/sluice-deploy/sluice/internal/store"
)

//go:embed sluice.yaml
var specFile []byte

// AppCommand is the hidden command of the sluice binary that runs ServeWebApp: the
// demo starts its app's processes with it.
const AppCommand = "demo-app"

// environment is the local cloud with Sluice, the app and its environment in it,
// and the load on it.
type environment struct {
	*localcloud.Cloud
	aws     awsclient.Clients // a person's
	service harness.Service
	spec    *rollout.Spec
	place   store.Place
	load    *Load
	images  map[string]string // versions by image, for those that the demo pushed; the loop's
	self    string            // path of the sluice binary
	started time.Time

	settleTime time.Duration // of the machine

	loading  sync.WaitGroup
	stopLoad context.CancelFunc
	observed observed
}

// observed is what was seen on the loop, and is the loop's.
type observed struct {
	flows  map[string]flow // by target group
	writes []ruleWrite
	said   []Happening          // by the demo
	put    map[string]time.Time // when, by the IDs of the demo's events, which have whole seconds
}

// flow is what was sent to a target group so far, and how many of it failed.
type flow struct{ requests, failed int }

// ruleWrite is a change of the listener rule.
type ruleWrite struct {
	at      time.Time // the cloud's
	weights rollout.Weights
}

// provision is how long a task takes until its container starts: a quick one on
// Fargate, whose image is small.
const provision = 15 * time.Second

// open starts the cloud and makes the environment in it, with version v1 of the
// app in its first slot.
func open(ctx context.Context, o Options) (*environment, error) {
	app, err := spec.Parse("sluice.yaml", specFile)
	if err != nil {
		return nil, err
	}
	settleTime, err := readSettleTime()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the sluice binary: %w", err)
	}
	cloud, err := localcloud.Start(ctx, localcloud.Options{Speed: o.Speed, Log: o.Log, Provision: provision})
	if err != nil {
		return nil, err
	}
	e := &environment{
		Cloud: cloud, aws: awsclient.New(cloud.Config("AKIAPERSON")),
		spec: app, place: store.Place{App: app.App, Environment: app.Environments[0].Name},
		images: map[string]string{}, self: self, started: o.Started, settleTime: settleTime,
		observed: observed{flows: map[string]flow{}, put: map[string]time.Time{}},
	}
	e.Do(e.watchFlow)
	if err := e.build(ctx); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// readSettleTime reads from the machine how long it waits after a rollback.
func readSettleTime() (time.Duration, error) {
	const file = "statemachine/rollout.asl.json"
	text, err := sluice.Files.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	var machine struct {
		States map[string]struct {
			Seconds int `json:"Seconds"`
		} `json:"States"`
	}
	if err := json.Unmarshal(text, &machine); err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	return time.Duration(machine.States[settle].Seconds) * time.Second, nil
}

// watchFlow has what flows through the load balancer, and every change of its
// rule, noted.
func (e *environment) watchFlow() {
	e.Host.Observe = func(s elbv2.Sample) {
		f := e.observed.flows[s.TargetGroupARN]
		f.requests += s.Requests
		f.failed += s.Status[5] + s.ELB5XX
		e.observed.flows[s.TargetGroupARN] = f
		e.ELBv2.Observe(s)
	}
	e.Observe = func(_ *wire.Call, in, _ any, err error) {
		if modify, ok := in.(*elb.ModifyRuleInput); ok && err == nil {
			e.observed.writes = append(e.observed.writes, ruleWrite{e.Now(), e.weightsIn(modify)})
		}
	}
}

// weightsIn is the weights that a change of the rule sets.
func (e *environment) weightsIn(in *elb.ModifyRuleInput) rollout.Weights {
	var weights rollout.Weights
	for _, action := range in.Actions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, group := range action.ForwardConfig.TargetGroups {
			switch aws.ToString(group.TargetGroupArn) {
			case e.service.BlueGroup:
				weights.Blue = int(aws.ToInt32(group.Weight))
			case e.service.GreenGroup:
				weights.Green = int(aws.ToInt32(group.Weight))
			}
		}
	}
	return weights
}

// Versions of the app. What the images are made of is said once, here.
const (
	firstVersion = "v1"
	goodVersion  = "v2"
	badVersion   = "v3"
	// pushedVersion is what anybody else pushes.
	pushedVersion = "pushed"

	failShare  = 0.08
	failAfter  = 4 * time.Second
	appLatency = 5 * time.Millisecond
)

// build makes what the demo needs: images, the environment, the spec.
func (e *environment) build(ctx context.Context) error {
	repository := e.spec.Containers["web"]
	if _, err := e.aws.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String(e.spec.App)}); err != nil {
		return fmt.Errorf("create repository %s: %w", e.spec.App, err)
	}
	// What somebody else pushes into the repository is a good version, too.
	e.Do(func() { e.Host.Image(repository, e.program(&WebApp{Version: pushedVersion, Latency: appLatency})) })
	first, err := e.push(ctx, firstVersion, &WebApp{Version: firstVersion, Latency: appLatency})
	if err != nil {
		return err
	}
	if e.service, err = e.DeployService(map[string]string{
		"App": e.place.App, "Environment": e.place.Environment, "Image": first,
	}); err != nil {
		return err
	}
	address := ""
	if err := until(ctx, func() (bool, error) {
		address = e.Host.Address(e.service.Listener)
		return address != "", nil
	}); err != nil {
		return fmt.Errorf("wait for the load balancer: %w", err)
	}
	e.load = &Load{URL: "http://" + address + "/", PerSecond: loadRate}
	return e.Steps.Register(ctx, *e.spec)
}

// program starts this binary as the app.
func (e *environment) program(app *WebApp) live.Program {
	return live.Program{Path: e.self, Args: []string{AppCommand}, Env: app.variables()}
}

// push puts an image into ECR and says which app it is. It gives the reference by
// digest.
func (e *environment) push(ctx context.Context, tag string, app *WebApp) (string, error) {
	out, err := e.aws.ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: aws.String(e.spec.App), ImageTag: &tag,
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest: aws.String(fmt.Sprintf(
			`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"version":%q}}`, app.Version)),
	})
	if err != nil {
		return "", fmt.Errorf("push image %s: %w", tag, err)
	}
	image := e.spec.Containers["web"] + "@" + aws.ToString(out.Image.ImageId.ImageDigest)
	e.Do(func() { e.Host.Image(image, e.program(app)); e.images[image] = app.Version })
	return image, nil
}

// watched is how often it is looked whether something has come.
const watched = 20 * time.Millisecond

// until looks until cond holds or the context ends.
func until(ctx context.Context, cond func() (bool, error)) error {
	ticker := time.NewTicker(watched)
	defer ticker.Stop()
	for {
		if ok, err := cond(); err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// firstPatience is how long the first slot may take, on the cloud's clock.
const firstPatience = 5 * time.Minute

// awaitFirst waits until the first slot is healthy, and starts the load.
func (e *environment) awaitFirst(ctx context.Context) error {
	begun, spec := e.Now(), e.spec.Environments[0]
	err := until(ctx, func() (bool, error) {
		healthy, err := e.Steps.Reach(awsclient.Away{}).Traffic.Healthy(ctx, e.service.BlueGroup)
		if err != nil || healthy > 0 || e.Now().Sub(begun) < firstPatience {
			return healthy > 0, err
		}
		services, err := e.Steps.Reach(awsclient.Away{}).Services.Describe(ctx, spec.Cluster, spec.Slots)
		if err != nil {
			return false, err
		}
		return false, fmt.Errorf("no task is healthy after %v of the cloud's time: %s", firstPatience, services[rollout.Blue].Primary().Reason)
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", spec.Slots.Blue, err)
	}
	sending, stop := context.WithCancel(ctx)
	e.stopLoad = stop
	e.loading.Go(func() { e.load.Run(sending) })
	return nil
}

// say adds a line of the demo's own to the timeline.
func (e *environment) say(what string) {
	e.Do(func() {
		e.observed.said = append(e.observed.said, Happening{At: e.Now(), About: aboutDemo, What: what})
	})
}

// close ends the load, the cloud and every process of it.
func (e *environment) close() {
	if e.stopLoad != nil {
		e.stopLoad()
	}
	e.loading.Wait()
	e.Close()
}

// versionOf is the version of the app that an image is.
func (e *environment) versionOf(image string) string {
	version := pushedVersion
	e.Do(func() {
		if known, ok := e.images[image]; ok {
			version = known
		}
	})
	return version
}
