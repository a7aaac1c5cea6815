package live_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/ecs"
	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// TestMain is also the program that the tasks run: a web server that answers
// with its name.
func TestMain(m *testing.M) {
	if os.Getenv("APP") != "" {
		app(os.Getenv("APP"))
		return
	}
	os.Exit(m.Run())
}

func app(name string) {
	if os.Getenv("STUBBORN") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
	http.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("holding")
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, name)
	})
	http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	fmt.Println(name, "is up")
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

// cloud is load balancing and a host on a live loop.
type cloud struct {
	*sdk.Client
	t       *testing.T
	loop    *loop.Loop
	service *elbv2.Service
	host    *live.Host
	output  chan string // lines that programs wrote
	printed chan string // the same, by container
	changes chan string // "ip state" of targets
	samples chan elbv2.Sample
	balance string // the load balancer's ARN
}

// speed is how much faster than the wall clock the cloud's time passes: enough
// for a second of it to be no wait, not so much that a health check times out.
const speed = 20

func newCloud(t *testing.T) *cloud {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{
		t: t, loop: loop.NewLive(speed),
		output: make(chan string, 1000), printed: make(chan string, 1000), changes: make(chan string, 1000), samples: make(chan elbv2.Sample, 1000),
	}
	read, write := io.Pipe()
	go func() {
		for lines := bufio.NewScanner(read); lines.Scan(); {
			c.output <- lines.Text()
		}
	}()
	c.host = live.New(c.loop, live.Options{
		Programs: map[string]live.Program{"app": {Path: self}, "broken": {Path: self + ".missing"}},
		Output:   write,
	})
	c.service = elbv2.New(c.loop, "123456789012", "us-east-1", elbv2.Deps{
		Traffic:   c.host,
		PutMetric: func(string, string, map[string]string, time.Time, []float64, []float64) {},
	})
	c.host.Observe = func(s elbv2.Sample) { c.samples <- s }
	c.service.Watch(func(_, ip string, _ int32, state string) { c.changes <- ip + " " + state })
	c.Client = sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(c.loop, wire.NewMux("123456789012", "us-east-1", c.service.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.loop.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		c.host.Close()
		_ = write.Close()
	})
	out, err := c.CreateLoadBalancer(t.Context(), &sdk.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-b"}})
	if err != nil {
		t.Fatal(err)
	}
	c.balance = *out.LoadBalancers[0].LoadBalancerArn
	return c
}

// await waits for a value that satisfies want.
func await[T any](t *testing.T, from <-chan T, want func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		select {
		case got := <-from:
			if want(got) {
				return got
			}
		case <-ctx.Done():
			t.Fatalf("still waiting: %v", ctx.Err())
		}
	}
}

func is[T comparable](want T) func(T) bool { return func(got T) bool { return got == want } }

// pass lets time of the cloud pass.
func (c *cloud) pass(d time.Duration) {
	c.loop.Await(func(done func()) { c.loop.After(d, done) })
}

func (c *cloud) group(name string) string {
	c.t.Helper()
	out, err := c.CreateTargetGroup(c.t.Context(), &sdk.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-1"),
		TargetType: types.TargetTypeEnumIp, HealthCheckIntervalSeconds: aws.Int32(6), HealthyThresholdCount: aws.Int32(2),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.TargetGroups[0].TargetGroupArn
}

func forward(blue, green string, weights ...int32) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
		{TargetGroupArn: aws.String(blue), Weight: aws.Int32(weights[0])},
		{TargetGroupArn: aws.String(green), Weight: aws.Int32(weights[1])},
	}}}}
}

