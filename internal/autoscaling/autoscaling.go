// Package autoscaling reads and sets the Application Auto Scaling targets of ECS
// services. It makes none and removes none.
package autoscaling

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Scaler reads and sets scalable targets.
type Scaler struct{ AutoScaling *aas.Client }

// resource is the resource id of a service, which has the cluster's name even where
// the spec gives its ARN (AWS: Application Auto Scaling API Reference,
// RegisterScalableTarget).
func resource(cluster, service string) string {
	return "service/" + cluster[strings.LastIndex(cluster, "/")+1:] + "/" + service
}

// Read gives the settings of both services; nil for one without a target.
func (s Scaler) Read(ctx context.Context, cluster string, services rollout.Names) (map[rollout.Slot]*rollout.Scaling, error) {
	slots := map[string]rollout.Slot{
		resource(cluster, services.Blue):  rollout.Blue,
		resource(cluster, services.Green): rollout.Green,
	}
	found := map[rollout.Slot]*rollout.Scaling{}
	pages := aas.NewDescribeScalableTargetsPaginator(s.AutoScaling, &aas.DescribeScalableTargetsInput{
		ServiceNamespace:  types.ServiceNamespaceEcs,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceIds:       []string{resource(cluster, services.Blue), resource(cluster, services.Green)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "read the scalable targets of %s and %s", services.Blue, services.Green)
		}
		for _, target := range page.ScalableTargets {
			if slot, ok := slots[aws.ToString(target.ResourceId)]; ok {
				found[slot] = settings(target)
			}
		}
	}
	return found, nil
}

func settings(target types.ScalableTarget) *rollout.Scaling {
	s := &rollout.Scaling{Min: int(aws.ToInt32(target.MinCapacity)), Max: int(aws.ToInt32(target.MaxCapacity))}
	if suspended := target.SuspendedState; suspended != nil {
		s.InSuspended = aws.ToBool(suspended.DynamicScalingInSuspended)
		s.OutSuspended = aws.ToBool(suspended.DynamicScalingOutSuspended)
		s.ScheduledSuspended = aws.ToBool(suspended.ScheduledScalingSuspended)
	}
	return s
}

// Set gives a service's target the settings. Setting what is there changes
// nothing.
func (s Scaler) Set(ctx context.Context, cluster, service string, to rollout.Scaling) error {
	_, err := s.AutoScaling.RegisterScalableTarget(ctx, &aas.RegisterScalableTargetInput{
		ServiceNamespace:  types.ServiceNamespaceEcs,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId:        aws.String(resource(cluster, service)),
		MinCapacity:       aws.Int32(int32(to.Min)), //nolint:gosec // a task count
		MaxCapacity:       aws.Int32(int32(to.Max)), //nolint:gosec // a task count
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended:  &to.InSuspended,
			DynamicScalingOutSuspended: &to.OutSuspended,
			ScheduledScalingSuspended:  &to.ScheduledSuspended,
		},
	})
	if err != nil {
		return awsclient.Wrap(err, "set the scalable target of %s", service)
	}
	return nil
}
