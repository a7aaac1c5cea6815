package harness_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/foreground"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// midnight is when virtual time begins.
var midnight = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"

// repository is the app's, where the story plays.
func (b *box) repository() string {
	return repositoryIn(b.Region)
}

func repositoryIn(region string) string {
	return "123456789012.dkr.ecr." + region + "." + partition.Domain(region) + "/shop"
}

// production is the place that most stories play in.
var production = store.Place{App: "shop", Environment: "production"}

// box is Sluice, one app and its production environment on virtual time.
type box struct {
	*harness.Harness
	t       *testing.T
	account *emulator.Cloud   // where the app is: Sluice's own, but for an engine in the foreground
	here    *here             // that engine, or nil
	shop    rollout.Spec      // as it was registered
	aws     awsclient.Clients // a person's, outside of every function
	service harness.Service   // production's
	stages  []*stage          // production, and what else the story has
	builds  int
	author  string // of the commits that are built
	log     *bytes.Buffer
	origin  origin
	faults  []func(c *wire.Call) *wire.Fault
	watch   []func(c *wire.Call, in, out any, err error) // are told of every request that had its effect
	// act does the work of pipelines' actions that nobody else does; without it they
	// succeed at once.
	act func(a codepipeline.Action, done func(codepipeline.Result))
}

// newBox installs Sluice and the app's environment, 100 requests a second going to
// it, and registers the spec after change has had its way with it.
func newBox(t *testing.T, change ...func(*rollout.Spec)) *box {
	t.Helper()
	return newBoxOf(t, origin{region: "us-east-1"}, change...)
}

// newBoxIn is newBox in a Region, which may be of any partition.
func newBoxIn(t *testing.T, region string, change ...func(*rollout.Spec)) *box {
	t.Helper()
	return newBoxOf(t, origin{region: region}, change...)
}

// origin is where a box is and where the images of its app come from.
type origin struct {
	region     string       // of any partition
	repository func(b *box) // makes the repository of the images
	builder    func(build *types.Build, done func(codebuild.Result))
	narrowed   bool // its parameters leave Sluice less than the stories need
}

// newBoxOf is newBox of another origin.
func newBoxOf(t *testing.T, from origin, change ...func(*rollout.Spec)) *box {
	t.Helper()
	b := &box{t: t, log: &bytes.Buffer{}, shop: shop(), origin: from}
	atEnd(t, func() { // only what is wanted: a test keeps its output too
		if t.Failed() {
			t.Log(b.log)
		}
	})
	b.shop.Containers["web"] = repositoryIn(from.region)
	for _, c := range change {
		c(&b.shop)
	}
	if isHere(t) {
		b.startHere(from)
	} else {
		b.install(harness.Options{})
		atEnd(t, func() { // whatever a story has made of the cloud can be kept
			if !t.Failed() {
				b.keep().wantSame(t, from)
			}
		})
	}
	if from.repository == nil {
		b.createRepository("shop")
	} else {
		from.repository(b)
	}
	b.service = b.deploy("shop", "production", b.push("v0", model.Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second}))
	b.addStage(shop().Environments[0], b.account, b.service)
	b.register(b.shop)
	b.RunFor(5 * time.Minute) // the first slot comes up, alarms have data
	b.observe(b.promise)
	return b
}