// listen creates a listener, HTTP or HTTPS, and waits until it is there.
func (c *cloud) listen(protocol types.ProtocolEnum, actions []types.Action) string {
	c.t.Helper()
	in := &sdk.CreateListenerInput{LoadBalancerArn: aws.String(c.balance), Port: aws.Int32(80), Protocol: protocol, DefaultActions: actions}
	if protocol == types.ProtocolEnumHttps {
		in.Certificates = []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")}}
	}
	out, err := c.CreateListener(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	c.pass(3 * time.Second) // to provision the load balancer, and to propagate
	arn := *out.Listeners[0].ListenerArn
	if c.host.Address(arn) == "" {
		c.t.Fatal("the listener has no address")
	}
	return arn
}

// outcome is what becomes of a task: "running", "failed: ..." or "exited ...".
func (c *cloud) task(ip, image string, env map[string]string) <-chan string {
	outcome := make(chan string, 10)
	spec := ecs.TaskSpec{ID: ip, IP: ip, Containers: []ecs.ContainerSpec{{
		Name: "web", Image: image, Environment: env, Ports: []int32{8080}, Essential: true, Print: func(line string) { c.printed <- line },
	}}}
	c.loop.Do(func() {
		c.host.Start(spec, ecs.TaskEvents{
			Running: func() { outcome <- "running" },
			Failed:  func(reason string) { outcome <- "failed: " + reason },
			Exited:  func(code int, _ string) { outcome <- fmt.Sprint("exited ", code) },
		})
	})
	return outcome
}

// serve runs an app and waits until it is a healthy target of the group.
func (c *cloud) serve(group, ip, name string) {
	c.t.Helper()
	await(c.t, c.task(ip, "app:1", map[string]string{"APP": name}), is("running"))
	c.loop.Do(func() {
		if err := c.service.Register(group, ip, 8080); err != nil {
			c.t.Error(err)
		}
	})
	await(c.t, c.changes, is(ip+" healthy"))
}

// get makes a request and gives the status and the body.
func (c *cloud) get(url string, cookies ...*http.Cookie) (string, []*http.Cookie) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // the certificate is made up
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if location := resp.Header.Get("Location"); location != "" {
		body = []byte(location)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body), resp.Cookies()
}

