package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var daysPattern = regexp.MustCompile(`^(?:(\d{1,4})d)?((?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?)$`)

// duration reads a span of whole seconds above zero, such as 90s or 2h30m.
func (r *reader) duration(p place) time.Duration {
	return r.upTo(p, MaxDuration)
}

// upTo reads a duration of at most longest.
func (r *reader) upTo(p place, longest time.Duration) time.Duration {
	const want = "a duration above zero such as 90s, 10m, 1h or 2h30m"
	s, ok := p.node.(*ast.StringNode)
	if !ok {
		r.add(p, describe(p.node), want)
		return 0
	}
	d, err := time.ParseDuration(s.Value)
	switch {
	case err != nil || d <= 0 || !durationPattern.MatchString(s.Value):
		r.add(p, describe(p.node), want).Suggestion = inHours(s.Value)
		return 0
	case d > longest:
		r.add(p, describe(p.node), fmt.Sprintf("at most %dh", int(longest.Hours())))
		return 0
	}
	return d
}

// days reads how long decisions are kept. Here alone a duration may have days.
func (r *reader) days(p place) time.Duration {
	const want = "a duration from 1d to 3650d such as 90d or 400d"
	s, ok := p.node.(*ast.StringNode)
	if !ok {
		r.add(p, describe(p.node), want)
		return 0
	}
	d, ok := withDays(s.Value)
	if !ok || d < MinKeep || d > MaxKeep {
		r.add(p, describe(p.node), want)
		return 0
	}
	return d
}

// withDays reads a duration such as 400d or 1d12h.
func withDays(text string) (time.Duration, bool) {
	m := daysPattern.FindStringSubmatch(text)
	if text == "" || m == nil {
		return 0, false
	}
	var d time.Duration
	if m[1] != "" {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, false
		}
		d = time.Duration(n) * day
	}
	if m[2] != "" {
		rest, err := time.ParseDuration(m[2])
		if err != nil {
			return 0, false
		}
		d += rest
	}
	return d, true
}

// inHours is the quoted duration that was meant by one with days; "" if none was.
func inHours(text string) string {
	d, ok := withDays(text)
	if !ok || d < day || d%time.Hour != 0 {
		return ""
	}
	return fmt.Sprintf("%q", fmt.Sprintf("%dh", int(d.Hours())))
}
