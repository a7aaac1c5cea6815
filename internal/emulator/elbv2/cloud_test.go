package elbv2_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// cloud is load balancing alone, reached through the real client, with Traffic
// that keeps what it is told and answers health checks as the test says.
type cloud struct {
	*sdk.Client
	t       *testing.T
	loop    *loop.Loop
	service *elbv2.Service

	configs map[string]elbv2.Config
	status  map[string]int   // of health checks, by IP; else 200
	failure map[string]error // instead, by IP
	probes  []string
	metrics []string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c := &cloud{t: t, loop: l, configs: map[string]elbv2.Config{}, status: map[string]int{}, failure: map[string]error{}}
	c.service = elbv2.New(l, "123456789012", "us-east-1", elbv2.Deps{Traffic: c, PutMetric: c.putMetric})
	c.Client = sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, wire.NewMux("123456789012", "us-east-1", c.service.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return c
}

func (c *cloud) Configure(config elbv2.Config) { c.configs[config.ARN] = config }

func (c *cloud) Remove(arn string) { delete(c.configs, arn) }

func (c *cloud) Probe(target elbv2.Target, check elbv2.HealthCheck, done func(int, error)) {
	c.probes = append(c.probes, fmt.Sprintf("%s %s:%d%s", c.since(), target.IP, check.Port, check.Path))
	switch err := c.failure[target.IP]; {
	case errors.Is(err, context.DeadlineExceeded):
		c.loop.After(check.Timeout, func() { done(0, err) })
	case err != nil:
		done(0, err)
	default:
		done(cmp.Or(c.status[target.IP], 200), nil)
	}
}

func (c *cloud) putMetric(namespace, name string, dimensions map[string]string, at time.Time, values, counts []float64) {
	c.metrics = append(c.metrics, fmt.Sprintf("%s %s %s %s %s %v %v", c.since(), at.Format(time.TimeOnly), namespace, name, dimensions, values, counts))
}

// since is the time since the cloud began.
func (c *cloud) since() time.Duration {
	return c.loop.Now().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
}

func must[T any](t *testing.T) func(out T, err error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func (c *cloud) loadBalancer(name string) string {
	c.t.Helper()
	out := must[*sdk.CreateLoadBalancerOutput](c.t)(c.CreateLoadBalancer(c.t.Context(), &sdk.CreateLoadBalancerInput{
		Name: aws.String(name), Subnets: []string{"subnet-a", "subnet-b"},
	}))
	return *out.LoadBalancers[0].LoadBalancerArn
}

func (c *cloud) group(name string) string {
	c.t.Helper()
	return *c.createGroup(name).TargetGroupArn
}

func (c *cloud) createGroup(name string) types.TargetGroup {
	c.t.Helper()
	out := must[*sdk.CreateTargetGroupOutput](c.t)(c.CreateTargetGroup(c.t.Context(), &sdk.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-1"),
		TargetType: types.TargetTypeEnumIp,
	}))
	return out.TargetGroups[0]
}

// weighted is a group and its weight.
func weighted(group string, weight int32) types.TargetGroupTuple {
	return types.TargetGroupTuple{TargetGroupArn: aws.String(group), Weight: aws.Int32(weight)}
}

func forward(groups ...types.TargetGroupTuple) []types.Action {
	config := &types.ForwardActionConfig{TargetGroups: groups}
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: config}}
}

func (c *cloud) listener(lb string, actions []types.Action) types.Listener {
	c.t.Helper()
	out := must[*sdk.CreateListenerOutput](c.t)(c.CreateListener(c.t.Context(), &sdk.CreateListenerInput{
		LoadBalancerArn: aws.String(lb), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: actions,
	}))
	return out.Listeners[0]
}

func path(patterns ...string) []types.RuleCondition {
	return []types.RuleCondition{{Field: aws.String("path-pattern"), Values: patterns}}
}

func (c *cloud) rule(listener string, priority int32, conditions []types.RuleCondition, actions []types.Action) types.Rule {
	c.t.Helper()
	out := must[*sdk.CreateRuleOutput](c.t)(c.CreateRule(c.t.Context(), &sdk.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(priority), Conditions: conditions, Actions: actions,
	}))
	return out.Rules[0]
}

func (c *cloud) register(group string, ips ...string) {
	c.t.Helper()
	in := &sdk.RegisterTargetsInput{TargetGroupArn: aws.String(group)}
	for _, ip := range ips {
		in.Targets = append(in.Targets, types.TargetDescription{Id: aws.String(ip)})
	}
	must[*sdk.RegisterTargetsOutput](c.t)(c.RegisterTargets(c.t.Context(), in))
}

// health gives the group's targets as "ip state reason: description".
func (c *cloud) health(group string) []string {
	c.t.Helper()
	out := must[*sdk.DescribeTargetHealthOutput](c.t)(c.DescribeTargetHealth(c.t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: aws.String(group)}))
	var lines []string
	for _, d := range out.TargetHealthDescriptions {
		line := *d.Target.Id + " " + string(d.TargetHealth.State)
		if d.TargetHealth.Reason != "" {
			line += " " + string(d.TargetHealth.Reason) + ": " + aws.ToString(d.TargetHealth.Description)
		}
		lines = append(lines, line)
	}
	return lines
}

// usable gives the IPs that a load balancer may send a group's requests to.
func (c *cloud) usable(lb, group string) []string {
	c.loop.RunFor(0) // what is due now
	var ips []string
	for _, target := range c.configs[lb].Groups[group].Targets {
		ips = append(ips, target.IP)
	}
	return ips
}

// code gives an error's AWS code, "" when there is no error.
func code(err error) string {
	var apiErr smithy.APIError
	if errors.As(err, &apiErr) {
		return apiErr.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
