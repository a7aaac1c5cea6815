package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// Flows is what has flowed to the slots of an environment in the last minutes that are
// over; nothing where it is not known where its traffic is.
func (s *Steps) Flows(ctx context.Context, spec rollout.Environment, of Standing, minutes int) (map[rollout.Slot][]traffic.Minute, error) {
	var groups rollout.Names
	for _, slot := range of.Slots {
		if slot.Slot == rollout.Blue {
			groups.Blue = slot.TargetGroup
		} else {
			groups.Green = slot.TargetGroup
		}
	}
	if of.Rule.ARN == "" || groups.Blue == "" || groups.Green == "" {
		return map[rollout.Slot][]traffic.Minute{}, nil
	}
	return s.in(spec).Meter.Minutes(ctx, of.Rule.ARN, groups, minutes, s.Now())
}
