package rollout_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestWindows(t *testing.T) {
	t.Parallel()
	workdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday}
	office := rollout.Window{Days: workdays, From: 9 * 60, To: 16 * 60, Zone: "Europe/Berlin"}
	night := rollout.Window{Days: []time.Weekday{time.Saturday}, From: 23 * 60, To: 2 * 60, Zone: "America/New_York"}
	early := rollout.Window{Days: []time.Weekday{time.Sunday}, From: 2*60 + 30, To: 4 * 60, Zone: "Europe/Berlin"}
	for _, c := range []struct {
		name    string
		windows []rollout.Window
		now     string
		next    string // "" is open
	}{
		{"none", nil, "2026-03-01T00:00:00Z", ""},
		{"as it opens, in winter", []rollout.Window{office}, "2026-03-02T08:00:00Z", ""},
		{"a second before", []rollout.Window{office}, "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z"},
		{"as it closes", []rollout.Window{office}, "2026-03-02T15:00:00Z", "2026-03-03T08:00:00Z"},
		{"over the weekend the clocks change", []rollout.Window{office}, "2026-03-26T16:00:00Z", "2026-03-30T07:00:00Z"},
		{"over midnight, before", []rollout.Window{night}, "2026-03-01T03:59:00Z", "2026-03-01T04:00:00Z"},
		{"over midnight, on the next day", []rollout.Window{night}, "2026-03-01T06:59:00Z", ""},
		{"over midnight, after", []rollout.Window{night}, "2026-03-01T07:00:00Z", "2026-03-08T04:00:00Z"},
		{"the first of several", []rollout.Window{office, night}, "2026-02-27T12:00:00Z", "2026-03-01T04:00:00Z"},
		{"in an hour that there is not", []rollout.Window{early}, "2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z"},
	} {
		env := rollout.Environment{Name: "production", Windows: c.windows}
		open, next, err := env.OpenAt(at(t, c.now))
		if err != nil {
			t.Fatal(err)
		}
		if open != (c.next == "") || !open && !next.Equal(at(t, c.next)) {
			t.Errorf("%s: open %t, next at %s; want %q", c.name, open, next.Format(time.RFC3339), c.next)
		}
	}
	office.Zone = "Europe/Bärlin"
	if _, _, err := (rollout.Environment{Windows: []rollout.Window{office}}).OpenAt(at(t, "2026-03-01T00:00:00Z")); rollout.KindOf(err) != rollout.KindSpecInvalid {
		t.Errorf("an unknown zone is %v, want SpecInvalid", err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-02T12:00:00Z")
	freeze := func(app, environment string, hours int) rollout.Freeze {
		return rollout.Freeze{
			App: app, Environment: environment, Person: rollout.Person{Name: "ada"}, Reason: "a sale", At: now, Until: now.Add(time.Duration(hours) * time.Hour),
		}
	}
	for _, c := range []struct {
		name    string
		freezes []rollout.Freeze
		hours   int // until it opens; 0 is open
	}{
		{"none", nil, 0},
		{"another's", []rollout.Freeze{freeze("api", "", 1), freeze("shop", "staging", 1)}, 0},
		{"over", []rollout.Freeze{freeze("", "", 0)}, 0},
		{"this environment's", []rollout.Freeze{freeze("shop", "production", 1)}, 1},
		{"the longest counts", []rollout.Freeze{freeze("shop", "production", 1), freeze("", "", 3), freeze("shop", "", 2)}, 3},
		{"before the windows", []rollout.Freeze{freeze("shop", "", 2)}, 2},
	} {
		closed, err := rollout.Environment{Name: "production"}.Closed("shop", c.freezes, now)
		if err != nil {
			t.Fatal(err)
		}
		if (closed == nil) != (c.hours == 0) || closed != nil && !closed.Until.Equal(now.Add(time.Duration(c.hours)*time.Hour)) {
			t.Errorf("%s: %+v, want %d hours", c.name, closed, c.hours)
		}
	}
}
