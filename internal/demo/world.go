package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
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
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

//go:embed sluice.yaml
var specFile []byte

// AppCommand is the hidden command of the sluice binary that runs ServeWebApp: the
// demo starts its app's processes with it.
const AppCommand = "demo-app"

// world is the local cloud with Sluice and the app in it, the app's environments and
// the load on them.
type world struct {
	*localcloud.Cloud
	aws                 awsclient.Clients // a person's
	spec                *rollout.Spec
	staging, production *environment
	images              map[string]string // versions by image, for those that the demo pushed; the loop's
	self                string            // path of the sluice binary
	page                string            // URL of the stand-in for Slack
	interactive         bool              // people outside answer
	processes           bool              // Sluice's functions are
	started             time.Time

	settleTime time.Duration // of the machine

	loading  sync.WaitGroup
	stopLoad context.CancelFunc
	observed observed
}

// environments are the app's, in the order of the spec.
func (w *world) environments() []*environment { return []*environment{w.staging, w.production} }

// observed is what was seen on the loop, and is the loop's.
type observed struct {
	flows  map[string]flow // by target group
	writes []ruleWrite
	said   []Happening          // by the demo
	put    map[string]time.Time // when, by the IDs of the demo's events, which have whole seconds
}

// flow is what was sent to a target group so far, and how many of it failed.
type flow struct{ requests, failed int }

// ruleWrite is a change of a listener rule.
type ruleWrite struct {
	environment string
	at          time.Time // the cloud's
	weights     rollout.Weights
}

// provision is how long a task takes until its container starts: a quick one on
// Fargate, whose image is small.
const provision = 15 * time.Second

// open starts the cloud and makes the app's environments in it, with version v1 of
// the app in their first slots.
func open(ctx context.Context, o Options) (*world, error) {
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
	cloud, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	w := &world{
		Cloud: cloud, aws: awsclient.New(cloud.Config("AKIAPERSON")), spec: app,
		images: map[string]string{}, self: self, interactive: o.Interactive, processes: o.Processes, started: o.Started, settleTime: settleTime,
		observed: observed{flows: map[string]flow{}, put: map[string]time.Time{}},
	}
	w.Do(w.watchFlow)
	if err := w.build(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// start starts the cloud.
func start(ctx context.Context, o Options) (*localcloud.Cloud, error) {
	options := localcloud.Options{Speed: o.Speed, Log: o.Log, Provision: provision}
	if o.Processes {
		return localcloud.StartBuilt(ctx, options)
	}
	return localcloud.Start(ctx, options)
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

// watchFlow has what flows through the load balancers, and every change of their
// rules, noted.
func (w *world) watchFlow() {
	w.Host.Observe = func(s elbv2.Sample) {
		f := w.observed.flows[s.TargetGroupARN]
		f.requests += s.Requests
		f.failed += s.Status[5] + s.ELB5XX
		w.observed.flows[s.TargetGroupARN] = f
		w.ELBv2.Observe(s)
	}
	w.Observe = func(_ *wire.Call, in, _ any, err error) {
		modify, ok := in.(*elb.ModifyRuleInput)
		if !ok || err != nil {
			return
		}
		for _, e := range w.environments() {
			if aws.ToString(modify.RuleArn) == e.service.Rule {
				w.observed.writes = append(w.observed.writes, ruleWrite{e.place.Environment, w.Now(), e.weightsIn(modify)})
			}
		}
	}
}

// Versions of the app. What the images are made of is said once, here.
const (
	firstVersion = "v1"
	goodVersion  = "v2"
	badVersion   = "v3"
	// pushedVersion is what anybody else pushes.
	pushedVersion = "pushed"

	// The bad version fails under production's load alone: 10 percent of it is about
	// ten requests a second for each of two tasks, and all of staging's is two.
	failShare  = 0.08
	failAbove  = 5
	appLatency = 5 * time.Millisecond
)

// build makes what the demo needs: images, the environments, the spec.
func (w *world) build(ctx context.Context) error {
	repository := w.spec.Containers["web"]
	if _, err := w.aws.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String(w.spec.App)}); err != nil {
		return fmt.Errorf("create repository %s: %w", w.spec.App, err)
	}
	// What somebody else pushes into the repository is a good version, too.
	w.Do(func() { w.Host.Image(repository, w.program(&WebApp{Version: pushedVersion, Latency: appLatency})) })
	first, err := w.push(ctx, firstVersion, &WebApp{Version: firstVersion, Latency: appLatency})
	if err != nil {
		return err
	}
	if w.production, err = w.furnish(ctx, productionName, first); err != nil { // it gets port 80, where that is free
		return err
	}
	if w.staging, err = w.furnish(ctx, stagingName, first); err != nil {
		return err
	}
	return w.Steps.Register(ctx, *w.spec)
}

// program starts this binary as the app.
func (w *world) program(app *WebApp) live.Program {
	return live.Program{Path: w.self, Args: []string{AppCommand}, Env: app.variables()}
}

// push puts an image into ECR and says which app it is. It gives the reference by
// digest.
func (w *world) push(ctx context.Context, tag string, app *WebApp) (string, error) {
	out, err := w.aws.ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: aws.String(w.spec.App), ImageTag: &tag,
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest: aws.String(fmt.Sprintf(
			`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"version":%q}}`, app.Version)),
	})
	if err != nil {
		return "", fmt.Errorf("push image %s: %w", tag, err)
	}
	image := w.spec.Containers["web"] + "@" + aws.ToString(out.Image.ImageId.ImageDigest)
	w.Do(func() { w.Host.Image(image, w.program(app)); w.images[image] = app.Version })
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

// say adds a line of the demo's own to the timeline.
func (w *world) say(what, why string) {
	w.Do(func() {
		w.observed.said = append(w.observed.said, Happening{At: w.Now(), About: aboutDemo, What: what, Why: why})
	})
}

// close ends the load, the cloud and every process of it.
func (w *world) close() {
	if w.stopLoad != nil {
		w.stopLoad()
	}
	w.loading.Wait()
	w.Close()
}

// versionOf is the version of the app that an image is.
func (w *world) versionOf(image string) string {
	version := pushedVersion
	w.Do(func() {
		if known, ok := w.images[image]; ok {
			version = known
		}
	})
	return version
}

// path is the states that a rollout's first execution has entered.
func (w *world) path(name string) []string {
	var path []string
	arn := strings.Replace(w.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + name
	w.Do(func() { path = slices.Clone(w.StepFunctions.Path(arn)) })
	return path
}
