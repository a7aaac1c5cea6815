package foreground_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/foreground"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"

// box is an account with the app in it, and an engine beside it on the same virtual
// time. Sluice is installed in the account as well and hears of nothing.
type box struct {
	t       *testing.T
	account *harness.Harness
	aws     awsclient.Clients // a person's, in the account
	service harness.Service
	file    string
	engine  *foreground.Engine
}

func newBox(t *testing.T) *box {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	account, err := harness.New(l, harness.Options{
		Cloud: emulator.Options{Latency: 5 * time.Millisecond, RequestTimeout: awsclient.CallTimeout}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, account: account, aws: awsclient.New(account.Config("AKIAPERSON")), file: filepath.Join(t.TempDir(), "state", "shop.json")}
	if _, err := b.aws.ECR.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	b.push("v0", 0)
	b.service, err = account.DeployService(map[string]string{"App": "shop", "Environment": "production", "Image": repository + ":v0"})
	if err != nil {
		t.Fatal(err)
	}
	b.account.Do(func() {
		account.World.AddLoad(model.Load{LoadBalancerARN: b.service.Balancer, RequestsPerSecond: func(time.Time) float64 { return 100 }})
	})
	b.account.RunFor(5 * time.Minute) // the first slot comes up, alarms have data
	b.start()
	return b
}

func shop() rollout.Spec {
	return rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": repository},
		Triggers:   rollout.Triggers{CodeBuild: []string{"shop-build"}},
		Environments: []rollout.Environment{{
			Name: "production", Wave: 1, Cluster: "shop-production",
			Slots:        rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps:        []rollout.Step{{Weight: 10, Bake: 3 * time.Minute}, {Weight: 100, Bake: 3 * time.Minute}},
			Alarms:       []string{"shop-{slot}-5xx"},
			Guard:        10 * time.Minute,
			Inconclusive: rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback},
		}},
	}
}

