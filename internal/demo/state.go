package demo

import (
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// State is what the demo knows of the app's environments at a moment.
type State struct {
	Speed   float64
	Now     time.Time     // the cloud's
	Elapsed time.Duration // of the wall clock, since the start
	Page    string        // URL of the stand-in for Slack

	Places []Place // the environments, in the order of the spec
	Failed int     // requests to production since the start
}

// Place is what is known of an environment.
type Place struct {
	Name    string
	Rollout string          // the newest, "" before the first
	Phase   string          // the state its execution is in, or how it ended
	Wait    *Wait           // nil when it waits for nothing
	Slots   []Slot          // blue, then green
	Alarms  []rollout.Alarm // by their names without what all of the environment's begin with
}

// Wait is what a rollout waits for.
type Wait struct {
	For   string
	Until time.Time // the cloud's; when it looks again, or goes on
}

// Slot is one of the two.
type Slot struct {
	Name    rollout.Slot
	Version string // "" when it runs none
	Weight  int    // percent
	Desired int
	Running int
	Healthy int
	Rate    float64 // requests a second of the wall clock
	Errors  float64 // percent of them
}

// health says how many tasks are up.
func (s Slot) health(environment string) string {
	if s.Desired == 0 {
		return fmt.Sprintf("%s %s: no task is left", environment, s.Name)
	}
	return fmt.Sprintf("%s %s: %d of %d tasks are healthy", environment, s.Name, s.Healthy, s.Desired)
}

// Happening is a line of the timeline.
type Happening struct {
	At      time.Time     // the cloud's
	Elapsed time.Duration // of the wall clock, since the start
	About   string        // demo, build, rollout, rule, alarm, slot, slack
	Rollout string        // for what a rollout did: which
	What    string
	Why     string
}
