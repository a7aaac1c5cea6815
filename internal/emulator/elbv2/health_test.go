package elbv2_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

func (c *cloud) wantHealth(group string, want ...string) {
	c.t.Helper()
	if diff := cmp.Diff(want, c.health(group)); diff != "" {
		c.t.Errorf("health at %s (-want +got):\n%s", c.since(), diff)
	}
}

func TestTargetGroupDefaults(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.createGroup("blue")
	want := types.TargetGroup{
		TargetGroupArn: got.TargetGroupArn, TargetGroupName: aws.String("blue"), TargetType: types.TargetTypeEnumIp,
		Protocol: types.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"), Port: aws.Int32(8080), VpcId: aws.String("vpc-1"),
		IpAddressType: types.TargetGroupIpAddressTypeEnumIpv4, HealthCheckEnabled: aws.Bool(true), HealthCheckProtocol: types.ProtocolEnumHttp,
		HealthCheckPort: aws.String("traffic-port"), HealthCheckPath: aws.String("/"), HealthCheckIntervalSeconds: aws.Int32(30),
		HealthCheckTimeoutSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(5), UnhealthyThresholdCount: aws.Int32(2),
		Matcher: &types.Matcher{HttpCode: aws.String("200")},
	}
	if diff := cmp.Diff(want, got, unexported()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTargetOfUnusedGroupIsNotChecked(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.register(blue, "10.0.0.1")
	c.loop.RunFor(10 * time.Minute)
	c.wantHealth(blue, "10.0.0.1 unused Target.NotInUse: Target group is not configured to receive traffic from the load balancer")
	if len(c.probes) > 0 {
		t.Errorf("probes = %v, want none", c.probes)
	}
	// A weight of zero is use enough.
	green := c.group("green")
	c.listener(lb, forward(weighted(green, 1), weighted(blue, 0)))
	c.wantHealth(blue, "10.0.0.1 initial Elb.RegistrationInProgress: Target registration is in progress")
	c.loop.RunFor(time.Minute)
	c.wantHealth(blue, "10.0.0.1 healthy")
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	c.status["10.0.0.1"] = 503
	var seen []string
	c.service.Watch(func(_, ip string, port int32, state string) {
		seen = append(seen, fmt.Sprintf("%s %s:%d %s", c.since(), ip, port, state))
	})
	c.register(blue, "10.0.0.1")
	c.loop.RunFor(2 * time.Second)
	c.wantHealth(blue, "10.0.0.1 initial Elb.InitialHealthChecking: Initial health checks in progress")
	c.loop.RunFor(60 * time.Second)
	c.wantHealth(blue, "10.0.0.1 unhealthy Target.ResponseCodeMismatch: Health checks failed with these codes: [503]")
	c.status["10.0.0.1"] = 200
	c.loop.RunFor(200 * time.Second)
	c.status["10.0.0.1"] = 500
	c.loop.RunFor(time.Minute)
	// One success is not enough for an old target; one failure is no reason.
	want := []string{"0s 10.0.0.1:8080 initial", "31s 10.0.0.1:8080 unhealthy", "3m31s 10.0.0.1:8080 healthy", "5m1s 10.0.0.1:8080 unhealthy"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestReasonsOfFailedChecks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	c.failure["10.0.0.1"] = context.DeadlineExceeded
	c.failure["10.0.0.2"] = errors.New("connection refused")
	c.register(blue, "10.0.0.1", "10.0.0.2")
	c.loop.RunFor(2 * time.Minute)
	c.wantHealth(blue,
		"10.0.0.1 unhealthy Target.Timeout: Request timed out",
		"10.0.0.2 unhealthy Target.FailedHealthChecks: Health checks failed")
}

func TestHealthCheckSettings(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	c.status["10.0.0.1"] = 204
	must[*sdk.ModifyTargetGroupOutput](t)(c.ModifyTargetGroup(t.Context(), &sdk.ModifyTargetGroupInput{
		TargetGroupArn: aws.String(blue), HealthCheckPath: aws.String("/up"), HealthCheckPort: aws.String("9000"),
		HealthCheckIntervalSeconds: aws.Int32(10), Matcher: &types.Matcher{HttpCode: aws.String("200,202-204")},
	}))
	c.loop.RunFor(10 * time.Second)
	c.register(blue, "10.0.0.1")
	c.loop.RunFor(25 * time.Second)
	c.wantHealth(blue, "10.0.0.1 healthy")
	if diff := cmp.Diff([]string{"11s 10.0.0.1:9000/up", "21s 10.0.0.1:9000/up", "31s 10.0.0.1:9000/up"}, c.probes); diff != "" {
		t.Errorf("probes (-want +got):\n%s", diff)
	}
	for name, in := range map[string]*sdk.ModifyTargetGroupInput{
		"timeout":  {HealthCheckTimeoutSeconds: aws.Int32(10)},
		"path":     {HealthCheckPath: aws.String("up")},
		"port":     {HealthCheckPort: aws.String("http")},
		"matcher":  {Matcher: &types.Matcher{HttpCode: aws.String("200-500")}},
		"disabled": {HealthCheckEnabled: aws.Bool(false)},
	} {
		in.TargetGroupArn = aws.String(blue)
		if got := code(failing(c.ModifyTargetGroup(t.Context(), in))); got != "ValidationError" {
			t.Errorf("%s: code = %q, want ValidationError", name, got)
		}
	}
}

func TestNodesFailOpen(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	c.register(blue, "10.0.0.1", "10.0.0.2")
	for _, tc := range []struct {
		down []string
		want []string
	}{
		{nil, []string{"10.0.0.1", "10.0.0.2"}},
		{[]string{"10.0.0.1"}, []string{"10.0.0.2"}},
		{[]string{"10.0.0.1", "10.0.0.2"}, []string{"10.0.0.1", "10.0.0.2"}},
	} {
		clear(c.status)
		for _, ip := range tc.down {
			c.status[ip] = 500
		}
		c.loop.RunFor(5 * time.Minute)
		if diff := cmp.Diff(tc.want, c.usable(lb, blue)); diff != "" {
			t.Errorf("with %v down, usable (-want +got):\n%s", tc.down, diff)
		}
	}
}

// happening is an event that calls a function.
type happening func()

func (h happening) Happen() { h() }

func TestDraining(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	must[*sdk.ModifyTargetGroupAttributesOutput](t)(c.ModifyTargetGroupAttributes(t.Context(), &sdk.ModifyTargetGroupAttributesInput{
		TargetGroupArn: aws.String(blue),
		Attributes:     []types.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("120")}},
	}))
	if err := c.service.Register(blue, "10.0.0.1", 8080); err != nil {
		t.Fatal(err)
	}
	c.loop.RunFor(time.Minute)
	var drained time.Duration
	c.loop.Do(func() { c.service.Deregister(blue, "10.0.0.1", 8080, happening(func() { drained = c.since() })) })
	c.wantHealth(blue, "10.0.0.1 draining Target.DeregistrationInProgress: Target deregistration is in progress")
	if got := c.usable(lb, blue); len(got) > 0 {
		t.Errorf("usable = %v, want none", got)
	}
	c.loop.RunFor(2 * time.Minute)
	if want := 3 * time.Minute; drained != want {
		t.Errorf("drained at %s, want %s", drained, want)
	}
	c.wantHealth(blue)
	asked := must[*sdk.DescribeTargetHealthOutput](t)(c.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(blue), Targets: []types.TargetDescription{{Id: aws.String("10.0.0.1")}},
	}))
	if got := asked.TargetHealthDescriptions[0].TargetHealth; got.State != types.TargetHealthStateEnumUnused || got.Reason != types.TargetHealthReasonEnumNotRegistered {
		t.Errorf("health = %s %s, want unused Target.NotRegistered", got.State, got.Reason)
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue, green := c.loadBalancer("web"), c.group("blue"), c.group("green")
	c.listener(lb, forward(weighted(blue, 1), weighted(green, 1)))
	set := func(key, value string) string {
		return code(failing(c.ModifyTargetGroupAttributes(t.Context(), &sdk.ModifyTargetGroupAttributesInput{
			TargetGroupArn: aws.String(blue), Attributes: []types.TargetGroupAttribute{{Key: aws.String(key), Value: aws.String(value)}},
		})))
	}
	for _, tc := range []struct{ key, value, want string }{
		{"deregistration_delay.timeout_seconds", "3601", "ValidationError"},
		{"deregistration_delay.timeout_seconds", "0", ""},
		{"slow_start.duration_seconds", "29", "ValidationError"},
		{"slow_start.duration_seconds", "30", ""},
		{"stickiness.enabled", "yes", "ValidationError"},
		{"stickiness.enabled", "true", "InvalidConfigurationRequest"}, // the rule is weighted and has no group stickiness
		{"stickiness.type", "app_cookie", "InvalidConfigurationRequest"},
		{"no.such.attribute", "1", "ValidationError"},
	} {
		if got := set(tc.key, tc.value); got != tc.want {
			t.Errorf("%s = %s: code = %q, want %q", tc.key, tc.value, got, tc.want)
		}
	}
	out := must[*sdk.DescribeTargetGroupAttributesOutput](t)(c.DescribeTargetGroupAttributes(t.Context(), &sdk.DescribeTargetGroupAttributesInput{TargetGroupArn: aws.String(blue)}))
	got := map[string]string{}
	for _, attribute := range out.Attributes {
		got[*attribute.Key] = *attribute.Value
	}
	if got["deregistration_delay.timeout_seconds"] != "0" || got["slow_start.duration_seconds"] != "30" || got["stickiness.enabled"] != "false" {
		t.Errorf("attributes = %v", got)
	}
}

