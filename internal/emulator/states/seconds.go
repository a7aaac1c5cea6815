package states

import (
	"fmt"
	"math"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// pause is how long a Wait state waits. A time in the past is no wait.
func (v *visit) pause(env jsonata.Environment) (time.Duration, *evaluationError) {
	if v.state.seconds != nil {
		return v.state.seconds.seconds(env, 0)
	}
	text, failure := v.state.timestamp.evaluate(env)
	if failure != nil {
		return 0, failure
	}
	t, ok := parseTimestamp(text.(string))
	if !ok {
		return 0, &evaluationError{location: "Timestamp", message: fmt.Sprintf(
			"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: %s", text)}
	}
	return max(t.Sub(v.strand.execution.services.Loop.Now()), 0), nil
}

// seconds evaluates a field of seconds: a whole number from least to 99,999,999.
func (t *template) seconds(env jsonata.Environment, least float64) (time.Duration, *evaluationError) {
	n, failure := t.whole(env, least, 99999999)
	return time.Duration(n) * time.Second, failure
}

// whole evaluates a field of a whole number within bounds. AWS's wording for one
// out of bounds is not confirmed.
func (t *template) whole(env jsonata.Environment, least, most float64) (int, *evaluationError) {
	value, failure := t.evaluate(env)
	if failure != nil {
		return 0, failure
	}
	f := value.(float64)
	if f != math.Trunc(f) || f < least || f > most {
		return 0, &evaluationError{location: t.field, message: fmt.Sprintf(
			"The value for the field '%s' must be an integer between %s and %s but was: %s",
			t.field, jsonata.FormatNumber(least), jsonata.FormatNumber(most), jsonata.FormatNumber(f))}
	}
	return int(f), nil
}