// start starts an engine with what its file has.
func (b *box) start() {
	b.t.Helper()
	engine, err := foreground.Start(b.t.Context(), foreground.Options{
		Loop: b.account.Loop, Account: b.account.Config("AKIAPERSON"), Number: b.account.Account, Spec: shop(), File: b.file,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = engine
	for _, name := range engine.Interrupted {
		b.untilEnded(name)
	}
	if err := engine.Register(b.t.Context()); err != nil && rollout.KindOf(err) != rollout.KindRefused {
		b.t.Fatal(err)
	}
}

// stop ends the engine as a process that is killed: nothing of it runs any more.
func (b *box) stop() {
	b.account.Do(func() {
		b.engine.Faults.Function = func(string, int) lambda.FunctionFault { return lambda.FunctionFault{DieBeforeCall: 1} }
	})
	b.engine.Close()
}

// push puts an image into ECR of whose requests a share fails.
func (b *box) push(tag string, share float64) {
	b.t.Helper()
	out, err := b.aws.ECR.PutImage(b.t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("shop"), ImageTag: &tag,
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest:          aws.String(fmt.Sprintf(`{"schemaVersion":2,"annotations":{"version":%q}}`, tag)),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.account.Do(func() {
		b.account.World.Image(repository+"@"+aws.ToString(out.Image.ImageId.ImageDigest), model.Behaviour{
			StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second, ErrorShare: func(time.Duration) float64 { return share },
		})
	})
}

// deploy orders an image and gives the name of the rollout that is to come.
func (b *box) deploy(tag string) string {
	b.t.Helper()
	app, err := b.engine.Steps.Store.App(b.t.Context(), "shop")
	if err != nil {
		b.t.Fatal(err)
	}
	b.order(approvals.Order{Verb: approvals.Deploy, App: "shop", Images: map[string]string{"": repository + ":" + tag}})
	return fmt.Sprintf("shop-production-%d", app.Counter+1)
}

// order orders something as the person at the terminal.
func (b *box) order(o approvals.Order) {
	b.t.Helper()
	var placed struct {
		ID string `json:"id"`
	}
	client := installation.Client{AWS: b.engine.Person(), HTTP: b.engine.HTTP(), URL: b.engine.DecideURL, Now: b.engine.Now}
	if err := client.Post(b.t.Context(), "/orders", o, &placed); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) untilEnded(name string) store.Record {
	b.t.Helper()
	for range 24 * 60 {
		record, err := b.engine.Steps.Store.Record(b.t.Context(), name)
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			b.t.Fatal(err)
		}
		if record.Outcome != "" {
			return record
		}
		b.account.RunFor(10 * time.Second)
	}
	b.t.Fatalf("%s never ended; it went %v", name, b.path(name))
	return store.Record{}
}

func (b *box) path(execution string) []string {
	arn := strings.Replace(b.engine.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + execution
	var path []string
	b.account.Do(func() { path = slices.Clone(b.engine.StepFunctions.Path(arn)) })
	return path
}

func (b *box) untilIn(name, state string) {
	b.t.Helper()
	for range 1000 {
		if path := b.path(name); len(path) > 0 && path[len(path)-1] == state {
			return
		}
		b.account.RunFor(time.Second)
	}
	b.t.Fatalf("%s never came to %s; it went %v", name, state, b.path(name))
}

// want looks at the end of a rollout.
func (b *box) want(name string, outcome rollout.Outcome, path ...string) {
	b.t.Helper()
	record := b.untilEnded(name)
	b.account.RunFor(time.Minute)
	if record.Outcome != outcome {
		b.t.Errorf("%s ended %s (%s), want %s", name, record.Outcome, record.Reason, outcome)
	}
	if diff := cmp.Diff(path, b.path(name)); diff != "" {
		b.t.Errorf("path of %s (-want +got):\n%s", name, diff)
	}
}

// wantWeights looks at the rule.
func (b *box) wantWeights(blue, green int32) {
	b.t.Helper()
	out, err := b.aws.ELB.DescribeRules(b.t.Context(), &elb.DescribeRulesInput{RuleArns: []string{b.service.Rule}})
	if err != nil {
		b.t.Fatal(err)
	}
	want := map[string]int32{b.service.BlueGroup: blue, b.service.GreenGroup: green}
	got := map[string]int32{}
	for _, group := range out.Rules[0].Actions[0].ForwardConfig.TargetGroups {
		got[aws.ToString(group.TargetGroupArn)] = aws.ToInt32(group.Weight)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("weights (-want +got):\n%s", diff)
	}
}

func way(begin []string, more ...string) []string { return slices.Concat(begin, more) }

func begin() []string { return []string{"Start", "Approve", "Lock", "Prepare", "AwaitCanary"} }

func TestSuccess(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.push("v1", 0)
	b.want(b.deploy("v1"), rollout.Succeeded,
		way(begin(), "Shift", "Bake", "Judge", "Next", "Shift", "Bake", "Judge", "Next", "Complete", "Guard", "Retire")...)
	b.wantWeights(0, 100)
}

// No event of the account comes; the alarm is seen all the same, in the bake and within
// an interval.
func TestBadVersionIsTakenBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.push("v1", 0.08)
	b.want(b.deploy("v1"), rollout.RolledBack, way(begin(), "Shift", "Bake", "Rollback", "Settle", "Restore")...)
	b.wantWeights(100, 0)
}

func TestAlarmIsSeenSoon(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.push("v1", 0)
	name := b.deploy("v1")
	b.untilIn(name, "Bake")
	_, err := b.aws.CloudWatch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("shop-green-5xx"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("the test says so"),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.account.RunFor(7 * time.Second) // an interval, and what the functions take
	b.wantWeights(100, 0)
	b.want(name, rollout.RolledBack, way(begin(), "Shift", "Bake", "Rollback", "Settle", "Restore")...)
}

// Somebody gives the rule another structure; that needs a person. Until it is repaired, by
// this process or a later one, nothing is registered.
func TestDirty(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.push("v1", 0)
	name := b.deploy("v1")
	b.untilIn(name, "Bake")
	forward := func(c *elbtypes.ForwardActionConfig, group *string) {
		_, err := b.aws.ELB.ModifyRule(t.Context(), &elb.ModifyRuleInput{RuleArn: &b.service.Rule, Actions: []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group, ForwardConfig: c,
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	forward(nil, &b.service.BlueGroup)
	b.want(name, rollout.Dirty, way(begin(), "Shift", "Bake", "Judge", "Next", "Shift", "Dirty", "Failed")...)
	b.stop()
	b.start()
	if err := b.engine.Register(t.Context()); rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), "`sluice repair shop production --engine here`") {
		t.Errorf("it is registered with error %v, want it refused", err)
	}
	forward(&elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
		{TargetGroupArn: &b.service.BlueGroup, Weight: aws.Int32(100)}, {TargetGroupArn: &b.service.GreenGroup, Weight: aws.Int32(0)},
	}}, nil)
	b.order(approvals.Order{Verb: approvals.Repair, App: "shop", Environment: "production", Move: "back"})
	b.account.RunFor(5 * time.Second)
	b.stop() // in the middle of the repair
	b.start()
	b.account.RunFor(5 * time.Minute)
	if err := b.engine.Register(t.Context()); err != nil {
		t.Error(err)
	}
	b.wantWeights(100, 0)
}

// A process ends in the middle. The next one takes back what had not committed, and
// brings what had to its end.
func TestNextProcessRecovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state       string
		outcome     rollout.Outcome
		blue, green int32
	}{
		{"AwaitCanary", rollout.RolledBack, 100, 0},
		{"Bake", rollout.RolledBack, 100, 0},
		{"Guard", rollout.Succeeded, 0, 100},
	} {
		t.Run(c.state, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.push("v1", 0)
			name := b.deploy("v1")
			b.untilIn(name, c.state)
			dead := b.engine
			b.stop()
			b.start()
			if diff := cmp.Diff([]string{name}, b.engine.Interrupted); diff != "" {
				t.Errorf("interrupted (-want +got):\n%s", diff)
			}
			if b.engine.Settings.Machine == dead.Settings.Machine {
				t.Error("the next process has the machine of the dead one")
			}
			if got := b.untilEnded(name).Outcome; got != c.outcome {
				t.Errorf("%s ended %s, want %s", name, got, c.outcome)
			}
			b.wantWeights(c.blue, c.green)
			b.push("v2", 0)
			if got := b.untilEnded(b.deploy("v2")).Outcome; got != rollout.Succeeded {
				t.Errorf("the next one ended %s", got)
			}
		})
	}
}
