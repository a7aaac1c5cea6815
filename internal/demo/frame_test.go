package demo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/demo"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// baking is the state of a bad version's bake in production.
func baking() demo.State {
	return demo.State{
		Speed: 10, Now: noon, Page: "http://127.0.0.1:44761/slack/", Failed: 16,
		Places: []demo.Place{
			{
				Name: "staging", Rollout: "shop-staging-2", Phase: "Succeeded",
				Slots: []demo.Slot{
					{Name: rollout.Blue, Version: "v3", Weight: 100, Desired: 1, Running: 1, Healthy: 1, Rate: 2},
					{Name: rollout.Green},
				},
				Alarms: []rollout.Alarm{{Name: "blue-5xx", State: "OK"}, {Name: "green-5xx", State: "OK"}},
			},
			{
				Name: "production", Rollout: "shop-production-2", Phase: "Bake",
				Wait: &demo.Wait{For: "the bake to pass", Until: noon.Add(72 * time.Second)},
				Slots: []demo.Slot{
					{Name: rollout.Blue, Version: "v3", Weight: 10, Desired: 2, Running: 2, Healthy: 2, Rate: 20, Errors: 8},
					{Name: rollout.Green, Version: "v2", Weight: 90, Desired: 2, Running: 2, Healthy: 2, Rate: 180},
				},
				Alarms: []rollout.Alarm{
					{Name: "blue-5xx", State: "ALARM"},
					{Name: "blue-latency", State: "OK"},
					{Name: "green-5xx", State: "OK"},
					{Name: "green-latency", State: "INSUFFICIENT_DATA"},
				},
			},
		},
	}
}

func happenings() []demo.Happening {
	return []demo.Happening{
		{At: noon.Add(-time.Minute), About: "build", What: "CodeBuild says SUCCEEDED of build shop-build:1"},
		{At: noon.Add(-50 * time.Second), About: "rollout", Rollout: "shop-production-2", What: "Bake: watches for 3m0s"},
		{
			At: noon.Add(-2 * time.Second), About: "alarm", What: "shop-blue-5xx is ALARM, was OK",
			Why: "Threshold Crossed: 1 datapoint [7.4 (02/03/26 11:59:00)] was greater than the threshold (1.0).",
		},
		{At: noon, About: "slack", What: "card: 🚨 shop production, release 2: goes back"},
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		width, height int
		want          string
	}{
		{"80 columns", 80, 16, `
sluice demo  12:00:00  10 times your clock  Slack: http://127.0.0.1:44761/slack/
staging     shop-staging-2  Succeeded
  blue   v3      ███████████████████ 100%  1/1 healthy    2 req/s   0.0% failed
  green  -       ░░░░░░░░░░░░░░░░░░░   0%  0/0 healthy    0 req/s   0.0% failed
  alarms  ● blue-5xx  ● green-5xx
production  shop-production-2  Bake  waits for the bake to pass, 7 s of yours
  blue   v3      ██░░░░░░░░░░░░░░░░░  10%  2/2 healthy   20 req/s   8.0% failed
  green  v2      █████████████████░░  90%  2/2 healthy  180 req/s   0.0% failed
  alarms  ● blue-5xx ALARM  ● blue-latency  ● green-5xx  ○ green-latency no data
── 16 of production's requests failed so far ───────────────────────────────────
11:59:00  build    CodeBuild says SUCCEEDED of build shop-build:1
11:59:10  rollout  shop-production-2 Bake: watches for 3m0s
11:59:58  alarm    shop-blue-5xx is ALARM, was OK
                   (Threshold Crossed: 1 datapoint [7.4 (02/03/26 11:59:00)] wa…
12:00:00  slack    card: 🚨 shop production, release 2: goes back
`},
		{"narrow and low", 44, 11, `
sluice demo  12:00:00  10 times your clock …
staging     shop-staging-2  Succeeded
  blue   v3      █████ 100%  1/1 healthy   …
  green  -       ░░░░░   0%  0/0 healthy   …
  alarms  ● blue-5xx  ● green-5xx
production  shop-production-2  Bake  waits …
  blue   v3      █░░░░  10%  2/2 healthy   …
  green  v2      █████  90%  2/2 healthy  1…
  alarms  ● blue-5xx ALARM  ● blue-latency …
── 16 of production's requests failed so fa…
12:00:00  slack    card: 🚨 shop production…`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ansi.Strip(demo.Frame(baking(), happenings(), c.width, c.height))
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFrameKeepsToTheTerminal draws on terminals of many sizes.
func TestFrameKeepsToTheTerminal(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{1, 1}, {20, 3}, {80, 24}, {79, 23}, {200, 60}} {
		width, height := size[0], size[1]
		lines := strings.Split(demo.Frame(baking(), happenings(), width, height), "\n")
		if len(lines) != height {
			t.Errorf("%dx%d: %d lines", width, height, len(lines))
		}
		for _, line := range lines {
			if got := ansi.StringWidth(line); got > width {
				t.Errorf("%dx%d: a line of %d columns: %q", width, height, got, ansi.Strip(line))
			}
		}
	}
}

func TestFrameBeforeTheFirstRollout(t *testing.T) {
	t.Parallel()
	s := demo.State{Speed: 10, Now: noon, Places: []demo.Place{{Name: "production", Slots: []demo.Slot{
		{Name: rollout.Blue, Weight: 100, Desired: 2}, {Name: rollout.Green},
	}}}}
	got := ansi.Strip(demo.Frame(s, nil, 80, 5))
	want := strings.TrimPrefix(`
sluice demo  12:00:00  10 times your clock  Slack: 
production  no rollout yet
  blue   -       ███████████████████ 100%  0/2 healthy    0 req/s   0.0% failed
  green  -       ░░░░░░░░░░░░░░░░░░░   0%  0/0 healthy    0 req/s   0.0% failed
  alarms`, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}
}

func TestHappeningAsLine(t *testing.T) {
	t.Parallel()
	h := demo.Happening{
		At: noon, Elapsed: 61500 * time.Millisecond, About: "rollout", Rollout: "shop-production-2", What: "Judge: AlarmRed", Why: "alarm is red",
	}
	if got, want := h.String(), "  61.5s  12:00:00  rollout  shop-production-2 Judge: AlarmRed (alarm is red)"; got != want {
		t.Errorf("line %q, want %q", got, want)
	}
}
