package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// MaxWindows is the most windows that an environment may have.
const MaxWindows = 20

var (
	clockPattern = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)$`)
	zonePattern  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+/-]{0,63}$`)
)

// weekdays are the days as a spec names them, from Sunday as time.Weekday counts.
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func windowFields() fields {
	return fields{known: []field{
		needed("days", set(words(weekdays()...), 1, 0), "The days on which the window opens."),
		needed("from", text(clockPattern), `When it opens, such as "09:00".`),
		needed("to", text(clockPattern), `When it closes, such as "16:00"; on the next day, where that is not after from.`),
		needed("zone", text(zonePattern), "The time zone whose clock counts, as the IANA database names it, such as Europe/Berlin."),
	}}
}

// windows reads in which parts of the week rollouts may begin.
func (r *reader) windows(p place) []rollout.Window {
	const want = `a list of windows such as [{days: [mon, tue], from: "09:00", to: "16:00", zone: Europe/Berlin}]`
	items, ok := r.list(p, want)
	switch {
	case !ok:
		return nil
	case len(items) == 0:
		r.add(p, "an empty list", want)
	case len(items) > MaxWindows:
		r.add(items[MaxWindows], fmt.Sprintf("%d windows", len(items)), fmt.Sprintf("at most %d", MaxWindows))
		return nil
	}
	var windows []rollout.Window
	for _, item := range items {
		if o := r.object(item, windowFields()); o.ok {
			windows = append(windows, rollout.Window{
				Days: r.weekdays(o.get("days")), From: r.clock(o.get("from")), To: r.clock(o.get("to")), Zone: r.zone(o.get("zone")),
			})
		}
	}
	return windows
}

func (r *reader) weekdays(p place) []time.Weekday {
	const want = "a list of days such as [mon, tue]"
	items, ok := r.list(p, want)
	if ok && len(items) == 0 {
		r.add(p, "an empty list", want)
	}
	var days []time.Weekday
	for _, item := range items {
		name := r.choice(item, weekdays()...)
		switch day := time.Weekday(slices.Index(weekdays(), name)); {
		case name == "":
		case slices.Contains(days, day):
			r.add(item, fmt.Sprintf("%q again", name), "each once")
		default:
			days = append(days, day)
		}
	}
	return days
}

// clock reads a time of the day, in minutes after midnight.
func (r *reader) clock(p place) int {
	m := clockPattern.FindStringSubmatch(r.matching(p, clockPattern, `a time of the day in quotes such as "09:00"`))
	if m == nil {
		return 0
	}
	hours, _ := strconv.Atoi(m[1]) // they are two digits
	minutes, _ := strconv.Atoi(m[2])
	return hours*60 + minutes
}

func (r *reader) zone(p place) string {
	const want = "a time zone such as Europe/Berlin or UTC"
	name := r.matching(p, zonePattern, want)
	if name == "" {
		return ""
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		r.add(p, fmt.Sprintf("%q", name), want)
	}
	return name
}
