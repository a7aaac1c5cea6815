package model_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// balancing puts a load balancer that forwards by weight in front of a world,
// and gives its rule's weights to be changed.
func balancing(t *testing.T, w *world, put func(name, dimensions string, at time.Time, sum float64)) (service *elbv2.Service, groups []string, shift func(weights ...int32)) {
	t.Helper()
	service = elbv2.New(w.loop, "123456789012", "us-east-1", elbv2.Deps{
		Traffic: w,
		PutMetric: func(_, name string, dimensions map[string]string, at time.Time, values, counts []float64) {
			sum := 0.0
			for i, value := range values {
				sum += value * counts[i]
			}
			group, _, _ := strings.Cut(strings.TrimPrefix(dimensions["TargetGroup"], "targetgroup/"), "/")
			put(name, group, at, sum)
		},
	})
	w.Observe = service.Observe
	client := sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, wire.NewMux("123456789012", "us-east-1", service.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lb, err := client.CreateLoadBalancer(t.Context(), &sdk.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-b"}})
	check(err)
	for _, name := range []string{"blue", "green"} {
		group, err := client.CreateTargetGroup(t.Context(), &sdk.CreateTargetGroupInput{
			Name: aws.String(name), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-1"), TargetType: types.TargetTypeEnumIp,
		})
		check(err)
		groups = append(groups, *group.TargetGroups[0].TargetGroupArn)
	}
	actions := func(weights ...int32) []types.Action {
		config := &types.ForwardActionConfig{}
		for i, weight := range weights {
			config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(groups[i]), Weight: aws.Int32(weight)})
		}
		return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: config}}
	}
	listener, err := client.CreateListener(t.Context(), &sdk.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: actions(100, 0),
	})
	check(err)
	return service, groups, func(weights ...int32) {
		t.Helper()
		_, err := client.ModifyListener(t.Context(), &sdk.ModifyListenerInput{ListenerArn: listener.Listeners[0].ListenerArn, DefaultActions: actions(weights...)})
		check(err)
	}
}

func TestMetricsTellOfTheCanarysErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got []string
	put := func(name, group string, at time.Time, sum float64) {
		switch name {
		case "RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "HealthyHostCount":
			got = append(got, fmt.Sprintf("%s %s %s %v", at.Format("15:04"), group, name, sum))
		}
	}
	service, groups, shift := balancing(t, w, put)
	w.Image("app:2", model.Behaviour{ErrorShare: func(time.Duration) float64 { return 0.5 }})
	for i, ip := range []string{"10.0.0.1", "10.0.0.2"} {
		w.task(ip, ip, []string{"app:1", "app:2"}[i])
		w.loop.Do(func() {
			if err := service.Register(groups[i], ip, 8080); err != nil {
				t.Error(err)
			}
		})
	}
	w.loop.RunFor(2*time.Minute - time.Second)
	shift(90, 10) // it takes a second
	w.loop.RunFor(time.Second)
	got = nil
	w.loop.Do(func() { w.AddLoad(model.Load{RequestsPerSecond: func(time.Time) float64 { return 10 }}) })
	w.loop.RunFor(30 * time.Second) // past the metrics of the minute before
	got = nil
	w.loop.RunFor(time.Minute)
	// A millisecond's worth of requests counts in the minute after.
	want := []string{
		"00:02 blue RequestCount 539", "00:02 green RequestCount 60", "00:02 green HTTPCode_Target_5XX_Count 30",
		"00:02  RequestCount 599", "00:02  HTTPCode_Target_5XX_Count 30",
		"00:02 blue HealthyHostCount 1", "00:02 green HealthyHostCount 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestTargetsOfTheWorldBecomeHealthyAndUnhealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service, groups, _ := balancing(t, w, func(string, string, time.Time, float64) {})
	w.Image("app:1", model.Behaviour{StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second, UnhealthyAfter: 5 * time.Minute})
	w.Image("app:2", model.Behaviour{NeverHealthy: true})
	service.Watch(func(_, ip string, _ int32, state string) { w.note("%s %s", ip, state) })
	for i, ip := range []string{"10.0.0.1", "10.0.0.2"} {
		w.task("task-"+ip, ip, []string{"app:1", "app:2"}[i])
		w.loop.Do(func() {
			if err := service.Register(groups[i], ip, 8080); err != nil {
				t.Error(err)
			}
		})
	}
	w.loop.RunFor(10 * time.Minute)
	// Two checks in a row have to fail after five minutes of running.
	want := []string{
		"0s 10.0.0.1 initial", "0s 10.0.0.2 initial", "0s task-10.0.0.2 runs", "10s task-10.0.0.1 runs",
		"31s 10.0.0.1 healthy", "31s 10.0.0.2 unhealthy", "6m1s 10.0.0.1 unhealthy",
	}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
