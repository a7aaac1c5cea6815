// Package autoscaling is Application Auto Scaling as far as ECS services need it:
// scalable targets with their bounds and suspensions, and their scaling policies.
//
// Application Auto Scaling does not watch the capacity. It puts it within the
// bounds when RegisterScalableTarget is called, suspended or not and whatever the
// call changes, and when a scaling policy acts (AWS: RegisterScalableTarget API
// reference; Application Auto Scaling User Guide, concepts). A change from
// elsewhere that leaves the bounds therefore stands until then. Suspensions hold
// back what policies do (AWS: SuspendedState), nothing else.
//
// Scaling policies are kept and described, and decide nothing: nobody measures CPU
// here. Scale plays the decision of one.
package autoscaling

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Service is Application Auto Scaling in one account and region. All its methods
// are called on the loop.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	deps    Deps               `keep:"-"`
	targets map[string]*target // by resource id
}

// Deps is what Application Auto Scaling needs of the rest of the cloud.
type Deps struct {
	// ECS has the services whose desired count is the capacity.
	ECS Capacity
}

// Capacity is what there is to scale.
type Capacity interface {
	// DesiredCount is how many tasks a service is to have, and whether it is active.
	DesiredCount(cluster, service string) (int32, bool)
	// SetDesiredCount changes it.
	SetDesiredCount(cluster, service string, n int32) error
	// Deploying reports whether a deployment of the service is in progress.
	Deploying(cluster, service string) bool
}

type target struct {
	resourceID, cluster, service string

	arn, role string
	createdAt time.Time
	least     int32
	most      int32
	suspended suspension
	policies  []policy
}

type suspension struct{ in, out, scheduled bool }

// New gives an Application Auto Scaling without scalable targets.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, targets: map[string]*target{}}
}

// Wire is the service as its clients see it.
func (s *Service) Wire() *wire.Service {
	return wire.NewService(
		"application-autoscaling",
		wire.Op("DeleteScalingPolicy", s.deleteScalingPolicy),
		wire.Op("DescribeScalingPolicies", s.describeScalingPolicies),
		wire.Op("PutScalingPolicy", s.putScalingPolicy),
		wire.Op("RegisterScalableTarget", s.registerScalableTarget),
		wire.Op("DescribeScalableTargets", s.describeScalableTargets),
		wire.Op("DeregisterScalableTarget", s.deregisterScalableTarget),
	)
}

// ARN is the ARN of the scalable target of a resource; "" if there is none.
func (s *Service) ARN(resourceID string) string {
	if t := s.targets[resourceID]; t != nil {
		return t.arn
	}
	return ""
}

// Scale does what a scaling policy's decision to have n tasks comes to: nothing
// while that direction is suspended, or when it would take tasks away during a
// deployment; else the nearest count within the bounds (AWS: SuspendedState; ECS
// Developer Guide, service auto scaling and deployments).
func (s *Service) Scale(resourceID string, n int32) error {
	t, ok := s.targets[resourceID]
	if !ok {
		return notFound(types.ServiceNamespaceEcs, resourceID, types.ScalableDimensionECSServiceDesiredCount)
	}
	now, ok := s.deps.ECS.DesiredCount(t.cluster, t.service)
	if !ok {
		return missingService(resourceID)
	}
	n = t.within(n)
	switch {
	case n == now, n > now && t.suspended.out, n < now && t.suspended.in:
		return nil
	case n < now && s.deps.ECS.Deploying(t.cluster, t.service):
		return nil
	}
	return s.deps.ECS.SetDesiredCount(t.cluster, t.service, n)
}

func (t *target) within(n int32) int32 { return min(max(n, t.least), t.most) }

func (s *Service) registerScalableTarget(_ *wire.Call, in *aas.RegisterScalableTargetInput) (*aas.RegisterScalableTargetOutput, error) {
	id := aws.ToString(in.ResourceId)
	if err := onlyECS(in.ServiceNamespace, in.ScalableDimension); err != nil {
		return nil, err
	}
	if in.Tags != nil {
		return nil, validation("The local cloud does not emulate tags of scalable targets.")
	}
	cluster, service, err := ecsService(id)
	if err != nil {
		return nil, err
	}
	now, ok := s.deps.ECS.DesiredCount(cluster, service)
	if !ok {
		return nil, missingService(id)
	}
	t, err := s.merged(id, in)
	if err != nil {
		return nil, err
	}
	t.cluster, t.service = cluster, service
	s.targets[id] = t
	if n := t.within(now); n != now {
		if err := s.deps.ECS.SetDesiredCount(cluster, service, n); err != nil {
			return nil, err
		}
	}
	return &aas.RegisterScalableTargetOutput{ScalableTargetARN: aws.String(t.arn)}, nil
}

