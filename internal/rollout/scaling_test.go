package rollout_test

import (
	"testing"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestScaling(t *testing.T) {
	t.Parallel()
	plain := rollout.Scaling{Min: 2, Max: 6}
	paused := rollout.Scaling{Min: 2, Max: 6, OutSuspended: true, ScheduledSuspended: true}
	idle := rollout.Scaling{Max: 4, InSuspended: true, OutSuspended: true, ScheduledSuspended: true}
	for _, c := range []struct {
		name      string
		got, want rollout.Scaling
	}{
		{"held may grow, not shrink", plain.Held(), rollout.Scaling{Min: 2, Max: 6, InSuspended: true}},
		{
			"held stays as suspended as it was", paused.Held(),
			rollout.Scaling{Min: 2, Max: 6, InSuspended: true, OutSuspended: true, ScheduledSuspended: true},
		},
		{"the canary gets the stable's bounds", idle.Following(&plain), rollout.Scaling{Min: 2, Max: 6, InSuspended: true}},
		{"without a stable target it keeps its own", idle.Following(nil), idle},
		{
			"nothing raises an idle slot", plain.Idle(),
			rollout.Scaling{Max: 6, InSuspended: true, OutSuspended: true, ScheduledSuspended: true},
		},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, c.got, c.want)
		}
	}
	if plain != (rollout.Scaling{Min: 2, Max: 6}) {
		t.Errorf("the settings that were read have changed: %+v", plain)
	}
}
