package localcloud_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// TestMain makes this program the app that is rolled out, where its variable says so.
func TestMain(m *testing.M) {
	if os.Getenv("SHOP") != "" {
		err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) //nolint:gosec // its one client is the test
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"
	shopAlarm  = "shop-errors"
)

// packages builds the functions' packages, or skips the test where they cannot be.
func packages(t *testing.T) string {
	t.Helper()
	_, err := exec.LookPath("go")
	if (err != nil || runtime.GOOS != "linux") && os.Getenv("CI") != "true" {
		t.Skip("functions that are processes need Linux, and Go to build them")
	}
	folder := t.TempDir()
	if err := localcloud.BuildFunctions(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

// shop is an app whose environment production is in a cloud, with tasks that are processes.
type shop struct {
	*localcloud.Cloud
	t       *testing.T
	aws     awsclient.Clients // a person's
	service harness.Service
}

func newShop(t *testing.T, options localcloud.Options) *shop {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	options.Log = slog.New(slog.DiscardHandler)
	options.Programs = map[string]live.Program{repository: {Path: self, Env: []string{"SHOP=yes"}}}
	cloud, err := localcloud.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cloud.Close()
		if t.Failed() {
			for _, line := range cloud.Logs.Lines() {
				t.Log(line)
			}
		}
	})
	s := &shop{Cloud: cloud, t: t, aws: awsclient.New(cloud.Config("AKIAPERSON"))}
	if _, err := s.aws.ECR.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	if s.service, err = s.DeployService(map[string]string{"App": "shop", "Environment": "production", "Image": s.push("v1")}); err != nil {
		t.Fatal(err)
	}
	s.hurry()
	s.watch(cwtypes.StateValueOk)
	if err := s.Steps.Register(t.Context(), s.spec()); err != nil {
		t.Fatal(err)
	}
	s.await("a healthy task", func() bool {
		healthy, err := s.Steps.Reach(awsclient.Away{}).Traffic.Healthy(t.Context(), s.service.BlueGroup)
		return err == nil && healthy > 0
	})
	return s
}

// hurry has the load balancer find out sooner who is healthy.
func (s *shop) hurry() {
	s.t.Helper()
	for _, group := range []string{s.service.BlueGroup, s.service.GreenGroup} {
		if _, err := s.aws.ELB.ModifyTargetGroup(s.t.Context(), &elb.ModifyTargetGroupInput{
			TargetGroupArn: &group, HealthCheckIntervalSeconds: aws.Int32(5), HealthCheckTimeoutSeconds: aws.Int32(4),
			UnhealthyThresholdCount: aws.Int32(10), // a busy machine is no outage
		}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// spec is the app's, with bakes that a test can wait for.
func (s *shop) spec() rollout.Spec {
	const bake = 3 * time.Second
	return rollout.Spec{
		App: "shop", Containers: map[string]string{"web": repository}, Triggers: rollout.Triggers{Event: true},
		Notify: []rollout.Channel{{Slack: "#deploys"}},
		Environments: []rollout.Environment{{
			Name: "production", Cluster: "shop-production", Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps:  []rollout.Step{{Weight: 10, Bake: bake}, {Weight: 50, Bake: bake}, {Weight: 100, Bake: bake}},
			Alarms: []string{shopAlarm}, Guard: bake,
			Inconclusive: rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback},
		}},
	}
}

// watch makes the alarm, which keeps its state until it is told another.
func (s *shop) watch(state cwtypes.StateValue) {
	s.t.Helper()
	if _, err := s.aws.CloudWatch.PutMetricAlarm(s.t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(shopAlarm), Namespace: aws.String("shop"), MetricName: aws.String("errors"), Statistic: cwtypes.StatisticSum,
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(1),
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), TreatMissingData: aws.String("ignore"),
	}); err != nil {
		s.t.Fatal(err)
	}
	s.turn(state)
}

// turn gives the alarm a state.
func (s *shop) turn(state cwtypes.StateValue) {
	s.t.Helper()
	if _, err := s.aws.CloudWatch.SetAlarmState(s.t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(shopAlarm), StateValue: state, StateReason: aws.String("the test says so"),
	}); err != nil {
		s.t.Fatal(err)
	}
}

// push puts an image into ECR.
func (s *shop) push(tag string) string {
	s.t.Helper()
	if _, err := s.aws.ECR.PutImage(s.t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("shop"), ImageTag: &tag, ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest: aws.String(fmt.Sprintf(`{"schemaVersion":2,"annotations":{"version":%q}}`, tag)),
	}); err != nil {
		s.t.Fatal(err)
	}
	return repository + ":" + tag
}