func TestTasksAreProcesses(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	stubborn := c.task("10.0.0.1", "app", map[string]string{"APP": "stubborn", "STUBBORN": "1"})
	polite := c.task("10.0.0.2", "app@sha256:0123", map[string]string{"APP": "polite"})
	unknown := c.task("10.0.0.3", "moon:1", nil)
	broken := c.task("10.0.0.4", "broken", nil)
	await(t, c.output, is("stubborn is up"))
	await(t, c.printed, is("stubborn is up"))
	c.loop.Do(func() {
		c.host.Stop("10.0.0.1", time.Second)
		c.host.Stop("10.0.0.2", time.Hour)
	})
	for _, tc := range []struct {
		name    string
		outcome <-chan string
		want    string
	}{
		{"stubborn", stubborn, "exited 137"},
		{"polite", polite, "exited 143"},
		{"unknown", unknown, "failed: CannotPullContainerError: no program stands for the image moon:1"},
		{"broken", broken, "failed: CannotStartContainerError"},
	} {
		got := await(t, tc.outcome, func(s string) bool { return s != "running" })
		if !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// A program may be said to stand for an image when the cloud already runs.
func TestImageSaidLater(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	await(t, c.task("10.0.0.1", "late:1", nil), is("failed: CannotPullContainerError: no program stands for the image late:1"))
	c.loop.Do(func() { c.host.Image("late", live.Program{Path: self, Env: []string{"APP=late"}}) })
	await(t, c.task("10.0.0.2", "late:1", nil), is("running"))
	await(t, c.output, is("late is up"))
}

func TestWeightsSayWhereRequestsGo(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue, green := c.group("blue"), c.group("green")
	listener := c.listen(types.ProtocolEnumHttp, forward(blue, green, 1, 0))
	c.serve(blue, "10.0.0.1", "blue")
	c.serve(green, "10.0.0.2", "green")
	url := "http://" + c.host.Address(listener)
	seen := func() map[string]int {
		got := map[string]int{}
		for range 50 {
			body, _ := c.get(url)
			got[body]++
		}
		return got
	}
	if diff := cmp.Diff(map[string]int{"200 blue": 50}, seen()); diff != "" {
		t.Errorf("at 1:0 (-want +got):\n%s", diff)
	}
	shift := func(weights ...int32) {
		t.Helper()
		if _, err := c.ModifyListener(t.Context(), &sdk.ModifyListenerInput{ListenerArn: aws.String(listener), DefaultActions: forward(blue, green, weights...)}); err != nil {
			t.Fatal(err)
		}
		c.pass(2 * time.Second)
	}
	shift(1, 1)
	if got := seen(); len(got) != 2 || got["200 blue"]+got["200 green"] != 50 {
		t.Errorf("at 1:1: %v, want both", got)
	}
	shift(0, 1)
	if diff := cmp.Diff(map[string]int{"200 green": 50}, seen()); diff != "" {
		t.Errorf("at 0:1 (-want +got):\n%s", diff)
	}
	shift(0, 0)
	if got, _ := c.get(url); !strings.HasPrefix(got, "503 ") {
		t.Errorf("at 0:0: %s, want 503", got)
	}
	requests := map[string]int{}
	await(t, c.samples, func(s elbv2.Sample) bool {
		requests[s.TargetGroupARN] += s.Requests + s.ELB5XX
		return requests[blue]+requests[green] == 150 && requests[""] == 1
	})
}

func TestRequestUnderWayOutlivesItsTarget(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue, green := c.group("blue"), c.group("green")
	listener := c.listen(types.ProtocolEnumHttp, forward(blue, green, 1, 0))
	c.serve(blue, "10.0.0.1", "blue")
	url := "http://" + c.host.Address(listener)
	body, hold := io.Pipe()
	answer := make(chan string, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/hold", body)
		if err != nil {
			answer <- err.Error()
			return
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		answer <- fmt.Sprint(string(text), errors.Join(err))
	}()
	if _, err := hold.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	await(t, c.output, is("holding"))
	c.loop.Do(func() { c.service.Deregister(blue, "10.0.0.1", 8080, nothing{}) })
	await(t, c.changes, is("10.0.0.1 draining"))
	c.loop.Do(func() {}) // what that led to
	if got, _ := c.get(url); !strings.HasPrefix(got, "503 ") {
		t.Errorf("a new request: %s, want 503", got)
	}
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	if got := await(t, answer, func(string) bool { return true }); got != "blue<nil>" {
		t.Errorf("the request under way: %s, want blue", got)
	}
}

func TestGroupStickiness(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue, green := c.group("blue"), c.group("green")
	actions := forward(blue, green, 1, 1)
	actions[0].ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
	listener := c.listen(types.ProtocolEnumHttps, actions)
	c.serve(blue, "10.0.0.1", "blue")
	c.serve(green, "10.0.0.2", "green")
	url := "https://" + c.host.Address(listener)
	first, cookies := c.get(url)
	if len(cookies) != 1 || cookies[0].Name != "AWSALBTG" || cookies[0].MaxAge != 60 {
		t.Fatalf("cookies = %v, want AWSALBTG for 60 seconds", cookies)
	}
	for range 30 {
		if got, _ := c.get(url, cookies...); got != first {
			t.Fatalf("with the cookie: %s, want %s", got, first)
		}
	}
}

func TestTargetThatDies(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue, green := c.group("blue"), c.group("green")
	listener := c.listen(types.ProtocolEnumHttp, forward(blue, green, 1, 0))
	c.serve(blue, "10.0.0.1", "blue")
	url := "http://" + c.host.Address(listener)
	if got, _ := c.get(url + "/exit"); !strings.HasPrefix(got, "502 ") {
		t.Errorf("the request it dies of: %s, want 502", got)
	}
	await(t, c.changes, is("10.0.0.1 unhealthy"))
	// Fail open: the only target is asked, and refuses.
	if got, _ := c.get(url); !strings.HasPrefix(got, "502 ") {
		t.Errorf("after that: %s, want 502", got)
	}
	await(t, c.samples, func(s elbv2.Sample) bool { return s.TargetGroupARN == blue && s.ConnectionErrors == 1 && s.ELB5XX == 1 })
}

func TestAnswersOfTheLoadBalancer(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	listener := c.listen(types.ProtocolEnumHttp, []types.Action{{
		Type:           types.ActionTypeEnumRedirect,
		RedirectConfig: &types.RedirectActionConfig{Protocol: aws.String("HTTPS"), Port: aws.String("443"), StatusCode: types.RedirectActionStatusCodeEnumHttp301},
	}})
	_, err := c.CreateRule(t.Context(), &sdk.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(1),
		Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/teapot"}}},
		Actions: []types.Action{{
			Type:                types.ActionTypeEnumFixedResponse,
			FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("418"), ContentType: aws.String("text/plain"), MessageBody: aws.String("short and stout")},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.pass(2 * time.Second)
	url := "http://" + c.host.Address(listener)
	for path, want := range map[string]string{
		"/teapot":   "418 short and stout",
		"/a/b?c=d ": "301 https://127.0.0.1:443/a/b?c=d",
	} {
		if got, _ := c.get(url + strings.TrimSpace(path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// nothing is an event of no consequence.
type nothing struct{}

func (nothing) Happen() {}