// merged is the target as it is after the call: what is not given stays as it was
// (AWS: RegisterScalableTarget API reference).
func (s *Service) merged(id string, in *aas.RegisterScalableTargetInput) (*target, error) {
	t := &target{}
	switch old, ok := s.targets[id]; {
	case ok:
		*t = *old
	case in.MinCapacity == nil || in.MaxCapacity == nil:
		return nil, validation("Both MinCapacity and MaxCapacity are required when a new scalable target is registered.")
	default:
		t.resourceID, t.createdAt = id, s.loop.Now()
		t.arn = partition.ARN("application-autoscaling", s.region, s.account, "scalable-target/0ec5"+s.loop.ID(32))
		t.role = partition.IAM(s.region, s.account, "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"+
			"AWSServiceRoleForApplicationAutoScaling_ECSService")
	}
	if in.MinCapacity != nil {
		t.least = *in.MinCapacity
	}
	if in.MaxCapacity != nil {
		t.most = *in.MaxCapacity
	}
	switch {
	case t.least < 0:
		return nil, validation("Minimum capacity cannot be less than 0")
	case t.most < t.least:
		return nil, validation("Maximum capacity cannot be less than minimum capacity")
	}
	if in.SuspendedState != nil {
		t.suspended.change(in.SuspendedState)
	}
	return t, nil
}

func (s *suspension) change(to *types.SuspendedState) {
	s.in = aws.ToBool(cmp.Or(to.DynamicScalingInSuspended, &s.in))
	s.out = aws.ToBool(cmp.Or(to.DynamicScalingOutSuspended, &s.out))
	s.scheduled = aws.ToBool(cmp.Or(to.ScheduledScalingSuspended, &s.scheduled))
}

func (s *Service) deregisterScalableTarget(_ *wire.Call, in *aas.DeregisterScalableTargetInput) (*aas.DeregisterScalableTargetOutput, error) {
	if err := onlyECS(in.ServiceNamespace, in.ScalableDimension); err != nil {
		return nil, err
	}
	id := aws.ToString(in.ResourceId)
	if _, ok := s.targets[id]; !ok {
		return nil, notFound(in.ServiceNamespace, id, in.ScalableDimension)
	}
	delete(s.targets, id) // and its policies (AWS: DeregisterScalableTarget API reference)
	return &aas.DeregisterScalableTargetOutput{}, nil
}

func (s *Service) describeScalableTargets(_ *wire.Call, in *aas.DescribeScalableTargetsInput) (*aas.DescribeScalableTargetsOutput, error) {
	dimension := in.ScalableDimension
	if dimension == "" {
		dimension = types.ScalableDimensionECSServiceDesiredCount
	} else if len(in.ResourceIds) == 0 {
		return nil, validation("A resource ID must be specified if a scalable dimension is specified.")
	}
	if err := onlyECS(in.ServiceNamespace, dimension); err != nil {
		return nil, err
	}
	var found []types.ScalableTarget
	for id, t := range s.targets {
		if len(in.ResourceIds) == 0 || slices.Contains(in.ResourceIds, id) {
			found = append(found, t.describe())
		}
	}
	slices.SortFunc(found, func(a, b types.ScalableTarget) int { return strings.Compare(*a.ResourceId, *b.ResourceId) })
	page, next, err := pageOf(found, in.MaxResults, in.NextToken)
	return &aas.DescribeScalableTargetsOutput{ScalableTargets: page, NextToken: next}, err
}

func (t *target) describe() types.ScalableTarget {
	return types.ScalableTarget{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId: aws.String(t.resourceID), ScalableTargetARN: aws.String(t.arn), RoleARN: aws.String(t.role),
		CreationTime: aws.Time(t.createdAt), MinCapacity: aws.Int32(t.least), MaxCapacity: aws.Int32(t.most),
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended: aws.Bool(t.suspended.in), DynamicScalingOutSuspended: aws.Bool(t.suspended.out),
			ScheduledScalingSuspended: aws.Bool(t.suspended.scheduled),
		},
	}
}

// ecsService reads service/cluster/name.
func ecsService(resourceID string) (cluster, service string, err error) {
	parts := strings.Split(resourceID, "/")
	if len(parts) != 3 || parts[0] != "service" || parts[1] == "" || parts[2] == "" {
		return "", "", validation("Unsupported service namespace, resource type or scalable dimension: resource ID " + resourceID +
			" is not of the form service/cluster-name/service-name")
	}
	return parts[1], parts[2], nil
}

func onlyECS(namespace types.ServiceNamespace, dimension types.ScalableDimension) error {
	if namespace != types.ServiceNamespaceEcs || dimension != types.ScalableDimensionECSServiceDesiredCount {
		return validation("The local cloud emulates the scalable dimension ecs:service:DesiredCount, not " +
			string(dimension) + " of " + string(namespace) + ".")
	}
	return nil
}

func missingService(resourceID string) error {
	return validation("ECS service doesn't exist: " + resourceID)
}

func validation(message string) error {
	return &types.ValidationException{Message: aws.String(message)}
}

func notFound(namespace types.ServiceNamespace, resourceID string, dimension types.ScalableDimension) error {
	return &types.ObjectNotFoundException{Message: aws.String("No scalable target registered for service namespace: " +
		string(namespace) + ", resource ID: " + resourceID + ", scalable dimension: " + string(dimension))}
}
