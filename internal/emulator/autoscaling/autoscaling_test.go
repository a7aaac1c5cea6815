package autoscaling_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/autoscaling"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const web = "service/prod/web"

// services are ECS services by cluster/name with their desired counts.
type services struct {
	desired   map[string]int32
	deploying bool
}

func (s *services) DesiredCount(cluster, service string) (int32, bool) {
	n, ok := s.desired[cluster+"/"+service]
	return n, ok
}

func (s *services) SetDesiredCount(cluster, service string, n int32) error {
	s.desired[cluster+"/"+service] = n
	return nil
}

func (s *services) Deploying(string, string) bool { return s.deploying }

type cloud struct {
	t       *testing.T
	loop    *loop.Loop
	ecs     *services
	scaling *autoscaling.Service
	client  *aas.Client
}

func newCloud(t *testing.T, desired int32) *cloud {
	t.Helper()
	c := &cloud{
		t: t, loop: loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		ecs: &services{desired: map[string]int32{"prod/web": desired, "prod/api": desired}},
	}
	c.scaling = autoscaling.New(c.loop, "123456789012", "us-east-1", autoscaling.Deps{ECS: c.ecs})
	c.client = aas.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(c.loop, wire.NewMux("123456789012", "us-east-1", c.scaling.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return c
}

func input(resourceID string) *aas.RegisterScalableTargetInput {
	return &aas.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId: aws.String(resourceID),
	}
}

func between(least, most int32) *aas.RegisterScalableTargetInput {
	in := input(web)
	in.MinCapacity, in.MaxCapacity = aws.Int32(least), aws.Int32(most)
	return in
}

func (c *cloud) register(in *aas.RegisterScalableTargetInput) {
	c.t.Helper()
	if _, err := c.client.RegisterScalableTarget(c.t.Context(), in); err != nil {
		c.t.Fatalf("register scalable target: %v", err)
	}
}

func (c *cloud) scale(n int32) {
	c.t.Helper()
	var err error
	c.loop.Do(func() { err = c.scaling.Scale(web, n) })
	if err != nil {
		c.t.Fatalf("scale to %d: %v", n, err)
	}
}

func (c *cloud) wantDesired(want int32, when string) {
	c.t.Helper()
	if got := c.ecs.desired["prod/web"]; got != want {
		c.t.Errorf("%s: desired count %d, want %d", when, got, want)
	}
}

func refused(err error) string {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return fmt.Sprintf("not refused: %v", err)
	}
	return failure.ErrorCode() + ": " + failure.ErrorMessage()
}

func TestRegisterPutsTheCapacityWithinItsBounds(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 1)
	c.register(between(2, 10))
	c.wantDesired(2, "below the minimum")
	c.register(between(0, 1))
	c.wantDesired(1, "above the maximum")
}

func TestChangeFromElsewhereStandsUntilTheNextRegister(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 2)
	c.register(between(2, 10))
	c.ecs.desired["prod/web"] = 0
	c.loop.RunFor(time.Hour)
	c.wantDesired(0, "an hour after a change from elsewhere")
	in := input(web)
	in.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true), DynamicScalingOutSuspended: aws.Bool(true)}
	c.register(in)
	c.wantDesired(2, "after a call that only suspends")
}

func TestUpdateKeepsWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 2)
	c.register(between(2, 10))
	c.loop.RunFor(time.Minute)
	in := input(web)
	in.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true)}
	c.register(in)
	in = input(web)
	in.MaxCapacity = aws.Int32(20)
	in.SuspendedState = &types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)}
	c.register(in)
	out, err := c.client.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs})
	if err != nil || len(out.ScalableTargets) != 1 {
		t.Fatalf("describe scalable targets: %v, %v", out, err)
	}
	want := types.ScalableTarget{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId: aws.String(web), MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(20),
		CreationTime: aws.Time(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		RoleARN: aws.String("arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/" +
			"AWSServiceRoleForApplicationAutoScaling_ECSService"),
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended: aws.Bool(true), DynamicScalingOutSuspended: aws.Bool(false), ScheduledScalingSuspended: aws.Bool(true),
		},
	}
	opts := []cmp.Option{cmpopts.IgnoreUnexported(types.ScalableTarget{}, types.SuspendedState{}), cmpopts.IgnoreFields(types.ScalableTarget{}, "ScalableTargetARN")}
	if diff := cmp.Diff(want, out.ScalableTargets[0], opts...); diff != "" {
		t.Errorf("scalable target (-want +got):\n%s", diff)
	}
}

