package scheduler

import (
	"strings"
	"time"
	_ "time/tzdata" // time zones do not depend on the machine
)

// parseExpression gives the time of an at() expression in a time zone of the
// tz database, UTC if none is named.
func parseExpression(expression, zone string) (time.Time, error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return time.Time{}, invalid("Invalid Schedule Expression Timezone %s.", zone)
	}
	kind, rest, _ := strings.Cut(expression, "(")
	argument, closed := strings.CutSuffix(rest, ")")
	switch {
	case closed && (kind == "rate" || kind == "cron"):
		return time.Time{}, notEmulated("The recurring schedule " + expression)
	case !closed || kind != "at":
		return time.Time{}, invalid("Invalid Schedule Expression %s.", expression)
	}
	due, err := time.ParseInLocation("2006-01-02T15:04:05", argument, location)
	if err != nil {
		return time.Time{}, invalid("Invalid Schedule Expression %s.", expression)
	}
	return due.UTC(), nil
}
