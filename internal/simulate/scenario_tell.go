package simulate

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Event is one thing that happened.
type Event struct {
	At          float64 `json:"at"`          // seconds since the build
	Environment string  `json:"environment"` // "" is all
	Who         string  `json:"who"`         // world, or the state of Sluice's machine
	What        string  `json:"what"`        // a sentence
	Bad         bool    `json:"bad"`
}

// theWorld is who does what is not done by Sluice.
const theWorld = "world"

func timelineOf(seen *Seen) []Event {
	events := []Event{}
	for _, a := range seen.Acts {
		if what, bad := told(a.Act); what != "" {
			events = append(events, Event{At: seen.since(a.At), Who: theWorld, What: what, Bad: bad})
		}
	}
	for _, one := range seen.Rollouts {
		events = append(events, decided(one, seen)...)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return events
}

// told says what an act is, "" for the presses: what comes of them is told by Sluice.
func told(a Act) (what string, bad bool) {
	args := strings.Fields(a.Args)
	switch a.Verb {
	case "build":
		return "a build has succeeded" + version(args[1]), args[1] != "good"
	case "turn":
		how, value, _ := strings.Cut(args[1], "=")
		if how == "latency" {
			return fmt.Sprintf("the new version takes %s to answer from now on", value), true
		}
		return fmt.Sprintf("the new version answers %s%% of its requests with errors from now on", percentOf(value)), true
	case "alarm":
		name, _ := url.QueryUnescape(args[0]) // it was escaped
		return fmt.Sprintf("alarm %s is set to %s", name, args[1]), true
	case "throttle":
		return fmt.Sprintf("AWS refuses all that Sluice asks of %s for %s", args[0], zerosPattern.ReplaceAllString(args[1], "$1$2")), true
	default:
		return "", false
	}
}

// version says how a build behaves that is not good.
func version(behaviour string) string {
	kind, span, _ := strings.Cut(behaviour, ":")
	switch kind {
	case "exits":
		return ", whose tasks run out of memory " + span + " after they start"
	case "sickens":
		return ", whose tasks fail their health checks " + span + " after they start"
	case "unstartable":
		return ", whose tasks cannot be started"
	case "unhealthy":
		return ", whose tasks never pass a health check"
	default:
		return ""
	}
}

func percentOf(share string) string {
	var n float64
	_, _ = fmt.Sscanf(share, "%g", &n) // it was printed so
	return fmt.Sprintf("%.4g", 100*n)
}

// decided are a rollout's decisions that people want to see. What is tried again and
// again stands there once.
func decided(one SeenRollout, seen *Seen) []Event {
	var events []Event
	var repeats repeated
	said := "" // the reason of the outcome
	for _, d := range one.Decisions {
		if unsaid(d) || one.Kind == rollout.Back && waitsFor(d.Phase) {
			continue
		}
		what := sentence(d, said, seen)
		if d.Of == store.DecidedAlarm && what == string(d.Kind) {
			continue // another alarm, when all is on its way back
		}
		if said == "" && strings.Contains(what, seen.plain(one.Reason)) {
			said = seen.plain(one.Reason)
		}
		who := cmp.Or(string(d.Phase), string(d.Of))
		if again(d.Kind) && repeats.is(who, d.Kind) {
			repeats.add(&events[len(events)-1], seen.since(d.At))
			continue
		}
		repeats = repeated{who: who, kind: d.Kind, what: what, times: 1}
		bad := d.Of == store.DecidedAlarm || d.Kind != "" && !again(d.Kind) || d.Phase == rollout.PhaseRollback || d.Phase == rollout.PhaseDirty
		events = append(events, Event{At: seen.since(d.At), Environment: one.Environment, Who: who, What: what, Bad: bad})
	}
	return events
}

// repeated is what the last event was, and how often it has come in a row.
type repeated struct {
	who   string
	kind  rollout.ErrorKind
	what  string
	times int
}

func (r *repeated) is(who string, kind rollout.ErrorKind) bool { return r.who == who && r.kind == kind }

func (r *repeated) add(e *Event, at float64) {
	r.times++
	e.What = fmt.Sprintf("%s (%d times, until +%s)", r.what, r.times, span(at))
}

// sentence is a decision without the reason of the outcome where that was said before, and with times since the build.
func sentence(d steps.Explained, said string, seen *Seen) string {
	why := seen.plain(d.Why)
	what := seen.plain(d.What)
	if d.Of == store.DecidedApproval {
		what += " (simulated)"
	}
	if why == "" || why == said {
		return what
	}
	return what + ": " + why
}

// plain is a sentence with times since the build, weights as those of the new version,
// and without what only AWS wants to know.
func (s *Seen) plain(text string) string {
	text, _, _ = strings.Cut(text, ": operation error ")
	text = rulePattern.ReplaceAllString(text, "listener rule")
	text = weightsPattern.ReplaceAllString(text, "$1% of the traffic on the new version")
	text = askedPattern.ReplaceAllString(text, "")
	text = zerosPattern.ReplaceAllString(text, "$1$2")
	return timePattern.ReplaceAllStringFunc(text, func(found string) string {
		at, err := time.Parse(time.RFC3339, found)
		if err != nil {
			return found
		}
		return "+" + span(s.since(at))
	})
}

var (
	timePattern    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	weightsPattern = regexp.MustCompile(`blue (\d+), green \d+`)
	askedPattern   = regexp.MustCompile(` to apr-[0-9a-f]+`)
	rulePattern    = regexp.MustCompile(`listener rule arn:\S+[^\s:]`)
	zerosPattern   = regexp.MustCompile(`\b(\d+h)0m0s\b|\b((?:\d+h)?\d+m)0s\b`)
)

// Span is a time in seconds for people: with tenths below ten seconds.
func Span(seconds float64) string {
	const exact = 10
	if seconds > 0 && seconds < exact {
		return fmt.Sprintf("%.1fs", seconds)
	}
	return span(seconds)
}

// span is a time in whole seconds for people.
func span(seconds float64) string {
	return short(time.Duration(seconds * float64(time.Second)).Round(time.Second))
}

// waitsFor reports whether a phase is one that a rollback rollout passes at once.
func waitsFor(p rollout.Phase) bool {
	return p == rollout.PhaseBake || p == rollout.PhaseJudge || p == rollout.PhaseGuard
}

// unsaid reports whether a decision goes without saying.
func unsaid(d steps.Explained) bool {
	switch {
	case d.Of == store.DecidedApproval && strings.HasPrefix(d.What, "approved by"):
		return true // who did was said
	case d.Kind == rollout.KindUnapproved:
		return true // it asks
	case d.Kind != "":
		return false
	case d.Phase == rollout.PhaseApprove && d.What == "nobody has to be asked":
		return true
	case d.Phase == rollout.PhaseLock, d.Phase == rollout.PhaseGate && d.Why == "":
		return true
	case d.Phase == rollout.PhaseAwaitCanary && strings.HasPrefix(d.What, "waits"):
		return true
	default:
		return false
	}
}