func TestTargetsThatCannotBeRegistered(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue := c.group("blue")
	instances := must[*sdk.CreateTargetGroupOutput](t)(c.CreateTargetGroup(t.Context(), &sdk.CreateTargetGroupInput{
		Name: aws.String("instances"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-1"),
	})).TargetGroups[0]
	for _, tc := range []struct{ group, id, want string }{
		{blue, "i-0123456789abcdef0", "ValidationError"},
		{blue, "198.51.100.7", "ValidationError"},
		{*instances.TargetGroupArn, "10.0.0.1", "ValidationError"},
		{*instances.TargetGroupArn, "i-0123456789abcdef0", "InvalidTarget"},
		{blue + "0", "10.0.0.1", "TargetGroupNotFound"},
	} {
		_, err := c.RegisterTargets(t.Context(), &sdk.RegisterTargetsInput{
			TargetGroupArn: aws.String(tc.group), Targets: []types.TargetDescription{{Id: aws.String(tc.id)}},
		})
		if got := code(err); got != tc.want {
			t.Errorf("%s: code = %q, want %q", tc.id, got, tc.want)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	c.register(blue, "10.0.0.1", "10.0.0.2")
	c.loop.RunFor(70 * time.Second)
	c.loop.Do(func() {
		c.service.Observe(elbv2.Sample{LoadBalancerARN: lb, TargetGroupARN: blue, Requests: 3, Status: [6]int{2: 2, 5: 1}, Latencies: []elbv2.Latency{{0.25, 2}}})
		c.service.Observe(elbv2.Sample{LoadBalancerARN: lb, TargetGroupARN: blue, Requests: 2, ConnectionErrors: 1, ELB5XX: 1, Status: [6]int{2: 1}, Latencies: []elbv2.Latency{{0.25, 1}, {0.125, 1}}})
		c.service.Observe(elbv2.Sample{LoadBalancerARN: lb, ELB5XX: 4, ELB4XX: 1})
	})
	c.loop.RunFor(80 * time.Second)
	var group, both, alone string
	{
		b, g := lb[len("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/"):], blue[len("arn:aws:elasticloadbalancing:us-east-1:123456789012:"):]
		group, both, alone = "map[TargetGroup:"+g+"]", "map[LoadBalancer:"+b+" TargetGroup:"+g+"]", "map[LoadBalancer:"+b+"]"
	}
	first, second := "1m20s 00:00:00 AWS/ApplicationELB ", "2m20s 00:01:00 AWS/ApplicationELB "
	want := []string{
		first + "HealthyHostCount " + both + " [2] [1]",
		first + "UnHealthyHostCount " + both + " [0] [1]",
		second + "RequestCount " + both + " [1] [5]",
		second + "HTTPCode_Target_2XX_Count " + both + " [1] [3]",
		second + "HTTPCode_Target_5XX_Count " + both + " [1] [1]",
		second + "TargetConnectionErrorCount " + both + " [1] [1]",
		second + "TargetResponseTime " + both + " [0.125 0.25] [1 3]",
		second + "RequestCountPerTarget " + both + " [2.5] [1]",
		second + "RequestCountPerTarget " + group + " [2.5] [1]",
		second + "RequestCount " + alone + " [1] [5]",
		second + "HTTPCode_Target_2XX_Count " + alone + " [1] [3]",
		second + "HTTPCode_Target_5XX_Count " + alone + " [1] [1]",
		second + "TargetConnectionErrorCount " + alone + " [1] [1]",
		second + "TargetResponseTime " + alone + " [0.125 0.25] [1 3]",
		second + "HTTPCode_ELB_4XX_Count " + alone + " [1] [1]",
		second + "HTTPCode_ELB_5XX_Count " + alone + " [1] [5]",
		second + "HealthyHostCount " + both + " [2] [1]",
		second + "UnHealthyHostCount " + both + " [0] [1]",
	}
	if diff := cmp.Diff(want, c.metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
