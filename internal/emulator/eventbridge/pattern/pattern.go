// Package pattern is EventBridge's pattern language: it compiles an event
// pattern and decides whether an event matches it.
//
// What matches and how a pattern is refused follows Ruler, the matching engine
// that AWS publishes for EventBridge, and the EventBridge User Guide ("Event
// pattern syntax", "Comparison operators for use in event patterns").
package pattern

import (
	"fmt"
	"slices"
)

// InvalidError says why a pattern is not one. Its text is the message of
// EventBridge's InvalidEventPatternException, without the position in the source
// that AWS may add on a second line.
type InvalidError struct {
	Reason string
}

func (e *InvalidError) Error() string {
	return "Event pattern is not valid. Reason: " + e.Reason
}

func invalid(format string, args ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, args...)}
}

// Pattern is a compiled event pattern. It is immutable.
type Pattern struct {
	// alternatives are what "$or" was multiplied out to; one of them has to match.
	alternatives []alternative
}

// alternative is a conjunction, in the order of the paths.
type alternative []condition

// condition is what one path of the event has to satisfy.
type condition struct {
	path     string // field names joined by dots
	matchers []matcher
	absent   bool // the path may be missing
}

// Compile reads a pattern. The error is an *InvalidError.
func Compile(json []byte) (*Pattern, error) {
	rules, err := compile(json)
	if err != nil {
		return nil, err
	}
	p := &Pattern{}
	for _, r := range rules {
		alt := r.alternative()
		if tooComplex(alt) {
			return nil, invalid("Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character")
		}
		p.alternatives = append(p.alternatives, alt)
	}
	return p, nil
}

// Match reports whether the event, a JSON object, matches. It fails only for an
// event that is none.
func (p *Pattern) Match(event []byte) (bool, error) {
	e, err := Read(event)
	return err == nil && p.Matches(e), err
}

// Event is an event as patterns look at it, for one that many are to.
type Event struct{ fields fields }

// Read reads an event. It fails only for what is no JSON object.
func Read(event []byte) (Event, error) {
	fields, err := flatten(event)
	return Event{fields}, err
}

// Matches reports whether an event matches.
func (p *Pattern) Matches(e Event) bool {
	return slices.ContainsFunc(p.alternatives, func(a alternative) bool { return e.fields.satisfy(a) })
}