// install installs Sluice in a new cloud, where the app is, with what the options have beside
// the box's own.
func (b *box) install(o harness.Options) {
	b.t.Helper()
	l := loop.NewVirtual(midnight)
	atEnd(b.t, l.Close)
	o.Cloud.Region, o.Cloud.Latency, o.Cloud.RequestTimeout = b.origin.region, latency, awsclient.CallTimeout
	o.Cloud.Action, o.Cloud.Builder = b.action, b.origin.builder
	o.Log = slog.New(slog.NewTextHandler(b.log, nil))
	h, err := harness.New(l, o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Harness, b.account, b.aws = h, h.Cloud, awsclient.New(h.Config("AKIAPERSON"))
	if !b.origin.narrowed {
		keepAccount(b.t, h)
	}
	b.look(h.Partition)
}

// latency is how long a request travels in the boxes.
const latency = 5 * time.Millisecond

// look has the box's faults in a partition, and hears of what is asked there.
func (b *box) look(p *emulator.Partition) {
	p.Faults.Request = b.fault
	p.Observe = func(c *wire.Call, in, out any, err error) {
		for _, f := range b.watch {
			f(c, in, out, err)
		}
	}
}

// register registers the app as a spec has it.
func (b *box) register(spec rollout.Spec) {
	b.t.Helper()
	b.shop = spec
	if err := b.Steps.Register(b.ctx(), b.registered()); err != nil {
		b.t.Fatal(err)
	}
}

// registered is the spec as Sluice has it.
func (b *box) registered() rollout.Spec {
	if b.here != nil {
		return foreground.Local(b.shop, b.Account, b.Region)
	}
	return b.shop
}

// atEnd does something when a test has ended, and lets go of it: a test is kept, with all
// that its cleanups hold, until every test has run.
func atEnd(t *testing.T, do func()) {
	t.Helper()
	t.Cleanup(func() { do(); do = nil })
}

// shop is the app of the stories.
func shop() rollout.Spec {
	return rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": repository},
		Triggers:   rollout.Triggers{CodeBuild: []string{"shop-build"}},
		Environments: []rollout.Environment{{
			Name: "production", Cluster: "shop-production",
			Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps: []rollout.Step{
				{Weight: 10, Bake: 3 * time.Minute}, {Weight: 50, Bake: 3 * time.Minute}, {Weight: 100, Bake: 3 * time.Minute},
			},
			Alarms:       []string{"shop-{slot}-5xx", "shop-{slot}-latency"},
			Guard:        10 * time.Minute,
			Inconclusive: rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback},
		}},
	}
}

func (b *box) action(a codepipeline.Action, done func(codepipeline.Result)) {
	if b.act == nil {
		done(codepipeline.Result{})
		return
	}
	b.act(a, done)
}

func (b *box) ctx() context.Context { return b.t.Context() }

func (b *box) createRepository(name string) {
	b.t.Helper()
	if _, err := b.aws.ECR.CreateRepository(b.ctx(), &ecr.CreateRepositoryInput{RepositoryName: &name}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) deploy(app, environment, image string) harness.Service {
	b.t.Helper()
	service, err := b.DeployServiceIn(b.account, map[string]string{"App": app, "Environment": environment, "Image": image})
	if err != nil {
		b.t.Fatal(err)
	}
	return service
}

// good is an image without fault.
var good = model.Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second}

// failing answers a share of its requests with 500, from a time after its start.
func failing(share float64, after time.Duration) model.Behaviour {
	bad := good
	bad.ErrorShare = func(age time.Duration) float64 {
		if age < after {
			return 0
		}
		return share
	}
	return bad
}

// push puts an image that behaves so into ECR and gives its reference by digest.
func (b *box) push(tag string, behaviour model.Behaviour) string {
	b.t.Helper()
	out, err := b.aws.ECR.PutImage(b.ctx(), &ecr.PutImageInput{
		RepositoryName: aws.String("shop"), ImageTag: &tag,
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest:          aws.String(fmt.Sprintf(`{"schemaVersion":2,"annotations":{"version":%q}}`, tag)),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	image := b.repository() + "@" + aws.ToString(out.Image.ImageId.ImageDigest)
	b.Do(func() { b.account.World.Image(image, behaviour) })
	return image
}

// build has CodeBuild finish a build of an image that behaves so, and say so once
// for each of times. It gives the name of the rollout that is to come.
func (b *box) build(behaviour model.Behaviour, times int) string {
	b.t.Helper()
	b.builds++
	tag := fmt.Sprintf("v%d", b.builds)
	b.push(tag, behaviour)
	if b.here != nil {
		return b.orderHere(tag)
	}
	id := fmt.Sprintf("shop-build:%08d-0000-4000-8000-000000000000", b.builds)
	b.Do(func() {
		err := b.CodeBuild.RecordBuild(types.Build{
			Id: &id, Arn: aws.String(partition.ARN("codebuild", b.Region, b.Account, "build/"+id)),
			ProjectName: aws.String("shop-build"), BuildStatus: types.StatusTypeSucceeded,
			ResolvedSourceVersion: aws.String("3f2c1e0d"),
			ExportedEnvironmentVariables: []types.ExportedEnvironmentVariable{
				{Name: aws.String("IMAGE"), Value: aws.String(b.repository() + ":" + tag)},
				{Name: aws.String("AUTHOR"), Value: &b.author},
			},
		})
		for range times {
			if err == nil {
				err = b.CodeBuild.Announce(id)
			}
		}
		if err != nil {
			b.t.Error(err)
		}
	})
	app, err := b.Steps.Store.App(b.ctx(), "shop")
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprintf("shop-production-%d", app.Counter+1)
}
