package rollout

import (
	"fmt"
	"slices"
	"time"
)

// Window is a part of the week in which rollouts may begin, by the clock of a time
// zone. One whose To is not after its From ends on the day after.
type Window struct {
	Days []time.Weekday `json:"days"` // on which it begins
	From int            `json:"from"` // minutes after midnight
	To   int            `json:"to"`   // minutes after midnight
	Zone string         `json:"zone"` // of the IANA database, such as Europe/Berlin
}

// span is one occurrence of a window.
type span struct{ from, to time.Time }

// on is the window's occurrence that begins on the day of t in its zone.
func (w Window) on(t time.Time) span {
	at := func(day, minutes int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day()+day, minutes/60, minutes%60, 0, 0, t.Location())
	}
	if w.To <= w.From {
		return span{at(0, w.From), at(1, w.To)}
	}
	return span{at(0, w.From), at(0, w.To)}
}

// OpenAt says whether rollouts may begin at a time, and if not, when they may next.
// Without windows they may always. SpecInvalid for a zone that is not known.
func (e Environment) OpenAt(now time.Time) (open bool, next time.Time, err error) {
	if len(e.Windows) == 0 {
		return true, time.Time{}, nil
	}
	for _, w := range e.Windows {
		zone, err := time.LoadLocation(w.Zone)
		if err != nil {
			return false, time.Time{}, Errorf(KindSpecInvalid, "the time zone %q of a window of %s is not known", w.Zone, e.Name)
		}
		local := now.In(zone)
		for day := -1; day <= 7; day++ { // yesterday's may last until today
			begins := local.AddDate(0, 0, day)
			if !slices.Contains(w.Days, begins.Weekday()) {
				continue
			}
			s := w.on(begins)
			if !now.Before(s.from) && now.Before(s.to) {
				return true, time.Time{}, nil
			}
			if s.from.After(now) && (next.IsZero() || s.from.Before(next)) {
				next = s.from
			}
		}
	}
	return false, next.UTC(), nil
}

// Freeze keeps rollouts from beginning. Rollbacks are not kept.
type Freeze struct {
	App         string    `json:"app,omitempty"`         // "" is every app
	Environment string    `json:"environment,omitempty"` // "" is every environment
	Person      Person    `json:"person"`                // who froze it
	Reason      string    `json:"reason"`
	At          time.Time `json:"at"`
	Until       time.Time `json:"until"`
}

// Holds reports whether the freeze keeps rollouts into an environment at a time.
func (f Freeze) Holds(app, environment string, now time.Time) bool {
	return (f.App == "" || f.App == app) && (f.Environment == "" || f.Environment == environment) && now.Before(f.Until)
}

// Scope is what is frozen, for people.
func (f Freeze) Scope() string {
	switch {
	case f.App == "":
		return "every app"
	case f.Environment == "":
		return f.App
	default:
		return f.App + "/" + f.Environment
	}
}

func (f Freeze) String() string {
	return fmt.Sprintf("%s is frozen by %s until %s: %s", f.Scope(), f.Person.Name, f.Until.UTC().Format(time.RFC3339), f.Reason)
}

// Closure is why a rollout may not begin now, and until when.
type Closure struct {
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
}

// Closed says what keeps a rollout from beginning in an environment now, nil if
// nothing does: the freeze that lasts longest, else the windows.
func (e Environment) Closed(app string, freezes []Freeze, now time.Time) (*Closure, error) {
	var closed *Closure
	for _, f := range freezes {
		if f.Holds(app, e.Name, now) && (closed == nil || f.Until.After(closed.Until)) {
			closed = &Closure{f.Until, f.String()}
		}
	}
	if closed != nil {
		return closed, nil
	}
	open, next, err := e.OpenAt(now)
	if err != nil || open {
		return nil, err
	}
	return &Closure{next, fmt.Sprintf("outside of the windows of %s; the next opens at %s", e.Name, next.Format(time.RFC3339))}, nil
}