func TestScaleRespectsBoundsSuspensionsAndDeployments(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 4)
	c.register(between(2, 6))
	c.scale(9)
	c.wantDesired(6, "out beyond the maximum")
	c.scale(1)
	c.wantDesired(2, "in beyond the minimum")
	in := input(web)
	in.SuspendedState = &types.SuspendedState{DynamicScalingOutSuspended: aws.Bool(true)}
	c.register(in)
	c.scale(5)
	c.wantDesired(2, "out while that is suspended")
	in.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true), DynamicScalingOutSuspended: aws.Bool(false)}
	c.register(in)
	c.scale(5)
	c.wantDesired(5, "out when it is resumed")
	c.scale(3)
	c.wantDesired(5, "in while that is suspended")
	in.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(false)}
	c.register(in)
	c.ecs.deploying = true
	c.scale(3)
	c.wantDesired(5, "in during a deployment")
	c.scale(6)
	c.wantDesired(6, "out during a deployment")
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   *aas.RegisterScalableTargetInput
		want string
	}{
		{"MinimumAboveMaximum", between(3, 2), "ValidationException: Maximum capacity cannot be less than minimum capacity"},
		{"NewWithoutBounds", input(web), "ValidationException: Both MinCapacity and MaxCapacity are required when a new scalable target is registered."},
		{"UnknownService", input("service/prod/other"), "ValidationException: ECS service doesn't exist: service/prod/other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, 1)
			_, err := c.client.RegisterScalableTarget(t.Context(), tt.in)
			if got := refused(err); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
			c.wantDesired(1, "after the refusal")
		})
	}
}

func TestDescribeFiltersAndPages(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 2)
	c.register(between(1, 3))
	api := between(1, 3)
	api.ResourceId = aws.String("service/prod/api")
	c.register(api)
	page := &aas.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceEcs, MaxResults: aws.Int32(1)}
	var got []string
	for range 2 {
		out, err := c.client.DescribeScalableTargets(t.Context(), page)
		if err != nil {
			t.Fatalf("describe scalable targets: %v", err)
		}
		for _, target := range out.ScalableTargets {
			got = append(got, *target.ResourceId)
		}
		page.NextToken = out.NextToken
	}
	if diff := cmp.Diff([]string{"service/prod/api", web}, got); diff != "" || page.NextToken != nil {
		t.Errorf("two pages, then token %v (-want +got):\n%s", page.NextToken, diff)
	}
	one, err := c.client.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: []string{web, "service/prod/none"},
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	})
	if err != nil || len(one.ScalableTargets) != 1 || *one.ScalableTargets[0].ResourceId != web {
		t.Errorf("by resource id: %v, %v; want %s alone", one, err, web)
	}
	_, err = c.client.DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, NextToken: aws.String("?"),
	})
	if got := refused(err); got != "InvalidNextTokenException: The next token supplied was invalid." {
		t.Errorf("an unknown token: %s", got)
	}
}

func TestDeregister(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 2)
	c.register(between(1, 3))
	in := &aas.DeregisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ResourceId: aws.String(web),
	}
	if _, err := c.client.DeregisterScalableTarget(t.Context(), in); err != nil {
		t.Fatalf("deregister scalable target: %v", err)
	}
	_, err := c.client.DeregisterScalableTarget(t.Context(), in)
	want := "ObjectNotFoundException: No scalable target registered for service namespace: ecs, resource ID: service/prod/web, " +
		"scalable dimension: ecs:service:DesiredCount"
	if got := refused(err); got != want {
		t.Errorf("once more: %s, want %s", got, want)
	}
}
