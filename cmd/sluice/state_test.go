package main

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// TestMain makes this program the app that is rolled out, where its argument says so.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "shop" {
		_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) //nolint:gosec // its one client is the test
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// repository is the app's.
const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"

// spec is the app's sluice.yaml.
const spec = `app: shop
containers:
  web: ` + repository + `
triggers:
  - event
environments:
  - name: production
    cluster: shop-production
    slots: {blue: shop-blue, green: shop-green}
    steps:
      - {weight: 50, bake: 2m}
      - {weight: 100, bake: 1m}
    guard: 1m
`

// cloud is a local cloud of the built command.
type cloud struct {
	*running
	endpoint string
	aws      aws.Config
}

// local starts `sluice local` with the state in a folder. The cloud's clock runs ten times
// as fast as that of this machine.
func (b built) local(t *testing.T, folder string) *cloud {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{running: b.start(t, "local", "--state", folder, "--speed", "10", "--image", repository+"="+self+" shop")}
	said := c.await(`AWS_ENDPOINT_URL=`)
	c.endpoint = regexp.MustCompile(`AWS_ENDPOINT_URL=(\S+)`).FindStringSubmatch(said)[1]
	c.aws = aws.Config{
		Region: localcloud.Region, BaseEndpoint: &c.endpoint, HTTPClient: awsclient.Whole(awshttp.NewBuildableClient()),
		Credentials: credentials.NewStaticCredentialsProvider(localcloud.AccessKey, localcloud.SecretKey, ""),
	}
	c.await(`is kept in`)
	return c
}

// kill ends the command as a crash does.
func (c *cloud) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed
}

// sluice runs another command on the cloud.
func (c *cloud) sluice(b built, args ...string) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), b.binary, append(args, "--endpoint", c.endpoint)...) //nolint:gosec // this command
	cmd.Dir = c.temporary
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("sluice %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// await asks until something is so. What it waits for is far below a minute away.
func await(t *testing.T, what string, is func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for !is(ctx) {
		select {
		case <-ctx.Done():
			t.Errorf("%s has not come", what)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// furnish makes the app's environment, from the template that people are given.
func (c *cloud) furnish(b built) {
	c.t.Helper()
	images, stacks := ecr.NewFromConfig(c.aws), cloudformation.NewFromConfig(c.aws)
	if _, err := images.CreateRepository(c.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		c.t.Fatal(err)
	}
	for _, tag := range []string{"v0", "v1"} {
		if _, err := images.PutImage(c.t.Context(), &ecr.PutImageInput{
			RepositoryName: aws.String("shop"), ImageTag: &tag, ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
			ImageManifest: aws.String(`{"schemaVersion":2,"annotations":{"version":"` + tag + `"}}`),
		}); err != nil {
			c.t.Fatal(err)
		}
	}
	text, err := fs.ReadFile(sluice.Files, "infra/service.yaml")
	if err != nil {
		c.t.Fatal(err)
	}
	parameter := func(name, value string) cfntypes.Parameter {
		return cfntypes.Parameter{ParameterKey: &name, ParameterValue: &value}
	}
	if _, err := stacks.CreateStack(c.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String("shop"), TemplateBody: aws.String(string(text)),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam, cfntypes.CapabilityCapabilityIam},
		Parameters: []cfntypes.Parameter{
			parameter("Image", repository+":v0"), parameter("Vpc", "vpc-0a1b2c3d"), parameter("Subnets", "subnet-0a1b2c3d,subnet-1a1b2c3d"),
		},
	}); err != nil {
		c.t.Fatal(err)
	}
	await(c.t, "the stack", func(ctx context.Context) bool {
		out, err := stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("shop")})
		if err == nil && strings.Contains(string(out.Stacks[0].StackStatus), "ROLLBACK") {
			c.t.Fatalf("the stack is %s", out.Stacks[0].StackStatus)
		}
		return err == nil && out.Stacks[0].StackStatus == cfntypes.StackStatusCreateComplete
	})
	await(c.t, "a healthy task", c.healthy)
	if err := os.WriteFile(filepath.Join(c.temporary, "sluice.yaml"), []byte(spec), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.sluice(b, "apply")
	_ = os.Remove(filepath.Join(c.temporary, "sluice.yaml")) // the command is to leave nothing
}

// healthy reports whether a task takes requests.
func (c *cloud) healthy(ctx context.Context) bool {
	client := elasticloadbalancingv2.NewFromConfig(c.aws)
	groups, err := client.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{})
	if err != nil {
		return false
	}
	for _, g := range groups.TargetGroups {
		health, err := client.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
		for _, target := range health.TargetHealthDescriptions {
			if err == nil && target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				return true
			}
		}
	}
	return false
}

