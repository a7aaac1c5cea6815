package terminal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/terminal"
)

func TestSpark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		values  []float64
		most    float64
		columns int
		want    string
	}{
		{"rising", []float64{0, 50, 100}, 100, 3, "▁▄█"},
		{"few", []float64{100}, 100, 3, "  █"},
		{"more than there is room for", []float64{100, 0, 0}, 100, 2, "▁▁"},
		{"small is seen", []float64{0, 0.1}, 100, 2, "▁▂"},
		{"nothing at all", []float64{0, 0}, 0, 2, "▁▁"},
		{"above the highest", []float64{200}, 100, 1, "█"},
	} {
		if got := terminal.Spark(c.values, c.most, c.columns); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Slots are drawn with what is known of them.
func TestSlots(t *testing.T) {
	t.Parallel()
	got := terminal.Colorless().Slots([]terminal.Slot{
		{Name: rollout.Blue, Version: "release 41", Weight: 90, Desired: 2, Healthy: 2, Flow: &terminal.Flow{Rate: 180}},
		{Name: rollout.Green, Version: "v2", Weight: 1, Desired: 2, Healthy: 1, Flow: &terminal.Flow{Rate: 20, Errors: 8}},
		{Name: rollout.Green, Weight: terminal.Unknown},
	}, 75)
	want := strings.Split(`  blue   release 41  █████████░  90%  2/2 healthy  180 req/s   0.0% failed
  green  v2          █░░░░░░░░░   1%  1/2 healthy   20 req/s   8.0% failed
  green  -           ░░░░░░░░░░   ?%  0/0 healthy`, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}
}

// Alarms that are not green say so.
func TestAlarms(t *testing.T) {
	t.Parallel()
	got := terminal.Colorless().Alarms([]rollout.Alarm{
		{Name: "a", State: rollout.AlarmOK},
		{Name: "b", State: rollout.AlarmRed},
		{Name: "c", State: rollout.AlarmMissing},
		{Name: "d", State: rollout.AlarmUnknown},
	})
	if want := "  alarms  ● a  ● b ALARM  ● c MISSING  ○ d no data"; got != want {
		t.Errorf("alarms %q, want %q", got, want)
	}
}
