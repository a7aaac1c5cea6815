package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/spelling"
)

// Scenario is what goes wrong in a deployment that is tried in the simulated world.
type Scenario struct {
	Name    string
	Effects []Effect // none is a good deployment
	Load    *float64 // requests a second; nil is what the command says
}

// Effect is one thing that goes wrong.
type Effect struct {
	Kind  string // a key of effects
	Value string // as the kind wants it
	At    Position
}

func (e Effect) String() string {
	text := e.Kind
	if e.Value != "" {
		text += "=" + e.Value
	}
	if at := e.At.String(); at != "" {
		text += "@" + at
	}
	return text
}

// Position is a moment of a rollout.
type Position struct {
	Where string // before, step, guard or after; "" is from the beginning
	Step  int    // from 1
	After time.Duration
}

func (p Position) String() string {
	text := p.Where
	if p.Where == atStep {
		text += strconv.Itoa(p.Step)
	}
	if p.After > 0 {
		text += "+" + short(p.After)
	}
	return text
}

// The places of a Position.
const (
	atBefore = "before" // when Prepare looks whether it may begin
	atStep   = "step"   // when the step's weight is on the new version
	atGuard  = "guard"
	atAfter  = "after" // ten minutes after the guard
)

// effect is a kind of effect.
type effect struct {
	says  string                  // what it is, for help and errors
	value func(text string) error // nil where it takes none
	none  bool                    // the value may be left out
	at    string                  // where it is without a position; "" where it takes none
}

// effects are all kinds of effects.
func effects() map[string]effect {
	return map[string]effect{
		"good":        {says: "nothing goes wrong"},
		"quiet":       {says: "no requests come at all"},
		"errors":      {says: "from then on the new version answers that part of its requests with errors", value: percent, at: "step1"},
		"latency":     {says: "from then on the new version takes so long to answer", value: atMost(time.Minute), at: "step1"},
		"leak":        {says: "the new version's tasks run out of memory so long after they start, again and again", value: atMost(month)},
		"sick":        {says: "the new version's tasks fail their health checks so long after they start, again and again", value: atMost(month)},
		"unstartable": {says: "the new version's tasks cannot be started"},
		"unhealthy":   {says: "the new version's tasks start and never pass a health check"},
		"alarm":       {says: "an alarm of the new version goes red, the spec's first or the one that is named", value: anything, none: true, at: atBefore},
		"throttle":    {says: "AWS refuses all that Sluice asks of a service, for five minutes or as long as is said", value: throttled, at: "step1"},
	}
}

const month = 30 * 24 * time.Hour

// Effects says what effects there are: each with how it is written, and what it is.
func Effects() [][2]string {
	forms := map[string]string{
		"errors": "errors=3%@step1", "latency": "latency=2s@step2", "leak": "leak=6m", "sick": "sick=6m",
		"alarm": "alarm@before", "throttle": "throttle=elb:5m@step1",
	}
	all := effects()
	var told [][2]string
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		form, ok := forms[kind]
		if !ok {
			form = kind
		}
		told = append(told, [2]string{form, all[kind].says})
	}
	return told
}

// ParseScenario reads effects as they are written on a command line, with commas between
// them.
func ParseScenario(text string) (Scenario, error) {
	s := Scenario{Name: text}
	for one := range strings.SplitSeq(text, ",") {
		e, err := ParseEffect(strings.TrimSpace(one))
		if err != nil {
			return s, err
		}
		s.Effects = append(s.Effects, e)
	}
	return s, s.check()
}

// check looks whether the effects go together.
func (s Scenario) check() error {
	var version []string
	for _, e := range s.Effects {
		if slices.Contains([]string{"leak", "sick", "unstartable", "unhealthy"}, e.Kind) {
			version = append(version, e.Kind)
		}
	}
	if len(version) > 1 {
		return fmt.Errorf("scenario %q: the new version is %s; want one of them", s.Name, strings.Join(version, " and "))
	}
	return nil
}