// build puts the event of a build and gives the name of the rollout that comes of it.
func (s *shop) build(tag string, release int) string {
	s.t.Helper()
	detail := fmt.Sprintf(`{"app":"shop","build":%q,"images":{"web":%q}}`, "build-"+tag, s.push(tag))
	out, err := s.aws.EventBridge.PutEvents(s.t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String("sluice.build"), DetailType: aws.String("Sluice Build Succeeded"), Detail: &detail,
	}}})
	if err != nil || out.FailedEntryCount > 0 {
		s.t.Fatalf("put the event of %s: %v, %+v", tag, err, out)
	}
	return rollout.Release{App: "shop", Number: release}.Name("production")
}

// await looks until cond holds. It gives up only when something must have gone wrong.
func (s *shop) await(what string, cond func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s has not come", what)
		case <-tick.C:
		}
	}
}

// ended waits until people have heard how a rollout ended.
func (s *shop) ended(name string) store.Record {
	s.t.Helper()
	var record store.Record
	s.await("the end of "+name, func() bool {
		var err error
		record, err = s.Steps.Store.Record(s.t.Context(), name)
		return err == nil && record.Told
	})
	return record
}

func (s *shop) weights() rollout.Weights {
	s.t.Helper()
	groups := rollout.Names{Blue: s.service.BlueGroup, Green: s.service.GreenGroup}
	rule, err := s.Steps.Reach(awsclient.Away{}).Traffic.Read(s.t.Context(), s.service.Rule, groups)
	if err != nil {
		s.t.Fatal(err)
	}
	return rule.Weights
}

// The main story, every function a process of its package: a good version goes through
// to the end, a bad one is taken back, and Slack hears of both.
func TestMainStoryWithProcesses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes two minutes of the wall clock: processes have no other")
	}
	folder := packages(t)
	s := newShop(t, localcloud.Options{Speed: 1, Packages: folder, Provision: 100 * time.Millisecond})
	s.wantPackage(folder, "shift")

	if got := s.ended(s.build("v2", 1)); got.Outcome != rollout.Succeeded {
		t.Fatalf("the good version ended %s: %s; want %s", got.Outcome, got.Reason, rollout.Succeeded)
	}
	if got, want := s.weights(), (rollout.Weights{Blue: 0, Green: 100}); got != want {
		t.Errorf("after the good version the weights are %v, want %v", got, want)
	}

	s.wantLogged("shop-production-1", "Shift")

	bad := s.build("v3", 2)
	s.await("traffic on the bad version", func() bool { return s.weights().Blue == 10 })
	s.turn(cwtypes.StateValueAlarm)
	if got := s.ended(bad); got.Outcome != rollout.RolledBack || !strings.Contains(got.Reason, shopAlarm) {
		t.Errorf("the bad version ended %s: %s; want %s for %s", got.Outcome, got.Reason, rollout.RolledBack, shopAlarm)
	}
	if got, want := s.weights(), (rollout.Weights{Blue: 0, Green: 100}); got != want {
		t.Errorf("after the bad version the weights are %v, want %v", got, want)
	}
	s.await("a message in Slack for each", func() bool {
		messages := 0
		s.Do(func() { messages = len(s.Slack.Messages(localcloud.Deploys)) })
		return messages == 2
	})
}

// wantLogged fails the test if Sluice's log group has no line of a rollout and a phase.
func (s *shop) wantLogged(name, phase string) {
	s.t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(s.Config("AKIAPERSON")).FilterLogEvents(s.t.Context(), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/sluice/sluice"), FilterPattern: aws.String(fmt.Sprintf(`{ $.rollout = %q && $.phase = %q }`, name, phase)),
	})
	if err != nil || len(out.Events) == 0 {
		s.t.Errorf("what %s did in %s was not logged: %v", name, phase, err)
	}
}

// wantPackage fails the test if a function is not the package of its name.
func (s *shop) wantPackage(folder, name string) {
	s.t.Helper()
	pack, err := os.ReadFile(filepath.Join(folder, name+".zip")) //nolint:gosec // the test's folder
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := awslambda.NewFromConfig(s.Config("AKIAPERSON")).GetFunctionConfiguration(s.t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: aws.String("sluice-" + name)})
	if err != nil {
		s.t.Fatal(err)
	}
	if got, want := aws.ToString(out.CodeSha256), lambda.Hash(pack); got != want {
		s.t.Errorf("function %s has the code %s, want %s", name, got, want)
	}
}
