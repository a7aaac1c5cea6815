package rollout_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestLook(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expires, want time.Duration }{
		{0, time.Second},
		{time.Nanosecond, time.Second},
		{time.Second, time.Second},
		{1500 * time.Millisecond, 2 * time.Second},
		{10 * time.Minute, 10 * time.Minute},
		{time.Hour, time.Hour},
		{time.Hour + time.Second, 30*time.Minute + time.Second}, // 1800.5 seconds, twice
		{90 * time.Minute, 45 * time.Minute},
		{2*time.Hour + time.Minute, 40*time.Minute + 20*time.Second},
		{24 * time.Hour, time.Hour},
		{30 * 24 * time.Hour, time.Hour},
	} {
		if got := (rollout.Approval{Expires: c.expires}).Look(); got != c.want {
			t.Errorf("look at a question that expires after %s: every %s, want %s", c.expires, got, c.want)
		}
	}
}

// Whatever the expiry, the looks reach it, none too many, and none takes longer
// than an hour.
func TestLooksReachTheExpiry(t *testing.T) {
	t.Parallel()
	const hour = 60 * 60
	for expires := 1; expires <= 30*24*hour; expires += 997 {
		look := rollout.Approval{Expires: time.Duration(expires) * time.Second}.Look()
		seconds, parts := int(look/time.Second), (expires+hour-1)/hour
		if look > time.Hour || look%time.Second != 0 || seconds*parts < expires || (seconds-1)*parts >= expires {
			t.Errorf("expires after %d seconds: looks every %s, which in %d parts is %d seconds", expires, look, parts, seconds*parts)
		}
	}
}

// The entry that names an action most exactly says how it is asked for.
func TestPipeline(t *testing.T) {
	t.Parallel()
	entry := func(stage, action string) rollout.Pipeline {
		return rollout.Pipeline{Name: "shop", Stage: stage, Action: action}
	}
	every, ofAction, ofStage, exact := entry("", ""), entry("", "Approve"), entry("Production", ""), entry("Production", "Approve")
	all := []rollout.Pipeline{every, exact, {Name: "other", Stage: "Production", Action: "Approve"}, ofAction, ofStage}
	for _, c := range []struct {
		name, stage, action string
		of                  []rollout.Pipeline
		want                rollout.Pipeline
	}{
		{"stage and action", "Production", "Approve", all, exact},
		{"stage", "Production", "Again", all, ofStage},
		{"action", "Staging", "Approve", all, ofAction},
		{"pipeline", "Staging", "Again", all, every},
		{"stage before action", "Production", "Approve", []rollout.Pipeline{ofAction, ofStage, every}, ofStage},
		{"none", "Staging", "Again", []rollout.Pipeline{exact, ofStage}, rollout.Pipeline{}},
	} {
		got, ok := rollout.Spec{Pipelines: c.of}.Pipeline("shop", c.stage, c.action)
		if got.Stage != c.want.Stage || got.Action != c.want.Action || got.Name != c.want.Name || ok != (c.want.Name != "") {
			t.Errorf("%s: got %+v, %t, want %+v", c.name, got, ok, c.want)
		}
	}
}