// ParseEffect reads one effect, as kind=value@position.
func ParseEffect(text string) (Effect, error) {
	rest, at, placed := strings.Cut(text, "@")
	kind, value, valued := strings.Cut(rest, "=")
	all := effects()
	of, known := all[kind]
	wrong := func(format string, args ...any) (Effect, error) {
		return Effect{}, fmt.Errorf("scenario %q: %s", text, fmt.Sprintf(format, args...))
	}
	switch {
	case !known:
		names := slices.Sorted(maps.Keys(all))
		meant := ""
		if near := spelling.Near(kind, names); near != "" {
			meant = fmt.Sprintf("; did you mean %q?", near)
		}
		return wrong("there is no %q%s There are %s, and files that end in .yaml", kind, orDot(meant), strings.Join(names, ", "))
	case of.value == nil && valued:
		return wrong("%s takes no value, found %q", kind, value)
	case of.value != nil && !valued && !of.none:
		return wrong("%s needs a value, such as %s", kind, formOf(kind))
	case placed && of.at == "":
		return wrong("%s has no position, found %q: it is so from the beginning", kind, at)
	case placed && at == "":
		return wrong("there is no position after @, want before, step1 (2, 3, …), guard or after")
	}
	if valued {
		if err := of.value(value); err != nil {
			return wrong("%v", err)
		}
	}
	if !placed {
		at = of.at
	}
	p, err := parsePosition(at)
	if err != nil {
		return wrong("%v", err)
	}
	return Effect{kind, value, p}, nil
}

func orDot(meant string) string {
	if meant == "" {
		return "."
	}
	return meant
}

func formOf(kind string) string {
	for _, told := range Effects() {
		if strings.HasPrefix(told[0], kind) {
			return told[0]
		}
	}
	return kind
}

// parsePosition reads before, step1, guard or after, and a time after it, as step1+90s.
func parsePosition(text string) (Position, error) {
	where, later, more := strings.Cut(text, "+")
	p := Position{Where: where}
	if more {
		var err error
		if p.After, err = time.ParseDuration(later); err != nil || p.After <= 0 || p.After > month {
			return p, fmt.Errorf("the time after %s is %q, want one above zero and at most 30 days, such as 90s", where, later)
		}
	}
	if n, ok := strings.CutPrefix(where, atStep); ok {
		step, err := strconv.Atoi(n)
		if err == nil && step > 0 {
			p.Where, p.Step = atStep, step
			return p, nil
		}
	}
	if !slices.Contains([]string{"", atBefore, atGuard, atAfter}, where) {
		return p, fmt.Errorf("the position is %q, want before, step1 (2, 3, …), guard or after", where)
	}
	return p, nil
}

// percent reads a part of all requests.
func percent(text string) error {
	_, err := share(text)
	return err
}

func share(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	const all = 100
	if !ok || err != nil || !(n > 0 && n <= all) { // also not NaN
		return 0, fmt.Errorf("found %q, want a percent above 0 and at most 100, such as 3%%", text)
	}
	return n / all, nil
}

// atMost is a duration above zero.
func atMost(longest time.Duration) func(string) error {
	return func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > longest {
			return fmt.Errorf("found %q, want a duration above zero and at most %s, such as 2s", text, short(longest))
		}
		return nil
	}
}

func anything(text string) error {
	if text == "" {
		return fmt.Errorf("found no name behind the =, want that of an alarm of the spec")
	}
	return nil
}

// services are those that Sluice calls, by the names that people give them, with those of
// AWS's models.
func services() map[string]string {
	return map[string]string{
		"autoscaling": "application-autoscaling", "cloudwatch": "cloudwatch", "dynamodb": "dynamodb", "ecr": "ecr", "ecs": "ecs",
		"elb": "elbv2", "events": "events", "scheduler": "scheduler", "stepfunctions": "stepfunctions",
	}
}

const throttledFor = 5 * time.Minute

func throttled(text string) error {
	_, _, err := serviceAndSpan(text)
	return err
}

// serviceAndSpan reads elb or elb:10m.
func serviceAndSpan(text string) (string, time.Duration, error) {
	name, span, timed := strings.Cut(text, ":")
	all := services()
	if _, known := all[name]; !known {
		names := slices.Sorted(maps.Keys(all))
		meant := ""
		if near := spelling.Near(name, names); near != "" {
			meant = fmt.Sprintf(" (perhaps %s)", near)
		}
		return "", 0, fmt.Errorf("found the service %q%s, want one of %s", name, meant, strings.Join(names, ", "))
	}
	if !timed {
		return all[name], throttledFor, nil
	}
	const longest = 24 * time.Hour
	if err := atMost(longest)(span); err != nil {
		return "", 0, err
	}
	d, err := time.ParseDuration(span)
	return all[name], d, err
}

// short is a duration without zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
