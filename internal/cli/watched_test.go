package cli_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/cli"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// goingBack is a rollout that an alarm has just stopped.
func goingBack() (steps.Standing, map[rollout.Slot][]traffic.Minute, *steps.Explanation) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	before, until := noon.Add(-time.Hour), noon.Add(50*time.Second)
	weights := rollout.Weights{Green: 100}
	standing := steps.Standing{
		App: "shop", Environment: "production", At: noon, Since: &before,
		Runs: &steps.Brief{Release: 41, Commit: "3f2c1e0a9d5b", Author: "dana@example.com"},
		Rule: steps.RuleAsItIs{ARN: "arn", Recorded: &weights, Now: &weights},
		Slots: []steps.SlotAsIs{
			{Slot: rollout.Blue, Release: 42, Desired: 2, Running: 2, Healthy: 2}, {Slot: rollout.Green, Release: 41, Desired: 2, Running: 2, Healthy: 2},
		},
		Alarms: []steps.AlarmAsIs{
			{Alarm: rollout.Alarm{Name: "shop-blue-5xx", State: rollout.AlarmRed}}, {Alarm: rollout.Alarm{Name: "shop-green-5xx", State: rollout.AlarmOK}},
		},
		Rollouts: []steps.UnderWay{{
			Rollout: "shop-production-42", Kind: rollout.Forward, Brings: steps.Brief{Release: 42, Commit: "9b1d4e7", Author: "eli@example.com"},
			Started: noon.Add(-10 * time.Minute), Has: true, Phase: "Settle", Stopped: "alarm shop-blue-5xx went red at 2026-03-02T11:59:50Z",
			Waits: &steps.Awaited{For: "every write in flight to land", Until: &until},
		}},
	}
	minutes := map[rollout.Slot][]traffic.Minute{}
	for i := range 5 {
		at := noon.Add(time.Duration(i-5) * time.Minute)
		minutes[rollout.Green] = append(minutes[rollout.Green], traffic.Minute{At: at, Requests: 10800})
		minutes[rollout.Blue] = append(minutes[rollout.Blue], traffic.Minute{At: at, Requests: 1200, Failed: float64(i * 24)})
	}
	e := &steps.Explanation{Decisions: []steps.Explained{
		{At: noon.Add(-5 * time.Minute), Of: store.DecidedStep, Phase: rollout.PhaseShift, What: "blue 10, green 90"},
		{At: noon.Add(-10 * time.Second), Of: store.DecidedAlarm, Phase: rollout.PhaseBake, Kind: rollout.KindAlarmRed, What: "AlarmRed", Why: "alarm shop-blue-5xx went red at 2026-03-02T11:59:50Z"},
		{At: noon.Add(-10 * time.Second), Of: store.DecidedRollback, Phase: rollout.PhaseRollback, What: "blue 0, green 100"},
	}}
	e.Rollout = "shop-production-42"
	return standing, minutes, e
}

// What watch draws, as it was looked at on a terminal; UPDATE_SCRIPTS writes it.
func TestWatched(t *testing.T) {
	t.Parallel()
	s, minutes, e := goingBack()
	const golden = "testdata/golden/watched.txt"
	got := cli.Watched(s, minutes, e, 110, 22) + "\n"
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_SCRIPTS=1 writes it):\n%s", golden, diff)
	}
}

// It keeps to the terminal, however small, and also before anything is known.
func TestWatchedKeepsToTheTerminal(t *testing.T) {
	t.Parallel()
	s, minutes, e := goingBack()
	for _, size := range [][2]int{{1, 1}, {20, 3}, {80, 24}, {79, 23}, {200, 60}} {
		for name, text := range map[string]string{
			"a rollout": cli.Watched(s, minutes, e, size[0], size[1]),
			"nothing":   cli.Watched(steps.Standing{App: "shop", Environment: "production"}, nil, nil, size[0], size[1]),
		} {
			lines := strings.Split(text, "\n")
			if len(lines) != size[1] {
				t.Errorf("%s at %v: %d lines", name, size, len(lines))
			}
			for _, line := range lines {
				if ansi.StringWidth(line) > size[0] {
					t.Errorf("%s at %v: a line of %d columns: %q", name, size, ansi.StringWidth(line), line)
				}
			}
		}
	}
}
