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