// state is where the only rollout is: its execution's status and the states it has entered.
func (c *cloud) state(ctx context.Context) (status sfntypes.ExecutionStatus, path []string) {
	c.t.Helper()
	client := sfn.NewFromConfig(c.aws)
	machines, err := client.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	if err != nil || len(machines.StateMachines) != 1 {
		c.t.Fatalf("%+v, error %v, want one state machine", machines, err)
	}
	list, err := client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: machines.StateMachines[0].StateMachineArn})
	if err != nil || len(list.Executions) == 0 {
		return "", nil
	}
	history, err := client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: list.Executions[0].ExecutionArn, MaxResults: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range history.Events {
		if d := e.StateEnteredEventDetails; d != nil {
			path = append(path, *d.Name)
		}
	}
	return list.Executions[0].Status, path
}

// until waits until the rollout is in a state.
func (c *cloud) until(state string) {
	c.t.Helper()
	var path []string
	await(c.t, state, func(ctx context.Context) bool {
		if _, now := c.state(ctx); now != nil {
			path = now
		}
		return len(path) > 0 && path[len(path)-1] == state
	})
	if c.t.Failed() {
		c.t.Fatalf("it went %v; the command said %s", path, c.errs.String())
	}
}

// A rollout begins in a cloud that is killed, goes on in a second one that is asked to end, and
// ends well in a third: with the processes, weights and the port of one that ran all the time.
func TestStateIsKept(t *testing.T) {
	b := command(t)
	folder := filepath.Join(t.TempDir(), "cloud")
	first := b.local(t, folder)
	first.furnish(b)
	first.sluice(b, "deploy", "shop", "--image", repository+":v1")
	first.until("Bake")
	saved := first.saved(folder)
	await(t, "the state on disk", func(context.Context) bool { return first.saved(folder).After(saved) })
	first.kill()

	second := b.local(t, folder)
	if second.endpoint != first.endpoint {
		t.Errorf("it is at %s, was at %s", second.endpoint, first.endpoint)
	}
	if status, path := second.state(t.Context()); status != sfntypes.ExecutionStatusRunning || len(path) == 0 {
		t.Errorf("the rollout is %s after %v, want it to run", status, path)
	}
	second.until("Guard")
	second.end(syscall.SIGTERM, 0)

	third := b.local(t, folder)
	await(t, "the end", func(ctx context.Context) bool {
		status, path := third.state(ctx)
		if status != sfntypes.ExecutionStatusRunning && status != sfntypes.ExecutionStatusSucceeded {
			t.Fatalf("the rollout is %s after %v", status, path)
		}
		return status == sfntypes.ExecutionStatusSucceeded
	})
	_, path := third.state(t.Context())
	if got, want := strings.Join(path, " "), "Start Approve Lock Prepare AwaitCanary Shift Bake Judge Next Shift Bake Judge Next Complete Guard Retire"; got != want {
		t.Errorf("it went\n%s, want\n%s", got, want)
	}
	third.wantWeights(0, 100)
	third.end(syscall.SIGTERM, 0)
}

// saved is when the state was written last.
func (c *cloud) saved(folder string) time.Time {
	c.t.Helper()
	info, err := os.Stat(filepath.Join(folder, "cloud"))
	if err != nil {
		c.t.Fatal(err)
	}
	return info.ModTime()
}

// wantWeights fails the test if the slots have other weights.
func (c *cloud) wantWeights(blue, green int32) {
	c.t.Helper()
	client := elasticloadbalancingv2.NewFromConfig(c.aws)
	balancers, err := client.DescribeLoadBalancers(c.t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil || len(balancers.LoadBalancers) != 1 {
		c.t.Fatalf("%+v, error %v, want one load balancer", balancers, err)
	}
	listeners, err := client.DescribeListeners(c.t.Context(), &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, l := range listeners.Listeners {
		rules, err := client.DescribeRules(c.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: l.ListenerArn})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, r := range rules.Rules {
			forward := r.Actions[len(r.Actions)-1].ForwardConfig
			if forward == nil || len(forward.TargetGroups) != 2 {
				continue
			}
			for _, g := range forward.TargetGroups {
				want := blue
				if strings.Contains(*g.TargetGroupArn, "green") {
					want = green
				}
				if *g.Weight != want {
					c.t.Errorf("%s has weight %d, want %d", *g.TargetGroupArn, *g.Weight, want)
				}
			}
		}
	}
}
