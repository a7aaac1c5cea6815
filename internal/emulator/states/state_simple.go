package states

import (
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// choose takes the first rule whose condition is true, else Default.
func (v *visit) choose() {
	env := v.environment(nil)
	for _, c := range v.state.choices {
		holds, failure := c.condition.evaluate(env)
		if failure != nil {
			v.evaluationFailed(failure)
			return
		}
		if holds == true {
			v.leave(c.flow, nil, c.next)
			return
		}
	}
	if v.state.fallback == "" {
		v.fail(failed(errNoChoice, inState(v.state.Name, v.entered, "Failed to transition out of the state. The state does not point to a next state.")))
		return
	}
	v.leave(v.state.flow, nil, v.state.fallback)
}

// wait stays for a number of seconds or until a time.
func (v *visit) wait() {
	env := v.environment(nil)
	d, failure := v.pause(env)
	if failure != nil {
		v.evaluationFailed(failure)
		return
	}
	v.in(d, waited{v.current(nil)})
}

// raise is what a Fail state does.
func (v *visit) raise() {
	env := v.environment(nil)
	f := &failure{}
	for _, field := range []struct {
		from *template
		to   **string
	}{{v.state.failure, &f.name}, {v.state.cause, &f.cause}} {
		if field.from == nil {
			continue
		}
		text, failure := field.from.evaluate(env)
		if failure != nil {
			v.evaluationFailed(failure)
			return
		}
		*field.to = aws.String(text.(string))
	}
	v.fail(f)
}

// parseTimestamp reads an ISO-8601 extended offset date-time, such as
// 2026-01-02T03:04:05.678+01:00.
func parseTimestamp(s string) (time.Time, bool) {
	if !timestampForm.MatchString(s) {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

var timestampForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$`)
